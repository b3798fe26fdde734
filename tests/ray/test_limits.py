"""A limit holds for all workers together."""

import pytest


@pytest.fixture
def here(place, cluster):
    place.address = cluster.address
    return place


def test_a_limit_on_calls_stops_all_workers_and_is_not_passed(here, simulate):
    server = simulate(latency_ms=30)
    here.seeds(60)
    here.recipe(server.url)

    said = here.run("run", "recipe.yaml", "--out", "r", "--on", "ray", "--max-calls", 50, status=3)

    assert "max_calls reached" in said
    assert "--max-calls" in said
    books = here.manifest("r")["books"]
    assert books["planned"] == 60
    assert books["pending"] > 0
    # Each worker looks once whether the model is there, which is no call.
    assert server.stats()["received"] <= 50 + 2 * 2
    made = sum(one["calls"] for one in here.manifest("r")["usage"])
    assert 40 <= made <= 50

    here.run("run", "recipe.yaml", "--out", "r", "--on", "ray")
    assert here.manifest("r")["books"]["pending"] == 0
    assert server.stats()["received"] <= 120 + 4 * 2


def test_a_limit_on_cost_is_passed_by_no_more_than_was_under_way(here, simulate):
    server = simulate(latency_ms=30)
    here.seeds(60)
    model = {"model": "simulated", "base_url": server.url, "concurrency": 8}
    model["prices"] = {"input": 100, "output": 100}
    here.recipe(server.url, models={"writer": model})
    here.run("run", "recipe.yaml", "--out", "whole", "--set", "engine=null")
    whole = here.manifest("whole")
    a_call = whole["cost"] / sum(one["calls"] for one in whole["usage"])
    limit = whole["cost"] / 3

    said = here.run(
        "run", "recipe.yaml", "--out", "r", "--on", "ray", "--max-cost", limit, status=3
    )

    assert "max_cost reached" in said
    spent = here.manifest("r")["cost"]
    assert 0.5 * limit < spent < limit + 8 * 2 * a_call


def test_too_many_failures_stop_all_workers(here, simulate):
    server = simulate(malformed_rate=1)
    here.seeds(160)
    here.recipe(server.url, engine={"ray": {"seeds_per_block": 80}})

    said = here.run("run", "recipe.yaml", "--out", "r", "--on", "ray", status=4)

    assert "samples failed" in said
    assert here.manifest("r")["status"] == "too many failures"
