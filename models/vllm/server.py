"""Taking a managed server: one that runs already, or a new one."""

from __future__ import annotations

import fcntl
import hashlib
import os
import secrets
import shlex
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import orjson

from ...errors import EndpointError, RecipeError
from .hardware import gpus, memory_available
from .installed import Installed, installed, interpreter
from .log import last_lines, stage, tail
from .need import Need, need_of, with_options
from .options import EngineOptions, arguments, check_names
from .placement import Placement, Wish, check_memory, place
from .processes import Process, boot_id, end_all, of_session
from .state import LOOPBACK, Berth, Launch, Lease, Phase, State, state_root

if TYPE_CHECKING:
    from ..spec import ModelSpec

__all__ = ["Held", "Wanted", "end_idle", "end_orphans", "take"]

POLL = 0.2
KEEPER_SECONDS = 60.0
"""A keeper that has not shown itself by then is not coming."""

CPU_SEQUENCES = 64
"""How many requests a server on the CPU works on at once, at most."""

_KEEP = f"""import json, pathlib, sys
sys.path = json.loads(sys.argv[1])
from {__package__}.keeper import main
main(pathlib.Path(sys.argv[2]))"""

Tell = Callable[[str], None]


@dataclass(frozen=True)
class Wanted:
    """A server that a model of a recipe wants.

    Attributes:
        name: what the recipe calls the model (writer ...), for messages.
        model: the model's name, by which it is served.
        engine: how it is started.
        concurrency: how many requests may be under way at each server.
        max_tokens: the longest answer that the recipe asks for, or None.
        models: how many models of the recipe have managed servers.
        host: the address of this machine at which it is to listen.
        key: what it is to ask for; "" for a key of its own.
    """

    name: str
    model: str
    engine: EngineOptions
    concurrency: int
    max_tokens: int | None = None
    models: int = 1
    host: str = LOOPBACK
    key: str = ""

    @classmethod
    def of(cls, spec: ModelSpec, name: str, models: int = 1) -> Self:
        """What a recipe's model with `engine` wants."""
        assert spec.engine is not None
        limits = (spec.parameters.get(n) for n in ("max_completion_tokens", "max_tokens"))
        return cls(
            name=name,
            model=spec.model,
            engine=spec.engine,
            concurrency=spec.concurrency,
            max_tokens=next((limit for limit in limits if isinstance(limit, int)), None),
            models=models,
        )

    @property
    def places(self) -> int:
        """How many requests a server works on at once."""
        given = self.engine.passed.get("max_num_seqs")
        return given if isinstance(given, int) else self.concurrency

    @property
    def weights(self) -> str:
        """Where the model's files are."""
        return os.path.expanduser(self.engine.weights or self.model)

    @property
    def who(self) -> str:
        return f"model {self.name or 'in use'} ({self.model} on vLLM)"


class Held:
    """A server that is held: it stays at least until it is released.

    Attributes:
        launch: how it was started.
        found: whether it ran before.
    """

    def __init__(self, berth: Berth, lease: Lease, launch: Launch, *, found: bool) -> None:
        self._berth = berth
        self._lease = lease
        self.launch = launch
        self.found = found
        self._log_start = 0 if found else _size(Path(launch.log))

    @property
    def urls(self) -> tuple[str, ...]:
        """Where its endpoints are."""
        state = self._berth.state()
        servers = state.servers if state is not None else []
        return tuple(f"{self.launch.url(one.port)}/v1" for one in servers)

    @property
    def phase(self) -> Phase | None:
        """How it stands; None where its keeper is gone."""
        state = self._berth.state()
        if state is None or not _keeper(state).lives:
            return None
        return state.phase

    @property
    def restarts(self) -> int:
        """How often servers were started again."""
        state = self._berth.state()
        return sum(one.restarts for one in state.servers) if state is not None else 0

    def progress(self) -> str:
        """How far a start has got."""
        return stage(tail(Path(self.launch.log), self._log_start))

    def why(self) -> str:
        """Why it is not there, with the last lines of its log."""
        state = self._berth.state()
        reason = state.reason if state is not None else ""
        if not reason or (state is not None and state.phase not in ("failed", "restarting")):
            reason = "its keeper was ended"
        lines = last_lines(tail(Path(self.launch.log), self._log_start))
        shown = "".join(f"\n    {line}" for line in lines)
        return f"{reason}; the end of its log {self.launch.log}:{shown or ' nothing'}"

    def release(self) -> None:
        """Need it no longer."""
        self._lease.release()


