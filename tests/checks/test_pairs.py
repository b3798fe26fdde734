"""Halves of a pair: alike in length, and neither always the longer one."""

import re
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from silversmith.checks.pairs import Likeness, shared_sentence

LIKENESSES = st.builds(
    Likeness, st.sampled_from([1.15, 1.35, 1.5, 4.0]), st.sampled_from(["", "chosen", "rejected"])
)
ANSWER = "The bridge is 214 metres long and carries two lanes. " * 6


def allowed(likeness, chosen):
    """The least and the most characters that a rejected half may have, by trying."""
    fits = [n for n in range(1, 5 * chosen + 50) if likeness.check("a" * chosen, "b" * n).passed]
    assert all(after - before == 1 for before, after in pairwise(fits))
    return fits[0], fits[-1]


def test_which_half_is_longer_is_drawn_as_often_the_one_as_the_other():
    drawn = [Likeness.drawn(1.5, f"seed/{number}").longer for number in range(2_000)]

    assert set(drawn) == {"chosen", "rejected"}
    assert 900 < drawn.count("rejected") < 1_100
    assert Likeness.drawn(1.5, "seed/7") == Likeness.drawn(1.5, "seed/7")


@given(LIKENESSES, st.integers(1, 400))
def test_what_is_asked_for_is_what_is_allowed(likeness, chosen):
    low, high = allowed(likeness, chosen)
    said = likeness.words("a" * chosen)
    told = re.search(r"must have (\d+) to (\d+) characters, best about (\d+)", said)

    assert (low, high) == (int(told[1]), int(told[2]))
    assert low <= int(told[3]) <= high
    assert low <= max(1, chosen) <= high  # what is as long is alike, whichever is to be longer


def test_the_ratio_is_bounded_and_the_shorter_half_is_the_drawn_one():
    assert allowed(Likeness(1.5), 400) == (267, 600)
    assert allowed(Likeness(1.5, "rejected"), 400) == (388, 600)
    assert allowed(Likeness(1.5, "chosen"), 400) == (267, 412)
    assert allowed(Likeness(1.15), 40) == (20, 60)  # of so few, twenty say nothing


def test_a_writer_who_always_falls_short_is_told_so_and_leaves_no_cue():
    """By a bounded ratio alone, all of these pairs would do, and length would tell every one."""
    longer = 0
    for number in range(1_000):
        likeness = Likeness.drawn(1.5, f"seed/{number}")
        chosen, rejected = "a" * 300, "b" * 255
        if (fault := likeness.fault(chosen, rejected)) is not None:
            rejected = "b" * int(re.search(r"best about (\d+)", fault)[1])
        assert likeness.check(chosen, rejected).passed
        longer += len(rejected) > len(chosen)

    assert 450 < longer < 550


class TestWords:
    def test_before_anything_is_written_they_compare(self):
        assert Likeness(1.5, "chosen").words() == (
            "is about as long as chosen, so that their lengths tell nothing: by about 10% shorter,"
            " not longer, and at least 0.67 times as long"
        )
        assert "make of chosen a response that is about as long" in Likeness(1.1).words(edited=True)

    def test_of_a_text_that_is_there_they_have_the_length(self):
        said = Likeness(1.5, "rejected").words(ANSWER)
        assert f"As chosen has {len(ANSWER)} characters (60 words), rejected must have" in said
        assert "best about 350 (66 words)" in said

    def test_a_fault_says_both_lengths_and_which_is_wanted(self):
        fault = Likeness(1.35, "rejected").fault(ANSWER, "It is long.")
        assert fault == (
            "'rejected' has 11 characters (3 words), and 'chosen' has 318 characters (60 words):"
            " leave 'chosen' as it is; 'rejected' must have 309 to 429 characters, best about 350"
            " (66 words), so that the length does not tell the one from the other"
        )
        assert Likeness(1.35, "rejected").fault(ANSWER, f"{ANSWER} So it is.") is None

    def test_where_words_are_not_set_apart_none_are_counted(self):
        assert "words" not in Likeness(1.5).words("这座桥有两百米长，也很宽。" * 9)


@pytest.mark.parametrize(
    ("one", "other", "shared"),
    [
        ("Never. That is 40 euros.", "Yes. That is 40 euros.", None),
        ("Never. So it costs you 40 euros a day.", "Yes, so it costs you 40 euros a day.",
         "So it costs you 40 euros a day."),
        ("Never. So it is.", "So it is.", None),
    ],
)  # fmt: skip
def test_sentences_that_stand_in_both(one, other, shared):
    assert shared_sentence(one, other) == shared
