"""Batches outlive the run that submitted them: the next one collects them, and pays once."""

import asyncio
import random
import signal
import subprocess
import sys
import time

import openai
import pytest

from silversmith.errors import EndpointError


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
    while kills < 4:
        run = start(batched(server.url), tmp_path / "killed")
        end = time.monotonic() + rng.uniform(1.0, 2.5)
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


def test_interrupted_it_says_that_batches_go_on(tmp_path, simulate, batched, start):
    server = simulate(batch_seconds=1)
    run = start(batched(server.url, judges=()), tmp_path / "out")
    while server.stats()["batches"] == 0 and run.poll() is None:
        time.sleep(0.01)
    run.send_signal(signal.SIGINT)
    _, said = run.communicate(timeout=10)

    assert run.returncode == 130
    assert "the same command goes on" in said
    assert "batches go on at the provider" in said
    report = batched(server.url, judges=()).run(tmp_path / "out")
    assert report.balance.kept == 30
    assert server.stats()["batches"] == 1


async def until(condition):
    """Until it holds; `condition` is cheap."""
    for _ in range(1000):
        if condition():
            return
        await asyncio.sleep(0.01)
    raise AssertionError("it never came to that")


async def test_a_cancelled_run_leaves_its_batch_and_the_next_one_collects_it(
    tmp_path, simulate, batched, submitted
):
    server = simulate(batch_seconds=0.8)
    job = batched(server.url, judges=())
    first = asyncio.create_task(job.run_async(tmp_path / "out"))
    await until(lambda: server.stats()["batch_requests"] == 30)
    first.cancel()
    with pytest.raises(asyncio.CancelledError):
        await first
    ((_, batch, ids),) = submitted(tmp_path / "out")
    assert batch.startswith("batch_")
    assert len(ids) == 30

    report = await job.run_async(tmp_path / "out")

    assert report.balance.kept == 30
    assert server.stats()["batches"] == 1
    assert submitted(tmp_path / "out") == []


async def test_a_smaller_limit_leaves_the_rest_of_the_batch_for_later(
    tmp_path, simulate, batched, submitted
):
    server = simulate(batch_seconds=0.5)
    first = asyncio.create_task(batched(server.url, judges=()).run_async(tmp_path / "out"))
    await until(lambda: server.stats()["batch_requests"] == 30)
    first.cancel()
    await asyncio.wait([first])

    small = await batched(server.url, judges=(), limit=10).run_async(tmp_path / "out")
    left = sum(len(ids) for _, _, ids in submitted(tmp_path / "out"))
    whole = await batched(server.url, judges=()).run_async(tmp_path / "out")

    assert (small.balance.kept, whole.balance.kept) == (10, 30)
    assert left >= 20
    assert server.stats()["batch_requests"] == 30


async def test_a_batch_cancelled_at_the_provider_is_asked_anew_by_the_next_run(
    tmp_path, simulate, batched
):
    server = simulate(batch_seconds=1.0)
    job = batched(server.url, judges=(), batch_poll=0.05)
    run = asyncio.create_task(job.run_async(tmp_path / "out"))
    async with openai.AsyncOpenAI(base_url=server.url, api_key="none") as client:
        done = 0
        while done < 5:
            await asyncio.sleep(0.05)
            for batch in (await client.batches.list()).data:
                done = batch.request_counts.completed
        await client.batches.cancel(batch.id)

    with pytest.raises(EndpointError, match=f"{batch.id} was cancelled at the provider; the same"):
        await run

    report = await job.run_async(tmp_path / "out")
    assert report.balance.kept == 30
    assert 0 < calls(report) <= 25  # what it had come to is used
    assert server.stats()["batch_requests"] == 30 + calls(report)


async def test_a_batch_that_is_gone_is_said_with_the_way_out(tmp_path, simulate, batched):
    server = simulate(batch_seconds=30)
    job = batched(server.url, judges=())
    run = asyncio.create_task(job.run_async(tmp_path / "out"))
    await until(lambda: server.stats()["batches"] == 1)
    await asyncio.sleep(0.3)
    run.cancel()
    await asyncio.wait([run])
    server.stop()
    server = simulate(port=int(server.url.split(":")[2].removesuffix("/v1")))

    with pytest.raises(EndpointError, match=r"does not know batch_\w+ any more; use the key"):
        await job.run_async(tmp_path / "out")

    assert server.stats()["batches"] == 0
    way_out = await job.run_async(tmp_path / "new", reuse=[tmp_path / "out"])
    assert way_out.balance.kept == 30
