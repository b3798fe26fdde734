"""In which way an answer failed, as far as that can be told without a model."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

import orjson

from ..checks import count_words, find_refusal
from ..checks.abstentions import find_abstention
from ..checks.answers import final_answer, same_answer
from ..checks.arithmetic import find_statements
from ..records.evaluation import EvaluatedItem

__all__ = ["KINDS", "Kind", "Told", "tell_kind"]


class Kind(NamedTuple):
    """A way of failing.

    Attributes:
        title: what it is called.
        fails: what the model does wrong, as a sentence that goes on after "it".
        right: what a right response does, as a sentence that goes on after "the response".
    """

    title: str
    fails: str
    right: str


KINDS: Mapping[str, Kind] = {
    "wrong_arithmetic": Kind(
        "wrong arithmetic",
        "sets up or works out calculations wrongly and arrives at another number",
        "sets the calculation up rightly, works it out step by step, and states the result",
    ),
    "broken_format": Kind(
        "broken format",
        "does not keep to the form that is asked for, even where what it says is right",
        "keeps to the letter of the form that is asked for, and adds nothing around it",
    ),
    "hallucinated_fact": Kind(
        "hallucinated fact",
        "states things as facts that are not in its source, or that it cannot know",
        "states only what the source holds, and says plainly what cannot be known",
    ),
    "unwanted_refusal": Kind(
        "unwanted refusal",
        "declines requests that are harmless and could be answered",
        "answers the harmless request fully, without a warning that it does not need",
    ),
    "unwanted_compliance": Kind(
        "unwanted compliance",
        "does what it should have declined to do",
        "declines politely and firmly, and offers what help is harmless",
    ),
    "lost_context": Kind(
        "lost context",
        "loses what was said or given earlier, and answers as if it had not been",
        "uses what was said earlier, wherever in the conversation or the material it stands",
    ),
    "missing_domain_knowledge": Kind(
        "missing domain knowledge",
        "does not know the facts, terms or rules of the field, and gives another answer",
        "gives the facts, terms and rules of the field rightly and precisely",
    ),
    "bias": Kind(
        "bias",
        "lets who somebody is decide where it has no bearing on the answer",
        "judges by what the text says alone, the same for whoever is concerned",
    ),
    "other": Kind(
        "other failures",
        "answers wrongly",
        "does all that the instruction asks, rightly and completely",
    ),
}
"""The kinds by name; `other` is what no verifier can name."""


class Told(NamedTuple):
    """What a verifier found.

    Attributes:
        kind: a key of `KINDS`.
        by: which verifier, and what it found, in a few words.
    """

    kind: str
    by: str


_SIGNS: Sequence[tuple[str, re.Pattern[str]]] = tuple(
    (kind, re.compile(pattern, re.IGNORECASE))
    for kind, pattern in (
        ("bias", r"\bbias|stereotyp|\bbbq\b|crows.?pairs|winogender|fairness|discriminat"),
        (
            "unwanted_refusal",
            r"over.?refus|unwanted.?refus|false.?refus|should (?:not|n't) (?:have )?refus",
        ),
        (
            "unwanted_compliance",
            r"jailbreak|harmbench|advbench|strongreject|unsafe.?compl|unwanted.?compl"
            r"|should (?:have )?(?:be(?:en)? )?refused?",
        ),
        (
            "hallucinated_fact",
            r"hallucinat|faithful|grounded|unsupported|fabricat|invented|context.?recall",
        ),
        (
            "lost_context",
            r"lost.?context|forgot|earlier turn|knowledge.?retention|conversation.?relevan|needle",
        ),
        (
            "broken_format",
            r"\bis-(?:valid-)?(?:json|xml|sql)|contains-(?:json|xml)|json.?schema|\bschema\b"
            r"|ifeval|inst_level|prompt_level|\bformat|\bregex\b|\bis-valid|markdown",
        ),
        ("wrong_arithmetic", r"arithmetic|calculation|wrong number|wrong sum|miscalculat"),
        ("missing_domain_knowledge", r"missing.?(?:domain.?)?knowledge|factual|wrong fact"),
    )
)
"""What names and words of a log's own verifiers say."""

_LOST = re.compile(
    r"\b(?:you (?:did not|didn't|haven't|have not) (?:provide|share|mention|give|tell|specif)"
    r"|(?:no|without) (?:previous|prior|earlier) (?:context|conversation|message)"
    r"|i (?:don't|do not) (?:have|see) (?:any |the )?(?:context|earlier|previous"
    r"|access to (?:the|our) (?:previous|earlier))"
    r"|(?:could|can) you (?:please )?(?:provide|share|tell me) (?:the|your|more))",
    re.IGNORECASE,
)
_FIGURES = re.compile(r"-?[$€£]?\d[\d,]*(?:\.\d+)?(?:/\d+)?%?")
_ASKS_JSON = re.compile(r"\bjson\b", re.IGNORECASE)
_FENCE = re.compile(r"\A\s*```\w*\s*\n(.*?)\n?```\s*\Z", re.DOTALL)
_REFUSE_WORDS = frozenset({"refuse", "refusal", "refused", "decline", "reject", "unsafe"})
_LONG = 400
"""Words from which on an answer that stands in the prompt was lost in it."""

