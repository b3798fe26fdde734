"""Defects of form that published instruction sets are known for, found without a model.

They are those that the cleaners of Alpaca and its like name
(https://github.com/gururise/AlpacaDataCleaned): instructions that ask for an image or for a page of
the web, "noinput" markers, outputs that repeat the instruction or hold nothing, instructions that
were merged; and what cut-off replies leave behind: unfinished sentences, open code fences. Each is
found only where a person would agree; what is one in most texts but not in all is passed over.
"""

from __future__ import annotations

import re
import string
import unicodedata
from collections import Counter
from collections.abc import Callable, Collection, Mapping
from itertools import islice
from typing import NamedTuple

from .control_tokens import find_control_token

__all__ = ["DEFECTS", "LEAST_LETTERS_BEYOND_LATIN", "Defect", "find_defect"]


class Defect(NamedTuple):
    """A defect: its name, and the words that show it."""

    name: str
    quote: str


def find_defect(instruction: str, response: str, wanted: Collection[str]) -> Defect | None:
    """The first defect of an instruction and its response, or None.

    Args:
        wanted: the names of those to look for, of `DEFECTS`.
    """
    for name, find in DEFECTS.items():
        if name in wanted and (quote := find(instruction, response)) is not None:
            return Defect(name, " ".join(quote.split()))
    return None


_MEDIUM = (
    r"(?:images?|pictures?|photos?|photographs?|screenshots?|drawings?|illustrations?|gifs?"
    r"|(?:video|audio|sound) (?:clips?|files?|recordings?)|videos?|audios?)\b"
)
_NOT_ITSELF = (
    r"(?![ -](?:captions?|descriptions?|prompts?|albums?|class\w*|processing|gallery|galleries"
    r"|formats?|files?|search\w*|recogni\w*|editing|editors?|compression|classif\w*|frames?"
    r"|books?|essays?|contests?|shoots?|segmentation|generation|generat\w*|games?|scripts?"
    r"|ideas?|concepts?|titles?|tags?|urls?|links?|elements?|dataset\w*|data|stor\w*|player\w*"
    r"|conferenc\w*|production|marketing|series|sharing|upload\w*"
    r"|in (?:words|text)))"
)
_MEDIA = re.compile(
    rf"\b(?:draw|paint|sketch|generate|create|produce|show|find|send|upload|post|attach|take|insert"
    rf"|include|record|make|provide)(?: me| us)?(?: an?| the| some| \d+| two| three)"
    rf"(?: [\w-]+){{0,2}} {_MEDIUM}{_NOT_ITSELF}"
    rf"|\bdraw (?:me )?an? (?!conclusion|parallel|distinction|comparison|inference|line\b|analogy"
    rf"|blank|connection|lesson|card|salary|lot\b|crowd|picture of how|contrast|border|box\b|table"
    rf"|diagram of the)(?=\w+ ?\w* ?(?:\.|$))",
    re.IGNORECASE,
)
_ABSENT = re.compile(
    rf"\b(?:in|from|of|at|on|describe|caption|analy[sz]e|identify|look at|using|see)"
    rf" (?:the|this|these|an?) (?:(?:attached|given|provided|following|above|uploaded"
    rf"|accompanying) {_MEDIUM}{_NOT_ITSELF}|{_MEDIUM} (?:above|below|attached|provided|shown))",
    re.IGNORECASE,
)
_IN_TEXT = re.compile(
    r"\bascii|\bsvg|\bhtml|\bcss|\bcode\b|\bpython|\bjava|\blatex|\btikz|\bmatplotlib|\bprompt"
    r"|\bdall|\bmidjourney|\bdescri(?:be|ption)|\bmarkdown|\bcanvas|\bscript|\bfunction|\bprogram"
    r"|\bemoji|\bcaption|\btext-based|\bhow to|\bhow do|\bhow can|\bsteps|\bstory|\bpoem|\bscene"
    r"|\bapp\b|\bwebsite|\bessay|\badvert|\bslogan|\balgorithm|\bapi\b|\bquery|\bjson|\bcommand"
    r"|!\[|stor(?:y|ies)\b|toolformer|\btool\b|\baccess\b",
    re.IGNORECASE,
)


