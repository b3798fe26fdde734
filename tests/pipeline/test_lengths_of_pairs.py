"""Pairs of every strategy that makes them: length does not tell which half is the chosen one."""

from pathlib import Path

import pytest

from silversmith import Recipe

DATA = Path(__file__).parents[2] / "recipes" / "data"
SEEDS = [{"tasks": str(DATA / "seed_tasks.jsonl")}, {"documents": str(DATA / "schemas.md")}]
TAXONOMY = str(DATA / "taxonomies" / "software_docs.yaml")
PAIRS = [
    {"contrast": {"draws": 42}},
    {"contrast": {"name": "corrupted", "method": "corrupt", "draws": 42}},
    {"hierarchy": {"draws": 20}},
    {"abstention": {"draws": 24}},
    {"refusal": {"draws": 20}},
    {"refusal": {"name": "short", "kinds": ["harmful"], "short_compliance": True, "draws": 5}},
    {"domain": {"taxonomy": TAXONOMY, "task": ["boundary"], "seeds": "passages", "draws": 20}},
]


def named(generator):
    ((kind, options),) = generator.items()
    return options.get("name", kind)


@pytest.mark.parametrize("generator", PAIRS, ids=named)
def test_length_alone_tells_nothing_but_where_it_is_the_flaw(tmp_path, generator):
    """Of a model that heeds the length it is asked for; the simulated one does."""
    recipe = Recipe(
        models={"writer": {"simulated": {"seed": 1}}},
        seeds=SEEDS,
        generators=[generator],
        max_failed_share=1.0,
        limit=600,
    )
    rows = recipe.run(tmp_path / "run").manifest["pairs"]

    assert sum(row["pairs"] for row in rows if not row["flaw"]) > 100
    for row in rows:
        assert not row["cue"], row
        if row["pairs"] - row["by_flaw"] >= 100:
            assert row["told_by_length"] < 0.6, row
            assert abs(row["difference"]) < 0.05 * row["chosen"], row
    on_purpose = {row["flaw"] for row in rows if row["by_flaw"] and row["by_flaw"] == row["pairs"]}
    assert on_purpose == ({"verbosity"} if "contrast" in generator else set())
