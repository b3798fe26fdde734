"""The final answer of a solution is found, and compared as mathematics."""

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from silversmith.checks.answers import (
    answers_agree,
    answers_agree_now,
    final_answer,
    same_answer,
)
from silversmith.checks.answers.symbolic import in_worker

DATA = Path(__file__).parent.parent / "data"


@pytest.mark.parametrize(
    ("solution", "answer"),
    [
        ("They make 9 * 2 = 18.\n#### 18", "18"),
        ("#### 1,200\n", "1,200"),
        (r"Hence \boxed{\frac{1}{2}} of it.", r"\frac{1}{2}"),
        (r"First \boxed{3}, in the end $\boxed{x^{2}}$.", "x^{2}"),
        ("The answer is $18 per day. She is glad.", "$18 per day"),
        ("so the answer is: **7**", "7"),
        ("Answer: 3.5", "3.5"),
        ("Answer:\n\n43 jars", "43 jars"),
        ("**Final Answer:**\n\n$\\boxed{5}$", "5"),
        ("She needs 26 of them\nA: 26", "26"),
        ("The final answer is (B)", "(B)"),
        ("First the answer is 3. No: the answer is 4.", "4"),
        ("So 12 go, and then 15 apples remain.", "15"),
        ("She pays $1,234.50 in all, every single week now.", "$1,234.50"),
        ("42", "42"),
        ("It cannot be said how many there are, as nobody counted", ""),
        ("", ""),
    ],
)
def test_final_answer(solution, answer):
    assert final_answer(solution) == answer


@pytest.mark.parametrize(
    ("one", "two"),
    [
        ("43 jars", "43"),
        ("She has 43 jars left.", "43"),
        ("$1,500.00", "1500 dollars"),
        ("3/2", "1.5"),
        ("5/6", "0.83"),
        ("50%", "0.5"),
        ("50%", "50"),
        ("-3", "−3"),
        ("1e5", "100,000"),
        ("2.5 × 10^3", "2500"),
        ("1.234,5", "1234.5"),
        ("x = 5", "5"),
        ("3 km", "3000 m"),
        ("60 km/h", "60 kilometers per hour"),
        ("1 m^2", "10000 cm²"),
        ("5 feet", "60 inches"),
        ("90 minutes", "1.5 hours"),
        ("1 hour 30 minutes", "90 minutes"),
        ("50 cents", "$0.50"),
        ("{1, 2}", "{2,1}"),
        ("x = 1 or x = 2", r"\{2, 1\}"),
        ("(0, 5]", "0 < x ≤ 5"),
        ("x > 3", "(3, ∞)"),
        ("5 >= x", r"(-\infty, 5]"),
        ("x < 2 or x > 5", r"(-\infty, 2) \cup (5, \infty)"),
        ("all real numbers", "(-∞, ∞)"),
        ("∅", "no solution"),
        ("(B)", "b) Paris"),
        ("(B) 42", "42"),
        ("Yes.", "yes"),
        ("It is Tuesday", "Tuesday"),
        ("The Ohio", "ohio"),
        ("2:30 pm", "2:30 PM"),
    ],
)
def test_the_same_without_algebra(one, two):
    assert same_answer(one, two) is True
    assert same_answer(two, one) is True


@pytest.mark.parametrize(
    ("one", "two"),
    [
        ("42.7", "43"),
        ("5/6", "0.8"),
        ("3 km", "3000 hours"),
        ("€5", "$5"),
        ("{1, 2}", "{1, 2, 3}"),
        ("(1, 2)", "(2, 1)"),
        ("[0, 5]", "[0, 5)"),
        ("x > 3", "x ≥ 3"),
        ("(A)", "(B)"),
        ("No, it is not.", "yes"),
        ("Tuesday", "Wednesday"),
    ],
)
def test_not_the_same_without_algebra(one, two):
    assert same_answer(one, two) is False
    assert same_answer(two, one) is False


@pytest.mark.parametrize(
    ("one", "two"),
    [
        ("guilty", "not guilty"),
        ("", "3"),
        ("x^2 - 1", "(x-1)(x+1)"),
        ("who came to the house first", "Anna"),
    ],
)
def test_what_takes_algebra_or_a_reader(one, two):
    assert same_answer(one, two) is None


