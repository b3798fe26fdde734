"""Whether the machines of a cluster fit together, looked at on each before anything is asked."""

from __future__ import annotations

import os
import platform
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ...errors import ClusterError
from ...models import ModelSpec
from .storage import Storage

__all__ = ["NODE_SECONDS", "Seen", "check_nodes", "check_one", "name_of"]

NODE_SECONDS = 300.0
"""How long a machine may take for a first sign of life: it unpacks the package meanwhile."""


@dataclass(frozen=True)
class Seen:
    """What one machine says of itself."""

    python: str
    ray: str
    trouble: str
    keys: frozenset[str]


def check_nodes(models: Sequence[ModelSpec], storage: Storage) -> int:
    """See that every machine can import the package, has the versions of this one, has the keys,
    and shares the storage; returns how many machines may be given work.

    Raises:
        ClusterError: one does not; says which, and what to do.
    """
    import ray
    from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

    nodes = [node for node in ray.nodes() if node["Alive"] and node["Resources"].get("CPU", 0) > 0]
    if not nodes:
        raise ClusterError("The cluster has no machine with a CPU to give")
    variables = sorted({spec.key_variable for spec in models if spec.key_variable})
    nonce = f"nodes/{uuid.uuid4().hex}"
    mine = f"{nonce}/driver"
    look = ray.remote(_look)
    asked = {}
    try:
        _write(storage, mine)
        for node in nodes:
            where = NodeAffinitySchedulingStrategy(node["NodeID"], soft=False)
            asked[
                look.options(num_cpus=0, scheduling_strategy=where, max_retries=0).remote(
                    variables, storage.address, nonce, node["NodeID"]
                )
            ] = node
        for answer, node in asked.items():
            check_one(_answer(answer, node), node, variables, storage, nonce)
    finally:
        storage.remove(nonce.partition("/")[0])
    return len(nodes)


def _answer(answer: Any, node: dict[str, Any]) -> Seen:
    import ray

    try:
        seen: Seen = ray.get(answer, timeout=NODE_SECONDS)
    except ray.exceptions.GetTimeoutError as error:
        raise ClusterError(
            f"The machine {name_of(node)} does not answer within {NODE_SECONDS:.0f} s: see what"
            " `ray status` says of it"
        ) from error
    except ray.exceptions.RayError as error:
        lines = [line.strip() for line in str(error).splitlines() if line.strip()]
        raise ClusterError(
            f"The machine {name_of(node)} cannot run silversmith ({lines[-1] if lines else error}):"
            " install there what silversmith depends on, in the same versions as here"
        ) from error
    return seen


def check_one(
    seen: Seen, node: dict[str, Any], variables: Sequence[str], storage: Storage, nonce: str
) -> None:
    """See that a machine fits.

    Raises:
        ClusterError: it does not; as `check_nodes`.
    """
    import ray

    name = name_of(node)
    for what, there, here in (
        ("Python", seen.python, platform.python_version()),
        ("Ray", seen.ray, ray.__version__),
    ):
        if there != here:
            raise ClusterError(
                f"The machine {name} has {what} {there}, this one {here}: install the same on all"
            )
    missing = [variable for variable in variables if variable not in seen.keys]
    if missing:
        raise ClusterError(
            f"The machine {name} has no {' and no '.join(missing)} in its environment, which a"
            " model's key is read from: set it there before `ray start`"
        )
    shared = f"the folder {storage.address}" if storage.is_local else storage.address
    not_shared = (
        f"{shared} is not shared by all machines: what {{}} does not see. Put the run's folder"
        " (--out) on a file system that all of them have at the same place, or set `storage:`"
        " to one, or to a bucket"
    )
    if seen.trouble:
        raise ClusterError(not_shared.format(f"this one writes, {name}") + f" ({seen.trouble})")
    if node["NodeID"] not in storage.names(nonce):
        raise ClusterError(not_shared.format(f"{name} writes, this one"))


def _look(variables: Sequence[str], address: str, nonce: str, node: str) -> Seen:
    """On a machine of the cluster."""
    import ray

    trouble = ""
    try:
        storage = Storage(address)
        if "driver" not in storage.names(nonce):
            trouble = "there is no such file"
        _write(storage, f"{nonce}/{node}")
    except (ClusterError, OSError) as error:
        trouble = str(error)
    return Seen(
        platform.python_version(),
        ray.__version__,
        trouble,
        frozenset(variable for variable in variables if os.environ.get(variable)),
    )


def _write(storage: Storage, name: str) -> None:
    from tempfile import TemporaryDirectory

    with TemporaryDirectory(prefix="silversmith-node-") as folder:
        storage.write_json(name, {}, Path(folder))


def name_of(node: dict[str, Any]) -> str:
    """A machine's name, for people; several nodes on one are told apart by their ids."""
    return (
        f"{node['NodeManagerHostname']} ({node['NodeManagerAddress']}, node {node['NodeID'][:8]})"
    )
