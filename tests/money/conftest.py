"""Recipes, a run from the command line, and an endpoint that says what its replies took."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from silversmith import Recipe
from silversmith.models.simulated import SimulatedModel, SimulatedOptions, completion_body

TASKS = Path(__file__).parents[2] / "recipes" / "data" / "seed_tasks.jsonl"
PRICES = {"input": 2.0, "output": 10.0}


@pytest.fixture
def recipe() -> Callable[..., Recipe]:
    """Sixty drafts, each judged once, on the simulated model in process, with prices."""
    return _recipe


def _recipe(**changes: Any) -> Recipe:
    values = {
        "models": {
            "writer": {
                "simulated": {"flawed": 0.2, "seed": 7},
                "prices": PRICES,
                "parameters": {"max_tokens": 600},
            }
        },
        "seeds": [{"tasks": str(TASKS)}],
        "generators": ["instruction"],
        "judges": ["rubric"],
        "limit": 60,
    }
    return Recipe(**{**values, **changes})


@pytest.fixture
def spent() -> Callable[..., tuple[int, int, float]]:
    """Replies, tokens and dollars of a folder, from a report."""
    return _spent


def _spent(report: Any) -> tuple[int, int, float]:
    usage = report.manifest["usage"]
    return (
        sum(one["calls"] for one in usage),
        sum(one["input_tokens"] + one["output_tokens"] for one in usage),
        report.manifest["cost"],
    )


@pytest.fixture
def silversmith(tmp_path: Path) -> Callable[..., subprocess.CompletedProcess[str]]:
    """The command, in a folder of its own."""

    def call(*words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "silversmith", *words],
            capture_output=True,
            text=True,
            cwd=tmp_path,
            env={**os.environ, "NO_PROXY": "*", "COLUMNS": "120"},
            timeout=120,
        )

    return call


Serve = Callable[[dict[str, Any] | None], Any]


@pytest.fixture
def metered(monkeypatch: pytest.MonkeyPatch) -> Serve:
    """`async with metered(usage) as url`: an endpoint whose replies carry this `usage`."""
    monkeypatch.setenv("NO_PROXY", "*")

    @asynccontextmanager
    async def serve(usage: dict[str, Any] | None) -> AsyncIterator[str]:
        model = SimulatedModel(SimulatedOptions(flawed=0, malformed=0))

        async def handle(request: web.Request) -> web.Response:
            body = await request.json()
            schema = body["response_format"]["json_schema"]["schema"]
            answer = model.answer(body["messages"], schema)
            reply, _, _ = completion_body([answer], model=body["model"], prompt_characters=0)
            reply["usage"] = usage
            return web.Response(body=json.dumps(reply), content_type="application/json")

        app = web.Application()
        app.router.add_post("/v1/chat/completions", handle)
        runner = web.AppRunner(app, shutdown_timeout=0.1)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        yield f"http://127.0.0.1:{runner.addresses[0][1]}/v1"
        await runner.cleanup()

    return serve
