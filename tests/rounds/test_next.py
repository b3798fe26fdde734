"""`silversmith next`: failures in, a recipe out, and nothing of the evaluation in it."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pyarrow.dataset
import pytest
import yaml

from silversmith import Recipe
from silversmith.errors import RecipeError
from silversmith.rounds.kinds import KINDS

Call = Callable[..., tuple[Any, str, str]]
Arithmetic = Callable[..., list[dict[str, Any]]]
Write = Callable[[Path, Sequence[dict[str, Any]]], Path]


def seeds_in(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / "seeds.jsonl").read_text().splitlines()]


def groups_in(folder: Path) -> list[dict[str, Any]]:
    return list(json.loads((folder / "round.json").read_text())["groups"])


@pytest.mark.parametrize(
    "log", ["inspect_first.eval", "samples_grade_school_2026-11-30T22-13-53.484707.jsonl"]
)
def test_a_real_log_becomes_a_recipe_that_runs(call: Call, run: Path, log: str, logs: Path) -> None:
    status, out, err = call("next", run, "--failures", logs / log, "--samples", 12)
    assert (status, err) == (0, "")
    assert "40 answers, 32 failed" in out
    assert "wrong arithmetic" in out
    assert "32 / 40" in out
    status, out, err = call("run", run.parent / "rounds/1/recipe.yaml", "-q")
    assert status == 0, err
    parts = [pyarrow.dataset.dataset(run.parent / "round-1" / name) for name in ("kept", "dropped")]
    seeds = [row["seed"] for one in parts for row in one.to_table(["seed"]).to_pylist()]
    assert seeds
    assert {seed["failure_group"] for seed in seeds} == {"wrong arithmetic"}


def test_groups_are_told_apart_by_topic(
    call: Call, run: Path, tmp_path: Path, arithmetic: Arithmetic, write: Write
) -> None:
    log = write(tmp_path / "log.jsonl", arithmetic([0.05, 0.6, 0.3]))
    assert call("next", run, "--failures", log, "--samples", 100)[0] == 0
    groups = groups_in(run.parent / "rounds/1")
    assert [one["items"] for one in groups] == [50, 50, 50]
    assert "equally" in groups[0]["topic"]
    planned = [one["planned"] for one in groups]
    assert planned == sorted(planned, reverse=True)
    assert 100 <= sum(planned) <= 110


def test_the_order_of_the_log_has_no_say(
    call: Call, run: Path, tmp_path: Path, arithmetic: Arithmetic, write: Write
) -> None:
    rows = arithmetic([0.2, 0.6, 0.3])
    write(tmp_path / "log.jsonl", rows)
    assert call("next", run, "--failures", "log.jsonl", "--out", "a")[0] == 0
    for seed in (1, 2):
        random.Random(seed).shuffle(rows)
        write(tmp_path / "log.jsonl", rows)
        assert call("next", run, "--failures", "log.jsonl", "--out", "b", "--replace")[0] == 0
        assert seeds_in(tmp_path / "a") == seeds_in(tmp_path / "b")
        assert groups_in(tmp_path / "a") == groups_in(tmp_path / "b")
        one, other = (yaml.safe_load((tmp_path / x / "recipe.yaml").read_text()) for x in "ab")
        assert one == other


def test_seeds_hold_nothing_of_the_evaluation(
    call: Call, run: Path, tmp_path: Path, logs: Path
) -> None:
    log = logs / "inspect_first.eval"
    assert call("next", run, "--failures", log, "--out", "round")[0] == 0
    items = [json.loads(x) for x in (tmp_path / "round/evaluation.jsonl").read_text().splitlines()]
    texts = [text.lower().split() for item in items for text in item["texts"]]
    runs = {tuple(words[i : i + 6]) for words in texts for i in range(len(words) - 5)}
    for seed in seeds_in(tmp_path / "round"):
        words = seed["instruction"].lower().split()
        assert not runs & {tuple(words[i : i + 6]) for i in range(len(words) - 5)}


def test_a_topic_that_is_an_item_is_refused(
    call: Call, run: Path, tmp_path: Path, arithmetic: Arithmetic, write: Write
) -> None:
    rows = arithmetic([1, 1, 1], items=9)
    for row in rows:
        row["topic"] = rows[0]["prompt"]
    log = write(tmp_path / "log.jsonl", rows)
    status, out, err = call("next", run, "--failures", log, "--out", "round")
    assert (status, out) == (1, "")
    assert "would hold words of the evaluation's item log.jsonl#" in err
    assert not (tmp_path / "round").exists()


def test_a_recipe_without_decontamination_is_refused(
    call: Call, run: Path, tmp_path: Path, logs: Path
) -> None:
    log = logs / "inspect_first.eval"
    assert call("next", run, "--failures", log, "--out", "round")[0] == 0
    path = tmp_path / "round/recipe.yaml"
    values = yaml.safe_load(path.read_text())
    assert list(values["filters"][0]) == ["decontaminate"]
    values["filters"] = values["filters"][1:]
    path.write_text(yaml.safe_dump(values))
    status, _, err = call("run", path, "-q")
    assert status == 1
    assert "evaluation.jsonl may hold its items" in err
    assert "add `- decontaminate: evaluation.jsonl` to the filters" in err
    values["filters"] = [{"decontaminate": {"against": "another.jsonl"}}]
    with pytest.raises(RecipeError, match="may hold its items"):
        Recipe(folder=path.parent, **values)


def test_an_item_that_a_teacher_repeats_is_dropped(
    call: Call, run: Path, tmp_path: Path, arithmetic: Arithmetic, write: Write
) -> None:
    log = write(tmp_path / "log.jsonl", arithmetic([1, 1, 1], items=30))
    assert call("next", run, "--failures", log, "--out", "round", "--samples", 3)[0] == 0
    item = arithmetic([1, 1, 1], items=30)[4]
    rows = [
        {"instruction": item["prompt"], "output": item["expected"]},
        {"instruction": "How many legs do two dogs and a hen have?", "output": "10"},
    ]
    write(tmp_path / "made.jsonl", rows)
    filters = yaml.safe_load((tmp_path / "round/recipe.yaml").read_text())["filters"][:1]
    (tmp_path / "round/filters.yaml").write_text(yaml.safe_dump({"filters": filters}))
    status, out, err = call("filter", "made.jsonl", "--filters", "round/filters.yaml", "-q")
    assert status == 0, err
    assert "2 planned = 1 kept + 1 dropped" in out


def test_personal_data_stays_out_of_the_round(
    call: Call, run: Path, tmp_path: Path, write: Write
) -> None:
    told = [
        "ann.smith@example-mail.net",
        "4111 1111 1111 1111",
        "sk-proj-" + "aB3dE5gH7jK9mN1pQ2rS4tU6vW8xY0zA1bC3dE5fG7hJ9k",
    ]
    rows = [
        {
            "prompt": f"My order {n} is late, I am {told[0]}, card {told[1]}, key {told[2]}. Why?",
            "output": f"Dear {told[0]}, no idea {n}.",
            "expected": f"We write to {told[0]}",
            "thumbs": "down",
            "comment": f"asked by {told[0]}",
            "topic": f"orders of {told[0]}",
        }
        for n in range(12)
    ]
    log = write(tmp_path / "log.jsonl", rows)
    status, out, err = call("next", run, "--failures", log, "--out", "round")
    assert status == 0, err
    assert "Personal data and secrets are redacted: EMAIL_ADDRESS in 12" in out
    written = [out, *(p.read_text() for p in (tmp_path / "round").iterdir())]
    for secret in told:
        assert not [one for one in written if secret in one]


def test_a_log_without_failures_is_no_error(
    call: Call, run: Path, tmp_path: Path, arithmetic: Arithmetic, write: Write
) -> None:
    log = write(tmp_path / "log.jsonl", arithmetic([0, 0, 0]))
    status, out, err = call("next", run, "--failures", log, "--out", "round")
    assert (status, err) == (0, "")
    assert "None of 150 items failed: there is nothing to make a recipe from" in out
    assert not (tmp_path / "round/recipe.yaml").exists()
    assert json.loads((tmp_path / "round/round.json").read_text())["failed"] == 0


def test_a_group_of_one_is_shown_and_gets_no_samples(
    call: Call, run: Path, tmp_path: Path, arithmetic: Arithmetic, write: Write
) -> None:
    rows = arithmetic([0, 0.5, 0])
    rows[0]["output"] = "I'm sorry, but I can't help with that."
    rows[0]["score"] = 0
    log = write(tmp_path / "log.jsonl", rows)
    status, out, _ = call("next", run, "--failures", log, "--out", "round")
    assert status == 0
    assert "unwanted refusal" in out
    assert "1 group with too few failures, which may be there by chance" in out
    planned = {one["kind"]: one["planned"] for one in groups_in(tmp_path / "round")}
    assert planned["unwanted_refusal"] == 0
    assert planned["wrong_arithmetic"] > 0
    write(tmp_path / "log.jsonl", rows[:1])
    status, _, err = call("next", run, "--failures", log, "--out", "other")
    assert status == 1
    assert "no group has 2 failures or more (the largest of 1 has 1)" in err


def test_items_that_cannot_be_used_are_said(
    call: Call, run: Path, tmp_path: Path, arithmetic: Arithmetic, write: Write
) -> None:
    rows = [*arithmetic([1, 1, 1], items=6), {"prompt": "", "output": "?", "score": 0}]
    log = write(tmp_path / "log.jsonl", rows)
    log.write_text(log.read_text() + "{broken\n")
    status, _, err = call("next", run, "--failures", log, "--out", "round")
    assert status == 1
    assert "log.jsonl:8: is not JSON" in err
    status, out, _ = call("next", run, "--failures", log, "--out", "round", "--skip-bad-rows")
    assert status == 0
    assert "1 could not be used: has no prompt" in out
    assert "1 line that cannot be read; the first: log.jsonl:8: is not JSON" in out


def test_a_round_is_not_written_over_unasked(call: Call, run: Path, logs: Path) -> None:
    words = ("next", run, "--failures", logs / "openai_evals.jsonl")
    assert call(*words)[0] == 0
    status, _, err = call(*words)
    assert status == 1
    assert "holds a round already: choose another --out, or replace it with --replace" in err
    assert call(*words, "--replace")[0] == 0


def test_what_is_no_run_is_refused(call: Call, tmp_path: Path, logs: Path) -> None:
    status, _, err = call("next", tmp_path, "--failures", logs / "openai_evals.jsonl")
    assert status == 1
    assert "is no run's folder (there is no recipe.yaml in it)" in err


def test_the_runs_own_generators_judges_and_filters_go_on(
    call: Call, tmp_path: Path, logs: Path, write: Write
) -> None:
    write(tmp_path / "tasks.jsonl", [{"instruction": "Explain gravity to a child."}])
    words = tmp_path / "lists"
    words.mkdir()
    (words / "bad.txt").write_text("nonsense\n")
    (tmp_path / "first.yaml").write_text(
        "models: {writer: simulated}\nseeds: [{tasks: tasks.jsonl}]\n"
        "generators: [{instruction: {name: mine, system: Be kind.}}]\n"
        "filters: [{blocklist: {file: lists/bad.txt}}]\n"
    )
    assert call("run", tmp_path / "first.yaml", "-q")[0] == 0
    log = logs / "inspect_first.eval"
    status, _, err = call(
        "next", "runs/first", "--failures", log, "--out", "a/b/round", "--strategy", "same",
        "--samples", 5,
    )  # fmt: skip
    assert status == 0, err
    values = yaml.safe_load((tmp_path / "a/b/round/recipe.yaml").read_text())
    (generator,) = values["generators"]
    assert generator["instruction"]["name"] == "mine for wrong arithmetic"
    assert generator["instruction"]["system"] == "Be kind."
    assert call("run", "a/b/round/recipe.yaml", "-q")[0] == 0
    status, _, err = call("next", "runs/first", "--failures", log, "--strategy", "reasonning")
    assert status == 1
    assert "no generator 'reasonning'; did you mean 'reasoning'?" in err


def test_a_model_names_groups_and_is_held_to_the_same_rule(
    call: Call, run: Path, tmp_path: Path, arithmetic: Arithmetic, write: Write
) -> None:
    log = write(tmp_path / "log.jsonl", arithmetic([0, 0.6, 0]))
    status, out, err = call(
        "next", run, "--failures", log, "--out", "round", "--model", "simulated"
    )
    assert status == 0, err
    assert "A model was asked" in out
    (group,) = groups_in(tmp_path / "round")
    assert group["title"] or "keeps that name alone" in out


def test_failures_that_people_found_are_read(
    call: Call, run: Path, tmp_path: Path, write: Write
) -> None:
    rows = [
        {"id": str(n), "instruction": f"Explain the word number {n} to me.", "answer": "",
         "wrong_response": "No.", "failure_group": "incomplete", "comment": "too short"}
        for n in range(3)
    ]  # fmt: skip
    log = write(tmp_path / "failures.jsonl", rows)
    assert call("next", run, "--failures", log, "--out", "round")[0] == 0
    (group,) = groups_in(tmp_path / "round")
    assert (group["topic"], group["failed"], group["items"]) == ("incomplete", 3, 3)


def test_a_recipe_for_every_kind_runs(call: Call, run: Path, tmp_path: Path, write: Write) -> None:
    rows = [
        {"prompt": f"Number {n} of {kind}, in a garden?", "output": "x", "score": 0,
         "failure_kind": kind, "topic": "gardens"}
        for kind in KINDS
        for n in range(2)
    ]  # fmt: skip
    log = write(tmp_path / "log.jsonl", rows)
    words = ("next", run, "--failures", log, "--out", "round", "--samples", len(KINDS))
    assert call(*words)[0] == 0
    status, out, err = call("run", "round/recipe.yaml", "--out", "runs/all", "-q")
    assert status == 0, err
    assert f"{len(KINDS)} planned" in out
    parts = [pyarrow.dataset.dataset(tmp_path / "runs/all" / x) for x in ("kept", "failed")]
    made = [row["seed"] for one in parts for row in one.to_table(["seed"]).to_pylist()]
    expected = {f"{kind.title}: gardens" for kind in KINDS.values()}
    assert {seed["failure_group"] for seed in made} == expected
