"""`silversmith calibrate`, and the filter that keeps what is probably acceptable."""

import json
import random
from pathlib import Path
from xml.etree import ElementTree

import pyarrow.parquet as parquet
import pytest

ACCEPTED = {1: 0.02, 2: 0.10, 3: 0.40, 4: 0.85, 5: 0.99}


def write(name, rows):
    Path(name).write_text("".join(json.dumps(row) + "\n" for row in rows))
    return name


def judge_file(name, replies, model):
    Path(name).write_text(
        f"models: {{critic: {{replay: {replies}, model: {model}}}}}\n"
        "judges: [{rubric: [accuracy]}]\n"
    )
    return name


@pytest.fixture
def judged(call):
    """400 answers, judged by recorded replies, of which people accept the better more often."""
    drawn = random.Random(0)
    rows, replies = [], []
    for n in range(400):
        score = drawn.randint(1, 5)
        accepted = drawn.random() < ACCEPTED[score]
        rows.append(
            {
                "id": f"q{n}",
                "instruction": f"What is {n}?",
                "output": f"It is {n}.",
                "eve": "yes" if accepted else "no",
                "stars": score if accepted else 1,
            }
        )
        reply = {"accuracy": {"rationale": "So it is.", "score": score}}
        replies.append({"sample": f"q{n}", "reply": reply})
    write("data.jsonl", rows)
    write("replies.jsonl", replies)
    judge_file("judges.yaml", "replies.jsonl", "gpt-4")
    status, _, err = call("judge", "data.jsonl", "--judges", "judges.yaml", "--quiet")
    assert (status, err) == (0, "")
    return "runs/data-judged"


def test_scores_become_probabilities_that_a_filter_uses(call, judged):
    status, out, err = call("calibrate", judged, "--human", "eve", "--precision", "0.9,0.8")

    assert (status, err) == (0, "")
    assert "rubric.accuracy by gpt-4: 400 labelled samples, of which " in out
    assert "Expected calibration error 0.0" in out
    assert out.count("were acceptable") == 0
    assert "90% was wanted." in out
    assert "80% was wanted." in out
    assert "calibration: score.calibration.json}" in out
    fitted = json.loads(Path("score.calibration.json").read_text())
    assert fitted["judged"] == [{"judge": "rubric", "criterion": "accuracy", "model": "gpt-4"}]
    assert fitted["reliability"]["ece"] < 0.06

    Path("filters.yaml").write_text(
        "filters: [{score: {min_probability: 0.7, calibration: score.calibration.json}}]\n"
    )
    status, out, err = call("filter", judged, "--filters", "filters.yaml", "--quiet")
    assert (status, err) == (0, "")
    (kept,) = Path("runs/data-judged-filtered/kept").glob("*.parquet")
    (dropped,) = Path("runs/data-judged-filtered/dropped").glob("*.parquet")
    assert {row["score"] for row in parquet.read_table(kept).to_pylist()} == {0.75, 1.0}
    reasons = {row["decision"]["reason"] for row in parquet.read_table(dropped).to_pylist()}
    assert all("probability 0." in reason and "below 0.70" in reason for reason in reasons)
    assert len(reasons) == 3


def test_it_is_fitted_and_used_in_one_judge_file(call, judged):
    """The calibration lies beside the judges, and the same pass filters by it for nothing."""
    call("calibrate", judged, "--human", "eve")
    judges = Path("judges.yaml").read_text()
    Path("judges.yaml").write_text(
        judges + "filters: [{score: {min_probability: 0.9, calibration: score.calibration.json}}]\n"
    )

    status, out, _ = call("judge", "data.jsonl", "--judges", "judges.yaml", "--json")

    assert status == 0
    counts = json.loads(out)["books"]
    assert counts["kept"] + counts["dropped"] == 400
    assert 0 < counts["kept"] < 200


def test_another_model_or_judge_needs_a_calibration_of_its_own(call, judged):
    call("calibrate", judged, "--human", "eve")
    use = "filters: [{score: {min_probability: 0.7, calibration: score.calibration.json}}]\n"
    other = judge_file("other.yaml", "replies.jsonl", "gpt-5")
    Path(other).write_text(Path(other).read_text() + use)

    status, _, err = call("judge", "data.jsonl", "--judges", other, "--out", "runs/other", "-q")

    assert status == 1
    assert (
        "was judged by rubric.accuracy with the model gpt-5, and score.calibration.json is for"
        in err
    )
    assert "rubric.accuracy by gpt-4" in err
    assert err.count("\n") == 1

    Path("plain.yaml").write_text(use)
    status, _, err = call("filter", "data.jsonl", "--filters", "plain.yaml", "-q")
    assert status == 1
    assert "has no overall score" in err


def test_a_pair_that_nothing_was_asked_about_is_judged_by_the_same_judge(call):
    rows, replies = [], []
    for n in range(120):
        good = n % 3 > 0
        rows.append(
            {"id": n, "prompt": f"q{n}", "chosen": f"c{n}", "rejected": f"r{n}", "ok": int(good)}
        )
        for turn, verdict in enumerate("AB" if good else "BA"):
            reply = {"rationale": "r", "verdict": verdict}
            replies.append({"sample": str(n), "turn": turn, "model": "gpt-4", "reply": reply})
    rows[0]["rejected"] = rows[0]["chosen"]  # a tie, for which no model is asked
    write("data.jsonl", rows)
    write("replies.jsonl", replies)
    Path("judges.yaml").write_text("models: {critic: 'replay:replies.jsonl'}\njudges: [pairwise]\n")
    call("judge", "data.jsonl", "--judges", "judges.yaml", "--quiet")
    for words in ((), ("--judge", "pairwise.preferred")):
        status, out, err = call("calibrate", "runs/data-judged", "--human", "ok", *words)
        assert (status, err) == (0, "")
        assert "pairwise.preferred by gpt-4" in out
        assert "120 labelled samples" in out


