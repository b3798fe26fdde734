"""The keeper of a managed server: a process that owns it, and ends it in time.

It leads a session of its own, in which the servers and all that they start stay. It starts them,
sees when they are ready, starts one again that dies in the midst of its work, and ends them all
when the last run that uses them has gone, however that run ended, and `keep_alive` has passed.
Where the keeper itself is killed, the kernel ends the servers' first processes (prctl(2),
PR_SET_PDEATHSIG), and whoever starts a server next ends what is left.
"""

from __future__ import annotations

import ctypes
import os
import signal
import socket
import subprocess
import time
import urllib.request
from pathlib import Path
from types import FrameType

import orjson

from .log import cause, ended_on_port, tail
from .processes import Process, boot_id, end_all, of_session, process
from .state import Berth, Launch, ServerState, State

__all__ = ["main"]

POLL = 0.2
HEALTH_SECONDS = 5.0
ENDING_SECONDS = 15.0
"""A server that was told to end gets so long, before it is killed."""

MOST_RESTARTS = 3
"""So often a server that was ready is started again."""

MOST_PORTS = 5
"""So often another port is taken where somebody was quicker."""

_PR_SET_PDEATHSIG = 1

# A proxy that the environment names has no business on this machine.
_DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}))


class _Server:
    """One server of the keeper's."""

    def __init__(self, launch: Launch, number: int, folder: Path, state: ServerState) -> None:
        self.state = state
        self._folder = folder
        self._launch = launch
        self._number = number
        self._log = Path(launch.log)
        self._process: subprocess.Popen[bytes] | None = None
        self._ports = 0
        self._log_start = 0

    def start(self) -> None:
        words = [*self._launch.commands[self._number], "--port", str(self.state.port)]
        environment = {
            **os.environ,
            **self._launch.environments[self._number],
            "VLLM_API_KEY": self._launch.key,
        }
        with open(self._log, "ab") as log:
            self._log_start = log.tell()
            self._process = subprocess.Popen(
                words,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                env=environment,
                preexec_fn=_end_with_parent,
                cwd=self._folder,
                process_group=0,
            )
        self.state.pid = self._process.pid
        found = process(self._process.pid)
        self.state.started = found.started if found is not None else 0

    def ended(self) -> int | None:
        """Its status, where it has ended."""
        return self._process.poll() if self._process is not None else None

    def said(self) -> str:
        return tail(self._log, self._log_start)

    def other_port(self) -> bool:
        """After it ended for its port: take another one, where that may be."""
        if self._launch.port is not None or self._ports >= MOST_PORTS:
            return False
        self._ports += 1
        self.state.port = _free_port(self._launch.host)
        return True

    def is_well(self) -> bool:
        """Whether it answers, and to its own key."""
        return self._answers("/health") and self._answers("/v1/models")

    def _answers(self, path: str) -> bool:
        request = urllib.request.Request(
            f"{self._launch.url(self.state.port)}{path}",
            headers={"Authorization": f"Bearer {self._launch.key}"},
        )
        try:
            with _DIRECT.open(request, timeout=HEALTH_SECONDS) as response:
                return bool(response.status == 200)
        except (OSError, ValueError):
            return False


