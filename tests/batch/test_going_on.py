"""Batches outlive the run that submitted them, and may end otherwise than it thought."""

import asyncio

import openai
import pytest

from silversmith.errors import EndpointError


def calls(report):
    return report.manifest["this_run"]["calls"]


async def until(condition):
    """Until it holds; `condition` is cheap."""
    for _ in range(1000):
        if condition():
            return
        await asyncio.sleep(0.01)
    raise AssertionError("it never came to that")


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
