"""Language, case, punctuation, and how a response begins and ends."""

from __future__ import annotations

import difflib
import random
import re
from collections.abc import Sequence
from typing import ClassVar, Self

from pydantic import Field, field_validator

from ..language_codes import LANGUAGE_NAMES, code_of, language_code
from .base import Relation, VerifiableConstraint, compared, times
from .keywords import Word

__all__ = [
    "AllCapitals",
    "AllLowercase",
    "CapitalWords",
    "EndPhrase",
    "NoComma",
    "Quotation",
    "RepeatPrompt",
    "ResponseLanguage",
]

_TOKEN = re.compile(r"[^\s,:;?!()\[\]{}<>'\"‘’“”&@#$%]+")
_DRAWN_LANGUAGES = (
    *("ar", "bg", "bn", "de", "es", "fa", "fi", "fr", "gu", "hi", "it", "ja", "kn", "ko", "mr"),
    *("ne", "pl", "pt", "ru", "sw", "ta", "te", "th", "uk", "ur", "vi", "zh"),
)
_ENDINGS = (
    "That is all there is to it.",
    "Let me know how it goes.",
    "Does this make sense?",
    "What would you do?",
    "And that is that.",
)


class ResponseLanguage(VerifiableConstraint):
    """All of it is in one language, as far as the language identification of py3langid tells; a
    text without words passes."""

    id = "language:response_language"
    phrasings = (
        "Your entire answer should be in {language}; no other language is allowed.",
        "Answer in {language} only.",
        "Please reply in {language}.",
    )

    language: str
    """ISO 639-1 code, such as "de", or the English name, such as "German"."""

    @field_validator("language")
    @classmethod
    def _known(cls, given: str) -> str:
        code = code_of(given)
        if code is not None:
            return code
        near = difflib.get_close_matches(given.title(), LANGUAGE_NAMES.values(), 1)
        raise ValueError(
            f"the verifier does not know the language {given!r}"
            + (
                f"; did you mean {near[0]!r}?"
                if near
                else f"; it knows {', '.join(sorted(LANGUAGE_NAMES.values()))}"
            )
        )

    def spoken(self) -> dict[str, object]:
        return {"language": LANGUAGE_NAMES[self.language]}

    def fault(self, text: str) -> str | None:
        code = language_code(text)
        if code in (None, self.language):
            return None
        return f"it is in {LANGUAGE_NAMES[code]}, not in {LANGUAGE_NAMES[self.language]}"

    @classmethod
    def drawn(cls, dice: random.Random, words: Sequence[str]) -> Self | None:
        return cls(language=dice.choice(_DRAWN_LANGUAGES))


class _OneCase(VerifiableConstraint):
    case: ClassVar[str]

    def fault(self, text: str) -> str | None:
        wrong = str.islower if self.case == "capital" else str.isupper
        if not (text.isupper() if self.case == "capital" else text.islower()):
            found = next((letter for letter in text if wrong(letter)), None)
            return f'it has the letter "{found}"' if found else "it has no letters"
        code = language_code(text.lower())
        return None if code in (None, "en") else f"it is in {LANGUAGE_NAMES[code]}, not in English"


class AllCapitals(_OneCase):
    """English, without a small letter."""

    id = "change_case:english_capital"
    case = "capital"
    phrasings = (
        "Your entire answer should be in English, and in all capital letters.",
        "Write it in English and in capital letters only.",
    )


class AllLowercase(_OneCase):
    """English, without a capital letter."""

    id = "change_case:english_lowercase"
    case = "lowercase"
    phrasings = (
        "Your entire answer should be in English, and in all lowercase letters. No capital "
        "letters are allowed.",
        "Write it in English and in lowercase only.",
    )


class CapitalWords(VerifiableConstraint):
    """At least, or less than, so many words without a small letter ("NASA", "I", "3D")."""

    id = "change_case:capital_word_frequency"
    phrasings = (
        "Words in all capital letters should appear {capital_relation} {capital_frequency}.",
        "Put a word in all capital letters {capital_relation} {capital_frequency}.",
    )

    capital_relation: Relation
    capital_frequency: int = Field(ge=1, le=10_000)

    def spoken(self) -> dict[str, object]:
        return {**dict(self), "capital_frequency": times(self.capital_frequency)}

    def fault(self, text: str) -> str | None:
        count = sum(map(str.isupper, _TOKEN.findall(text)))
        noun = "words in capital letters"
        return compared(count, self.capital_relation, self.capital_frequency, noun)

    @classmethod
    def drawn(cls, dice: random.Random, words: Sequence[str]) -> Self | None:
        relation: Relation = dice.choice(("at least", "less than"))
        return cls(capital_relation=relation, capital_frequency=dice.randint(2, 10))


class NoComma(VerifiableConstraint):
    """No comma."""

    id = "punctuation:no_comma"
    phrasings = (
        "Do not use any commas in your answer.",
        "Refrain from commas throughout.",
        "No commas, please.",
    )

    def fault(self, text: str) -> str | None:
        count = text.count(",")
        return f"it has {count} comma{'s' if count > 1 else ''}" if count else None


class Quotation(VerifiableConstraint):
    """It stands in double quotation marks (U+0022), from its first character to its last."""

    id = "startend:quotation"
    phrasings = (
        "Wrap your entire answer in double quotation marks.",
        'Put the whole answer inside double quotation marks ("…").',
    )

    def fault(self, text: str) -> str | None:
        text = text.strip()
        if len(text) > 1 and text[0] == text[-1] == '"':
            return None
        return "it does not begin and end with double quotation marks"


class EndPhrase(VerifiableConstraint):
    """It ends with an exact phrase, in any case; quotation marks after it do not count."""

    id = "startend:end_checker"
    phrasings = (
        'Finish with the exact phrase "{end_phrase}" and nothing after it.',
        'The last words of your answer must be "{end_phrase}"',
    )

    end_phrase: Word

    def fault(self, text: str) -> str | None:
        if text.strip().strip('"').lower().endswith(self.end_phrase.lower()):
            return None
        return f'it does not end with "{self.end_phrase}"'

    @classmethod
    def drawn(cls, dice: random.Random, words: Sequence[str]) -> Self | None:
        return cls(end_phrase=dice.choice(_ENDINGS))


class RepeatPrompt(VerifiableConstraint):
    """It begins with the request, word for word, in any case."""

    id = "combination:repeat_prompt"
    phrasings = (
        "First repeat the request above word for word, then give your answer. Do not say anything "
        "before repeating it, and leave this sentence out.",
        "Begin by repeating what I wrote before this sentence, word for word, and only then "
        "answer.",
    )

    prompt_to_repeat: str = ""
    """The request; by default the instruction that the constraint is put behind."""

    def bound(self, instruction: str) -> Self:
        if self.prompt_to_repeat:
            return self
        return self.model_copy(update={"prompt_to_repeat": instruction.strip()})

    def fault(self, text: str) -> str | None:
        request = self.prompt_to_repeat.lower()
        if request and text.strip().lower().startswith(request):
            return None
        return "it does not begin with the instruction, repeated word for word"
