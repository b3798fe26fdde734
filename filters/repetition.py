"""Keeps texts that do not repeat themselves."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

from pydantic import Field, PositiveInt

from ..checks.text_bytes import TextBytes
from ..checks.word_runs import WordRuns
from ..checks.word_table import WordTable
from .base import ColumnFilter
from .columns import Columns

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["Repetition"]

Share = Annotated[float, Field(ge=0, le=1)]

_LIMITS: dict[str, dict[str, float]] = {
    "response": {
        "max_in_repeated_lines": 0.6,
        "max_in_repeated_paragraphs": 0.6,
        "max_in_top_2_gram": 0.6,
        "max_in_top_3_gram": 0.75,
        "max_in_top_4_gram": 0.75,
        **{f"max_in_repeated_{n}_grams": 0.85 for n in (5, 6, 7)},
        "max_in_repeated_8_grams": 0.8,
        "max_in_repeated_9_grams": 0.75,
        "max_in_repeated_10_grams": 0.7,
    },
    "gopher": {
        "max_repeated_lines": 0.3,
        "max_in_repeated_lines": 0.2,
        "max_repeated_paragraphs": 0.3,
        "max_in_repeated_paragraphs": 0.2,
        "max_in_top_2_gram": 0.2,
        "max_in_top_3_gram": 0.18,
        "max_in_top_4_gram": 0.16,
        "max_in_repeated_5_grams": 0.15,
        "max_in_repeated_6_grams": 0.14,
        "max_in_repeated_7_grams": 0.13,
        "max_in_repeated_8_grams": 0.12,
        "max_in_repeated_9_grams": 0.11,
        "max_in_repeated_10_grams": 0.1,
    },
}
_TOP = range(2, 5)
_REPEATED = range(5, 11)


class Repetition(ColumnFilter):
    """Drops samples whose response (or another text) repeats itself, by the measures of Gopher
    (Rae et al. 2021, arXiv 2112.11446, table A1): how much of it is in lines, paragraphs and runs
    of words that stood in it before.

    The limits of the paper are for pages of the web. Of good responses they drop songs with a
    chorus, code and plans of like parts, so `limits: response`, which is the default, draws the
    line where a text is more repeated than not. A limit of its own goes before either.

    Shares are of a text's bytes in UTF-8. Words are what stands between white space, and each
    character of the scripts from kana to Han. The rules are for texts of at least `min_words`
    words, as in the paper, whose corpus has no shorter ones: in a short answer two equal words
    are a large share, and nothing is wrong with it. What a short text may repeat is limited by
    `max_in_a_row`, which looks at all texts.
    """

    kind: ClassVar[str] = "repetition"
    scalar: ClassVar[str] = "on"

    on: Literal["response", "instruction", "prompt", "rejected"] = "response"
    """Which text: as for `length`."""

    limits: Literal["response", "gopher"] = "response"
    """Which limits hold where none is given: for responses, or those of the paper."""

    min_words: PositiveInt = 50
    """The rules but `max_in_a_row` pass over texts of fewer words."""

    max_in_a_row: PositiveInt | None = 20
    """How often the same word (of at least two bytes), or the same run of up to four words, may
    follow itself without anything between."""

    max_repeated_lines: Share | None = None
    """Greatest share of lines that stood in the text before; the number of a list is no part of
    its line. Here as below, without a number it is that of `limits` (`response`: no limit;
    `gopher`: 0.3), and 1 means no limit."""

    max_in_repeated_lines: Share | None = None
    """Greatest share of the text in such lines (0.6; 0.2)."""

    max_repeated_paragraphs: Share | None = None
    """Greatest share of paragraphs that stood in the text before (no limit; 0.3)."""

    max_in_repeated_paragraphs: Share | None = None
    """Greatest share of the text in such paragraphs (0.6; 0.2)."""

    max_in_top_2_gram: Share | None = None
    """Greatest share of the text in the most frequent run of two words (0.6; 0.2)."""

    max_in_top_3_gram: Share | None = None
    """The same for three words (0.75; 0.18). Lists whose items begin alike have much of it."""

    max_in_top_4_gram: Share | None = None
    """The same for four words (0.75; 0.16)."""

    max_in_repeated_5_grams: Share | None = None
    """Greatest share of the text in runs of five words that stood in it before (0.85; 0.15)."""

    max_in_repeated_6_grams: Share | None = None
    """The same for six words (0.85; 0.14)."""

    max_in_repeated_7_grams: Share | None = None
    """The same for seven words (0.85; 0.13)."""

    max_in_repeated_8_grams: Share | None = None
    """The same for eight words (0.8; 0.12)."""

    max_in_repeated_9_grams: Share | None = None
    """The same for nine words (0.75; 0.11)."""

    max_in_repeated_10_grams: Share | None = None
    """The same for ten words (0.7; 0.1)."""

    def reasons_to_drop(self, columns: Columns) -> Mapping[int, str]:
        """The first rule that is broken, with the share that decided."""
        import numpy as np
        import pyarrow as pa

        table = columns.words(self.on)
        reasons: dict[int, str] = {}
        if self.max_in_a_row is not None:
            times = _in_a_row(table)
            for row in np.flatnonzero(times > self.max_in_a_row).tolist():
                reasons[row] = f"the same words {times[row]} times in a row"
        rows = np.flatnonzero((table.words >= self.min_words) & self._may_break(table))
        if not len(rows):
            return reasons
        # Few texts repeat enough to be looked at closely, so these get a table of their own.
        few = len(rows) < len(table.words) / 2
        some = WordTable(TextBytes(columns.text(self.on).take(pa.array(rows)))) if few else table
        for what, most, shares in self._shares(some):
            shares = shares if few else shares[rows]
            for at in np.flatnonzero(shares > most).tolist():
                reason = f"{shares[at]:.1%} {what}, more than {most:.0%}"
                reasons.setdefault(int(rows[at]), reason)
        return reasons

    def _may_break(self, table: WordTable) -> NDArray[np.bool_]:
        """In which texts words are repeated so much that a limit may be broken. What lies in a
        repeated line, paragraph or run of words lies in repeated words, and no run is more
        frequent than its words."""
        import numpy as np

        if any(self._limit(f"max_repeated_{name}") < 1 for name in ("lines", "paragraphs")):
            return np.ones(table.count, bool)
        names = ["max_in_repeated_lines", "max_in_repeated_paragraphs"]
        names += [f"max_in_repeated_{size}_grams" for size in _REPEATED]
        repeated = min(self._limit(name) for name in names)
        top = min(self._limit(f"max_in_top_{size}_gram") / size for size in _TOP)
        runs = WordRuns(table)
        return (runs.repeated_at_most() > repeated) | (runs.heaviest_at_most() > top)

    def _shares(self, table: WordTable) -> Iterator[tuple[str, float, NDArray[np.float64]]]:
        """What is shared, the most that may be, and how much each text has; of a text that has
        more than that, nothing further."""
        import numpy as np

        found = WordRuns(table)
        broken = np.zeros(table.count, bool)
        for name, runs in (("lines", found.lines), ("paragraphs", found.paragraphs)):
            if (most := self._limit(f"max_repeated_{name}")) < 1:
                shares = runs.repeated_count_share()
                yield f"of the {name} stood in it before", most, shares
                broken |= shares > most
            if (most := self._limit(f"max_in_repeated_{name}")) < 1:
                shares = runs.repeated_share()
                yield f"of the text is in repeated {name}", most, shares
                broken |= shares > most
        limits = {size: self._limit(f"max_in_top_{size}_gram") for size in _TOP}
        limits |= {size: self._limit(f"max_in_repeated_{size}_grams") for size in _REPEATED}
        wanted = [size for size, most in limits.items() if most < 1]
        heaviest = found.heaviest_at_most()
        words = np.flatnonzero(~broken[table.owner])
        for place, size in enumerate(wanted, 1):
            runs = found.of_size(size, words)
            repeated = runs.repeated_share()
            if size in _TOP:
                what, shares = "its most frequent run", runs.top_share()
            else:
                what, shares = "in repeated runs", repeated
            yield f"of the text is {what} of {size} words", limits[size], shares
            # What lies in a repeated run lies in repeated shorter ones, so that for longer runs
            # few texts are left.
            later = wanted[place:]
            left = repeated > min((limits[n] for n in later if n in _REPEATED), default=1)
            if tops := [limits[n] / n for n in later if n in _TOP]:
                left |= (heaviest > min(tops)) & (repeated > 0)
            left &= shares <= limits[size]
            words = runs.first[left[runs.owner]]

    def _limit(self, name: str) -> float:
        own: float | None = getattr(self, name)
        return own if own is not None else _LIMITS[self.limits].get(name, 1.0)


def _in_a_row(table: WordTable) -> NDArray[np.int64]:
    """How often a run of one to four words follows itself in each text, at most."""
    import numpy as np

    best = np.zeros(table.count, np.int64)
    hashes, owner = table.hashes, table.owner
    for size in range(1, 5):
        same = np.flatnonzero(hashes[size:] == hashes[:-size])
        same = same[owner[same + size] == owner[same]]
        if size == 1:  # a rule of dashes, or a row of a table, is none
            same = same[(table.stops - table.starts)[same + 1] > 1]
        if not len(same):
            continue
        starts = np.flatnonzero(np.diff(same, prepend=-2) > 1)
        lengths = np.diff(starts, append=len(same))
        np.maximum.at(best, owner[same[starts]], lengths // size + 1)
    return best
