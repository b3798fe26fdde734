import pytest

from silversmith.checks.sentences import split_sentences


@pytest.mark.parametrize(
    ("text", "sentences"),
    [
        ("", []),
        (" \n", []),
        ("No end", ["No end"]),
        ("One. Two! Three? Four", ["One.", "Two!", "Three?", "Four"]),
        (
            "Dr. May met Mr. J. Lee at 9 a.m. on Monday.",
            ["Dr. May met Mr. J. Lee at 9 a.m. on Monday."],
        ),
        ("They left at 9 a.m. Nobody waited.", ["They left at 9 a.m.", "Nobody waited."]),
        ("It costs 3.50 at example.com today.", ["It costs 3.50 at example.com today."]),
        (
            "“Where are you?” he asked. “Here!” She ran.",
            ["“Where are you?” he asked.", "“Here!”", "She ran."],
        ),
        ("Well... perhaps. Wait... No.", ["Well... perhaps.", "Wait...", "No."]),
        ("A line\nwithout end\n\nand more", ["A line\nwithout end\n\nand more"]),
        ("(See e.g. the annex.) It is short.", ["(See e.g. the annex.)", "It is short."]),
        (
            "今日は晴れ。明日は雨！「本当？」はい。",
            ["今日は晴れ。", "明日は雨！", "「本当？」", "はい。"],
        ),
        ("1. buy milk", ["1. buy milk"]),
    ],
)
def test_where_sentences_end(text, sentences):
    assert split_sentences(text) == sentences


def test_a_number_before_a_capital_letter_counts_as_in_punkt():
    assert split_sentences("1. Buy milk.") == ["1.", "Buy milk."]