class Keeper:
    """Keeps the servers of a berth until nobody needs them.

    Args:
        berth: where the launch is written.
        launch: how to start them.
    """

    def __init__(self, berth: Berth, launch: Launch) -> None:
        me = process(os.getpid())
        assert me is not None
        self._berth = berth
        self._launch = launch
        self._me = me
        self._state = State(boot_id(), me.pid, me.started)
        self._noted = b""
        self._told_to_end = False
        self._servers: list[_Server] = []
        self._until: float | None = None

    def run(self) -> None:
        """From the start to the end of all."""
        for one in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(one, self._end)
        ports = _ports(self._launch)
        self._state.servers = [ServerState(port) for port in ports]
        self._note()
        try:
            if taken := [port for port in ports if not _is_free(self._launch.host, port)]:
                self._state.phase = "failed"
                self._state.reason = f"did not start: port {taken[0]} is taken"
                self._note()
                return
            for number, state in enumerate(self._state.servers):
                server = _Server(self._launch, number, self._berth.folder, state)
                self._servers.append(server)
                server.start()
            self._note()
            while not self._is_over():
                time.sleep(POLL)
        finally:
            self._end_servers()

    def _is_over(self) -> bool:
        for server in self._servers:
            if not self._look_at(server):
                return True
        phases = {server.state.phase for server in self._servers}
        self._state.phase = (
            "ready" if phases == {"ready"} else "starting" if "starting" in phases else "restarting"
        )
        self._note()
        return self._told_to_end or self._is_left()

    def _look_at(self, server: _Server) -> bool:
        """See how a server stands, and start it again where it must be; returns whether the
        keeper goes on."""
        state = server.state
        status = server.ended()
        if status is None:
            if state.phase != "ready" and server.is_well():
                state.phase = "ready"
            return True
        said = server.said()
        if state.phase == "starting" and ended_on_port(said) and server.other_port():
            server.start()
            return True
        why = cause(said) or _status_in_words(status)
        if state.phase == "starting" or state.restarts >= MOST_RESTARTS:
            how = "did not start" if state.phase == "starting" else "died again and again"
            if ended_on_port(said):
                why = f"port {state.port} is taken"
            self._state.phase, self._state.reason = "failed", f"{how}: {why}"
            self._note()
            return False
        # What it had started may live on, and hold the GPU's memory.
        end_all((one for one in self._session() if one.group == state.pid), patience=2.0)
        state.restarts += 1
        state.phase = "restarting"
        self._state.phase, self._state.reason = "restarting", why
        self._note()
        server.start()
        return True

    def _is_left(self) -> bool:
        """Whether nobody uses the servers, and nobody is waited for any more. The decision is
        made while no run can take a lease."""
        with self._berth.deciding():
            for seconds in self._berth.lapsed():
                self._until = max(self._until or 0.0, time.monotonic() + seconds)
            if self._berth.is_leased():
                self._until = None
                return False
            if self._until is not None and time.monotonic() < self._until:
                return False
            self._state.phase = "ending"
            self._note()
            return True

    def _end_servers(self) -> None:
        if self._state.phase != "failed":
            self._state.phase = "ending"
            self._note()
        for one in self._servers:
            if one.ended() is None:
                os.kill(one.state.pid, signal.SIGTERM)
        until = time.monotonic() + ENDING_SECONDS
        while any(one.ended() is None for one in self._servers) and time.monotonic() < until:
            time.sleep(POLL)
        end_all(self._session(), patience=1.0)

    def _session(self) -> list[Process]:
        """All processes of the keeper's session but itself."""
        ours = of_session(self._me.pid, since=self._me.started)
        return [one for one in ours if one.pid != self._me.pid]

    def _note(self) -> None:
        now = orjson.dumps(self._state)
        if now != self._noted:
            self._noted = now
            self._berth.note(self._state)

    def _end(self, number: int, frame: FrameType | None) -> None:
        self._told_to_end = True


def main(folder: Path) -> None:
    """Keep the servers that a folder's launch describes."""
    berth = Berth(folder)
    with berth.keeping() as free:
        launch = berth.launch()
        if not free or launch is None:
            return
        Keeper(berth, launch).run()


def _ports(launch: Launch) -> list[int]:
    if launch.port is not None:
        return [launch.port + number for number in range(len(launch.commands))]
    ports: list[int] = []
    while len(ports) < len(launch.commands):
        if (port := _free_port(launch.host)) not in ports:
            ports.append(port)
    return ports


def _is_free(host: str, port: int) -> bool:
    """Whether nobody listens there. vLLM itself would share the port with another vLLM."""
    with _socket(host) as one:
        one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            one.bind((host, port))
        except OSError:
            return False
    return True


def _free_port(host: str) -> int:
    with _socket(host) as one:
        one.bind((host, 0))
        return int(one.getsockname()[1])


def _socket(host: str) -> socket.socket:
    return socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)


def _status_in_words(status: int) -> str:
    if status < 0:
        return f"it was ended by {signal.Signals(-status).name}"
    return f"it ended with status {status}"


def _end_with_parent() -> None:
    """Have the kernel end this process when the keeper dies. Only a first process of a server
    hears of it, which ends its own."""
    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
