"""Markdown put into a text and taken out of it, with the same words in the same order."""

from __future__ import annotations

import re

from .sentences import split_sentences

__all__ = ["has_markdown", "with_markdown", "without_markdown"]

_FENCE = re.compile(r"^\s{0,3}(?:```|~~~)", re.MULTILINE)
_LINE = re.compile(r"^[ \t]*(?:#{1,6}[ \t]+|>[ \t]?|[-*+][ \t]+)", re.MULTILINE)
_RULE = re.compile(r"^[ \t]*(?:[-*_][ \t]*){3,}$\n?", re.MULTILINE)
_SPANS = (
    re.compile(r"(?<![\w*])(\*\*\*|\*\*|\*)(?=\S)([^*\n]+?)(?<=\S)\1(?![\w*])"),
    re.compile(r"(?<![\w_])(__|_)(?=\S)([^_\n]+?)(?<=\S)\1(?![\w_])"),
    re.compile(r"(`)([^`\n]+)\1"),
)
_LINK = re.compile(r"!?\[([^\[\]\n]+)\]\([^()\n]*\)")
_FIRST = 4
"""Characters set off where words are not parted by spaces."""


def without_markdown(text: str) -> str:
    """The text without headings, bullets, quotation marks of blocks, emphasis, code marks, rules
    and links' addresses (CommonMark 0.31). Numbers of lists stay, as they may be meant; so does a
    text with fenced code, whole, since marks in code are no Markdown."""
    if _FENCE.search(text):
        return text
    bare = _LINE.sub("", _RULE.sub("", text))
    bare = _LINK.sub(r"\1", bare)
    for span in _SPANS:
        bare = span.sub(r"\2", bare)
    return bare.strip()


def has_markdown(text: str) -> bool:
    """Whether `without_markdown` would change it, white space at its ends aside."""
    return without_markdown(text) != text.strip()


def with_markdown(text: str) -> str:
    """The text with a bullet for each sentence, and its first word in bold; what is left out of
    that is a text with fenced code, which stays as it is."""
    if _FENCE.search(text):
        return text
    return "\n".join(f"- {_set_off(one)}" for one in split_sentences(text))


def _set_off(sentence: str) -> str:
    words = sentence.split(None, 1)
    if len(words) == 2 and words[0].isascii():
        return f"**{words[0]}** {words[1]}"
    head = sentence if len(sentence) <= _FIRST * 2 else sentence[:_FIRST]
    return f"**{head}**{sentence[len(head) :]}"
