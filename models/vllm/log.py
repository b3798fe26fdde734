"""What a vLLM server's log says: how far a start has got, and why one failed."""

from __future__ import annotations

import re
from collections import deque
from pathlib import Path

__all__ = ["cause", "ended_on_port", "last_lines", "stage", "tail"]

_TAIL = 64 * 1024
_NOISE = re.compile(r"^\s*(\^+|~+|[\^~\s]+)?$")
_ANSI = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")
_PREFIX = re.compile(r"^(\([^)]*\) ?)*((ERROR|CRITICAL) [\d-]+ [\d:.]+ \[[^\]]*\] ?)?")
_SHARDS = re.compile(r"(\d+)% Completed \| (\d+)/(\d+)")
_FILES = re.compile(r"(?:Fetching|Downloading)[^:\n]*:\s*(\d+)%")
LINE_CHARS = 240

# In the order in which a start passes them: the last that is found is where it is.
_STAGES = (
    ("Fetching ", "downloading the model"),
    ("Downloading", "downloading the model"),
    ("Time spent downloading weights", "loading the model"),
    ("Starting to load model", "loading the model"),
    ("Loading safetensors", "loading the model"),
    ("Loading weights took", "warming up"),
    ("Warming up", "warming up"),
    ("Capturing CUDA graph", "warming up"),
    ("Available KV cache memory", "warming up"),
    ("init engine (profile", "getting ready"),
    ("Application startup complete", "getting ready"),
)


def stage(text: str) -> str:
    """How far a start has got, by its log: downloading, loading (with the share that is done),
    warming up."""
    best, said = -1, "starting"
    for place, (words, name) in enumerate(_STAGES):
        if place > best and words in text:
            best, said = place, name
    if said == "downloading the model" and (files := _FILES.findall(text)):
        return f"{said}, {files[-1]}%"
    if said == "loading the model" and (shards := _SHARDS.findall(text)):
        return f"{said}, {shards[-1][1]} of {shards[-1][2]} files"
    return said


def tail(file: Path, start: int = 0) -> str:
    """The end of a log, from byte `start` on at the earliest."""
    try:
        with open(file, "rb") as log:
            log.seek(0, 2)
            log.seek(max(start, log.tell() - _TAIL))
            return log.read().decode("utf-8", "replace")
    except OSError:
        return ""


def last_lines(text: str, most: int = 8) -> list[str]:
    """The last lines that say something; of a traceback, those that name the error."""
    lines: deque[str] = deque(maxlen=most)
    for raw in text.replace("\r", "\n").splitlines():
        line = _plain(raw)
        if _NOISE.match(line) or line.startswith(("    ", "  File ")):  # of a traceback
            continue
        lines.append(line if len(line) <= LINE_CHARS else line[: LINE_CHARS - 3] + "...")
    errors = [line for line in lines if re.match(r"\s*[\w.]*(Error|Exception)\b", line)]
    return errors[-2:] if len(errors) >= 2 and most <= 2 else list(lines)


def _plain(raw: str) -> str:
    """A line without colours, and without what says which process logged it and when."""
    return _PREFIX.sub("", _ANSI.sub("", raw)).rstrip()


def cause(text: str) -> str:
    """The line of a log that says why a server ended: its first error that names itself, since
    those after it are of processes that miss the first."""
    for raw in text.splitlines():
        line = _plain(raw).strip()
        found = re.match(r"(?:[\w.]*(?:Error|Exception)|error|[\w.]+: error): \S.*", line)
        if found:
            return line if len(line) <= LINE_CHARS else line[: LINE_CHARS - 3] + "..."
    return ""


def ended_on_port(text: str) -> bool:
    """Whether a server ended because somebody else has its port."""
    return "Address already in use" in text or "address already in use" in text
