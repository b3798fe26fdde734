"""An object of the other side of the line, and what is done with it there.

Two rules keep an answer from being its own judge. A comparison with data is made on this side,
with the data that the far object says it is, and it is not told with what. Arithmetic and `in`
are left to the far object only where the tests name its class.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .line import Line

__all__ = ["MUTABLE", "Far", "as_data", "operate", "overwrite"]

MUTABLE = (list, dict, set, bytearray)
"""The builtin types whose changes by a call are brought back to the caller."""

_DATA: tuple[Any, ...] = (
    bool, int, float, complex, str, bytes, bytearray, list, tuple, dict, set, frozenset,
)  # fmt: skip

_ALONE = (
    "len", "iter", "next", "bool", "str", "repr", "hash", "int", "float", "complex", "index",
    "abs", "neg", "pos", "invert", "round", "trunc", "floor", "ceil", "enter", "exit", "reversed",
    "getitem", "setitem", "delitem", "format", "bytes", "copy", "deepcopy",
)  # fmt: skip
_WITH_ANOTHER = (
    "contains", "add", "sub", "mul", "truediv", "floordiv", "mod", "divmod", "pow", "matmul",
    "and", "or", "xor", "lshift", "rshift", "radd", "rsub", "rmul", "rtruediv", "rfloordiv",
    "rmod", "rdivmod", "rpow", "rmatmul", "rand", "ror", "rxor", "rlshift", "rrshift",
)  # fmt: skip
_COMPARING = ("eq", "ne", "lt", "le", "gt", "ge")

_SPECIAL: dict[str, Callable[..., Any]] = {
    "bool": bool,
    "iter": iter,
    "next": next,
    "str": str,
    "repr": repr,
    "hash": hash,
    "contains": lambda one, other: other in one,
    "reversed": reversed,
    "getitem": lambda one, key: one[key],
    "copy": copy.copy,
    "deepcopy": lambda one, memo=None: copy.deepcopy(one),
}


class Far:
    """An object of the other side, of a class with the name of the object's own."""

    __slots__ = ("__weakref__", "_class_name", "_line", "_number")

    def __init__(self, line: Line, number: int, class_name: str) -> None:
        object.__setattr__(self, "_line", line)
        object.__setattr__(self, "_number", number)
        object.__setattr__(self, "_class_name", class_name)

    def __del__(self) -> None:
        self._line.drop(self._number)

    def __getattr__(self, name: str) -> Any:
        return self._line.ask("get", self, name)

    def __setattr__(self, name: str, value: object) -> None:
        self._line.ask("set", self, name, value)

    def __delattr__(self, name: str) -> None:
        self._line.ask("delete", self, name)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        result, changed = self._line.ask("call", self, args, kwargs)
        for place, value in changed:
            overwrite(args[place], value)
        return result

    def __instancecheck__(self, one: object) -> bool:
        return bool(self._line.ask("isinstance", self, one))

    def __subclasscheck__(self, one: object) -> bool:
        return bool(self._line.ask("issubclass", self, one))


def _alone(name: str) -> Callable[..., Any]:
    return lambda far, *args: far._line.ask("special", far, name, *args)


def _with_another(name: str) -> Callable[..., Any]:
    def operate(far: Far, *others: Any) -> Any:
        line = far._line
        if not all(isinstance(other, Far) for other in others):
            found = line.ask("data", far)
            if found:
                return operate(found[0], name, *others)
            if far._class_name not in line.known_classes:
                raise TypeError(
                    f"an object of the answer's own class {far._class_name!r}, which the tests do "
                    "not name, came where a value is expected"
                )
        return line.ask("special", far, name, *others)

    return operate


def _comparing(name: str) -> Callable[..., Any]:
    def compare(far: Far, other: Any) -> Any:
        if isinstance(other, Far):
            return far._line.ask("special", far, name, other)
        found = far._line.ask("data", far)
        return operate(found[0], name, other) if found else NotImplemented

    return compare


for _names, _make in ((_ALONE, _alone), (_WITH_ANOTHER, _with_another), (_COMPARING, _comparing)):
    for _name in _names:
        setattr(Far, f"__{_name}__", _make(_name))


def operate(one: Any, name: str, *others: Any) -> Any:
    """What Python's operator of that special name (without underscores) gives."""
    if name in _SPECIAL:
        return _SPECIAL[name](one, *others)
    method = getattr(type(one), f"__{name}__", None)
    if method is not None:
        return method(one, *others)
    if name in _ALONE:
        raise TypeError(f"{type(one).__name__!r} object has no __{name}__")
    return NotImplemented


def as_data(one: Any) -> tuple[Any, ...]:
    """What an object that is a kind of list, number and so on holds; () for all others."""
    for kind in _DATA:
        if isinstance(one, kind):
            return (str.__str__(one) if kind is str else kind(one),)
    if type(one).__name__ in ("dict_keys", "dict_items"):
        return (set(one),)
    return ()


def overwrite(place: Any, value: Any) -> None:
    """Give an argument the content that a call on the other side left in it.

    Raises:
        TypeError: it was of another type, or is none that can change.
    """
    if type(place) is not type(value) or type(place) not in MUTABLE:
        raise TypeError("an argument changed its type")
    if isinstance(place, (list, bytearray)):
        place[:] = value
    else:
        place.clear()
        place.update(value)
