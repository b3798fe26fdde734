"""How many tokens the rows of an export have, counted by the model's own chat template."""

from __future__ import annotations

from array import array
from bisect import bisect_left, insort
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

import orjson
from pydantic import BaseModel, ConfigDict, Field

from ..errors import ExportError
from .chat_template import ChatTemplate
from .conversations import Conversation, conversations
from .numbers import counted

__all__ = ["Packing", "Quantiles", "TokenCount", "TokenReport", "in_a_sentence", "packed"]

_IDS_NAMED = 1_000
_HELD = ("p50", 50), ("p90", 90), ("p95", 95), ("p99", 99)


class _Record(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)


class Quantiles(_Record):
    """Tokens of a row: at least so many, at most so many, and so many in that share of the rows
    (50%, 90%, 95%, 99%) or fewer. Of a pair, its longer half."""

    least: int
    p50: int
    p90: int
    p95: int
    p99: int
    most: int


class Packing(_Record):
    """What packing saves: sequences laid end to end without cutting one (best fit, the longest
    first, as `packing_strategy: bfd` of TRL; Ding et al. 2024, Fewer truncations improve language
    modeling)."""

    length: int
    """Tokens that a packed sequence holds."""
    sequences: int
    """How many packed sequences the rows come to."""
    filled: float
    """Which share of their tokens is of rows, from 0 to 1."""
    fewer: float
    """How many times fewer sequences than rows."""


class TokenReport(_Record):
    """How long rows are for one model."""

    tokenizer: str
    """What the user called it."""
    tokenizer_hash: str
    """SHA-256 of tokenizer and chat template."""
    context: int | None
    """The longest that was asked for, in tokens; None where none was."""
    rows: int
    """How many were written."""
    sequences: int
    """How many sequences they are: two for a pair."""
    tokens: int
    """Of all sequences, the template's own included."""
    learned: int
    """How many of them count in the loss, with the starter configuration of the format."""
    learned_by: str
    """How that was found."""
    lengths: Quantiles | None
    """None where no row was written."""
    longer: int = Field(ge=0)
    """Rows with more tokens than the context."""
    longer_written: bool
    """Whether these were written all the same, so that a trainer cuts or refuses them."""
    longer_ids: tuple[str, ...]
    """The samples of these rows, the first 1,000."""
    refused: int = Field(ge=0)
    """Rows that the chat template refuses; they are not written."""
    refused_why: str
    """What it said of the first of them, or ""."""
    packing: Packing | None
    """None where a format has no single sequences to pack, or no context was given."""


class TokenCount:
    """Counts rows as they are written, and says which are too long.

    Args:
        template: of the model.
        context: the longest row that is wanted, in tokens; None for any.
        keep_longer: write the longer ones all the same.
    """

    def __init__(
        self, template: ChatTemplate, context: int | None = None, *, keep_longer: bool = False
    ) -> None:
        self._template = template
        self._context = context
        self._keep_longer = keep_longer
        self._lengths = array("I")
        self._sequences = self._tokens = self._learned = 0
        self._singles = True
        self._longer = self._refused = 0
        self._refused_why = ""
        self._longer_ids: list[str] = []
        self._kinds: Counter[str] = Counter()

    def reason_against(self, row: Mapping[str, Any], sample: str) -> str | None:
        """Why a row is not to be written, in a few words, or None; then it is counted.

        Raises:
            ExportError: the row holds no conversation that is known here.
        """
        found = conversations(orjson.loads(orjson.dumps(row)))  # as it will be read
        if not found:
            raise ExportError(
                f"The rows of this format ({', '.join(row)}) hold no conversation whose tokens can"
                " be counted: leave out --tokenizer"
            )
        try:
            counted = [self._count(one) for one in found]
        except ExportError as error:
            self._refused += 1
            self._refused_why = self._refused_why or str(error)
            return "refused by the chat template"
        length = max(tokens for tokens, _ in counted)
        if self._context is not None and length > self._context:
            self._longer += 1
            if len(self._longer_ids) < _IDS_NAMED:
                self._longer_ids.append(sample)
            if not self._keep_longer:
                return f"longer than {self._context:,} tokens"
        self._lengths.append(length)
        self._singles = self._singles and len(counted) == 1
        self._sequences += len(counted)
        self._tokens += sum(tokens for tokens, _ in counted)
        self._learned += sum(learned for _, learned in counted)
        self._kinds.update(one.learned for one in found)
        return None

    def report(self) -> TokenReport:
        """What was counted."""
        ordered = sorted(self._lengths)
        return TokenReport(
            tokenizer=self._template.name,
            tokenizer_hash=self._template.hash,
            context=self._context,
            rows=len(ordered),
            sequences=self._sequences,
            tokens=self._tokens,
            learned=self._learned,
            learned_by=self._learned_by(),
            lengths=_quantiles(ordered) if ordered else None,
            longer=self._longer,
            longer_written=self._keep_longer,
            longer_ids=tuple(dict.fromkeys(self._longer_ids)),
            refused=self._refused,
            refused_why=self._refused_why,
            packing=self._packing(ordered),
        )

    def _count(self, one: Conversation) -> tuple[int, int]:
        if one.learned == "nothing":
            return self._template.tokens(self._template.render(one.messages, reply_next=True))
        if one.learned == "completion":
            prompt = self._template.render(one.messages[: one.prompt], reply_next=True)
            return self._template.after(prompt, self._template.render(one.messages))
        text, spans = self._template.replies(one.messages)
        return self._template.tokens(text, spans)

    def _learned_by(self) -> str:
        said = []
        if self._kinds["replies"]:
            said.append(
                "the assistant's turns, as the chat template marks them by {% generation %}"
                if self._template.marks_replies
                else "the assistant's turns, by what the chat template writes before and after"
                " each; it does not mark them by {% generation %}"
            )
        if self._kinds["completion"]:
            said.append("what follows the prompt")
        if self._kinds["nothing"]:
            said.append("none of the prompts, which the model answers anew in training")
        return "; ".join(said)

    def _packing(self, ordered: list[int]) -> Packing | None:
        if not self._singles or self._context is None or not self._learned:
            return None
        return packed(ordered, self._context) if ordered else None


