"""Keeps texts that do not repeat themselves."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

from pydantic import Field, PositiveInt

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
        **{f"max_in_top_{n}_gram": 0.6 for n in (2, 3, 4)},
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
    """Greatest share of lines that stood in the text before. Here as below, without a number it
    is that of `limits` (`response`: no limit; `gopher`: 0.3), and 1 means no limit."""

    max_in_repeated_lines: Share | None = None
    """Greatest share of the text in such lines (0.6; 0.2)."""

    max_repeated_paragraphs: Share | None = None
    """Greatest share of paragraphs that stood in the text before (no limit; 0.3)."""

    max_in_repeated_paragraphs: Share | None = None
    """Greatest share of the text in such paragraphs (0.6; 0.2)."""

    max_in_top_2_gram: Share | None = None
    """Greatest share of the text in the most frequent run of two words (0.6; 0.2)."""

    max_in_top_3_gram: Share | None = None
    """The same for three words (0.6; 0.18)."""

    max_in_top_4_gram: Share | None = None
    """The same for four words (0.6; 0.16)."""

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

        table = columns.words(self.on)
        long = table.words >= self.min_words
        reasons: dict[int, str] = {}
        if self.max_in_a_row is not None:
            times = _in_a_row(table)
            for row in np.flatnonzero(times > self.max_in_a_row).tolist():
                reasons[row] = f"the same words {times[row]} times in a row"
        if not long.any():
            return reasons
        for what, most, shares in self._shares(table, long):
            for row in np.flatnonzero((shares > most) & long).tolist():
                reasons.setdefault(row, f"{shares[row]:.1%} {what}, more than {most:.0%}")
        return reasons

    def _shares(
        self, table: WordTable, among: NDArray[np.bool_]
    ) -> Iterator[tuple[str, float, NDArray[np.float64]]]:
        """What is shared, the most that may be, and how much each text has."""
        for name, edges in (("lines", table.line_edges), ("paragraphs", table.paragraph_edges)):
            runs = table.pieces(edges)
            if (most := self._limit(f"max_repeated_{name}")) < 1:
                yield f"of the {name} stood in it before", most, runs.repeated_count_share()
            if (most := self._limit(f"max_in_repeated_{name}")) < 1:
                yield f"of the text is in repeated {name}", most, runs.repeated_share()
        limits = {size: self._limit(f"max_in_top_{size}_gram") for size in _TOP}
        limits |= {size: self._limit(f"max_in_repeated_{size}_grams") for size in _REPEATED}
        wanted = [size for size, most in limits.items() if most < 1]
        among = among & _may_break(table, among, {size: limits[size] for size in wanted})
        for size, runs in table.grams(wanted, among):
            if size in _TOP:
                what = f"of the text is its most frequent run of {size} words"
                yield what, limits[size], runs.top_share()
            else:
                what = f"of the text is in repeated runs of {size} words"
                yield what, limits[size], runs.repeated_share()

    def _limit(self, name: str) -> float:
        own: float | None = getattr(self, name)
        return own if own is not None else _LIMITS[self.limits].get(name, 1.0)


def _may_break(
    table: WordTable, among: NDArray[np.bool_], limits: Mapping[int, float]
) -> NDArray[np.bool_]:
    """In which texts single words are repeated so much that runs of them may break a limit: what
    lies in a repeated run lies in repeated words, and no run is more frequent than its words."""
    import numpy as np

    top = [most / size for size, most in limits.items() if size in _TOP]
    repeated = [most for size, most in limits.items() if size in _REPEATED]
    possible = np.zeros(table.count, bool)
    for _, words in table.grams([1], among):
        possible |= words.heaviest_share() > min(top, default=1)
        possible |= words.repeated_share() > min(repeated, default=1)
    return possible


def _in_a_row(table: WordTable) -> NDArray[np.int64]:
    """How often a run of one to four words follows itself in each text, at most."""
    import numpy as np

    best = np.zeros(table.count, np.int64)
    hashes, owner = table.hashes, table.owner
    for size in range(1, 5):
        same = (hashes[size:] == hashes[:-size]) & (owner[size:] == owner[:-size])
        if size == 1:  # a rule of dashes, or a row of a table, is none
            same &= (table.stops - table.starts)[1:] > 1
        edges = np.flatnonzero(np.diff(np.concatenate(([False], same, [False])).astype(np.int8)))
        starts, lengths = edges[::2], edges[1::2] - edges[::2]
        np.maximum.at(best, owner[starts], lengths // size + 1)
    return best
