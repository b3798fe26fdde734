"""Which of a recipe's seeds a generator is given."""

from pathlib import Path

import pytest
from pyarrow import dataset

from silversmith import Recipe
from silversmith.errors import RecipeError

DATA = Path(__file__).parents[2] / "recipes" / "data"


def recipe(**given):
    """Two documents' passages and tasks; each generator is called what it is given."""
    return Recipe(
        models={"writer": "simulated"},
        seeds=[
            {"documents": str(DATA / "instructor-faq.md")},
            {"tasks": str(DATA / "seed_tasks.jsonl")},
        ],
        generators=[
            {"instruction": {"name": name, "seeds": which}} for name, which in given.items()
        ],
        limit=60,
    )


def sources(out):
    """The files that each generator's samples come from."""
    found = {}
    for part in ("kept", "failed"):
        files = dataset.dataset(out / part).to_table(columns=["origin", "seed"]).to_pylist()
        for row in files:
            name = row["origin"]["generator"] if row["origin"] else ""
            found.setdefault(name, set()).add(Path(row["seed"]["source"]).name.split(".")[0])
    return found


def test_passages_tasks_or_all(tmp_path):
    report = recipe(some="tasks", others="passages", every="all").run(tmp_path / "run")

    found = sources(tmp_path / "run")
    assert found["some"] == {"seed_tasks"}
    assert found["others"] == {"instructor-faq"}
    assert found["every"] == {"seed_tasks", "instructor-faq"}
    assert report.manifest["seeds"]["unused"] == 0


def test_seeds_that_nobody_is_given_are_counted(tmp_path):
    report = recipe(others="passages").run(tmp_path / "run")

    seeds = report.manifest["seeds"]
    assert report.balance.planned == seeds["read"] - seeds["unused"] > 0
    assert seeds["unused"] == len((DATA / "seed_tasks.jsonl").read_text().splitlines())


def test_more_seeds_ask_only_for_what_is_new(tmp_path):
    first = recipe(one="passages").run(tmp_path / "run")
    second = recipe(one="all").run(tmp_path / "run")

    assert second.balance.planned > first.balance.planned
    assert second.manifest["this_run"]["reused"] == first.balance.planned


def test_another_word_is_refused():
    with pytest.raises(RecipeError, match="'all', 'passages' or 'tasks'"):
        recipe(one="documents")
