"""Recorded replies in the place of an endpoint: `replay:FILE`.

A reply is taken where the file has one to exactly what is asked, and never made up. It costs
nothing, whatever it cost once.
"""

from __future__ import annotations

import asyncio
from array import array
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import orjson

from ..errors import EndpointError
from .base import Purpose, Reply, Request, SchemaForm
from .meter import Meter
from .replay_file import ReplyFile
from .replay_line import Line, digest, prompt_hash, prompt_key, sample_key, text_key

__all__ = ["ReplayConnection", "prompt_hash"]

_SHOWN = 3


class ReplayConnection:
    """Answers with the replies of a file; the same request has the same answer, in every process.

    A line answers a request if all that it names holds: the sample, the prompt, the asker, the
    draw, the turn, the attempt. Where several do,

    - those that name the sample go before those that name the prompt with all its messages, and
      these before those that name the text of its last user message;
    - of these, the ones that name most;
    - of these, one that names the attempt; else the first of the file answers the first attempt,
      the second the second, and so on, and the last one all further attempts: asked again, it
      says the same again, so that a reply that cannot be used is what the sample fails with.

    A line that names a row by the row's own id answers one row: where another has the same id,
    nobody can tell whose reply it is.

    The body of a reply says under "replayed" which line it is from.

    Args:
        path: the file.
        model: who gave the replies that do not say it themselves; by default `replay:` and the
            file's name.
    """

    def __init__(self, path: str, model: str = "") -> None:
        self.meter = Meter()
        self._path = path
        self._name = Path(path).name
        self._model = model or f"replay:{self._name}"
        self._file: ReplyFile | None = None
        self._rows = array("Q")  # by the lines' numbers: the hash of the row that has it by its id

    @property
    def form(self) -> SchemaForm:
        """Always by schema."""
        return "json_schema"

    async def open(self, form: SchemaForm | None = None) -> None:
        """Read the file once, and check every line.

        Raises:
            EndpointError: fatal; the file cannot be read, or a line is wrong.
        """
        if self._file is None:
            self._file = await asyncio.to_thread(ReplyFile.read, self._path)
            self._rows = array("Q", bytes(8 * (self._file.last + 1)))

    async def send(self, request: Request) -> Reply:
        """The recorded reply.

        Raises:
            EndpointError: there is none to this request, or nobody can tell whose it is.
        """
        if self._file is None:
            await self.open()
        assert self._file is not None
        purpose = request.purpose or Purpose()
        self.meter.calls += 1
        line, near = _found(self._file, request.messages, purpose)
        if line is None:
            self.meter.failure("no recorded reply")
            raise EndpointError(_absent(self._path, request, purpose, near))
        self._take(line, purpose)
        body = {**line.body, "replayed": f"{self._name}#{line.number}"}
        reply = Reply.from_body(orjson.dumps({**body, "model": body.get("model") or self._model}))
        self.meter.answer(reply.usage)
        return reply

    def _take(self, line: Line, purpose: Purpose) -> None:
        """Note which row has a line by its own id.

        Raises:
            EndpointError: another one has it already.
        """
        if len(purpose.sample) < 3 or line.key != sample_key(purpose.sample[2]):
            return
        _, place, own = purpose.sample
        row = digest(place.encode())
        if self._rows[line.number] not in (0, row):
            self.meter.failure("no recorded reply")
            raise EndpointError(
                f"{self._path}, line {line.number}: another row than {place!r} has the id {own!r}"
                " as well, and this reply; give each row an id of its own, or say"
                f' "sample": {place!r} in the file of replies'
            )
        self._rows[line.number] = row

    async def close(self) -> None:
        """Let go of the file."""
        if self._file is not None:
            self._file.close()
            self._file = None


def _found(
    file: ReplyFile, messages: Sequence[Mapping[str, str]], purpose: Purpose
) -> tuple[Line | None, list[Line]]:
    """The line that answers; or, where none does, those that name the sample or the prompt but
    something else beside."""
    attempt = purpose.attempt
    # A later attempt carries the unusable reply and a word about it; a file may know it by its
    # whole prompt, or as a later reply to the first one.
    first = messages[:-2] if attempt else messages
    whole, bare, text = prompt_key(messages), prompt_key(first), text_key(_last_of_user(first))
    prompts = {whole, bare, text}
    places = [(sample_key(name), attempt) for name in purpose.sample]
    if attempt:
        places.append((whole, attempt - 1))
    places += [(bare, attempt), (text, attempt)]
    near: list[Line] = []
    for key, place in places:
        lines = file.lines(key)
        fitting = [line for line in lines if _fits(line, purpose, prompts)]
        if fitting:
            return _best(fitting, place), []
        near += lines
    return None, near


def _fits(line: Line, purpose: Purpose, prompts: set[bytes]) -> bool:
    return (
        (line.prompt is None or line.prompt in prompts)
        and line.asker in (None, purpose.asker)
        and line.draw in (None, purpose.draw)
        and line.turn in (None, purpose.turn)
        and line.attempt in (None, purpose.attempt)
    )


def _best(fitting: Sequence[Line], place: int) -> Line:
    most = max(map(_named, fitting))
    best = [line for line in fitting if _named(line) == most]
    for line in best:
        if line.attempt is not None:
            return line
    return best[min(place, len(best) - 1)]


def _named(line: Line) -> int:
    """How much a line names beside its key."""
    return sum(one is not None for one in line.answers[1:])


def _last_of_user(messages: Sequence[Mapping[str, str]]) -> str:
    return next((m["content"] for m in reversed(messages) if m["role"] == "user"), "")


def _absent(path: str, request: Request, purpose: Purpose, near: Sequence[Line]) -> str:
    hash_ = prompt_hash(request.messages)
    if purpose.sample:
        names = " or ".join(repr(name) for name in purpose.sample)
        what = f"to the sample {names}, nor to its prompt with the hash {hash_!r}"
    else:
        what = f"to the prompt with the hash {hash_!r}"
    if request.purpose is not None:
        what += (
            f" (asker {purpose.asker!r}, draw {purpose.draw}, turn {purpose.turn},"
            f" attempt {purpose.attempt})"
        )
    sentence = f"{path} holds no reply {what}"
    if not near:
        return sentence
    other = "with another asker, draw, turn, attempt or prompt"
    return f"{sentence}; {_numbers(line.number for line in near)} {other}"


def _numbers(numbers: Iterable[int]) -> str:
    known = sorted(set(numbers))
    shown = ", ".join(map(str, known[:_SHOWN])) + (", …" if len(known) > _SHOWN else "")
    return f"line {shown} names it, but" if len(known) == 1 else f"lines {shown} name it, but"
