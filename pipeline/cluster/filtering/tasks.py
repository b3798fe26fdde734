"""Work for Ray's tasks, and what comes of it."""

from __future__ import annotations

import pickle
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from functools import cache
from typing import TYPE_CHECKING, Any

from ....errors import ClusterError

if TYPE_CHECKING:
    from ray import ObjectRef

__all__ = ["call", "call_for_many", "in_order", "laid_out"]

RETRIES = 5
"""How often a task is begun again whose machine or process was lost."""


def call(function: Callable[..., Any], *given: Any) -> ObjectRef:
    """Have a function of a module called on the cluster; what is given may be references."""
    return _task().remote(function, None, *given)


def call_for_many(function: Callable[..., Any], parts: int, *given: Any) -> list[ObjectRef]:
    """As `call`, of a function that returns so many parts, each with a reference of its own."""
    found = _task().options(num_returns=parts).remote(function, parts, *given)
    return [found] if parts == 1 else list(found)


def in_order(refs: Iterable[ObjectRef]) -> Iterator[Any]:
    """What is behind references, each let go once it is handed out.

    Raises:
        SilversmithError: as the function that was called.
        ClusterError: the cluster could not do it.
    """
    import ray

    waiting = deque(refs)
    try:
        while waiting:
            yield _got(waiting.popleft())
    finally:  # after an error nobody needs the others
        for ref in waiting:
            ray.cancel(ref)


def laid_out(value: Any, called: str) -> ObjectRef:
    """Lay a value out for many tasks, which get it by the reference.

    Args:
        called: whose it is, for the message.

    Raises:
        ClusterError: it cannot travel.
    """
    import ray

    try:
        return ray.put(value)
    except (TypeError, AttributeError, pickle.PicklingError) as error:
        reason = " ".join(str(error).split())[:300].rstrip(".")
        raise ClusterError(
            f"{called} cannot travel to a cluster ({reason}): leave it out, or filter on one"
            " machine"
        ) from error


@cache
def _task() -> Any:
    import ray

    return ray.remote(num_cpus=1, max_retries=RETRIES)(_called)


def _called(function: Callable[..., Any], parts: int | None, *given: Any) -> Any:
    found = function(*given)
    return found[0] if parts == 1 else found


def _got(ref: ObjectRef) -> Any:
    import ray
    from ray.exceptions import OutOfMemoryError, RayError, RayTaskError

    try:
        return ray.get(ref)
    except RayTaskError as error:
        cause = error.cause
        while isinstance(cause, RayTaskError):  # of a task whose result this one was to take
            cause = cause.cause
        if isinstance(cause, Exception) and not isinstance(cause, RayError):
            raise cause from None
        raise ClusterError(_lost(error)) from error
    except OutOfMemoryError as error:
        raise ClusterError(
            "A worker was ended for want of memory, again and again: give the machines more of it,"
            " or start Ray with fewer CPUs on each (ray start --num-cpus), so that fewer tasks run"
            " side by side; the same command starts anew"
        ) from error
    except RayError as error:
        raise ClusterError(_lost(error)) from error


def _lost(error: Exception) -> str:
    said = " ".join(str(error).split())[:300].rstrip(".")
    return (
        f"The cluster lost work that could not be done again ({said}): look at its machines;"
        " the same command starts anew"
    )
