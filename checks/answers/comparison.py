"""The final answer of a solution, and whether two answers are the same.

What can be decided by exact numbers, units, sets, intervals and words is decided here; what takes
algebra goes to a worker process (`symbolic.py`). "Cannot tell" is an answer of its own (None).
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from functools import partial

from ..arithmetic.quantities import same_quantity, single_quantity
from .forms import Form, Interval, Ordered, Unordered, Word, form_of
from .symbolic import Compare, in_worker, latex_of

__all__ = ["answers_agree", "answers_agree_now", "final_answer", "same_answer"]

Decide = Callable[[str, str], bool | None]
"""Decides on two answers that numbers and words did not settle."""


def final_answer(solution: str) -> str:
    """The final answer of a solution, as it stands there but for marks around it.

    In this order: what follows the last "####" (GSM8K); the last \\\\boxed{...}; what follows the
    last label ("Answer:", "A:", "the answer is"); a solution of one short line itself; the last
    number with its sign and unit. "" where there is none of them.
    """
    solution = solution[-LONGEST:]
    for find in (_behind_hashes, _boxed, _labelled, _short, _last_number):
        found = _bare(find(solution))
        if found:
            return found
    return ""


def same_answer(given: str, known: str) -> bool | None:
    """Whether two final answers are the same, as far as that takes no algebra.

    Equal are: the same number however it is written ("$1,500.00", "1500 dollars", "3/2" and "1.5",
    "50%" and "0.5"), or rounded to at least two places after the point; the same quantity in
    another unit (3 km, 3000 m); sets and lists in any order, tuples in the same; intervals and the
    inequalities that mean them; the same option ("(B)", "b) Paris"); the same words but for case,
    articles and punctuation. A unit that only one of them has does not count.

    Returns:
        None where it takes algebra, or a reader.
    """
    return _same(given, known, _undecided)


async def answers_agree(given: str, known: str, *, seconds: float = 5.0) -> bool | None:
    """As `same_answer`, with algebra where it takes algebra, in a worker process.

    Args:
        given: the answer to look at.
        known: what it should be.
        seconds: how much CPU time each of at most 12 comparisons may take.

    Raises:
        CheckError: the worker cannot be started.
    """
    quick = same_answer(given, known)
    if quick is not None or not _NEEDS_ALGEBRA.search(given + known):
        return quick
    return await asyncio.wrap_future(in_worker(partial(_with_algebra, given, known, seconds)))


def answers_agree_now(given: str, known: str, *, seconds: float = 5.0) -> bool | None:
    """As `answers_agree`, for code that is not async; it waits for the worker."""
    quick = same_answer(given, known)
    if quick is not None or not _NEEDS_ALGEBRA.search(given + known):
        return quick
    return in_worker(partial(_with_algebra, given, known, seconds)).result()


def _with_algebra(given: str, known: str, seconds: float, compare: Compare) -> bool | None:
    left = MOST_COMPARED

    def decide(one: str, two: str) -> bool | None:
        nonlocal left
        left -= 1
        if left < 0 or not (_mathematical(one) and _mathematical(two)):
            return None
        return compare(latex_of(two), latex_of(one), seconds)

    return _same(given, known, decide)


LONGEST = 20_000
MOST_COMPARED = 12

_LABEL = re.compile(
    r"(?:\b(?:final |correct |right )?answers? *(?:is|are|=|:)|^ *(?:#+ *)?\**A\**:|\bANSWER\b:?)"
    r"[ \t]*(?::|is)?",
    re.IGNORECASE | re.MULTILINE,
)
_NUMBER = re.compile(
    r"[-−]?[$€£]?(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?(?:/\d+(?:\.\d+)?)?[ \t]?%?|[-−]?[$€£]?\.\d+"
)
_ENDS = re.compile(r"[.;!?](?=\s|$)(?<!\bapprox\.)|\n")
_WRAPPED = re.compile(r"^\\(?:text|mathrm|mathbf|textbf)\{([^{}]*)\}$")


def _behind_hashes(solution: str) -> str:
    _, found, after = solution.rpartition("####")
    return after.strip().partition("\n")[0] if found else ""


def _boxed(solution: str) -> str:
    start = max(solution.rfind("\\boxed{"), solution.rfind("\\fbox{"))
    if start < 0:
        return ""
    start = solution.index("{", start) + 1
    depth = 1
    for place in range(start, len(solution)):
        depth += {"{": 1, "}": -1}.get(solution[place], 0)
        if not depth:
            return solution[start:place]
    return ""


def _labelled(solution: str) -> str:
    labels = list(_LABEL.finditer(solution))
    if not labels:
        return ""
    found = labels[-1]
    after = solution[found.end() :].lstrip(" \t*:")
    lines = [line for line in after.split("\n", 3) if line.strip(" *`$")]
    if not lines:
        return ""
    line = lines[0].strip()
    ended = _ENDS.search(line)
    return line[: ended.start()] if ended else line


def _short(solution: str) -> str:
    text = solution.strip()
    return text if "\n" not in text and len(text.split()) <= 6 else ""


def _last_number(solution: str) -> str:
    numbers = [found.group() for found in _NUMBER.finditer(solution)]
    return numbers[-1] if numbers else ""


def _bare(answer: str) -> str:
    """Without marks around it: emphasis, mathematics, quotation, a full stop."""
    for _ in range(4):
        before = answer
        answer = answer.strip().strip("*`_\"“”'").strip()
        for opening, closing in (("\\(", "\\)"), ("\\[", "\\]"), ("$$", "$$"), ("$", "$")):
            inner = answer[len(opening) : -len(closing)]
            around = answer.startswith(opening) and answer.endswith(closing) and inner
            if around and opening not in inner:
                answer = inner
        if (boxed := _boxed(answer)) and answer.startswith("\\boxed"):
            answer = boxed
        if wrapped := _WRAPPED.match(answer):
            answer = wrapped[1]
        if answer.endswith((".", ",", ";", ":")) and not answer.endswith("..."):
            answer = answer[:-1]
        if answer == before:
            break
    return answer


def _undecided(one: str, two: str) -> bool | None:
    return None


def _mathematical(text: str) -> bool:
    """Whether algebra could say anything of it: signs, digits, or a letter by itself."""
    return bool(_MATHEMATICAL.search(text)) and not _PROSE.search(text)


_NEEDS_ALGEBRA = re.compile(r"[0-9=^*/+\\√π∞<>≤≥]")
_MATHEMATICAL = re.compile(r"[0-9=^*/+\\√π∞<>≤≥]|\b[a-zA-Z]\b")
_PROSE = re.compile(
    r"(?<![\\A-Za-z])(?!(?:sqrt|sin|cos|tan|log|exp|inf|max|min|gcd|lcm)(?![A-Za-z]))[A-Za-z]{3,}"
)


def _same(given: str, known: str, decide: Decide, depth: int = 0) -> bool | None:
    given, known = _bare(given[:LONGEST]), _bare(known[:LONGEST])
    if not given or not known:
        return None
    if given == known:
        return True
    one, two = single_quantity(given), single_quantity(known)
    if one is not None and two is not None:
        return same_quantity(one, two)
    left, right = form_of(given), form_of(known)
    if isinstance(left, Word) and isinstance(right, Word):
        return _same_words(left, right, given, known, decide)
    if depth > 2:
        return None
    result = _same_forms(left, right, decide, depth)
    return decide(given, known) if result is None else result


def _same_words(left: Word, right: Word, given: str, known: str, decide: Decide) -> bool | None:
    if left.option and right.option:
        return left.option == right.option
    if left.words == right.words:
        return True
    if left.option or right.option:
        rest = left.rest or right.rest
        return _same(rest, known if left.option else given, decide, 1) if rest else None
    if left.truth is not None and right.truth is not None:
        return left.truth == right.truth
    if (found := _number_in_words(left, right)) is not None:
        return found
    if left.contains(right):
        return True
    decided = decide(given, known)
    if decided is None and left.names and right.names:
        return False if not set(left.words) & set(right.words) else None
    return decided


def _number_in_words(left: Word, right: Word) -> bool | None:
    """Where the known answer is a quantity and the other names just one number in a sentence."""
    one, two = left.quantity, right.quantity
    if one is None or two is None:
        return None
    return same_quantity(one, two)


def _same_forms(left: Form, right: Form, decide: Decide, depth: int) -> bool | None:
    if isinstance(left, Unordered) and isinstance(right, Unordered):
        return _same_members(left.parts, right.parts, decide, depth)
    if isinstance(left, Ordered) and isinstance(right, Ordered):
        return _all_same(left.parts, right.parts, decide, depth)
    one, two = Interval.unions_of(left), Interval.unions_of(right)
    if one is None or two is None:
        return False if {type(left), type(right)} == {Ordered, Unordered} else None
    if len(one) != len(two):
        return None
    results: list[bool | None] = []
    for each, other in zip(one, two, strict=True):
        if (each.low_closed, each.high_closed) != (other.low_closed, other.high_closed):
            return False
        results.append(_all_same(each.ends, other.ends, decide, depth))
    return False if False in results else None if None in results else True


def _all_same(
    left: tuple[str, ...], right: tuple[str, ...], decide: Decide, depth: int
) -> bool | None:
    if len(left) != len(right):
        return False
    pairs = zip(left, right, strict=True)
    results = [_same(one, two, decide, depth + 1) for one, two in pairs]
    return False if False in results else None if None in results else True


def _same_members(
    left: tuple[str, ...], right: tuple[str, ...], decide: Decide, depth: int
) -> bool | None:
    """Sets: each member of one is one of the other, however they are ordered."""
    if max(len(left), len(right)) > 20:
        return None
    unsure = False
    free = list(right)
    for one in left:
        results = [_same(one, two, decide, depth + 1) for two in free]
        if True in results:
            free.pop(results.index(True))
        elif None in results:
            unsure = True
        else:
            return False
    if unsure:
        return None
    return not free
