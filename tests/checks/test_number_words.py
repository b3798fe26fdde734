"""Numbers have one form, however they are written."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from silversmith.checks.number_words import in_figures, numbers_in


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("2,500, 2500 and two thousand five hundred", ["2500", "2500", "2500"]),
        ("twelve, 12 and 12.0", ["12", "12", "12"]),
        ("half, 50%, 50 percent and 50 per cent", ["0.5", "0.5", "0.5", "0.5"]),
        ("two nine two nine", ["2", "9", "2", "9"]),
        ("twenty-four hours, three million people", ["24", "3000000"]),
        ("two hundred and five men and six women", ["205", "6"]),
        ("nineteen hundred and four", ["1904"]),
        ("Python 3.10, not 3.1, at 10:30", ["3.10", "3.1", "10:30"]),
        ("1,5 km, twice a day, a third of it", ["1.5", "twice", "third"]),
        ("用了12天", ["12"]),
        ("nothing to count, and no one", ["1"]),
        ("", []),
    ],
)
def test_numbers_of_a_text(text, numbers):
    assert numbers_in(text) == numbers


def test_words_that_are_no_numbers_stay_as_they_are():
    words = ["The", "hundred", "and", "first", "guest", "paid", "twenty", "Euros"]
    assert in_figures(words) == ["the", "100", "and", "first", "guest", "paid", "20", "euros"]


@given(st.integers(1, 999_999))
def test_any_number_in_words_is_the_number(number):
    assert in_figures(_spelt(number).split()) == [str(number)]


@given(st.text())
def test_any_text(text):
    numbers_in(text)


def _spelt(number: int) -> str:
    small = (
        "", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven",
        "twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen",
    )  # fmt: skip
    tens = ("", "", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")
    words = []
    for size, name in ((1000, "thousand"), (100, "hundred")):
        count, number = divmod(number, size)
        words += [_spelt(count), name] if count else []
    if number >= 20:
        words.append(tens[number // 10])
        number %= 10
    words += [small[number]] if number else []
    return " ".join(words)
