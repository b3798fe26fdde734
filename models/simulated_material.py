"""Words, phrases and sentences of a seed, and templates filled with them."""

from __future__ import annotations

import re
from functools import cached_property

from .simulated_phrases import INVENTED_SOURCES, TOPICS
from .simulated_prompt import Dice

__all__ = ["Material"]

_WINDOW = 900
_MARKS = " \t.,;:!?\"'()[]{}<>*`_#|="
_COMMON = frozenset(
    {"about", "after", "again", "against", "because", "before", "being", "below", "between"}
    | {"could", "doing", "during", "either", "every", "first", "might", "other", "otherwise"}
    | {"shall", "should", "since", "still", "their", "there", "these", "those", "through"}
    | {"under", "until", "whether", "which", "while", "within", "without", "would"}
)
_SLOT = re.compile(r"\{[a-z]\}")
_PATTERNS: dict[str, tuple[str, tuple[str, ...]]] = {}
"""Each template that was used, ready for `%`, and its slots; there are only so many of them."""


class Material:
    """Words, phrases and sentences of a text, picked by the dice from one window of it, so that
    a long document costs no more than a short one."""

    def __init__(self, text: str, dice: Dice) -> None:
        if len(text) > _WINDOW:
            start = text.find(" ", dice.below(len(text) - _WINDOW)) + 1
            text = text[start : start + _WINDOW]
            text = text.rpartition(" ")[0] or text
        self._text = text
        self._words = text.split()
        self._dice = dice
        self._last = ""

    def word(self) -> str:
        """A word of five letters or more, and another one than the last time."""
        words, roll = self._words, self._dice.roll
        count = len(words)
        for _ in range(5 if count else 0):
            word = words[int(roll() * count)].strip(_MARKS)
            fits = 5 <= len(word) <= 24 and word.isalpha() and word not in _COMMON
            if fits and word != self._last:
                self._last = word
                return word
        return self._dice.pick(TOPICS)

    def phrase(self) -> str:
        """Two to four words as they follow each other, in quotation marks."""
        words = self._words
        if len(words) > 2:
            start = self._dice.below(len(words) - 2)
            phrase = " ".join(words[start : start + 2 + self._dice.below(3)])[:60]
            if phrase := phrase.replace('"', "").strip(_MARKS):
                return f'"{phrase}"'
        return f"the {self.word()}"

    def sentence(self) -> str:
        """A sentence of the text, word for word where it is short enough; it ends with a stop."""
        for _ in range(3):
            words = self._dice.pick(self._sentences).split()
            if 5 <= len(words) <= 30:
                break
        else:
            start = self._dice.below(max(1, len(self._words) - 12))
            words = self._words[start : start + 12]
        sentence = " ".join(words)[:240].rstrip(" .;:,")
        return f"{sentence[:1].upper()}{sentence[1:]}{'' if sentence[-1:] in '?!' else '.'}"

    def quote(self) -> str:
        """A piece of the text, character for character."""
        lines = [line.strip() for line in self._text.splitlines()]
        said = [line for line in lines if line.count(" ") > 1] or [line for line in lines if line]
        return self._dice.pick(said or [self._text[:80]])[:200]

    def fill(self, templates: tuple[str, ...]) -> str:
        """One of the templates with words of the text."""
        template = self._dice.pick(templates)
        made = _PATTERNS.get(template)
        if made is None:
            slots = tuple(_SLOT.findall(template))
            made = _PATTERNS[template] = (_SLOT.sub("%s", template), slots)
        pattern, slots = made
        return pattern % tuple([self._slot(slot) for slot in slots])

    def _slot(self, slot: str) -> str:
        if slot == "{w}" or slot == "{v}":
            return self.word()
        if slot == "{p}":
            return self.phrase()
        if slot == "{s}":
            return self._dice.pick(INVENTED_SOURCES)
        return str(self._dice.below(78) + 12)

    @cached_property
    def _sentences(self) -> list[str]:
        # split() of a string is compiled, and a regular expression is ten times as slow.
        return self._text.replace("\n\n", ". ").replace("\n", " ").split(". ")
