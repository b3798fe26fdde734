"""`silversmith plan --tune`: advice before there is any data."""

import json
import sys

import pytest

from silversmith.cli import main


@pytest.fixture
def call(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)

    def run(*words):
        monkeypatch.setattr(sys, "argv", ["silversmith", *words])
        status = 0
        try:
            main()
        except SystemExit as end:
            status = end.code or 0
        said = capsys.readouterr()
        return status, said.out, said.err

    return run


def test_without_a_recipe_it_says_how_much_and_why(call):
    status, out, _ = call("plan", "--tune", "lora", "--model-size", "8B")
    assert status == 0
    assert "For lora of 8B: rules of thumb, not measured on your data" in out
    assert "samples         1,000" in out
    assert "cost unknown; say --gpu-hour PRICE" in out
    assert "LIMA, Zhou et al. 2023" in out


def test_with_a_recipe_it_counts_strategies_and_tokens_of_its_own(call):
    words = ("plan", "seven", "--tune", "full", "--model-size", "8B", "--gpu-hour", "2", "--json")
    status, out, _ = call(*words)
    advice = json.loads(out)
    assert status == 0
    assert advice["strategies"] > 5
    assert advice["budget"] == 3_000 * advice["strategies"]
    assert advice["tokens_per_sample"] not in (0, 300)
    assert advice["training"]["cost"] == pytest.approx(advice["training"]["gpu_hours"] * 2)
    assert advice["generation"]["enough_planned"] is False


@pytest.mark.parametrize(
    ("words", "status", "said"),
    [
        (("--tune", "dora"), 2, "is none of lora, qlora, full"),
        (("--tune", "lora", "--model-size", "huge"), 1, "is no model size: write 8B, or 500M"),
        (("--model-size", "8B"), 2, "goes with --tune"),
        ((), 2, "name a recipe, or say --tune"),
    ],
)
def test_what_is_wrong_gets_a_sentence(call, words, status, said):
    ended, _, err = call("plan", *words)
    assert ended == status
    assert said in " ".join(err.replace("│", " ").split())
