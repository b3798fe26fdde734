"""Attributes in whole runs: planned, told, recorded, counted, and the same everywhere."""

import json
from collections import Counter
from itertools import product
from pathlib import Path

import pyarrow.parquet as pq
import pytest
import yaml

from silversmith import Recipe
from silversmith.cli.planned import show
from silversmith.errors import RecipeError, RunFolderError
from silversmith.pipeline.forecast import forecast

TASKS = Path(__file__).parents[2] / "recipes" / "data" / "seed_tasks.jsonl"
DIFFICULTY = {"difficulty": ["easy", "hard"]}
SIX = {"difficulty": ["easy", "hard"], "tone": ["dry", "warm", "{{ 1/0 }} {% bad %}"]}


def recipe(attributes, draws=6, **changes):
    values = {
        "models": {"writer": {"simulated": {"flawed": 0}}},
        "seeds": [{"tasks": str(TASKS)}],
        "generators": [{"instruction": {"draws": draws, "attributes": attributes}}],
        "limit": 60,
    }
    return Recipe(**{**values, **changes})


def rows(folder, name="kept"):
    return pq.read_table(folder / name).to_pylist()


def attributes(row):
    return {one["name"]: one["value"] for one in row["attributes"]}


def by_seed(found):
    """Each seed's combinations, in the order of its draws."""
    seeds = {}
    for row in found:
        seeds.setdefault(row["seed"]["source"], []).append(tuple(attributes(row).values()))
    return seeds


def test_every_sample_has_its_attributes_and_no_seed_repeats_any(tmp_path):
    recipe(SIX).run(tmp_path / "run")

    seeds = by_seed(rows(tmp_path / "run"))

    assert len(seeds) == 10
    whole = sorted(product(*SIX.values()))
    assert all(sorted(combinations) == whole for combinations in seeds.values())
    assert len({tuple(combinations) for combinations in seeds.values()}) > 1


def test_failed_samples_say_what_was_asked_of_them(tmp_path):
    broken = {"writer": {"simulated": {"malformed": 1}}}
    recipe(SIX, models=broken, limit=6).run(tmp_path / "run")

    found = rows(tmp_path / "run", "failed")

    assert len({tuple(attributes(row).values()) for row in found}) == 6


def test_draws_beyond_the_combinations_begin_again(tmp_path):
    recipe(SIX, draws=12, limit=24).run(tmp_path / "run")

    for combinations in by_seed(rows(tmp_path / "run")).values():
        assert len(combinations) == 12
        assert set(combinations[:6]) == set(combinations[6:]) == set(product(*SIX.values()))


def test_more_draws_keep_the_attributes_of_the_first(tmp_path):
    recipe(SIX, draws=2, limit=None).run(tmp_path / "run")
    few = {row["id"]: attributes(row) for row in rows(tmp_path / "run")}
    recipe(SIX, draws=4, limit=None).run(tmp_path / "run")
    more = {row["id"]: attributes(row) for row in rows(tmp_path / "run")}

    assert len(more) == 2 * len(few)
    assert few.items() <= more.items()


def test_several_processes_draw_the_same(tmp_path, simulate):
    server = simulate()
    models = {"writer": {"model": "simulated", "base_url": server.url, "concurrency": 16}}
    recipe(SIX, models=models).run(tmp_path / "one")
    recipe(SIX, models=models).run(tmp_path / "two", processes=2)

    assert rows(tmp_path / "two") == rows(tmp_path / "one")
    assert all(row["attributes"] for row in rows(tmp_path / "two"))


def test_a_seed_that_stands_there_twice_goes_on_in_its_combinations(tmp_path):
    line = json.dumps({"instruction": "Name a cheese and say where it is made."})
    (tmp_path / "seeds.jsonl").write_text(f"{line}\n{line}\n")
    seeds = [{"tasks": str(tmp_path / "seeds.jsonl")}]
    recipe(SIX, draws=3, seeds=seeds).run(tmp_path / "run")

    found = rows(tmp_path / "run")

    assert {tuple(attributes(row).values()) for row in found} == set(product(*SIX.values()))


def test_another_value_plans_other_samples_and_wants_the_users_word(tmp_path):
    recipe(DIFFICULTY, draws=2, limit=20).run(tmp_path / "run")
    before = {row["id"] for row in rows(tmp_path / "run")}
    wider = recipe({"difficulty": ["easy", "hard", "absurd"]}, draws=2, limit=20)

    with pytest.raises(RunFolderError, match="instruction: the options changed"):
        wider.run(tmp_path / "run")
    wider.run(tmp_path / "run", again=True)

    assert not before & {row["id"] for row in rows(tmp_path / "run")}


