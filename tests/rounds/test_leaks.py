"""Whether a seed holds anything of an item."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from silversmith.rounds.leaks import RUN, Leaks

ITEM = "Carla is downloading a 200 GB file, and normally she can download 2 GB each minute"
LEAKS = Leaks([("log#1", ITEM), ("log#2", "the blue whale")])


def test_a_run_of_eight_words_is_found_whatever_the_case_and_the_marks() -> None:
    found = LEAKS.find("Say: IS DOWNLOADING a 200 GB file -- and, normally; and so on")
    assert found == ("log#1", "is downloading a 200 gb file and normally")


def test_a_short_item_may_not_be_there_whole() -> None:
    assert LEAKS.find("Write of the blue whale and its song.") == ("log#2", "the blue whale")
    assert LEAKS.find("Write of a blue whale and its song.") is None


def test_single_words_of_the_field_are_no_leak() -> None:
    assert LEAKS.find("Words of their field: download, file, minute.") is None


@given(st.integers(0, 15 - RUN), st.text(max_size=30), st.text(max_size=30))
def test_no_run_of_an_item_goes_by(start: int, before: str, after: str) -> None:
    words = ITEM.replace(",", "").split()
    taken = " ".join(words[start : start + RUN])
    assert LEAKS.find(f"{before} {taken} {after}") is not None
