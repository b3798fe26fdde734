"""Limits that an endpoint or a recipe states, and limits that turn out, over real HTTP."""

import asyncio
import math

import pytest

from silversmith.models import ModelSpec, Paces, Request
from silversmith.models.endpoint import EndpointConnection
from silversmith.models.gate import Gate
from silversmith.models.quota import TokenBudget, said_limit
from silversmith.records import Usage

HELLO = Request([{"role": "user", "content": "Hello?"}])


@pytest.mark.parametrize(
    ("remaining", "reset", "left", "wait"),
    [
        ("59", "1s", 59, 1),
        ("0", "6m0s", 0, 1),
        ("0", "120ms", 0, 0.12),
        ("0", "0.25", 0, 0.25),
        ("0", "soon", 0, 1),
        ("0", None, 0, 1),
        ("-1", "0", None, 0),
        (None, None, None, 1),
    ],
)
def test_limits_in_headers(remaining, reset, left, wait):
    headers = {"x-ratelimit-limit-requests": "60"}
    if remaining is not None:
        headers["x-ratelimit-remaining-requests"] = remaining
    if reset is not None:
        headers["x-ratelimit-reset-requests"] = reset
    limit = said_limit(headers, "requests")
    assert (limit.per_minute, limit.remaining, limit.wait) == (60, left, pytest.approx(wait))
    assert said_limit(headers, "tokens") is None


@pytest.mark.parametrize("value", ["-1", "0", "many", "nan", ""])
def test_headers_that_state_no_limit(value):
    assert said_limit({"x-ratelimit-limit-tokens": value}, "tokens") is None


@pytest.mark.parametrize(
    ("duration", "seconds"),
    [("2m59.56s", 179.56), ("1h0m3s", 3603), ("12ms", 0.012), ("7.66s", 7.66)],
)
def test_durations(duration, seconds):
    headers = {"x-ratelimit-limit-tokens": "0.001", "x-ratelimit-reset-tokens": duration}
    assert said_limit(headers, "tokens").wait == pytest.approx(seconds)


def test_a_stated_limit_is_the_models_own():
    """OpenAI has one limit for each model; what is learned from one is not applied to another."""
    paces = Paces()
    mini, large = (Gate(8, paces.of("https://api.openai.com/v1", "key")) for _ in range(2))
    assert mini.pace is large.pace
    large.told(0.0, {"x-ratelimit-limit-requests": "60"})
    assert large.pace.rate == 1
    assert mini.pace.rate == math.inf
    assert paces.of("https://api.openai.com/v1", "other key") is not mini.pace


@pytest.mark.parametrize("stated", ["6", "600"])
def test_the_users_own_limit_counts(stated):
    gate = Gate(8, requests_per_minute=60, tokens_per_minute=600)
    gate.told(0.0, {f"x-ratelimit-limit-{of}": stated for of in ("requests", "tokens")})
    assert gate.pace.rate == 1
    assert gate.opens_at(0.0) == 0.0
    gate.enter(0.0, 80)
    assert gate.opens_at(0.0) == pytest.approx(1.0, abs=0.01)


def test_nothing_goes_while_nothing_is_left():
    gate = Gate(8)
    headers = {
        "x-ratelimit-limit-requests": "60",
        "x-ratelimit-remaining-requests": "0",
        "x-ratelimit-reset-requests": "500ms",
    }
    gate.told(10.0, headers)
    assert gate.opens_at(10.0) == pytest.approx(10.5)


def test_a_budget_of_tokens_is_paid_off():
    budget = TokenBudget(6_000)  # 100 a second
    assert budget.opens_at(0.0) == 0.0
    charged = budget.charge(0.0, 400)
    assert budget.opens_at(0.0) == pytest.approx(3.0, abs=0.01)
    budget.settle(charged, 400, 200)
    assert budget.opens_at(1.0) == pytest.approx(5.0, abs=0.01)
    budget.refund(600)
    assert budget.opens_at(1.0) == 1.0
    budget.told(-50)
    assert budget.opens_at(1.0) == pytest.approx(1.5, abs=0.01)


def test_answers_show_how_many_tokens_the_next_ones_will_take():
    gate = Gate(8, tokens_per_minute=6_000)
    for turn in range(100):
        ticket = gate.enter(60.0 * turn, 400)
        gate.answered(ticket, 60.0 * turn + 1, Usage(1, 100, 300))
        gate.leave()
    assert ticket.charged == pytest.approx(400, rel=0.01)


async def test_what_an_endpoint_states_is_kept_to(connect, endpoint):
    stated = {"x-ratelimit-limit-requests": "1200", "x-ratelimit-remaining-requests": "1000"}
    endpoint.always(endpoint.raw('{"choices": [{"message": {"content": "Hi"}}]}', headers=stated))
    connection = connect()
    await connection.open("prompt")
    loop = asyncio.get_running_loop()
    begin = loop.time()
    await asyncio.gather(*(connection.send(HELLO) for _ in range(12)))
    assert loop.time() - begin >= 11 / 20 * 0.9


async def test_a_limit_that_is_found_out(simulate, monkeypatch):
    """100 requests a second, of which nobody says anything but by refusing."""
    monkeypatch.setenv("NO_PROXY", "*")
    server = simulate(rate_limit=100, latency_ms=5, fail_rate=0.05)
    spec = ModelSpec.parse({"model": "m", "base_url": server.url, "retries": 8})
    connection = EndpointConnection(spec)
    await connection.open()
    try:
        asked = [Request([{"role": "user", "content": str(i)}]) for i in range(500)]
        replies = await asyncio.gather(*(connection.send(request) for request in asked))
    finally:
        await connection.close()
    assert len(replies) == 500
    stats = server.stats()
    assert stats["ok"] == 501
    assert 1 <= stats["limited_429"] <= 50
