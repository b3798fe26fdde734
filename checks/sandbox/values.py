"""Values as bytes, between the process that runs an answer and the one that tests it.

Plain data arrives as data of exactly that builtin or standard type, so that no method of the
sender's comes with it. Any other object stays where it is; what arrives is a reference. Decoding
runs nothing but the constructors of the types named here, since what one side sends is untrusted
on the other. (`marshal` and `pickle` are unsafe for that, and `json` knows no tuples and sets.)
"""

from __future__ import annotations

import builtins
import importlib
import struct
import sys
from collections.abc import Callable
from typing import Any

__all__ = ["BadValue", "decode", "encode"]

_CONSTANTS = {b"N": None, b"T": True, b"F": False, b"E": ..., b"-": NotImplemented}
_FILLED = {b"l": list, b"t": tuple, b"S": set, b"Z": frozenset}
_BYTES = {b"s": str, b"b": bytes, b"B": bytearray}
_TAGS: dict[type, bytes] = {kind: tag for table in (_FILLED, _BYTES) for tag, kind in table.items()}

# Standard types that are data: their module, and the constructor's arguments for a value.
_STANDARD: dict[str, tuple[str, Callable[[Any], tuple[Any, ...]]]] = {
    "deque": ("collections", lambda value: (list(value), value.maxlen)),
    "Counter": ("collections", lambda value: (dict(value),)),
    "OrderedDict": ("collections", lambda value: (dict(value),)),
    "defaultdict": ("collections", lambda value: (None, dict(value))),
    "Decimal": ("decimal", lambda value: (str(value),)),
    "Fraction": ("fractions", lambda value: (value.numerator, value.denominator)),
    "date": ("datetime", lambda value: (value.year, value.month, value.day)),
    "timedelta": ("datetime", lambda value: (value.days, value.seconds, value.microseconds)),
    "datetime": (
        "datetime",
        lambda value: (*value.timetuple()[:6], value.microsecond),
    ),
    "time": (
        "datetime",
        lambda value: (value.hour, value.minute, value.second, value.microsecond),
    ),
}
_WITH_ZONE = ("datetime", "time")


class BadValue(Exception):
    """Bytes that are no value, or a value that cannot be sent."""


def encode(value: object, refer: Callable[[object], bytes] | None = None) -> bytes:
    """The value as bytes; `refer` gives a name of at most 255 bytes to what is no plain data.

    Raises:
        BadValue: it is nested too deeply (or holds itself), or is no data and `refer` is None.
    """
    out: list[bytes] = []
    try:
        _encode(value, out, refer)
    except RecursionError:
        raise BadValue("the value is nested too deeply to be compared") from None
    return b"".join(out)


def decode(data: bytes, resolve: Callable[[bytes], object] | None = None) -> Any:
    """The value of these bytes; `resolve` finds what a reference names.

    Raises:
        BadValue: they are not what `encode` makes.
    """
    try:
        value, end = _decode(data, 0, resolve)
    except BadValue:
        raise
    # Whatever a standard constructor makes of wrong arguments.
    except (ArithmeticError, LookupError, RecursionError, TypeError, ValueError, struct.error) as e:
        raise BadValue(f"damaged value: {e}") from None
    if end != len(data):
        raise BadValue("damaged value: bytes are left over")
    return value


def _encode(value: Any, out: list[bytes], refer: Callable[[object], bytes] | None) -> None:
    kind = type(value)
    if kind is int:
        body = value.to_bytes(value.bit_length() // 8 + 1, "little", signed=True)
        out.append(b"i" + _count(body) + body)
    elif kind is str or kind is bytes or kind is bytearray:
        body = value.encode("utf-8", "surrogatepass") if kind is str else bytes(value)
        out.append(_TAGS[kind] + _count(body))
        out.append(body)
    elif kind is float:
        out.append(b"f" + struct.pack("<d", value))
    elif kind in _TAGS:
        out.append(_TAGS[kind] + _count(value))
        for item in value:
            _encode(item, out, refer)
    elif kind is dict:
        out.append(b"d" + _count(value))
        for key, item in value.items():
            _encode(key, out, refer)
            _encode(item, out, refer)
    else:
        _encode_rare(value, out, refer)


def _encode_rare(value: Any, out: list[bytes], refer: Callable[[object], bytes] | None) -> None:
    if (constant := _constant_tag(value)) is not None:
        out.append(constant)
    elif type(value) is complex:
        out.append(b"c" + struct.pack("<dd", value.real, value.imag))
    elif type(value) is range:
        out.append(b"R")
        _encode((value.start, value.stop, value.step), out, refer)
    elif isinstance(value, type) and _is_builtin(value):
        out.append(b"K")
        _encode(value.__name__, out, refer)
    elif (name := _standard_name(value)) is not None:
        out.append(b"v")
        _encode((name, _STANDARD[name][1](value)), out, refer)
    elif refer is not None:
        body = refer(value)
        out.append(b"o" + _count(body) + body)
    else:
        raise BadValue(f"a {type(value).__name__} is no plain data")


def _constant_tag(value: object) -> bytes | None:
    return next((tag for tag, constant in _CONSTANTS.items() if value is constant), None)


def _is_builtin(kind: type) -> bool:
    return getattr(builtins, kind.__name__, None) is kind


def _standard_name(value: Any) -> str | None:
    name: str = type(value).__name__
    found = _STANDARD.get(name)
    if found is None or getattr(sys.modules.get(found[0]), name, None) is not type(value):
        return None
    return None if name in _WITH_ZONE and value.tzinfo is not None else name


def _count(sized: Any) -> bytes:
    return struct.pack("<I", len(sized))


def _decode(data: bytes, at: int, resolve: Callable[[bytes], object] | None) -> tuple[Any, int]:
    tag = data[at : at + 1]
    at += 1
    if tag in _CONSTANTS:
        return _CONSTANTS[tag], at
    if tag == b"f":
        return struct.unpack_from("<d", data, at)[0], at + 8
    if tag == b"c":
        return complex(*struct.unpack_from("<dd", data, at)), at + 16
    if tag in (b"K", b"R", b"v"):
        value, at = _decode(data, at, resolve)
        return _decode_rare(tag, value), at
    (count,) = struct.unpack_from("<I", data, at)
    at += 4
    if tag in _FILLED or tag == b"d":
        items = []
        for _ in range(2 * count if tag == b"d" else count):
            item, at = _decode(data, at, resolve)
            items.append(item)
        if tag == b"d":
            return dict(zip(items[::2], items[1::2], strict=True)), at
        return _FILLED[tag](items), at
    body = data[at : at + count]
    if len(body) != count:
        raise BadValue("damaged value: it ends too early")
    return _decode_body(tag, body, resolve), at + count


def _decode_body(tag: bytes, body: bytes, resolve: Callable[[bytes], object] | None) -> Any:
    if tag == b"i":
        return int.from_bytes(body, "little", signed=True)
    if tag == b"s":
        return body.decode("utf-8", "surrogatepass")
    if tag in _BYTES:
        return _BYTES[tag](body)
    if tag == b"o" and resolve is not None:
        return resolve(body)
    raise BadValue("damaged value: unknown kind")


def _decode_rare(tag: bytes, value: Any) -> Any:
    if tag == b"R":
        return range(*value)
    if tag == b"K":
        found = getattr(builtins, value, None)
        if not isinstance(found, type):
            raise BadValue("damaged value: unknown class")
        return found
    name, arguments = value
    module = importlib.import_module(_STANDARD[name][0])
    return getattr(module, name)(*arguments)