def test_one_criterion_and_numbers_from_which_on_a_sample_is_acceptable(call, judged):
    words = (judged, "--human", "stars", "--judge", "rubric.accuracy", "--to", "a.json")

    status, out, err = call("calibrate", *words, "--accept-from", 3, "--svg", "a.svg", "--json")

    assert (status, err) == (0, "")
    fitted = json.loads(out)
    assert (fitted["of"], fitted["saved"]) == ("rubric.accuracy", "a.json")
    assert fitted["thresholds"][0]["wanted"] == 0.9
    picture = ElementTree.fromstring(Path("a.svg").read_text())
    circles = picture.findall("{http://www.w3.org/2000/svg}circle")
    assert len(circles) == len(fitted["reliability"]["bins"])
    by_name = call("calibrate", *words, "--accept", "3,4,5", "--json")[1]
    assert json.loads(by_name)["curve"] == fitted["curve"]


def test_several_people_are_counted_by_their_majority(call):
    rows = [{"a": 1, "b": 1, "c": 0, "gpt": 4 + n % 2} for n in range(30)]
    rows += [{"a": 0, "b": None, "c": 0, "gpt": 1 + n % 3} for n in range(30)]
    rows += [{"a": 0, "b": None, "c": 1, "gpt": 3}, {"a": 1, "b": 1, "c": 1, "gpt": None}]
    data = write("labels.jsonl", rows)

    status, out, _ = call("calibrate", data, "--human", "a,b,c", "--judge", "gpt", "--json")

    assert status == 0
    fitted = json.loads(out)
    assert (fitted["n"], fitted["acceptable"], fitted["judged"]) == (60, 30, [])
    assert fitted["notes"][:2] == [
        "Samples left out, as people are even about them: 1.",
        "Labelled samples left out, as they have no score: 1.",
    ]


def test_a_file_that_holds_something_else_is_not_overwritten(call, judged):
    assert call("calibrate", judged, "--human", "eve", "--to", "a.json")[0] == 0
    assert call("calibrate", judged, "--human", "eve", "--to", "a.json")[0] == 0
    before = Path("a.json").read_text()

    words = ("calibrate", judged, "--human", "eve", "--judge", "rubric.accuracy", "--to")
    status, _, err = call(*words, "a.json")
    assert status == 1
    assert "a.json is the calibration of score" in err
    assert Path("a.json").read_text() == before
    status, _, err = call(*words, "data.jsonl")
    assert status == 1
    assert "Nothing was saved" in err


@pytest.mark.parametrize(
    ("rows", "words", "sentence"),
    [
        ([{"ok": "1"}], ["--human", "ok"], "its rows were not judged here; name the column"),
        ([{"ok": 3, "gpt": 1}], ["--human", "ok", "--judge", "gpt"], "say --accept LABEL,LABEL"),
        (
            [{"ok": 1, "gpt": "x"}],
            ["--human", "ok", "--judge", "gpt"],
            "gpt holds 'x', which is no",
        ),
        ([{"ok": None, "gpt": 1}], ["--human", "ok", "--judge", "gpt"], "no row has a label of ok"),
        ([{"ok": 1, "gpt": 1}], ["--human", "no", "--judge", "gpt"], "no row has a column 'no'"),
        (
            [{"ok": "bad", "gpt": 1}],
            ["--human", "ok", "--judge", "gpt", "--accept-from", "3"],
            "--accept-from wants numbers, and ok says 'bad'",
        ),
        (
            [{"ok": n % 2, "gpt": 7} for n in range(9)],
            ["--human", "ok", "--judge", "gpt"],
            "All 9 scores are 7: a judge that always says the same tells nothing",
        ),
        (
            [{"ok": 1, "gpt": n} for n in range(9)],
            ["--human", "ok", "--judge", "gpt"],
            "9 of 9 labelled samples are acceptable: at least two acceptable and two others",
        ),
    ],
)
def test_what_cannot_be_calibrated_is_said_in_one_sentence(call, rows, words, sentence):
    status, out, err = call("calibrate", write("d.jsonl", rows), *words)

    assert (status, out) == (1, "")
    assert sentence in err
    assert err.count("\n") == 1
    assert not list(Path().glob("*.calibration.json"))


def test_a_calibration_that_is_missing_or_broken_ends_the_run_before_it_begins(call, judged):
    Path("f.yaml").write_text("filters: [{score: {min_probability: 0.7, calibration: no.json}}]\n")
    status, _, err = call("filter", judged, "--filters", "f.yaml", "-q")
    assert status == 1
    assert "no.json: cannot be read" in err

    Path("no.json").write_text('{"of": "score"}')
    status, _, err = call("filter", judged, "--filters", "f.yaml", "-q")
    assert status == 1
    assert "this is no calibration that silversmith wrote, so fit it again" in err

    Path("f.yaml").write_text("filters: [{score: {min_probability: 0.7}}]\n")
    status, _, err = call("filter", judged, "--filters", "f.yaml", "-q")
    assert status == 1
    assert "belong together: give both or neither" in err


def test_wrong_options_are_wrong_usage(call, judged):
    for words in (
        ("--accept", "yes", "--accept-from", 1),
        ("--precision", "90"),
        ("--precision", "x"),
        ("--accept", "yes,"),
    ):
        assert call("calibrate", judged, "--human", "eve", *words)[0] == 2