def _asks_for_media(instruction: str, response: str) -> str | None:
    absent = _ABSENT.search(instruction)
    if absent is not None and "![" not in instruction and "<img" not in instruction:
        return absent.group()
    found = _MEDIA.search(instruction)
    if found is None or _IN_TEXT.search(instruction) or _holds_media(response):
        return None
    return found.group()


def _holds_media(response: str) -> bool:
    """Whether a response holds a picture in text: code, Markdown, or ASCII art."""
    return "```" in response or "<svg" in response or "![" in response


_LINK = re.compile(
    r"\b(?:summari[sz]e|read|visit|open|go to|watch|check out|look at|analy[sz]e|review|translate"
    r"|browse|access|download|scrape|crawl|click)\b[^\n]{0,80}?\b(?:https?://|www\.)[^\s\"')>]+"
    r"|\b(?:give|send|provide|find|share|show)(?: me| us)?(?: with)? (?:an?|the|some|\d+|any)"
    r"(?: \w+){0,2} (?:links?|urls?|hyperlinks?) (?:to|for|of)\b[^\n.]{0,40}",
    re.IGNORECASE,
)
_NOT_THE_WEB = re.compile(
    r"\bcode\b|\bpython|\bscript|\bfunction|\bregex|\bhtml|\bcurl\b|toolformer|\bapi\b|\bparse"
    r"|\bextract|\bprogram|\bcommand|\btool\b|\bmarkdown|\bplaceholder",
    re.IGNORECASE,
)
_A_TEXT = 120
"""Words of an instruction from which on it holds the text that a link in it leads to."""


def _asks_for_link(instruction: str, response: str) -> str | None:
    if _NOT_THE_WEB.search(instruction) or len(instruction.split()) >= _A_TEXT:
        return None
    found = _LINK.search(instruction)
    return found.group() if found is not None else None


_NO_INPUT = re.compile(
    r"[<\[(]\s*no[ _-]?(?:in|out)put\s*[>\])]"
    r"|^\s*(?:input:\s*)?(?:no[ _-]?input(?: (?:needed|required|provided|necessary))?|n/?a)\.?\s*$",
    re.IGNORECASE | re.MULTILINE,
)


def _no_input_marker(instruction: str, response: str) -> str | None:
    found = _NO_INPUT.search(instruction) or _MARKER.search(response)
    if found is None or instruction.strip() == found.group().strip():
        return None
    return found.group()


_MARKER = re.compile(r"[<\[(]\s*no[ _-]?(?:in|out)put\s*[>\])]", re.IGNORECASE)

_PLACEHOLDERS = frozenset(
    {
        *("n/a", "na", "n.a.", "null", "nan", "nil", "undefined", "none.", "todo", "tbd", "tba"),
        *("output", "response", "answer", "test", "placeholder", "your_answer_here"),
        *("...", "…", "-", "--", "---", ".", ",", "?"),
        *("[output]", "<output>", "{output}", "<nooutput>", "[nooutput]"),
        *("[response]", "<response>", "{response}", "[answer]", "<answer>"),
    }
)
_BLANK = re.compile(
    r"[\[<{(](?:insert|your|add|put|write|fill in|enter|the)\b[^\]>})\n]{0,60}[\]>})]\W*|"
    r"(?:```\w*\s*```|lorem ipsum.{0,600})\s*",
    re.IGNORECASE | re.DOTALL,
)


def _no_output(instruction: str, response: str) -> str | None:
    said = response.strip()
    if not said:
        return "no text"
    if said.lower() in _PLACEHOLDERS:
        # What the instruction itself names may be the answer.
        named = said.strip(".-,?…[]<>{}").lower()
        return None if named and named in instruction.lower() else said
    return said[:80] if _BLANK.fullmatch(said) and said.lower() not in instruction.lower() else None


_REPEATING = re.compile(
    r"\brepeat|\bcopy|\becho|\bverbatim|\bword for word|\bsame (?:text|words|sentence)|\brestate"
    r"|\bwithout chang|\bunchanged|\bquote|\brequest (?:above|below)|\bexact(?:ly)?\b|\bcontinue"
    r"|\bcomplete the|\bfinish the|\bbegin(?:ning)? with|\bstart(?:ing)? with|\bstarts? your"
    r"|\brewrite|\bre-write|\bcorrect|\bedit|\bfix|\bproofread|\bformat|\bparaphras|\btranslat"
    r"|\bpunctuat|\bcapitali|\breplac|\bfill|\brearrange|\bgrammar|\brevise|\bconvert|\bmodify"
    r"|\bremove|\badd\b|\btranscri",
    re.IGNORECASE,
)
_LEAST_REPEATED = 6
"""Words of an instruction from which on it is no chance that the response has the same."""