@pytest.mark.parametrize(
    ("one", "two", "same"),
    [
        ("x^2-1", "(x-1)(x+1)", True),
        ("2√2", r"\sqrt{8}", True),
        ("2 sqrt(2)", "8^(1/2)", True),
        ("pi/2", r"\frac{\pi}{2}", True),
        ("x^2", "x^3", False),
        ("{√2, 1}", "{1, 2^(1/2)}", True),
        ("(-√2, √2)", r"-\sqrt{2} < x < \sqrt{2}", True),
        ("12 apples and some pears", "x^2", None),
    ],
)
async def test_algebra_is_done_in_a_worker(one, two, same):
    assert await answers_agree(one, two) is same


def test_a_comparison_without_end_costs_one_worker_and_the_next_is_made():
    assert answers_agree_now("9^{9^{9^9}}", "1", seconds=0.3) is None
    assert answers_agree_now("x+x", "2x") is True


async def test_the_event_loop_goes_on_while_a_worker_computes():
    ticks = 0

    async def tick():
        nonlocal ticks
        while True:
            ticks += 1
            await asyncio.sleep(0.01)

    ticking = asyncio.create_task(tick())
    assert await answers_agree("9^{9^{9^9}}", "1", seconds=0.5) is None
    ticking.cancel()
    assert ticks > 5


async def test_many_at_once_from_several_tasks():
    pairs = [(f"{n}x + x", f"{n + 1}x") for n in range(1, 9)]
    assert all(await asyncio.gather(*(answers_agree(*pair) for pair in pairs)))


def test_a_killed_worker_is_replaced():
    assert in_worker(lambda compare: compare("x", "x", 1)).result() is True
    workers = _workers(os.getpid())
    assert workers
    for pid in workers:
        os.kill(pid, signal.SIGKILL)
    while any(map(_is_running, workers)):
        time.sleep(0.01)
    # No question is lost to those that were killed before it was asked.
    assert all(answers_agree_now("x+x", "2x") for _ in range(6))


def test_no_worker_is_left_when_the_program_is_killed():
    code = (
        "import sys\n"
        "from silversmith.checks.answers import answers_agree_now\n"
        "print(answers_agree_now('x+x', '2x'), flush=True)\n"
        "sys.stdin.read()\n"
    )
    pipe = subprocess.PIPE
    with subprocess.Popen([sys.executable, "-c", code], stdin=pipe, stdout=pipe) as program:
        try:
            assert program.stdout.readline() == b"True\n"
            workers = _workers(program.pid)
        finally:
            program.kill()
    assert workers
    for _ in range(200):
        if not any(map(_is_running, workers)):
            return
        time.sleep(0.05)
    pytest.fail("a worker is still there")


def _workers(parent):
    """The worker processes of a process. Not by `ps`, which cuts long lines."""
    return [
        int(folder.name)
        for folder in Path("/proc").iterdir()
        if folder.name.isdigit()
        and _status(folder.name)[1:2] == [str(parent)]
        and b"symbolic_worker.py" in _read(folder / "cmdline")
    ]


def _is_running(pid):
    return _status(pid)[:1] not in ([], ["Z"])


def _status(pid):
    """State, parent and so on of a process; nothing where it has ended (proc(5), `stat`)."""
    return _read(Path(f"/proc/{pid}/stat")).rpartition(b")")[2].decode().split()


def _read(path):
    try:
        return path.read_bytes()
    except OSError:  # it has ended since the folder was listed
        return b""


def test_extracted_answers_agree_with_recorded_labels():
    lines = (DATA / "gsm8k" / "model_solutions.jsonl").read_text(encoding="utf-8").splitlines()
    for row in map(json.loads, lines):
        same = answers_agree_now(final_answer(row["solution"]), row["ground_truth"])
        assert (same is True) == row["is_correct"]


@settings(max_examples=200, deadline=None)
@given(
    st.text(alphabet="0123456789.,=+-*/^()[]{}<>$% xab\n√½²∪or≤\\", max_size=40),
    st.text(alphabet="0123456789.,=+-*/^()[]{}<>$% xab\n√½²∪or≤\\", max_size=40),
)
def test_any_two_texts_are_compared(one, two):
    final_answer(one)
    assert same_answer(one, two) in (True, False, None)
    assert same_answer(one, one) is not False
