"""Which language is a text in? Told by script and by the small words that every text has; "cannot
tell" (None) where that is not enough, since a wrong answer is worse than none. For verdicts that
have to be one or the other, as in IFEval, `language_codes` always has an answer.

Languages that share a script are told apart by their own letters (Cyrillic, Arabic) or by function
words (Latin), as in Grefenstette, "Comparing two language identification schemes" (1995). A text
of fewer than about eight words, a list of names, or code often cannot be told.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

__all__ = ["LANGUAGES", "is_english", "language_of"]

_SMALL_WORDS: Mapping[str, str] = {
    "English": (
        "the of and to in is that for it with as was on be by this are or from at not you "
        "your have an which can will we our has if but they their there what when how would "
        "should i i'm don't do does it's any all please"
    ),
    "German": (
        "der die das und ist nicht ein eine einen einem einer mit auf für von zu den dem des "
        "sich auch es im sie ich wir ihr wie bei oder aus nach wird werden sind war kann "
        "können aber wenn nur noch über durch vom zum zur bitte diese dieser dieses ihre "
        "ihnen man haben hat dass"
    ),
    "French": (
        "le la les des du de et est un une que qui dans pour pas ne sur avec plus par je vous "
        "nous il elle ce cette ces sont être au aux mais ou où se son sa ses votre vos leur "
        "si tout peut c'est n'est d'un d'une l' qu'il été avez avoir fait très"
    ),
    "Spanish": (
        "el la los las de del y es un una que en no por para con se su lo como más al pero "
        "sus le ya o este sí porque esta entre cuando muy sin sobre también me hasta hay "
        "donde quien desde son está puede usted si nos ser tiene estos todo"
    ),
    "Italian": (
        "il lo la i gli le di del della dei delle e è un una che in non per con si su come "
        "più ma sono da al alla nel nella questo questa anche ha se ci o può essere dal dalla "
        "sul sulla quando perché mi ti vi loro ogni solo molto"
    ),
    "Portuguese": (
        "o a os as de do da dos das e é um uma que em não por para com se no na nos nas ao à "
        "como mais mas foi ou seu sua são está você pode isso este esta também só pelo pela "
        "ele ela já quando muito há ser tem até sem"
    ),
    "Dutch": (
        "de het een en van is niet dat die in op te zijn met voor aan er om ook als maar dan "
        "bij nog uit of wat worden wordt naar heeft hebben kan deze dit je u uw we wij ik "
        "geen door over onze moet kunt graag tot"
    ),
    "Swedish": (
        "och att det i en är på som för med av den till inte ett om har de jag så man vi kan "
        "du från eller men var sig ska när vid detta denna dessa också finns efter bara "
        "mycket"
    ),
    "Danish": (
        "og at det i en er på som for med af den til ikke et om har de jeg så man vi kan du "
        "fra eller men var sig skal når ved dette denne disse også efter kun meget bliver "
        "hvis"
    ),
    "Norwegian": (
        "og at det i en er på som for med av den til ikke et om har de jeg så man vi kan du "
        "fra eller men var seg skal når ved dette denne disse også etter bare mye blir hvis"
    ),
    "Finnish": (
        "ja on ei että se oli hän mutta kun niin ovat joka tai myös vain kuin jos sen mitä "
        "voi ole tämä sekä siitä hyvin olla kanssa ne jotka minä sinä me te"
    ),
    "Polish": (
        "i w nie na się z do to że jest o jak za od po przez dla ale tak czy lub są tylko "
        "może być tym które który która jego jej ich oraz także już pod gdy przy proszę"
    ),
    "Czech": (
        "a v je se na že to s z do o jako za po pro ale nebo jsou byl být tak jen také už od "
        "když při jeho která který které ve není může podle jste prosím"
    ),
    "Turkish": (
        "ve bir bu için ile da de çok olarak daha ne gibi kadar olan en var ama ya her mi "
        "değil sonra değildir ise veya olduğu şey ben sen siz biz lütfen nasıl"
    ),
    "Romanian": (
        "și de la în a este o un că cu pe nu din care mai pentru sunt se au ce al ale sau dar "
        "dacă fi prin această acest după fost poate să"
    ),
    "Hungarian": (
        "a az és hogy nem is egy ez van meg csak de már ha még mint vagy volt ki el lehet azt "
        "ezt kell minden nagyon itt után között"
    ),
    "Indonesian": (
        "yang dan di ini itu dengan untuk tidak dari dalam akan pada adalah juga ke karena "
        "ada oleh saya anda kami kita bisa atau sudah dapat lebih seperti"
    ),
    "Vietnamese": (
        "và của là có không cho được các một trong với người này những đã để khi về tôi bạn "
        "từ đó như cũng vào ra nhiều phải"
    ),
}
_OWN: dict[str, list[tuple[str, float]]] = {}
for _language, _words in _SMALL_WORDS.items():
    for _word in dict.fromkeys(_words.split()):
        _OWN.setdefault(_word, []).append((_language, 0.0))
for _word, _owners in _OWN.items():
    # A word of many languages says little about any of them.
    _OWN[_word] = [(language, 1.0 / len(_owners)) for language, _ in _owners]

_SCRIPTS: tuple[tuple[str, re.Pattern[str]], ...] = tuple(
    (name, re.compile(f"[{ranges}]"))
    for name, ranges in (
        ("Latin", "A-Za-z\u00aa\u00ba\u00c0-\u024f\u1e00-\u1eff"),
        ("kana", "\u3041-\u30ff\uff66-\uff9d"),
        ("Han", "\u3400-\u4dbf\u4e00-\u9fff"),
        ("Korean", "\u1100-\u11ff\uac00-\ud7af"),
        ("Cyrillic", "\u0400-\u04ff"),
        ("Arabic script", "\u0620-\u06ff"),
        ("Greek", "\u0370-\u03ff\u1f00-\u1fff"),
        ("Hebrew", "\u05d0-\u05ea"),
        ("Devanagari", "\u0900-\u097f"),
        ("Bengali", "\u0980-\u09ff"),
        ("Gujarati", "\u0a80-\u0aff"),
        ("Punjabi", "\u0a00-\u0a7f"),
        ("Tamil", "\u0b80-\u0bff"),
        ("Telugu", "\u0c00-\u0c7f"),
        ("Kannada", "\u0c80-\u0cff"),
        ("Malayalam", "\u0d00-\u0d7f"),
        ("Thai", "\u0e00-\u0e7f"),
        ("Georgian", "\u10a0-\u10ff"),
        ("Armenian", "\u0530-\u058f"),
    )
)
_OF_ONE_LANGUAGE = frozenset(
    {"Korean", "Greek", "Hebrew", "Bengali", "Gujarati", "Punjabi", "Tamil", "Telugu", "Kannada"}
    | {"Malayalam", "Thai", "Georgian", "Armenian"}
)
_READ = 4_000
_LEAST_LETTERS = 12
_LEAST_WORDS = 12
_WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)?")
_MARKED = re.compile(r"```.*?(?:```|\Z)|`[^`\n]*`|https?://\S+", re.DOTALL)

LANGUAGES: tuple[str, ...] = (
    *_SMALL_WORDS,
    *("Japanese", "Chinese", "Russian", "Ukrainian", "Bulgarian", "Arabic", "Persian", "Urdu"),
    *("Hindi", "Marathi"),
    *sorted(_OF_ONE_LANGUAGE),
)
"""The languages that can be told, by their English names."""


def language_of(text: str) -> str | None:
    """The language of most of the text, one of `LANGUAGES`; None where it cannot be told.

    Args:
        text: its first 4,000 characters are read; code and addresses are left out.
    """
    text = _MARKED.sub(" ", text[:_READ])
    counts = {name: len(script.findall(text)) for name, script in _SCRIPTS}
    total = sum(counts.values())
    east_asian = counts["kana"] + counts["Han"]
    if total < _LEAST_LETTERS and east_asian < _LEAST_LETTERS // 2:
        return None
    if 2 * east_asian > total:
        # Japanese prose is never without kana; Chinese has none.
        return "Japanese" if counts["kana"] > 0.05 * east_asian else "Chinese"
    script = max(counts, key=counts.__getitem__)
    if 2 * counts[script] <= total:
        return None
    if script in _OF_ONE_LANGUAGE:
        return script
    tell = {"Latin": _latin, "Cyrillic": _cyrillic, "Arabic script": _arabic}.get(script, _hindi)
    return tell(text)


def is_english(text: str) -> bool:
    """Whether the text is in English, for detectors that know English words: also where it is too
    short for its language to be told and has no letters but those of English."""
    language = language_of(text)
    if language is not None:
        return language == "English"
    letters = [char for char in text if char.isalpha()]
    return len(text.split()) < _LEAST_WORDS and "".join(letters).isascii()


def _latin(text: str) -> str | None:
    words = [word.replace("’", "'") for word in _WORD.findall(text.lower())]
    scores: dict[str, float] = {}
    hits: dict[str, int] = {}
    for word in words:
        for language, weight in _OWN.get(word, ()):
            scores[language] = scores.get(language, 0.0) + weight
            hits[language] = hits.get(language, 0) + 1
    if not scores:
        return None
    best = max(scores, key=scores.__getitem__)
    second = max((score for name, score in scores.items() if name != best), default=0.0)
    enough = hits[best] >= max(2, 0.12 * len(words))
    return best if enough and scores[best] >= 1.25 * second + 0.5 else None


def _cyrillic(text: str) -> str | None:
    lower = text.lower()
    ukrainian, russian = (sum(map(lower.count, letters)) for letters in ("іїєґ", "ыэё"))
    if ukrainian or russian:
        return "Ukrainian" if ukrainian > russian else "Russian"
    words = set(_WORD.findall(lower))
    if len(words & {"се", "че", "са", "ще", "от", "със"}) > 1:
        return "Bulgarian"
    small = words & {"и", "в", "не", "что", "это", "как", "для", "по"}
    return "Russian" if len(small) > 3 else None


def _arabic(text: str) -> str | None:
    if any(letter in text for letter in "ٹڈںےہ"):
        return "Urdu"
    return "Persian" if any(letter in text for letter in "پچژگی") else "Arabic"


def _hindi(text: str) -> str | None:
    words = set(text.split())
    marathi = len(words & {"आहे", "आणि", "आहेत", "नाही", "मी", "हे", "या", "तर"})
    hindi = len(words & {"है", "और", "हैं", "नहीं", "मैं", "के", "में", "की", "का", "को", "से"})
    if marathi == hindi:
        return None
    return "Marathi" if marathi > hindi else "Hindi"
