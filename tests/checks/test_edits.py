import pytest

from silversmith.checks.edits import Edited, apply_edits

TEXT = "It took 12 days. Then it rained for 3 days.\nNobody was there."


def test_words_are_replaced_and_the_sentence_of_the_first_place_is_named():
    edits = [("3 days", "4 days"), ("12 days", "13 days")]
    assert apply_edits(TEXT, edits) == Edited(
        "It took 13 days. Then it rained for 4 days.\nNobody was there.", "It took 13 days."
    )


def test_an_edit_that_is_given_twice_counts_once():
    once = apply_edits(TEXT, [("Nobody", "No one")])
    assert apply_edits(TEXT, [("Nobody", "No one")] * 2) == once
    assert once.where == "No one was there."


def test_words_can_be_taken_away():
    assert apply_edits(TEXT, [(" for 3 days", "")]).text == TEXT.replace(" for 3 days", "")


@pytest.mark.parametrize(
    ("edits", "fault"),
    [
        ([("14 days", "15 days")], "is not in the text"),
        ([("days", "weeks")], "stands in 2 places"),
        ([("12 days", "12 days")], "changes nothing"),
        ([("took 12 days", "took 13 days"), ("12 days", "14 days")], "the same words"),
        ([(" ", "x")], "a quote is empty"),
    ],
)
def test_edits_that_cannot_be_made(edits, fault):
    assert fault in apply_edits(TEXT, edits)
