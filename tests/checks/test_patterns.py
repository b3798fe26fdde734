"""Patterns are found in whole columns, and none is missed."""

import re
import sys
from concurrent.futures import ThreadPoolExecutor

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from silversmith.checks.patterns import Patterns, in_any_case
from silversmith.checks.text_bytes import TextBytes

WANTED = ["not ", "n't ", r"\bi can", "cannot", "responsib(?:ly|le)", "無法你", "no,", "^next"]


def found(texts, patterns=WANTED, **options):
    column = pa.array(texts, pa.large_string())
    rows, numbers = Patterns(patterns, **options).found_in(TextBytes(column))
    return {(int(row), patterns[number]) for row, number in zip(rows, numbers, strict=True)}


def test_each_is_found_where_it_stands():
    texts = [
        "I CAN say",
        "so I don't know",
        "",
        "Responsible",
        "我無法你",
        "one\nnext",
        None,
        "ni can",
    ]
    assert found(texts) == {
        (0, r"\bi can"), (1, "n't "), (3, "responsib(?:ly|le)"), (4, "無法你"), (5, "^next"),
    }  # fmt: skip


def test_case_counts_where_it_is_wanted():
    assert found(["No", "no"], ["no"]) == {(0, "no"), (1, "no")}
    assert found(["No", "no"], ["no"], case=True) == {(1, "no")}


def test_nothing_is_found_in_nothing():
    assert found([]) == found(["", ""]) == found([None]) == set()


@settings(deadline=None)
@given(st.lists(st.lists(st.sampled_from(["no", "t ", "not ", "i can", "é", "\0", "\n", "next"]))))
def test_none_is_missed(words):
    texts = ["".join(each) for each in words]
    flags = re.IGNORECASE | re.MULTILINE | re.ASCII
    there = {
        (row, one)
        for row, text in enumerate(texts)
        for one in WANTED
        if re.search(one, text, flags) is not None
    }
    assert there <= found(texts)


def test_a_slice_of_a_column_is_looked_at_alone():
    column = pa.array(["cannot", "fine", "no, not this"], pa.large_string())
    assert Patterns(WANTED).rows_with_any(TextBytes(column.slice(1))).tolist() == [1]


def test_the_case_of_every_letter_is_that_of_pythons_own_expressions():
    pairs = []
    for letter in map(chr, range(sys.maxunicode + 1)):
        if not letter.isalpha():
            continue
        forms = {letter.lower(), letter.upper(), letter.title(), letter.casefold(), *"iıſsKk"}
        same = re.compile(re.escape(letter), re.IGNORECASE)
        pairs += [(letter, form) for form in forms if form != letter and same.fullmatch(form)]
    assert len(pairs) > 2_500
    for some in (pairs[at : at + 300] for at in range(0, len(pairs), 300)):
        patterns = [f"x{in_any_case(letter)}y" for letter, _ in some]
        column = pa.array([f"x{form}y" for _, form in some], pa.large_string())
        rows, numbers = Patterns(patterns).found_in(TextBytes(column))
        told = set(zip(rows.tolist(), numbers.tolist(), strict=True))
        assert [some[n] for n in range(len(some)) if (n, n) not in told] == []


def test_several_threads_may_look_at_once():
    texts = TextBytes(pa.array([f"text {n} cannot, no, not " for n in range(2_000)]))
    patterns = Patterns(WANTED)
    with ThreadPoolExecutor(4) as threads:
        counts = list(threads.map(lambda _: len(patterns.found_in(texts)[0]), range(40)))
    assert counts == [6_000] * 40


def test_what_cannot_be_looked_for_is_said():
    with pytest.raises(ValueError, match=r"cannot look for \(not"):
        found(["x"], ["(not"])