def take(wanted: Wanted, log: Path, tell: Tell) -> Held:
    """Hold the server that a model wants: the one that runs already, or a new one that is starting.
    Servers whose keepers were killed are ended first.

    Args:
        wanted: what is wanted.
        log: the file for the output of a new one.
        tell: is told what goes on.

    Raises:
        RecipeError: vLLM is missing or too old, an option is unknown, or the model does not fit.
        EndpointError: the keeper does not start.
    """
    tell("its vLLM looked for")
    try:
        there = installed(interpreter(wanted.engine))
        check_names(wanted.engine, there.options, there.version)
        return _take(wanted, there, log, tell)
    except RecipeError as error:
        who = f"models.{wanted.name}: " if wanted.name else ""
        raise RecipeError(f"{who}{error}") from error


def end_orphans() -> list[int]:
    """End what is left of servers whose keepers were killed; returns the numbers of the processes
    that were ended."""
    ended: list[int] = []
    for folder in state_root().iterdir():
        if (folder / "state.json").is_file():
            berth = Berth(folder)
            with berth.deciding():
                if not berth.is_kept():
                    ended += _end_orphan(berth)
    return ended


def _take(wanted: Wanted, there: Installed, log: Path, tell: Tell) -> Held:
    berth = Berth(state_root() / _key(wanted, there))
    with _placing():
        with berth.deciding():
            if berth.is_kept() and (state := berth.state()) is not None:
                launch = berth.launch()
                if launch is not None and state.phase in ("starting", "ready", "restarting"):
                    lease = berth.lease(wanted.engine.keep_alive)
                    return Held(berth, lease, launch, found=True)
        _wait_until_left(berth)
        end_orphans()
        launch = _launch(wanted, there, log, tell)
        with berth.deciding():
            berth.set_launch(launch)
            lease = berth.lease(wanted.engine.keep_alive)
            held = Held(berth, lease, launch, found=False)
            try:
                _start_keeper(wanted, berth)
            except BaseException:
                lease.release()
                raise
            return held


def _wait_until_left(berth: Berth) -> None:
    """Wait for a keeper that is about to end."""
    while True:
        with berth.deciding():
            if not berth.is_kept():
                return
        time.sleep(POLL)


def _start_keeper(wanted: Wanted, berth: Berth) -> None:
    """Start the keeper, and wait until it has written its state."""
    berth.state_file.unlink(missing_ok=True)
    with open(berth.folder / "keeper.log", "wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-c", _KEEP, orjson.dumps(_search_path()).decode(), str(berth.folder)],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            cwd="/",
        )
    until = time.monotonic() + KEEPER_SECONDS
    while berth.state() is None:
        if process.poll() is not None or time.monotonic() > until:
            said = last_lines(tail(berth.folder / "keeper.log"), 2)
            raise EndpointError(
                f"{wanted.who}: the process that keeps its server did not start"
                f" ({' '.join(said) or process.returncode})",
                fatal=True,
            )
        time.sleep(POLL / 4)


def _search_path() -> list[str]:
    """Where the keeper finds this very package. It must not stand in the environment, which the
    servers get too."""
    return [path or os.getcwd() for path in sys.path]


def _key(wanted: Wanted, there: Installed) -> str:
    """What servers must have in common to be the same one."""
    engine = wanted.engine.model_dump(mode="json", exclude={"keep_alive", "python"})
    engine["max_num_seqs"] = wanted.places
    weights = os.path.realpath(wanted.weights) if os.path.isdir(wanted.weights) else wanted.weights
    parts = [
        os.path.realpath(there.python),
        there.python,
        there.version,
        wanted.model,
        weights,
        engine,
        os.environ.get("CUDA_VISIBLE_DEVICES"),
        wanted.host,
        wanted.key,
    ]
    data = orjson.dumps(parts, option=orjson.OPT_SORT_KEYS)
    return hashlib.blake2b(data, digest_size=10).hexdigest()


