"""The simulated model as a real OpenAI-compatible HTTP server, with set latency, limits and faults.

POST /v1/chat/completions and /v1/embeddings, GET /v1/models, GET /health, and batches (see
`server_batches`); GET /stats counts what happened since the start or the last POST /reset.
"""

from __future__ import annotations

import asyncio
import errno
import os
import signal
from collections.abc import Callable
from typing import Any

from ..errors import SilversmithError
from .server_endpoint import Endpoint, Stats
from .server_options import ServerOptions

__all__ = ["ServerOptions", "Stats", "serve"]

_LARGEST_REQUEST = 64 * 1024 * 1024


def _announce(address: str) -> None:
    print(f"listening on {address}", flush=True)


def serve(options: ServerOptions, *, announce: Callable[[str], None] = _announce) -> None:
    """Serve until SIGTERM or SIGINT.

    Args:
        options: how to behave.
        announce: called with the base URL, such as "http://127.0.0.1:8000/v1", once it answers.

    Raises:
        SilversmithError: the address cannot be listened on.
    """
    asyncio.run(_serve(options, announce))


async def _serve(options: ServerOptions, announce: Callable[[str], None]) -> None:
    from aiohttp import web

    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)

    def make(message: Any, payload: Any, protocol: Any, writer: Any, task: Any) -> web.BaseRequest:
        return web.BaseRequest(
            message, payload, protocol, writer, task, loop, client_max_size=_LARGEST_REQUEST
        )

    endpoint = Endpoint(options, stop)
    server = web.Server(
        endpoint.handle, request_factory=make, handler_cancellation=True, access_log=None
    )
    runner = web.ServerRunner(server, shutdown_timeout=1.0)
    await runner.setup()
    try:
        site = web.TCPSite(runner, options.host, options.port, backlog=4096)
        try:
            await site.start()
        except OSError as error:
            raise SilversmithError(_not_listening(options, error)) from error
        port = runner.addresses[0][1]
        host = f"[{options.host}]" if ":" in options.host else options.host
        announce(f"http://{host}:{port}/v1")
        await stop.wait()
    finally:
        await runner.cleanup()


def _not_listening(options: ServerOptions, error: OSError) -> str:
    host, port = options.host, options.port
    if error.errno == errno.EADDRINUSE:
        return f"Port {port} of {host} is in use; choose another one, or 0 for any free port."
    # The loop puts words of its own around a system's error, and none around a resolver's.
    number = error.errno or 0
    reason = os.strerror(number) if number > 0 else error.strerror or str(error)
    return f"The server cannot listen on port {port} of {host}: {reason}; choose another address."
