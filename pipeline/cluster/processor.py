"""A model's vLLM replicas placed by Ray's own batch inference (`ray.data.llm`), behind an
OpenAI-compatible endpoint.

Ray's processor takes a dataset through engines that it places itself, on one GPU each or on as
many, of one machine or several, as the model needs. Here the dataset has no end: tasks that read it
wait for requests that come in over HTTP, and its rows are the answers. To the workers the whole is
one more endpoint, so that repetitions, limits, journal and books are those of any other.
"""

from __future__ import annotations

import asyncio
import hmac
import threading
import traceback
import uuid
from collections import deque
from dataclasses import dataclass
from typing import Any

import orjson

from ...models import ModelSpec
from ...models.chat_request import BadRequest
from ...models.vllm.server import Wanted
from .processor_dataset import Engines, answers, place
from .standing import Standing

__all__ = ["ProcessorHost"]

HANDED_ON = 32
"""How many requests a reader takes at once, at most."""

RESTARTS = 3
LARGEST_REQUEST = 64 * 1024 * 1024


@dataclass
class _Asked:
    """A request that came in: its body, and where its answer is waited for."""

    body: bytes
    answer: asyncio.Future[tuple[int, bytes]]


class ProcessorHost:
    """Holds one model's processor and the endpoint in front of it. What Ray runs as an actor, with
    the methods of those that hold servers (see `serving`).

    Args:
        name: what the recipe calls the model.
        spec: the model, with `engine`.
        key: what the endpoint asks for.
        gpus: how many of the cluster's GPUs the model may have; 0 runs it on the CPU.
    """

    def __init__(self, name: str, spec: ModelSpec, key: str, gpus: int) -> None:
        import ray

        self._name = name
        self._wanted = Wanted.of(spec, name)
        self._key = f"Bearer {key}".encode()
        self._gpus = gpus
        self._engines: Engines | None = None
        self._round = 0
        self._address = ray.util.get_node_ip_address()
        self._url = ""
        self._phase = "starting"
        self._why = ""
        self._waiting: deque[str] = deque()
        self._asked: dict[str, _Asked] = {}
        self._come = asyncio.Event()
        self._ended = False
        self._thread: threading.Thread | None = None
        self._runner: Any = None

    async def is_there(self) -> bool:
        """Whether Ray has found room for it."""
        return True

    async def begin(self) -> None:
        """Begin the endpoint and the processor.

        Raises:
            SilversmithError: vLLM is missing, an option is unknown, or the weights are not there.
        """
        import ray

        self._loop = asyncio.get_running_loop()
        self._host = ray.get_runtime_context().current_actor
        self._engines = await asyncio.to_thread(place, self._wanted, self._gpus)
        await self._listen()
        self._thread = threading.Thread(target=self._run, args=(self._engines,), daemon=True)
        self._thread.start()
        self._trial = asyncio.create_task(self._try())

    async def look(self) -> dict[str, Standing]:
        """How the processor stands."""
        engines = self._engines
        assert engines is not None
        lost = self._phase == "failed"
        standing = Standing(
            phase=self._phase,
            urls=(self._url,),
            places=engines.places,
            said=engines.said,
            progress="" if lost or self._phase == "ready" else "ray.data.llm begun",
            why=self._why if lost else "",
        )
        return {self._name: standing}

    async def end(self) -> None:
        """Take no more requests, and wait until the processor has ended."""
        self._ended = True
        self._come.set()
        self._answer_all(503, BadRequest("The run has ended.", status=503))
        if self._thread is not None:
            await asyncio.to_thread(self._thread.join)
        if self._runner is not None:
            await self._runner.cleanup()

    # What the dataset's tasks call

    async def take(self, round_: int) -> list[tuple[str, bytes]] | None:
        """Some requests that wait, with their ids; waits for one. None where no more come, or the
        dataset that asks is not the one at work any more."""
        while not self._ended and round_ == self._round:
            taken: list[tuple[str, bytes]] = []
            while self._waiting and len(taken) < HANDED_ON:
                id_ = self._waiting.popleft()
                if id_ in self._asked:  # else it was given up
                    taken.append((id_, self._asked[id_].body))
            if taken:
                return taken
            self._come.clear()
            await self._come.wait()
        return None

    async def answer(self, id_: str, status: int, body: bytes) -> None:
        """The answer to a request; a second one, or one that nobody waits for, is let go."""
        self._answer(id_, status, body)

    # The endpoint

    async def _listen(self) -> None:
        from aiohttp import web

        loop = asyncio.get_running_loop()

        def make(message: Any, payload: Any, protocol: Any, writer: Any, task: Any) -> Any:
            return web.BaseRequest(
                message, payload, protocol, writer, task, loop, client_max_size=LARGEST_REQUEST
            )

        server = web.Server(
            self._handle, request_factory=make, handler_cancellation=True, access_log=None
        )
        self._runner = web.ServerRunner(server, shutdown_timeout=1.0)
        await self._runner.setup()
        site = web.TCPSite(self._runner, self._address, 0, backlog=4096)
        await site.start()
        host = f"[{self._address}]" if ":" in self._address else self._address
        self._url = f"http://{host}:{self._runner.addresses[0][1]}/v1"

    async def _handle(self, request: Any) -> Any:
        given = request.headers.get("Authorization", "").encode()
        path = request.raw_path.partition("?")[0]
        if not hmac.compare_digest(given, self._key):
            return _response(401, _fault(BadRequest("This key is not the run's.", status=401)))
        if path != "/v1/chat/completions" or request.method != "POST":
            said = f"There is no {request.method} {path} here."
            return _response(404, _fault(BadRequest(said, status=404)))
        return _response(*await self._ask(await request.read()))

    async def _ask(self, body: bytes) -> tuple[int, bytes]:
        if self._ended or self._phase == "failed":
            return 503, _fault(BadRequest(self._why or "The run has ended.", status=503))
        id_ = uuid.uuid4().hex
        asked = _Asked(body, asyncio.get_running_loop().create_future())
        self._asked[id_] = asked
        self._waiting.append(id_)
        self._come.set()
        try:
            return await asked.answer
        finally:
            self._asked.pop(id_, None)

    async def _try(self) -> None:
        """One tiny request: once it is answered, an engine is there."""
        message = {"role": "user", "content": "Say ready."}
        model = self._wanted.model
        body = orjson.dumps({"model": model, "messages": [message], "max_tokens": 1})
        while self._phase == "starting" and not self._ended:
            status, answer = await self._ask(body)
            if status == 200:
                self._phase = "ready"
            elif status != 503:
                self._fail(f"refuses a tiny request: {answer.decode(errors='replace')}")

    def _answer(self, id_: str, status: int, body: bytes) -> None:
        asked = self._asked.get(id_)
        if asked is not None and not asked.answer.done():
            asked.answer.set_result((status, body))

    def _answer_all(self, status: int, fault: BadRequest) -> None:
        self._waiting.clear()
        for id_ in list(self._asked):
            self._answer(id_, status, _fault(fault))

    def _begin_again(self, why: str) -> None:
        """What the broken dataset had is asked for again by whoever waits for it."""
        self._round += 1
        self._come.set()
        self._answer_all(503, BadRequest(f"ray.data.llm begins again: {why}", status=503))

    def _fail(self, why: str) -> None:
        self._phase, self._why = "failed", why
        self._answer_all(503, BadRequest(why, status=503))

    # The dataset

    def _run(self, engines: Engines) -> None:
        """In a thread: the dataset without end, begun again where it broke."""
        for round_ in range(RESTARTS + 1):
            why = "the dataset came to an end"
            try:
                for answer in answers(engines, self._host, round_):
                    self._loop.call_soon_threadsafe(self._answer, *answer)
            except Exception as error:  # noqa: BLE001 - said where the run is
                traceback.print_exc()
                why = _last_line(error)
            if self._ended:
                return
            if self._phase == "starting" or round_ == RESTARTS:
                log = "its log is among those of Ray's workers"
                said = f"was ended by ray.data.llm: {why} ({log})"
                self._loop.call_soon_threadsafe(self._fail, said)
                return
            self._loop.call_soon_threadsafe(self._begin_again, why)


def _response(status: int, body: bytes) -> Any:
    from aiohttp import web

    return web.Response(body=body, status=status, headers={"Content-Type": "application/json"})


def _fault(fault: BadRequest) -> bytes:
    return orjson.dumps(fault.body)


def _last_line(error: Exception) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return lines[-1] if lines else type(error).__name__
