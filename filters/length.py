"""Keeps texts of the right length."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal, Self

from pydantic import Field, NonNegativeInt, PrivateAttr, model_validator

from ..checks import count_words
from ..errors import RecipeError
from .base import ColumnFilter
from .columns import Columns

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["Length"]

Ratio = Annotated[float, Field(gt=0)]
TextName = Literal["response", "instruction", "prompt", "rejected"]

_UNITS = {"chars": "characters", "words": "words", "tokens": "tokens", "ratio": "times the words"}


class Length(ColumnFilter):
    """Drops samples whose response (or another text) is too short or too long.

    Words are counted as a word processor does: a piece between white space that holds a letter
    or digit is one word, and each character of a script without spaces (Chinese, Japanese, Thai,
    Lao, Burmese, Khmer) is one. Characters are Unicode code points, white space included.
    """

    kind: ClassVar[str] = "length"

    of: TextName = "response"
    """Which text: the last assistant message, the last user message, all before the last
    assistant message, or the last assistant message of the rejected half. A sample without a
    rejected half is kept under `rejected`."""

    min_words: NonNegativeInt | None = None
    """Least number of words."""

    max_words: NonNegativeInt | None = None
    """Greatest number of words."""

    min_chars: NonNegativeInt | None = None
    """Least number of characters."""

    max_chars: NonNegativeInt | None = None
    """Greatest number of characters."""

    min_tokens: NonNegativeInt | None = None
    """Least number of tokens, as `tokenizer` counts them, without special tokens."""

    max_tokens: NonNegativeInt | None = None
    """Greatest number of tokens."""

    tokenizer: str = ""
    """A tokenizer.json, or a folder that holds one (a downloaded model); tokens are counted, never
    estimated. Needs the extra: pip install 'silversmith[tokenizers]'."""

    min_ratio: Ratio | None = None
    """Least length in words, as a multiple of that of the text `to`; a sample without words there
    is kept."""

    max_ratio: Ratio | None = None
    """Greatest length in words, as a multiple of that of the text `to`."""

    to: TextName = "instruction"
    """What a ratio is to: as for `of`."""

    _tokenizer: Any = PrivateAttr(default=None)

    @model_validator(mode="after")
    def _bounds_make_sense(self) -> Self:
        bounds = {unit: self._bounds(unit) for unit in _UNITS}
        if all(pair == (None, None) for pair in bounds.values()):
            raise ValueError(
                "no bound: give at least one of `min_words`, `max_words`, `min_chars`, `max_chars`,"
                " `min_tokens`, `max_tokens`, `min_ratio`, `max_ratio`"
            )
        for unit, (least, most) in bounds.items():
            if least is not None and most is not None and least > most:
                raise ValueError(
                    f"`min_{unit}: {least}` is above `max_{unit}: {most}`, so nothing would be kept"
                )
        if bounds["tokens"] != (None, None) and not self.tokenizer:
            raise ValueError("`min_tokens` and `max_tokens` need `tokenizer`, which counts them")
        if bounds["ratio"] != (None, None) and self.of == self.to:
            raise ValueError(f"a ratio of `of: {self.of}` to `to: {self.to}` is always 1")
        return self

    def prepare(self, folder: Path) -> None:
        """Load the tokenizer."""
        if self.tokenizer:
            self._tokenizer = _load(folder / Path(self.tokenizer).expanduser())

    def reasons_to_drop(self, columns: Columns) -> Mapping[int, str]:
        """The first bound that is broken: of characters, words, tokens, then the ratio."""
        import numpy as np

        reasons: dict[int, str] = {}
        for unit, counts in self._counts(columns):
            least, most = self._bounds(unit)
            for bound, than in ((least, "fewer"), (most, "more")):
                if bound is None:
                    continue
                broken = counts < bound if than == "fewer" else counts > bound
                for row in np.flatnonzero(broken).tolist():
                    if unit == "ratio":
                        said = f"{counts[row]:.2f} times as many words as the {self.to}, {than}"
                    else:
                        said = f"{counts[row]} {_UNITS[unit]}, {than}"
                    reasons.setdefault(row, f"{said} than {bound}")
        if reasons and self.of == "rejected":
            from pyarrow import compute

            halves = compute.list_value_length(columns.column("rejected")).to_pylist()
            reasons = {row: reason for row, reason in reasons.items() if halves[row]}
        return reasons

    def _counts(self, columns: Columns) -> Iterator[tuple[str, NDArray[Any]]]:
        """What is bounded, with its value for each sample."""
        import numpy as np
        from pyarrow import compute

        if self._bounds("chars") != (None, None):
            yield "chars", compute.utf8_length(columns.text(self.of)).to_numpy()
        if self._bounds("words") != (None, None):
            yield "words", _words(columns, self.of, self.min_words, self.max_words)
        if self._bounds("tokens") != (None, None):
            if self._tokenizer is None:
                self.prepare(Path())
            texts = columns.text(self.of).to_pylist()
            found = self._tokenizer.encode_batch(texts, add_special_tokens=False)
            yield "tokens", np.array([len(one) for one in found], np.int64)
        if self._bounds("ratio") != (None, None):
            words, base = _words(columns, self.of), _words(columns, self.to)
            # Where there is nothing to compare with, every bound holds: NaN breaks none.
            yield "ratio", np.where(base > 0, words / np.maximum(base, 1), np.nan)

    def _bounds(self, unit: str) -> tuple[float | None, float | None]:
        return getattr(self, f"min_{unit}"), getattr(self, f"max_{unit}")


def _words(
    columns: Columns, name: str, least: int | None = None, most: int | None = None
) -> NDArray[np.int64]:
    """The words of each text, as `count_words` counts them. With bounds, texts of which it is clear
    without that which side of them they are on may have another count on the same side."""
    import numpy as np
    from pyarrow import compute

    texts, table = columns.text(name), columns.words(name)
    counts = table.spoken_words
    # ASCII is counted exactly. Of other texts the count is off by no more than one for each
    # character beyond it, of which there are no more than bytes that go on with one.
    off = table.sizes - compute.utf8_length(texts).to_numpy()
    unsure = off > 0
    if least is not None or most is not None:
        near = np.zeros(len(texts), bool)
        for bound in (least, most):
            if bound is not None:
                near |= np.abs(counts - bound) <= off
        # What is dropped says how long it is.
        near |= (counts < (least or 0)) | (counts > (np.inf if most is None else most))
        unsure &= near
    for row in np.flatnonzero(unsure).tolist():
        counts[row] = count_words(texts[row].as_py())
    return counts


def _load(place: Path) -> Any:
    if place.is_dir():
        place = place / "tokenizer.json"
    if not place.is_file():
        raise RecipeError(
            f"length.tokenizer: there is no file {place}; name a tokenizer.json, or a folder that"
            " holds one"
        )
    try:
        from tokenizers import Tokenizer
    except ImportError as error:
        raise RecipeError(
            "length.tokenizer: counting tokens needs the extra:"
            " pip install 'silversmith[tokenizers]'"
        ) from error
    load: Callable[[str], Any] = Tokenizer.from_file
    try:
        return load(str(place))
    except Exception as error:  # the library raises bare ones
        raise RecipeError(f"length.tokenizer: {place} is no tokenizer.json ({error})") from error
