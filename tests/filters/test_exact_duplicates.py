"""The filter of exact duplicates keeps the first of the samples that say the same."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from silversmith.filters import Drop
from silversmith.filters.exact_duplicates import ExactDuplicates


def rows(filter_: ExactDuplicates, table) -> list[int]:
    return [drop.row for drop in filter_.drops(table)]


def test_the_first_is_kept_and_named(table_of):
    table = table_of(["Red.", "Blue.", "Red.", "Red."])
    assert list(ExactDuplicates().drops(table)) == [
        Drop(2, "same text as 5feceb66", 0),
        Drop(3, "same text as 5feceb66", 0),
    ]


@pytest.mark.parametrize(
    ("on", "dropped"), [("prompt", [1, 3]), ("response", [2, 3]), ("both", [3])]
)
def test_what_must_be_the_same_can_be_chosen(table_of, on, dropped):
    table = table_of(["x", "y", "x", "x"], prompts=["a", "a", "b", "a"])
    assert rows(ExactDuplicates(on=on), table) == dropped


def test_prompt_and_response_are_not_mixed_up(table_of):
    table = table_of(["b c", "c"], prompts=["a", "a b"])
    assert rows(ExactDuplicates(), table) == []


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("List three fruits.", "list  three\nFRUITS"),
        ("“It’s” here", '"It\'s" here'),
        ("１２３", "123"),
        ("Straße", "STRASSE"),
        ("cafe\u0301", "café"),
        ("zero\u200bwidth", "zerowidth"),
        ("x² + 1", "x^2 + 1"),
        ("سلام\u200f", "سلام"),
        ("👍\ufe0f", "👍"),
    ],
)
def test_texts_that_a_person_calls_the_same(table_of, one, other):
    assert rows(ExactDuplicates(), table_of([one, other])) == [1]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("2+2", "2-2"),
        ("2⁵", "25"),
        ("Is it raining?", "Is it raining!"),
        ("C", "C++"),
        ("👍", "👎"),
        ("10 km", "1 0km"),
    ],
)
def test_texts_that_a_person_tells_apart(table_of, one, other):
    assert rows(ExactDuplicates(), table_of([one, other])) == []


def test_samples_without_text_are_no_duplicates(table_of):
    assert rows(ExactDuplicates(), table_of(["", " \n", None, "\u200b"])) == []
    assert rows(ExactDuplicates(), table_of(["", ""], prompts=["a", "a"])) == [1]


@pytest.mark.parametrize("responses", [[], ["alone"]])
def test_small_tables(table_of, responses):
    assert rows(ExactDuplicates(), table_of(responses)) == []


def test_a_hundred_thousand_equal_rows(table_of):
    drops = list(ExactDuplicates().drops(table_of(["the same"] * 100_000)))
    assert len(drops) == 99_999
    assert {drop.because_of for drop in drops} == {0}


@settings(max_examples=60, deadline=None)
@given(st.lists(st.text(st.sampled_from("aAéE\u0301 .²２ß👍"), max_size=4), max_size=30))
def test_what_is_dropped_has_a_kept_earlier_twin_and_twice_is_once(table_of, responses):
    table = table_of(responses)
    drops = list(ExactDuplicates(on="response").drops(table))
    dropped = {drop.row for drop in drops}
    assert len(dropped) == len(drops)
    for drop in drops:
        assert drop.because_of is not None
        assert drop.because_of < drop.row
        assert drop.because_of not in dropped
    kept = [responses[row] for row in range(len(responses)) if row not in dropped]
    assert rows(ExactDuplicates(on="response"), table_of(kept)) == []
