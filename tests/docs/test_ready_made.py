"""The ready-made recipes run as they are, and every strategy has all that belongs to it."""

from collections import Counter
from pathlib import Path

import pytest
import yaml

import silversmith
from silversmith import Recipe
from silversmith.cli.summary import show
from silversmith.generators import Generator
from silversmith.judges.criteria_files import read_criteria_files
from silversmith.pipeline.components import component_class, kinds
from silversmith.prompts import Prompts

ROOT = Path(silversmith.__file__).parent
RECIPES = {path.stem: path for path in sorted((ROOT / "recipes").glob("*.yaml"))}
STRATEGIES = [kind for kind in kinds("generators", (Generator,)) if kind != "existing"]
OF_ALL = ["quickstart", "seven"]


def books(report):
    """The books of each strategy, by its name."""
    return {one["strategy"]: one for one in report.manifest["strategies"]}


def run(name, out, **changes):
    report = Recipe.from_yaml(RECIPES[name], changes=changes).run(out)
    assert report.status == "done"
    return report


def test_the_strategies_are_those_of_the_readme():
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    for strategy in STRATEGIES:
        assert f"| [{strategy}](docs/strategies/{strategy}.md) |" in readme


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_a_strategy_has_all_that_belongs_to_it(strategy):
    assert Prompts().names(strategy)
    assert strategy in read_criteria_files(ROOT / "recipes")
    assert strategy in RECIPES
    page = (ROOT / "docs" / "strategies" / f"{strategy}.md").read_text(encoding="utf-8")
    assert f"silversmith run {strategy}" in page
    tests = ROOT / "tests"
    assert (tests / "generators" / f"test_{strategy}.py").is_file()
    replies = tests / "data" / "replies" / strategy
    assert (replies / "SOURCE.txt").is_file()
    assert list(replies.glob("*.json"))


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_every_option_of_a_strategy_is_described(strategy):
    cls = component_class("generators", (Generator,), strategy, "")
    assert [n for n, field in cls.model_fields.items() if not field.description] == []


@pytest.mark.parametrize("name", sorted(RECIPES.keys() - set(OF_ALL)))
def test_a_recipe_keeps_what_it_is_named_after(name, tmp_path):
    report = run(name, tmp_path / "run", limit=24)

    (strategy,) = [one for one in STRATEGIES if name.split("_")[0] == one]
    found = books(report)[strategy]
    assert found["kept"] > found["planned"] / 2
    assert found["verified"] > 0
    assert report.manifest["simulated"]


@pytest.mark.parametrize("name", OF_ALL)
def test_a_recipe_of_all_strategies_keeps_most_of_each(name, tmp_path):
    report = run(name, tmp_path / "run")

    found = books(report)
    assert set(STRATEGIES) <= set(found)
    for strategy in STRATEGIES:
        assert found[strategy]["kept"] > found[strategy]["planned"] / 2
        assert found[strategy]["verified"] > 0
    assert report.balance.planned == report.manifest["books"]["planned"] <= 600
    # Nothing of a software taxonomy is asked of tasks about breakfasts and birthdays.
    samples = read(tmp_path / "run" / "kept", ["strategy", "seed"])
    sources = {one["seed"]["source"] for one in samples if one["strategy"] == "domain"}
    assert sources
    assert not any("seed_tasks" in source for source in sources)


def test_the_tables_of_the_quickstart_fit_a_terminal(tmp_path, capsys):
    show(run("quickstart", tmp_path / "run", limit=60))

    tables, books, _ = capsys.readouterr().out.partition("\n60 planned = ")
    assert books
    lines = tables.splitlines()
    assert max(len(line) for line in lines if not line.startswith("failed")) <= 80
    heads = ["filter", "strategy", "rejected half", "leaf (the worst of 16)"]
    starts = [i for head in heads for i, line in enumerate(lines) if line.startswith(head)]
    assert len(starts) == len(heads)
    # Of a taxonomy among other strategies, the leaves that are covered worst.
    leaves = lines[starts[-1] + 1 :]
    assert leaves.index("") == 5


def read(folder, columns):
    from pyarrow import dataset

    return dataset.dataset(folder).to_table(columns=columns).to_pylist()


def test_the_recipes_name_data_that_ships_with_its_licence():
    told = (ROOT / "recipes" / "data" / "SOURCE.txt").read_text(encoding="utf-8")
    named = Counter()
    for path in RECIPES.values():
        for entry in yaml.safe_load(path.read_text(encoding="utf-8"))["seeds"]:
            ((_, options),) = entry.items()
            assert options["licence"], path.name
            named[Path(options["path"]).name] += 1
    assert named
    for name in named:
        assert f"\n{name}: " in told
