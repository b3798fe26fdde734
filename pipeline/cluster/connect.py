"""Into a cluster, with all that its workers need, and out of it again."""

from __future__ import annotations

import logging
import os
import socket
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, TypeVar, cast
from urllib.parse import urlsplit

from ...errors import ClusterError
from ...records import Component
from .shipping import stage

__all__ = ["connect", "is_client", "on_cluster"]

T = TypeVar("T")

CLIENT_PORT = 10001
REACH_SECONDS = 10.0
INSTALL = "pip install 'silversmith[ray]'"


@contextmanager
def connect(address: str, parts: Sequence[Component], folder: Path) -> Iterator[None]:
    """Connect this process with a cluster; inside, its workers import this silversmith, the
    modules that the parts come from, and find the recipe's folder by `shipping.shipped_folder`.

    Args:
        address: "" for the cluster that RAY_ADDRESS names or that runs on this machine, or, where
            there is none, a Ray of this process's own; `HOST[:PORT]` for the Ray client server of
            a cluster elsewhere (by default port 10001).
        parts: what the workers are to import: generators, judges, filters.
        folder: the recipe's.

    Raises:
        ClusterError: Ray is not installed; nobody answers there; Ray or Python have other
            versions there; this process is connected with Ray already.
    """
    try:
        import ray
    except ImportError as error:
        raise ClusterError(f"--on ray needs Ray: {INSTALL}") from error
    if ray.is_initialized():
        raise ClusterError(
            "This process is connected with Ray already, without what the workers need: call"
            " ray.shutdown() before the run"
        )
    with TemporaryDirectory(prefix="silversmith-ray-") as staged:
        stage(parts, folder, Path(staged))
        options: dict[str, Any] = {
            "runtime_env": {"working_dir": staged},
            "log_to_driver": False,
            "logging_level": logging.ERROR,
        }
        os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            _begin(address, options)
        try:
            yield
        finally:
            ray.shutdown()


def is_client() -> bool:
    """Whether this process talks with a client server, and is no part of the cluster."""
    import ray

    return bool(ray.util.client.ray.is_connected())


def on_cluster(function: Callable[..., T], *arguments: Any) -> T:
    """What a function returns that uses Ray Data, which does not work through a client server:
    there it is called on the cluster."""
    import ray

    if not is_client():
        return function(*arguments)
    return cast(T, ray.get(ray.remote(function).options(num_cpus=0).remote(*arguments)))


def _begin(address: str, options: dict[str, Any]) -> None:
    import ray

    if address:
        host, port = _host_and_port(address)
        _check_reachable(host, port)
        _init(f"ray://{host}:{port}", f"ray://{host}:{port}", options)
        return
    named = os.environ.get("RAY_ADDRESS") or "auto"
    if named not in ("auto", "local"):
        if not named.startswith("ray://"):
            _check_reachable(*_host_and_port(named))
        _init(named, f"RAY_ADDRESS={named}", options)
        return
    if named == "auto":
        try:
            ray.init(address="auto", **options)
            return
        except ConnectionError:  # no cluster runs here
            pass
        except (RuntimeError, OSError, ValueError) as error:
            raise _said("the cluster of this machine", error) from error
    own = {"include_dashboard": False, "_node_ip_address": "127.0.0.1"}
    _init("local", "a Ray of this process's own", {**options, **own})


def _init(address: str, called: str, options: dict[str, Any]) -> None:
    import ray

    try:
        ray.init(address=address, **options)
    except (ConnectionError, RuntimeError, OSError, ValueError, ImportError) as error:
        raise _said(called, error) from error


def _said(called: str, error: Exception) -> ClusterError:
    """What Ray says, in one sentence."""
    text = " ".join(str(error).split())
    if "ersion mismatch" in text or "client_info.python_version" in text:
        return ClusterError(
            f"{called} has another version of Ray or Python than this process: install the same"
            f" ones on all machines ({text.rstrip('.')})"
        )
    if "grpc" in text and isinstance(error, ImportError):
        return ClusterError(f"ray:// needs Ray's client: {INSTALL}")
    return ClusterError(f"{called} cannot be used: {text.rstrip('.')[:500]}")


def _host_and_port(address: str) -> tuple[str, int]:
    try:
        parts = urlsplit(f"//{address.removeprefix('ray://')}")
        host, port = parts.hostname, parts.port
    except ValueError:
        host = port = None
    if not host or address.rstrip("/").count("/") > 2:
        raise ClusterError(
            f"{address!r} is no address of a cluster: write --on ray, or --on ray://HOST:PORT"
        )
    return host, port or CLIENT_PORT


def _check_reachable(host: str, port: int) -> None:
    """Ray itself tries for half a minute, and says it in twenty lines.

    Raises:
        ClusterError: nobody listens there.
    """
    try:
        socket.create_connection((host, port), timeout=REACH_SECONDS).close()
    except OSError as error:
        raise ClusterError(
            f"No Ray cluster answers at {host}:{port} ({error.strerror or error}): check the"
            " address, and that `ray start --head` runs there with its client server"
            f" (--ray-client-server-port={port})"
        ) from error
