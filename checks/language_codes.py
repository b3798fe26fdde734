"""Which language is a text in? Languages by their ISO 639-1 codes, told by py3langid.

py3langid (Lui and Baldwin, "langid.py", ACL 2012) scores byte sequences; it always has an answer,
and needs some twenty characters for a good one. `languages` is for checks that may not tell.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Mapping
from typing import Any

__all__ = ["LANGUAGE_NAMES", "code_of", "language_code", "likely_language"]

LANGUAGE_NAMES: Mapping[str, str] = {
    "af": "Afrikaans", "am": "Amharic", "ar": "Arabic", "az": "Azerbaijani", "be": "Belarusian",
    "bg": "Bulgarian", "bn": "Bengali", "bs": "Bosnian", "ca": "Catalan", "cs": "Czech",
    "cy": "Welsh", "da": "Danish", "de": "German", "el": "Greek", "en": "English",
    "eo": "Esperanto", "es": "Spanish", "et": "Estonian", "eu": "Basque", "fa": "Persian",
    "fi": "Finnish", "fr": "French", "ga": "Irish", "gl": "Galician", "gu": "Gujarati",
    "ha": "Hausa", "he": "Hebrew", "hi": "Hindi", "hr": "Croatian", "hu": "Hungarian",
    "hy": "Armenian", "id": "Indonesian", "ig": "Igbo", "is": "Icelandic", "it": "Italian",
    "ja": "Japanese", "ka": "Georgian", "kk": "Kazakh", "km": "Khmer", "kn": "Kannada",
    "ko": "Korean", "ky": "Kyrgyz", "la": "Latin", "lo": "Lao", "lt": "Lithuanian",
    "lv": "Latvian", "mk": "Macedonian", "ml": "Malayalam", "mn": "Mongolian", "mr": "Marathi",
    "ms": "Malay", "mt": "Maltese", "my": "Burmese", "ne": "Nepali", "nl": "Dutch",
    "no": "Norwegian", "pa": "Punjabi", "pl": "Polish", "ps": "Pashto", "pt": "Portuguese",
    "ro": "Romanian", "ru": "Russian", "si": "Sinhala", "sk": "Slovak", "sl": "Slovenian",
    "so": "Somali", "sq": "Albanian", "sr": "Serbian", "sv": "Swedish", "sw": "Swahili",
    "ta": "Tamil", "te": "Telugu", "th": "Thai", "tl": "Tagalog", "tr": "Turkish",
    "uk": "Ukrainian", "ur": "Urdu", "uz": "Uzbek", "vi": "Vietnamese", "yo": "Yoruba",
    "zh": "Chinese", "zu": "Zulu",
}  # fmt: skip
"""The languages that can be told, by code."""

_CODES = {name.lower(): code for code, name in LANGUAGE_NAMES.items()}
_READ = 4_000
_READ_IN_PASSING = 1_000


def code_of(given: str) -> str | None:
    """The code of a language that is given by its code or English name, in any case."""
    lower = given.strip().lower()
    return lower if lower in LANGUAGE_NAMES else _CODES.get(lower)


def language_code(text: str) -> str | None:
    """The code of the language that most of the text is in, one of `LANGUAGE_NAMES`; None where
    it has no letter.

    Args:
        text: its first 4,000 characters are read.
    """
    if not any(map(str.isalpha, text)):
        return None
    return str(_identifier(False).classify(text[:_READ])[0])


def likely_language(text: str, least: int) -> tuple[str, float]:
    """The code of the language of a text without its code and addresses, and how likely it is, from
    0 to 1; "" where it is too short.

    Args:
        text: its first 1,000 characters are read.
        least: how many letters it takes.
    """
    text = text[:_READ_IN_PASSING]
    if "`" in text or "://" in text:
        text = _MARKED.sub(" ", text)
    if len(text) < least or (len(text) < 4 * least and sum(map(str.isalpha, text)) < least):
        return "", 0.0
    code, probability = _identifier(True).classify(text)
    return str(code), float(probability)


_MARKED = re.compile(r"```.*?(?:```|\Z)|`[^`\n]*`|https?://\S+", re.DOTALL)


@functools.cache
def _identifier(probabilities: bool) -> Any:
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    identifier = LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=probabilities)
    identifier.set_languages(list(LANGUAGE_NAMES))
    return identifier