def in_a_sentence(of: TokenReport) -> str:
    """What a person needs to hear of it at once."""
    said = f"{of.tokens:,} tokens, {of.learned:,} of them learned"
    if of.lengths is not None:
        said += f"; a row has {of.lengths.p50:,} (half of them), {of.lengths.most:,} at most"
    if of.longer and of.context is not None:
        what = "written all the same" if of.longer_written else "left out"
        said += f"; {what}: {counted(of.longer, 'row')} longer than {of.context:,}"
        said += f" (such as of sample {of.longer_ids[0]})"
    if of.refused:
        said += f"; {counted(of.refused, 'row')} refused: {of.refused_why}"
    return said


def packed(lengths: Iterable[int], length: int) -> Packing | None:
    """Lay sequences end to end: each, the longest first, into the fullest packed sequence that has
    room for it. What is longer than `length` is left out; None where nothing is left.

    Args:
        lengths: of the sequences, in tokens.
        length: of a packed sequence.
    """
    counts = Counter(one for one in lengths if 0 < one <= length)
    if not counts:
        return None
    room: Counter[int] = Counter()  # how many packed sequences have so much room left
    rooms: list[int] = []
    sequences = 0
    for size in sorted(counts, reverse=True):
        left = counts[size]
        while left:
            place = bisect_left(rooms, size)
            if place == len(rooms):
                space, bins = length, -(-left // (length // size))
                sequences += bins
            else:
                space, bins = rooms[place], room[rooms[place]]
            fits = space // size if size else left
            full, rest = min(bins, left // fits), left % fits
            some = 1 if full < bins and rest and full * fits + rest == left else 0
            if place < len(rooms):
                _leave(room, rooms, space, full + some)
            _enter(room, rooms, space - fits * size, full)
            if some:
                _enter(room, rooms, space - rest * size, 1)
            left -= full * fits + (rest if some else 0)
    tokens = sum(size * count for size, count in counts.items())
    return Packing(
        length=length,
        sequences=sequences,
        filled=round(tokens / (sequences * length), 4),
        fewer=round(counts.total() / sequences, 2),
    )


def _enter(room: Counter[int], rooms: list[int], space: int, bins: int) -> None:
    if not bins or not space:
        return
    if space not in room:
        insort(rooms, space)
    room[space] += bins


def _leave(room: Counter[int], rooms: list[int], space: int, bins: int) -> None:
    room[space] -= bins
    if not room[space]:
        del room[space]
        del rooms[bisect_left(rooms, space)]


def _quantiles(ordered: list[int]) -> Quantiles:
    """By the nearest rank."""
    held = {name: ordered[-(-percent * len(ordered) // 100) - 1] for name, percent in _HELD}
    return Quantiles(least=ordered[0], most=ordered[-1], **held)
