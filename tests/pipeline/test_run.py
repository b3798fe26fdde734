"""Whole runs on the simulated model in process: books, files, order, going on, changes."""

import asyncio
import json
from pathlib import Path

import datasets
import duckdb
import pyarrow.parquet as pq
import pytest

from silversmith import Books, Limits, Recipe
from silversmith.errors import RecipeError, RunFolderError
from silversmith.records import sample_from_row

TASKS = Path(__file__).parents[2] / "recipes" / "data" / "seed_tasks.jsonl"


def recipe(**changes):
    values = {
        "models": {"writer": {"simulated": {"flawed": 0.3, "seed": 7}}},
        "seeds": [{"tasks": str(TASKS)}],
        "generators": ["instruction"],
        "judges": ["rubric"],
        "filters": [{"score": {"min": 0.5}}, "exact_duplicates"],
        "limit": 60,
    }
    return Recipe(**{**values, **changes})


def rows(folder, name="kept"):
    return pq.read_table(folder / name).to_pylist()


def ids(folder):
    return {name: [r["id"] for r in rows(folder, name)] for name in ("kept", "dropped", "failed")}


def calls(report):
    return report.manifest["this_run"]["calls"]


def test_the_books_balance_and_each_drop_has_a_reason(tmp_path):
    report = recipe().run(tmp_path / "run")

    books = report.manifest["books"]
    assert report.status == "done"
    assert books["planned"] == 60
    assert books["kept"] + books["dropped"] + books["failed"] == 60
    assert books["pending"] == 0
    assert books["kept"] > 20
    assert books["dropped"] > 3
    for row in rows(tmp_path / "run", "dropped"):
        assert row["decision"]["filter"] in ("score", "exact_duplicates")
        assert row["decision"]["reason"].startswith(row["decision"]["filter"] + ": ")
    assert [step["filter"] for step in report.manifest["funnel"]] == ["score", "exact_duplicates"]


def test_a_sample_says_where_it_came_from(tmp_path):
    recipe(limit=5, filters=[]).run(tmp_path / "run")

    sample = sample_from_row(rows(tmp_path / "run")[0])

    assert sample.seed.source.endswith("seed_tasks.jsonl#1")
    assert sample.origin.template == "instruction"
    assert len(sample.origin.template_hash) == 16
    assert sample.origin.simulated
    assert sample.origin.draw == 0
    assert sample.usage.calls == 2
    assert sample.judgements
    assert all(j.judge == "rubric" and j.model for j in sample.judgements)
    assert 0 <= sample.score <= 1
    assert sample.decision.kept


def test_the_files_open_in_datasets_and_duckdb_as_they_are(tmp_path):
    report = recipe().run(tmp_path / "run")
    kept = tmp_path / "run" / "kept"

    loaded = datasets.load_dataset(
        "parquet", data_dir=str(kept), split="train", cache_dir=str(tmp_path / "cache")
    )
    counted = duckdb.sql(f"select count(*), min(score) from '{kept}/*.parquet'").fetchall()[0]

    assert len(loaded) == report.balance.kept
    assert counted[0] == report.balance.kept
    assert counted[1] >= 0.5


def test_the_order_is_that_of_the_seeds_and_draws(tmp_path):
    recipe(generators=[{"instruction": {"draws": 3}}], filters=[], limit=30).run(tmp_path / "run")

    found = [
        (int(r["seed"]["source"].rpartition("#")[2].split(".")[0]), r["origin"]["draw"])
        for r in rows(tmp_path / "run")
    ]

    assert found == sorted(found)


def test_the_same_run_again_asks_for_nothing_and_writes_the_same(tmp_path):
    recipe().run(tmp_path / "run")
    first = {name: rows(tmp_path / "run", name) for name in ("kept", "dropped", "failed")}

    again = recipe().run(tmp_path / "run")

    assert calls(again) == 0
    assert {name: rows(tmp_path / "run", name) for name in first} == first


def test_two_runs_of_one_recipe_are_equal(tmp_path):
    recipe().run(tmp_path / "a")
    recipe().run(tmp_path / "b")

    for name in ("kept", "dropped", "failed"):
        assert rows(tmp_path / "a", name) == rows(tmp_path / "b", name)


def test_a_limit_taken_away_goes_on_in_the_same_folder(tmp_path):
    small = recipe(limit=20).run(tmp_path / "run")
    large = recipe(limit=60).run(tmp_path / "run")
    whole = recipe(limit=60).run(tmp_path / "other")

    assert calls(small) + calls(large) == calls(whole)
    assert rows(tmp_path / "run") == rows(tmp_path / "other")


def test_more_draws_keep_what_was_drawn(tmp_path):
    one = recipe(filters=[]).run(tmp_path / "run")
    more = recipe(filters=[], limit=120, generators=[{"instruction": {"draws": 2}}])
    report = more.run(tmp_path / "run")
    more.run(tmp_path / "other")

    assert report.manifest["this_run"]["reused"] == one.balance.planned
    assert rows(tmp_path / "run") == rows(tmp_path / "other")


