"""The judges that compare, ground, check and vote, through whole runs."""

import json
from pathlib import Path

import pyarrow.parquet as pq
import pytest


def write(name: str, rows) -> str:
    Path(name).write_text("".join(json.dumps(row) + "\n" for row in rows))
    return name


GOOD = "An apple is a fruit that people eat in autumn."
BAD = "2 + 2 = 5 and so it is a fruit of number five."
RIVALS = [
    {"prompt": f"Name fruit {n}.", "chosen": GOOD, "rejected": BAD, "note": " as\tit is\n"}
    for n in range(6)
]
SIMULATED = "models: {critic: {simulated: {malformed: 0}}}\n"


def judge(call, data: str, judges: str, *words, models=SIMULATED):
    Path("judges.yaml").write_text(f"{models}judges: {judges}\n")
    status, out, err = call("judge", data, "--judges", "judges.yaml", "--json", *words)
    assert status == 0, err
    return json.loads(out), pq.read_table("runs/data-judged/kept").to_pylist()


def test_pairs_are_compared_and_no_column_changes(call):
    manifest, rows = judge(call, write("data.jsonl", RIVALS), "[pairwise]")
    assert manifest["this_run"]["calls"] == 12
    assert [row["score"] for row in rows] == [1.0] * 6
    assert [json.loads(row["row"]) for row in rows] == RIVALS
    again, _ = judge(call, "data.jsonl", "[pairwise]")
    assert again["this_run"]["calls"] == 0


def test_pairs_are_compared_in_words_where_nothing_else_is_possible(call, simulate):
    models = f"models: {{critic: '{simulate(no_response_format=True).url}#m'}}\n"
    _, rows = judge(call, write("data.jsonl", RIVALS), "[pairwise: {format: auto}]", models=models)
    assert [row["score"] for row in rows] == [1.0] * 6


@pytest.mark.parametrize(("kind", "calls"), [("ranking", 8), ("pairwise", 12)])
def test_the_best_of_n_becomes_the_response(call, kind, calls):
    row = {"prompt": "Name a fruit.", "candidates": [BAD, "No.", GOOD, f"{BAD} So."]}
    manifest, (kept,) = judge(call, write("data.jsonl", [row]), f"[{kind}]")
    assert kept["messages"][-1] == {**kept["messages"][-1], "role": "assistant", "content": GOOD}
    assert [one["text"] for one in kept["candidates"]] == row["candidates"]
    assert max(one["score"] for one in kept["candidates"]) == kept["score"]
    assert json.loads(kept["row"]) == row
    assert manifest["this_run"]["calls"] == calls


def test_a_candidate_that_is_refuted_is_not_compared(call):
    row = {"prompt": "Name a fruit.", "candidates": [BAD, GOOD, f"{GOOD} It is red."]}
    manifest, (kept,) = judge(call, write("data.jsonl", [row]), "[pairwise, verified]")
    assert manifest["this_run"]["calls"] == 2
    assert kept["candidates"][0]["score"] == 0.0


@pytest.mark.parametrize(
    ("kind", "row", "calls"),
    [
        ("checklist", {}, 2),
        ("reference", {"answer": "An apple."}, 1),
        ("grounded", {"passage": "An apple is a fruit. People eat it in autumn."}, 1),
    ],
)
def test_each_judges_whole_datasets(call, kind, row, calls):
    rows = [{"prompt": f"Name fruit {n}.", "response": GOOD, **row} for n in range(4)]
    manifest, kept = judge(call, write("data.jsonl", rows), f"[{kind}]")
    assert manifest["this_run"]["calls"] == 4 * calls
    assert [one["judgements"][0]["judge"] for one in kept] == [kind] * 4
    assert all(0 < one["score"] <= 1 for one in kept)
    _, out, _ = call("judge", "data.jsonl", "--judges", "judges.yaml", "--json")
    assert json.loads(out)["this_run"]["calls"] == 0


@pytest.mark.parametrize("kind", ["reference", "grounded", "pairwise", "ranking"])
def test_rows_without_what_a_judge_needs_fail_with_a_sentence(call, kind):
    write("data.jsonl", [{"prompt": "q", "response": GOOD}, {"prompt": "q2", "response": GOOD}])
    Path("judges.yaml").write_text(f"{SIMULATED}judges: [{kind}]\nmax_failed_share: 1\n")
    _, out, _ = call("judge", "data.jsonl", "--judges", "judges.yaml", "--json")
    assert json.loads(out)["books"]["failed"] == 2
    failed = pq.read_table("runs/data-judged/failed").to_pylist()
    assert "--map" in failed[0]["failure"]["reason"]
    assert failed[0]["messages"][-1]["content"] == GOOD


def test_samples_of_other_strategies_are_left_to_other_judges(call):
    rows = [*RIVALS[:2], {"prompt": "q", "response": GOOD}]
    manifest, kept = judge(
        call, write("data.jsonl", rows), "[{pairwise: {only: [contrast]}}, {rubric: [clarity]}]"
    )
    assert manifest["this_run"]["calls"] == 2 * 2 + 3
    assert [one["judge"] for one in kept[2]["judgements"]] == ["rubric"]


