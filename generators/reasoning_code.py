"""Python functions as final answers: the form of the reply, and its tests in the sandbox."""

from __future__ import annotations

import ast
import asyncio
import re

from pydantic import BaseModel, Field, field_validator

from ..checks.sandbox import SandboxUnavailable, run_tests
from ..records import Check

__all__ = ["Function", "fault_in_function", "run_function"]

LEAST_TESTS = 3
LONGEST = 20_000

_FENCED = re.compile(r"\A\s*```[a-zA-Z]*\n(.*?)\n?```\s*\Z", re.DOTALL)


class Function(BaseModel, str_strip_whitespace=True):
    """A problem that asks for a Python function, its solution, and tests."""

    problem: str = Field(
        min_length=1,
        description="The problem: what the function is called, what it takes and returns, and "
        "what holds at the edges.",
    )
    setup: str = Field(description="What is given, what is wanted, and the idea of the solution.")
    steps: list[str] = Field(
        min_length=2,
        description="The steps from the idea to the function in order, one inference each, "
        "without numbers in front.",
    )
    code: str = Field(
        min_length=1,
        max_length=LONGEST,
        description="The function, complete with its imports from the standard library.",
    )
    tests: str = Field(
        min_length=1,
        max_length=LONGEST,
        description="Plain assert statements that call the function by its name: usual cases, and "
        "each edge that the problem names.",
    )

    @field_validator("code", "tests")
    @classmethod
    def _without_fence(cls, text: str) -> str:
        found = _FENCED.match(text)
        return found[1] if found else text


def fault_in_function(given: Function) -> str | None:
    """What is wrong with code or tests before anything is run, or None."""
    code, tests = _parsed(given.code), _parsed(given.tests)
    for name, tree in (("code", code), ("tests", tests)):
        if isinstance(tree, str):
            return f"'{name}' is no Python: {tree}"
    assert isinstance(code, ast.Module)
    assert isinstance(tests, ast.Module)
    if not any(isinstance(node, ast.FunctionDef) for node in code.body):
        return "'code' defines no function"
    count = sum(isinstance(node, ast.Assert) for node in ast.walk(tests))
    if count < LEAST_TESTS:
        return f"'tests' has {count} assert statements; write at least {LEAST_TESTS}"
    return None


async def run_function(given: Function) -> Check:
    """The check "tests": what came of running the tests; None where they cannot be run, or are
    themselves at fault."""
    try:
        outcome = await asyncio.to_thread(run_tests, given.code, given.tests)
    except SandboxUnavailable as error:
        return Check("tests", None, f"not run: {error}")
    if outcome.passed:
        return Check("tests", True, f"they pass in {outcome.seconds:.1f} s")
    return Check("tests", outcome.passed, f"{outcome.ending}: {outcome.reason[:500]}")


def _parsed(source: str) -> ast.Module | str:
    """The syntax tree, or what is wrong with the source."""
    try:
        return ast.parse(source)
    except SyntaxError as error:
        return f"{error.msg} in line {error.lineno}"
    except (ValueError, RecursionError, MemoryError) as error:
        return f"it cannot be parsed ({error})"