def test_another_filter_or_threshold_asks_for_nothing(tmp_path):
    before = recipe().run(tmp_path / "run")
    filters = [{"score": {"min": 0.9}}, {"length": {"min_words": 60}}]
    after = recipe(filters=filters).run(tmp_path / "run")

    assert calls(after) == 0
    assert after.balance.kept < before.balance.kept


def test_one_more_judge_asks_for_its_own_judgements_only(tmp_path):
    recipe(filters=[]).run(tmp_path / "run")
    judges = ["rubric", {"rubric": {"name": "second", "criteria": ["clarity"]}}]
    report = recipe(filters=[], judges=judges).run(tmp_path / "run")

    assert calls(report) >= report.balance.kept
    assert calls(report) < 1.2 * report.balance.planned
    judged = {j["judge"] for j in rows(tmp_path / "run")[0]["judgements"]}
    assert judged == {"rubric", "second"}


def test_a_changed_model_is_said_with_its_price_and_wants_again(tmp_path):
    recipe().run(tmp_path / "run")
    other = recipe(models={"writer": {"simulated": {"flawed": 0.3, "seed": 8}}})

    with pytest.raises(RunFolderError, match=r"the model changed.*about 1\d\d calls.*--again"):
        other.run(tmp_path / "run")
    report = other.run(tmp_path / "run", again=True)

    assert calls(report) >= 120
    assert calls(recipe().run(tmp_path / "run")) == 0  # what was agreed to once is still there


def test_what_a_changed_model_makes_stale_is_pending_until_it_is_asked_again(tmp_path):
    recipe(filters=[]).run(tmp_path / "run")
    other = recipe(
        filters=[],
        models={"writer": {"simulated": {"flawed": 0.3, "seed": 8}}},
        limits={"max_calls": 200},
    )

    report = other.run(tmp_path / "run", again=True)

    assert report.status == "limit reached"
    assert 20 < report.balance.pending < 45
    other.model_copy(update={"limits": Limits()}).run(tmp_path / "run")
    other.model_copy(update={"limits": Limits()}).run(tmp_path / "new")
    assert rows(tmp_path / "run") == rows(tmp_path / "new")


def test_a_changed_generator_is_said_too(tmp_path):
    recipe().run(tmp_path / "run")
    changed = recipe(generators=[{"instruction": {"system": "You are terse."}}])

    with pytest.raises(RunFolderError, match="instruction: the options changed"):
        changed.run(tmp_path / "run")


def test_a_changed_template_is_said_too(tmp_path):
    recipe(folder=tmp_path).run(tmp_path / "run")
    (tmp_path / "prompts").mkdir()
    (tmp_path / "prompts" / "instruction.j2").write_text(
        '{% extends "silversmith/instruction.j2" %}'
        "{% block system %}Write well. {{ super() }}{% endblock %}"
    )

    with pytest.raises(RunFolderError, match="instruction: the templates changed"):
        recipe(folder=tmp_path).run(tmp_path / "run")


def test_a_folder_of_another_recipe_is_refused(tmp_path):
    recipe(judges=[], filters=[]).run(tmp_path / "run")

    with pytest.raises(RunFolderError, match="another recipe"):
        recipe(generators=["reasoning"], judges=[], filters=[]).run(tmp_path / "run")


def test_replies_of_another_run_are_reused_and_not_counted_as_spent(tmp_path):
    recipe().run(tmp_path / "first")

    report = recipe(filters=[]).run(tmp_path / "second", reuse=[tmp_path / "first"])

    assert calls(report) == 0
    assert report.manifest["usage"] == []
    assert report.balance.kept == 60 - report.balance.failed


def test_calls_have_a_limit_and_the_rest_is_pending(tmp_path):
    report = recipe(limits={"max_calls": 40}).run(tmp_path / "run")

    assert report.status == "limit reached"
    assert report.exit_status == 3
    assert report.balance.pending > 0
    assert report.balance.planned == 60
    rest = recipe().run(tmp_path / "run")
    whole = recipe().run(tmp_path / "other")
    assert calls(report) + calls(rest) == calls(whole)
    assert rows(tmp_path / "run") == rows(tmp_path / "other")


def test_a_target_is_met_by_the_first_that_pass(tmp_path):
    wanted = recipe(target=80, limit=None, generators=[{"instruction": {"draws": 3}}])

    report = wanted.run(tmp_path / "run")

    assert report.balance.kept == 80
    assert report.balance.pending == 0
    assert 80 < report.balance.planned < 160
    dropped = [row["decision"] for row in rows(tmp_path / "run", "dropped")]
    beyond = [one["reason"] for one in dropped if one["filter"] == "target"]
    assert len(beyond) < 20
    assert set(beyond) <= {"target: 80 samples that come before are kept"}

    stopped = wanted.model_copy(update={"limits": Limits(max_calls=70)})
    assert stopped.run(tmp_path / "other").status == "limit reached"
    wanted.run(tmp_path / "other")
    assert rows(tmp_path / "other") == rows(tmp_path / "run")
    assert rows(tmp_path / "other", "dropped") == rows(tmp_path / "run", "dropped")