PANEL = (
    "models:\n  one: {simulated: {malformed: 0}}\n  two: {simulated: {malformed: 0, seed: 2}}\n"
    "  three: {simulated: {malformed: 0, seed: 3}}\n"
)


def fruits(number: int) -> str:
    texts = (GOOD, BAD, f"{GOOD} It is red.", "No.")
    rows = [{"prompt": f"Name fruit {n}.", "response": texts[n % 4]} for n in range(number)]
    return write("data.jsonl", rows)


VOTED = "models: [one, two, three], criteria: [accuracy], combine: dawid_skene"


def test_a_panel_weighs_its_members_by_the_reliability_that_all_samples_show(call):
    filters = "[score: {min: 0.5}]"
    judges = f"[{{panel: {{{VOTED}}}}}, {{rubric: {{criteria: [clarity], model: one}}}}]"
    manifest, kept = judge(call, fruits(60), f"{judges}\nfilters: {filters}", models=PANEL)
    assert manifest["this_run"]["calls"] == 240
    path = Path("runs/data-judged/panel-panel.json")
    members = json.loads(path.read_text())["criteria"]["accuracy"]["members"]
    assert set(members) == {"one", "two", "three"}
    assert all(one["given"] == 60 for one in members.values())
    dropped = pq.read_table("runs/data-judged/dropped").to_pylist()
    assert len(kept) + len(dropped) == 60
    assert dropped
    for row in kept + dropped:
        (panel, *_), rubric = row["judgements"][:1], row["judgements"][-1]
        shares = panel["note"].removeprefix("by reliability: ").split(", ")
        points = [tuple(map(float, share.split())) for share in shares]
        assert sum(p * share for p, share in points) == pytest.approx(panel["points"], abs=0.01)
        assert panel["score"] == pytest.approx((panel["points"] - 1) / 4)
        # The sample's score, and what the filter saw, is that of all judges with the last word.
        assert row["score"] == pytest.approx((panel["score"] + rubric["score"]) / 2)
        assert (row["score"] >= 0.5) == row["decision"]["kept"]
        assert len(row["judgements"]) == 2 + 3 + 1
    again, _ = judge(call, "data.jsonl", f"{judges}\nfilters: {filters}", models=PANEL)
    assert again["this_run"]["calls"] == 0
    assert pq.read_table("runs/data-judged/kept").to_pylist() == kept


def test_a_reliability_that_was_written_down_gives_the_same_scores(call):
    judge(call, fruits(60), f"[{{panel: {{{VOTED}}}}}]", models=PANEL)
    estimated = pq.read_table("runs/data-judged/kept").to_pylist()
    options = f"{VOTED}, reliability: runs/data-judged/panel-panel.json"
    again, kept = judge(call, "data.jsonl", f"[{{panel: {{{options}}}}}]", models=PANEL)
    assert again["this_run"]["calls"] == 0
    assert kept == estimated


def test_of_few_samples_the_majority_counts_and_that_is_said(call):
    manifest, kept = judge(call, fruits(29), f"[{{panel: {{{VOTED}}}}}]", models=PANEL)
    assert "no reliability is known yet" in kept[0]["judgements"][0]["note"]
    (panel,) = manifest["panels"]
    assert panel["unknown"] == {"accuracy": "29 samples are too few to tell (30 at least)"}
    assert not panel["file"]
    _, out, _ = call("judge", "data.jsonl", "--judges", "judges.yaml")
    assert "29 samples are too few to tell" in " ".join(out.split())


def test_judging_again_replaces_what_the_judge_and_its_members_said(call):
    data = write("data.jsonl", [{"prompt": "q", "response": GOOD}])
    options = "models: [one, two], criteria: [accuracy]"
    judge(call, data, f"[{{panel: {{{options}}}}}]", models=PANEL)
    judge(call, "runs/data-judged", f"[{{panel: {{{options}}}}}]", models=PANEL)
    (kept,) = pq.read_table("runs/data-judged-judged/kept").to_pylist()
    assert [one["judge"] for one in kept["judgements"]] == ["panel"] * 2 + [
        "panel/one",
        "panel/two",
    ]


def test_plan_counts_the_calls_of_each_judge(call):
    write("seeds.jsonl", [{"instruction": f"Describe fruit number {n}."} for n in range(5)])
    Path("recipe.yaml").write_text(
        f"{PANEL}seeds: [{{tasks: seeds.jsonl}}]\n"
        "generators: [{contrast: {model: one}}]\n"
        "judges:\n"
        "  - panel: [one, two, three]\n"
        "  - checklist: {model: one}\n"
        "  - pairwise: {model: two}\n"
    )
    status, out, err = call("plan", "recipe.yaml", "--json")
    assert status == 0, err
    found = {}
    for one in json.loads(out)["stages"]:
        found[one["asker"], one["model"]] = one["calls"]["low"] / one["samples"]
    assert {found["judge panel", name] for name in ("one", "two", "three")} == {1}
    assert found["judge checklist", "one"] == 2
    assert found["judge pairwise", "two"] == 2
