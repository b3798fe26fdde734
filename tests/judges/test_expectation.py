"""From the log-probabilities of tokens to the probability of each point."""

import math

import pytest

from silversmith.checks.json_places import value_place
from silversmith.judges.expectation import probabilities
from silversmith.records import Token

FIVE = range(1, 6)
TEN = range(1, 11)


def token(text: str, **others: float) -> Token:
    """A token with the probabilities of what might have stood in its place."""
    return Token(text, {text_.strip("_"): math.log(p) for text_, p in others.items()})


def weighed(*tokens: Token, given: str, points=FIVE):
    text = "".join(one.text for one in tokens)
    start = text.rindex(given)
    return probabilities(tokens, start, start + len(given), points)


def test_the_points_share_the_probability_of_the_place():
    found = weighed(Token('{"score": ', {}), token("4", _4=0.6, _5=0.2, _3=0.1, x=0.1), given="4")
    assert found == pytest.approx({3: 1 / 9, 4: 6 / 9, 5: 2 / 9})


def test_numbers_off_the_scale_do_not_count():
    found = weighed(Token("s ", {}), token("4", _4=0.5, _9=0.5), given="4")
    assert found == {4: 1.0}


def test_what_a_token_has_before_and_behind_its_number_is_no_part_of_it():
    tokens = (Token('"score":', {}), Token(" 4}", {" 4}": -0.5, " 5}": -1.5, "nothing": -2.0}))
    found = probabilities(tokens, 9, 10, FIVE)
    assert found == pytest.approx({4: 1 / (1 + math.e**-1), 5: 1 / (1 + math.e)})


class TestTen:
    def test_as_one_token(self):
        found = weighed(
            Token("s ", {}), token("10", _10=0.5, _1=0.1, _9=0.4), given="10", points=TEN
        )
        assert found == pytest.approx({1: 0.1, 9: 0.4, 10: 0.5})

    def test_as_two_tokens_has_the_product(self):
        tokens = (token("1", _1=0.8, _9=0.2), token("0", _0=0.75, **{",": 0.25}), Token(",", {}))
        assert probabilities(tokens, 0, 2, TEN) == pytest.approx({1: 0.2, 9: 0.2, 10: 0.6})

    def test_a_one_with_what_might_have_followed(self):
        tokens = (token("1", _1=0.8, _9=0.2), token(",", **{",": 0.75}, _0=0.25))
        assert probabilities(tokens, 0, 1, TEN) == pytest.approx({1: 0.6, 9: 0.2, 10: 0.2})

    def test_a_one_that_may_be_the_half_of_a_ten_is_not_taken_for_a_one(self):
        said = weighed(Token("s ", {}), token("9", _9=0.6, _1=0.4), given="9", points=TEN)
        assert "begins alike" in said

    def test_one_that_something_stands_behind_is_at_its_end(self):
        tokens = (Token("1,", {"1,": math.log(0.7), "9,": math.log(0.3)}),)
        assert probabilities(tokens, 0, 1, TEN) == pytest.approx({1: 0.7, 9: 0.3})

    def test_a_very_small_doubt_does_no_harm(self):
        found = weighed(Token("s ", {}), token("9", _9=0.99, _1=0.01), given="9", points=TEN)
        assert found == {9: 1.0}


def test_what_cannot_be_told_is_said():
    assert probabilities((), 0, 1, FIVE) == "the endpoint gives no log-probabilities"
    assert "where the score stands" in weighed(Token("s 4", {}), given="4")
    assert "not among" in weighed(Token("s ", {}), token("4", _3=0.5, _5=0.4), given="4")


class TestPlace:
    @pytest.mark.parametrize(
        ("text", "value"),
        [
            ('{"a": {"rationale": "r", "score": 4}}', "4"),
            ('```json\n{"a" : {"score" : "3" }}\n``` done', "3"),
            ('{"b": {"score": 1}, "a": {"score": 2, "score": 5}}', "5"),
            ('{"a": {"score": 1}} or rather {"a": {"score": 2}}', "2"),
            ('{"a": {"rationale": "\\"score\\": 9 {", "score": 2}}', "2"),
        ],
    )
    def test_is_that_of_the_value_that_counts(self, text, value):
        start, end = value_place(text, ("a", "score"))
        assert text[start:end] == value

    @pytest.mark.parametrize("text", ["", "{", '{"a": 4}', '{"a": {"points": 4}}', '["score", 4]'])
    def test_there_may_be_none(self, text):
        assert value_place(text, ("a", "score")) is None