def _repeats_instruction(instruction: str, response: str) -> str | None:
    asked, said = _plain(instruction), _plain(response)
    words = len(asked.split())
    if words < _LEAST_REPEATED or not said.startswith(asked) or _REPEATING.search(instruction):
        return None
    # A heading or a restated question before a whole answer is a habit, not a defect.
    rest = said[len(asked) :].split()
    return asked[:80] if len(rest) < words else None


def _plain(text: str) -> str:
    return " ".join(re.sub(r"[^\w\s]", " ", text.casefold()).split())


_FENCE = re.compile(r"^[ \t]{0,3}(?:[-*>] |\d+[.)] )*[ \t]*(`{3,}|~{3,})([^`\n]*)$", re.MULTILINE)


def _open_fence(instruction: str, response: str) -> str | None:
    opened: str | None = None
    line = ""
    for found in _FENCE.finditer(response):
        fence, info = found.groups()
        if opened is None:
            opened, line = fence, found.group()
        elif fence[0] == opened[0] and len(fence) >= len(opened) and not info.strip():
            opened = None
    return f"{line.strip()} is never closed" if opened is not None else None


_HANGING = re.compile(
    r"(?:[^\W\d_] ?[,(\[]|\b(?:the|a|an|and|or|because|their|your|my|our|into|than|if|but|it's"
    r"|i'm|you're|they're|such|whose))$",
    re.IGNORECASE,
)
"""Words that no sentence ends with. One may end with "with"."""

_LONGEST_HANGING = 16
"""Characters of the end of a line in which each of these is found, and the one before it."""

_SENTENCE_INSIDE = re.compile(r"[a-z)\"”'][.!?][\"”')]? +[\"“'(]?[A-Z]")
_LIST_ITEM = re.compile(r"\s*(?:[-*•+|>#]|\d+[.)]|[A-Za-z][.)] )")
_LEAST_LINE = 12
"""Words of a last line from which on it is prose."""

_LEAST_PARAGRAPH = 80
"""Words of a text of one paragraph from which on its sentences say how its last should end."""


def _unfinished(instruction: str, response: str) -> str | None:
    """Ends amid a sentence: on a word or sign that wants another, in prose. Text in other scripts
    than Latin is passed over."""
    said = response.rstrip()
    if not said or said[-1] in ".!?\"”’'`)]}>:;*_~|…" or "```" in said[-400:]:
        return None
    line = said[said.rfind("\n") + 1 :]
    words = line.split()
    if len(words) < _LEAST_LINE or (not line.isascii() and not _mostly_latin(line)):
        return None
    if words[-1][0] in "#@" or "://" in words[-1]:
        return None
    hangs = _HANGING.search(line[-_LONGEST_HANGING:]) is not None and not _LIST_ITEM.match(line)
    if not hangs:
        prose = _SENTENCE_INSIDE.search(line) is not None
        hangs = prose and said[-1].isalpha() and _cut(said)
    if not hangs or _asks_to_end_so(instruction, said):
        return None
    return "…" + " ".join(words[-6:])


def _cut(said: str) -> bool:
    """Whether the rest of the text ends its paragraphs properly, so that its end stands out."""
    lines = [line.strip() for line in said.split("\n")[:-1] if len(line.split()) >= _LEAST_LINE]
    ended = sum(line[-1] in ".!?\"”’')]:;*…" for line in lines)
    inside = len(_SENTENCE_INSIDE.findall(said.rpartition("\n")[2]))
    long = len(said.split()) >= _LEAST_PARAGRAPH
    return ended == len(lines) and (ended > 0 or (inside >= 4 and long))


def _asks_to_end_so(instruction: str, said: str) -> bool:
    """Whether the instruction names the words that the text ends with, or wants it cut."""
    lowered = instruction.lower()
    last = " ".join(said.lower().split()[-3:])
    return last in lowered or any(word in lowered for word in _ENDS_OTHERWISE)


