"""Logs of inspect_ai: `.eval` (a zip, packed with zstandard or deflate) and JSON, version 2."""

from __future__ import annotations

import json
import struct
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from ...errors import SeedError
from ...records.evaluation import EvaluatedItem
from ..base import BadRow
from ..files import File, reason_of
from ..values import plain
from .log import Log, Scoring, said_of, text_of, texts_in, turns_of, verdict_of

__all__ = ["is_inspect", "read_inspect", "read_inspect_zip"]

_VERSION = 2
_ZSTD = 93
_LOCAL_HEADER = struct.Struct("<26xHH")
_LETTERS = {"C": 1.0, "P": 0.5, "I": 0.0, "N": 0.0}
_ATTACHED = "attachment://"
_LARGEST = 1 << 30
"""Bytes of one sample at most, unpacked: more is no log."""


def is_inspect(value: Mapping[str, Any]) -> bool:
    """Whether an object is a log in JSON."""
    return isinstance(value.get("eval"), Mapping) and "version" in value and "status" in value


def read_inspect(name: str, value: Mapping[str, Any], scoring: Scoring) -> Log:
    """The items of a log in JSON.

    Raises:
        SeedError: it is of another version, or has no samples.
    """
    samples = value.get("samples")
    return _log(name, value, samples if isinstance(samples, list) else [], scoring)


def read_inspect_zip(file: File, scoring: Scoring) -> Log:
    """The items of a `.eval` file; inspect_ai need not be installed.

    Raises:
        SeedError: it is damaged, of another version, or has no samples.
    """
    try:
        with zipfile.ZipFile(file.path) as archive, open(file.path, "rb") as raw:
            names = archive.namelist()
            head = next((n for n in ("header.json", "_journal/start.json") if n in names), None)
            if head is None:
                raise SeedError(f"{file.name}: is a zip, and no log of inspect_ai (no header.json)")
            header = _json(archive, raw, head)
            samples = (
                _json(archive, raw, one)
                for one in names
                if one.startswith("samples/") and one.endswith(".json")
            )
            return _log(file.name, header, samples, scoring)
    except (OSError, zipfile.BadZipFile, ValueError, struct.error) as error:
        raise SeedError(
            f"{file.name}: cannot be read as a log of inspect_ai ({reason_of(error)}); where the"
            " evaluation was cut short, `inspect log recover` mends it"
        ) from error


def _json(archive: zipfile.ZipFile, raw: Any, name: str) -> Any:
    info = archive.getinfo(name)
    if info.file_size > _LARGEST:
        raise ValueError(f"{name} says that it has {info.file_size:,} bytes")
    if info.compress_type != _ZSTD:
        return _parsed(archive.read(name))
    import pyarrow as pa

    # The zip module of Python knows zstandard from 3.14 on.
    raw.seek(info.header_offset)
    header = raw.read(30)
    if header[:4] != b"PK\x03\x04":
        raise ValueError(f"{name} is not where the zip says")
    name_bytes, extra_bytes = _LOCAL_HEADER.unpack(header)
    raw.seek(info.header_offset + 30 + name_bytes + extra_bytes)
    packed = raw.read(info.compress_size)
    try:
        return _parsed(pa.Codec("zstd").decompress(packed, info.file_size, asbytes=True))
    except (OSError, pa.ArrowException) as error:
        raise ValueError(f"{name} is damaged: {error}") from error


def _parsed(data: bytes) -> Any:
    return plain(json.loads(data.decode()))


