"""Texts in the encodings in which people hide words: base64, hexadecimal, ROT13, backwards."""

from __future__ import annotations

import base64
import binascii
import codecs
import re
from collections.abc import Callable, Iterator, Mapping

__all__ = ["ENCODINGS", "decoded"]

ENCODINGS: Mapping[str, Callable[[str], str]] = {
    "base64": lambda text: base64.b64encode(text.encode("utf-8", "replace")).decode(),
    "hexadecimal": lambda text: text.encode("utf-8", "replace").hex(" "),
    "ROT13": lambda text: codecs.encode(text, "rot13"),
    "backwards": lambda text: text[::-1],
}
"""The encodings by name. ROT13 changes the letters a to z alone, so that other scripts stay as
they are."""

_BASE64 = re.compile(r"[A-Za-z0-9+/_-]{8,}={0,2}")
_HEXADECIMAL = re.compile(r"(?:\b|0x)(?:[0-9A-Fa-f]{2}[\s:,]{0,2}(?:0x)?){4,}")


def decoded(text: str) -> Iterator[str]:
    """What the text would say if it, or a run in it, were in one of the encodings; most of it is
    noise, and is meant to be searched."""
    yield codecs.encode(text, "rot13")
    yield text[::-1]
    for run in _BASE64.findall(text):
        body = run.rstrip("=").translate({ord("-"): "+", ord("_"): "/"})
        try:
            yield base64.b64decode(body + "=" * (-len(body) % 4)).decode("utf-8", "replace")
        except binascii.Error:  # a run of 4n + 1 characters is no base64
            continue
    for run in _HEXADECIMAL.findall(text):
        digits = re.sub(r"0x|[^0-9A-Fa-f]", "", run)
        yield bytes.fromhex(digits[: len(digits) // 2 * 2]).decode("utf-8", "replace")
