"""For any test: the simulated server as a real process, and the command line in this one."""

from __future__ import annotations

import json
import os
import queue
import signal
import subprocess
import sys
import threading
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from silversmith.cli import main

# Who starts the tests in the background may have signals ignored, which every child inherits.
for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
    if signal.getsignal(number) == signal.SIG_IGN:
        signal.signal(number, signal.SIG_DFL)

COMMAND = [sys.executable, "-m", "silversmith", "simulate"]
START_S = 60


class Server:
    """A running `silversmith simulate`.

    Attributes:
        url: the base URL, up to `/v1`.
        process: the process; it ends with the test.
    """

    def __init__(self, options: dict[str, Any], env: dict[str, str]) -> None:
        words = [word for name, value in options.items() for word in _option(name, value)]
        self.process = subprocess.Popen(
            [*COMMAND, *words], stdout=subprocess.PIPE, text=True, env={**os.environ, **env}
        )
        line = self._first_line()
        if not line.startswith("listening on http://"):
            self.stop()
            raise RuntimeError(f"the server did not start: {line!r}")
        self.url = line.split()[-1]

    def _first_line(self) -> str:
        lines: queue.Queue[str] = queue.Queue()
        out = self.process.stdout
        assert out is not None
        threading.Thread(target=lambda: lines.put(out.readline()), daemon=True).start()
        try:
            return lines.get(timeout=START_S)
        except queue.Empty:
            return ""

    def stats(self) -> dict[str, int]:
        """The counts since the start or the last reset."""
        with urllib.request.urlopen(self.url.removesuffix("/v1") + "/stats", timeout=10) as reply:
            return dict(json.load(reply))

    def reset(self) -> None:
        """Start the counts anew."""
        address = self.url.removesuffix("/v1") + "/reset"
        urllib.request.urlopen(urllib.request.Request(address, method="POST"), timeout=10).close()

    def stop(self, how: signal.Signals = signal.SIGTERM) -> int:
        """End the process; returns its exit status."""
        if self.process.poll() is None:
            self.process.send_signal(how)
        try:
            status = self.process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            status = self.process.wait()
        if self.process.stdout is not None:
            self.process.stdout.close()
        return status


def _option(name: str, value: Any) -> list[str]:
    flag = f"--{name.replace('_', '-')}"
    if isinstance(value, bool):
        return [flag] if value else []
    if isinstance(value, (list, tuple)):
        return [word for one in value for word in (flag, str(one))]
    return [flag, str(value)]


def _servers() -> Iterator[Callable[..., Server]]:
    started: list[Server] = []

    def start(*, port: int = 0, env: dict[str, str] | None = None, **options: Any) -> Server:
        started.append(Server({"port": port, **options}, env or {}))
        return started[-1]

    yield start
    for server in started:
        server.stop()


@pytest.fixture
def simulate() -> Iterator[Callable[..., Server]]:
    """Start servers: `simulate(latency_ms=20, fail_rate=0.05)` takes the command's options, and
    `env` sets environment variables. They are stopped when the test ends."""
    yield from _servers()


@pytest.fixture(scope="module")
def module_simulate() -> Iterator[Callable[..., Server]]:
    """The same, for servers that all tests of a module share."""
    yield from _servers()


@pytest.fixture
def call(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., tuple[Any, str, str]]:
    """Runs `silversmith WORDS` in this process, in a folder of its own; returns status, output
    and errors."""
    monkeypatch.chdir(tmp_path)

    def run(*words: object) -> tuple[Any, str, str]:
        monkeypatch.setattr(sys, "argv", ["silversmith", *map(str, words)])
        status: Any = 0
        try:
            main()
        except SystemExit as end:
            status = end.code or 0
        said = capsys.readouterr()
        return status, said.out, said.err

    return run
