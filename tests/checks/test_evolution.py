import pytest

from silversmith.checks.evolution import (
    fault_of_answer,
    fault_of_evolved,
    fault_of_new,
    fault_of_translated,
    rouge_l,
)

SOURCE = "Write a short story about a lighthouse."


@pytest.mark.parametrize(
    ("instruction", "said"),
    [
        ("write a short story, about a lighthouse", "the same as the one"),
        ("Rewritten Prompt: Write a story about a keeper.", 'says "Rewritten Prompt"'),
        ("Write a story. #The Given Prompt# was shorter.", "does not know that there was"),
        ("Make it harder than the original instruction.", 'says "the original instruction"'),
        ("Write a story about the photo above.", 'says "photo above"'),
        ("Shorten the attached file to a page.", "nothing of the kind is there"),
        ("Write it.", "fewer than three words"),
    ],
)
def test_an_evolved_instruction_fails(instruction, said):
    assert said in fault_of_evolved([SOURCE], instruction)


@pytest.mark.parametrize(
    "instruction",
    [
        "Write a short story about a lighthouse that must stay dark.",
        "Give a reason why prompt payment matters to a small firm.",
        "Describe a picture that would fit the poem: Roses are red.",
        "Summarise this email in a line: Dear all, the lift is out of order.",
    ],
)
def test_an_evolved_instruction_passes(instruction):
    assert fault_of_evolved([SOURCE], instruction) is None


def test_a_new_instruction_is_unlike_those_that_exist():
    known = [["name", "a", "bird", "that", "cannot", "fly"]]
    assert "too much like" in fault_of_new("Name a big bird that cannot fly.", known)
    assert fault_of_new("Why can an ostrich not fly?", known) is None


@pytest.mark.parametrize(
    ("instruction", "said"),
    [
        ("Summarise the given text.", 'says "the given text"'),
        ("What does the passage say of fees?", 'says "the passage"'),
        (
            "Is it so that either party may end this agreement in writing with a notice period?",
            "copies",
        ),
    ],
)
def test_an_instruction_to_a_text_fails(instruction, said):
    text = "Either party may end this agreement in writing with a notice period of thirty days."
    assert said in fault_of_translated(text, instruction)
    assert fault_of_translated(text, "How do we get out of the contract with Acme?") is None


@pytest.mark.parametrize(
    ("response", "said"),
    [
        ("I'm sorry, but I can't help with that.", "refuses"),
        ("Sorry, the file is empty.", "apology"),
        ("...!", "no words"),
    ],
)
def test_an_answer_shows_that_the_instruction_cannot_be_answered(response, said):
    assert said in fault_of_answer(response)


def test_a_letter_of_apology_is_an_answer():
    letter = (
        "Dear Ms Bell,\n\nwe are sorry that your parcel came late. " + "It was our mistake. " * 20
    )
    assert fault_of_answer(letter) is None


def test_rouge_l_is_the_share_of_the_longest_common_subsequence():
    one, other = list("abcd"), list("axcde")
    assert rouge_l(one, other) == pytest.approx(2 * 3 / 9)
    assert rouge_l(one, other) == rouge_l(other, one)
    assert rouge_l(one, one) == 1
    assert rouge_l(one, []) == 0
    assert rouge_l(list("abcd"), list("axyz"), 0.7) == 0


@pytest.mark.parametrize(
    "instruction",
    [
        "According to the passage, how long is the bridge?",
        "What does the given document say about fees?",
        "Shorten the text above, please.",
        "Which year is named in the excerpt?",
    ],
)
def test_a_new_instruction_speaks_of_a_text_that_it_does_not_have(instruction):
    assert "its reader has no such text" in fault_of_new(instruction, ())


@pytest.mark.parametrize(
    "instruction",
    [
        "Shorten the passage: the deposit is given back when the drill comes back clean.",
        "Fix this.\n\nAccording to the document the fee are due on the first of march.",
        "When was the passage of the bill through parliament?",
        "What is the material of the bridge deck, and how do I insert it in the document?",
    ],
)
def test_a_text_that_it_has_and_words_that_mean_something_else(instruction):
    assert fault_of_new(instruction, ()) is None
