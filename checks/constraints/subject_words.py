"""Words that say what a text is about, for constraints on keywords."""

from __future__ import annotations

from ..texts import split_words

__all__ = ["subject_words"]

_READ = 4_000
_COMMON = frozenset(
    """about above after again against along already although always among another around because
    before being below between could doing during either every first following found further given
    gives going having however itself least might never often other others please rather second
    shall should since something still such their theirs them themselves there therefore these
    they thing things third those though three through under until using where whether which while
    whose within without would write written yourself yours""".split()  # noqa: SIM905
)


def subject_words(text: str) -> list[str]:
    """The words of five and more letters that are not among the commonest of English: in lower
    case, in order of their first place, each once.

    Args:
        text: its first 4,000 characters are read.
    """
    words = dict.fromkeys(split_words(text[:_READ].lower()))
    return [word for word in words if len(word) > 4 and word.isalpha() and word not in _COMMON]
