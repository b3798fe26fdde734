"""What a model's answer is told by its tests, and what it can do about that: nothing."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap

import pytest

from silversmith.checks.sandbox import Outcome, SandboxUnavailable, run_program, run_tests
from silversmith.checks.sandbox.room import room
from silversmith.errors import CheckError


@pytest.fixture(scope="module")
def isolation() -> None:
    try:
        run_program("")
    except SandboxUnavailable as error:
        pytest.skip(str(error))


def outcome_of(code: str, tests: str, **limits: float) -> Outcome:
    limits = {"seconds": 20, **limits}
    return run_tests(textwrap.dedent(code), textwrap.dedent(tests), **limits)


# Problem: tests, a right answer, a wrong one.
PROBLEMS = {
    "sum of squares": (
        "assert f(3) == 14\nassert f(0) == 0",
        "def f(n): return sum(i * i for i in range(n + 1))",
        "def f(n): return sum(i * i for i in range(n))",
    ),
    "palindromes": (
        "assert is_palindrome('Anna')\nassert not is_palindrome('Otter')",
        "def is_palindrome(s):\n    s = s.lower()\n    return s == s[::-1]",
        "def is_palindrome(s): return s == s[::-1]",
    ),
    "mean": (
        "assert abs(mean([1.0, 2.0, 4.0]) - 7 / 3) < 1e-9",
        "def mean(values): return sum(values) / len(values)",
        "def mean(values): return sum(values) // len(values)",
    ),
    "tuples stay tuples": (
        "assert swap((1, 'a')) == ('a', 1)\nassert isinstance(swap((1, 2)), tuple)",
        "def swap(pair): return pair[1], pair[0]",
        "def swap(pair): return [pair[1], pair[0]]",
    ),
    "sets": (
        "assert common([1, 2, 2], [2, 3]) == {2}\nassert common([], []) == set()",
        "def common(a, b): return set(a) & set(b)",
        "def common(a, b): return set(a) | set(b)",
    ),
    "counting words": (
        "assert words('a b a') == {'a': 2, 'b': 1}",
        "from collections import Counter\ndef words(text): return Counter(text.split())",
        "def words(text): return dict.fromkeys(text.split(), 1)",
    ),
    "exceptions": (
        """
        try:
            root(-1)
        except ValueError as error:
            assert 'negative' in str(error)
        else:
            assert False, 'no error'
        assert root(9) == 3
        """,
        "def root(x):\n    if x < 0: raise ValueError('negative')\n    return x ** 0.5",
        "def root(x): return abs(x) ** 0.5",
    ),
    "exceptions of its own": (
        """
        account = Account(5)
        try:
            account.take(6)
            raise AssertionError("no error")
        except Overdrawn as error:
            assert error.missing == 1
            assert str(error) == "1 short"
        assert account.balance == 5
        """,
        """
        class Overdrawn(Exception):
            def __init__(self, missing):
                super().__init__(f"{missing} short")
                self.missing = missing
        class Account:
            def __init__(self, balance): self.balance = balance
            def take(self, amount):
                if amount > self.balance: raise Overdrawn(amount - self.balance)
                self.balance -= amount
        """,
        """
        class Overdrawn(Exception): pass
        class Account:
            def __init__(self, balance): self.balance = balance
            def take(self, amount): self.balance -= amount
        """,
    ),
    "a class": (
        """
        stack = Stack()
        stack.push(1); stack.push(2)
        assert len(stack) == 2 and 1 in stack and list(stack) == [2, 1]
        assert stack.pop() == 2
        assert isinstance(stack, Stack) and type(stack).__name__ == "Stack"
        """,
        """
        class Stack:
            def __init__(self): self.items = []
            def push(self, item): self.items.append(item)
            def pop(self): return self.items.pop()
            def __len__(self): return len(self.items)
            def __iter__(self): return reversed(self.items)
        """,
        """
        class Stack:
            def __init__(self): self.items = []
            def push(self, item): self.items.append(item)
            def pop(self): return self.items.pop(0)
            def __len__(self): return len(self.items)
            def __iter__(self): return reversed(self.items)
        """,
    ),
    "operators of a class": (
        "assert Vector(1, 2) + Vector(3, 4) == Vector(4, 6)\nassert (Vector(1, 2) * 3).x == 3",
        """
        from dataclasses import dataclass
        @dataclass(frozen=True)
        class Vector:
            x: float
            y: float
            def __add__(self, other): return Vector(self.x + other.x, self.y + other.y)
            def __mul__(self, k): return Vector(self.x * k, self.y * k)
        """,
        """
        from dataclasses import dataclass
        @dataclass(frozen=True)
        class Vector:
            x: float
            y: float
            def __add__(self, other): return Vector(self.x + other.x, self.y - other.y)
            def __mul__(self, k): return Vector(self.x * k, self.y * k)
        """,
    ),
    "in place": (
        "data = [3, 1, 2]\nassert sort(data) is None\nassert data == [1, 2, 3]",
        "def sort(data): data.sort()",
        "def sort(data): sorted(data)",
    ),
    "a generator": (
        "from itertools import islice\nassert list(islice(fib(), 5)) == [0, 1, 1, 2, 3]",
        "def fib():\n    a, b = 0, 1\n    while True:\n        yield a\n        a, b = b, a + b",
        "def fib():\n    a, b = 1, 1\n    while True:\n        yield a\n        a, b = b, a + b",
    ),
    "functions as arguments": (
        "assert apply(lambda x: x + 1, [1, 2]) == [2, 3]\nassert apply(str, [1]) == ['1']",
        "def apply(function, items): return [function(item) for item in items]",
        "def apply(function, items): return list(items)",
    ),
    "functions as results": (
        "add = adder(2)\nassert add(3) == 5\nassert adder(1)(1) == 2",
        "def adder(n): return lambda x: x + n",
        "def adder(n): return lambda x: x * n",
    ),
    "big numbers": (
        "assert factorial(40) == 815915283247897734345611269596115894272000000000",
        "from math import factorial",
        "def factorial(n): return float(n)",
    ),
    "what is printed": (
        """
        import io
        from contextlib import redirect_stdout
        with redirect_stdout(io.StringIO()) as out:
            greet('Ada')
        assert out.getvalue() == 'Hello, Ada!\\n'
        """,
        "def greet(name): print(f'Hello, {name}!')",
        "def greet(name): print('Hello', name)",
    ),
    "what is typed": (
        """
        from unittest.mock import patch
        with patch('builtins.input', side_effect=['2', '3']):
            assert add() == 5
        """,
        "def add(): return int(input('a: ')) + int(input('b: '))",
        "def add(): return input() + input()",
    ),
    "coroutines": (
        "import asyncio\nassert asyncio.run(later(2)) == 4",
        "import asyncio\nasync def later(x):\n    await asyncio.sleep(0)\n    return 2 * x",
        "async def later(x): return x",
    ),
    "decimals and dates": (
        """
        from datetime import date
        from decimal import Decimal
        assert vat(Decimal('10.00')) == Decimal('1.90')
        assert due(date(2024, 2, 28)) == date(2024, 3, 1)
        """,
        """
        from datetime import timedelta
        from decimal import Decimal
        def vat(net): return net * Decimal('0.19')
        def due(day): return day + timedelta(days=2)
        """,
        """
        from datetime import timedelta
        from decimal import Decimal
        def vat(net): return net * Decimal('0.16')
        def due(day): return day + timedelta(days=2)
        """,
    ),
    "objects of the tests": (
        """
        class Node:
            def __init__(self, value, after=None):
                self.value, self.after = value, after
        def values(node):
            return [] if node is None else [node.value, *values(node.after)]
        assert values(reverse(Node(1, Node(2, Node(3))))) == [3, 2, 1]
        """,
        """
        def reverse(node):
            before = None
            while node is not None:
                node.after, before, node = before, node, node.after
            return before
        """,
        "def reverse(node): return node",
    ),
    "named tuples and enums": (
        "assert origin() == (0, 0) and origin().x == 0\nassert Color.RED == 1\n"
        "assert Color(1).name == 'RED'",
        """
        from collections import namedtuple
        from enum import IntEnum
        Point = namedtuple('Point', 'x y')
        class Color(IntEnum): RED = 1
        def origin(): return Point(0, 0)
        """,
        """
        from collections import namedtuple
        from enum import Enum
        Point = namedtuple('Point', 'x y')
        class Color(Enum): RED = 1
        def origin(): return Point(0, 0)
        """,
    ),
    "a method that is cached": (
        "assert fib(30) == 832040\nassert fib.cache_info().misses == 31",
        "from functools import lru_cache\n@lru_cache(None)\n"
        "def fib(n): return n if n < 2 else fib(n - 1) + fib(n - 2)",
        "def fib(n): return n if n < 2 else fib(n - 1) + fib(n - 2)",
    ),
    "a check function": (
        "def check(candidate):\n    assert candidate([1, 2]) == 3\ncheck(total)",
        "def total(xs): return sum(xs)",
        "def total(xs): return max(xs)",
    ),
    "test functions": (
        "from solution import double\ndef test_double():\n    assert double(2) == 4\n"
        "async def test_more():\n    assert double(0) == 0",
        "def double(x): return 2 * x",
        "def double(x): return x + 1",
    ),
    "unittest": (
        """
        import unittest
        from solution import double
        class TestDouble(unittest.TestCase):
            def setUp(self): self.value = 4
            def test_it(self): self.assertEqual(double(2), self.value)
            def test_error(self):
                with self.assertRaises(TypeError): double(None)
        if __name__ == '__main__':
            unittest.main()
        """,
        "def double(x): return x * 2",
        "def double(x): return str(x) * 2",
    ),
}  # fmt: skip


@pytest.mark.usefixtures("isolation")
@pytest.mark.parametrize("problem", PROBLEMS)
def test_a_right_answer_passes_and_a_wrong_one_fails(problem: str) -> None:
    tests, right, wrong = PROBLEMS[problem]
    outcome = outcome_of(right, tests)
    assert outcome.passed is True, outcome.reason
    outcome = outcome_of(wrong, tests)
    assert outcome.passed is False, outcome.reason
    assert outcome.ending in ("failed", "raised")


LIES = {
    "equal to everything": (
        "class Yes:\n    def __eq__(self, other): return True\ndef f(x): return Yes()",
        "failed",
    ),
    "a number that is equal to all": (
        "class Yes(int):\n    __eq__ = lambda a, b: True\n    __hash__ = int.__hash__\n"
        "def f(x): return Yes(0)",
        "failed",
    ),
    "a list that is equal to all": (
        "class Yes(list):\n    __eq__ = lambda a, b: True\n    __ne__ = lambda a, b: False\n"
        "def f(x): return Yes()",
        "failed",
    ),
    "ends well at once": ("import sys\nsys.exit(0)", "raised"),
    "ends well when called": ("import sys\ndef f(x): sys.exit(0)", "raised"),
    "ends its process": ("import os\nos._exit(0)", "crashed"),
    "ends its process when called": ("import os\ndef f(x): os._exit(0)", "crashed"),
    "ends well by atexit": (
        "import atexit, os\natexit.register(os._exit, 0)\ndef f(x): return 0",
        "failed",
    ),
    "kills itself": ("import os\ndef f(x): os.kill(os.getpid(), 9)\nf(1)\nos._exit(0)", "crashed"),
    "replaces the builtins": (
        "import builtins\nbuiltins.AssertionError = Warning\nbuiltins.all = lambda x: True\n"
        "builtins.isinstance = lambda a, b: True\ndef f(x): return 0",
        None,
    ),
    "replaces unittest": (
        "import unittest\nunittest.TestCase.assertEqual = lambda *a: None\n"
        "unittest.TestCase.run = lambda *a: None\ndef f(x): return 0",
        "failed",
    ),
    "catches the assertion": (
        "import sys\nsys.excepthook = lambda *a: None\nsys.settrace(lambda *a: None)\n"
        "def f(x): return 0",
        "failed",
    ),
    "writes a verdict": (
        "import os\nfor n in range(5, 60):\n    try: os.write(n, b'passed\\nall tests passed')\n"
        "    except OSError: pass\ndef f(x): return 0",
        "failed",
    ),
    "writes to the line": (
        "import os\nos.write(4, b'=' + (5).to_bytes(4, 'little') + b'i\\1\\0\\0\\0')\n"
        "def f(x): return 0",
        None,
    ),
    "sends rubbish on the line": ("import os\ndef f(x): os.write(4, bytes(range(256)) * 99)", None),
    "closes its line": ("import os\ndef f(x): os.closerange(0, 60)\n", "crashed"),
    "reads its line itself": (
        "import os\ndef f(x):\n    while os.read(3, 1): pass",
        "timeout",
    ),
    "prints that it passed": ("def f(x): print('passed\\nall tests passed')", "failed"),
    "raises what ends the tests": ("def f(x): raise SystemExit(0)", "raised"),
    "raises an interrupt": ("def f(x): raise KeyboardInterrupt", "raised"),
    "raises a skip": (
        "import unittest\ndef f(x): raise unittest.SkipTest('no')",
        "raised",
    ),
    "gives nothing": ("", "failed"),
    "gives a function": ("def f(x): return eval", "failed"),
    "never ends": ("def f(x):\n    while True: pass", "timeout"),
    "swallows all": (
        "def f(x):\n    while True:\n        try:\n            while True: pass\n"
        "        except BaseException: pass",
        "timeout",
    ),
    "says more than fits": ("def f(x): return 'x' * (20 << 20)", "raised"),
    "holds itself": ("def f(x):\n    a = []\n    a.append(a)\n    return a", "raised"),
    "says it is deep": ("def f(x):\n    a = 1\n    for _ in range(10**5): a = [a]\n    return a",
                        "raised"),
    "asks without end": ("def f(x):\n    while True: input()", "raised"),
}  # fmt: skip


@pytest.mark.usefixtures("isolation")
@pytest.mark.parametrize("lie", LIES)
def test_a_wrong_answer_cannot_pass(lie: str) -> None:
    code, ending = LIES[lie]
    outcome = outcome_of(code, "assert f(1) == 42", seconds=1)
    assert outcome.passed is False
    assert ending in (None, outcome.ending), outcome.reason


@pytest.mark.usefixtures("isolation")
@pytest.mark.parametrize("lie", ["ends its process", "ends well when called", "closes its line"])
def test_nor_where_the_tests_catch_everything(lie: str) -> None:
    code, _ = LIES[lie]
    tests = "try:\n    assert f(1) == 42\nexcept:\n    pass"
    outcome = outcome_of(code, tests)
    # Tests that swallow an exit say that they do not mind it; the loss of the answer stays.
    assert outcome.passed is (lie == "ends well when called")


@pytest.mark.usefixtures("isolation")
def test_an_object_is_not_a_number_by_its_operators() -> None:
    code = """
    class Near:
        def __sub__(self, other): return 0.0
        def __rsub__(self, other): return 0.0
        def __abs__(self): return 0.0
        def __lt__(self, other): return True
        def __contains__(self, other): return True
    def f(x): return Near()
    """
    for test in ("abs(f(1) - 3.14) < 1e-6", "f(1) < 5", "3 in f(1)", "3.14 - f(1) == 0"):
        outcome = outcome_of(code, f"assert {test}")
        assert outcome.passed is False, test
        assert outcome.ending == "failed"


@pytest.mark.usefixtures("isolation")
@pytest.mark.parametrize(
    "code",
    [
        "def f(x): return 0\ndef all(x): return True",
        "def f(x): return 0\nabs = lambda x: 0",
        "def f(x): return 0\nclass math:\n    isclose = lambda *a: True",
    ],
)
def test_an_answer_does_not_lend_the_tests_its_own_builtins(code: str) -> None:
    tests = "assert all([abs(f(1) - 42) == 0]) and math.isclose(f(1), 42)"
    outcome = outcome_of(code, tests)
    assert outcome.passed is not True
    assert "redefines" in outcome.reason


@pytest.mark.usefixtures("isolation")
def test_the_modules_that_an_answer_imports_are_the_real_ones_for_the_tests() -> None:
    code = "import math\nmath.isclose = lambda *a: True\nfrom math import floor\ndef f(x): return 0"
    outcome = outcome_of(code, "assert floor(f(1)) == 0\nassert math.isclose(f(1), 42)")
    assert (outcome.passed, outcome.ending) == (False, "failed")
    assert "line 2" in outcome.reason


@pytest.mark.usefixtures("isolation")
def test_the_tests_are_out_of_the_answers_sight() -> None:
    code = """
    import gc, inspect, os, sys
    def f(x):
        seen = [repr(one) for one in gc.get_objects() if isinstance(one, (dict, list, tuple))]
        frame = sys._getframe()
        while frame:
            seen.append(repr(frame.f_globals) + repr(frame.f_locals))
            frame = frame.f_back
        for place, _, files in os.walk("/"):
            for name in files:
                if place.startswith("/tmp"):
                    seen.append(open(place + "/" + name, errors="replace").read())
        seen.append(repr({n: getattr(m, "__dict__", 0) for n, m in sys.modules.items()}))
        return bytes.fromhex("5345435245544d41524b").decode() in "".join(seen)
    """
    outcome = outcome_of(code, "SECRETMARK = 'SECRETMARK'\nassert f(1) == False")
    assert outcome.passed is True, outcome.reason


@pytest.mark.usefixtures("isolation")
def test_a_function_of_the_tests_can_be_called_and_no_more() -> None:
    code = """
    def look(function):
        for name in ("__globals__", "__code__", "__closure__", "__builtins__", "__self__"):
            try:
                getattr(function, name)
            except AttributeError:
                continue
            return name
        try:
            function.__code__ = None
        except AttributeError:
            return function(1)
    def look_into(generator):
        frame = generator.gi_frame
        return "Box" in frame.f_globals, list(generator)
    def change(kind):
        try:
            kind.expected = 0
        except AttributeError:
            return "refused"
    """
    tests = """
    class Box:
        expected = 42
    assert look(lambda x: x + 1) == 2
    assert look_into(x for x in (1, 2)) == (False, [1, 2])
    assert change(Box) == "refused" and Box.expected == 42
    """
    outcome = outcome_of(code, tests)
    assert outcome.passed is True, outcome.reason


@pytest.mark.usefixtures("isolation")
@pytest.mark.parametrize(
    ("code", "tests", "ending", "reason"),
    [
        ("def f(x) return x", "f(1)", "syntax", "SyntaxError"),
        ("x = '\0'\ndef f(x): return x", "f(1)", "syntax", "null bytes"),
        ("def f(x): return x\n1 / 0", "f(1)", "raised", "ZeroDivisionError: division by zero"),
        ("def f(x): return x", "assert f(1) == 2, 'off by one'", "failed",
         "a test failed at line 1: assert f(1) == 2, 'off by one': off by one"),
        ("def f(x): return [][x]", "y = 1\nassert f(y) == 2", "raised",
         "the answer raised IndexError: list index out of range at line 2: assert f(y) == 2"),
        ("def f(x): return None", "assert f(1)[0] == 2", "failed", "TypeError"),
        ("def g(x): return x", "assert f(1) == 1", "failed", "NameError: name 'f' is not defined"),
        ("def f(x): return x", "assert f(1) = 1", "tests", "the tests do not parse"),
        ("def f(x): return x", "pass", "tests", "never use the answer"),
        ("def f(x): return x", "def check(c): assert c(1) == 1", "tests", "never use the answer"),
        ("def f(x): return x", "import numpy\nassert f(1) == 1", "tests", "numpy"),
        ("import numpy\ndef f(x): return x", "assert f(1) == 1", "raised", "numpy"),
        ("def f(x): return x", "def test_it(fixture): assert f(1)", "tests", "needs arguments"),
        ("def f(x): return 'x' * 10**10", "f(1)", "memory", "MemoryError"),
        ("x = 'x' * 10**10", "f(1)", "memory", "MemoryError"),
        ("def f(x):\n    while True: print('x' * 99)", "f(1)", "output", "bytes of output"),
        ("def f(x):\n    import ctypes\n    ctypes.CDLL(None).ptrace(0)", "f(1)", "killed",
         "called what no honest program calls"),
        ("def f(x):\n    import ctypes\n    ctypes.string_at(0)", "f(1)", "crashed", "SIGSEGV"),
        ("def f(x): return 1", "while f(1): pass", "timeout", "no end within 1 seconds"),
    ],
)  # fmt: skip
def test_how_it_ended_is_told_apart(code: str, tests: str, ending: str, reason: str) -> None:
    outcome = outcome_of(code, tests, seconds=1)
    assert outcome.ending == ending, outcome.reason
    assert reason in outcome.reason
    assert outcome.passed is (None if ending == "tests" else False)


@pytest.mark.usefixtures("isolation")
def test_a_verdict_does_not_depend_on_the_order_of_a_set() -> None:
    code = "def f(): return list({'a', 'b', 'c', 'd', 'e', 'f'})"
    first = outcome_of(code, "print(f())").output
    assert all(outcome_of(code, "print(f())").output == first for _ in range(3))


@pytest.mark.usefixtures("isolation")
def test_the_output_of_the_answer_and_of_its_tests() -> None:
    outcome = outcome_of("print('a')\ndef f(): print('b')", "f()\nprint('c')")
    assert (outcome.passed, outcome.output) == (True, "a\nb\nc\n")


@pytest.mark.usefixtures("isolation")
def test_a_long_answer_and_long_tests() -> None:
    code = "\n".join(f"def f{n}(): return {n}" for n in range(3000))
    tests = "\n".join(f"assert f{n}() == {n}" for n in range(3000))
    assert len(code) > 1 << 16
    assert outcome_of(code, tests).passed is True


@pytest.mark.usefixtures("isolation")
@pytest.mark.parametrize(
    ("code", "stdin", "passed", "ending", "output"),
    [
        ("print(sum(int(word) for word in input().split()))", "1 2 3\n", True, "passed", "6\n"),
        ("import sys\nprint(len(sys.stdin.read()))", "x" * 100_000, True, "passed", "100000\n"),
        ("if __name__ == '__main__':\n    print('é')", "", True, "passed", "é\n"),
        ("import sys\nprint('x', file=sys.stderr)\nsys.exit(3)", "", False, "raised", ""),
        ("import atexit\natexit.register(print, 'end')", "", True, "passed", "end\n"),
        ("print(1)\nraise ValueError('no')", "", False, "raised", "1\n"),
        ("print(", "", False, "syntax", ""),
        ("x = 'x' * 10**10", "", False, "memory", ""),
    ],
)
def test_a_whole_program(code: str, stdin: str, passed: bool, ending: str, output: str) -> None:
    outcome = run_program(code, stdin=stdin, seconds=20)
    assert (outcome.passed, outcome.ending, outcome.output) == (passed, ending, output)


def test_limits_out_of_range_are_refused() -> None:
    with pytest.raises(CheckError, match="seconds must be above 0"):
        run_tests("", "", seconds=0)
    with pytest.raises(CheckError, match="memory_mb must be at least 64"):
        run_tests("", "", memory_mb=1)
    with pytest.raises(CheckError, match="2 million characters"):
        run_program("", stdin="x" * 3_000_000)


@pytest.mark.parametrize(
    ("platform", "machine", "said"),
    [("darwin", "arm64", "this is darwin"), ("linux", "riscv64", "this is riscv64")],
)
def test_a_machine_without_these_walls_is_refused(
    platform: str, machine: str, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Uname:
        pass

    uname = Uname()
    uname.machine = machine  # type: ignore[attr-defined]
    monkeypatch.setattr(sys, "platform", platform)
    monkeypatch.setattr(os, "uname", lambda: uname)
    room.cache_clear()
    try:
        with pytest.raises(SandboxUnavailable, match=said):
            run_program("open('/tmp/it-ran', 'w')")
    finally:
        monkeypatch.undo()
        room.cache_clear()


def test_a_kernel_that_gives_no_namespaces_is_refused() -> None:
    """The refusal, and that nothing was run, where user namespaces are used up."""
    script = """
    import ctypes, os, sys
    libc = ctypes.CDLL(None, use_errno=True)
    user, group = os.geteuid(), os.getegid()
    if libc.unshare(0x10000000) == 0:
        # In a user namespace of its own, the limit can be set without touching the machine's.
        for name, line in (("setgroups", "deny"), ("uid_map", f"0 {user} 1"),
                           ("gid_map", f"0 {group} 1")):
            with open("/proc/self/" + name, "w") as file:
                file.write(line)
        with open("/proc/sys/user/max_user_namespaces", "w") as file:
            file.write("0")
    from silversmith.checks.sandbox import SandboxUnavailable, run_program, run_tests
    for run in (lambda: run_program("print('it ran')"),
                lambda: run_tests("def f(): print('it ran')", "f()")):
        try:
            print("ran", run())
        except SandboxUnavailable as error:
            print(error)
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(script)], capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr
    assert "ran" not in done.stdout.split()
    lines = done.stdout.splitlines()
    assert len(lines) == 2
    for line in lines:
        assert line.startswith("Code from a model is not run here, as it cannot be isolated: ")
        assert "namespace" in line


@pytest.mark.usefixtures("isolation")
def test_the_walls_can_be_shown() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "silversmith.checks.sandbox"],
        capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert "yes  no socket can be opened" in done.stdout.splitlines()
