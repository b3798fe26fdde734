"""The words of a text that say what it is about: all but the small words of English."""

from __future__ import annotations

from .texts import split_words

__all__ = ["content_words", "says_something"]

_SMALL = frozenset(
    """a about all also an and any are at be been but by can could each for from had has have he her
    here his if in into is it its just may me might more most must my no not of on one only or other
    our over she should so some such than that the their them then there these they this those to us
    very was we were what when where which who will with would you your""".split()  # noqa: SIM905
)


def says_something(text: str) -> bool:
    """Whether any of its words is another than the small words of English."""
    return not _SMALL.issuperset(word.casefold() for word in split_words(text))


def content_words(text: str) -> list[str]:
    """Its words in lower case and in order, without the small words of English, and without single
    letters and pairs of them, figures apart."""
    words = (word.casefold() for word in split_words(text))
    return [
        word
        for word in words
        if word not in _SMALL and (len(word) > 2 or word.isdecimal() or not word.isascii())
    ]
