"""Words that say something, and those that any text has."""

import pytest

from silversmith.checks.content_words import content_words, says_something


def test_the_small_words_of_english_are_left_out():
    assert content_words("This is not about the 3 API keys, is it?") == ["3", "api", "keys"]
    assert content_words("Das ist ÖL, 油") == ["das", "ist", "öl", "油"]


@pytest.mark.parametrize("text", ["Go", "C", "the key", "它", "42"])
def test_something(text):
    assert says_something(text)


@pytest.mark.parametrize("text", ["", "it", "which one", "— …", "To the", "a"])
def test_nothing(text):
    assert not says_something(text)
