"""Does a turn do what its dialogue act says? Read from its words alone, without a model.

Where words decide (a refusal, a dispute), the answer for a text that is plainly not in English is
None: it cannot be told. What rests on question marks, numbers and quotes holds in any language.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise

from ..records import Check
from .languages import is_english
from .refusals import find_refusal
from .texts import normalise, split_words

__all__ = [
    "check_act",
    "disputes",
    "find_words",
    "near_copy",
    "role_leak",
    "shares_words",
]

MOST_BESIDE_QUESTION = 40
"""Words that a clarifying turn may have beside its questions; with more it answers as well."""

MOST_IN_CLOSE = 60
"""Words of a turn that closes."""

NEAR_COPY = 0.7
"""The share of common pairs of words from which two turns count as the same."""

_LEAST_WORDS_COMPARED = 6
_SENTENCE = re.compile(r"[^.!?？。！؟\n]+[.!?？。！؟]*[\"'”’)\]*]*")
_QUESTION = re.compile(r"[?？؟][\"'”’)\]*]*\s*$")
_MARK = re.compile(r"[?？؟]")
_CODE = re.compile(r"```.*?(?:```|\Z)|`[^`\n]*`", re.DOTALL)
_LISTED = re.compile(r"(?m)^\s*(?:[-*•]|\d+[.)])\s+\S")

_DECLINES = re.compile(
    r"\bi(?: really| also| simply|'m afraid i)? (?:can(?:not|'t| not| neither| only)|could not"
    r"|couldn't|won't|will not|do not|don't|may not|must not|have to (?:leave|decline|pass))\b"
    r"|\bi(?:'m| am) (?:unable|not (?:able|allowed|permitted|in a position|the right"
    r"|authori[sz]ed))\b"
    r"|\bnot (?:something|a thing|mine|for me|within|part of) (?:\w+ )?(?:i\b|to\b|what\b|my\b)"
    r"|\b(?:outside|beyond) (?:of )?(?:what i|my)\b|\bi(?:'d| would) rather not\b",
    re.IGNORECASE,
)
"""Ways of declining that are too weak to tell a refusal by where none was planned."""

_DISPUTE = re.compile(
    r"\b(?:(?:is|was|are|were|does|do|did|should|could|has|have|would)(?:n't| not)|can(?:not|'t|"
    r" not) be|not (?:right"
    r"|correct|true|quite|what|how)|wrong|incorrect|mistake\w*|mistaken|mix(?:ed|ing)? up"
    r"|misread|error|contradict\w*|doubt|sure (?:about|that|it)|are you sure|hang on|hold on"
    r"|wait[,.!]|actually|instead of|rather than|double[- ]check|disagree\w*"
    r"|doesn't (?:match|add up|fit|look|sound|seem)|says? (?:otherwise|something else)|^no\b"
    r"|supposed to|off by)",
    re.IGNORECASE | re.MULTILINE,
)
_LABEL = re.compile(r"(?im)^\W{0,4}(?:user|assistant|human|ai|bot|customer|agent)\W{0,2}:\W{0,3}\s")
_STAGE = re.compile(
    r"\b(?:as the (?:simulated )?(?:user|assistant) (?:in|of) this|user simulator"
    r"|(?:the|my) persona|the planned act|dialogue act|depends_on|(?:in|from|of|see) turn \d+"
    r"|turn number \d+|this simulation)\b",
    re.IGNORECASE,
)
_AS_USER = re.compile(
    r"\b(?:as the (?:simulated |fictional )?user\b,? (?:i|my)|as an? ai\b"
    r"|how (?:can|may) i (?:help|assist) you|(?:i'm|i am|i'd be) (?:happy|glad) to (?:help|assist)"
    r"|let me know if you (?:have|need)"
    r"|feel free to (?:ask|reach)|anything else i can (?:help|do for you))",
    re.IGNORECASE,
)
_AS_ASSISTANT = re.compile(
    r"\b(?:as the assistant\b,? i|the user (?:is asking|asked|wants|has asked|seems|might mean)"
    r"|as the user\b,? i)\b",
    re.IGNORECASE,
)


def check_act(act: str, text: str) -> Check:
    """Whether the words of a turn can be this act; an act that words do not tell passes."""
    if act == "clarify":
        return _outcome(_clarify_fault(text))
    if act == "refuse":
        if find_refusal(text) is not None or _DECLINES.search(text.replace("’", "'")):
            return _outcome(None)
        wrong = "it must decline the request, and its words do not"
        if not is_english(text):
            return Check("acts", None, "whether it declines cannot be told in its language")
        return _outcome(wrong)
    if act in ("answer", "mistake"):
        words = find_refusal(text)
        if words is not None:
            return _outcome(f"it declines ({_short(words)!r}) where an answer is planned")
        asks = "it only asks back where an answer is planned"
        return _outcome(asks if _only_asks(text) else None)
    if act == "close":
        return _outcome(_close_fault(text))
    return _outcome(None)


def disputes(text: str) -> bool | None:
    """Whether the words say that something is not right; None where it cannot be told."""
    if _DISPUTE.search(text.replace("’", "'")):
        return True
    return False if is_english(text) else None


def find_words(words: str, text: str) -> str | None:
    """The words as they stand in the text, or None: case and white space may differ, and the
    first and the last of them are whole."""
    pieces = words.split()
    if not pieces:
        return None
    pattern = r"\s+".join(map(re.escape, pieces))
    head = r"(?<!\w)" if re.match(r"\w", pieces[0]) else ""
    tail = r"(?!\w)" if re.search(r"\w\Z", pieces[-1]) else ""
    if any(ord(sign) > 0x2E7F for sign in words):  # scripts that put no spaces between words
        head = tail = ""
    found = re.search(head + pattern + tail, text, re.IGNORECASE)
    return found.group() if found else None


def shares_words(one: str, other: str) -> bool:
    """Whether half of the words of the one, and all of its numbers, are in the other."""
    words = split_words(normalise(one))
    there = set(split_words(normalise(other)))
    missing = [word for word in words if word not in there]
    return 2 * len(missing) <= len(words) and not any(word.isdecimal() for word in missing)


def near_copy(text: str, others: Sequence[str]) -> int | None:
    """The place of the first of the others that says the same in nearly the same words: equal
    but for case, space and full stops, or with `NEAR_COPY` of its pairs of words in common."""
    plain = normalise(text)
    words = split_words(plain)
    for place, other in enumerate(others):
        same = normalise(other)
        if same == plain:
            return place
        there = split_words(same)
        if min(len(words), len(there)) < _LEAST_WORDS_COMPARED:
            continue
        if max(len(words), len(there)) * NEAR_COPY > min(len(words), len(there)):
            continue
        pairs, theirs = _pairs(words), _pairs(there)
        if len(pairs & theirs) >= NEAR_COPY * len(pairs | theirs):
            return place
    return None


def role_leak(role: str, text: str) -> str | None:
    """The words by which a turn falls out of its role: a speaker's label, talk of the simulation,
    or the other role's phrases; None where there are none. English phrases only."""
    plain = _CODE.sub(" ", text).replace("’", "'")
    own = _AS_USER if role == "user" else _AS_ASSISTANT
    found = _LABEL.search(plain) or _STAGE.search(plain) or own.search(plain)
    return _short(found.group().strip()) if found else None


