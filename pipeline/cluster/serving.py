"""The managed vLLM servers of a recipe's models, on the machines of a cluster.

On each machine with GPUs (where none has any, on each machine) an actor holds the machine's GPUs in
Ray's account, and starts there what one machine starts: the same servers, with the same options, in
the machine's own environment for vLLM. Only the address differs: they listen where the other
machines reach them. The workers ask them as they ask any endpoint of several addresses.
"""

from __future__ import annotations

import os
import secrets
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from ...errors import ClusterError, SilversmithError
from ...models import ModelSpec, managed_servers
from .connect import is_client
from .nodes import NODE_SECONDS, name_of
from .processor import ProcessorHost
from .standing import Standing

__all__ = ["Serving", "served"]

KEY_VARIABLE = "SILVERSMITH_CLUSTER_KEY"
LOOK_SECONDS = 0.5
END_SECONDS = 60.0
"""How long a machine may take to end its servers."""

RETRIES = 24
"""So often a request is repeated, at least: over ten minutes, in which a server that died is
started again."""


@dataclass(frozen=True)
class Serving:
    """Models that are served.

    Attributes:
        models: all of the recipe's, the managed ones as endpoints.
        said: of each managed one, which vLLM serves it and where.
        environment: what a worker needs in its environment to ask them.
        hosts: the machines' addresses, to which no proxy leads.
    """

    models: Mapping[str, ModelSpec]
    said: Mapping[str, str] = field(default_factory=dict)
    environment: Mapping[str, str] = field(default_factory=dict)
    hosts: tuple[str, ...] = ()


@contextmanager
def served(
    models: Mapping[str, ModelSpec],
    used: set[str],
    run_id: str,
    tell: Callable[[str], None],
    stopped: Callable[[], bool],
) -> Iterator[Serving]:
    """Have the managed models served as long as this lasts; where there are none, nothing is done.

    Args:
        models: the recipe's.
        used: the names of those that are asked.
        run_id: tells the run's files on the machines' disks from those of others.
        tell: is told how far the start has got.
        stopped: whether the run is to stop; the start is given up then.

    Raises:
        ClusterError: a machine cannot serve them; says which, and why.
    """
    managed = {
        name: spec for name, spec in models.items() if spec.engine is not None and name in used
    }
    if not managed:
        yield Serving(models)
        return
    key = secrets.token_urlsafe(24)
    hosts = _all_hosts(managed, run_id, key)
    try:
        tell("begun on the machines")
        if not _begun(hosts, stopped):
            yield Serving(models)
            return
        standings = _until_ready(hosts, tell, stopped)
        yield _serving(models, standings, key)
    finally:
        _end(hosts)


class _Host:
    """On a machine: holds the servers of all managed models. What Ray runs as an actor.

    Args:
        models: the managed ones, by name.
        run_id: see `served`.
        key: what the servers are to ask for.
    """

    def __init__(self, models: Mapping[str, ModelSpec], run_id: str, key: str) -> None:
        import ray

        self._models = models
        self._key = key
        self._address = ray.util.get_node_ip_address()
        user = f"silversmith-{os.getuid()}"
        node = ray.get_runtime_context().get_node_id()
        self._logs = Path(tempfile.gettempdir(), user, run_id, node)
        self._held: dict[str, Any] = {}

    def is_there(self) -> bool:
        """Whether Ray has found room for it."""
        return True

    def begin(self) -> None:
        """Begin the servers.

        Raises:
            SilversmithError: as `models.vllm.server.take`; or the weights are not on this machine.
        """
        from ...models.vllm.server import Wanted, take

        self._logs.mkdir(parents=True, exist_ok=True)
        # Ray sets it to the CPUs that an actor asks for; how many threads a server has is its own
        # affair.
        os.environ.pop("OMP_NUM_THREADS", None)
        for name, spec in self._models.items():
            wanted = Wanted.of(spec, name, managed_servers(self._models))
            if wanted.weights.startswith("/") and not Path(wanted.weights).is_dir():
                raise ClusterError(
                    f"model {name} has its weights in {wanted.weights}, which is not there: put"
                    " them at the same place on all machines that are to serve it"
                )
            # The GPUs are Ray's again when the run ends, so that no server may wait for a next one.
            engine = wanted.engine.model_copy(update={"keep_alive": 0.0})
            here = replace(wanted, engine=engine, host=self._address, key=self._key)
            self._held[name] = take(here, self._logs / f"vllm-{name}.log", lambda words: None)

    def look(self) -> dict[str, Standing]:
        """How the servers stand, by model."""
        return {name: _standing(held) for name, held in self._held.items()}

    def end(self) -> None:
        """Need the servers no longer, and wait until they have ended."""
        for held in self._held.values():
            held.release()
        while any(held.phase is not None for held in self._held.values()):
            time.sleep(LOOK_SECONDS)


