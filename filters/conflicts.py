"""Finds samples with the same prompt whose answers contradict each other."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, ClassVar, Literal

from ..checks import normalise
from ..checks.answers import final_answer, same_answer
from .base import DatasetFilter, Drop

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["Conflicts", "prompt_digests"]

_SIDES = {
    "yes": "yes", "true": "yes", "correct": "yes",
    "no": "no", "false": "no", "incorrect": "no",
}  # fmt: skip
_FIRST_WORD = re.compile(r"\W*(\w+)")
_DIGIT = re.compile(r"\d")
_STATED = re.compile(r"####|\\boxed|\banswer\s*(?:is|:)", re.IGNORECASE)
_WHOLE = 4  # words of a text that is nothing but an answer
_SHOWN = 40


class Conflicts(DatasetFilter):
    """Drops samples that have the same prompt as another one and contradict its answer.

    Prompts are the same as in `exact_duplicates`. Answers contradict each other where a program
    can tell: one begins with yes (true, correct) and the other with no; both have labels, and
    different ones; or both state a final answer with a number (after "####" or "answer:", in
    \\boxed{}, or as all they say), and different ones, as `silversmith.checks.answers` compares
    them. Answers that differ in other ways are let be.
    """

    kind: ClassVar[str] = "conflicts"
    scalar: ClassVar[str] = "keep"
    columns: ClassVar[tuple[str, ...]] = ("id", "prompt", "response", "labels", "score")

    keep: Literal["none", "majority", "score"] = "none"
    """Which side of a conflict is kept: none; the one that more than half of the samples are on; or
    the one of the sample with the highest score, if no other side reaches it."""

    def drops(self, table: pa.Table) -> Iterable[Drop]:
        """Rows on a side that is not kept, in row order."""
        found: dict[int, Drop] = {}
        for rows in _same_prompts(table):
            for drop in self._settled(rows, table):
                found.setdefault(drop.row, drop)
        for row in sorted(found):
            yield found[row]

    def bytes_per_row(self, characters: float) -> float:
        """The prompt's digest and the row's number (measured)."""
        return 250

    def _settled(self, rows: Sequence[int], table: pa.Table) -> Iterable[Drop]:
        texts = [table.column("response")[row].as_py() or "" for row in rows]
        labels = [tuple(sorted(table.column("labels")[row].as_py() or ())) for row in rows]
        kinds = ([_side(text) for text in texts], _labelled(labels), _numbered(texts))
        for sides in kinds:
            by_side: dict[str, list[int]] = defaultdict(list)
            for row, side in zip(rows, sides, strict=True):
                if side is not None:
                    by_side[side].append(row)
            if len(by_side) < 2:
                continue
            best = self._best(by_side, table)
            for side, mine in by_side.items():
                if side == best:
                    continue
                other = best if best is not None else next(one for one in by_side if one != side)
                first = by_side[other][0]
                name = table.column("id")[first].as_py()[:8]
                reason = f'"{_short(side)}" here, "{_short(other)}" in {name} to the same prompt'
                yield from (Drop(row, reason, first) for row in mine)

    def _best(self, by_side: dict[str, list[int]], table: pa.Table) -> str | None:
        if self.keep == "none":
            return None
        if self.keep == "majority":
            most = max(by_side, key=lambda side: len(by_side[side]))
            whole = sum(map(len, by_side.values()))
            return most if 2 * len(by_side[most]) > whole else None
        scores = {side: max(_score(table, row) for row in mine) for side, mine in by_side.items()}
        highest = max(scores.values())
        best = [side for side, score in scores.items() if score == highest]
        return best[0] if len(best) == 1 else None


def _same_prompts(table: pa.Table) -> Iterable[list[int]]:
    """Rows with the same prompt, where there are several."""
    groups: dict[bytes, list[int]] = defaultdict(list)
    for row, digest in prompt_digests(table):
        groups[digest].append(row)
    return (rows for rows in groups.values() if len(rows) > 1)


def prompt_digests(table: pa.Table) -> Iterator[tuple[int, bytes]]:
    """Of each row that has a prompt its number, and 16 bytes that are the same for the same
    prompt."""
    import hashlib

    row = 0
    for batch in table.select(["prompt"]).to_batches(max_chunksize=1024):
        for prompt in batch.column(0).to_pylist():
            text = normalise(prompt or "")
            if text:
                yield row, hashlib.blake2b(text.encode(), digest_size=16).digest()
            row += 1


def _side(text: str) -> str | None:
    word = _FIRST_WORD.match(text)
    return _SIDES.get(word[1].lower()) if word else None


def _labelled(labels: Sequence[tuple[str, ...]]) -> list[str | None]:
    return [", ".join(one) if one else None for one in labels]


def _numbered(texts: Sequence[str]) -> list[str | None]:
    """The final answers that hold a number, equal ones in the same words."""
    known: list[str] = []
    sides: list[str | None] = []
    for text in texts:
        stated = _STATED.search(text) or len(text.split()) <= _WHOLE
        answer = final_answer(text) if stated else ""
        if not _DIGIT.search(answer):
            sides.append(None)
            continue
        # What cannot be told is taken to be the same: it is no proven contradiction.
        like = next((one for one in known if same_answer(answer, one) is not False), None)
        if like is None:
            known.append(answer)
            like = answer
        sides.append(like)
    return sides


def _score(table: pa.Table, row: int) -> float:
    score = table.column("score")[row].as_py()
    return float(score) if score is not None and score == score else -1.0


def _short(text: str) -> str:
    return text if len(text) <= _SHOWN else f"{text[: _SHOWN - 1]}…"
