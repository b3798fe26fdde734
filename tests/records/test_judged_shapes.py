"""Shapes of rows that judges need: candidates, and a passage."""

import pytest

from silversmith.errors import SeedError
from silversmith.records.shapes import sample_from_fields


class TestCandidates:
    def test_a_prompt_with_several_answers(self):
        row = {"prompt": "q", "candidates": ["a", {"text": "b", "model": "m"}], "answer": "gold"}
        sample = sample_from_fields(row)
        assert [turn.content for turn in sample.messages] == ["q"]
        assert [(one.text, one.model) for one in sample.candidates] == [("a", ""), ("b", "m")]
        assert sample.answer == "gold"

    @pytest.mark.parametrize(
        ("row", "said"),
        [
            ({"prompt": "q", "candidates": ["a"]}, "not a list of two or more"),
            ({"prompt": "q", "candidates": ["a", " "]}, "number 2 is empty"),
            ({"candidates": ["a", "b"], "system": "s"}, "candidates .* but no prompt"),
        ],
    )
    def test_a_list_that_is_none_is_refused(self, row, said):
        with pytest.raises(SeedError, match=said):
            sample_from_fields(row)

    def test_a_response_beside_them_is_the_response(self):
        sample = sample_from_fields({"prompt": "q", "response": "r", "candidates": ["a", "b"]})
        assert sample.response == "r"
        assert sample.candidates == ()


def test_a_column_called_passage_is_what_the_response_rests_on():
    sample = sample_from_fields({"question": "q", "answer": "r", "passage": "Long text."})
    assert sample.passage.text == "Long text."
    mapped = sample_from_fields(
        {"q": "a", "out": "b", "doc": "D."},
        {"instruction": "q", "response": "out", "passage": "doc"},
    )
    assert mapped.passage.text == "D."
