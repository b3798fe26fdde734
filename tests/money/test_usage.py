"""What an endpoint reports is kept for each call, and priced."""

import sqlite3

import pytest

from silversmith.models import ModelSpec
from silversmith.records import Usage

REPORTED = {
    "prompt_tokens": 1000,
    "completion_tokens": 300,
    "total_tokens": 1300,
    "prompt_tokens_details": {"cached_tokens": 800},
    "completion_tokens_details": {"reasoning_tokens": 120},
}


def model(url, **prices):
    return {"writer": {"model": "tiny", "base_url": url, "prices": prices}}


async def test_cached_and_reasoning_tokens_are_kept_apart_for_each_call(metered, recipe, tmp_path):
    async with metered(REPORTED) as url:
        one = recipe(models=model(url, input=2, output=10), limit=5)
        report = await one.run_async(tmp_path / "run")

    calls = (
        sqlite3.connect(tmp_path / "run" / "journal.db")
        .execute(
            "SELECT asker, input_tokens, output_tokens, cached_tokens, reasoning_tokens"
            " FROM replies"
        )
        .fetchall()
    )
    assert sorted(calls) == sorted(
        [("instruction", 1000, 300, 800, 120), ("judge rubric", 1000, 300, 800, 120)] * 5
    )
    drafts, verdicts = report.manifest["usage"]
    assert (drafts["asker"], verdicts["asker"]) == ("instruction", "judge rubric")
    for used in (drafts, verdicts):
        assert used["calls"] == 5
        assert (used["input_tokens"], used["cached_tokens"]) == (5000, 4000)
        assert (used["output_tokens"], used["reasoning_tokens"]) == (1500, 600)


async def test_cached_tokens_have_their_own_price(metered, recipe, tmp_path):
    async with metered(REPORTED) as url:
        one = recipe(models=model(url, input=2, output=10, cached_input=0.5), limit=5)
        report = await one.run_async(tmp_path / "run")

    assert report.manifest["cost"] == pytest.approx(10 * (200 * 2 + 800 * 0.5 + 300 * 10) / 1e6)


def test_cached_tokens_beside_the_input_cost_nothing_negative():
    spec = ModelSpec.parse({"model": "x", "prices": {"input": 2, "output": 10, "cached_input": 1}})

    assert spec.cost(Usage(1, 100, 10, cached_tokens=900)) == pytest.approx((900 + 100) / 1e6)


async def test_without_a_count_of_tokens_the_cost_is_unknown(metered, recipe, tmp_path):
    async with metered(None) as url:
        one = recipe(models=model(url, input=2, output=10), limit=5)
        report = await one.run_async(tmp_path / "run")

    assert report.status == "done"
    assert report.manifest["cost"] is None
    assert [one["unmetered"] for one in report.manifest["usage"]] == [5, 5]
    assert [one["cost"] for one in report.manifest["usage"]] == [None, None]


@pytest.mark.parametrize("limit", [{"max_tokens": 100_000}, {"max_cost": 5}])
async def test_a_limit_that_cannot_be_watched_stops_the_run(metered, recipe, tmp_path, limit):
    async with metered(None) as url:
        models = model(url, input=2, output=10)
        models["writer"]["concurrency"] = 4
        report = await recipe(models=models, limits=limit).run_async(tmp_path / "run")

    (name,) = limit
    assert report.exit_status == 3
    assert str(report.stopped_by).startswith(f"{name} cannot be kept: an endpoint did not say")
    assert report.manifest["this_run"]["calls"] <= 4


async def test_replies_that_do_not_validate_are_paid_and_counted(recipe, tmp_path):
    models = {"writer": {"simulated": {"malformed": 0.3}, "prices": {"input": 2, "output": 10}}}
    report = await recipe(models=models, judges=[]).run_async(tmp_path / "run")

    (used,) = report.manifest["usage"]
    assert used["repeated"] > 5
    assert used["calls"] == report.balance.planned + used["repeated"]
    assert report.manifest["cost"] == pytest.approx(
        (used["input_tokens"] * 2 + used["output_tokens"] * 10) / 1e6
    )
