"""The key stays where it belongs, whatever the endpoint does with it."""

import logging
import traceback

import pytest
from aiohttp import web

from silversmith.errors import EndpointError
from silversmith.models import Request

HELLO = Request([{"role": "user", "content": "Hello?"}])
KEY = "sk-canary-7f3a9b1c5d2e4f60"


def echo(status: int, kind: str, template: str):
    """An endpoint that repeats the Authorization header in its answer."""

    async def answer(request: web.Request) -> web.Response:
        said = template.replace("%", request.headers["Authorization"])
        headers = {"Location": f"https://elsewhere.invalid/?{KEY}"} if status == 308 else {}
        return web.Response(text=said, status=status, content_type=kind, headers=headers)

    return answer


ECHOES = {
    "wrong key": echo(401, "application/json", '{"error": {"message": "Bad key %"}}'),
    "no access": echo(403, "application/json", '{"detail": "no access for %"}'),
    "unknown model": echo(404, "application/json", '{"error": "no model for %"}'),
    "refused": echo(400, "text/plain", "cannot read the header %"),
    "refused, object": echo(400, "application/json", '{"error": {"headers": {"auth": "%"}}}'),
    "refused at length": echo(400, "text/plain", "x" * 170 + " the header was % indeed"),
    "failing": echo(500, "text/html", "<pre>Traceback: %</pre>"),
    "limited": echo(429, "application/json", '{"error": {"message": "too fast, %"}}'),
    "error in a 200": echo(200, "application/json", '{"error": {"message": "% is bad"}}'),
    "no completion": echo(200, "application/json", '{"your header": "%"}'),
    "not JSON": echo(200, "text/plain", "hello %"),
    "redirect": echo(308, "text/plain", "%"),
}


def assert_no_key(error: BaseException, connection, log: str) -> None:
    told = "".join(traceback.format_exception(error))
    with_locals = traceback.TracebackException.from_exception(error, capture_locals=True)
    told += "".join(with_locals.format())
    told += f"{error!r} {error.args} {vars(error)} {connection!r} {connection.meter!r} {log}"
    assert KEY not in told
    assert "sk-can" not in told


@pytest.mark.parametrize("kind", ECHOES)
async def test_no_error_log_or_traceback_shows_the_key(connect, endpoint, caplog, kind):
    caplog.set_level(logging.DEBUG)
    endpoint.always(ECHOES[kind])
    connection = connect(retries=1, policy={"patience": 0.1})
    with pytest.raises(EndpointError) as failure:
        await connection.open()
    assert_no_key(failure.value, connection, caplog.text)

    endpoint.always(endpoint.completion('{"ready": "yes"}'))
    connection = connect(retries=1, policy={"patience": 0.1})
    await connection.open()
    endpoint.always(ECHOES[kind])
    with pytest.raises(EndpointError) as failure:
        await connection.send(HELLO)
    assert_no_key(failure.value, connection, caplog.text)


@pytest.mark.parametrize("fault", ["reset", "hang"])
async def test_no_broken_connection_shows_the_key(connect, endpoint, caplog, fault):
    caplog.set_level(logging.DEBUG)
    connection = connect(retries=1, timeout=0.1)
    await connection.open("prompt")
    endpoint.always(getattr(endpoint, fault)())
    with pytest.raises(EndpointError) as failure:
        await connection.send(HELLO)
    assert_no_key(failure.value, connection, caplog.text)


async def test_a_reply_that_repeats_the_key_is_kept_without_it(connection, endpoint):
    endpoint.then(endpoint.completion(f"Your key is {KEY}."))
    reply = await connection.send(HELLO)
    assert reply.text == "Your key is ***."
    assert KEY.encode() not in reply.body


async def test_a_placeholder_for_a_key_may_be_a_word_of_the_reply(connect, endpoint, monkeypatch):
    monkeypatch.setenv("CANARY_KEY", "EMPTY")
    connection = connect()
    await connection.open("prompt")
    endpoint.then(endpoint.completion("The glass is EMPTY."))
    assert (await connection.send(HELLO)).text == "The glass is EMPTY."