def _launch(wanted: Wanted, there: Installed, log: Path, tell: Tell) -> Launch:
    """How to start the servers: where there is room for them, with which options."""
    passed = wanted.engine.passed
    tell("its model measured")
    need = with_options(need_of(wanted.weights, there.python), passed)
    _check_lengths(wanted, need)
    usual: dict[str, Any] = {
        "model": wanted.weights,
        "served_model_name": wanted.model,
        "host": wanted.host,
        "enable_prefix_caching": True,
        "enable_prompt_tokens_details": True,
        "disable_uvicorn_access_log": True,
    }
    if there.device == "cpu":
        usual |= _on_cpu(wanted, need)
        groups: tuple[tuple[str, ...], ...] = ((),) * (wanted.engine.replicas or 1)
        said = "on the CPU"
    elif there.device in ("cuda", ""):  # vLLM for GPUs names no device where it finds none
        placement = _on_gpus(wanted, need)
        groups, said = placement.groups, placement.said
        together = len(groups[0])
        if "pipeline_parallel_size" not in passed and "data_parallel_size" not in passed:
            usual["tensor_parallel_size"] = together
        usual["gpu_memory_utilization"] = placement.share
        usual["max_num_seqs"] = wanted.places
    else:
        groups, said = ((),) * (wanted.engine.replicas or 1), f"on {there.device}"
    given = {**usual, **passed}
    words = [there.python, "-m", there.module, *arguments(given, there.options)]
    environments = [_environment(there.device, group) for group in groups]
    said = f"{there.package} {there.version}, {said}"
    with open(log, "a", encoding="utf-8") as file:
        print(f"silversmith starts {said}: {shlex.join(words)}", file=file)
    places = given.get("max_num_seqs")
    return Launch(
        commands=[words] * len(groups),
        environments=environments,
        log=str(log),
        key=wanted.key or _secret(),
        places=places if isinstance(places, int) else wanted.places,
        port=wanted.engine.port,
        said=said,
        host=wanted.host,
    )


def _check_lengths(wanted: Wanted, need: Need) -> None:
    length = wanted.engine.passed.get("max_model_len")
    longest = length if isinstance(length, int) else need.context
    if longest and wanted.max_tokens and wanted.max_tokens >= longest:
        raise RecipeError(
            f"parameters.max_tokens is {wanted.max_tokens:,}, and {wanted.model} reads and writes"
            f" {longest:,} tokens together: lower it, or raise `engine: {{max_model_len: ...}}`"
        )


def _on_cpu(wanted: Wanted, need: Need) -> dict[str, Any]:
    """Options that a server on the CPU needs."""
    passed = wanted.engine.passed
    length = passed.get("max_model_len")
    length = length if isinstance(length, int) and length > 0 else None
    longest = length or need.context or 4096
    sequences = min(wanted.places, CPU_SEQUENCES)
    if "max_num_seqs" in passed:
        sequences = wanted.places
    own: dict[str, Any] = {
        "max_num_seqs": sequences,
        # A prompt that is read in pieces kills the engine there where its request has a seed.
        "enable_chunked_prefill": False,
        "max_num_batched_tokens": max(4096, longest),
    }
    if "kv_cache_memory_bytes" not in passed and "VLLM_CPU_KVCACHE_SPACE" not in os.environ:
        available = memory_available() // (wanted.engine.replicas or 1)
        own["kv_cache_memory_bytes"] = check_memory(wanted.model, need, available, length)
    return own


