"""Keeps texts that are language, or code, and not noise."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

from pydantic import Field, NonNegativeInt, PositiveInt

from ..checks.patterns import Patterns
from ..checks.text_bytes import TextBytes
from ..checks.word_runs import WordRuns
from ..checks.word_table import WordTable, codes, marked
from .base import ColumnFilter
from .columns import Columns

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa
    from numpy.typing import NDArray

__all__ = ["Gibberish"]

Share = Annotated[float, Field(ge=0, le=1)]
Length = Annotated[float, Field(gt=0)]

_GOPHER: dict[str, float] = {
    "min_mean_word_length": 3,
    "max_mean_word_length": 10,
    "max_symbols_per_word": 0.1,
    "max_bullet_lines": 0.9,
    "max_ellipsis_lines": 0.3,
    "min_alphabetic_words": 0.8,
    "min_stop_words": 2,
}
_STOP_WORDS = ("the", "be", "to", "of", "and", "that", "have", "with")

_MOJIBAKE = r"â€[™œ“”˜¦¢\x{9D}\x{99}\x{9C}]|Ã[\x{80}-\x{BF}]|ðŸ|Â[\x{A0}°«»©®·]|ï»¿"
_FILLER = Patterns(["lorem ipsum"])
_BULLET = r"(?m)^[ \t]*(?:[-*•●‣▪◦]|\d+[.)])[ \t]"
_ELLIPSIS_END = r"(?m)(?:…|\.\.\.)[ \t\r]*$"
_SYMBOLS = r"#|…|\.\.\."
_LEAST_LETTERS = 5
"""A word of fewer letters without a vowel may be an abbreviation."""

_LEAST_WORDS = 5
"""Longer words from which on their share without a vowel says something."""


class Gibberish(ColumnFilter):
    """Drops samples whose response (or another text) is noise: broken characters, keys struck at
    random, endless runs of one letter, filler text.

    `limits: gopher` adds the rules of Gopher for pages of the web in English (Rae et al. 2021,
    arXiv 2112.11446, section A.1.1): mean length of words, symbols, bullets, ellipses, words with
    letters, stop words. Of good responses they drop sums, tables, code, lists and other languages,
    so they are not on by themselves; each can be set alone. They pass over texts of fewer than
    `min_words` words. `lorem_ipsum`, `curly_brackets` and `max_unfinished_lines` are rules of C4
    (Raffel et al. 2020, arXiv 1910.10683, section 2.2).
    """

    kind: ClassVar[str] = "gibberish"
    scalar: ClassVar[str] = "on"

    on: Literal["response", "instruction", "prompt", "rejected"] = "response"
    """Which text: as for `length`."""

    limits: Literal["response", "gopher"] = "response"
    """Which limits hold where none is given: none of the paper's, or all."""

    max_broken_characters: NonNegativeInt | None = 0
    """Greatest number of U+FFFD, which stands for bytes that were no text, and of pairs such as
    `â€™` or `Ã©`, which are UTF-8 read as Latin-1."""

    max_character_run: PositiveInt | None = 50
    """How often the same letter or digit may follow itself."""

    max_words_without_vowel: Share | None = 0.3
    """Greatest share of words of at least five letters of the Latin alphabet in which none is a
    vowel, where there are five such words or more."""

    lorem_ipsum: bool = True
    """Drop filler text, unless the sample's instruction speaks of it."""

    min_words: PositiveInt = 50
    """The rules below pass over texts of fewer words."""

    min_mean_word_length: Length | None = None
    """Least mean length of words in characters (`gopher`: 3)."""

    max_mean_word_length: Length | None = None
    """Greatest mean length of words in characters (`gopher`: 10)."""

    max_symbols_per_word: Annotated[float, Field(ge=0)] | None = None
    """Greatest number of hash signs and ellipses for each word (`gopher`: 0.1)."""

    max_bullet_lines: Share | None = None
    """Greatest share of lines that begin with a bullet or a number (`gopher`: 0.9)."""

    max_ellipsis_lines: Share | None = None
    """Greatest share of lines that end with an ellipsis (`gopher`: 0.3)."""

    min_alphabetic_words: Share | None = None
    """Least share of words with a letter (`gopher`: 0.8)."""

    min_stop_words: NonNegativeInt | None = None
    """How many of the, be, to, of, and, that, have, with must occur (`gopher`: 2)."""

    curly_brackets: bool = True
    """Whether a text may hold curly brackets. C4 drops pages with any, and code with them."""

    max_unfinished_lines: Share | None = None
    """Greatest share of lines that end without a full stop, an exclamation mark, a question mark
    or a closing quotation mark. C4 drops such lines; half of a page of them is a menu."""

    def reasons_to_drop(self, columns: Columns) -> Mapping[int, str]:
        """The first rule that is broken, with the value that decided."""
        reasons: dict[int, str] = {}
        for said in (self._noise(columns), self._rules(columns)):
            for row, reason in said:
                reasons.setdefault(row, reason)
        return reasons

    def _noise(self, columns: Columns) -> Iterator[tuple[int, str]]:
        """What is noise in a text of any length."""
        import numpy as np
        import pyarrow as pa
        from pyarrow import compute

        texts, table = columns.text(self.on), columns.words(self.on)
        if self.max_broken_characters is not None:
            rows = np.flatnonzero(~compute.string_is_ascii(texts).to_numpy(zero_copy_only=False))
            broken = _count(texts.take(pa.array(rows)), rf"\x{{FFFD}}|{_MOJIBAKE}")
            for at in np.flatnonzero(broken > self.max_broken_characters).tolist():
                said = f"{broken[at]:,} broken characters (U+FFFD, or such as â€™)"
                yield int(rows[at]), said
        if self.max_character_run is not None:
            runs = _character_runs(table)
            for row in np.flatnonzero(runs > self.max_character_run).tolist():
                yield row, f"the same character {runs[row]:,} times in a row"
        if self.max_words_without_vowel is not None:
            rows = _may_lack_vowels(table, self.max_words_without_vowel)
            shares = _without_vowel(WordTable(TextBytes(texts.take(pa.array(rows)))))
            for at in np.flatnonzero(shares > self.max_words_without_vowel).tolist():
                yield int(rows[at]), f"{shares[at]:.0%} of the longer words have no vowel"
        if self.lorem_ipsum:
            for row in _FILLER.rows_with_any(columns.bytes(self.on)).tolist():
                if "lorem" not in columns.text("instruction")[row].as_py().lower():
                    yield row, '"lorem ipsum"'

    def _rules(self, columns: Columns) -> Iterator[tuple[int, str]]:
        """What rules for pages say of texts that are long enough for them."""
        import numpy as np

        table = columns.words(self.on)
        long = table.words >= self.min_words
        if not long.any():
            return
        for name, unit in _RULES.items():
            limit = self._limit(name)
            if limit is None:
                continue
            values = _MEASURES[name](columns.text(self.on), table)
            least = name.startswith("min_")
            broken = (values < limit if least else values > limit) & long
            for row in np.flatnonzero(broken).tolist():
                value = float(values[row])
                than = "fewer" if least else "more"
                yield row, f"{value:.3g} {unit}, {than} than {limit:g}"
        if not self.curly_brackets:
            for row in np.flatnonzero((_count(columns.text(self.on), r"\{") > 0) & long).tolist():
                yield row, "a curly bracket"

    def _limit(self, name: str) -> float | None:
        own: float | None = getattr(self, name)
        if own is None and self.limits == "gopher":
            return _GOPHER.get(name)
        return own


