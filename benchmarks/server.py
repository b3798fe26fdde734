"""The server that a benchmark sends its requests to."""

from __future__ import annotations

import contextlib
import json
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from typing import Any

__all__ = ["Server", "serving"]


class Server:
    """An OpenAI-compatible server.

    Attributes:
        root: its address without `/v1`.
    """

    def __init__(self, url: str) -> None:
        self.root = url.rstrip("/").removesuffix("/v1")

    @property
    def base_url(self) -> str:
        """What a client takes as its base URL."""
        return f"{self.root}/v1"

    def answers(self) -> bool:
        """Whether somebody is there."""
        try:
            urllib.request.urlopen(f"{self.base_url}/models", timeout=5).close()
        except urllib.error.HTTPError:
            return True  # it wants a key, or does not know the path: it is there
        except OSError:
            return False
        return True

    def reset(self) -> None:
        """Set its counters back, where it has any."""
        self._json("/reset", "POST")

    def stats(self) -> dict[str, Any]:
        """Its counters, or {} where it tells none."""
        return self._json("/stats", "GET")

    def _json(self, path: str, method: str) -> dict[str, Any]:
        request = urllib.request.Request(self.root + path, method=method)
        try:
            with urllib.request.urlopen(request, timeout=5) as reply:
                return dict(json.load(reply))
        except (OSError, ValueError):
            return {}


@contextlib.contextmanager
def serving(url: str | None, options: Sequence[str]) -> Iterator[Server]:
    """The server of that address, or else `silversmith simulate` with these options on a free
    port, stopped at the end."""
    if url:
        server = Server(url)
        if not server.answers():
            sys.exit(f"no server answers at {server.base_url}")
        yield server
        return
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    server = Server(f"http://127.0.0.1:{port}")
    command = [sys.executable, "-m", "silversmith", "simulate", "--port", str(port), *options]
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    try:
        until = time.monotonic() + 30
        while not server.answers():
            if process.poll() is not None or time.monotonic() > until:
                sys.exit(f"the simulated server did not start: {' '.join(command)}")
            time.sleep(0.05)
        yield server
    finally:
        process.terminate()
        process.wait()