def _on_gpus(wanted: Wanted, need: Need) -> Placement:
    passed = wanted.engine.passed
    sizes = [passed.get(f"{kind}_parallel_size") for kind in ("tensor", "pipeline", "data")]
    together = None
    if any(isinstance(size, int) for size in sizes):
        together = 1
        for size in sizes:
            together *= size if isinstance(size, int) else 1
    share, length = passed.get("gpu_memory_utilization"), passed.get("max_model_len")
    wish = Wish(
        replicas=wanted.engine.replicas,
        together=together,
        share=float(share) if isinstance(share, (int, float)) else None,
        length=length if isinstance(length, int) and length > 0 else None,
        models=wanted.models,
    )
    there = gpus()
    taken = _taken()
    left = [gpu for gpu in there if gpu.index not in taken]
    if len(there) >= wanted.models and left:
        # The GPUs of the other models' servers are known by now, whether they fill them yet or not.
        others = min(wanted.models - 1, len(taken))
        wish = Wish(wish.replicas, wish.together, wish.share, wish.length, wanted.models - others)
        there = left
    try:
        return place(wanted.model, need, there, wish)
    except RecipeError:
        if not end_idle():
            raise
    return place(wanted.model, need, gpus(), wish)


def _taken() -> set[str]:
    """The GPUs of managed servers that run."""
    taken: set[str] = set()
    for berth, _ in _others():
        launch = berth.launch()
        for environment in launch.environments if launch is not None else ():
            taken |= set(filter(None, environment.get("CUDA_VISIBLE_DEVICES", "").split(",")))
    return taken


def end_idle() -> bool:
    """End the servers that only wait for a next run; returns whether there were any."""
    idle: list[Process] = []
    for berth, state in _others():
        with berth.deciding():
            berth.lapsed()
            if not berth.is_leased():
                idle.append(_keeper(state))
    end_all(idle, patience=30.0)
    return bool(idle)


def _others() -> Iterator[tuple[Berth, State]]:
    """All servers with a living keeper."""
    for folder in state_root().iterdir():
        if (folder / "state.json").is_file():
            berth = Berth(folder)
            state = berth.state()
            if state is not None and state.boot == boot_id() and _keeper(state).lives:
                yield berth, state


def _keeper(state: State) -> Process:
    return Process(state.keeper, state.keeper, state.keeper, state.keeper_started)


def _end_orphan(berth: Berth) -> list[int]:
    """End what a killed keeper has left; call it while deciding, with no keeper there.

    The servers stay in the keeper's session. Its number can be another session's by now only if
    none of its processes is left, so that every process of the session must belong to one of the
    groups that the state names, and be no older than the keeper was."""
    state = berth.state()
    ended: list[int] = []
    if state is not None and state.boot == boot_id() and not _keeper(state).lives:
        groups = {one.pid for one in state.servers if one.pid}
        left = of_session(state.keeper, since=state.keeper_started)
        ours = [one for one in left if one.group in groups]
        end_all(ours, patience=2.0)
        ended = [one.pid for one in ours]
    berth.state_file.unlink(missing_ok=True)
    berth.lapsed()
    return ended


def _environment(device: str, group: tuple[str, ...]) -> dict[str, str]:
    """What a server finds in its environment beside what ours has."""
    own = {"VLLM_NO_USAGE_STATS": "1", "PYTHONUNBUFFERED": "1"}
    if device == "cpu":
        if "VLLM_CPU_OMP_THREADS_BIND" not in os.environ:
            # Threads bound to cores stand still where a container allows other cores.
            own["VLLM_CPU_OMP_THREADS_BIND"] = "nobind"
        if "OMP_NUM_THREADS" not in os.environ:
            own["OMP_NUM_THREADS"] = str(max(1, (os.cpu_count() or 2) - 1))
    if group:
        own["CUDA_VISIBLE_DEVICES"] = ",".join(group)
    return own


def _secret() -> str:
    """A key for a server: other users of the machine can reach its port."""
    return f"sm-{secrets.token_hex(24)}"


def _size(file: Path) -> int:
    try:
        return file.stat().st_size
    except OSError:
        return 0


@contextmanager
def _placing() -> Iterator[None]:
    """Nobody else chooses GPUs in the meantime."""
    handle = os.open(state_root() / "placing.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)