def _count(texts: pa.Array, pattern: str) -> NDArray[np.int64]:
    """How often a pattern occurs in each text."""
    import numpy as np
    from pyarrow import compute

    found: NDArray[np.int64] = compute.count_substring_regex(texts, pattern).to_numpy()
    return found.astype(np.int64)


def _character_runs(table: WordTable) -> NDArray[np.int64]:
    """How often a letter or digit of ASCII follows itself in each text, at most."""
    import numpy as np

    raw = table.raw
    same = np.flatnonzero(raw[1:] == raw[:-1])
    same = same[np.frombuffer(_PLAIN, np.bool_)[raw[same]]]
    best = np.zeros(table.count, np.int64)
    if len(same):
        starts = np.flatnonzero(np.diff(same, prepend=-2) > 1)
        lengths = np.diff(starts, append=len(same))
        np.maximum.at(best, np.searchsorted(table.ends, same[starts]), lengths + 1)
    return best


def _may_lack_vowels(table: WordTable, most: float) -> NDArray[np.int64]:
    """The texts in which more than this share of the longer words may be without a vowel."""
    import numpy as np

    bare = table.words_without(_VOWELS, _LEAST_LETTERS)
    heads = table.raw[table.starts[bare][:, None] + np.arange(_LEAST_LETTERS)]
    bare = bare[np.frombuffer(_LATIN, np.bool_)[heads].all(axis=1)]
    return np.flatnonzero(np.bincount(table.owner[bare], minlength=1) > most * _LEAST_WORDS)


