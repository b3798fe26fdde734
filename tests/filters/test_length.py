"""The length filter keeps texts of the right length."""

import pytest
from pydantic import ValidationError

from silversmith.filters.length import Length
from silversmith.records import Sample, Turn

SAMPLE = Sample.pair(
    "Name three colours.",
    "Red, green and blue.",
    system="Be brief.",
    rejected=(Turn("user", "Name three colours."), Turn("assistant", "Red.")),
)


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"min_words": 4, "max_words": 4}, None),
        ({"min_words": 5}, "4 words, fewer than 5"),
        ({"max_words": 3}, "4 words, more than 3"),
        ({"min_chars": 20, "max_chars": 20}, None),
        ({"min_chars": 21}, "20 characters, fewer than 21"),
        ({"max_chars": 19}, "20 characters, more than 19"),
        ({"of": "instruction", "min_words": 4}, "3 words, fewer than 4"),
        ({"of": "prompt", "max_words": 4}, "5 words, more than 4"),
        ({"of": "rejected", "min_words": 2}, "1 words, fewer than 2"),
    ],
)
def test_the_bound_that_is_broken_is_named_with_the_count(options, reason):
    assert Length(**options).reason_to_drop(SAMPLE) == reason


def test_a_sample_without_a_rejected_half_is_kept_by_a_bound_on_it():
    plain = Sample.pair("Name a colour.", "Red.")
    assert Length(of="rejected", min_words=5).reason_to_drop(plain) is None


def test_an_empty_response_has_no_words():
    assert Length(min_words=1).reason_to_drop(Sample.pair("Hm?", "")) == "0 words, fewer than 1"


def test_each_chinese_character_is_a_word():
    chinese = Sample.pair("天空为什么是蓝色的？", "因为空气散射蓝光。")
    assert Length(min_words=8).reason_to_drop(chinese) is None
    assert Length(min_words=9).reason_to_drop(chinese) == "8 words, fewer than 9"


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({}, "no bound: give at least one of `min_words`"),
        ({"of": "prompt"}, "no bound"),
        ({"min_words": 9, "max_words": 5}, "`min_words: 9` is above `max_words: 5`"),
        ({"min_chars": 9, "max_chars": 5}, "`min_chars: 9` is above `max_chars: 5`"),
        ({"min_words": -1}, "greater than or equal to 0"),
        ({"of": "answer", "min_words": 1}, "Input should be 'response', 'instruction'"),
    ],
)
def test_bounds_that_make_no_sense_are_refused(options, sentence):
    with pytest.raises(ValidationError, match=sentence):
        Length(**options)