def test_the_resolved_recipe_draws_the_same(tmp_path):
    first = recipe(["phrasing", "tone"], draws=2, limit=20)
    first.run(tmp_path / "run")
    (tmp_path / "again.yaml").write_text((tmp_path / "run" / "recipe.yaml").read_text())

    again = Recipe.from_yaml(tmp_path / "again.yaml").run(tmp_path / "run")

    assert again.manifest["this_run"]["calls"] == 0


def test_the_manifest_counts_what_is_kept_of_each_value(tmp_path):
    weighted = {"difficulty": {"easy": 0.75, "hard": 0.25}, "tone": ["dry", "warm", "plain"]}
    generators = [
        {"instruction": {"draws": 4, "attributes": weighted}},
        {"instruction": {"name": "other", "draws": 2, "attributes": {"tone": ["dry", "warm"]}}},
        {"instruction": {"name": "plain"}},
    ]
    report = recipe({}, generators=generators, limit=70).run(tmp_path / "run")

    counted = report.manifest["attributes"]
    found = Counter()
    for row in rows(tmp_path / "run"):
        for name, value in attributes(row).items():
            found[row["origin"]["generator"], name, value] += 1
    assert set(counted) == {"instruction", "other"}
    assert counted["instruction"]["difficulty"] == {"easy": 30, "hard": 10}
    assert set(counted["instruction"]["tone"]) == {"dry", "plain", "warm"}
    assert found == {
        (generator, name, value): count
        for generator, names in counted.items()
        for name, values in names.items()
        for value, count in values.items()
    }


def test_a_value_of_which_nothing_is_left_is_there_with_nought(tmp_path):
    report = recipe(SIX, limit=1).run(tmp_path / "run")

    assert sorted(report.manifest["attributes"]["instruction"]["difficulty"].values()) == [0, 1]


async def test_a_plan_says_how_many_combinations_there_are():
    plan = await forecast(recipe(SIX, draws=9))

    (variety,) = plan.as_dict()["varieties"]
    assert variety == {
        "generator": "instruction",
        "attributes": ("difficulty", "tone"),
        "combinations": 6,
        "weighted": False,
        "by_weight": 6,
        "draws": 9,
    }
    assert (await forecast(recipe({}))).varieties == ()


@pytest.mark.parametrize(
    ("given", "draws", "said"),
    [
        (SIX, 6, "differ by difficulty × tone: 6 combinations, 6 draws of each seed."),
        (SIX, 7, "6 combinations, 7 draws of each seed; there are more draws than combinations, so"
         " that each seed goes through all of them and begins again, in an order drawn anew."),
        ({"tone": {"dry": 2, "warm": 1}}, 3, "in an order drawn anew. The weights can be kept for"
         " about the first 1 of them: no combination comes again before all have occurred"),
        ({"tone": {"dry": 3, "warm": 1}, "who": ["a", "b", "c"]}, 5, "6 combinations, 5 draws of"
         " each seed. The weights can be kept for about the first 4 of them"),
        ({"tone": {"dry": 3, "warm": 1}, "who": ["a", "b", "c"]}, 4, "4 draws of each seed."),
    ],
)  # fmt: skip
async def test_a_plan_tells_who_asks_for_more_than_there_is(capsys, given, draws, said):
    show(await forecast(recipe(given, draws=draws, limit=6)))

    assert said in capsys.readouterr().out


def test_a_mistake_is_said_with_its_line(tmp_path):
    values = yaml.safe_load(recipe({}).to_yaml())
    values["generators"] = [{"instruction": {"attributes": {"tone": ["dry"], "mood": {"low": 0}}}}]
    path = tmp_path / "job.yaml"
    path.write_text(yaml.safe_dump(values, sort_keys=False))
    line = 1 + path.read_text().splitlines().index("      mood:")

    with pytest.raises(RecipeError) as caught:
        Recipe.from_yaml(path)

    assert str(caught.value).startswith(
        f"{path}, line {line}: generators[0].instruction.attributes.mood: the weight of 'low' is 0"
    )


def test_the_recipe_of_the_documentation_is_one():
    page = (Path(__file__).parents[2] / "docs" / "diversity.md").read_text(encoding="utf-8")
    values = yaml.safe_load(page.split("```yaml\n")[1].split("```")[0])

    (generator,) = Recipe(**values).generators

    assert generator.attribute_combinations.distinct == 12 * 10 * 3 * 3
    assert generator.attributes["difficulty"] == {"easy": 5, "hard": 2, "moderate": 3}