def _log(name: str, header: Mapping[str, Any], samples: Iterable[Any], scoring: Scoring) -> Log:
    version = header.get("version")
    if not isinstance(version, int) or version > _VERSION:
        raise SeedError(
            f"{name}: is a log of inspect_ai of version {version}, and this silversmith knows"
            f" {_VERSION}: upgrade silversmith, or write it anew with `inspect log convert`"
        )
    about = header.get("eval")
    task = text_of(about.get("task")) if isinstance(about, Mapping) else ""
    items: list[EvaluatedItem] = []
    unusable: list[BadRow] = []
    for number, sample in enumerate(samples, 1):
        where = f"{name}, sample {number}"
        if not isinstance(sample, Mapping):
            unusable.append(BadRow(where, "is no object"))
            continue
        place = f"{name}#{sample.get('id', number)}"
        try:
            items.append(_item(place, where, sample, task.rpartition("/")[2], scoring))
        except ValueError as error:
            unusable.append(BadRow(where, str(error)))
    if not items and not unusable:
        raise SeedError(
            f"{name}: the log has no samples (its status is {header.get('status')!r}); run the"
            " evaluation with log_samples"
        )
    return Log(name, "inspect_ai", items, unusable)


def _item(
    place: str, where: str, sample: Mapping[str, Any], task: str, scoring: Scoring
) -> EvaluatedItem:
    attachments = sample.get("attachments") or {}

    def resolved(value: Any) -> Any:
        if isinstance(value, str):
            if value.startswith(_ATTACHED):
                return attachments.get(value.removeprefix(_ATTACHED), value)
            return value
        if isinstance(value, Mapping):
            return {key: resolved(one) for key, one in value.items()}
        if isinstance(value, list):
            return [resolved(one) for one in value]
        return value

    scorer, score, explanation = _score(where, sample, scoring)
    try:
        prompt, turns, last = turns_of(resolved(sample.get("input")) or "")
    except SeedError as error:
        raise ValueError(f"has no prompt that can be read: {error}") from error
    if not prompt.strip():
        raise ValueError("has no prompt")
    target = resolved(sample.get("target"))
    given = target if isinstance(target, list) else [target]
    expected = tuple(text for one in given if (text := text_of(one)).strip())
    choices = tuple(texts_in(resolved(sample.get("choices") or [])))
    output = resolved(sample.get("output") or {})
    answer = _completion(output)
    said = "" if explanation == answer else explanation
    return EvaluatedItem(
        source=place,
        prompt="\n".join([prompt, *choices]),
        output=answer,
        failed=scoring.has_failed(score),
        score=score,
        expected=expected,
        task=task,
        verdict=verdict_of((scorer, said)),
        turns=turns,
        texts=tuple(dict.fromkeys([last or prompt, *choices, *expected])),
    )


def _completion(output: Any) -> str:
    if not isinstance(output, Mapping):
        return ""
    for choice in output.get("choices") or ():
        message = choice.get("message") if isinstance(choice, Mapping) else None
        content = message.get("content") if isinstance(message, Mapping) else None
        if isinstance(content, str):
            return content
        if isinstance(content, list):
            return "\n".join(_parts(content))
    return text_of(output.get("completion"))


def _parts(content: Iterable[Any]) -> Iterator[str]:
    for part in content:
        if isinstance(part, Mapping) and isinstance(part.get("text"), str):
            yield part["text"]


def _score(where: str, sample: Mapping[str, Any], scoring: Scoring) -> tuple[str, float, str]:
    scores = sample.get("scores") or {}
    if not isinstance(scores, Mapping) or not scores:
        error = sample.get("error")
        why = text_of(error.get("message"))[:80] if isinstance(error, Mapping) else ""
        raise ValueError(f"was not scored{f' ({why})' if why else ''}")
    name = scoring.metric or str(next(iter(scores)))
    if name not in scores:
        raise SeedError(f"{where}: there is no scorer {name!r}; scorers: {', '.join(scores)}")
    given = scores[name] if isinstance(scores[name], Mapping) else {"value": scores[name]}
    value = given.get("value")
    if isinstance(value, Mapping):
        value = list(value.values())
    values = value if isinstance(value, list) else [value]
    numbers = [_number(one) for one in values]
    told = [one for one in numbers if one is not None]
    if not told:
        raise ValueError(f"was not scored by {name}")
    return name, sum(told) / len(told), text_of(given.get("explanation"))


def _number(value: Any) -> float | None:
    if isinstance(value, str) and value in _LETTERS:
        return _LETTERS[value]
    return said_of(value)
