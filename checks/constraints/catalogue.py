"""The kinds of constraints: by name, from arguments, by chance, and which go together."""

from __future__ import annotations

import difflib
import random
from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import ValidationError

from ...errors import CheckError
from .base import VerifiableConstraint
from .contents import Placeholders, Postscript, Title
from .forms import Bullets, ConstrainedResponse, Highlights, Json, Sections, TwoResponses
from .keywords import ForbiddenWords, KeywordFrequency, Keywords, LetterFrequency
from .lengths import FirstWord, NumberOfParagraphs, NumberOfSentences, NumberOfWords
from .wording import (
    AllCapitals,
    AllLowercase,
    CapitalWords,
    EndPhrase,
    NoComma,
    Quotation,
    RepeatPrompt,
    ResponseLanguage,
)

__all__ = [
    "KINDS",
    "conflict",
    "constraint",
    "draw_constraints",
    "kinds_of",
]

KINDS: Mapping[str, type[VerifiableConstraint]] = {
    cls.id: cls
    for cls in (
        Keywords, KeywordFrequency, ForbiddenWords, LetterFrequency, ResponseLanguage,
        NumberOfSentences, NumberOfParagraphs, NumberOfWords, FirstWord, Placeholders, Postscript,
        Bullets, ConstrainedResponse, Highlights, Sections, Json, Title, TwoResponses,
        RepeatPrompt, EndPhrase, CapitalWords, AllCapitals, AllLowercase, NoComma, Quotation,
    )
}  # fmt: skip
"""The 25 kinds, by name."""

_ALONE: Mapping[type[VerifiableConstraint], tuple[type[VerifiableConstraint], ...]] = {
    ConstrainedResponse: (),
    Json: (ForbiddenWords, Keywords),
    TwoResponses: (ForbiddenWords, Keywords, ResponseLanguage, Title, NoComma),
    RepeatPrompt: (Keywords, Title),  # IFEval has NoComma too, but a request has commas
}
"""Kinds that go with hardly any other one, and with which they do."""

_CONFLICTS: frozenset[frozenset[type[VerifiableConstraint]]] = frozenset(
    frozenset(pair)
    for pair in (
        # IFEval's table.
        (ResponseLanguage, Sections), (ResponseLanguage, Keywords),
        (ResponseLanguage, KeywordFrequency), (ResponseLanguage, ForbiddenWords),
        (ResponseLanguage, EndPhrase), (ResponseLanguage, AllCapitals),
        (ResponseLanguage, AllLowercase), (NumberOfParagraphs, FirstWord),
        (NumberOfParagraphs, NumberOfSentences), (Sections, Highlights),
        (CapitalWords, AllLowercase), (CapitalWords, AllCapitals), (AllCapitals, AllLowercase),
        (Quotation, Title),
        # Beyond it: what can hardly be met together, or not at all.
        (Sections, AllLowercase), (Sections, AllCapitals), (FirstWord, Sections),
        (FirstWord, Postscript), (FirstWord, Title), (FirstWord, Bullets),
        (FirstWord, ResponseLanguage),
        (EndPhrase, Postscript), (NumberOfWords, NumberOfSentences),
        (Quotation, Bullets), (Bullets, NumberOfParagraphs), (Bullets, Highlights),
    )
)  # fmt: skip


def constraint(kind: str, arguments: Mapping[str, Any] | None = None) -> VerifiableConstraint:
    """A constraint of a kind.

    Args:
        kind: one of `KINDS`.
        arguments: its arguments by IFEval's names; those that are None count as not given.

    Raises:
        CheckError: there is no such kind, or an argument is wrong; says which and why.
    """
    given = {name: value for name, value in (arguments or {}).items() if value is not None}
    cls = _kind(kind)
    try:
        return cls.model_validate(given)
    except ValidationError as error:
        raise CheckError(f"{kind}: {_explained(error, cls)}") from error


