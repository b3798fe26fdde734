"""Judge passes and filters over datasets that exist already, and exports of what they keep."""

import json
from pathlib import Path

import pyarrow.parquet as pq
import pytest

ROWS = [
    {"instruction": "Name a fruit.", "input": "", "output": "An apple is a fruit."},
    {"instruction": "Name a fruit.", "input": "", "output": "An apple is a fruit."},
    {
        "instruction": "Add the numbers.",
        "input": "2 and 3",
        "output": "2 + 3 = 6, so it is 6 then.",
    },
    {
        "instruction": "Describe rain.",
        "input": "",
        "output": "I'm sorry, but I can't help with that.",
    },
    {"instruction": "Describe snow.", "input": "", "output": "Snow is frozen water that falls."},
]


def write(name, rows):
    Path(name).write_text("".join(json.dumps(row) + "\n" for row in rows))
    return name


def rows(folder, name="kept"):
    return pq.read_table(Path(folder) / name).to_pylist()


def test_a_judge_pass_scores_every_row_and_changes_none(call):
    data = write("data.jsonl", ROWS)
    Path("judges.yaml").write_text("models: {critic: simulated}\njudges: [rubric]\n")

    status, out, _ = call("judge", data, "--judges", "judges.yaml", "--quiet")

    assert status == 0
    assert out.startswith("5 planned = 5 kept + 0 dropped + 0 failed + 0 pending")
    scored = rows("runs/data-judged")
    assert [json.loads(row["row"]) for row in scored] == ROWS
    assert [row["messages"][-1]["content"] for row in scored] == [row["output"] for row in ROWS]
    assert [row["seed"]["source"].rpartition("#")[2] for row in scored] == list("12345")
    assert scored[3]["score"] < 0.5 < scored[4]["score"]
    assert not any(row["origin"]["simulated"] for row in scored)
    assert {row["judgements"][0]["model"] for row in scored} == {"simulated"}

    _, out, _ = call("judge", data, "--judges", "judges.yaml", "--json")
    assert json.loads(out)["this_run"]["calls"] == 0


def test_a_filter_pass_keeps_reasons_and_order(call):
    data = write("data.jsonl", ROWS)
    Path("filters.yaml").write_text(
        "filters: [refusal, exact_duplicates, {length: {min_words: 5}}]\n"
    )

    status, out, _ = call("filter", data, "--filters", "filters.yaml", "--json")

    manifest = json.loads(out)
    assert status == 0
    assert manifest["books"] == {"planned": 5, "kept": 3, "dropped": 2, "failed": 0, "pending": 0}
    assert [(s["filter"], s["samples_in"], s["dropped"]) for s in manifest["funnel"]] == [
        ("refusal", 5, 1),
        ("exact_duplicates", 4, 1),
        ("length", 3, 0),
    ]
    kept, dropped = rows("runs/data-filtered"), rows("runs/data-filtered", "dropped")
    assert [json.loads(row["row"])["instruction"] for row in kept] == [
        "Name a fruit.",
        "Add the numbers.",
        "Describe snow.",
    ]
    duplicate = next(r for r in dropped if r["decision"]["filter"] == "exact_duplicates")
    assert duplicate["decision"]["because_of"] == kept[0]["id"]


def test_a_row_of_no_known_shape_is_booked_as_failed(call):
    data = write("data.jsonl", [*ROWS, {"colour": "blue", "size": 3}])
    Path("filters.yaml").write_text("filters: [refusal]\n")

    status, out, _ = call("filter", data, "--filters", "filters.yaml", "--quiet")

    assert status == 0
    assert "+ 1 failed + 0 pending" in out
    (failed,) = rows("runs/data-filtered", "failed")
    assert "colour" in failed["failure"]["reason"]


def test_columns_with_other_names_are_mapped(call):
    data = write("odd.jsonl", [{"q1": "What is it?", "a1": "It is a long story about a fox."}])
    Path("filters.yaml").write_text("filters: [{length: {min_words: 3}}]\n")

    status, out, _ = call(
        "filter", data, "--filters", "filters.yaml", "--map", "instruction=q1",
        "--map", "answer=a1", "--quiet",
    )  # fmt: skip

    assert status == 0
    assert "1 kept" in out


def test_a_runs_kept_samples_are_filtered_and_judged_again_under_their_own_ids(call):
    call("run", "quickstart", "--quiet", "--limit", 40, "--out", "first")
    Path("more.yaml").write_text(
        "models: {critic: simulated}\njudges: [{rubric: {name: second, criteria: [clarity]}}]\n"
        "filters: [{length: {min_words: 30}}]\n"
    )
    generators = {row["id"]: row["origin"]["generator"] for row in rows("first")}
    first = list(generators)

    status, _, _ = call("judge", "first", "--judges", "more.yaml", "--out", "again", "--quiet")

    assert status == 0
    again = sorted(
        [*rows("again"), *rows("again", "dropped")], key=lambda row: first.index(row["id"])
    )
    assert [row["id"] for row in again] == first
    assert {j["judge"] for j in again[0]["judgements"]} == {"rubric", "second"}
    assert again[0]["origin"]["simulated"]
    assert {row["id"]: row["origin"]["generator"] for row in again} == generators


def test_exports_of_simulated_samples_want_to_be_allowed(call):
    call("run", "quickstart", "--quiet", "--limit", 30, "--out", "run")

    status, _, err = call("export", "run", "--format", "trl-dpo")
    assert status == 1
    assert "--allow-simulated" in err

    status, out, _ = call("export", "run", "--format", "trl-dpo", "--allow-simulated")
    assert status == 0
    assert "rows" in out
    row = json.loads(Path("run/exports/trl-dpo/data.jsonl").read_text().splitlines()[0])
    assert set(row) == {"prompt", "chosen", "rejected"}


def test_an_unknown_format_names_the_known_ones(call):
    status, _, err = call("export", "run", "--format", "trl-dop")
    assert status == 1
    assert "did you mean 'trl-dpo'" in err


@pytest.mark.parametrize("command", [["judge", "--judges"], ["filter", "--filters"]])
def test_a_file_that_is_for_something_else(call, command):
    data = write("data.jsonl", ROWS)
    Path("file.yaml").write_text("models: {critic: simulated}\n")

    status, _, err = call(command[0], data, command[1], "file.yaml")

    assert status == 1
    assert f"file.yaml has no `{command[1].removeprefix('--')}:`" in err


def test_a_map_option_without_a_column(call):
    write("data.jsonl", ROWS)
    status, _, err = call("filter", "data.jsonl", "--filters", "f.yaml", "--map", "instruction")
    assert status == 2
    assert "FIELD=COLUMN" in err
