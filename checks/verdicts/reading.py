"""Finding the verdict: which format, which of several places, and whether it may be used."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from . import choices, criteria, lines, marked, scores
from .absence import thinking_ends, why_none
from .places import Candidate
from .values import Value, plain
from .verdict import Choice, Kind, Verdict

__all__ = ["FORMATS", "Detected", "detect_format", "find_verdict"]

_FINDERS: Mapping[str, Callable[[str], Iterator[Candidate]]] = {
    "json": marked.json_keys,
    "bracketed": marked.bracketed,
    "tagged": marked.tagged,
    "two_scores": scores.two_scores,
    "label": marked.label,
    "output_ab": choices.output_ab,
    "stated": scores.stated,
    "criterion": criteria.criterion,
    "last_line": lines.last_line,
    "first_line": lines.first_line,
    "boxed": marked.boxed,
    "fraction": scores.fraction,
}

FORMATS: tuple[str, ...] = ("auto", *_FINDERS)
"""What `format` may be. `auto` tries the others in this order."""

_ONLY_NAMED = frozenset({"fraction"})
"""Formats that `auto` leaves out for a single reply, since prose is full of them."""

_ENOUGH = 200
"""Replies that `detect_format` looks at."""


class Detected(NamedTuple):
    """The format of a judge's replies.

    Attributes:
        format: its name, or "auto" where no format reads a verdict in half of the replies that
            have one.
        kind: what most of its verdicts are, or "none".
        found: how many of the replies have a verdict in that format.
        replies: how many were looked at.
    """

    format: str
    kind: Kind
    found: int
    replies: int


def find_verdict(
    text: str,
    format: str = "auto",
    *,
    wants: Kind | None = None,
    scale: tuple[float, float] | None = None,
    ties: bool = True,
    criterion: str = "",
) -> Verdict:
    """The verdict in a judge's reply, or why there is none. Nothing is ever guessed.

    Of several places in one format that say the same, the last one is given; of several that
    differ, the one that stands as the conclusion ("final", "overall", "therefore", the last
    sentence); where that does not settle it, the reply contradicts itself. What a model thought
    before it answered (`<think>`, closed or not) does not count.

    Args:
        text: the reply.
        format: one of `FORMATS`.
        wants: "score", "scores" or "choice" where only that will do.
        scale: lowest and highest points, both allowed. A score outside, or on another scale
            ("4/5" where the scale ends at 10), is the problem "off_scale".
        ties: whether a tie may be said; if not, it is the problem "off_choices".
        criterion: what the score is for ("accuracy"), so that of a reply with scores for several
            things the right one is taken where none is the conclusion.

    Raises:
        ValueError: no such format.
    """
    if format not in FORMATS:
        raise ValueError(f"no verdict format {format!r}; there are {', '.join(FORMATS)}")
    thought = thinking_ends(text)
    shown = plain(" " * thought + text[thought:])
    if thought and not shown.strip():
        return Verdict(problem="cut_off", reason="the text ends before the model stops thinking")
    if format != "auto":
        verdict = _in_format(shown, format, wants)
        if verdict is None:
            return _not_in_format(shown, format, wants)
        return _allowed(verdict, scale, ties)
    for name in _FINDERS:
        if name in _ONLY_NAMED:
            continue
        verdict = _in_format(shown, name, wants)
        if verdict is not None and (name in _STRONG or _sure(shown, verdict, wants, scale)):
            break
    else:
        verdict = None
    named = criteria.named(shown, criterion) if verdict is None or verdict.problem else None
    if named is not None and wants in (None, "score"):
        verdict = _verdict(named, "criterion")
    return why_none(shown) if verdict is None else _allowed(verdict, scale, ties)


def detect_format(replies: Iterable[str], *, wants: Kind | None = None) -> Detected:
    """The format in which one judge writes its verdicts, from its replies (200 are enough).

    The one that finds most verdicts; of equals the one that comes first in `FORMATS`.
    """
    shown = [plain(text) for text, _ in zip(replies, range(_ENOUGH), strict=False)]
    best = Detected("auto", "none", 0, len(shown))
    with_any = 0
    for text in shown:
        with_any += find_verdict(text, wants=wants).found
    for name in _FINDERS:
        kinds: dict[Kind, int] = {}
        for text in shown:
            verdict = _in_format(text, name, wants)
            if verdict is not None and verdict.found:
                kinds[verdict.kind] = kinds.get(verdict.kind, 0) + 1
        found = sum(kinds.values())
        if found > best.found and 2 * found >= with_any:
            kind = max(kinds, key=lambda each: kinds[each])
            best = Detected(name, kind, found, len(shown))
    return best


_STRONG = frozenset({"json", "bracketed", "tagged", "two_scores", "label", "output_ab", "stated"})
"""Formats that say by themselves that something is a verdict; the others need the right place."""


_NUMBERED = frozenset({"json", "bracketed", "tagged", "label", "last_line", "first_line", "boxed"})
"""Formats in which a 1 or a 2 names an answer where a choice was asked for."""


def _sure(
    text: str, verdict: Verdict, wants: Kind | None, scale: tuple[float, float] | None
) -> bool:
    """Whether a bare value, that might be anything, is the verdict of a reply."""
    if verdict.problem is not None:
        return False
    whole = not text[: verdict.start].strip() and not text[verdict.end :].strip()
    if verdict.format == "boxed" and text[verdict.end :].strip(" \n$.*"):
        return False
    if verdict.kind == "score":
        inside = scale is not None and scale[0] <= verdict.values[0] <= scale[1]
        return inside or (whole and verdict.format != "boxed") or verdict.out_of is not None
    return whole or wants == verdict.kind or verdict.end - verdict.start >= 8


def _in_format(text: str, name: str, wants: Kind | None) -> Verdict | None:
    """What one format finds: a verdict, a contradiction, or nothing."""
    found = _FINDERS[name](text)
    if wants == "choice" and name in _NUMBERED:
        found = (_as_choice(text, each) for each in found)
    candidates = [each for each in found if wants is None or each.value.kind == wants]
    if not candidates:
        return None
    concluding = [each for each in candidates if each.concluding]
    chosen = _agreed(candidates) or _agreed(concluding) or _apart(text, candidates)
    if chosen is None:
        one, other = (concluding or candidates)[0], (concluding or candidates)[-1]
        if _said(one.value) == _said(other.value):
            other = next(each for each in candidates if _said(each.value) != _said(one.value))
        reason = f"the reply says {_words(one.value)} and {_words(other.value)}"
        if one.value.kind != other.value.kind:
            reason += "; say which kind is wanted"
        return Verdict(
            start=other.start,
            end=other.end,
            format=name,
            problem="contradictory",
            reason=reason,
        )
    return _verdict(chosen, name)


def _verdict(found: Candidate, format: str) -> Verdict:
    said = found.value
    return Verdict(said.kind, said.values, said.choice, said.out_of, found.start, found.end, format)


def _agreed(candidates: Sequence[Candidate]) -> Candidate | None:
    """The last of them, if all say the same."""
    if len({_said(each.value) for each in candidates}) != 1:
        return None
    return candidates[-1]


def _apart(text: str, candidates: Sequence[Candidate]) -> Candidate | None:
    """The one on the last line, where it stands alone there and the others within sentences, such
    as one that the answer had asked for ("it ends with 'Rating: [[5]]'")."""
    alone = [each for each in candidates if _alone(text, each)]
    last = _agreed(alone)
    return last if last is not None and not text[last.end :].strip(" \n*_`.\"'") else None


def _alone(text: str, each: Candidate) -> bool:
    # Bounded, so that many verdicts in one endless line do not take their square of time.
    before = text[max(0, each.start - 31) : each.start].rpartition("\n")[2]
    line = before + text[each.end : each.end + 31].partition("\n")[0]
    return len(line) <= 30 and re.fullmatch(r"[\W\d_]*(?:\w+[ ]?){0,3}:?[\W_]*", line) is not None


def _as_choice(text: str, each: Candidate) -> Candidate:
    """ "Preferred: 2" and a bare "2" as the choice that they are where a choice was asked for."""
    value = each.value
    if value.kind != "score" or value.out_of is not None or value.values[0] not in (1.0, 2.0):
        return each
    if _SCORED.search(text, max(0, each.start - 30), each.end):
        return each
    choice: Choice = "A" if value.values[0] == 1.0 else "B"
    return dataclasses.replace(each, value=Value("choice", choice=choice))


_SCORED = re.compile(r"scor|rating|grade|point|分|点|評価|スコア", re.IGNORECASE)


def _said(value: Value) -> tuple[object, ...]:
    return value.kind, value.values, value.choice


def _words(value: Value) -> str:
    return value.choice or " and ".join(f"{each:g}" for each in value.values)


def _allowed(verdict: Verdict, scale: tuple[float, float] | None, ties: bool) -> Verdict:
    """The verdict, or the problem that it is outside what may be said."""
    if verdict.problem is not None:
        return verdict
    tied = verdict.choice == "tie" or (len(verdict.values) == 2 and len(set(verdict.values)) == 1)
    if tied and not ties:
        return _refused(verdict, "off_choices", "the reply calls it a tie, and a choice is asked")
    if scale is None:
        return verdict
    lowest, highest = scale
    stated = f"the scale goes from {lowest:g} to {highest:g}"
    for value in verdict.values:
        if not lowest <= value <= highest:
            return _refused(verdict, "off_scale", f"the reply says {value:g}; {stated}")
    if verdict.out_of is not None and verdict.out_of != highest:
        said_of = f"{verdict.values[0]:g} out of {verdict.out_of:g}"
        return _refused(verdict, "off_scale", f"the reply says {said_of}; {stated}")
    return verdict


def _refused(verdict: Verdict, problem: str, reason: str) -> Verdict:
    return dataclasses.replace(
        Verdict(start=verdict.start, end=verdict.end, format=verdict.format, reason=reason),
        problem="off_scale" if problem == "off_scale" else "off_choices",
    )


def _not_in_format(text: str, format: str, wants: Kind | None) -> Verdict:
    """Nothing in the format that was named: is there a verdict in another one?"""
    for name in _FINDERS:
        if name in _STRONG and name != format:
            other = _in_format(text, name, wants)
            if other is not None:
                return Verdict(
                    start=other.start,
                    end=other.end,
                    problem="unreadable",
                    reason=f"nothing in the format {format}, but something in the format {name}",
                )
    return why_none(text)
