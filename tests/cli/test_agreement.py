"""`silversmith agreement` over files of labels, and over a judge pass."""

import csv
import json
import re
import shutil
from pathlib import Path

import pyarrow.parquet as pq
import pytest

PANDALM = Path(__file__).parents[1] / "data" / "pandalm" / "labels.jsonl"


@pytest.fixture
def agreement(call):
    def run(*words):
        status, out, err = call("agreement", *words, "--resamples", 200, "--json")
        assert (status, err) == (0, "")
        return json.loads(out)

    return run


def write(name, rows):
    Path(name).write_text("".join(json.dumps(row) + "\n" for row in rows))
    return name


def figure(found, a, b, measure, part=0):
    pairs = found["parts"][part]["comparisons"]
    (pair,) = [one for one in pairs if (one["a"], one["b"]) == (a, b)]
    return next((one for one in pair["figures"] if one["measure"] == measure), None)


def test_people_and_judges_of_pandalm(call):
    status, out, err = call(
        *("agreement", PANDALM, "--human", "a1,a2,a3", "--judge", "gpt35,pandalm7b", "--nominal"),
        *("--same", "Tie=0", "--missing", "garbage"),
    )

    assert (status, err) == (0, "")
    lines = {line.split("  ")[0]: line for line in out.splitlines()}
    assert re.search(r"91\.3 \[89.\d,93.\d\] +0\.85 \[0\.8\d,0\.8\d\]", lines["a1 – a2"])
    assert re.search(r"0\.88 \[0\.8\d,0\.9\d\]", lines["a1 – a3"])
    assert re.search(r"0\.86 \[0\.8\d,0\.8\d\]", lines["a2 – a3"])
    assert " 974 " in lines["gpt35 – majority"]
    assert "0.44 [0." in lines["pandalm7b – majority"]
    assert (
        "pandalm7b agrees with people at a kappa of 0.42 in the mean, people with each other at"
        " 0.86; the difference is -0.44 [-0." in out
    )
    assert "95% intervals from 2,000 bootstrap resamples of the items (seed 0)" in out
    assert "Spearman" not in out


def test_an_order_makes_a_scale_of_names(agreement):
    names = ("--human", "a1,a2", "--same", "Tie=0", "--missing", "garbage")

    found = agreement(PANDALM, *names, "--order", "1,0,2")

    pair = found["parts"][0]["comparisons"][0]
    assert pair["confusion"]["labels"] == ["1", "0", "2"]
    assert figure(found, "a1", "a2", "kappa_quadratic")["value"] == pytest.approx(0.864, abs=5e-4)


def test_csv_and_jsonl_say_the_same(agreement):
    rows = [json.loads(line) for line in PANDALM.read_text().splitlines()[:200]]
    write("labels.jsonl", rows)
    with open("labels.csv", "w", newline="") as file:
        table = csv.DictWriter(file, rows[0])
        table.writeheader()
        table.writerows(rows)
    options = ("--human", "a1,a2,a3", "--judge", "pandalm7b")

    assert (
        agreement("labels.csv", *options)["parts"] == agreement("labels.jsonl", *options)["parts"]
    )


def test_labels_that_stay_apart_are_pointed_out(agreement):
    found = agreement(PANDALM, "--human", "a1", "--judge", "gpt35")

    assert found["notes"] == [
        "gpt35 gives 'Tie', 'garbage', and a1 numbers only, so that all count as names: say which"
        " labels are the same with --same LABEL=LABEL, and which are none with --missing LABEL."
    ]


def answers(number):
    return [
        {
            "id": n,
            "instruction": f"Say something about {n}.",
            "output": "word " * (n + 1),
            "kind": "odd" if n % 2 else "even",
            "score": n % 5 + 1,
            "helpful": min(5, n % 5 + 1 + n % 2),
        }
        for n in range(number)
    ]


def test_in_parts_by_length_and_by_a_column(agreement):
    data = write("data.jsonl", answers(30))

    found = agreement(data, "--human", "helpful", "--judge", "score", "--split", "kind,length")

    parts = [(one["split"], one["name"], one["items"]) for one in found["parts"]]
    assert parts == [
        ("all", "", 30),
        ("kind", "even", 15),
        ("kind", "odd", 15),
        ("length", "short (to 50)", 10),
        ("length", "medium (to 100)", 10),
        ("length", "long (over 100)", 10),
    ]
    assert figure(found, "score", "helpful", "percent", part=1)["value"] == 1


def test_length_of_columns_that_are_no_answer(call, agreement):
    rows = [{"left": "x" * n, "right": "y", "a": n % 2, "b": n % 2} for n in range(30)]
    data = write("data.jsonl", rows)
    options = (data, "--human", "a,b", "--split", "length")

    assert len(agreement(*options, "--length-of", "left,right")["parts"]) == 4
    status, _, err = call("agreement", *options)
    assert status == 1
    assert "say which columns hold the text with --length-of" in err


