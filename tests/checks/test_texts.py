"""Texts as a person compares them."""

import unicodedata

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from silversmith.checks import count_words, normalise, shingle_hashes, split_words


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


def test_shingles_are_all_runs_of_words_and_equal_runs_have_equal_hashes():
    hashes, offsets = shingle_hashes([list("abcdef"), list("bcdefa"), list("abcde")], 5)
    assert offsets.tolist() == [0, 2, 4, 5]
    assert hashes[0] == hashes[4]
    assert hashes[1] == hashes[2]
    assert len(set(hashes.tolist())) == 3


def test_a_short_text_is_one_shingle_and_an_empty_one_none():
    hashes, offsets = shingle_hashes([["a", "b"], [], ["a"], ["a", "b"]], 5)
    assert offsets.tolist() == [0, 1, 1, 2, 3]
    assert hashes[0] == hashes[2] != hashes[1]
    assert shingle_hashes([[], []], 5)[1].tolist() == [0, 0, 0]
    assert shingle_hashes([], 5)[1].tolist() == [0]


def test_hashes_are_the_same_in_every_process():
    hashes, _ = shingle_hashes([["silver", "smith"]], 1)
    assert hashes.tolist() == [14734631297111517980, 69924699987634948]


@given(st.lists(st.lists(st.sampled_from("abc"), max_size=8), max_size=6), st.integers(1, 5))
def test_shingles_of_any_words(texts, size):
    hashes, offsets = shingle_hashes(texts, size)
    assert hashes.dtype == np.uint64
    by_run: dict[tuple[str, ...], int] = {}
    for place, words in enumerate(texts):
        starts = range(max(len(words) - size + 1, 1)) if words else range(0)
        runs = [tuple(words[start : start + size]) for start in starts]
        own = hashes[offsets[place] : offsets[place + 1]].tolist()
        assert len(own) == len(runs)
        for run, value in zip(runs, own, strict=True):
            assert by_run.setdefault(run, value) == value
    assert len(set(by_run.values())) == len(by_run)