def kinds_of(name: str) -> tuple[str, ...]:
    """The kinds that a name stands for: one, or those of a family such as "keywords".

    Raises:
        CheckError: there is neither a kind nor a family of that name.
    """
    family = tuple(kind for kind in KINDS if kind.partition(":")[0] == name)
    return family or (_kind(name).id,)


def conflict(one: VerifiableConstraint, other: VerifiableConstraint) -> str | None:
    """Why two constraints cannot be asked for together, or None where they can.

    Two of a kind cannot, nor can those of IFEval's table of conflicts, nor a few more pairs that
    can hardly be met at once; a keyword that is asked for may not be forbidden.
    """
    first, second = type(one), type(other)
    if first is second:
        return f"{one.id} is there twice"
    if frozenset((first, second)) in _CONFLICTS or any(
        a in _ALONE and b not in _ALONE[a] for a, b in ((first, second), (second, first))
    ):
        return f"{one.id} and {other.id} cannot be met together"
    clash = _wanted(one) & _unwanted(other) or _wanted(other) & _unwanted(one)
    return f'"{min(clash)}" is both asked for and forbidden' if clash else None


def draw_constraints(
    dice: random.Random,
    count: int,
    among: Sequence[str | VerifiableConstraint],
    words: Sequence[str],
    text: str | None = None,
) -> list[VerifiableConstraint]:
    """Constraints by chance that go together; fewer where not so many do.

    Args:
        dice: the source of chance.
        count: how many.
        among: kinds to draw from, or constraints with their arguments; the first is taken where
            it can be, the others in an order by chance.
        words: words of the subject, for keywords.
        text: where given, only constraints that this text meets.
    """
    rest = list(among[1:])
    dice.shuffle(rest)
    drawn: list[VerifiableConstraint] = []
    free = list(words)
    for each in (*among[:1], *rest):
        if len(drawn) == count:
            break
        # For a given text the arguments are tried a few times, until it meets them.
        for _ in range(1 if text is None else 6):
            made = each if not isinstance(each, str) else KINDS[each].drawn(dice, free)
            if made is None or any(conflict(made, other) for other in drawn):
                continue
            if text is None or made.met(text):
                drawn.append(made)
                free = [word for word in free if word not in _wanted(made) | _unwanted(made)]
                break
    return drawn


def _kind(kind: str) -> type[VerifiableConstraint]:
    if (cls := KINDS.get(kind)) is not None:
        return cls
    near = difflib.get_close_matches(kind, KINDS, 1, 0.5)
    raise CheckError(
        f"there is no verifiable constraint {kind!r}"
        + (f"; did you mean {near[0]!r}?" if near else f"; there are {', '.join(KINDS)}")
    )


def _wanted(made: VerifiableConstraint) -> set[str]:
    if isinstance(made, Keywords):
        return {word.lower() for word in made.keywords}
    if isinstance(made, KeywordFrequency):
        return {made.keyword.lower()}
    return {made.first_word.lower()} if isinstance(made, FirstWord) else set()


def _unwanted(made: VerifiableConstraint) -> set[str]:
    if isinstance(made, ForbiddenWords):
        return {word.lower() for word in made.forbidden_words}
    return set()


def _explained(error: ValidationError, cls: type[VerifiableConstraint]) -> str:
    parts = []
    for problem in error.errors(include_url=False):
        name = ".".join(map(str, problem["loc"]))
        message = str(problem["msg"]).removeprefix("Value error, ")
        if problem["type"] == "missing":
            parts.append(f"the argument {name!r} is missing")
        elif problem["type"] == "extra_forbidden":
            known = ", ".join(cls.model_fields) or "none"
            parts.append(f"it has no argument {name!r} (known: {known})")
        elif problem["type"] == "value_error":
            parts.append(message)
        else:
            parts.append(f"{name}: {message[:1].lower()}{message[1:]}, found {problem['input']!r}")
    return "; ".join(parts)