def _standing(held: Any) -> Standing:
    phase = held.phase
    lost = phase in (None, "failed", "ending")
    return Standing(
        phase=phase,
        urls=held.urls,
        places=held.launch.places,
        said=held.launch.said,
        progress="" if lost or phase == "ready" else held.progress(),
        why=held.why() if lost else "",
    )


def _all_hosts(models: Mapping[str, ModelSpec], run_id: str, key: str) -> list[tuple[str, Any]]:
    """All actors that serve, each with a name.

    Raises:
        ClusterError: models of both kinds are to share GPUs.
    """
    import ray
    from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

    nodes = [node for node in ray.nodes() if node["Alive"]]
    gpus = sum(int(node["Resources"].get("GPU", 0)) for node in nodes)
    placed = {name: spec for name, spec in models.items() if _is_placed(spec)}
    alone = {name: spec for name, spec in models.items() if name not in placed}
    if gpus and placed and alone:
        raise ClusterError(
            f"Model {next(iter(alone))} is served by servers, which take all GPUs of a machine, so"
            f" that none is left for {next(iter(placed))}: set `engine.runner: ray.data.llm` for"
            " all managed models, or for none"
        )
    if gpus and len(placed) > gpus:
        raise ClusterError(f"There are {len(placed)} models to be placed on {gpus} GPUs")
    hosts = _hosts(alone, nodes, run_id, key) if alone else []
    where: Any = "DEFAULT"
    machine = "that holds the endpoint of ray.data.llm"
    if not is_client():  # beside the driver, without which there is no run
        here = ray.get_runtime_context().get_node_id()
        where = NodeAffinitySchedulingStrategy(here, soft=True)
        machine = next((name_of(node) for node in nodes if node["NodeID"] == here), machine)
    host = ray.remote(ProcessorHost).options(num_cpus=0, scheduling_strategy=where)
    for name, spec in placed.items():
        actor = host.remote(name, spec, key, gpus // len(placed))
        hosts.append((machine, actor))
    return hosts


def _is_placed(spec: ModelSpec) -> bool:
    return spec.engine is not None and spec.engine.runner == "ray.data.llm"


def _hosts(
    models: Mapping[str, ModelSpec], nodes: Sequence[dict[str, Any]], run_id: str, key: str
) -> list[tuple[str, Any]]:
    """An actor on each machine that is to serve, with the machine's name."""
    import ray
    from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

    with_gpus = [node for node in nodes if node["Resources"].get("GPU", 0) >= 1]
    chosen = with_gpus or [node for node in nodes if node["Resources"].get("CPU", 0) > 0]
    host = ray.remote(_Host)
    return [
        (
            name_of(node),
            host.options(
                num_cpus=0,
                num_gpus=int(node["Resources"].get("GPU", 0)),
                scheduling_strategy=NodeAffinitySchedulingStrategy(node["NodeID"], soft=False),
            ).remote(models, run_id, key),
        )
        for node in chosen
    ]


def _begun(hosts: Sequence[tuple[str, Any]], stopped: Callable[[], bool]) -> bool:
    """Have all servers begun; returns whether the run goes on."""
    there = {host.is_there.remote(): name for name, host in hosts}
    until = time.monotonic() + NODE_SECONDS
    while missing := _answered(there):
        if stopped():
            return False
        if time.monotonic() > until:
            raise ClusterError(
                f"The machine {missing[0]} does not give its GPUs within {NODE_SECONDS:.0f} s: all"
                " of a machine's GPUs are asked for, and something else on the cluster holds some;"
                " see `ray status`"
            )
    begun = {host.begin.remote(): name for name, host in hosts}
    while _answered(begun):
        if stopped():
            return False
    return True


def _answered(asked: dict[Any, str]) -> list[str]:
    """Wait a moment for answers, and take out of `asked` what has come; returns the names of the
    machines that have not answered.

    Raises:
        ClusterError: one answers with an error.
    """
    import ray

    ready, _ = ray.wait(list(asked), num_returns=len(asked), timeout=LOOK_SECONDS)
    for answer in ready:
        _told(answer, asked.pop(answer))
    return list(asked.values())


def _told(answer: Any, name: str) -> Any:
    import ray
    from ray.exceptions import RayTaskError

    try:
        return ray.get(answer)
    except RayTaskError as error:
        cause = error.cause
        if isinstance(cause, SilversmithError):
            raise ClusterError(f"The machine {name}: {cause}") from error
        raise


def _until_ready(
    hosts: Sequence[tuple[str, Any]], tell: Callable[[str], None], stopped: Callable[[], bool]
) -> list[dict[str, Standing]]:
    """How the servers stand once all are ready, or once the run is to stop."""
    start = time.monotonic()
    while True:
        looks = [host.look.remote() for _, host in hosts]
        standings: list[dict[str, Standing]] = []
        waits = ""
        for (machine, _), look in zip(hosts, looks, strict=True):
            standings.append(_told(look, machine))
            for name, one in standings[-1].items():
                if one.why:
                    raise ClusterError(f"The machine {machine}: model {name}: the server {one.why}")
                if one.phase != "ready":
                    waits = waits or f"{one.progress} on {machine} ({one.said})"
        if not waits or stopped():
            return standings
        tell(f"{waits}, {time.monotonic() - start:.0f} s")
        time.sleep(LOOK_SECONDS)


def _serving(
    models: Mapping[str, ModelSpec], standings: Sequence[Mapping[str, Standing]], key: str
) -> Serving:
    from urllib.parse import urlsplit

    all_models, said = dict(models), {}
    hosts: list[str] = []
    for name in dict.fromkeys(name for one in standings for name in one):
        of_all = [one[name] for one in standings if name in one]
        # Two of Ray's nodes on one machine share a server.
        urls = tuple(dict.fromkeys(url for one in of_all for url in one.urls))
        spec, places = models[name], min(one.places for one in of_all)
        if _is_placed(spec):  # one endpoint has the places of all replicas
            spec = spec.model_copy(update={"concurrency": places})
        spec = spec.at(urls, places)
        all_models[name] = spec.model_copy(
            update={"api_key_env": KEY_VARIABLE, "retries": max(RETRIES, spec.retries)}
        )
        addresses = list(dict.fromkeys(str(urlsplit(url).hostname) for url in urls))
        hosts += addresses
        machines = f", on {len(addresses)} machines" if len(addresses) > 1 else ""
        said[name] = f"{of_all[0].said}{machines}"
    return Serving(all_models, said, {KEY_VARIABLE: key}, tuple(dict.fromkeys(hosts)))


def _end(hosts: Sequence[tuple[str, Any]]) -> None:
    """End all servers, then what held them. A machine that is gone has ended its own."""
    import ray
    from ray.exceptions import RayError

    with suppress(RayError):
        ends = [host.end.remote() for _, host in hosts]
        ray.wait(ends, num_returns=len(ends), timeout=END_SECONDS)
    for _, host in hosts:
        with suppress(RayError):
            ray.kill(host)
