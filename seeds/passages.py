"""Documents cut into passages of bounded length, along headings and paragraphs."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ..records import Passage
from .blocks import Block

__all__ = ["passages"]

_SENTENCE_END = re.compile(r"[.!?…][\"'”’)\]]*(?=\s)|[。！？]")
_SPACE = re.compile(r"\s+")
_NEWLINE = re.compile(r"\n")


def passages(
    source: str, text: str, blocks: Sequence[Block], *, max_chars: int, min_chars: int
) -> Iterator[Passage]:
    """The passages of a document, in its order.

    A passage never crosses into another section, unless it is shorter than `min_chars` and both
    have a heading in common (or one of them has none, or is nothing but a heading). Every
    character but white space is in exactly one passage, and `text[start:end]` is the passage's
    text. Code stays whole where it fits; a longer paragraph is cut at the ends of sentences,
    else at white space, else anywhere.

    Args:
        source: the document's name.
        text: what the offsets count in.
        blocks: its blocks, in order.
        max_chars: no passage is longer.
        min_chars: a shorter one is joined with a neighbour, where both fit into `max_chars`.
    """
    chunks: list[_Chunk] = []
    for path, section in _sections(blocks):
        pieces = [
            piece
            for start, block in _with_heading(section)
            for piece in _pieces(text, start, block, max_chars)
        ]
        chunks += (
            _Chunk(start, end, path, bare=bool(section[0].level) and len(section) == 1)
            for start, end in _packed(text, pieces, max_chars, min_chars)
        )
    for chunk in _joined(chunks, max_chars, min_chars):
        yield Passage(
            source=source,
            start=chunk.start,
            end=chunk.end,
            text=text[chunk.start : chunk.end],
            heading=" > ".join(title for title in chunk.path if title),
        )


@dataclass(frozen=True, slots=True)
class _Chunk:
    """A passage to be; `path` holds the headings above it, and `bare` is a heading alone."""

    start: int
    end: int
    path: tuple[str, ...]
    bare: bool = False

    @property
    def length(self) -> int:
        return self.end - self.start


def _sections(blocks: Sequence[Block]) -> Iterator[tuple[tuple[str, ...], list[Block]]]:
    """Each heading with the blocks under it, and the headings above."""
    above: list[Block] = []
    section: list[Block] = []
    for block in blocks:
        if block.level:
            if section:
                yield tuple(heading.title for heading in above), section
            while above and above[-1].level >= block.level:
                above.pop()
            above.append(block)
            section = []
        section.append(block)
    if section:
        yield tuple(heading.title for heading in above), section


def _with_heading(section: list[Block]) -> list[tuple[int, Block]]:
    """The section's blocks, each with where it starts: its heading goes with the first one."""
    if section[0].level and len(section) > 1:
        return [(section[0].start, section[1]), *((block.start, block) for block in section[2:])]
    return [(block.start, block) for block in section]


def _pieces(text: str, start: int, block: Block, most: int) -> Iterator[tuple[int, int]]:
    """A block, from `start` on, in pieces that fit."""
    start, end = _trimmed(text, start, block.end)
    if start == end:
        return
    if end - start <= most:
        yield start, end
    elif block.inner:
        first, *rest = block.inner
        yield from _pieces(text, start, first, most)
        for inner in rest:
            yield from _pieces(text, inner.start, inner, most)
    elif block.code and start < block.start and end - block.start <= most:
        yield _trimmed(text, start, block.start)
        yield block.start, end
    else:
        yield from _cut(text, start, end, most, code=block.code)


def _cut(text: str, start: int, end: int, most: int, *, code: bool) -> Iterator[tuple[int, int]]:
    """A stretch of text in even pieces, each of at most `most` characters."""
    while end - start > most:
        remaining = end - start
        aim = start + math.ceil(remaining / math.ceil(remaining / most))
        place = _place_to_cut(text, start, aim, start + most, code=code)
        yield start, _end(text, start, place)
        start = _trimmed(text, place, end)[0] if code else _skip_space(text, place, end)
    yield start, end


