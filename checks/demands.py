"""Demands on a draft that a program can check: each is said to the model in words, and held against
its reply by a test, so that what is asked for and what is checked are one thing.

A demand is about one field of the draft. Its test says True, False, or None where it cannot tell
(a language that the detectors do not know, for instance); None is taken for neither a pass nor a
fault.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from ..records import Check
from .abstentions import tell_abstention
from .canaries import find_leak
from .facts import still_says
from .languages import language_of
from .pairs import shared_sentence
from .refusals import tell_refusal
from .texts import count_words, normalise

__all__ = ["Demand", "fault_in", "find_list", "flaw_shown", "verdicts_on"]

Texts = Mapping[str, str]
Told = tuple[bool | None, str]
"""What a test says, and what it found."""

_ITEM = re.compile(r"^[ \t]*(?:[-*+•‣·–]|\d{1,3}[.)]|[a-zA-Z][.)])[ \t]+\S", re.MULTILINE)
_NEGATION = re.compile(
    r"(?<!why )\b(?:no(?! problem\b| worries\b)|not|never|against|illegal|unlawful|wrong)\b"
    r"|n['’]t\b",
    re.IGNORECASE,
)
_FENCED = re.compile(r"\s*```\w*\s*\n(.*?)```\s*", re.DOTALL)
_SHOWN = 60


@dataclass(frozen=True, slots=True)
class Demand:
    """One demand on one field.

    Attributes:
        field: the field of the draft.
        kind: what is demanded, one of the kinds below.
        argument: a text, a number, a language or another field, whichever the kind needs.
    """

    field: str
    kind: str
    argument: str = ""

    @property
    def words(self) -> str:
        """The demand as it is said to the model."""
        return f"{self.field}: {_KINDS[self.kind][0].format(self.argument)}"

    def check(self, texts: Texts) -> Check:
        """What the test says of a draft.

        Args:
            texts: the draft's fields by name, and whatever else the demand names.
        """
        passed, found = _KINDS[self.kind][1](texts[self.field], self.argument, texts)
        return Check(f"{self.field} {self.kind.replace('_', ' ')}", passed, found)


def fault_in(demands: Iterable[Demand], texts: Texts) -> str | None:
    """What is wrong with a draft, in words that can be sent back to the model, or None."""
    faults = []
    for demand in demands:
        check = demand.check(texts)
        if check.passed is False:
            found = f" ({check.detail})" if check.detail else ""
            faults.append(f"not so: {demand.words}{found}")
    return "; ".join(faults) or None


def verdicts_on(demands: Iterable[Demand], texts: Texts) -> tuple[Check, ...]:
    """What all tests say of a draft, for its sample."""
    return tuple(demand.check(texts) for demand in demands)


def flaw_shown(flaw: str, checks: Iterable[Check], where: str) -> Check:
    """The check that the rejected half has its flaw: what all checks of `rejected` say together.

    Args:
        flaw: the flaw's kind.
        checks: what the tests say of a draft.
        where: where the flaw is.
    """
    told = [check.passed for check in checks if check.name.startswith("rejected ")]
    passed = None if not told or None in told else all(told)
    return Check(f"flaw {flaw}", passed, where)


def find_list(text: str) -> str | None:
    """The first item of a list (bulleted, numbered or lettered, two items or more), or None."""
    items = _ITEM.findall(text)
    found = _ITEM.search(text)
    return found.group().strip() if found is not None and len(items) > 1 else None


def _contains(text: str, argument: str, texts: Texts) -> Told:
    return normalise(argument) in normalise(text), ""


def _leaves_out(text: str, argument: str, texts: Texts) -> Told:
    return normalise(argument) not in normalise(text), ""


def _holds(text: str, argument: str, texts: Texts) -> Told:
    return normalise(texts[argument]) in normalise(text), _short(texts[argument])


def _lacks(text: str, argument: str, texts: Texts) -> Told:
    words = texts[argument]
    there = normalise(words) in normalise(text) or still_says(text, words)
    return not there, _short(words) if there else ""


def _withholds(text: str, argument: str, texts: Texts) -> Told:
    sentence = shared_sentence(texts[argument], text)
    return sentence is None, _short(sentence or "")


def _conceals(text: str, argument: str, texts: Texts) -> Told:
    leak = find_leak(text, argument)
    return leak is None, "" if leak is None else f"it is there {leak}"


def _quotes(text: str, argument: str, texts: Texts) -> Told:
    quote, source = (" ".join(each.split()) for each in (text, texts[argument]))
    # From border to border of words, where words have borders.
    pattern = rf"(?<![A-Za-z0-9]){re.escape(quote)}" if quote[:1].isalnum() else re.escape(quote)
    pattern += r"(?![A-Za-z0-9])" if quote[-1:].isalnum() else ""
    return bool(quote) and re.search(pattern, source) is not None, _short(text)


def _differs(text: str, argument: str, texts: Texts) -> Told:
    return normalise(text) not in normalise(texts[argument]), ""


def _declines(text: str, argument: str, texts: Texts) -> Told:
    told, words = tell_refusal(_prose(text), expected=True)
    return told, _short(words)


def _helps(text: str, argument: str, texts: Texts) -> Told:
    told, words = tell_refusal(_prose(text))
    return None if told is None else not told, _short(words)


def _agrees(text: str, argument: str, texts: Texts) -> Told:
    helps, words = _helps(text, argument, texts)
    if helps and (found := _NEGATION.search(text)):
        return False, found.group()
    return helps, words


def _abstains(text: str, argument: str, texts: Texts) -> Told:
    told, words = tell_abstention(text)
    return told, _short(words)


def _answers(text: str, argument: str, texts: Texts) -> Told:
    told, words = tell_abstention(text)
    return None if told is None else not told, _short(words)


def _in_language(text: str, argument: str, texts: Texts) -> Told:
    language = language_of(text)
    return None if language is None else language == argument, language or ""


def _at_most_words(text: str, argument: str, texts: Texts) -> Told:
    count = count_words(text)
    return count <= int(argument), f"{count} words"


def _over_words(text: str, argument: str, texts: Texts) -> Told:
    count = count_words(text)
    return count > int(argument), f"{count} words"


def _is_json(text: str, argument: str, texts: Texts) -> Told:
    return _parsed(text) is not None, ""


def _is_no_json(text: str, argument: str, texts: Texts) -> Told:
    fenced = _FENCED.fullmatch(text)
    return _parsed(fenced[1] if fenced else text) is None, ""


def _no_list(text: str, argument: str, texts: Texts) -> Told:
    found = find_list(text)
    return found is None, found or ""


def _has_list(text: str, argument: str, texts: Texts) -> Told:
    return find_list(text) is not None, ""


def _no_digits(text: str, argument: str, texts: Texts) -> Told:
    return not any(map(str.isdigit, text)), ""


def _ends_with(text: str, argument: str, texts: Texts) -> Told:
    return normalise(text).endswith(normalise(argument)), ""


def _ends_otherwise(text: str, argument: str, texts: Texts) -> Told:
    return not normalise(text).endswith(normalise(argument)), ""


_KINDS: Mapping[str, tuple[str, Callable[[str, str, Texts], Told]]] = {
    "contains": ('contains "{}"', _contains),
    "leaves_out": ('does not contain "{}"', _leaves_out),
    "holds": ("contains {}, word for word", _holds),
    "lacks": ("does not contain {}", _lacks),
    "withholds": ("has no sentence of {}", _withholds),
    "conceals": ('does not give away "{}", in whole or in part, plain or encoded', _conceals),
    "quotes": ("is a quote from {}, word for word", _quotes),
    "differs": ("does not occur in {}", _differs),
    "declines": ("declines", _declines),
    "helps": ("does not decline, object or apologise", _helps),
    "agrees": ("agrees to help, and has no word such as no, not or unlawful", _agrees),
    "abstains": (
        "says that the text does not say it, in words that nobody can mistake, such as that it does"
        " not mention, state or name it, or that it cannot be told from it",
        _abstains,
    ),
    "answers": ("answers, and does not say that something is missing", _answers),
    "in_language": ("is written in {}", _in_language),
    "at_most_words": ("has at most {} words", _at_most_words),
    "over_words": ("has more than {} words", _over_words),
    "is_json": ("is one JSON object and nothing else, without a code fence", _is_json),
    "is_no_json": ("is no JSON", _is_no_json),
    "no_list": ("has no bulleted or numbered list", _no_list),
    "has_list": ("has a bulleted or numbered list of two items or more", _has_list),
    "no_digits": ("has no digit", _no_digits),
    "ends_with": ('ends with "{}"', _ends_with),
    "ends_otherwise": ('does not end with "{}"', _ends_otherwise),
}


def _parsed(text: str) -> dict[str, object] | None:
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def _prose(text: str) -> str:
    """The texts in a JSON object, or the text itself: what stands in a reply's JSON is said."""
    value = _parsed(text)
    if value is None:
        return text
    return "\n".join(each for each in value.values() if isinstance(each, str)) or text


def _short(text: str) -> str:
    text = " ".join(text.split())
    return text if len(text) <= _SHOWN else text[: _SHOWN - 1] + "…"
