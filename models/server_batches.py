"""The Batch API of the simulated server: files of requests go in, files of answers come out.

POST /v1/files, GET /v1/files/ID and /v1/files/ID/content; POST and GET /v1/batches,
GET /v1/batches/ID and POST /v1/batches/ID/cancel, as OpenAI's API reference describes them. All
of it is in memory, and ends with the server.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping
from random import Random
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import aiohttp
import orjson

from .chat_request import BadRequest, ChatRequest, read_request
from .server_batch_file import CHAT, MOST_REQUESTS, Line, batch_error, read_lines
from .server_batch_records import StoredBatch, StoredFile
from .server_options import ServerOptions

if TYPE_CHECKING:
    from aiohttp import web

    from .server_endpoint import Stats

__all__ = ["Batches"]

LARGEST_FILE = 200_000_000
VALIDATING = FINALIZING = 0.1
"""Shares of a batch's time in which nothing is answered yet, or any more."""

Complete = Callable[[ChatRequest], dict[str, Any]]


class Batches:
    """Files and batches, and the work on them.

    Args:
        options: how to behave.
        complete: makes the completion for a request, or raises BadRequest.
        stats: gives the counts to add to.
    """

    def __init__(
        self, options: ServerOptions, complete: Complete, stats: Callable[[], Stats]
    ) -> None:
        self._options = options
        self._complete = complete
        self._stats = stats
        self._faults = Random(options.seed)
        self._files: dict[str, StoredFile] = {}
        self._batches: dict[str, StoredBatch] = {}
        self._work: set[asyncio.Task[None]] = set()

    async def handle(self, request: web.BaseRequest, path: str) -> dict[str, Any] | bytes:
        """The answer to one request under /v1/files or /v1/batches: an object, or a file's bytes.

        Raises:
            BadRequest: it is wrong, or there is no such thing here.
        """
        match request.method, path.removeprefix("/v1/").split("/"):
            case "POST", ["files"]:
                return await self._upload(request)
            case "GET", ["files", id_]:
                return self._file(id_).card()
            case "GET", ["files", id_, "content"]:
                return self._file(id_).data
            case "POST", ["batches"]:
                return self._create(await request.read())
            case "GET", ["batches"]:
                return self._list(request.query)
            case "GET", ["batches", id_]:
                return self._batch(id_).card()
            case "POST", ["batches", id_, "cancel"]:
                return self._cancel(self._batch(id_))
        raise BadRequest(f"There is no {request.method} {path} here.", status=404)

    def _file(self, id_: str) -> StoredFile:
        if id_ not in self._files:
            raise BadRequest(f"No such File object: {id_}", "id", status=404)
        return self._files[id_]

    def _batch(self, id_: str) -> StoredBatch:
        if id_ not in self._batches:
            raise BadRequest(f"No batch found with id {id_!r}.", status=404)
        return self._batches[id_]

    async def _upload(self, request: web.BaseRequest) -> dict[str, Any]:
        if not request.content_type.startswith("multipart/"):
            raise BadRequest("The body must be multipart/form-data.")
        data, name, purpose = None, "", ""
        # The request's own reader holds files to the size of other requests.
        parts = aiohttp.MultipartReader(request.headers, request.content)
        while (part := await parts.next()) is not None:
            assert isinstance(part, aiohttp.BodyPartReader)
            if part.name == "file":
                data, name = bytes(await part.read()), part.filename or "file"
            elif part.name == "purpose":
                purpose = (await part.read()).decode()
        if data is None or purpose != "batch":
            raise BadRequest("A 'file' is wanted, and 'batch' as its 'purpose'.", "purpose")
        if len(data) > LARGEST_FILE:
            raise BadRequest("The file is larger than 200 MB.", "file", status=413)
        self._stats().files += 1
        return self._stored(StoredFile(data, purpose, name)).card()

    def _stored(self, file: StoredFile) -> StoredFile:
        self._files[file.id] = file
        return file

    def _create(self, body: bytes) -> dict[str, Any]:
        try:
            data = orjson.loads(body)
        except orjson.JSONDecodeError as error:
            raise BadRequest(f"The body is not JSON: {error}.") from None
        if not isinstance(data, dict):
            raise BadRequest("The body is not a JSON object.")
        if data.get("endpoint") != CHAT:
            raise BadRequest(f"Only {CHAT} is simulated.", "endpoint")
        if data.get("completion_window") != "24h":
            raise BadRequest("'completion_window' must be '24h'.", "completion_window")
        file = self._file(str(data.get("input_file_id")))
        batch = StoredBatch(file, _metadata(data.get("metadata")))
        self._batches[batch.id] = batch
        self._stats().batches += 1
        work = asyncio.create_task(self._process(batch))
        self._work.add(work)
        work.add_done_callback(self._work.discard)
        return batch.card()

    def _list(self, query: Mapping[str, str]) -> dict[str, Any]:
        newest = list(reversed(self._batches.values()))
        if "after" in query:
            newest = newest[newest.index(self._batch(query["after"])) + 1 :]
        limit = query.get("limit", "20")
        if not limit.isdecimal() or not 1 <= int(limit) <= 100:
            raise BadRequest("'limit' must be an integer from 1 to 100.", "limit")
        page = newest[: int(limit)]
        return {
            "object": "list",
            "data": [batch.card() for batch in page],
            "first_id": page[0].id if page else None,
            "last_id": page[-1].id if page else None,
            "has_more": len(newest) > len(page),
        }

    def _cancel(self, batch: StoredBatch) -> dict[str, Any]:
        if batch.status not in ("validating", "in_progress"):
            raise BadRequest(f"A batch that is {batch.status} cannot be cancelled.", status=409)
        batch.become("cancelling")
        return batch.card()

    async def _process(self, batch: StoredBatch) -> None:
        """A batch's life, from its validation to its files of answers."""
        seconds = self._options.batch_seconds
        await asyncio.sleep(seconds * VALIDATING)
        lines = self._validated(batch)
        if batch.errors:
            batch.become("failed")
            return
        batch.total = len(lines)
        self._stats().batch_requests += len(lines)
        if batch.status == "validating":
            batch.become("in_progress")
        answered, end = await self._answered(batch, lines)
        rest = [_not_done(line, end) for line in lines[len(answered) :]]
        if batch.status == "in_progress":
            batch.become("finalizing")
        await asyncio.sleep(seconds * FINALIZING)
        good = [one for one in answered if one["response"]["status_code"] == 200]
        bad = [one for one in answered if one["response"]["status_code"] != 200] + rest
        batch.output = self._results(batch, "output", good)
        batch.failures = self._results(batch, "errors", bad)
        batch.become(end)

    async def _answered(self, batch: StoredBatch, lines: list[Line]) -> tuple[list[Line], str]:
        """The answers, each in its time, and how the batch ends. One that takes longer than its
        window expires; what it has by then depends on nothing but the two."""
        seconds, window = self._options.batch_seconds, self._options.batch_window
        began = time.monotonic()
        answered: list[Line] = []
        for number, line in enumerate(lines):
            due = seconds * (1 - VALIDATING - FINALIZING) * number / len(lines)
            if window and seconds * VALIDATING + due > window:
                return answered, "expired"
            await asyncio.sleep(max(0.0, began + due - time.monotonic()))
            if batch.status == "cancelling":
                return answered, "cancelled"
            answered.append(self._answer(line))
            good = answered[-1]["response"]["status_code"] == 200
            batch.completed += good
            batch.failed += not good
        return answered, "completed"

    def _answer(self, line: Line) -> Line:
        status = 200
        try:
            if self._options.fail_rate and self._faults.random() < self._options.fail_rate:
                raise BadRequest("The server had a simulated error.", status=500)
            options = self._options
            chat = read_request(
                orjson.dumps(line["body"]),
                response_format=options.response_format,
                logprobs=options.logprobs,
            )
            body = self._complete(chat)
        except BadRequest as error:
            status, body = error.status, error.body
        response = {"status_code": status, "request_id": uuid4().hex, "body": body}
        return _result(line, response, None)

    def _results(self, batch: StoredBatch, kind: str, lines: list[Line]) -> StoredFile | None:
        if not lines:
            return None
        data = b"".join(orjson.dumps(line) + b"\n" for line in lines)
        return self._stored(StoredFile(data, "batch_output", f"{batch.id}_{kind}.jsonl"))

    def _validated(self, batch: StoredBatch) -> list[Line]:
        """The requests of a batch; what is wrong with them is in its errors."""
        options = self._options
        lines, batch.errors = read_lines(
            batch.file.data, options.models, options.batch_limit or MOST_REQUESTS
        )
        batch.tokens = len(batch.file.data) // 4
        limit = options.batch_tokens
        queued = sum(other.tokens for other in self._batches.values() if other.is_under_way)
        if limit and not batch.errors and queued + batch.tokens > limit:
            words = (
                f"Enqueued token limit reached. Limit: {limit:,} enqueued tokens. Please try again"
                " once some in_progress batches have been completed."
            )
            batch.errors.append(batch_error("token_limit_exceeded", words))
        return lines


def _metadata(value: Any) -> Mapping[str, str] | None:
    if value is None:
        return None
    sound = isinstance(value, dict) and len(value) <= 16
    if not sound or not all(isinstance(one, str) and len(one) <= 512 for one in value.values()):
        raise BadRequest("'metadata' has at most 16 texts of at most 512 characters.", "metadata")
    return dict(value)


def _not_done(line: Line, end: str) -> Line:
    words = {
        "expired": "This request could not be executed before the completion window expired.",
        "cancelled": "This request was not executed, because the batch was cancelled.",
    }
    return _result(line, None, {"code": f"batch_{end}", "message": words[end]})


def _result(line: Line, response: Any, error: Any) -> Line:
    return {
        "id": f"batch_req_{uuid4().hex[:24]}",
        "custom_id": line["custom_id"],
        "response": response,
        "error": error,
    }
