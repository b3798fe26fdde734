"""Keeps samples without the defects of form that instruction sets are known for."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Self

from pydantic import model_validator

from ..checks.format_defects import DEFECTS, LEAST_LETTERS_BEYOND_LATIN, find_defect
from ..checks.patterns import Patterns
from .base import ColumnFilter
from .columns import Columns

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["FormatDefects"]

_SHOWN = 80


class FormatDefects(ColumnFilter):
    """Drops samples with a defect of form, which the reason names with the words that show it.

    What counts is in `silversmith.checks.format_defects`: no more than what a person would call a
    defect, so what is one in most texts but not in all is kept. The instruction is the last user
    message, the response the last assistant message.
    """

    kind: ClassVar[str] = "format_defects"

    no_output: bool = True
    """The response is empty, or a placeholder such as `N/A`, `TODO` or `[insert answer]`."""

    no_input_marker: bool = True
    """A marker such as `<noinput>` stands where there is no input."""

    asks_for_media: bool = True
    """The instruction asks for an image, a recording or the like, or is about one that is not
    there, and the response holds no picture in text."""

    asks_for_link: bool = True
    """The instruction is about a page of the web of which it gives no more than the address, or
    asks for links."""

    repeats_instruction: bool = True
    """The response is the instruction, or begins with it and says less than it after that,
    though the instruction asks for nothing of the kind."""

    merged: bool = True
    """Another task or turn begins inside the instruction or the response: a second
    "Instruction:", `### Response:`, or a control token of a chat template."""

    open_fence: bool = True
    """A code block is opened and never closed."""

    unfinished: bool = True
    """The response ends amid a sentence: prose whose last line ends on a comma or a word such as
    "the", or without a full stop where all else has one."""

    wrong_script: bool = True
    """The response is in another script than the instruction, which speaks of no language."""

    @model_validator(mode="after")
    def _looks_for_something(self) -> Self:
        if not self._wanted:
            raise ValueError("every defect is switched off, so nothing would be dropped")
        return self

    @property
    def _wanted(self) -> list[str]:
        return [name for name in DEFECTS if getattr(self, name)]

    def reasons_to_drop(self, columns: Columns) -> Mapping[int, str]:
        """The first defect, in the order of the options."""
        import numpy as np

        instructions, responses = columns.text("instruction"), columns.text("response")
        suspected: dict[int, set[str]] = defaultdict(set)
        for text, marks in _MARKS.items():
            rows, numbers = marks.gate.found_in(columns.bytes(text))
            for row, number in zip(rows.tolist(), numbers.tolist(), strict=True):
                suspected[row].update(marks.of[number])
        for name, shape in _BY_SHAPE.items():
            if getattr(self, name):
                found = shape(instructions, responses).to_numpy(zero_copy_only=False)
                for row in np.flatnonzero(found).tolist():
                    suspected[row].add(name)
        wanted = set(self._wanted)
        reasons = {}
        for row in sorted(suspected):
            texts = instructions[row].as_py(), responses[row].as_py()
            defect = find_defect(*texts, suspected[row] & wanted)
            if defect is not None:
                quote = defect.quote if len(defect.quote) <= _SHOWN else defect.quote[:_SHOWN] + "…"
                reasons[row] = f'{defect.name.replace("_", " ")}: "{quote}"'
        return reasons


def _may_be_no_output(instructions: pa.Array, responses: pa.Array) -> pa.BooleanArray:
    from pyarrow import compute

    return compute.match_substring_regex(responses, r"^\s*(?:[\[<{(`]|[Ll]orem|\S{0,16}\s*$)")


def _may_repeat(instructions: pa.Array, responses: pa.Array) -> pa.BooleanArray:
    from pyarrow import compute

    def opening(texts: pa.Array) -> pa.Array:
        begin = compute.utf8_slice_codeunits(texts, 0, 40)
        letters = compute.utf8_ltrim(begin, characters=" \t\r\n\"'“”‘’*#>_-`([{<")
        return compute.utf8_lower(compute.utf8_slice_codeunits(letters, 0, 6))

    return compute.equal(opening(instructions), opening(responses))


def _may_be_unfinished(instructions: pa.Array, responses: pa.Array) -> pa.BooleanArray:
    from pyarrow import compute

    end = compute.utf8_slice_codeunits(compute.utf8_rtrim_whitespace(responses), -40, 1 << 31)
    return compute.match_substring_regex(end, r"^[^\n]{23,}[^\n.!?\"”’'`)\]}>:;*_~|…]$")


def _may_be_in_the_wrong_script(instructions: pa.Array, responses: pa.Array) -> pa.BooleanArray:
    from pyarrow import compute

    def beyond_latin(texts: pa.Array) -> pa.BooleanArray:
        # Each character beyond ASCII takes more than one byte.
        more = compute.subtract(compute.binary_length(texts), compute.utf8_length(texts))
        return compute.greater_equal(more, LEAST_LETTERS_BEYOND_LATIN)

    return compute.or_(beyond_latin(instructions), beyond_latin(responses))


class _Marks:
    """Words and marks in a text of which each may show defects.

    Args:
        marks: patterns, and the defects that each may show.

    Attributes:
        gate: finds them.
        of: the defects of each.
    """

    def __init__(self, marks: Mapping[str, Sequence[str]]) -> None:
        self.gate = Patterns(list(marks))
        self.of = list(marks.values())


_MARKER = r"no[ _-]?(?:in|out)put|\bn/?a\b"
_MEDIA = r"\b(?:image|picture|photo|screenshot|drawing|illustration|gif|video|audio|recording|draw)"
_LINK = r"https?://|\bwww\.|\blinks?\b|\burls?\b|hyperlink"
_TOKEN = r"<\||<｜|INST\]|SYS>>|_of_turn>"
_TASK = r"instruction[^:\n]{0,5}:"
_TURN = r"^\s*(?:#{2,4}|Human:|User:)"
_FENCE = "```|~~~"

_MARKS = {
    "instruction": _Marks(
        {
            _MARKER: ["no_input_marker"],
            _MEDIA: ["asks_for_media"],
            _LINK: ["asks_for_link"],
            _TOKEN: ["merged"],
            _TASK: ["merged"],
        }
    ),
    "response": _Marks(
        {
            _MARKER: ["no_input_marker"],
            _TOKEN: ["merged"],
            _TURN: ["merged"],
            _FENCE: ["open_fence"],
        }
    ),
}
"""What a sample must have for a defect of words to be looked for."""

_Shape = Callable[[Any, Any], Any]
_BY_SHAPE: Mapping[str, _Shape] = {
    "no_output": _may_be_no_output,
    "repeats_instruction": _may_repeat,
    "unfinished": _may_be_unfinished,
    "wrong_script": _may_be_in_the_wrong_script,
}
"""The same for defects that are of other things than words: a test of whole columns."""