_ENDS_OTHERWISE = ("punctuation", "no period", "full stop", "complete the", "unfinished")


def _mostly_latin(text: str) -> bool:
    return len(text.encode("ascii", "ignore")) > 0.8 * len(text)


_MERGED = re.compile(
    r"^\s*(?:#{2,4}\s*(?:Instructions?|Input|Response|Output|Human|User|Assistant|Question)\s*\d*:?"
    r"\s*$|#{2,4}\s*(?:Instruction|Input|Response|Human|Assistant)s?\s*:"
    r"|(?:Human|User): .*\n+\s*(?:Assistant|AI|Bot|Model):)",
    re.MULTILINE,
)
_TWO_TASKS = re.compile(
    r"^\s*(?:\d+[.)]\s*)?Instruction\s*\d*\s*:.*?^\s*(?:\d+[.)]\s*)?Instruction\s*\d*\s*:",
    re.MULTILINE | re.DOTALL | re.IGNORECASE,
)


def _merged(instruction: str, response: str) -> str | None:
    """Another turn or task begins inside the instruction or the response."""
    for text in (instruction, response):
        if (token := find_control_token(text)) is not None:
            return token
    found = _TWO_TASKS.search(instruction)
    if found is not None:
        return found.group()[-40:]
    found = _MERGED.search(response)
    if found is None or _WANTS_TURNS.search(instruction):
        return None
    return found.group()[:80]


_WANTS_TURNS = re.compile(
    r"dialog|conversation|chat|template|prompt|heading|section|markdown|script|interview"
    r"|transcript",
    re.IGNORECASE,
)


_LANGUAGE_WORDS = re.compile(
    r"translat|language|alphabet|script|character|letter|word for|phrase|pronounc|spell|emoji"
    r"|symbol|kanji|unicode|greek|math|formula|\b(?:in|into|to|using|from|of) [A-Z][a-z]+"
)
_LEAST_LETTERS = 20
LEAST_LETTERS_BEYOND_LATIN = 18
"""Letters beyond ASCII without which no text is in another script than Latin: nine tenths of the
least number of letters that tell a script."""


def _wrong_script(instruction: str, response: str) -> str | None:
    """The response is in another script than the instruction, which names no language."""
    if response.isascii() and instruction.isascii():
        return None
    asked, said = _script_of(instruction), _script_of(response)
    if asked is None or said is None or asked == said or _LANGUAGE_WORDS.search(instruction):
        return None
    if {asked, said} <= {"CJK", "HIRAGANA", "KATAKANA"}:
        return None
    return f"{said.title()} letters, to an instruction in {asked.title()}"


def _script_of(text: str) -> str | None:
    """The script of at least nine tenths of a text's letters, by the names of Unicode."""
    text = text[:2000]
    raw = text.encode("utf-8", "replace")
    latin = len(raw) - len(raw.translate(None, _ASCII_LETTERS))
    beyond = len(raw.translate(None, _NO_LEADS))  # characters beyond ASCII
    if latin >= max(_LEAST_LETTERS, 0.9 * (latin + beyond)):  # whatever the others are
        return "LATIN"
    letters = latin if not beyond else sum(map(str.isalpha, text))
    if letters < _LEAST_LETTERS:
        return None
    if latin >= 0.9 * letters:
        return "LATIN"
    if latin > 0.1 * letters:
        return None
    some = list(islice(filter(str.isalpha, text), 300))
    scripts: Counter[str] = Counter()
    for char, count in Counter(some).items():
        scripts[unicodedata.name(char, "?").split()[0]] += count
    script, count = scripts.most_common(1)[0]
    return script if count >= 0.9 * len(some) else None


_ASCII_LETTERS = string.ascii_letters.encode()
_NO_LEADS = bytes(range(0xC0))

DEFECTS: Mapping[str, Callable[[str, str], str | None]] = {
    "no_output": _no_output,
    "no_input_marker": _no_input_marker,
    "asks_for_media": _asks_for_media,
    "asks_for_link": _asks_for_link,
    "repeats_instruction": _repeats_instruction,
    "merged": _merged,
    "open_fence": _open_fence,
    "unfinished": _unfinished,
    "wrong_script": _wrong_script,
}
"""How each defect is found: a function of instruction and response that returns the words that
show it, or None."""
