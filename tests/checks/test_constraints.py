"""The 25 kinds of constraints: what meets each and what does not, and which go together."""

import random
from itertools import combinations

import pytest

from silversmith.checks.constraints import (
    KINDS,
    conflict,
    constraint,
    draw_constraints,
    kinds_of,
    subject_words,
)
from silversmith.errors import CheckError

AT_LEAST, LESS = "at least", "less than"
GERMAN = "Der Vertrag endet mit einer Frist von dreißig Tagen, und die Geräte gehen zurück."

MET_AND_BROKEN = [
    ("keywords:existence", {"keywords": ["tide", "moon"]}, "Tides follow the Moon.", "The moon."),
    (
        "keywords:frequency",
        {"keyword": "sea", "frequency": 2, "relation": AT_LEAST},
        "The sea is a Sea.",
        "The sea.",
    ),
    (
        "keywords:frequency",
        {"keyword": "sea", "frequency": 2, "relation": LESS},
        "The sea.",
        "The sea is a sea.",
    ),
    ("keywords:forbidden_words", {"forbidden_words": ["cat"]}, "A category.", "A Cat!"),
    (
        "keywords:letter_frequency",
        {"letter": "q", "let_frequency": 1, "let_relation": LESS},
        "None of it.",
        "A Queue.",
    ),
    (
        "keywords:letter_frequency",
        {"letter": "!", "let_frequency": 2, "let_relation": AT_LEAST},
        "Oh! No!",
        "Oh!",
    ),
    ("language:response_language", {"language": "de"}, GERMAN, "The contract ends in thirty days."),
    (
        "length_constraints:number_sentences",
        {"num_sentences": 2, "relation": AT_LEAST},
        "Dr. May is in. She waits.",
        "Dr. May is in.",
    ),
    (
        "length_constraints:number_paragraphs",
        {"num_paragraphs": 2},
        "One.\n***\nTwo.",
        "One.\n\nTwo.",
    ),
    (
        "length_constraints:number_paragraphs",
        {"num_paragraphs": 2},
        "***\nA\n***\nB",
        "A\n***\n***\nB",
    ),
    (
        "length_constraints:number_words",
        {"num_words": 3, "relation": LESS},
        "Just two",
        "It is three",
    ),
    (
        "length_constraints:nth_paragraph_first_word",
        {"num_paragraphs": 2, "nth_paragraph": 2, "first_word": "however"},
        'One.\n\n"However, two.',
        "However, one.\n\nTwo.",
    ),
    (
        "length_constraints:nth_paragraph_first_word",
        {"num_paragraphs": 1, "nth_paragraph": 1, "first_word": "so"},
        "So. It is.",
        "So\n\nit is.",
    ),
    (
        "detectable_content:number_placeholders",
        {"num_placeholders": 2},
        "[a] and [b]",
        "[a] and [b",
    ),
    (
        "detectable_content:postscript",
        {"postscript_marker": "P.S."},
        "Yours\n\np. s. Bye",
        "Yours, PS",
    ),
    (
        "detectable_content:postscript",
        {"postscript_marker": "P.P.S"},
        "Yours\nP.P.S. Bye",
        "P.S. Bye",
    ),
    ("detectable_content:postscript", {"postscript_marker": "Note:"}, "Yours\nnote: Bye", "Yours"),
    (
        "detectable_format:number_bullet_lists",
        {"num_bullets": 2},
        "* a\n- b\n---\n**c**",
        "* a\n* b\n- c",
    ),
    ("detectable_format:constrained_response", {}, "Well. My answer is no.", "No."),
    (
        "detectable_format:number_highlighted_sections",
        {"num_highlights": 2},
        "*a* and **b**",
        "**a** *",
    ),
    (
        "detectable_format:multiple_sections",
        {"section_spliter": "SECTION", "num_sections": 2},
        "SECTION 1\na\nSECTION 2\nb",
        "Section 1\na\nSection 2\nb",
    ),
    ("detectable_format:json_format", {}, '```json\n{"a": [1]}\n```', 'Here: {"a": [1]}'),
    ("detectable_format:json_format", {}, " [1, 2] ", "[" * 100_000),
    ("detectable_format:title", {}, "<<Ode>>\nO joy", "<< >> <Ode>"),
    ("combination:two_responses", {}, "One.\n******\nTwo.", "One.\n******\nOne."),
    ("combination:two_responses", {}, "******\na\n******\nb", "a\n******\n******\nb"),
    (
        "combination:repeat_prompt",
        {"prompt_to_repeat": "Why?"},
        "why? Because.",
        "You ask: why? Because.",
    ),
    (
        "startend:end_checker",
        {"end_phrase": "Any questions?"},
        '"So. any questions?"',
        "Any questions? No.",
    ),
    ("startend:quotation", {}, ' "All of it." ', '"All" of it.'),
    (
        "change_case:capital_word_frequency",
        {"capital_frequency": 2, "capital_relation": AT_LEAST},
        "NASA and the ESA.",
        "NASA and Esa.",
    ),
    (
        "change_case:english_capital",
        {},
        "THE PARTIES END THE CONTRACT.",
        "THE PARTIES END the CONTRACT.",
    ),
    ("change_case:english_capital", {}, "WE ALL WENT HOME EARLY.", GERMAN.upper()),
    ("change_case:english_lowercase", {}, "the parties end the contract.", "The parties end it."),
    ("punctuation:no_comma", {}, "One; two.", "One, two."),
]


