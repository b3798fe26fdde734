"""Values of a row, reduced to what JSON can hold."""

from __future__ import annotations

import datetime
import hashlib
import re
from collections.abc import Mapping
from typing import Any

__all__ = ["plain", "well_formed"]

_LONE_SURROGATE = re.compile("[\ud800-\udfff]")


def plain(value: Any) -> Any:
    """The value with everything that JSON has no word for put in JSON's words.

    Text, numbers up to 64 bits, booleans and None stay; integers beyond 64 bits become floats;
    lone surrogates in text become U+FFFD; dates and times become ISO 8601 text; bytes (images,
    audio) become a note of their length and hash, such as `<1234 bytes, blake2b 1f0c…>`; other
    values, such as decimals, become their text.
    """
    if value is None or isinstance(value, (bool, float)):
        return value
    if isinstance(value, str):
        return well_formed(value)
    if isinstance(value, int):
        return value if -(2**63) <= value < 2**64 else float(value)
    if isinstance(value, Mapping):
        return {well_formed(str(key)): plain(inner) for key, inner in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [plain(inner) for inner in value]
    if isinstance(value, (datetime.date, datetime.time)):
        return value.isoformat()
    if isinstance(value, (bytes, bytearray, memoryview)):
        digest = hashlib.blake2b(value, digest_size=8).hexdigest()
        return f"<{len(value)} bytes, blake2b {digest}>"
    return well_formed(str(value))


def well_formed(text: str) -> str:
    """The text with U+FFFD for each lone surrogate, which no encoding can write."""
    return text if text.isascii() else _LONE_SURROGATE.sub("\ufffd", text)