def _place_to_cut(text: str, start: int, aim: int, limit: int, *, code: bool) -> int:
    """The best place near `aim`: the first one from there to `limit`, or the last one before."""
    earliest = start + (limit - start) // 4
    for pattern in (_NEWLINE, _SPACE) if code else (_SENTENCE_END, _SPACE):
        best = 0
        # One more character is looked at, for the white space after a sentence.
        for match in pattern.finditer(text, earliest, limit + 1):
            place = match.end() if pattern is _SENTENCE_END else match.start()
            if earliest <= place <= limit:
                best = place
                if place >= aim:
                    break
        if best:
            return best
    return limit


def _packed(
    text: str, pieces: list[tuple[int, int]], most: int, least: int
) -> Iterator[tuple[int, int]]:
    """Neighbouring pieces of a section put together as long as they fit. Words that end with a
    colon go with what follows them."""
    packs: list[list[tuple[int, int]]] = []
    for piece in pieces:
        if packs and piece[1] - packs[-1][0][0] <= most:
            packs[-1].append(piece)
            continue
        pack = [piece]
        if packs and len(packs[-1]) > 1 and text[packs[-1][-1][1] - 1] == ":":
            opening = packs[-1][-1]
            if piece[1] - opening[0] <= most:
                pack.insert(0, packs[-1].pop())
        packs.append(pack)
    if len(packs) > 1:
        # A short remainder takes from the pack before it.
        before, last = packs[-2:]
        while (
            len(before) > 1
            and last[-1][1] - last[0][0] < least
            and last[-1][1] - before[-1][0] <= most
        ):
            last.insert(0, before.pop())
    for pack in packs:
        yield pack[0][0], pack[-1][1]


def _joined(chunks: list[_Chunk], most: int, least: int) -> list[_Chunk]:
    """Chunks that are too short put together with a neighbour, preferring the one that has more
    headings in common, then the shorter one."""
    done: list[_Chunk] = []
    to_do = chunks[::-1]
    while to_do:
        chunk = to_do.pop()
        sides = [side for side in (to_do, done) if side and _fits(chunk, side[-1], most)]
        if chunk.length >= least or not sides:
            done.append(chunk)
            continue
        if chunk.bare:
            side = sides[0]
        else:
            side = max(sides, key=lambda s: (_in_common(chunk, s[-1]), -s[-1].length))
        to_do.append(_join(*sorted((chunk, side.pop()), key=lambda c: c.start)))
    return done


def _fits(one: _Chunk, other: _Chunk, most: int) -> bool:
    """Whether the first, which is too short, may join the other."""
    related = one.bare or not one.path or not other.path or _in_common(one, other) > 0
    return related and max(one.end, other.end) - min(one.start, other.start) <= most


def _join(first: _Chunk, second: _Chunk) -> _Chunk:
    """Both as one, under the headings that they have in common; a heading alone, and text under
    none, takes those of the other."""
    path = first.path[: _in_common(first, second)]
    if first.bare or not first.path:
        path = second.path or first.path
    elif second.bare or not second.path:
        path = first.path
    return _Chunk(first.start, second.end, path, first.bare and second.bare)


def _in_common(one: _Chunk, other: _Chunk) -> int:
    """How many headings both stand under."""
    count = 0
    for left, right in zip(one.path, other.path, strict=False):
        if left != right:
            break
        count += 1
    return count


def _trimmed(text: str, start: int, end: int) -> tuple[int, int]:
    """Without blank lines before and white space after; the first line keeps its indent."""
    first = _skip_space(text, start, end)
    if first == end:
        return end, end
    indent = text.rfind("\n", start, first) + 1
    return max(start, indent), _end(text, first, end)


def _skip_space(text: str, start: int, end: int) -> int:
    while start < end and text[start].isspace():
        start += 1
    return start


def _end(text: str, start: int, end: int) -> int:
    while end > start and text[end - 1].isspace():
        end -= 1
    return end
