"""Killed and interrupted runs in batch mode: what they submitted is collected, and paid once."""

import random
import signal
import subprocess
import sys
import time

import pytest


def calls(report):
    return report.manifest["this_run"]["calls"]


@pytest.fixture
def start(tmp_path):
    """Start the command in a process of its own."""

    def run(recipe, out):
        path = tmp_path / "recipe.yaml"
        path.write_text(recipe.to_yaml())
        command = [sys.executable, "-m", "silversmith", "run", str(path), "--quiet"]
        return subprocess.Popen(
            [*command, "--out", str(out)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )

    return run


def kill(run, *, when):
    """Kill it, as soon as something holds."""
    while not when() and run.poll() is None:
        time.sleep(0.005)
    run.kill()
    run.communicate()


def test_killed_at_random_moments_nothing_is_submitted_twice(
    tmp_path, simulate, recipe, batched, dataset, start
):
    server = simulate(batch_seconds=0.5, malformed_rate=0.05)
    plain = recipe(server.url).run(tmp_path / "plain")
    rng = random.Random(8)
    kills = 0
    while kills < 3:
        run = start(batched(server.url), tmp_path / "killed")
        end = time.monotonic() + rng.uniform(1.0, 2.2)
        kill(run, when=lambda end=end: time.monotonic() > end)
        kills += 1

    report = batched(server.url).run(tmp_path / "killed")

    assert report.balance == plain.balance
    assert dataset(tmp_path / "killed") == dataset(tmp_path / "plain")
    assert server.stats()["batch_requests"] == calls(plain)


def test_killed_between_upload_and_submission(tmp_path, simulate, batched, submitted, start):
    server = simulate(latency_ms=400)
    run = start(batched(server.url, judges=()), tmp_path / "out")
    kill(run, when=lambda: server.stats()["files"] == 1)
    assert server.stats()["batches"] == 0
    assert submitted(tmp_path / "out") == []

    report = batched(server.url, judges=()).run(tmp_path / "out")

    assert report.balance.kept == 30
    assert server.stats()["batches"] == 1


def test_killed_before_the_answer_to_a_submission(tmp_path, simulate, batched, submitted, start):
    server = simulate(latency_ms=400)
    run = start(batched(server.url, judges=()), tmp_path / "out")
    kill(run, when=lambda: server.stats()["batches"] == 1)
    ((file, batch, ids),) = submitted(tmp_path / "out")
    assert (file[:5], batch, len(ids)) == ("file-", "", 30)  # nobody knows yet

    report = batched(server.url, judges=()).run(tmp_path / "out")

    assert report.balance.kept == 30
    assert server.stats()["batches"] == server.stats()["files"] == 1
    assert submitted(tmp_path / "out") == []


def test_interrupted_it_says_that_batches_go_on(tmp_path, simulate, batched, submitted, start):
    server = simulate(batch_seconds=1)
    run = start(batched(server.url, judges=()), tmp_path / "out")
    while server.stats()["batch_requests"] == 0 and run.poll() is None:
        time.sleep(0.01)
    run.send_signal(signal.SIGINT)
    _, said = run.communicate(timeout=10)

    assert run.returncode == 130
    assert "the same command goes on" in said
    assert "batches go on at the provider" in said
    ((_, batch, ids),) = submitted(tmp_path / "out")
    assert batch.startswith("batch_")
    assert len(ids) == 30
    report = batched(server.url, judges=()).run(tmp_path / "out")
    assert report.balance.kept == 30
    assert server.stats()["batches"] == 1
    assert submitted(tmp_path / "out") == []
