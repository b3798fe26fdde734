"""Limits: a run stops cleanly, goes beyond by no more than was in flight, and says what is left."""

import json
import re

import pytest
import yaml

CONCURRENCY = 8


@pytest.fixture
def served(simulate, tmp_path, recipe):
    """A real server, and a recipe file that asks it."""
    server = simulate(latency_ms=20, flawed=0.2)
    writer = {
        "model": "m",
        "base_url": server.url,
        "concurrency": CONCURRENCY,
        "prices": {"input": 2, "output": 10},
        "parameters": {"max_tokens": 600},
    }
    values = yaml.safe_load(recipe(name="job").to_yaml())
    values["models"] = {"writer": writer}
    path = tmp_path / "job.yaml"
    path.write_text(yaml.safe_dump(values))
    return server, str(path)


def manifest(done):
    return json.loads(done.stdout)


def used(of):
    usage = of["usage"]
    return {
        "max_calls": sum(one["calls"] for one in usage),
        "max_tokens": sum(one["input_tokens"] + one["output_tokens"] for one in usage),
        "max_cost": of["cost"],
    }


@pytest.mark.parametrize(
    ("limit", "at"), [("max_calls", 50), ("max_tokens", 40_000), ("max_cost", 0.12)]
)
def test_a_limit_stops_the_run_which_goes_on_when_it_is_raised(served, silversmith, limit, at):
    server, job = served
    option = "--" + limit.replace("_", "-")

    stopped = silversmith("run", job, option, str(at), "--json")

    assert stopped.returncode == 3
    first = manifest(stopped)
    assert first["status"] == "limit reached"
    assert first["books"]["planned"] == 60
    assert first["books"]["pending"] > 10
    per_call = used(first)[limit] / used(first)["max_calls"]
    assert at - CONCURRENCY * per_call <= used(first)[limit] <= at + CONCURRENCY * per_call * 1.5
    assert server.stats()["ok"] == used(first)["max_calls"] + 1  # one opened the connection

    rest = first["to_finish"]
    assert rest["samples"] == first["books"]["pending"]
    assert re.search(
        rf"silversmith: {limit} reached \(.*\): raise it by {option}.*to finish, the other"
        rf" {rest['samples']} samples would take about {rest['calls']} calls,.*\$.*"
        rf"\(at what \d+ samples took so far\), so about {option} [\d.]+ in all",
        stopped.stderr,
    )
    needed = stopped.stderr.split(option)[-1].split()[0]

    done = silversmith("run", job, option, needed, "--json")
    assert done.returncode == 0, done.stderr
    again = manifest(done)
    assert again["books"]["pending"] == 0
    assert server.stats()["answered_again"] <= 2  # only the requests that opened the connections
    more = {name: used(again)[name] - used(first)[name] for name in used(first)}
    assert rest["calls"] == pytest.approx(more["max_calls"], rel=0.1)
    assert rest["cost"] == pytest.approx(more["max_cost"], rel=0.15)


def test_calls_never_go_beyond_their_limit_where_nothing_fails(recipe, tmp_path):
    for limit in (1, 7, 64, 90):
        report = recipe(limits={"max_calls": limit}).run(tmp_path / str(limit))

        assert report.manifest["this_run"]["calls"] == limit


def test_what_no_judge_was_asked_about_yet_is_taken_from_the_rehearsal(recipe, tmp_path, spent):
    report = recipe(limits={"max_calls": 20}, generators=["reasoning"]).run(tmp_path / "run")
    whole = recipe(generators=["reasoning"]).run(tmp_path / "whole")

    calls, _, cost = spent(report)
    rest = report.manifest["to_finish"]
    assert rest["calls"] + calls == pytest.approx(spent(whole)[0], rel=0.1)
    assert rest["cost"] + cost == pytest.approx(spent(whole)[2], rel=0.25)


def test_a_limit_that_is_used_up_asks_for_nothing(recipe, tmp_path):
    recipe(limit=10).run(tmp_path / "run")

    report = recipe(limits={"max_calls": 5}).run(tmp_path / "run")

    assert report.exit_status == 3
    assert report.manifest["this_run"]["calls"] == 0
    assert report.manifest["to_finish"]["samples"] == 50


def test_an_unpriced_model_leaves_the_cost_to_finish_open(recipe, tmp_path, simulate):
    models = {"writer": {"model": "m", "base_url": simulate().url}}

    report = recipe(models=models, limits={"max_calls": 30}).run(tmp_path / "run")

    assert report.manifest["cost"] is None
    assert report.manifest["to_finish"]["cost"] is None
    assert "a cost unknown without prices" in str(report.stopped_by)