def _pairs(words: list[str]) -> set[tuple[str, str]]:
    return set(pairwise(words))


def _outcome(fault: str | None) -> Check:
    return Check("acts", fault is None, fault or "")


def _close_fault(text: str) -> str | None:
    if len(split_words(text)) > MOST_IN_CLOSE:
        return f"it closes the talk, and may have {MOST_IN_CLOSE} words at most"
    return "it closes the talk, and must not ask anything" if _MARK.search(text) else None


def _clarify_fault(text: str) -> str | None:
    questions, beside = _questions(text)
    if not questions:
        return "it must ask for what is missing, and asks nothing"
    if beside > MOST_BESIDE_QUESTION or "```" in text:
        return (
            "it must only ask for what is missing, and answers as well: besides its question it"
            f" may have {MOST_BESIDE_QUESTION} words at most and no code"
        )
    return None


def _only_asks(text: str) -> bool:
    questions, beside = _questions(text)
    return bool(questions) and beside <= 8


def _questions(text: str) -> tuple[int, int]:
    """The number of questions, and the words that stand in no question. The items of a list after
    a question are its choices."""
    plain = _CODE.sub(" code ", text)
    listed = _MARK.search(plain)
    beside = questions = 0
    for found in _SENTENCE.finditer(plain):
        sentence = found.group()
        if _QUESTION.search(sentence):
            questions += 1
        elif not (listed and found.start() > listed.start() and _LISTED.match(sentence)):
            beside += len(split_words(sentence))
    return questions, beside


def _short(words: str) -> str:
    words = " ".join(words.split())
    return words if len(words) <= 60 else words[:59] + "…"
