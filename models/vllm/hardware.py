"""What a machine has: its GPUs as `nvidia-smi` tells them, and its memory."""

from __future__ import annotations

import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

__all__ = ["GIB", "Gpu", "gpu_count", "gpus", "has_nvidia", "memory_available"]

GIB = 2**30
_QUERY = "--query-gpu=index,uuid,name,memory.total,memory.free"
_SECONDS = 30.0


@dataclass(frozen=True)
class Gpu:
    """One GPU.

    Attributes:
        index: its number for CUDA_VISIBLE_DEVICES.
        name: its model.
        total, free: bytes of its memory.
    """

    index: str
    name: str
    total: int
    free: int


def has_nvidia() -> bool:
    """Whether there is a driver of NVIDIA's."""
    return shutil.which("nvidia-smi") is not None


def gpus() -> list[Gpu]:
    """The GPUs that may be used (CUDA_VISIBLE_DEVICES is heeded); none where `nvidia-smi` is
    missing or tells none."""
    if not has_nvidia():
        return []
    try:
        done = subprocess.run(
            ["nvidia-smi", _QUERY, "--format=csv,noheader,nounits"],
            capture_output=True,
            text=True,
            timeout=_SECONDS,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return []
    return read_gpus(done.stdout, os.environ.get("CUDA_VISIBLE_DEVICES"))


def read_gpus(text: str, visible: str | None) -> list[Gpu]:
    """The GPUs in the output of `nvidia-smi`.

    Args:
        text: a line each: index, uuid, name, MiB in all, MiB free.
        visible: CUDA_VISIBLE_DEVICES, by index or by the beginning of a uuid; None for all.
    """
    found: dict[str, Gpu] = {}
    uuids: dict[str, str] = {}
    for line in text.splitlines():
        parts = [part.strip() for part in line.split(",")]
        if len(parts) != 5 or not (parts[3].isdigit() and parts[4].isdigit()):
            continue  # a GPU that is lost, or shares the machine's memory ("[N/A]")
        index, uuid, name, total, free = parts
        found[index] = Gpu(index, name, int(total) * 2**20, int(free) * 2**20)
        uuids[uuid] = index
    if visible is None:
        return list(found.values())
    chosen = []
    for word in (part.strip() for part in visible.split(",")):
        index = next((i for uuid, i in uuids.items() if word and uuid.startswith(word)), word)
        if index not in found:
            break  # as CUDA does: what follows a wrong one does not count
        chosen.append(found[index])
    return chosen


def gpu_count() -> int:
    """How many GPUs may be used, without asking the driver; 0 where there is none."""
    visible = os.environ.get("CUDA_VISIBLE_DEVICES")
    there = len(list(Path("/dev").glob("nvidia[0-9]*")))
    if visible is None:
        return there
    return min(there, len([part for part in visible.split(",") if part.strip()]))


def memory_available() -> int:
    """Bytes of memory that can be used without swapping; within a control group, no more than
    that leaves."""
    available = 0
    for line in Path("/proc/meminfo").read_text().splitlines():
        if line.startswith("MemAvailable:"):
            available = int(line.split()[1]) * 1024
    try:
        most = Path("/sys/fs/cgroup/memory.max").read_text().strip()
        used = int(Path("/sys/fs/cgroup/memory.current").read_text())
    except (OSError, ValueError):
        return available
    return min(available, int(most) - used) if most.isdigit() else available