def _without_vowel(table: WordTable) -> NDArray[np.float64]:
    """Of the words of several Latin letters, the share without a vowel; 0 where they are few."""
    import numpy as np

    lengths = table.stops - table.starts
    letters = table.count_in_words(marked(table.raw, _LATIN))
    words = (letters == lengths) & (letters >= _LEAST_LETTERS)
    bare = words & (table.count_in_words(marked(table.raw, _VOWELS)) == 0)
    count = np.bincount(table.owner[words], minlength=table.count)
    shares = np.bincount(table.owner[bare], minlength=table.count) / np.maximum(count, 1)
    return np.where(count >= _LEAST_WORDS, shares, 0.0)


_PLAIN = codes(code for code in range(128) if chr(code).isalnum())
_LATIN = codes(b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ")
_VOWELS = codes(b"aeiouyAEIOUY")
_LETTERS = codes([*range(65, 91), *range(97, 123), *range(128, 256)])


def _mean_word_length(texts: pa.Array, table: WordTable) -> NDArray[np.float64]:
    import numpy as np

    characters = table.count_in_words((table.raw & 0xC0) != 0x80)
    total = np.bincount(table.owner, characters, table.count)
    means: NDArray[np.float64] = total / np.maximum(table.words, 1)
    return means


def _symbols_per_word(texts: pa.Array, table: WordTable) -> NDArray[np.float64]:
    import numpy as np

    rates: NDArray[np.float64] = _count(texts, _SYMBOLS) / np.maximum(table.words, 1)
    return rates


def _share_of_lines(pattern: str, texts: pa.Array, table: WordTable) -> NDArray[np.float64]:
    import numpy as np

    lines = np.bincount(WordRuns(table).lines.owner, minlength=table.count)
    return np.minimum(_count(texts, pattern) / np.maximum(lines, 1), 1.0)


def _alphabetic_words(texts: pa.Array, table: WordTable) -> NDArray[np.float64]:
    import numpy as np

    with_letter = table.count_in_words(marked(table.raw, _LETTERS)) > 0
    count = np.bincount(table.owner[with_letter], minlength=table.count)
    shares: NDArray[np.float64] = count / np.maximum(table.words, 1)
    return shares


def _stop_words(texts: pa.Array, table: WordTable) -> NDArray[np.int64]:
    import numpy as np
    from pyarrow import compute

    found = np.zeros(len(texts), np.int64)
    for word in _STOP_WORDS:
        has = compute.match_substring_regex(texts, rf"(?i)\b{word}\b")
        found += has.to_numpy(zero_copy_only=False)
    return found


_RULES = {
    "min_mean_word_length": "characters in a word",
    "max_mean_word_length": "characters in a word",
    "max_symbols_per_word": "hash signs and ellipses for each word",
    "max_bullet_lines": "of the lines begin with a bullet",
    "max_ellipsis_lines": "of the lines end with an ellipsis",
    "min_alphabetic_words": "of the words have a letter",
    "min_stop_words": "different stop words",
    "max_unfinished_lines": "of the lines end without punctuation",
}
_MEASURES: Mapping[str, Callable[[Any, WordTable], NDArray[Any]]] = {
    "min_mean_word_length": _mean_word_length,
    "max_mean_word_length": _mean_word_length,
    "max_symbols_per_word": _symbols_per_word,
    "max_bullet_lines": partial(_share_of_lines, _BULLET),
    "max_ellipsis_lines": partial(_share_of_lines, _ELLIPSIS_END),
    "min_alphabetic_words": _alphabetic_words,
    "min_stop_words": _stop_words,
    "max_unfinished_lines": partial(_share_of_lines, r"(?m)[^.!?\"'”’。！？\s][ \t\r]*$"),
}
