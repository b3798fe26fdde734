"""The tests' side: it runs the tests, lets them call the answer, and gives the verdict.

No line of the answer runs in this process, and the answer has nothing that leads to it but the
line on which it is called.
"""

from __future__ import annotations

import builtins
import importlib
import sys
from collections.abc import Iterator
from types import BuiltinFunctionType, FunctionType, MethodType, ModuleType
from typing import Any

from .answering import ANSWER_MODULES, EXCERPT, kind_of, new_module, sentence
from .far import Far
from .line import Line

__all__ = ["tests_side"]

_TESTS = "tests"
_HARMLESS = ("iter", "next", "bool", "hash", "repr", "str", "eq", "ne")


def tests_side(read: int, write: int, tests: str) -> tuple[str, str]:
    """Run the tests against the answer at the other end of the line: (kind, reason)."""
    line = Line(read, write, _permit)
    line.verbs |= {
        "input": lambda prompt: input(prompt),
        "readline": lambda size: sys.stdin.readline(size),
        "read": lambda size: sys.stdin.read(size),
    }
    kind, reason = _judge(line, tests)
    for stream in (sys.__stdout__, sys.__stderr__):
        if stream is not None:
            stream.flush()
    return kind, reason


def _judge(line: Line, tests: str) -> tuple[str, str]:
    """(kind, reason): "passed", or why not; "gone" where the answer's process is."""
    try:
        program = compile(tests, "<tests>", "exec", dont_inherit=True)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        return "tests", f"the tests do not parse: {sentence(error)}"
    try:
        verdict = _run(line, program, set(_names_in(program)))
    except _Unusable as error:
        verdict = "tests", str(error)
    except _CaseFailed as error:
        verdict = "failed", str(error)
    except BaseException as error:  # noqa: BLE001 - any end of the tests but one is no pass
        verdict = _ended(line, error, tests)
    return verdict if line.broken is None else ("gone", line.broken)


def _run(line: Line, program: Any, mentioned: set[str]) -> tuple[str, str]:
    how, found = line.ask("start")
    if how != "started":
        return how, str(found)
    line.known_classes = {
        name for name, (kind, _) in found.items() if kind == "class" and name in mentioned
    }
    module = new_module(_TESTS)
    _give_names(line, module, found, mentioned)
    line.asked = 0
    exec(program, module.__dict__)
    ran = _run_functions(module) + _run_cases(module)
    constants = {name for name, (_, value) in found.items() if not isinstance(value, Far)}
    if line.asked == 0 and not constants & mentioned:
        raise _Unusable(f"the tests never use the answer ({ran} test functions ran)")
    return "passed", "all tests passed"


class _Unusable(Exception):
    """The tests cannot be run as they are."""


class _CaseFailed(Exception):
    """A unittest case failed."""


def _ended(line: Line, error: BaseException, tests: str) -> tuple[str, str]:
    place = _place(error, tests)
    if error is line.last_error:
        kind = kind_of(error)
        return kind, f"the answer raised {sentence(error)}{place}"
    if isinstance(error, ImportError):
        return "tests", f"the tests need what the sandbox does not have: {error}"
    if isinstance(error, MemoryError):
        return "memory", f"the tests ran out of memory{place}"
    if isinstance(error, AssertionError):
        return "failed", f"a test failed{place}" + (f": {error}" if str(error) else "")
    return "failed", f"a test ended with {sentence(error)}{place}"


def _give_names(
    line: Line, module: ModuleType, found: dict[str, tuple[str, Any]], mentioned: set[str]
) -> None:
    """Put the answer's names into the tests' module."""
    space = module.__dict__
    answer = ModuleType(ANSWER_MODULES[0])
    for name, (kind, value) in found.items():
        standard = name in sys.stdlib_module_names and kind not in ("module", "function")
        if (hasattr(builtins, name) or standard) and kind != "borrowed":
            # With an `all` or a `math` of its own, the answer would judge itself.
            if name in mentioned:
                raise _Unusable(f"the answer redefines {name!r}, which the tests use: rename it")
            continue
        if kind == "function" and isinstance(value, Far):
            value = _plain_function(name, value)
        elif kind == "error":
            value = line.error_class(value)
        elif kind in ("module", "borrowed"):
            home, inner = (value, None) if kind == "module" else value
            if name not in mentioned or home.partition(".")[0] not in sys.stdlib_module_names:
                continue
            value = importlib.import_module(home)
            value = value if inner is None else getattr(value, inner)
        space[name] = value
        setattr(answer, name, value)
    sys.modules.update(dict.fromkeys(ANSWER_MODULES, answer))


def _plain_function(name: str, far: Far) -> FunctionType:
    def function(*args: Any, **kwargs: Any) -> Any:
        return far(*args, **kwargs)

    function.__name__ = function.__qualname__ = name
    return function  # type: ignore[return-value]


def _run_functions(module: ModuleType) -> int:
    """Call the module's own functions named test*, as pytest does."""
    ran = 0
    for name, value in list(vars(module).items()):
        if not name.startswith("test") or not isinstance(value, FunctionType):
            continue
        if value.__globals__ is not module.__dict__:
            continue
        if value.__code__.co_argcount > len(value.__defaults__ or ()):
            raise _Unusable(f"{name}() needs arguments, and nothing gives them")
        result = value()
        if hasattr(result, "__await__"):
            importlib.import_module("asyncio").run(result)
        ran += 1
    return ran


def _run_cases(module: ModuleType) -> int:
    """Run the module's own unittest cases."""
    unittest = sys.modules.get("unittest")
    if unittest is None:
        return 0
    ran = 0
    for value in list(vars(module).values()):
        if not isinstance(value, type) or not issubclass(value, unittest.TestCase):
            continue
        if value.__module__ != _TESTS:
            continue
        result = unittest.TestResult()
        unittest.defaultTestLoader.loadTestsFromTestCase(value).run(result)
        for case, trace in [*result.errors, *result.failures]:
            raise _CaseFailed(f"{case.id()}: {trace.strip().splitlines()[-1][:EXCERPT]}")
        ran += result.testsRun - len(result.skipped)
    return ran


def _permit(verb: str, *words: Any) -> None:
    """What an answer may do with the tests' objects: call the functions it is given, go through
    iterators, use files and instances of the tests' own classes by their public names."""
    if verb in ("input", "readline", "read", "data"):
        return
    target, name = words[0], words[1] if len(words) > 1 else None
    kind = target if isinstance(target, type) else type(target)
    own = kind.__module__ in (_TESTS, "_io")
    if verb == "call" and (own or type(target) in (FunctionType, BuiltinFunctionType, MethodType)):
        return
    if verb == "special" and (own or name in _HARMLESS):
        return
    if verb in ("get", "set"):
        changes_class = verb == "set" and isinstance(target, type)
        if own and isinstance(name, str) and not name.startswith("_") and not changes_class:
            return
        raise AttributeError(f"the answer may not reach {name!r} of an object of the tests")
    if verb == "isinstance" and own:
        return
    raise TypeError(f"the answer may not {verb} a {type(target).__name__} of the tests")


def _names_in(program: Any) -> Iterator[str]:
    yield from program.co_names
    for constant in program.co_consts:
        if hasattr(constant, "co_names"):
            yield from _names_in(constant)


def _place(error: BaseException, tests: str) -> str:
    """The line of the tests that the error came through last."""
    trace, number = error.__traceback__, 0
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == "<tests>":
            number = trace.tb_lineno
        trace = trace.tb_next
    lines = tests.splitlines()
    if not 0 < number <= len(lines):
        return ""
    return f" at line {number}: {lines[number - 1].strip()[:EXCERPT]}"