_SHORT_ANSWER = 12


def tell_kind(item: EvaluatedItem) -> Told:
    """The kind of an item's failure.

    What the log says comes first (its column, then the names and words of its verifiers); then
    what our own verifiers find in the answer, the surest first. Each is a rule that can be wrong;
    `by` says which one spoke.
    """
    named = item.kind.strip().casefold().replace(" ", "_").replace("-", "_")
    if named in KINDS:
        return Told(named, "the log says so")
    for rule in _RULES:
        told = rule(item)
        if told is not None:
            return told
    return Told("other", "no verifier can name it")


def _empty(item: EvaluatedItem) -> Told | None:
    return None if item.output.strip() else Told("broken_format", "the answer is empty")


def _refused(item: EvaluatedItem) -> Told | None:
    words = find_refusal(item.output)
    wanted = _refusal_expected(item)
    if wanted:
        return (
            None if words else Told("unwanted_compliance", "a refusal is expected, and none came")
        )
    return Told("unwanted_refusal", f"refuses ({words[:60]!r})") if words else None


def _refusal_expected(item: EvaluatedItem) -> bool:
    return any(
        one.strip().casefold() in _REFUSE_WORDS or find_refusal(one) is not None
        for one in item.expected
    )


def _signs(item: EvaluatedItem) -> Told | None:
    for place, words in (("verifier", item.verdict), ("task", item.task), ("topic", item.topic)):
        for kind, sign in _SIGNS:
            found = sign.search(words)
            if found is not None:
                return Told(kind, f"the log's {place} says {found.group()!r}")
    return None


def _abstained(item: EvaluatedItem) -> Told | None:
    if any(find_abstention(one) for one in item.expected) and not find_abstention(item.output):
        return Told("hallucinated_fact", "the right answer says that it is not known")
    return None


def _unparsable(item: EvaluatedItem) -> Told | None:
    wants = any(_is_object(one) for one in item.expected) or (
        not item.expected and _ASKS_JSON.search(item.prompt)
    )
    if wants and not _is_json(item.output):
        return Told("broken_format", "JSON is expected, and the answer is none")
    return None


def _right_but_wrong_form(item: EvaluatedItem) -> Told | None:
    """The right answer is there, and the evaluation did not find it in the form it looks for."""
    answer = final_answer(item.output)
    for one in item.expected:
        known = final_answer(one) or one
        if answer and same_answer(answer, known):
            return Told("broken_format", "the right answer is there, in another form")
    return None


def _miscalculated(item: EvaluatedItem) -> Told | None:
    wrong = next((one for one in find_statements(item.output) if one.verdict == "wrong"), None)
    if wrong is not None:
        return Told("wrong_arithmetic", "a sum does not come out when it is worked out again")
    if any(_is_number(final_answer(one) or one) for one in item.expected):
        answer = final_answer(item.output)
        if _is_number(answer):
            return Told("wrong_arithmetic", "the final answer is another number")
        return Told("broken_format", "a number is expected, and the answer ends with none")
    return None


def _lost(item: EvaluatedItem) -> Told | None:
    found = _LOST.search(item.output)
    if found is not None:
        return Told("lost_context", f"says {found.group()!r}")
    if item.turns > 1:
        return Told("lost_context", f"the last of {item.turns} turns is answered wrongly")
    if count_words(item.prompt) >= _LONG:
        prompt = item.prompt.casefold()
        if any(len(one) > 3 and one.casefold() in prompt for one in item.expected):
            return Told("lost_context", "the right answer stands in the long prompt")
    return None


def _unknown(item: EvaluatedItem) -> Told | None:
    if any(count_words(one) <= _SHORT_ANSWER for one in item.expected):
        return Told("missing_domain_knowledge", "another answer than the known one")
    return None


_RULES: Sequence[Callable[[EvaluatedItem], Told | None]] = (
    _empty,
    _refused,
    _signs,
    _abstained,
    _unparsable,
    _right_but_wrong_form,
    _miscalculated,
    _lost,
    _unknown,
)


def _is_number(text: str) -> bool:
    return _FIGURES.fullmatch(text.strip().rstrip(".")) is not None


def _is_object(text: str) -> bool:
    return text.lstrip()[:1] in ("{", "[") and _is_json(text)


def _is_json(text: str) -> bool:
    fenced = _FENCE.match(text)
    try:
        orjson.loads(fenced.group(1) if fenced else text)
    except orjson.JSONDecodeError:
        return False
    return True
