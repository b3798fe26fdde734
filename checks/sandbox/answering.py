"""The answer's side: a whole program, or an answer that does what its tests ask of it."""

from __future__ import annotations

import builtins
import random
import sys
from collections.abc import Iterable, Iterator
from types import FunctionType, ModuleType
from typing import Any

from .line import Line, LineBroken

__all__ = [
    "ANSWER_MODULES",
    "EXCERPT",
    "answer_side",
    "kind_of",
    "new_module",
    "run_whole",
    "sentence",
]

ANSWER_MODULES = ("answer", "solution", "main")
"""The names under which tests may import the answer."""

EXCERPT = 300
"""Characters of an error or a line that are shown."""

_LONGEST_CONSTANT = 1 << 20


def run_whole(code: str) -> None:
    """Run a program as `__main__`; Python ends as it ends after any program."""
    module = new_module("__main__")
    try:
        program = compile(code, "<program>", "exec", dont_inherit=True)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        sys.__excepthook__(type(error), error, None)
        sys.exit(1)
    try:
        exec(program, module.__dict__)
    except SystemExit:
        raise
    except BaseException as error:  # noqa: BLE001 - shown as Python shows it
        trace = error.__traceback__
        sys.__excepthook__(type(error), error, trace and trace.tb_next)
        sys.exit(1)


def answer_side(line: Line, code: str) -> None:
    """Do what the tests' side asks of the answer, until that is gone."""
    module = new_module(ANSWER_MODULES[0])
    sys.modules.update(dict.fromkeys(ANSWER_MODULES, module))
    sys.stdout = _Voice(line)
    sys.stdin = _Ear(line)
    builtins.input = lambda prompt="": line.ask("input", str(prompt))
    line.verbs["start"] = lambda: _start(line, module, code)
    line.serve()


def _start(line: Line, module: ModuleType, code: str) -> tuple[str, Any]:
    try:
        program = compile(code, "<answer>", "exec", dont_inherit=True)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        return "syntax", sentence(error)
    try:
        exec(program, module.__dict__)
    except LineBroken:
        raise
    except BaseException as error:  # noqa: BLE001 - it is the tests' side's to judge
        return kind_of(error), sentence(error)
    found = {}
    for name, value in vars(module).items():
        if not name.startswith("__") and line.can_send(value, _LONGEST_CONSTANT):
            found[name] = _described(line, value)
    return "started", found


def _described(line: Line, value: Any) -> tuple[str, Any]:
    """What the tests should find under a name: kind, and what they need to build it."""
    home, name = getattr(value, "__module__", None), getattr(value, "__name__", None)
    if isinstance(value, ModuleType):
        return "module", value.__name__
    if isinstance(home, str) and isinstance(name, str):
        others = sys.modules.get(home) if home not in ANSWER_MODULES else None
        if getattr(others, name, None) is value:
            return "borrowed", (home, name)
    if isinstance(value, type) and issubclass(value, BaseException):
        line.errors[value.__name__] = value
        return "error", [kind.__name__ for kind in value.__mro__[:-1]]
    if isinstance(value, type):
        return "class", value
    return ("function" if isinstance(value, FunctionType) else "value"), value


class _Voice:
    """The answer's standard output, which the tests may catch."""

    encoding = "utf-8"

    def __init__(self, line: Line) -> None:
        self._line = line

    def write(self, text: str) -> int:
        if not isinstance(text, str):
            raise TypeError(f"write() argument must be str, not {type(text).__name__}")
        self._line.say(text)
        return len(text)

    def writelines(self, texts: Iterable[str]) -> None:
        for text in texts:
            self.write(text)

    def flush(self) -> None:
        """Nothing to do: what is written arrives before the next reply."""

    def isatty(self) -> bool:
        return False


class _Ear:
    """The answer's standard input, which the tests may set."""

    def __init__(self, line: Line) -> None:
        self._line = line

    def readline(self, size: int = -1) -> str:
        return str(self._line.ask("readline", size))

    def read(self, size: int = -1) -> str:
        return str(self._line.ask("read", size))

    def __iter__(self) -> Iterator[str]:
        return iter(self.readline, "")

    def isatty(self) -> bool:
        return False


def new_module(name: str) -> ModuleType:
    """An empty module that can be imported by this name; chance begins anew with it."""
    random.seed(0)  # the same verdict in every run
    module = ModuleType(name)
    sys.modules[name] = module
    return module


def kind_of(error: BaseException) -> str:
    """How a run ends that the answer ended with this error."""
    return "memory" if isinstance(error, MemoryError) else "raised"


def sentence(error: BaseException) -> str:
    """The error as Python shows it, in at most 300 characters."""
    try:
        text = str(error)
    except Exception:  # noqa: BLE001 - the answer's own __str__
        text = ""
    return f"{type(error).__name__}: {text}"[:EXCERPT] if text else type(error).__name__
