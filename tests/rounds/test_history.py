"""`silversmith rounds`: how groups fared, and whether that is more than noise."""

from __future__ import annotations

import json
import xml.etree.ElementTree
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from scipy.stats import binomtest

Call = Callable[..., tuple[Any, str, str]]
Arithmetic = Callable[..., list[dict[str, Any]]]
Write = Callable[[Path, Sequence[dict[str, Any]]], Path]


@pytest.fixture
def three_rounds(
    call: Call, run: Path, tmp_path: Path, arithmetic: Arithmetic, write: Write
) -> Path:
    """Three evaluations: one sort of problem is learnt, one is not, and one was right before."""
    shares = ([0.0, 0.6, 0.4], [0.0, 0.1, 0.4], [0.0, 0.0, 0.4])
    for number, one in enumerate(shares, 1):
        log = write(tmp_path / f"log{number}.jsonl", arithmetic(one, seed=number))
        name = "first" if number == 1 else f"round-{number - 1}"
        status, _, err = call("next", run.parent / name, "--failures", log, "--samples", 20)
        assert status == 0, err
        if number < 3:
            recipe = run.parent / f"rounds/{number}/recipe.yaml"
            assert call("run", recipe, "-q")[0] == 0
    return run.parent / "rounds"


def test_the_history_of_three_rounds(call: Call, three_rounds: Path, tmp_path: Path) -> None:
    status, out, err = call("rounds", "--svg", "h.svg", "--html", "h.html", "--json")
    assert (status, err) == (0, "")
    history = json.loads(out)
    assert history["numbers"] == [1, 2, 3]
    learnt = next(one for one in history["groups"] if "equally" in one["name"])
    (not_learnt,) = (one for one in history["groups"] if one is not learnt)
    assert learnt["closed"]
    assert not learnt["stuck"]
    change = learnt["fared"][1]["change"]
    assert change["test"] == "mcnemar"
    assert change["paired"] == 50
    raw = binomtest(change["worse"], change["worse"] + change["better"]).pvalue
    assert raw <= change["p"] < 0.05
    assert not_learnt["stuck"]
    assert not_learnt["fared"][2]["change"]["p"] > 0.05
    for one in (learnt, not_learnt):
        first = one["fared"][0]
        assert first["items"] == 50
        assert first["low"] < first["failed"] / first["items"] < first["high"]
        assert first["made"] >= first["kept"] > 0
        assert first["planned"] == first["made"]
        assert one["fared"][2]["made"] is None
    assert xml.etree.ElementTree.parse(tmp_path / "h.svg").getroot().tag.endswith("svg")
    assert "<svg" in (tmp_path / "h.html").read_text()


def test_what_does_not_close_is_flagged_with_what_was_tried(call: Call, three_rounds: Path) -> None:
    status, out, _ = call("rounds", three_rounds)
    assert status == 0
    said = " ".join(out.split())
    assert said.count("Still open after 2 rounds of samples for it") == 1
    assert "Tried: round 1, reasoning: " in said
    assert "may be noise, p = " in said
    assert "Closed: fewer than two failures are left" in said


def test_exported_samples_are_the_used_ones(
    call: Call, run: Path, tmp_path: Path, arithmetic: Arithmetic, write: Write
) -> None:
    log = write(tmp_path / "log.jsonl", arithmetic([0, 0.6, 0.4]))
    assert call("next", run, "--failures", log, "--samples", 20)[0] == 0
    assert call("run", run.parent / "rounds/1/recipe.yaml", "-q")[0] == 0
    made_by = run.parent / "round-1"
    status, out, _ = call("rounds", "--json")
    assert json.loads(out)["whole"]["fared"][0]["used"] is None
    assert call("export", made_by, "--format", "trl-sft", "--allow-simulated")[0] == 0
    status, out, _ = call("rounds", "--json")
    whole = json.loads(out)["whole"]["fared"][0]
    assert status == 0
    assert whole["used"] == whole["kept"] > 0


def test_real_logs_of_two_models(call: Call, run: Path, logs: Path) -> None:
    """The items are the same, so the test is paired: 32 of 40 failed, and 13 of 40."""
    assert call("next", run, "--failures", logs / "inspect_first.eval", "--samples", 6)[0] == 0
    assert call("run", run.parent / "rounds/1/recipe.yaml", "-q")[0] == 0
    second = ("next", run.parent / "round-1", "--failures", logs / "inspect_second.eval")
    assert call(*second, "--samples", 6)[0] == 0
    status, out, _ = call("rounds", "--json")
    assert status == 0
    whole = json.loads(out)["whole"]
    assert [(one["failed"], one["items"]) for one in whole["fared"]] == [(32, 40), (13, 40)]
    change = whole["fared"][1]["change"]
    assert change["better"] - change["worse"] == 19
    assert change["paired"] == 40
    assert change["p"] < 0.001


def test_other_items_are_compared_unpaired(
    call: Call, run: Path, tmp_path: Path, arithmetic: Arithmetic, write: Write
) -> None:
    rows = arithmetic([0, 0.6, 0.4])
    log = write(tmp_path / "log.jsonl", rows[:75])
    assert call("next", run, "--failures", log, "--samples", 20)[0] == 0
    assert call("run", run.parent / "rounds/1/recipe.yaml", "-q")[0] == 0
    write(tmp_path / "log.jsonl", rows[75:])
    assert call("next", run.parent / "round-1", "--failures", log, "--samples", 20)[0] == 0
    _, out, _ = call("rounds", "--json")
    history = json.loads(out)
    assert {one["fared"][1]["change"]["test"] for one in history["groups"]} == {"fisher"}
    assert [one["fared"][1]["items"] for one in history["groups"]] == [25, 25]
    assert "unpaired" in call("rounds")[1]


def test_where_there_is_no_round(call: Call, tmp_path: Path) -> None:
    status, _, err = call("rounds", tmp_path)
    assert status == 1
    assert "there is no round here; `silversmith next RUN --failures FILES` makes" in err


def test_a_damaged_round_is_one_sentence(call: Call, run: Path, logs: Path) -> None:
    assert call("next", run, "--failures", logs / "openai_evals.jsonl")[0] == 0
    path = run.parent / "rounds/1/round.json"
    path.write_text(path.read_text()[:40])
    status, _, err = call("rounds")
    assert status == 1
    assert "round.json cannot be read as a round" in err
    assert err.count("\n") == 1
