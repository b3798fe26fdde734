"""A connection with a model on a managed vLLM server."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from ...errors import EndpointError
from ..base import Reply, Request, SchemaForm
from ..meter import Meter
from .server import Held, Wanted, take

if TYPE_CHECKING:
    from ..endpoint import EndpointConnection
    from ..pace import Paces
    from ..spec import ModelSpec

__all__ = ["ManagedConnection"]

POLL = 0.25
NOTICE_SECONDS = 10.0
"""So long after a fault the keeper has seen that a server is dead: the process of the server may
outlive its engine for a moment."""

DEATHS = 2
"""A request that was under way when a server died so often may be the cause."""


class ManagedConnection:
    """A connection that starts its server, or finds it running, when it is opened; faults that come
    from a server's death are waited out while it is started again.

    Args:
        spec: the model, with `engine`.
        name: what the recipe calls it.
        paces: the paces of all servers of the run.
        folder: where the server's log is written.
        tell: is told how far a start has got.
        models: how many models of the recipe have managed servers.
    """

    def __init__(
        self,
        spec: ModelSpec,
        name: str = "",
        *,
        paces: Paces | None = None,
        folder: Path | None = None,
        tell: Callable[[str], None] | None = None,
        models: int = 1,
    ) -> None:
        self.spec = spec
        self.name = name
        self.meter = Meter()
        self._paces = paces
        file = re.sub(r"[^\w.-]", "_", name) or "model"
        self._log = (folder or Path.cwd()).absolute() / f"vllm-{file}.log"
        self._tell = tell or (lambda words: None)
        self._held: Held | None = None
        self._inner: EndpointConnection | None = None
        self._restarts = 0
        self._wanted = Wanted.of(spec, name, models)

    @property
    def form(self) -> SchemaForm:
        """How the server is asked for structured output; known after `open`."""
        if self._inner is None:
            raise RuntimeError("the connection is not open")
        return self._inner.form

    @property
    def served(self) -> str:
        """Which vLLM serves it, and where; "" before it is open."""
        return self._held.launch.said if self._held is not None else ""

    async def open(self, form: SchemaForm | None = None) -> None:
        """Start the server or find it running, wait until it is ready, and try it out.

        Raises:
            RecipeError: vLLM is not installed, an option is unknown, or the model does not fit.
            EndpointError: fatal; the server did not start, with the end of its log.
        """
        from ..endpoint import EndpointConnection

        taking = asyncio.create_task(asyncio.to_thread(take, self._wanted, self._log, self._tell))
        try:
            self._held = await asyncio.shield(taking)
        except asyncio.CancelledError:
            # The thread goes on; what it takes is given back.
            taking.add_done_callback(_give_back)
            raise
        try:
            await self._until_ready(self._held)
            self._restarts = self._held.restarts
            launch = self._held.launch
            inner = EndpointConnection(
                self.spec.at(self._held.urls, launch.places),
                self.name,
                paces=self._paces,
                key=launch.key,
            )
            inner.meter = self.meter
            self._inner = inner
            await inner.open(form)
        except BaseException:
            await self.close()
            raise
        finally:
            self._tell("")

    async def send(self, request: Request) -> Reply:
        """Send one request; where the server dies under it, again once the server is back.

        Raises:
            EndpointError: as an endpoint's; fatal where the server cannot be started again.
        """
        inner, held = self._opened()
        deaths = 0
        while True:
            before = self._restarts
            try:
                return await inner.send(request)
            except EndpointError as error:
                lost = error.retryable and (error.status is None or error.status >= 500)
                if not lost or error.fatal or not await self._died(held, before):
                    raise
                deaths += 1
                if deaths >= DEATHS:
                    raise
                await self._until_ready(held)
                self._restarts = held.restarts

    async def close(self) -> None:
        """Close the connections with the server, and need it no longer."""
        inner, self._inner = self._inner, None
        held, self._held = self._held, None
        if inner is not None:
            await inner.close()
        if held is not None:
            held.release()

    def _opened(self) -> tuple[EndpointConnection, Held]:
        if self._inner is None or self._held is None:
            raise RuntimeError("the connection is not open")
        return self._inner, self._held

    async def _until_ready(self, held: Held) -> None:
        """Wait until all servers are ready, and say how far they are."""
        start = time.monotonic()
        while (phase := held.phase) != "ready":
            if phase is None or phase in ("failed", "ending"):
                await asyncio.sleep(POLL)  # its last words are written by then
                raise EndpointError(f"{self._wanted.who}: the server {held.why()}", fatal=True)
            seconds = time.monotonic() - start
            how = "starting again" if phase == "restarting" else held.progress()
            self._tell(f"its vLLM server {how} ({seconds:.0f} s; {held.launch.said})")
            await asyncio.sleep(POLL)
        self._tell("")

    async def _died(self, held: Held, before: int) -> bool:
        """Whether a fault came of a server's death, which its keeper may not have seen yet."""
        until = time.monotonic() + NOTICE_SECONDS
        while time.monotonic() < until:
            # What was known when the request went is older than a death that it met.
            if (restarts := held.restarts) > before or held.phase != "ready":
                self._restarts = max(self._restarts, restarts)
                return True
            await asyncio.sleep(POLL)
        return False


def _give_back(taking: asyncio.Task[Held]) -> None:
    if not taking.cancelled() and taking.exception() is None:
        taking.result().release()
