"""What is on disk of a managed server: one folder for each, in the user's cache, on this machine.

    launch.json    how to start it, written by whoever starts it
    state.json     how it stands, written by its keeper alone
    keeper.lock    held by the keeper as long as it lives
    lock           held for moments, to decide about it
    leases/        one file for each run that uses it, held by the run as long as it lives

Locks are the kernel's (flock(2)): they are gone with the process that holds them, however that
ended.
"""

from __future__ import annotations

import fcntl
import os
import re
import secrets
import socket
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal

import orjson

from ...errors import RecipeError

__all__ = [
    "LOOPBACK",
    "Berth",
    "Launch",
    "Lease",
    "Phase",
    "ServerState",
    "State",
    "state_root",
    "write_whole",
]

LOOPBACK = "127.0.0.1"

Phase = Literal["starting", "ready", "restarting", "failed", "ending"]


@dataclass(frozen=True)
class Launch:
    """How to start the servers of a model.

    Attributes:
        commands: one command line for each replica, without `--port`.
        environments: what each adds to the environment.
        log: the file for their output.
        key: what a client must show.
        places: how many requests each works on at once.
        port: the first one's port, or None for free ones.
        said: where the servers run, in words.
        host: the address of this machine at which they listen.
    """

    commands: list[list[str]]
    environments: list[dict[str, str]]
    log: str
    key: str
    places: int
    port: int | None = None
    said: str = ""
    host: str = LOOPBACK

    def url(self, port: int) -> str:
        """Where the one at a port is, up to the path."""
        return f"http://{f'[{self.host}]' if ':' in self.host else self.host}:{port}"


@dataclass
class ServerState:
    """One server: its port, its process (number and start), how often it was started again."""

    port: int
    pid: int = 0
    started: int = 0
    phase: Phase = "starting"
    restarts: int = 0


@dataclass
class State:
    """How the servers of a model stand.

    Attributes:
        boot: the machine's start in which that is so.
        keeper, keeper_started: the keeper's process, which leads the session of all the others.
        phase: of all of them together.
        servers: one for each replica.
        reason: why they failed.
    """

    boot: str
    keeper: int
    keeper_started: int
    phase: Phase = "starting"
    servers: list[ServerState] = field(default_factory=list)
    reason: str = ""

    @classmethod
    def read(cls, file: Path) -> State | None:
        """The state in a file; None where there is none, or it is not whole."""
        try:
            values = orjson.loads(file.read_bytes())
            servers = [ServerState(**one) for one in values.pop("servers")]
            return cls(servers=servers, **values)
        except (OSError, orjson.JSONDecodeError, KeyError, TypeError, AttributeError):
            return None


class Lease:
    """The right to use a server, as long as the process lives or until it is released."""

    def __init__(self, file: Path, keep_alive: float) -> None:
        self._file = file
        self._handle = os.open(file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        fcntl.flock(self._handle, fcntl.LOCK_EX)
        os.write(self._handle, orjson.dumps(keep_alive))

    def release(self) -> None:
        """Give it back; a second time does nothing."""
        if self._handle >= 0:
            os.close(self._handle)
            self._handle = -1


class Berth:
    """The folder of one server.

    Args:
        folder: it is made where it is missing.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.leases = folder / "leases"
        self.leases.mkdir(parents=True, exist_ok=True, mode=0o700)

    @property
    def state_file(self) -> Path:
        return self.folder / "state.json"

    def state(self) -> State | None:
        """How it stands, as its keeper wrote it last."""
        return State.read(self.state_file)

    def note(self, state: State) -> None:
        """Write how it stands."""
        write_whole(self.state_file, orjson.dumps(asdict(state)))

    def launch(self) -> Launch | None:
        """How it was started."""
        try:
            return Launch(**orjson.loads((self.folder / "launch.json").read_bytes()))
        except (OSError, orjson.JSONDecodeError, TypeError):
            return None

    def set_launch(self, launch: Launch) -> None:
        """Write how it is to be started."""
        write_whole(self.folder / "launch.json", orjson.dumps(asdict(launch)))

    @contextmanager
    def deciding(self) -> Iterator[None]:
        """Nobody else decides about this server in the meantime."""
        with _held(self.folder / "lock", wait=True):
            yield

    @contextmanager
    def keeping(self) -> Iterator[bool]:
        """Be its keeper; yields whether one is (False: another process is)."""
        with _held(self.folder / "keeper.lock", wait=False) as held:
            yield held

    def is_kept(self) -> bool:
        """Whether a keeper lives."""
        with self.keeping() as free:
            return not free

    def lease(self, keep_alive: float) -> Lease:
        """A lease; call it while deciding."""
        return Lease(self.leases / secrets.token_hex(8), keep_alive)

    def lapsed(self) -> list[float]:
        """Take away the leases whose holders have gone; returns for how many seconds each wanted
        the server to be kept."""
        found = []
        for file in self.leases.iterdir():
            with _held(file, wait=False, there=True) as held:
                if held:
                    found.append(_seconds(file))
                    file.unlink(missing_ok=True)
        return found

    def is_leased(self) -> bool:
        """Whether anybody uses it; `lapsed` first."""
        return any(self.leases.iterdir())


def state_root() -> Path:
    """The folder of all servers on this machine (a home may be shared by several).

    Raises:
        RecipeError: it cannot be made.
    """
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    host = re.sub(r"[^\w.-]", "_", socket.gethostname()) or "host"
    root = cache / "silversmith" / "vllm" / host
    try:
        root.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as error:
        raise RecipeError(
            f"{root}, where running vLLM servers are noted, cannot be made ({error.strerror}): set"
            " XDG_CACHE_HOME to a folder that can be written"
        ) from error
    return root


def write_whole(file: Path, data: bytes) -> None:
    """Replace a file in one step, readable for its owner alone; whoever else writes it at the
    same time, in this process or another, writes a whole file too."""
    with tempfile.NamedTemporaryFile(
        dir=file.parent, prefix=f"{file.name}.", suffix=".part", delete=False
    ) as part:
        part.write(data)
    Path(part.name).replace(file)


def _seconds(file: Path) -> float:
    """What a lease says; one whose holder was killed while it wrote says nothing."""
    try:
        value: Any = orjson.loads(file.read_bytes())
    except (OSError, orjson.JSONDecodeError):
        return 0.0
    return float(value) if isinstance(value, (int, float)) else 0.0


@contextmanager
def _held(file: Path, *, wait: bool, there: bool = False) -> Iterator[bool]:
    """Hold a file's lock; yields whether it is held."""
    flags = os.O_RDWR | os.O_CLOEXEC | (0 if there else os.O_CREAT)
    try:
        handle = os.open(file, flags, 0o600)
    except FileNotFoundError:
        yield False
        return
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
        except BlockingIOError:
            yield False
            return
        yield True
    finally:
        os.close(handle)