@pytest.mark.parametrize(
    ("kind", "arguments", "met", "broken"),
    MET_AND_BROKEN,
    ids=[f"{number} {case[0]}" for number, case in enumerate(MET_AND_BROKEN)],
)
def test_what_meets_a_constraint_and_what_breaks_it(kind, arguments, met, broken):
    made = constraint(kind, arguments)
    assert made.fault(met) is None
    assert made.met(met)
    assert made.fault(broken)
    assert not made.met(broken)


def test_all_25_kinds_are_tried_above():
    assert len(KINDS) == 25
    assert {kind for kind, *_ in MET_AND_BROKEN} == set(KINDS)


def test_an_empty_reply_meets_nothing():
    assert not constraint("punctuation:no_comma").met(" \n")


def test_what_is_wrong_is_said_with_the_figures():
    made = constraint("length_constraints:number_words", {"num_words": 5, "relation": AT_LEAST})
    assert made.fault("Two words") == "it has 2 words; at least 5 are asked for"
    made = constraint("keywords:existence", {"keywords": ["a b", "sea", "sky"]})
    assert made.fault("The sea.") == 'it does not have the keywords "a b" and "sky"'
    made = constraint("language:response_language", {"language": "fi"})
    assert made.fault(GERMAN) == "it is in German, not in Finnish"


@pytest.mark.parametrize(
    ("kind", "arguments", "preamble", "emphasis"),
    [
        ("detectable_format:json_format", {}, 'Here it is:\n{"a": 1}', None),
        ("startend:end_checker", {"end_phrase": "Bye."}, "So. Bye.\nP.S. more", "So. **Bye.**"),
        ("change_case:english_lowercase", {}, "Sure thing!\nthe sea is wide and deep.", None),
    ],
)
def test_loose_forgives_a_first_or_last_line_and_asterisks(kind, arguments, preamble, emphasis):
    made = constraint(kind, arguments)
    for text in filter(None, (preamble, emphasis)):
        assert not made.met(text)
        assert made.met(text, loose=True)


class TestArguments:
    def test_they_are_ifevals_and_none_counts_as_not_given(self):
        made = constraint("punctuation:no_comma", {"num_words": None, "relation": None})
        assert made == constraint("punctuation:no_comma")

    def test_a_language_may_be_given_by_its_name(self):
        for given in ("de", "DE", "German", " german "):
            assert constraint("language:response_language", {"language": given}).language == "de"

    @pytest.mark.parametrize(
        ("kind", "arguments", "said"),
        [
            ("keyword:existence", {}, "did you mean 'keywords:existence'?"),
            ("colour", {}, "there are keywords:existence, "),
            (
                "language:response_language",
                {"language": "xx"},
                "does not know the language 'xx'; it knows",
            ),
            ("language:response_language", {"language": "Germn"}, "did you mean 'German'?"),
            (
                "keywords:frequency",
                {"keyword": "a", "frequency": 1, "relation": "about"},
                "'at least' or 'less than'",
            ),
            (
                "keywords:letter_frequency",
                {"letter": "ab", "let_frequency": 1, "let_relation": LESS},
                "a single letter",
            ),
            ("length_constraints:number_words", {"relation": LESS}, "'num_words' is missing"),
            (
                "length_constraints:number_words",
                {"relation": LESS, "num_words": 0},
                "greater than or equal to 1, found 0",
            ),
            ("punctuation:no_comma", {"commas": 1}, r"has no argument 'commas' \(known: none\)"),
            (
                "length_constraints:nth_paragraph_first_word",
                {"num_paragraphs": 1, "nth_paragraph": 2, "first_word": "so"},
                "there are only 1 paragraphs",
            ),
            (
                "length_constraints:nth_paragraph_first_word",
                {"num_paragraphs": 1, "nth_paragraph": 1, "first_word": "and so"},
                "a single word",
            ),
            ("keywords:existence", {"keywords": []}, "at least 1 item"),
        ],
    )
    def test_wrong_ones_are_one_sentence(self, kind, arguments, said):
        with pytest.raises(CheckError, match=said) as raised:
            constraint(kind, arguments)
        assert "\n" not in str(raised.value)

    def test_keywords_are_text_not_patterns(self):
        made = constraint("keywords:existence", {"keywords": ["a.c (x"]})
        assert made.met("A.C (X)")
        assert not made.met("abc (x")

    def test_a_family_stands_for_its_kinds(self):
        assert len(kinds_of("keywords")) == 4
        assert kinds_of("punctuation:no_comma") == ("punctuation:no_comma",)


