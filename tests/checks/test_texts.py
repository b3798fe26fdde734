"""Texts as a person compares them."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from silversmith.checks import count_words, normalise, split_words


@pytest.mark.parametrize(
    ("text", "form"),
    [
        ("  Hello\n\tWORLD. ", "hello world"),
        ("“Don’t” – ever…", '"don\'t" - ever'),
        ("ﬁne Straße", "fine strasse"),
        ("２＋２＝４", "2+2=4"),
        ("2⁵ ≠ 25, 10⁻³", "2^5 ≠ 25, 10^-3"),
        ("H₂O", "h2o"),
        ("soft\u00adhyphen", "softhyphen"),
        ("今日は。", "今日は"),
        ("...", "..."),
        ("", ""),
    ],
)
def test_the_normal_form(text, form):
    assert normalise(text) == form


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_the_normal_form_is_stable_and_ignores_case_and_space(text):
    form = normalise(text)
    assert normalise(form) == form
    assert normalise(f"\u2003{unicodedata.normalize('NFD', text)}\r\n") == form


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("The cat's 2nd nap_time!", ["The", "cat", "s", "2nd", "nap_time"]),
        ("Über-Größe naïve", ["Über", "Größe", "naïve"]),
        ("我喜欢Python编程。", ["我", "喜", "欢", "Python", "编", "程"]),
        ("カタカナ ひらがな", list("カタカナひらがな")),
        ("हिन्दी में", ["हिन्दी", "में"]),
        ("ดีมาก", ["ดี", "ม", "า", "ก"]),
        ("한국어 문장", ["한국어", "문장"]),
        ("مرحبا بالعالم", ["مرحبا", "بالعالم"]),
        ("👍 -- …", []),
        ("", []),
    ],
)
def test_words(text, words):
    assert split_words(text) == words


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("Don't count 3.5 well-known things twice.", 6),
        ("one - two * three", 3),
        ("- item\n- item", 2),
        ("因为空气散射蓝光。", 8),
        ("我用 Python 3 写代码", 7),
        ("안녕하세요 여러분", 2),
        ("हिन्दी में लिखा", 3),
        ("👍 👍", 0),
        ("", 0),
        ("!" * 100_000, 0),
    ],
)
def test_the_number_of_words(text, count):
    assert count_words(text) == count