def test_labels_in_a_file_of_their_own(call, agreement):
    data = write("data.jsonl", answers(20))
    labels = [{"id": n, "eve": n % 5 + 1} for n in (*range(12), 77, 78)]
    write("labels.jsonl", labels)
    options = ("--labels", "labels.jsonl", "--human", "eve")

    found = agreement(data, *options, "--judge", "score")

    assert found["parts"][0]["comparisons"][0]["items"] == 12
    assert figure(found, "score", "eve", "percent")["value"] == 1
    assert found["notes"] == [
        "2 of 14 rows of labels.jsonl match no row of data.jsonl by 'id', and count for nothing;"
        " the first is '77'."
    ]

    write("labels.jsonl", labels[12:])
    status, _, err = call("agreement", data, *options, "--judge", "score")
    assert status == 1
    assert err == (
        "silversmith: labels.jsonl: none of its 2 rows has a 'id' that occurs in data.jsonl (the"
        " first is '77'); name the column that does with --on\n"
    )

    write("labels.jsonl", [*labels, labels[3]])
    _, _, err = call("agreement", data, *options, "--judge", "score")
    assert "labels.jsonl#15: has the 'id' of an earlier row, '3'; keep one" in err


def test_a_judge_pass_beside_the_labels_of_its_rows(call, agreement):
    """The people's column is in the rows that were judged; the judge's points are in the run, of
    the samples that a filter dropped too."""
    data = write("data.jsonl", answers(30))
    Path("judges.yaml").write_text(
        "models: {critic: simulated}\njudges: [rubric]\nfilters: [{length: {min_words: 9}}]\n"
    )
    assert call("judge", data, "--judges", "judges.yaml", "--quiet")[0] == 0
    assert any(Path("runs/data-judged/dropped").glob("*.parquet"))

    found = agreement("runs/data-judged", "--human", "helpful", "--split", "strategy,length,kind")

    whole = found["parts"][0]
    assert whole["items"] == 30
    assert found["judges"]
    assert all(name.startswith("rubric.") for name in found["judges"])
    assert {one["items"] for one in whole["comparisons"]} == {30}
    assert {one["split"] for one in found["parts"]} == {"all", "strategy", "length", "kind"}

    first = found["judges"][0]
    one = agreement("runs/data-judged", "--human", "helpful", "--judge", first)
    assert one["judges"] == [first]
    _, _, err = call("agreement", "runs/data-judged", "--human", "helpful", "--judge", "nobody")
    assert "no row has a column 'nobody', which --judge names" in err

    # Labels of a file of its own, by the id that a row came with, and by the one of the sample.
    own, given = [], []
    for row in pq.read_table("runs/data-judged/kept").to_pylist():
        own.append({"id": row["id"], "eve": 4})
        given.append({"id": json.loads(row["row"])["id"], "eve": 4})
    for labels in (own, given):
        write("labels.jsonl", labels)
        found = agreement("runs/data-judged", "--labels", "labels.jsonl", "--human", "eve")
        items = {one["items"] for one in found["parts"][0]["comparisons"]}
        assert items == {len(labels)}
        assert not any("match no row" in note for note in found["notes"])


def test_parquet_of_a_run_whose_file_is_damaged(call):
    data = write("data.jsonl", answers(5))
    Path("judges.yaml").write_text("models: {critic: simulated}\njudges: [rubric]\n")
    call("judge", data, "--judges", "judges.yaml", "--quiet")
    (part,) = Path("runs/data-judged/kept").glob("*.parquet")
    part.write_bytes(part.read_bytes()[:100])

    status, _, err = call("agreement", "runs/data-judged", "--human", "helpful")

    assert status == 1
    assert err.startswith("silversmith: runs/data-judged/kept/part-00000.parquet: cannot be read")
    assert err.count("\n") == 1
    shutil.rmtree("runs")


@pytest.mark.parametrize(
    ("rows", "words", "sentence"),
    [
        ([{"a": 1}], ["--human", "a"], "there is nothing to compare a with"),
        (
            [{"a": 1}],
            ["--human", "a,b"],
            "no row has a column 'b', which --human names; columns: a",
        ),
        ([{"a": 1, "b": None}], ["--human", "a,b"], "no row has labels of two of a, b"),
        ([{"a": [1], "b": 1}], ["--human", "a,b"], "d.jsonl#1: column 'a' holds a list where"),
        ([{"a": 1, "b": 1}], ["--human", "a,a"], "'a' is named twice"),
        ([{"a": 1, "b": "x"}], ["--human", "a,b", "--order", "1,2"], "the order 1, 2 lacks 'x'"),
    ],
)
def test_what_cannot_be_compared_is_said_in_one_sentence(call, rows, words, sentence):
    status, out, err = call("agreement", write("d.jsonl", rows), *words)

    assert (status, out) == (1, "")
    assert sentence in err
    assert err.count("\n") == 1


def test_bad_rows_are_passed_over_and_counted_where_that_is_asked_for(call):
    rows = ['{"a": 1, "b": 1}', "broken", *['{"a": 1, "b": 2}', '{"a": 2, "b": 2}'] * 2]
    Path("d.jsonl").write_text("\n".join(rows))

    status, _, err = call("agreement", "d.jsonl", "--human", "a,b")
    assert (status, err.count("\n")) == (1, 1)
    assert "d.jsonl:2: is not JSON" in err

    status, out, _ = call("agreement", "d.jsonl", "--human", "a,b", "--skip-bad-rows")
    assert status == 0
    assert "Rows that could not be read and were passed over: 1." in out
    assert "Only 5 items have both labels" in out
    assert "Some figure is not defined in" in out


def test_wrong_words_are_wrong_usage(call):
    data = write("d.jsonl", [{"a": 1, "b": 1}])

    assert call("agreement", data)[0] == 2
    assert call("agreement", data, "--human", "a,,b")[0] == 2
    assert call("agreement", data, "--human", "a,b", "--same", "x")[0] == 2