def test_a_target_uses_every_seed_before_it_draws_again(tmp_path):
    recipe(target=100, filters=[], generators=[{"instruction": {"draws": 50}}], limit=None).run(
        tmp_path / "r"
    )

    assert [row["origin"]["draw"] for row in rows(tmp_path / "r")] == [0] * 100


def test_a_target_out_of_reach_is_said(tmp_path):
    report = recipe(target=500, limit=60).run(tmp_path / "run")

    assert report.exit_status == 3
    assert "all draws of all seeds are used up" in str(report.stopped_by)
    assert report.balance.pending == 0
    assert report.balance.kept > 20


def test_a_cost_limit_without_prices_is_said(tmp_path):
    endpoint = {"model": "x", "base_url": "http://127.0.0.1:9/v1"}

    with pytest.raises(RecipeError, match="max_cost is set, but writer has no prices"):
        recipe(models={"writer": endpoint}, limits={"max_cost": 1}).run(tmp_path / "run")


def test_a_seed_that_occurs_twice_gets_a_further_draw(tmp_path):
    seeds = tmp_path / "seeds.jsonl"
    line = json.dumps({"instruction": "Name three rivers of Europe and where they end."})
    seeds.write_text(f"{line}\n{line}\n{line}\n")

    report = recipe(seeds=[{"tasks": str(seeds)}], filters=[]).run(tmp_path / "run")

    assert report.balance.planned == 3
    found = rows(tmp_path / "run") + rows(tmp_path / "run", "failed")
    assert len({row["id"] for row in found}) == 3
    assert sorted(row["origin"]["draw"] for row in rows(tmp_path / "run")) == [0, 1, 2]


def test_seed_text_is_never_rendered(tmp_path):
    seeds = tmp_path / "seeds.jsonl"
    text = "Explain {{ 7 * 7 }} and {% raw %} in {{ config }} to me."
    seeds.write_text(json.dumps({"instruction": text}) + "\n")

    report = recipe(seeds=[{"tasks": str(seeds)}], filters=[]).run(tmp_path / "run")

    assert report.balance.failed == 0
    assert "49" not in rows(tmp_path / "run")[0]["messages"][0]["content"]


def test_a_run_inside_a_running_loop(tmp_path):
    async def notebook():
        return recipe(limit=5).run(tmp_path / "run")

    report = asyncio.run(notebook())

    assert report.balance.planned == 5


def test_the_counters_for_a_live_view(tmp_path):
    books = Books()
    report = recipe().run(tmp_path / "run", books=books)

    assert books.settled == 60
    assert books.judged == report.balance.kept + report.balance.dropped
    assert books.calls == calls(report)
    assert books.stage == "done"


def test_the_python_recipe_and_the_yaml_recipe_are_the_same(tmp_path):
    one = recipe(folder=tmp_path, name="same")
    path = tmp_path / "same.yaml"
    path.write_text(one.to_yaml())

    assert Recipe.from_yaml(path) == one


def test_two_generators_need_two_names():
    with pytest.raises(RecipeError, match="two of them are called 'instruction'"):
        recipe(generators=["instruction", {"instruction": {"system": "Be brief."}}])


def test_a_plug_in_by_dotted_path(tmp_path, monkeypatch):
    (tmp_path / "shouting.py").write_text(
        "from silversmith.filters import Filter\n"
        "class Shouting(Filter):\n"
        "    kind = 'shouting'\n"
        "    share: float = 0.5\n"
        "    def reason_to_drop(self, sample):\n"
        "        upper = sum(c.isupper() for c in sample.response)\n"
        "        many = upper > self.share * len(sample.response)\n"
        "        return f'{upper} capitals' if many else None\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    one = recipe(limit=5, filters=[{"shouting:Shouting": {"share": 0.0}}], folder=tmp_path)

    report = one.run(tmp_path / "run")

    assert report.balance.dropped > 0
    assert rows(tmp_path / "run", "dropped")[0]["decision"]["reason"].startswith("shouting: ")
    path = tmp_path / "again.yaml"
    path.write_text(one.to_yaml())
    assert Recipe.from_yaml(path).filters == one.filters


def test_a_mistake_in_a_plug_in_costs_its_sample_and_is_said(tmp_path, monkeypatch):
    (tmp_path / "odd_plugin.py").write_text(
        "from silversmith.generators import Generator\n"
        "from silversmith.records import Sample\n"
        "class Odd(Generator):\n"
        "    kind = 'odd'\n"
        "    async def draft(self, seed, draw, ask):\n"
        "        if int(seed.source.rpartition('#')[2]) % 5 == 0:\n"
        "            raise KeyError('colour')\n"
        "        return Sample.pair(seed.instruction, 'blue')\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / "prompts").mkdir()

    report = recipe(generators=["odd_plugin:Odd"], judges=[], filters=[], folder=tmp_path).run(
        tmp_path / "run"
    )

    assert report.balance.failed == 12
    assert rows(tmp_path / "run", "failed")[0]["failure"]["reason"] == "KeyError: 'colour'"
