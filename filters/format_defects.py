"""Keeps samples without the defects of form that instruction sets are known for."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, ClassVar, Self

from pydantic import model_validator

from ..checks.format_defects import DEFECTS, find_defect
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
        suspected: dict[int, list[str]] = defaultdict(list)
        for name in self._wanted:
            found = _GATES[name](instructions, responses)
            for row in np.flatnonzero(found.to_numpy(zero_copy_only=False)).tolist():
                suspected[row].append(name)
        reasons = {}
        for row in sorted(suspected):
            texts = instructions[row].as_py(), responses[row].as_py()
            defect = find_defect(*texts, suspected[row])
            if defect is not None:
                quote = defect.quote if len(defect.quote) <= _SHOWN else defect.quote[:_SHOWN] + "…"
                reasons[row] = f'{defect.name.replace("_", " ")}: "{quote}"'
        return reasons


def _either(pattern: str, *texts: pa.Array) -> pa.BooleanArray:
    from pyarrow import compute

    first, *others = (compute.match_substring_regex(one, pattern) for one in texts)
    for one in others:
        first = compute.or_(first, one)
    return first


def _may_be_no_output(instructions: pa.Array, responses: pa.Array) -> pa.BooleanArray:
    return _either(r"^\s*(?:[\[<{(`]|[Ll]orem|\S{0,16}\s*$)", responses)


def _may_have_no_input_marker(instructions: pa.Array, responses: pa.Array) -> pa.BooleanArray:
    return _either(r"(?i)no[ _-]?(?:in|out)put|\bn/?a\b", instructions, responses)


def _may_ask_for_media(instructions: pa.Array, responses: pa.Array) -> pa.BooleanArray:
    words = "image|picture|photo|screenshot|drawing|illustration|gif|video|audio|recording|draw"
    return _either(rf"(?i)\b(?:{words})", instructions)


def _may_ask_for_link(instructions: pa.Array, responses: pa.Array) -> pa.BooleanArray:
    return _either(r"(?i)https?://|\bwww\.|\blinks?\b|\burls?\b|hyperlink", instructions)


def _may_repeat(instructions: pa.Array, responses: pa.Array) -> pa.BooleanArray:
    from pyarrow import compute

    def opening(texts: pa.Array) -> pa.Array:
        begin = compute.utf8_slice_codeunits(texts, 0, 40)
        letters = compute.utf8_ltrim(begin, characters=" \t\r\n\"'“”‘’*#>_-`([{<")
        return compute.utf8_lower(compute.utf8_slice_codeunits(letters, 0, 6))

    return compute.equal(opening(instructions), opening(responses))


def _may_be_merged(instructions: pa.Array, responses: pa.Array) -> pa.BooleanArray:
    from pyarrow import compute

    signs = r"<\||<｜|INST\]|SYS>>|_of_turn>"
    either = _either(signs, instructions, responses)
    twice = _either(r"(?i)instruction[^:\n]{0,5}:", instructions)
    turns = _either(r"(?m)^\s*(?:#{2,4}|Human:|User:)", responses)
    return compute.or_(either, compute.or_(twice, turns))


def _may_have_an_open_fence(instructions: pa.Array, responses: pa.Array) -> pa.BooleanArray:
    return _either("```|~~~", responses)


def _may_be_unfinished(instructions: pa.Array, responses: pa.Array) -> pa.BooleanArray:
    from pyarrow import compute

    end = compute.utf8_slice_codeunits(compute.utf8_rtrim_whitespace(responses), -40, 1 << 31)
    return _either(r"^[^\n]{23,}[^\n.!?\"”’'`)\]}>:;*_~|…]$", end)


def _may_be_in_the_wrong_script(instructions: pa.Array, responses: pa.Array) -> pa.BooleanArray:
    from pyarrow import compute

    ascii_only = compute.and_(
        compute.string_is_ascii(instructions), compute.string_is_ascii(responses)
    )
    return compute.invert(ascii_only)


_GATES: Mapping[str, Callable[[Any, Any], Any]] = {
    "no_output": _may_be_no_output,
    "no_input_marker": _may_have_no_input_marker,
    "asks_for_media": _may_ask_for_media,
    "asks_for_link": _may_ask_for_link,
    "repeats_instruction": _may_repeat,
    "merged": _may_be_merged,
    "open_fence": _may_have_an_open_fence,
    "unfinished": _may_be_unfinished,
    "wrong_script": _may_be_in_the_wrong_script,
}
"""What a sample must have for a defect to be looked for: a test of whole columns that passes over
most of them."""