class TestTogether:
    def test_conflicts_go_both_ways(self):
        dice = random.Random(1)
        made = [cls.drawn(dice, ["sea", "moon", "tide", "wave"]) for cls in KINDS.values()]
        for one, other in combinations(made, 2):
            assert (conflict(one, other) is None) is (conflict(other, one) is None)
        assert all(conflict(one, one) for one in made)

    @pytest.mark.parametrize(
        ("one", "other"),
        [
            ("detectable_format:json_format", "startend:quotation"),
            ("change_case:english_capital", "change_case:english_lowercase"),
            ("combination:two_responses", "detectable_format:constrained_response"),
            ("startend:quotation", "detectable_format:title"),
        ],
    )
    def test_what_cannot_be_met_together(self, one, other):
        assert "cannot be met together" in conflict(constraint(one), constraint(other))

    def test_a_word_is_not_both_asked_for_and_forbidden(self):
        wanted = constraint("keywords:existence", {"keywords": ["Sea", "sky"]})
        assert (
            conflict(wanted, constraint("keywords:forbidden_words", {"forbidden_words": ["sea"]}))
            == '"sea" is both asked for and forbidden'
        )
        forbidden = constraint("keywords:forbidden_words", {"forbidden_words": ["land"]})
        assert conflict(wanted, forbidden) is None

    def test_drawn_ones_go_together_and_can_be_said(self):
        words = ["breakfast", "protein", "calories", "oatmeal", "banana", "shake"]
        kinds = list(KINDS)
        for number in range(300):
            first = number % 25
            drawn = draw_constraints(
                random.Random(number), 3, [*kinds[first:], *kinds[:first]], words
            )
            assert drawn[0].id == kinds[first]
            assert not any(conflict(one, other) for one, other in combinations(drawn, 2))
            assert all("{" not in made.sentence(number) for made in drawn)
            # The arguments make the same constraint again, as a sample keeps them.
            assert all(constraint(made.id, made.model_dump(mode="json")) == made for made in drawn)

    def test_for_a_text_only_what_it_meets_is_drawn(self):
        for number in range(60):
            for made in draw_constraints(random.Random(number), 2, list(KINDS), ["days"], GERMAN):
                assert made.met(GERMAN)

    def test_without_words_no_keywords_are_drawn(self):
        assert draw_constraints(random.Random(0), 2, kinds_of("keywords"), []) != []
        assert draw_constraints(random.Random(0), 2, ["keywords:existence"], []) == []


def test_words_of_the_subject():
    text = "There should be a Notice period; the notice names which service it concerns (in 2026)."
    assert subject_words(text) == ["notice", "period", "names", "service", "concerns"]


@pytest.mark.parametrize("kind", KINDS)
def test_a_reply_of_a_hundred_thousand_signs_is_checked(kind):
    """No text takes time that grows with the square of its length."""
    made = KINDS[kind].drawn(random.Random(3), ["aaaa", "bbbb", "cccc"])
    for text in ("[" * 100_000, "*" * 100_000, " \n" * 50_000, "<" * 100_000, "a." * 50_000):
        assert isinstance(made.fault(text), str | None)
