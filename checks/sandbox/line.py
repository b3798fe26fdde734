"""The line between an answer's process and the tests' process: calls go over it, data comes back.

Both ends are a `Line`. One asks, the other serves until it replies, and may ask back meanwhile
(a key function, `input`). Objects that are no data stay where they are; the other side holds a
`Far`, which forwards what is done with it. What the tests' side lets the answer do with its
objects is decided by `permit`.
"""

from __future__ import annotations

import builtins
import importlib
import os
import sys
import threading
import weakref
from collections.abc import Callable
from typing import Any

from .far import MUTABLE, Far, as_data, operate
from .values import BadValue, decode, encode

__all__ = ["Line", "LineBroken"]

_LONGEST_MESSAGE = 16 << 20
_TEXT_HELD = 8 << 10
_SHAPES = {
    b"?": (str, tuple, tuple),  # verb, words, numbers of objects that are let go
    b"!": (list, tuple, str, dict),  # names of classes, arguments, text, attributes
}


class LineBroken(BaseException):
    """The other side is gone, or sends what is no message. No `except Exception` hides it."""


class Line:
    """One end.

    Args:
        read: the descriptor that messages come from.
        write: the descriptor that they go to.
        permit: called as (verb, object, further words) before this side does what the other one
            asks; what it raises is the reply. None permits all.

    Attributes:
        errors: exception classes by name, for those that are no builtins.
        known_classes: the far classes whose operators this side trusts.
        asked: how often the other side was asked for something.
        last_error: the latest exception that came from the other side.
        broken: why the line is of no use any more, or None; it stays, whoever catches the error.
    """

    def __init__(self, read: int, write: int, permit: Callable[..., None] | None = None) -> None:
        self.errors: dict[str, type[BaseException]] = {}
        self.known_classes: set[str] = set()
        self.verbs: dict[str, Callable[..., Any]] = {}
        self.asked = 0
        self.broken: str | None = None
        self.last_error: BaseException | None = None
        self._read, self._write, self._permit = read, write, permit
        self._lock = threading.RLock()
        self._lent: dict[int, object] = {}
        self._lent_numbers: dict[int, int] = {}
        self._lent_ever = 0
        self._borrowed: dict[int, weakref.ref[Far]] = {}
        self._dropped: set[int] = set()
        self._far_classes: dict[str, type[Far]] = {}
        self._text: list[str] = []
        self._text_size = 0

    def ask(self, verb: str, *words: Any) -> Any:
        """Have the other side do something; what it raises is raised here."""
        with self._lock:
            self.asked += 1
            dropped, self._dropped = tuple(self._dropped), set()
            self._send(b"?", (verb, words, dropped))
            while (reply := self._receive())[0] == b"?":
                self._serve(*reply[1])
            if reply[0] == b"!":
                self.last_error = self._error(*reply[1])
                raise self.last_error
            return reply[1]

    def serve(self) -> None:
        """Do what the other side asks, until it is gone."""
        while True:
            kind, value = self._receive()
            if kind != b"?":
                raise self._broken("a reply without a question")
            self._serve(*value)

    def say(self, text: str) -> None:
        """Show the text on the other side's standard output, before the next message."""
        self._text.append(text)
        self._text_size += len(text)
        if self._text_size > _TEXT_HELD:
            self._send_text()

    def drop(self, number: int) -> None:
        """Let go of the other side's object of this number, with the next question."""
        self._borrowed.pop(number, None)
        self._dropped.add(number)

    def can_send(self, value: object, longest: int) -> bool:
        """Whether the value takes at most so many bytes on the line."""
        try:
            return len(self._encode(value)) <= longest
        except BadValue:
            return False

    def _serve(self, verb: str, words: tuple[Any, ...], dropped: tuple[int, ...]) -> None:
        try:
            for number in dropped:
                self._lent_numbers.pop(id(self._lent.pop(number)), None)
            if self._permit is not None:
                self._permit(verb, *words)
            reply = self._encode(self._perform(verb, *words))
            kind = b"="
        except LineBroken:
            raise
        except BaseException as error:  # noqa: BLE001 - it is raised on the other side
            kind = b"!"
            try:
                reply = self._encode(_describe(error))
            except BadValue:
                reply = self._encode(_describe(ValueError(str(error))))
        self._send_bytes(kind, reply)

    def _perform(self, verb: str, *words: Any) -> Any:
        if verb in self.verbs:
            return self.verbs[verb](*words)
        target = words[0]
        if verb == "call":
            return self._call(*words)
        if verb == "get":
            return getattr(target, words[1])
        if verb == "set":
            return setattr(target, words[1], words[2])
        if verb == "delete":
            return delattr(target, words[1])
        if verb == "special":
            return operate(target, *words[1:])
        if verb == "data":
            return as_data(target)
        if verb == "isinstance":
            return isinstance(words[1], target)
        if verb == "issubclass":
            return issubclass(words[1], target)
        if verb == "run":
            return importlib.import_module("asyncio").run(target)
        raise ValueError(f"unknown request {verb!r}")

    def _call(self, target: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        places = [place for place, value in enumerate(args) if type(value) in MUTABLE]
        before = {place: self._encode(args[place]) for place in places}
        result = target(*args, **kwargs)
        changed = [(at, args[at]) for at in places if self._encode(args[at]) != before[at]]
        return result, changed

    def _encode(self, value: object) -> bytes:
        body = encode(value, self._refer)
        if len(body) > _LONGEST_MESSAGE:
            raise BadValue(f"a value of {len(body)} bytes is too long to be compared")
        return body

    def _refer(self, value: object) -> bytes:
        if isinstance(value, Far):
            return b"back:%d" % value._number
        number = self._lent_numbers.get(id(value))
        if number is None:
            number = self._lent_numbers[id(value)] = self._lent_ever
            self._lent[number] = value
            self._lent_ever += 1
        name = type(value).__name__
        kind = name if name in ("generator", "coroutine") else "object"
        return f"{kind}:{number}:{name[:100]}".encode("utf-8", "replace")

    def _resolve(self, reference: bytes) -> object:
        kind, digits, *name = reference.decode().split(":", 2)
        number = int(digits)
        if kind == "back":
            return self._lent[number]
        known = self._borrowed.get(number)
        far = None if known is None else known()
        if far is None:
            far = self._far_class(name[0])(self, number, name[0])
            self._borrowed[number] = weakref.ref(far)
            self._dropped.discard(number)
        if kind == "generator":
            return _generate(far)
        return _await(far) if kind == "coroutine" else far

    def _far_class(self, name: str) -> type[Far]:
        if name not in self._far_classes:
            usable = name if name.isidentifier() else Far.__name__
            self._far_classes[name] = type(usable, (Far,), {"__slots__": ()})
        return self._far_classes[name]

    def _error(
        self, names: list[str], args: tuple[Any, ...], text: str, attributes: dict[str, Any]
    ) -> BaseException:
        kind = self.error_class(names)
        try:
            error = kind.__new__(kind, *args)
            error.args = args
        except (TypeError, ValueError):
            error = RuntimeError(f"{names[0]}: {text}")
        error.__dict__.update(attributes, _far_text=text)
        return error

    def error_class(self, names: list[str]) -> type[BaseException]:
        """The exception class of these names (its own, its base's ...), made where it is new."""
        found = getattr(builtins, names[0], None)
        if isinstance(found, type) and issubclass(found, BaseException):
            return found
        if names[0] not in self.errors:
            base = self.error_class(names[1:]) if names[1:] else Exception
            body = {"__str__": lambda error: getattr(error, "_far_text", "")}
            self.errors[names[0]] = type(names[0], (base,), body)
        return self.errors[names[0]]

    def _send(self, kind: bytes, value: object) -> None:
        self._send_bytes(kind, self._encode(value))

    def _send_bytes(self, kind: bytes, body: bytes) -> None:
        if self._text and kind != b">":
            self._send_text()
        rest = memoryview(kind + len(body).to_bytes(4, "little") + body)
        try:
            while rest:
                rest = rest[os.write(self._write, rest) :]
        except OSError as error:
            raise self._broken(f"the other side is gone ({error})") from None

    def _send_text(self) -> None:
        text, self._text, self._text_size = "".join(self._text), [], 0
        self._send_bytes(b">", encode(text))

    def _receive(self) -> tuple[bytes, Any]:
        while True:
            head = self._read_exactly(5)
            size = int.from_bytes(head[1:], "little")
            if size > _LONGEST_MESSAGE:
                raise self._broken("a message is too long")
            body = self._read_exactly(size)
            try:
                value = decode(body, self._resolve)
            except BadValue as error:
                raise self._broken(str(error)) from None
            kind = head[:1]
            if kind == b">" and isinstance(value, str):
                sys.stdout.write(value)
            elif kind == b"=" or (kind in _SHAPES and _has_shape(value, _SHAPES[kind])):
                return kind, value
            else:
                raise self._broken("a message has no meaning")

    def _broken(self, reason: str) -> LineBroken:
        self.broken = self.broken or reason
        return LineBroken(reason)

    def _read_exactly(self, size: int) -> bytes:
        parts = []
        while size:
            try:
                part = os.read(self._read, min(size, 1 << 20))
            except OSError as error:
                raise self._broken(f"the other side is gone ({error})") from None
            if not part:
                raise self._broken("the other side is gone")
            parts.append(part)
            size -= len(part)
        return b"".join(parts)


def _has_shape(value: object, kinds: tuple[type, ...]) -> bool:
    return isinstance(value, tuple) and tuple(map(type, value)) == kinds


def _describe(error: BaseException) -> tuple[list[str], tuple[Any, ...], str, dict[str, Any]]:
    names = [kind.__name__ for kind in type(error).__mro__ if issubclass(kind, BaseException)]
    attributes = {
        name: value for name, value in vars(error).items() if type(value) in (int, str, float, bool)
    }
    return names, error.args, str(error), attributes


def _generate(far: Any) -> Any:
    while True:
        try:
            item = next(far)
        except StopIteration:
            return
        yield item


async def _await(far: Far) -> Any:
    return far._line.ask("run", far)
