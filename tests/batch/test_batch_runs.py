"""Whole runs in batch mode over the simulated server."""

import pytest

from silversmith.errors import EndpointError, RecipeError


def calls(report):
    return report.manifest["this_run"]["calls"]


@pytest.fixture(scope="module")
def sound(module_simulate):
    """A server without faults but those of its models."""
    return module_simulate(batch_seconds=0.3, malformed_rate=0.05, flawed=0.3)


@pytest.fixture
def server(sound):
    """The same, with its counts at zero."""
    sound.reset()
    return sound


def test_a_run_in_batches_is_the_run_without(tmp_path, server, recipe, batched, dataset):
    plain = recipe(server.url).run(tmp_path / "plain")
    asked = server.stats()["received"]

    report = batched(server.url).run(tmp_path / "batched")

    stats = server.stats()
    assert dataset(tmp_path / "batched") == dataset(tmp_path / "plain")
    assert report.balance == plain.balance
    assert report.manifest["usage"] == plain.manifest["usage"]
    assert stats["batch_requests"] == calls(report) == calls(plain)
    assert stats["batches"] == stats["files"] < 7  # drafts, judgements, what was malformed
    assert stats["received"] - asked == 1  # a first small request


def test_two_models_in_batches_and_one_beside_them(tmp_path, server, recipe, dataset):
    quick = {"batch": True, "batch_wait": 0.1, "batch_poll": 0.1}
    model = {"base_url": server.url, "model": "simulated"}
    second = {"rubric": {"name": "second", "criteria": ["clarity"], "model": "third"}}
    values = dict(recipe(server.url))
    runs = {}
    for name, extra in (("batched", quick), ("plain", {})):
        models = {"writer": {**model, **extra}, "critic": {**model, **extra}, "third": model}
        values.update(models=models, judges=["rubric", second])
        runs[name] = type(recipe(server.url))(**values).run(tmp_path / name)

    assert dataset(tmp_path / "batched") == dataset(tmp_path / "plain")
    batches = [one for one in runs["batched"].manifest["usage"] if one["model"] != "third"]
    assert server.stats()["batch_requests"] == sum(one["calls"] for one in batches)
    assert {one["model"] for one in batches} == {"writer", "critic"}
    assert server.stats()["batches"] >= 2


def test_large_waves_become_several_batches(tmp_path, server, batched):
    report = batched(server.url, batch_size=7, limit=20, judges=()).run(tmp_path / "out")

    assert report.balance.kept == 20
    assert server.stats()["batch_requests"] == calls(report)
    assert server.stats()["batches"] >= 3


def test_failed_requests_go_into_the_next_batch(tmp_path, simulate, recipe, batched, dataset):
    server = simulate(batch_seconds=0.1, fail_rate=0.12, seed=3)
    recipe(server.url).run(tmp_path / "plain")

    report = batched(server.url).run(tmp_path / "batched")

    assert dataset(tmp_path / "batched") == dataset(tmp_path / "plain")
    assert report.balance.failed == 0
    assert server.stats()["batch_requests"] > calls(report)
    counts = report.manifest["requests"]["writer"]
    assert counts["reasons"]["HTTP 500"] == counts["repeated"] > 0


def test_what_expires_goes_into_the_next_batch(tmp_path, simulate, recipe, batched, dataset):
    server = simulate(batch_seconds=0.6, batch_window=0.4)
    recipe(server.url, judges=()).run(tmp_path / "plain")

    report = batched(server.url, judges=()).run(tmp_path / "batched")

    assert dataset(tmp_path / "batched") == dataset(tmp_path / "plain")
    assert server.stats()["batches"] > 2
    assert report.manifest["requests"]["writer"]["reasons"]["batch expired"] >= 10


def test_a_full_queue_makes_batches_smaller(tmp_path, simulate, batched):
    server = simulate(batch_seconds=0.1, batch_tokens=8_000)

    report = batched(server.url, judges=(), limit=40).run(tmp_path / "out")

    assert report.balance.kept == 40
    assert server.stats()["batch_requests"] == 40
    assert server.stats()["batches"] > 4


def test_a_request_that_never_fits_the_queue_is_said(tmp_path, simulate, batched):
    server = simulate(batch_seconds=0.1, batch_tokens=10)

    with pytest.raises(EndpointError, match=r"refuses batch_\w+: Enqueued token limit reached"):
        batched(server.url, judges=(), limit=4).run(tmp_path / "out")


def test_a_batch_that_is_refused_ends_the_run_and_costs_nothing(
    tmp_path, simulate, batched, submitted
):
    server = simulate(batch_limit=10)

    with pytest.raises(EndpointError) as refusal:
        batched(server.url).run(tmp_path / "out")

    assert refusal.value.fatal
    host = server.url.split("/")[2]
    assert str(refusal.value).startswith(f"model writer (simulated at {host}) refuses batch_")
    assert "The batch file has 30 requests; 10 are allowed; correct" in str(refusal.value)
    assert submitted(tmp_path / "out") == []
    report = batched(server.url, batch_size=10).run(tmp_path / "out")
    assert report.status == "done"
    assert server.stats()["batch_requests"] == calls(report)


def test_a_wrong_key_is_said_before_anything_is_submitted(tmp_path, simulate, batched, monkeypatch):
    server = simulate(api_key_env="THEIRS", env={"THEIRS": "sk-right-0123456789"})
    monkeypatch.setenv("OURS", "sk-canary-0123456789")

    with pytest.raises(EndpointError, match="does not accept the key in OURS") as refusal:
        batched(server.url, api_key_env="OURS").run(tmp_path / "out")

    assert "canary" not in str(refusal.value)
    assert server.stats()["files"] == 0
    monkeypatch.setenv("OURS", "sk-right-0123456789")
    assert batched(server.url, api_key_env="OURS").run(tmp_path / "out").status == "done"
    assert b"sk-right" not in (tmp_path / "out" / "journal.db").read_bytes()


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"simulated": {}, "batch": True}, "a simulated model has no batch mode"),
        ({"model": "openai/m", "batch_size": 5}, "`batch_size` is for `batch: true`"),
        ({"model": "openai/m", "batch": True, "batch_size": 60_000}, "less than or equal to 50000"),
    ],
)
def test_options_that_do_not_fit(recipe, options, sentence):
    values = dict(recipe("http://127.0.0.1:9/v1"))
    with pytest.raises(RecipeError, match=sentence):
        type(recipe("http://127.0.0.1:9/v1"))(**{**values, "models": {"writer": options}})
