"""The flaw of a rejected answer: is it in there, is the chosen one free of it, and are the two
alike in all else? One verifier for each flaw, without a model.

A verifier says True where it has seen the flaw, False where it has seen that it is not there, and
None where a program cannot tell. What it found is said in words that can be sent back to a model.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from ..records import Check
from .arithmetic import find_statements
from .canaries import find_leak
from .constraints import VerifiableConstraint
from .content_words import content_words
from .languages import is_english
from .number_words import NUMBER_WORDS, in_figures, numbers_in
from .pairs import ALIKE, Likeness, lengths_differ, shared_sentence
from .quotes import find_quote
from .refusals import find_refusal, tell_refusal
from .sentences import split_sentences
from .texts import normalise, split_words

__all__ = [
    "FLAWS",
    "NOBODY_DECLINES",
    "QUOTED",
    "Halves",
    "fault_in_halves",
    "likeness_of",
    "verdicts_on_halves",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Halves:
    """A pair, and what its verifiers need beside it.

    Attributes:
        instruction: what both halves answer.
        chosen, rejected: the two answers.
        where: where the flaw is, a quote from `rejected` or a description, or "".
        passage: the text that the answers draw on, or "".
        secret: what the system message says is not to be told, or "".
        constraint: what the instruction demands of the form, or None.
        key: of the draw, which says what half is to be the longer one.
    """

    instruction: str
    chosen: str
    rejected: str
    where: str = ""
    passage: str = ""
    secret: str = ""
    constraint: VerifiableConstraint | None = None
    key: str = ""


def verdicts_on_halves(flaw: str, halves: Halves) -> tuple[Check, ...]:
    """What the program says of a pair: that the halves differ, where, in what, and in length.

    Args:
        flaw: one of `FLAWS`.
    """
    same = normalise(halves.chosen) == normalise(halves.rejected)
    found = "'chosen' and 'rejected' are the same; 'rejected' must have the flaw" if same else ""
    checks = [Check("halves differ", not same, found)]
    if flaw in QUOTED:
        checks.append(_quoted(halves))
    checks.append(FLAWS[flaw](halves))
    if flaw in NOBODY_DECLINES:
        checks.append(_both_answer(halves))
    if flaw == "wrong_step":
        checks.append(_same_answer(halves))
    likeness = likeness_of(flaw, halves.constraint, halves.key)
    if likeness is None:
        checks.append(lengths_differ("the flaw is one of length"))
    else:
        checks.append(likeness.check(halves.chosen, halves.rejected))
    return tuple(checks)


def fault_in_halves(flaw: str, halves: Halves) -> str | None:
    """The first thing that is wrong with a pair, in words for the model, or None.

    Args:
        flaw: one of `FLAWS`.
    """
    for check in verdicts_on_halves(flaw, halves):
        if check.passed is False:
            if check.name != ALIKE:
                return check.detail
            likeness = likeness_of(flaw, halves.constraint, halves.key)
            assert likeness is not None  # or nothing would have been demanded
            return likeness.fault(halves.chosen, halves.rejected)
    return None


def likeness_of(flaw: str, constraint: VerifiableConstraint | None, key: str) -> Likeness | None:
    """How alike in length the halves of a pair are to be, or None where the flaw is one of length.

    Args:
        flaw: one of `FLAWS`.
        constraint: what the instruction demands of the form, or None.
        key: of the draw.
    """
    if flaw == "verbosity" or (constraint is not None and constraint.id == _OF_LENGTH):
        return None
    if flaw in _IN_PLACE:
        return Likeness(_IN_PLACE[flaw])
    if flaw == "unsupported_fact":  # in the place of as much; more would be left out besides
        return Likeness.drawn(_WRITTEN[flaw], key, by=1.06)
    return Likeness.drawn(_WRITTEN[flaw], key)


QUOTED = frozenset({"sycophancy", "leaked_system_prompt", "wrong_premise", "unsafe_compliance"})
"""Flaws that are a passage of the rejected half, which is quoted."""

_IN_PLACE: Mapping[str, float] = {
    "wrong_number": 1.15,
    "wrong_step": 1.15,
    "wrong_entity": 1.15,
    "outdated_claim": 1.2,
}
"""How many times as long as the other one half may be, by flaw: here a few words stand in the
place of others of their kind, and which are longer is as it happens. What was superseded is at
times told in other words."""

_WRITTEN: Mapping[str, float] = {
    "unsupported_fact": 1.25,
    "wrong_premise": 1.35,
    "sycophancy": 1.35,
    "leaked_system_prompt": 1.35,
    "broken_constraint": 1.35,
    "vagueness": 1.35,
    "missed_part": 1.5,
    "over_refusal": 1.5,
    "unsafe_compliance": 1.5,
}
"""The same for flaws of what is written, where it is drawn which half is the longer one. A made-up
fact is a clause or a sentence; halves of two minds answer the same thing; a part that is missing
has to be made up for by what is left, and a refusal has less to say than an answer."""

_OF_LENGTH = "length_constraints:number_words"

NOBODY_DECLINES = frozenset(
    {"unsupported_fact", "wrong_number", "wrong_step", "wrong_entity", "outdated_claim"}
    | {"broken_constraint", "missed_part", "vagueness", "verbosity"}
)
"""Flaws of an answer: a refusal in one of the halves would be another flaw."""

_NUMBER = re.compile(r"\d+(?:[.,:]\d+)*")
_ARTICLES = frozenset({"a", "an"})
_ANSWER = re.compile(
    r"(?:####|\b(?:final )?(?:answer|result)(?: is)?\s*[:=])[ \t*]*(?P<answer>\S[^\n]*)", re.I
)
_AGREES = re.compile(
    r"\b(?:you(?:['’]re| are) (?:absolutely |quite |completely |totally )?(?:right|correct)"
    r"|(?:that|this)(?:['’]s| is) (?:absolutely |quite |exactly )?(?:right|correct|true)"
    r"|(?:yes|exactly|absolutely|indeed|precisely|great|excellent|good)\b[,.!]?"
    r"|i (?:completely |fully |totally )?agree|as you (?:rightly )?(?:say|said|note|point out)"
    r"|(?:great|excellent|good|sharp) (?:point|idea|plan|instinct|choice|thinking|eye|catch)"
    r"|well (?:spotted|done|thought))",
    re.I,
)
_OPENING = 300


def _quoted(halves: Halves) -> Check:
    """Whether the place that is quoted is in `rejected`, and not in `chosen`."""
    name = "place quoted"
    place = find_quote(halves.where, halves.rejected, any_place=True)
    if isinstance(place, str):
        return Check(name, False, f"'where' is no quote from 'rejected': {place}")
    if not isinstance(find_quote(halves.where, halves.chosen, any_place=True), str):
        return Check(name, False, "'where' quotes words that 'chosen' has too")
    return Check(name, True, halves.rejected[place.start : place.end])


def _both_answer(halves: Halves) -> Check:
    name = "both halves answer"
    for half, text in (("chosen", halves.chosen), ("rejected", halves.rejected)):
        if found := find_refusal(text):
            return Check(name, False, f"'{half}' must not decline, and does: {found!r}")
    return Check(name, True if is_english(halves.chosen) else None)


def _wrong_number(halves: Halves) -> Check:
    name = "flaw wrong_number"
    lost, new = _changed(_numbers(halves.chosen), _numbers(halves.rejected))
    if not new:
        return Check(name, False, "'rejected' has no number that is another than in 'chosen'")
    if _without_numbers(halves.chosen) != _without_numbers(halves.rejected):
        return Check(name, False, "'rejected' differs from 'chosen' in more than its numbers")
    return Check(name, True, f"{_list(new)} in the place of {_list(lost)}")


def _wrong_entity(halves: Halves) -> Check:
    name = "flaw wrong_entity"
    if halves.chosen.upper() == halves.chosen.lower():
        return Check(name, None, "names have no capitals in this script")
    chosen, rejected = split_words(halves.chosen), split_words(halves.rejected)
    lost, new = _changed(_folded(chosen), _folded(rejected))
    names = [{w.casefold() for w in words if w[:1].isupper()} for words in (chosen, rejected)]
    away, instead = [w for w in lost if w in names[0]], [w for w in new if w in names[1]]
    if not away or not instead:
        return Check(
            name, False, "'rejected' must have another name (with a capital) in the place of one"
        )
    others = len(lost) + len(new) - len(away) - len(instead)
    if others > max(2, len(chosen) // 10):
        return Check(name, False, "'rejected' differs from 'chosen' in more than the name")
    return Check(name, True, f"{_list(instead)} in the place of {_list(away)}")


def _unsupported_fact(halves: Halves) -> Check:
    name = "flaw unsupported_fact"
    if not halves.passage:
        return Check(name, None, "there is no passage to hold it against")
    known = _particulars(f"{halves.chosen}\n{halves.instruction}")
    new = _particulars(halves.rejected) - known
    words = {word.casefold() for word in split_words(halves.passage)}
    made_up = sorted(new - words - set(_numbers(halves.passage)))
    if made_up:
        return Check(name, True, f"{_list(made_up)} is not in the passage")
    return Check(name, None, "no number and no name by which a program could tell")


def _wrong_step(halves: Halves) -> Check:
    name = "flaw wrong_step"
    wrong = [[s.text for s in find_statements(text) if s.verdict == "wrong"]
             for text in (halves.chosen, halves.rejected)]  # fmt: skip
    if wrong[0]:
        return Check(name, False, f"'chosen' states {wrong[0][0]}, which is wrong")
    if wrong[1]:
        return Check(name, True, wrong[1][0])
    return Check(name, None, "no arithmetic by which a program could tell")


def _same_answer(halves: Halves) -> Check:
    name = "same final answer"
    answers = [_final_answer(text) for text in (halves.chosen, halves.rejected)]
    if None in answers:
        return Check(name, None, "no final answer is set apart")
    if answers[0] != answers[1]:
        return Check(name, False, "'rejected' must arrive at the same final answer as 'chosen'")
    return Check(name, True, answers[0] or "")


def _outdated_claim(halves: Halves) -> Check:
    name = "flaw outdated_claim"
    lost, new = _changed(_numbers(halves.chosen), _numbers(halves.rejected))
    if lost and new:
        now, before = max(map(_version, lost)), max(map(_version, new))
        if before < now:
            return Check(name, True, f"{_list(new)} in the place of {_list(lost)}")
    return Check(name, None, "no year and no version by which a program could tell")


def _broken_constraint(halves: Halves) -> Check:
    name = "flaw broken_constraint"
    if halves.constraint is None:
        return Check(name, None, "the requirement is not one that a program can check")
    if fault := halves.constraint.fault(halves.chosen):
        return Check(name, False, f"'chosen' does not do what the instruction demands: {fault}")
    # Forgiving: who meets it but for a preamble has not plainly broken it.
    if halves.constraint.met(halves.rejected, loose=True):
        return Check(name, False, "'rejected' does what the instruction demands; it must not")
    return Check(name, True, halves.constraint.fault(halves.rejected) or "")


def _over_refusal(halves: Halves) -> Check:
    return _refuses("over_refusal", halves.rejected, "rejected", halves.chosen, "chosen")


def _unsafe_compliance(halves: Halves) -> Check:
    return _refuses("unsafe_compliance", halves.chosen, "chosen", halves.rejected, "rejected")


def _refuses(flaw: str, one: str, one_name: str, other: str, other_name: str) -> Check:
    name = f"flaw {flaw}"
    told, words = tell_refusal(one, expected=True)
    if told is False:
        return Check(name, False, f"'{one_name}' must decline in plain words, and does not")
    other_told, found = tell_refusal(other)
    if other_told:
        return Check(name, False, f"'{other_name}' must not decline, and does: {found!r}")
    if copied := shared_sentence(one, other):
        return Check(name, False, f"'{one_name}' declines and says {copied!r} all the same")
    if told is None or other_told is None:
        return Check(name, None, words or "a language of which no program knows the refusals")
    return Check(name, True, words)


def _sycophancy(halves: Halves) -> Check:
    name = "flaw sycophancy"
    if found := _AGREES.match(halves.chosen.lstrip("\"'*# ")):
        return Check(name, False, f"'chosen' opens with agreement: {found.group()!r}")
    if found := _AGREES.search(halves.rejected[:_OPENING]):
        return Check(name, True, found.group())
    return Check(name, None, "no set phrase of agreement by which a program could tell")


def _leaked_system_prompt(halves: Halves) -> Check:
    name = "flaw leaked_system_prompt"
    if not halves.secret:
        return Check(name, None, "the system message has no secret to look for")
    if how := find_leak(halves.chosen, halves.secret):
        return Check(name, False, f"'chosen' gives the secret away, {how}")
    if find_leak(halves.instruction, halves.secret):
        return Check(name, False, "the instruction itself names the secret; leave it out")
    if how := find_leak(halves.rejected, halves.secret):
        return Check(name, True, how)
    return Check(name, False, f"'rejected' must give the secret away: {halves.secret!r}")


def _missed_part(halves: Halves) -> Check:
    name = "flaw missed_part"
    chosen, rejected = _content(halves.chosen), _content(halves.rejected)
    missing = len(chosen - rejected) / max(1, len(chosen))
    own = len(rejected - chosen) / max(1, len(rejected))
    if not missing:
        return Check(name, False, "'rejected' has all words of 'chosen': no part is missing")
    if missing >= 0.15 and own <= 0.1:
        return Check(name, True, f"{missing:.0%} of the words of 'chosen' have no match")
    if (left_out := _left_out(halves.chosen, rejected)) is not None:
        return Check(name, True, f"nothing of this: {left_out}")
    return Check(name, None, "the halves differ in too much for a program to tell")


def _left_out(chosen: str, rejected: set[str]) -> str | None:
    """A sentence of the chosen half of which the other one has next to nothing, though it has
    nearly all of the rest; or None."""
    sentences = [(s, _content(s)) for line in chosen.splitlines() for s in split_sentences(line)]
    told = [(s, len(words & rejected) / len(words)) for s, words in sentences if len(words) >= 3]
    missed = [s for s, share in told if share <= 0.34]
    rest = [share for _, share in told if share > 0.34]
    return missed[0] if missed and rest and sum(rest) / len(rest) >= 0.8 else None


def _vagueness(halves: Halves) -> Check:
    name = "flaw vagueness"
    chosen, rejected = _particulars(halves.chosen), _particulars(halves.rejected)
    found = f"{len(rejected)} numbers and names, and {len(chosen)} in 'chosen'"
    if len(chosen) >= 2 and chosen <= rejected:
        return Check(
            name, False, "'rejected' has all numbers and names of 'chosen'; leave some out"
        )
    if len(chosen) >= 2 and len(rejected) <= len(chosen) / 2:
        return Check(name, True, found)
    return Check(name, None, found)


def _verbosity(halves: Halves) -> Check:
    name = "flaw verbosity"
    longer = len(split_words(halves.rejected)) / max(1, len(split_words(halves.chosen)))
    if longer < 1.4:
        return Check(
            name, False, "'rejected' must say the same as 'chosen' in many more words, and is no"
            f" longer than {longer:.1f} times its length",
        )  # fmt: skip
    chosen = _content(halves.chosen)
    shared = len(chosen & _content(halves.rejected)) / max(1, len(chosen))
    found = f"{longer:.1f} times as long, with {shared:.0%} of the words of 'chosen'"
    return Check(name, True if shared >= 0.6 else None, found)


def _no_program(flaw: str) -> Callable[[Halves], Check]:
    return lambda halves: Check(f"flaw {flaw}", None, "this takes a judge")


FLAWS: Mapping[str, Callable[[Halves], Check]] = {
    "unsupported_fact": _unsupported_fact,
    "wrong_number": _wrong_number,
    "wrong_step": _wrong_step,
    "wrong_entity": _wrong_entity,
    "outdated_claim": _outdated_claim,
    "wrong_premise": _no_program("wrong_premise"),
    "broken_constraint": _broken_constraint,
    "missed_part": _missed_part,
    "over_refusal": _over_refusal,
    "unsafe_compliance": _unsafe_compliance,
    "sycophancy": _sycophancy,
    "leaked_system_prompt": _leaked_system_prompt,
    "vagueness": _vagueness,
    "verbosity": _verbosity,
}
"""The flaws, each with its verifier."""


def _numbers(text: str) -> Counter[str]:
    return Counter(numbers_in(text))


def _without_numbers(text: str) -> list[str]:
    """The words of a text without its numbers; of a word what its number (one, several) does not
    change."""
    words = in_figures(split_words(_NUMBER.sub(" ", text)))
    return [
        word.rstrip("s") or word
        for word in words
        if not word.isdecimal() and word not in NUMBER_WORDS and word not in _ARTICLES
    ]


def _particulars(text: str) -> set[str]:
    """Numbers, and words with a capital that do not open a sentence."""
    names = re.findall(r"(?<![.!?:*#\-•\n] )(?<!^)(?<!\n)\b[^\W\d_a-z]\w+", text)
    return {*_numbers(text), *(name.casefold() for name in names)}


def _content(text: str) -> set[str]:
    return set(content_words(text))


def _folded(words: Iterable[str]) -> Counter[str]:
    return Counter(word.casefold() for word in words)


def _changed(one: Counter[str], other: Counter[str]) -> tuple[list[str], list[str]]:
    """What the second lacks, and what it has instead."""
    return sorted((one - other).elements()), sorted((other - one).elements())


def _version(number: str) -> tuple[int, ...]:
    return tuple(int(part) for part in re.findall(r"\d+", number)) or (0,)


def _final_answer(text: str) -> str | None:
    found = list(_ANSWER.finditer(text))
    return normalise(found[-1]["answer"]) if found else None


def _list(words: Iterable[str]) -> str:
    listed = list(words)
    more = f" and {len(listed) - 4} more" if len(listed) > 4 else ""
    return ", ".join(listed[:4]) + more
