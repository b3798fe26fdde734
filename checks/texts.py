"""Texts as a person compares them: the same, so many words long, so many words in common.

Words are runs of letters, digits, combining marks and underscores. In scripts that are written
without spaces (Han, kana, Thai, Lao, Burmese, Khmer) each character with its marks is a word.
"""

from __future__ import annotations

import functools
import re
import unicodedata

__all__ = ["count_words", "normalise", "split_words"]

_INVISIBLE = (
    "\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e"
    "\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0\U000e0000-\U000e0fff"
)
_TYPOGRAPHY = (
    dict.fromkeys("‘’‚‛′´", "'") | dict.fromkeys("“”„‟″«»", '"') | dict.fromkeys("‐‑‒–—―−", "-")
)
_VARIANT = re.compile(f"[{''.join(_TYPOGRAPHY)}{_INVISIBLE}]")
_POWER = re.compile("[⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻]+")

_UNSPACED = (
    "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3005-\u3007\u3040-\u30ff\u31f0-\u31ff\u3400-\u4dbf"
    "\u4e00-\u9fff\uf900-\ufaff\uff66-\uff9f"
)
_PIECE = re.compile(r"\w\S*")
_ASCII_GAPS = {code: " " for code in range(128) if re.match(r"\W", chr(code))}
_ASCII_SIGNS = {code: None for code in _ASCII_GAPS if not chr(code).isspace()}
_WORD = re.compile(r"\w+")
_ANY_UNSPACED = re.compile(rf"(?=\w)[{_UNSPACED}]")


def normalise(text: str) -> str:
    """The text in a form that is equal for texts that a person would call the same.

    Ignored are case, the amount of white space, the width and compatibility forms of characters
    (Unicode NFKC), invisible characters, the shape of quotation marks and dashes, and full stops
    at the end. Other punctuation counts ("2+2" is not "2-2"), and so do powers: "2⁵" becomes
    "2^5", where NFKC alone would make it 25.
    """
    if not text.isascii():
        text = _VARIANT.sub(_plain, text)
        if not text.isascii():
            text = _POWER.sub(lambda found: "^" + found.group(), text)
            # Caseless matching of compatibility forms: Unicode Standard, section 3.13, D146.
            text = unicodedata.normalize("NFKC", unicodedata.normalize("NFD", text).casefold())
            text = unicodedata.normalize("NFKC", text.casefold())
            text = _VARIANT.sub(_plain, text)
    text = " ".join(text.casefold().split())
    return text.rstrip(" .。") or text


def split_words(text: str) -> list[str]:
    """The words of the text in order, without what stands between them. Case is kept."""
    if text.isascii():
        return text.translate(_ASCII_GAPS).split()
    if _beyond_w().search(text) is None:
        return _WORD.findall(text)
    return _word().findall(text)


def count_words(text: str) -> int:
    """How many words the text has, counted as a word processor does.

    A piece between white space that holds a letter or digit is one word ("don't", "3.5",
    "well-known"); in scripts without spaces each character is one.
    """
    if text.isascii():
        return len(text.translate(_ASCII_SIGNS).split())
    apart, count = _ANY_UNSPACED.subn(" ", text)
    return count + len(_PIECE.findall(apart))


def _plain(found: re.Match[str]) -> str:
    return _TYPOGRAPHY.get(found.group(), "")


@functools.cache
def _marks() -> str:
    """Combining marks, which are parts of words though `\\w` does not match them. Those of the
    basic plane only: `re` searches a larger class a hundred times slower."""
    return "".join(
        chr(code) for code in range(0x300, 0x10000) if unicodedata.category(chr(code))[0] == "M"
    )


@functools.cache
def _beyond_w() -> re.Pattern[str]:
    return re.compile(f"[{_UNSPACED}{_marks()}]")


@functools.cache
def _word() -> re.Pattern[str]:
    letter = rf"[^\W{_UNSPACED}]"
    marks = f"[{_marks()}]"
    return re.compile(rf"(?=\w)[{_UNSPACED}]{marks}*|{letter}+(?:{marks}+{letter}*)*")
