"""What is wrong with an instruction that a model made of another one, or of a text.

The rules are those by which Evol-Instruct (Xu et al., arXiv 2304.12244, section 3.3) and
Self-Instruct (Wang et al., arXiv 2212.10560, section 2.2) throw away what a model wrote, as far as
they need no model.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from .refusals import find_refusal
from .texts import split_words

__all__ = [
    "fault_of_answer",
    "fault_of_evolved",
    "fault_of_new",
    "fault_of_translated",
    "fault_of_what_is_not_there",
    "rouge_l",
]

TOO_SIMILAR = 0.7
"""ROUGE-L from which on an instruction is no new one, as in Self-Instruct."""

COPIED_WORDS = 12
"""So many words in a row from a text give it away."""

_PROMPT = re.compile(
    r"#?\b(?:the |this |your )?(?:given|rewritten|created|evolved|original|above|source)[ _]"
    r"(?:prompt|instruction|task)s?\b#?",
    re.IGNORECASE,
)
_MATERIAL = re.compile(
    r"\b(?:(?:the|this) (?:given |provided |following )?(?:passage|excerpt|material)\b"
    r"|(?:the|this) (?:given|provided|above) (?:text|document|article|answer|response)\b"
    r"|(?:the|this) (?:text|document|article|answer|response) (?:above|below|provided)\b)",
    re.IGNORECASE,
)
_UNSEEN = re.compile(
    r"\b(?:(?:according to|based on|as (?:stated|described|mentioned|explained) in) (?:the|this)"
    r" (?:passage|excerpt|text|document|article|material|source)\b"
    r"|(?:the|this) (?:given|provided|above) (?:passage|excerpt|text|document|article|material)\b"
    r"|(?:the|this) (?:passage|text|document|article) (?:above|provided)\b"
    r"|(?:the|this) (?:passage|excerpt)\b(?! (?:of|to|from|through)\b))",
    re.IGNORECASE,
)
_PASTED = re.compile(r"(?:[:\n]\s*|[\"“«]|</?\w+>)(?:\S+\s+){7}\S")
"""A text that an instruction contains: eight words after a colon, a new line or an opening mark."""

_ELSEWHERE = re.compile(
    r"\b(?:(?:the|this|that|these) attached\b|see attach"
    r"|(?:image|picture|photo|video|figure|screenshot|graph|audio)s? (?:above|below)\b"
    r"|(?:the|this) following (?:image|picture|photo|video|audio))",
    re.IGNORECASE,
)
_ELSEWHERE_NOUNS = (
    "attach",
    "image",
    "picture",
    "photo",
    "video",
    "figure",
    "screenshot",
    "graph",
    "audio",
)
_UNSEEN_NOUNS = ("passage", "excerpt", "text", "document", "article", "material", "source")
"""Without one of these in its case-folded form, a text holds nothing of the kind; looking for them
takes a tenth of the time."""

_LEAST_WORDS = 3
_APOLOGY_WORDS = 80


def fault_of_evolved(sources: Iterable[str], instruction: str) -> str | None:
    """Why an evolved instruction fails, in words that can be sent back; None where it does not.

    It fails where it has the very words of what it was made of, or speaks of the prompt, or cannot
    be answered because it needs something that is not there.

    Args:
        sources: the instructions that it was made of, one after the other.
    """
    same = split_words(instruction.lower())
    if any(split_words(source.lower()) == same for source in sources):
        return "the instruction is the same as the one that it was to be made of"
    if found := _PROMPT.search(instruction):
        return (
            f'the instruction says "{found.group()}", but its reader does not know that there was '
            "another one"
        )
    return _fault_of_form(instruction)


def fault_of_new(instruction: str, known: Sequence[Sequence[str]]) -> str | None:
    """Why an instruction written after examples fails; None where it does not.

    It fails where its ROUGE-L with one of the known instructions is 0.7 or more, where it has
    fewer than 3 words, or where it needs something that is not there, such as a passage.

    Args:
        known: the words of instructions that exist, in lower case.
    """
    words = split_words(instruction.lower())
    for other in known:
        if rouge_l(words, other, TOO_SIMILAR) >= TOO_SIMILAR:
            return f'the instruction is too much like an existing one ("{" ".join(other)[:80]}")'
    return _fault_of_form(instruction)


def fault_of_translated(text: str, instruction: str) -> str | None:
    """Why an instruction to an existing text fails; None where it does not.

    It fails where it speaks of the text as if its reader had it, or gives it away: 12 words in a
    row are the text's.
    """
    if found := _MATERIAL.search(instruction):
        return f'the instruction says "{found.group()}", but its reader has no such text'
    words = split_words(instruction.lower())
    if len(words) >= COPIED_WORDS:
        whole = f" {' '.join(split_words(text.lower()))} "
        for start in range(len(words) - COPIED_WORDS + 1):
            run = " ".join(words[start : start + COPIED_WORDS])
            if f" {run} " in whole:
                return f'the instruction copies from the text: "{run}"'
    return _fault_of_form(instruction)


def fault_of_answer(response: str) -> str | None:
    """Why a response shows that its instruction cannot be answered; None where it does not.

    It does where it refuses, where it is an apology of fewer than 80 words, or has no words.
    """
    words = split_words(response[:2_000])
    if not words:
        return "the response has no words"
    if refusal := find_refusal(response):
        return f'the response refuses ("{refusal}"): write an instruction that can be answered'
    if len(words) < _APOLOGY_WORDS and "sorry" in map(str.lower, words[:12]):
        return "the response is an apology: write an instruction that can be answered"
    return None


def fault_of_what_is_not_there(instruction: str) -> str | None:
    """Why an instruction does not stand on its own: it speaks of an attachment, a picture or a
    passage that it does not contain; None where it does not."""
    folded = instruction.casefold()
    if _any_in(_ELSEWHERE_NOUNS, folded) and (found := _ELSEWHERE.search(instruction)):
        return f'the instruction says "{found.group()}", but nothing of the kind is there'
    if not _any_in(_UNSEEN_NOUNS, folded):
        return None
    if (found := _UNSEEN.search(instruction)) and _PASTED.search(instruction) is None:
        return f'the instruction says "{found.group()}", but its reader has no such text'
    return None


def rouge_l(one: Sequence[str], other: Sequence[str], least: float = 0.0) -> float:
    """The F-measure of the longest common subsequence of two texts (ROUGE-L), from 0 to 1.

    Args:
        one, other: their words.
        least: what is surely below it is not computed, and is 0.
    """
    if not one or not other:
        return 0.0
    total = len(one) + len(other)
    common = set(other)
    shared = sum(word in common for word in one)
    if 2 * min(shared, len(other)) < least * total:
        return 0.0
    lengths = [0] * (len(other) + 1)
    for word in one:
        diagonal = 0
        for place, match in enumerate(other, 1):
            above = lengths[place]
            if word == match:
                lengths[place] = diagonal + 1
            elif lengths[place - 1] > above:
                lengths[place] = lengths[place - 1]
            diagonal = above
    return 2 * lengths[-1] / total


def _any_in(words: tuple[str, ...], text: str) -> bool:
    return any(word in text for word in words)


def _fault_of_form(instruction: str) -> str | None:
    if len(split_words(instruction[:200])) < _LEAST_WORDS:
        return "the instruction has fewer than three words"
    return fault_of_what_is_not_there(instruction)
