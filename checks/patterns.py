"""Which of many patterns are found in which of many texts, in one pass over their bytes.

The search is Hyperscan's (Wang et al., "Hyperscan: A Fast Multi-pattern Regex Matcher for Modern
CPUs", NSDI 2019), which reads a byte once, however many patterns there are.
"""

from __future__ import annotations

import functools
import re
import threading
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from .text_bytes import TextBytes

if TYPE_CHECKING:
    import hyperscan
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["Patterns", "in_any_case"]

_FURTHER = (
    "i\u0130\u0131\u017f\u1e9e\u2126\u212a\u212b\u03c2\u03d0\u03d1\u03d5\u03d6\u03f0\u03f1\u03f5"
)
"""Letters that are another one in another case, which that one does not tell."""


def in_any_case(literal: str) -> str:
    """A pattern for a text whose case does not count, as `re.IGNORECASE` sees it: Hyperscan knows
    the cases of fewer scripts."""
    return "".join(map(_letter, literal))


@functools.lru_cache(maxsize=10_000)
def _letter(letter: str) -> str:
    forms = {letter, letter.lower(), letter.upper(), letter.title()}
    forms |= {form.swapcase() for form in forms} | set(_FURTHER)
    same = re.compile(re.escape(letter), re.IGNORECASE)
    equal = sorted(form for form in forms if len(form) == 1 and same.fullmatch(form))
    return f"[{''.join(equal)}]" if len(equal) > 1 else re.escape(letter)


class Patterns:
    """Some patterns to look for, as a first look that tells the few texts for a closer one.

    What is found may begin in the text before: so a pattern too many may be told, and none too few.

    Args:
        patterns: in the syntax of PCRE, without looking ahead or behind and without what matches
            nothing; `^` and `$` are the ends of a line.
        case: whether case counts; of scripts that have it since Unicode 6, and of the Turkish i,
            it counts in any case, but for what `in_any_case` writes.

    Raises:
        ValueError: one of them cannot be read.
    """

    def __init__(self, patterns: Sequence[str], *, case: bool = False) -> None:
        self._patterns = tuple(patterns)
        self._case = case

    def found_in(self, texts: TextBytes) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Numbers of texts and, beside each, that of a pattern which is in it; with repetitions."""
        import numpy as np

        numbers: list[int] = []
        ends: list[int] = []
        number_of, end_of = numbers.append, ends.append

        def found(number: int, start: int, end: int, flags: int, context: Any) -> None:
            number_of(number)
            end_of(end)

        if len(texts.raw):
            database, scratch = _compiled(self._patterns, self._case)
            database.scan(texts.raw.tobytes(), match_event_handler=found, scratch=scratch())
        last = np.array(ends, np.int64) - 1
        return np.searchsorted(texts.ends, last), np.array(numbers, np.int64)

    def rows_with_any(self, texts: TextBytes) -> NDArray[np.int64]:
        """The numbers of the texts with one of the patterns, ascending."""
        import numpy as np

        rows: NDArray[np.int64] = np.unique(self.found_in(texts)[0])
        return rows


class _Scratch(threading.local):
    """What a search writes into while it goes on: each thread has one of its own."""

    def __init__(self, database: hyperscan.Database) -> None:
        import hyperscan

        self._scratch = hyperscan.Scratch(database)

    def __call__(self) -> hyperscan.Scratch:
        return self._scratch


@functools.lru_cache(maxsize=64)
def _compiled(patterns: tuple[str, ...], case: bool) -> tuple[hyperscan.Database, _Scratch]:
    import hyperscan

    flags = hyperscan.HS_FLAG_UTF8 | hyperscan.HS_FLAG_MULTILINE
    flags |= 0 if case else hyperscan.HS_FLAG_CASELESS
    database = hyperscan.Database()
    try:
        database.compile(
            expressions=[one.encode() for one in patterns],
            ids=list(range(len(patterns))),
            flags=[flags] * len(patterns),
        )
    except hyperscan.error as error:
        raise ValueError(f"cannot look for {' | '.join(patterns)[:200]}: {error}") from error
    return database, _Scratch(database)
