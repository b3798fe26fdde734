"""Literals are found in whole columns, and none is missed."""

import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from silversmith.checks.literals import Literals

WANTED = ["not ", "n't ", "i can", "cannot", "responsibly", "無法你", "no,"]


def found(texts):
    rows, literals = Literals(WANTED).found_in(pa.array(texts, pa.large_string()))
    return {(int(row), WANTED[number]) for row, number in zip(rows, literals, strict=True)}


def test_each_is_found_where_it_stands_whatever_its_case_and_apostrophe():
    texts = ["I CAN'T say", "I don’t know", "", "Responsible", "我無法你", "nothing"]
    assert found(texts) == {
        (0, "i can"), (0, "n't "), (1, "n't "), (3, "responsibly"), (4, "無法你"),
    }  # fmt: skip


def test_nothing_is_found_in_nothing():
    assert found([]) == found(["", ""]) == set()


@settings(deadline=None)
@given(st.lists(st.lists(st.sampled_from([*WANTED, "no", "t ", "c", "é", "\0", "x"])).map("".join)))
def test_none_is_missed(texts):
    there = {(n, one) for n, text in enumerate(texts) for one in WANTED if one in text.lower()}
    assert there <= found(texts)


def test_a_slice_of_a_column_is_looked_at_alone():
    column = pa.array(["cannot", "fine", "no, not this"], pa.large_string())
    rows, _ = Literals(WANTED).found_in(column.slice(1))
    assert set(rows.tolist()) == {1}
