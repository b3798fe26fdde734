"""Facts in a passage: sentences that are worth a question, and a passage without one of its facts.

A fact is a run of words of the passage. It is taken out by program, with its whole sentence or for
vaguer words, so that nobody has to be believed about what is missing; whether the rest of the
passage still says it is looked up as well.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator, Sequence

from .number_words import in_figures
from .quotes import Place, find_quote
from .sentences import split_sentences
from .texts import count_words, split_words

__all__ = ["replaced", "still_says", "telling_sentences", "without_sentence"]

_LEAST_WORDS, _MOST_WORDS = 6, 60
_PARTICULAR = re.compile(r"\d|`[^`]+`|\"[^\"]+\"|“[^”]+”|(?<=[a-z,;]\s)[A-Z][a-z]+")
_NO_SENTENCE = re.compile(r"\s*(?:[|#>{}\[<]|:::|\(?[\w./-]+\)=)")
_ENDS = (".", "!", "。", "！", ".)", "!)", '."', ".”", ".`")
_FENCE = ("```", "~~~")
_STARTS = re.compile(r"\s*(?:[-*+•]\s|\d{1,3}[.)]\s|[#|>]|:::|<)")
_BULLET = re.compile(r"(?:\A|(?<=\n))[ \t]*(?:[-*+•]|\d{1,3}[.)])?[ \t]*\Z")
_LEADING = re.compile(
    r"\A(?:(?:within|at|in|of|the|a|an|on|by|about|to|for|is|are|was|up|from|after|before|only|der"
    r"|die|das|ein|eine|le|la|les|un|une|el|los|las|una)\s+)+",
    re.IGNORECASE,
)


@functools.lru_cache(maxsize=64)
def telling_sentences(passage: str) -> Sequence[str]:
    """The sentences of a passage that state something particular (a number, a name, a quoted or
    marked word), in its order and as they stand in it; each is of 6 to 60 words and stands once.
    Headings, table rows and code are none."""
    found = [passage[start:end] for start, end in _sentences(passage)]
    return [each for each in found if _tells(each) and passage.count(each) == 1]


def without_sentence(passage: str, fact: str) -> str | None:
    """The passage without the sentence, or sentences, in which the fact stands; None where the
    fact does not stand in it exactly once, or in no sentence."""
    place = find_quote(fact, passage)
    if not isinstance(place, Place):
        return None
    cut = [span for span in _sentences(passage) if span[0] < place.end and place.start < span[1]]
    if not cut:
        return None
    before, after = passage[: cut[0][0]], passage[cut[-1][1] :]
    if re.match(r"[ \t]*(?:\n|\Z)", after):
        before = _BULLET.sub("", before)  # the sentence was a line of its own
        return re.sub(r"\n{3,}", "\n\n", before.rstrip(" ") + after.lstrip(" ")).strip()
    return f"{before}{after.lstrip()}".strip()


def replaced(passage: str, fact: str, words: str) -> str | None:
    """The passage with other words in the place of the fact; None where the fact does not stand
    in it exactly once."""
    place = find_quote(fact, passage)
    if not isinstance(place, Place):
        return None
    return passage[: place.start] + words.strip() + passage[place.end :]


def still_says(passage: str, fact: str) -> bool:
    """Whether the words of the fact stand in the passage, whatever the case and the signs between
    them, and with small numbers as words or as figures."""
    wanted = _plain(_LEADING.sub("", fact.strip(), count=1)) or _plain(fact)
    words = _plain(passage)
    size = len(wanted)
    return size > 0 and any(
        word == wanted[0] and words[place : place + size] == wanted
        for place, word in enumerate(words)
    )


def _sentences(passage: str) -> Iterator[tuple[int, int]]:
    """Where the sentences stand. A paragraph may go over several lines; an item of a list, a
    heading and a row of a table are paragraphs by themselves, and code has no sentences."""
    for start, end in _paragraphs(passage):
        at = start
        for sentence in split_sentences(passage[start:end]):
            begin = passage.index(sentence, at)
            at = begin + len(sentence)
            yield begin, at


def _paragraphs(passage: str) -> Iterator[tuple[int, int]]:
    start = at = 0
    in_code = False
    for line in passage.splitlines(keepends=True):
        fence = line.lstrip().startswith(_FENCE)
        if fence or not line.strip() or _STARTS.match(line):
            if not in_code and start < at:
                yield start, at
            start = at
            bullet = re.match(r"\s*(?:[-*+•]|\d{1,3}[.)])\s+", line)
            start += bullet.end() if bullet and line.strip() else 0
        at += len(line)
        if fence:
            in_code = not in_code
            start = at
        if in_code or not line.strip():
            start = at
    if not in_code and start < at:
        yield start, at


def _tells(sentence: str) -> bool:
    return (
        _LEAST_WORDS <= count_words(sentence) <= _MOST_WORDS
        and sentence.endswith(_ENDS)
        and _PARTICULAR.search(sentence, 1) is not None
        and _NO_SENTENCE.match(sentence) is None
    )


def _plain(text: str) -> list[str]:
    """The words in lower case, with numbers as figures."""
    return in_figures(split_words(text))
