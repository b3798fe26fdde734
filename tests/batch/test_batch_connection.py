"""The connection in batch mode, with a provider that answers as the test says."""

from __future__ import annotations

import asyncio
import json
from collections import deque
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
from aiohttp import BodyPartReader, web

from silversmith.errors import EndpointError
from silversmith.models import ModelSpec, Request, Resumable, connect
from silversmith.models.batch import BatchConnection

Answers = Callable[[list[dict[str, Any]]], bytes]
KEY = "sk-canary-7f3a9b1c5d2e4f60"


def completion(text: str) -> dict[str, Any]:
    message = {"role": "assistant", "content": text}
    usage = {"prompt_tokens": 3, "completion_tokens": 2}
    return {"choices": [{"message": message, "finish_reason": "stop"}], "usage": usage}


def result(id_: str, body: Any, status: int = 200) -> bytes:
    response = {"status_code": status, "request_id": "r", "body": body}
    return json.dumps({"custom_id": id_, "response": response, "error": None}).encode() + b"\n"


def echo(requests: list[dict[str, Any]]) -> bytes:
    """Answers each request with its own words."""
    return b"".join(
        result(one["custom_id"], completion(one["body"]["messages"][-1]["content"]))
        for one in requests
    )


class Provider:
    """A Batch API. What a batch gives is made by the scripted functions in turn, then by `echo`."""

    def __init__(self) -> None:
        self.script: deque[Answers] = deque()
        self.files: dict[str, bytes] = {}
        self.batches: dict[str, dict[str, Any]] = {}
        self.faults: dict[str, int] = {}
        self.has_batches = True
        self.web_pages: set[str] = set()
        self.cut_downloads = 0
        self.url = ""

    def requests(self) -> list[list[str]]:
        """The ids of the requests of each batch."""
        return [
            [
                json.loads(line)["custom_id"]
                for line in self.files[one["input_file_id"]].splitlines()
            ]
            for one in self.batches.values()
        ]

    async def handle(self, request: web.Request) -> web.StreamResponse:
        words = request.path.removeprefix("/v1/").split("/")
        if words == ["chat", "completions"]:
            return web.json_response(completion('{"ready": "yes"}'))
        if not self.has_batches:
            return web.json_response({"detail": "Not Found"}, status=404)
        if f"{request.method} {words[0]}" in self.web_pages:
            return web.Response(text="<html>Welcome!</html>", content_type="text/html")
        answer = await self._answer(request, words)
        place = f"{request.method} {words[0]}"
        if self.faults.get(place, 0):
            self.faults[place] -= 1  # after all is done, so that nobody knows
            return web.json_response({"error": {"message": "down"}}, status=502)
        return answer

    async def _answer(self, request: web.Request, words: list[str]) -> web.StreamResponse:
        match request.method, words:
            case "POST", ["files"]:
                reader = await request.multipart()
                while (part := await reader.next()) is not None:
                    assert isinstance(part, BodyPartReader)
                    if part.name == "file":
                        return web.json_response(self._file(bytes(await part.read())))
            case "POST", ["batches"]:
                data = await request.json()
                lines = self.files[data["input_file_id"]].splitlines()
                answers = self.script.popleft() if self.script else echo
                output = self._file(answers([json.loads(line) for line in lines]))["id"]
                batch = {
                    "id": f"batch_{len(self.batches)}", "object": "batch", "status": "completed",
                    "endpoint": "/v1/chat/completions", "completion_window": "24h",
                    "created_at": 0, "output_file_id": output, **data,
                }  # fmt: skip
                self.batches[batch["id"]] = batch
                return web.json_response(batch)
            case "GET", ["batches"]:
                return web.json_response({"object": "list", "data": [*self.batches.values()]})
            case "GET", ["batches", id_]:
                return web.json_response(self.batches[id_])
            case "GET", ["files", id_, "content"]:
                return await self._content(request, self.files[id_])
        raise AssertionError(f"{request.method} {request.path}")

    def _file(self, data: bytes) -> dict[str, Any]:
        id_ = f"file-{len(self.files)}"
        self.files[id_] = data
        return {
            "id": id_, "object": "file", "bytes": len(data), "created_at": 0,
            "filename": "x", "purpose": "batch", "status": "processed",
        }  # fmt: skip

    async def _content(self, request: web.Request, data: bytes) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Length": str(len(data))})
        await response.prepare(request)
        if self.cut_downloads:
            self.cut_downloads -= 1
            await response.write(data[: len(data) // 2])
            assert request.transport is not None
            request.transport.close()
        else:
            await response.write(data)
        return response


class Notes(dict[str, str]):
    """Notes that outlive a connection."""

    def note(self, key: str) -> str | None:
        return self.get(key)

    def set_note(self, key: str, value: str) -> None:
        self[key] = value

    def requests(self) -> list[list[str]]:
        """The ids of what is noted as submitted."""
        return [ids for value in self.values() for _, _, ids in json.loads(value)]


@pytest.fixture
async def provider() -> AsyncIterator[Provider]:
    provider = Provider()
    runner = web.ServerRunner(web.Server(provider.handle))
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    provider.url = f"http://127.0.0.1:{runner.addresses[0][1]}/v1"
    yield provider
    await runner.cleanup()


@pytest.fixture
async def opened(
    provider: Provider, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Callable[..., Any]]:
    """Open connections with the provider."""
    monkeypatch.setenv("PROVIDER_KEY", KEY)
    made: list[BatchConnection] = []

    async def open_(notes: Notes | None = None, **options: Any) -> BatchConnection:
        quick = {"batch_wait": 0.02, "batch_poll": 0.01, "api_key_env": "PROVIDER_KEY"}
        options = {"model": "tiny", "base_url": provider.url, "batch": True, **quick, **options}
        connection = connect(ModelSpec.model_validate(options), "writer", notes=notes)
        assert isinstance(connection, BatchConnection)
        made.append(connection)
        await connection.open("json_schema")
        return connection

    yield open_
    for connection in made:
        await connection.close()


def request(id_: str) -> Request:
    return Request([{"role": "user", "content": f"Say {id_}."}], id=id_)


async def ask(connection: BatchConnection, *ids: str) -> list[str]:
    """The texts of the answers."""
    replies = await asyncio.gather(*(connection.send(request(id_)) for id_ in ids))
    return [reply.text for reply in replies]


async def test_what_is_asked_together_is_one_batch(provider, opened):
    connection = await opened(parameters={"temperature": 0.5})

    assert await ask(connection, "a", "b", "c") == ["Say a.", "Say b.", "Say c."]

    assert provider.requests() == [["a", "b", "c"]]
    (batch,) = provider.batches.values()
    line = json.loads(provider.files[batch["input_file_id"]].splitlines()[1])
    assert line == {
        "custom_id": "b",
        "method": "POST",
        "url": "/v1/chat/completions",
        "body": {
            "model": "tiny",
            "temperature": 0.5,
            "messages": [{"role": "user", "content": "Say b."}],
        },
    }
    meter = connection.meter
    assert (meter.answered, meter.failed, meter.in_flight) == (4, 0, 0)  # one by the opening
    assert meter.usage.input_tokens == 12


async def test_a_wave_has_as_many_requests_as_a_batch_may_have(provider, opened):
    connection = await opened(batch_size=2)
    await ask(connection, "a", "b", "c")
    assert sorted(provider.requests()) == [["a", "b"], ["c"]]


async def test_a_wave_has_as_many_bytes_as_a_file_may_have(provider, opened, monkeypatch):
    connection = await opened()
    monkeypatch.setattr("silversmith.models.batch_wave.LARGEST_FILE", 300)
    await ask(connection, "a", "b", "c")
    assert sorted(provider.requests()) == [["a", "b"], ["c"]]
    files = [provider.files[batch["input_file_id"]] for batch in provider.batches.values()]
    assert max(map(len, files)) <= 300


async def test_a_request_that_nobody_waits_for_any_more_is_not_submitted(provider, opened):
    connection = await opened()
    given_up = asyncio.create_task(connection.send(request("a")))
    await asyncio.sleep(0)
    given_up.cancel()
    assert await ask(connection, "b") == ["Say b."]
    assert provider.requests() == [["b"]]


async def test_no_batch_is_made_twice_where_the_answer_to_its_making_is_lost(provider, opened):
    connection = await opened()
    provider.faults = {"POST batches": 1}
    assert await ask(connection, "a") == ["Say a."]
    assert provider.requests() == [["a"]]


async def test_faults_of_the_batch_api_are_outlasted(provider, opened):
    connection = await opened()
    provider.faults = {"POST files": 1, "GET batches": 1, "GET files": 1}
    provider.cut_downloads = 1
    assert await ask(connection, "a", "b") == ["Say a.", "Say b."]
    assert provider.requests() == [["a", "b"]]
    assert connection.meter.failed == 0


async def test_an_endpoint_without_batches_is_said(provider, opened):
    connection = await opened()
    provider.has_batches = False
    with pytest.raises(EndpointError) as refusal:
        await ask(connection, "a", "b")
    assert refusal.value.fatal
    host = provider.url.split("/")[2]
    assert str(refusal.value) == (
        f"model writer (tiny at {host}) offers no batches there; take `batch: true` out of the"
        " model (HTTP 404)"
    )


@pytest.mark.parametrize("place", ["POST files", "POST batches"])
async def test_a_web_page_in_place_of_an_object_is_said(place, provider, opened):
    connection = await opened()
    provider.web_pages = {place}
    with pytest.raises(EndpointError, match="the answer is no object of the Batch API") as refusal:
        await ask(connection, "a")
    assert refusal.value.fatal


async def test_a_web_page_in_place_of_a_list_of_batches_is_said(provider, opened):
    notes = Notes()
    await ask(await opened(notes), "a")
    (key,) = notes
    notes[key] = json.dumps([["file-0", "", ["a"]]])
    provider.web_pages = {"GET batches"}
    with pytest.raises(EndpointError, match=r"no object of the Batch API \(while looking for"):
        await opened(notes)


async def test_lines_that_cannot_be_read_and_requests_without_an_answer(provider, opened):
    connection = await opened()
    odd = b'[]\nnot json\n{"custom_id": 7}\n{"custom_id": "stranger", "response": null}\n\n'
    provider.script.append(lambda requests: odd + echo(requests[:1]) + echo(requests[:1]))
    assert await ask(connection, "a", "b") == ["Say a.", "Say b."]
    assert provider.requests() == [["a", "b"], ["b"]]
    assert connection.meter.reasons == {"missing": 1}


async def test_answers_that_are_none_are_asked_for_again(provider, opened):
    connection = await opened()
    bodies = {
        "error": {"error": {"message": "overloaded"}},
        "empty": {"choices": []},
        "text": "a web page",
        "nothing": None,
    }
    provider.script.append(
        lambda requests: b"".join(result(id_, body) for id_, body in bodies.items())
    )
    assert await ask(connection, *bodies) == [f"Say {id_}." for id_ in bodies]
    assert provider.requests() == [[*bodies], [*bodies]]
    assert connection.meter.failed == connection.meter.retried == 4


async def test_odd_letters_in_an_answer(provider, opened):
    connection = await opened()
    latin = result("latin", completion("caf@ noir")).replace(b"@", b"\xe9")
    half = result("half", completion("@")).replace(b"@", b"\\ud83d")
    lines = result("lines", completion("one\u2028two\x85three"))
    provider.script.append(lambda requests: latin + half + lines.rstrip(b"\n"))
    texts = await ask(connection, "latin", "half", "lines")
    assert texts == ["caf\ufffd noir", "\ufffd", "one\u2028two\x85three"]
    assert len(provider.batches) == 1


async def test_a_key_that_comes_back_in_an_answer_is_blotted_out(provider, opened):
    connection = await opened()
    provider.script.append(lambda requests: result("a", completion(f"The key is {KEY}.")))
    reply = await connection.send(request("a"))
    assert reply.text == "The key is ***."
    assert KEY.encode() not in reply.body


async def test_a_request_that_the_provider_refuses_fails_alone(provider, opened):
    connection = await opened()
    refused = {"error": {"message": "The prompt is too long.", "code": "context_length_exceeded"}}
    provider.script.append(lambda requests: result("a", refused, 400) + echo(requests[1:]))
    first, second = await asyncio.gather(
        connection.send(request("a")), connection.send(request("b")), return_exceptions=True
    )
    assert "refuses this request: HTTP 400: The prompt is too long." in str(first)
    assert (first.fatal, first.retryable, second.text) == (False, False, "Say b.")


async def test_a_request_that_fails_every_time_is_given_up(provider, opened):
    connection = await opened(retries=2)
    down = {"error": {"message": "overloaded"}}
    provider.script.extend([lambda requests: result("a", down, 503)] * 3)
    with pytest.raises(EndpointError, match="was asked 3 times without success: HTTP 503") as error:
        await ask(connection, "a")
    assert (error.value.fatal, error.value.retryable) == (False, True)
    assert provider.requests() == [["a"]] * 3
    assert await ask(connection, "a") == ["Say a."]


async def test_answers_are_noted_until_they_are_kept(provider, opened):
    notes = Notes()
    connection = await opened(notes)
    assert isinstance(connection, Resumable)
    await ask(connection, "a", "b")
    connection.kept("a")
    assert notes.requests() == [["a", "b"]]  # written once for all
    assert await ask(connection, "b") == ["Say b."]
    connection.kept("b")
    assert notes.requests() == []


async def test_the_next_connection_collects_what_was_not_kept(provider, opened):
    notes = Notes()
    first = await opened(notes)
    await ask(first, "a", "b")
    await first.close()

    second = await opened(notes)
    assert await ask(second, "b", "c") == ["Say b.", "Say c."]
    assert provider.requests() == [["a", "b"], ["c"]]
    assert second.meter.calls == 2  # the opening, and c
    for id_ in "bc":
        second.kept(id_)
    assert notes.requests() == [["a"]]  # which nobody has asked for
    assert await ask(second, "a") == ["Say a."]
    second.kept("a")
    assert notes.requests() == []


async def test_a_submission_that_never_came_about_is_forgotten(provider, opened):
    notes = Notes()
    connection = await opened(notes)
    await ask(connection, "a")
    (key,) = notes
    await connection.close()
    notes[key] = json.dumps([["file-lost", "", ["a", "b"]]])  # noted, and killed at once

    connection = await opened(notes)

    assert notes.requests() == []
    assert await ask(connection, "b") == ["Say b."]


async def test_failures_that_were_found_before_a_kill_are_asked_again(provider, opened):
    notes = Notes()
    down = {"error": {"message": "overloaded"}}
    provider.script.append(lambda requests: echo(requests[:1]) + result("b", down, 503))
    first = await opened(notes, batch_wait=5.0, batch_size=2)
    both = asyncio.gather(*(first.send(request(id_)) for id_ in "ab"), return_exceptions=True)
    while first.meter.retried == 0:
        await asyncio.sleep(0.005)
    both.cancel()
    await first.close()

    second = await opened(notes)

    assert await ask(second, "a", "b") == ["Say a.", "Say b."]
    assert provider.requests() == [["a", "b"], ["b"]]


async def test_an_id_is_wanted_and_only_once_at_a_time(opened):
    connection = await opened(batch_wait=5.0)
    waiting = asyncio.create_task(connection.send(request("a")))
    await asyncio.sleep(0)
    for id_ in ("a", ""):
        with pytest.raises(ValueError, match="an id of its own"):
            await connection.send(request(id_))
    waiting.cancel()
