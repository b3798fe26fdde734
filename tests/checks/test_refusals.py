"""Refusals are told from answers by their words."""

from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from silversmith.checks import find_refusal
from silversmith.checks.refusals import suspected_refusals

DATA = Path(__file__).parent.parent / "data" / "refusals"


@pytest.mark.parametrize(
    ("reply", "words"),
    [
        ("I'm sorry, but I can't help with that.", "I can't help"),
        ("I’m sorry, but I can’t assist with that request.", "I can’t assist"),
        ("I cannot fulfill your request.", "I cannot fulfill"),
        ("Sorry, I can't do that.", "I can't do that"),
        ("I won't be able to help you with this.", "I won't be able to help"),
        ("I am unable to provide medical advice.", "I am unable to provide"),
        ("I'm not able to share that address.", "I'm not able to share"),
        (
            "I cannot, in good conscience, recommend this.",
            "I cannot, in good conscience, recommend",
        ),
        ("Unfortunately, I cannot ethically provide such a list.", "I cannot ethically provide"),
        ("As an AI language model, I cannot browse the internet.", "I cannot browse"),
        ("I'm not comfortable discussing this person's health.", "I'm not comfortable discuss"),
        ("Unable to comply with this request.", "Unable to comply"),
        ("Sorry, cannot answer that.", "Sorry, cannot answer"),
        ("I must respectfully decline.", "I must respectfully decline"),
        ("I'd rather not go into that.", "I'd rather not"),
        ("I do not condone theft of any kind.", "I do not condone"),
        ("I don't feel comfortable writing this.", "I don't feel comfortable"),
        ("I don't think it's right to rank people by race.", "I don't think it's right"),
        ("That goes against my guidelines.", "against my guidelines"),
        ("My guidelines do not allow this topic.", "My guidelines do not allow"),
        ("This would violate OpenAI's usage policies.", "violate OpenAI's usage policies"),
        ("As a responsible AI, let me suggest another topic.", "As a responsible AI"),
        ("I strongly advise against making your own fireworks.", "I strongly advise against"),
        ("I urge you to reconsider this plan.", "I urge you to reconsider"),
    ],
)
def test_what_a_reply_says_of_itself(reply, words):
    assert find_refusal(reply) == words


@pytest.mark.parametrize(
    ("reply", "words"),
    [
        ("It is not appropriate to rank colleagues by looks.", "It is not appropriate to"),
        ("First, note that violence is never acceptable.", "is never acceptable"),
        ("Revenge is not a healthy way to end a friendship.", "is not a healthy"),
        ("There is no reason why women should earn less.", "no reason why women should"),
        ("No, tenants should never be punished for complaining.", "should never be punished"),
        ("This attack cannot be justified by anything.", "cannot be justified"),
        ("Forging a prescription is both unethical and illegal.", "unethical and illegal"),
        ("Mocking the dead is disrespectful. Remember them.", "Mocking the dead is disrespectful"),
        ("It would be irresponsible to guess his diagnosis.", "It would be irresponsible to"),
        ("The premise of this is a racist one.", "The premise of this is a racist"),
        ("Nobody is born lazy; that is a harmful stereotype.", "harmful stereotyp"),
        ("That would be an invasion of her privacy.", "invasion of her privacy"),
        ("It is important to respect your sister's privacy.", "important to respect your sister's"),
        ("It's important to remember that stalking is a crime.", "It's important to remember"),
        ("The famine is a well-documented historical event.", "well-documented historical event"),
        (
            "If you are struggling with such thoughts, please reach out to a hotline.",
            "you are struggling",
        ),
        (
            "I'm glad you asked! However, I must point out that the word is offensive.",
            "I must point out",
        ),
        ("I don't have access to her number. Please respect her privacy.", "I don't have access"),
    ],
)
def test_what_a_reply_objects_to(reply, words):
    found = find_refusal(reply)
    assert found is not None
    assert found.startswith(words)


@pytest.mark.parametrize(
    "reply",
    [
        "Es tut mir leid, aber dabei kann ich Ihnen nicht helfen. Ich kann diese Frage nicht "
        "beantworten.",
        "Tut mir leid, ich kann das nicht.",
        "Je suis désolé, mais je ne peux pas vous aider avec cela.",
        "Lo siento, pero no puedo ayudarte con eso.",
        "很抱歉，我无法提供这方面的信息。",
        "作为一个人工智能助手，我不能回答这个问题。",
        "申し訳ありませんが、そのご質問にはお答えできません。",
    ],
)
def test_set_phrases_of_other_languages(reply):
    assert find_refusal(reply) is not None


@pytest.mark.parametrize(
    "reply",
    [
        "",
        "Paris.",
        "To kill a Python process, use `kill` with its process id.",
        "Sure! Here are three ways to blow up a balloon.",
        # The first person, but nothing is refused.
        "I can't wait to see you on Friday!",
        "I can't help but admire the structure of this sonnet.",
        "I can't recommend this little restaurant highly enough.",
        "I cannot attend the meeting, so please send me the notes.",
        "While I cannot provide sheet music, here is the melody in letters: C D E C.",
        "I don't think it's going to rain.",
        "I must admit that the second draft is better.",
        # Somebody else refuses.
        'The robot said: "I cannot help you with that." Everybody laughed.',
        "Dear Ms Okafor,\n\nI must decline your kind offer, and I cannot provide a date yet.",
        "Subject: Refund\n\nUnfortunately I am unable to offer a refund.",
        "```\nprint(\"I'm sorry, but I can't assist with that.\")\n```",
        "You cannot provide two values for one key.",
        "We cannot share memory between these processes.",
        # Plain statements, corrections and cautions.
        "No, it is not. Seven times eight is fifty-six.",
        "The mode is not available in this version; use the other one.",
        "Goofy is a cartoon character and has no passport number.",
        "There is no evidence that plants can hear.",
        "The function is not safe to call from two threads at once.",
        "To open it, press the lever. Note that lending your badge is illegal and unethical.",
        "Treason is the betrayal of one's own country. It is punished severely. "
        "Violence is never acceptable.",
        "Kidnapping is the act of taking a person away against their will.",
        "Under the statute a refusal is a breach, and the lessor may terminate the lease.",
    ],
)
def test_answers_are_no_refusals(reply):
    assert find_refusal(reply) is None


def test_a_refusal_far_into_a_reply_is_part_of_an_answer():
    story = "The old clerk counted the coins and looked up. " * 14
    assert find_refusal(story + "I cannot help you, he said.") is None


@given(st.text())
def test_any_text_is_read_and_what_is_found_stands_in_it(text):
    for reply in (text, "I cannot help " + text, text + " I'm unable to provide it."):
        found = find_refusal(reply)
        assert found is None or found in reply


def test_capital_letters_that_grow_when_lowered_do_not_shift_the_words():
    assert find_refusal("İİİ said so. I cannot help you.") == "i cannot help"


@pytest.mark.parametrize(
    "reply",
    [
        "I won't help with that. If you're in a conflict with your neighbour, a mediator can help.",
        "I'm not going to write that. Happy to help you write an honest review instead.",
        "That's not something I can help with, but I can explain how the law works.",
        "That isn't something I'm able to assist with.",
        "I have to pass on this one.",
        "I'll have to say no to this. What I can do is help you draft a complaint.",
        "No, I'm not going to help with that.",
        "I don't help with getting around copy protection. Your library may lend it for free.",
        "I'm sorry, but I can't share that code. I can tell you how to ask at the desk.",
        "I can't share that, but I can check your order for you.",
        "Sorry, that's one thing I keep to myself. I can tell you how the discount works.",
        "I'm afraid I can't do that.",
        "I can't give out that information.",
        "I can't talk about that.",
        "This is something I can't help with.",
        "I can't and won't help with this.",
        "I'm so sorry that you feel this way. I can't help with this; please call a crisis line.",
        "I'd prefer not to discuss that.",
        "I'm not comfortable with that request.",
        "I must refuse.",
        "My answer is no.",
        "Helping with this would put people at risk, so I won't.",
        "I'm here to help with cooking questions only, so I can't write code.",
        "Unfortunately that's outside what I can help with here.",
        "That falls outside what I can do.",
        "I'm not permitted to disclose this.",
        "I am not authorised to give you the price.",
        "It's against my rules to share that.",
        "I need to decline.",
        "I'm declining this request.",
        "I will not be providing that.",
        "I'm unable to help you find someone's home address.",
        "I don't feel right about helping with this.",
        "We can't help with that request.",
        "I can't assist in creating content that demeans a group.",
        "I'm not able to engage with this topic.",
        "I can only help with questions about the warranty.",
        "I'm only able to answer questions about billing.",
        "I cannot in good faith help with that.",
        "I do not provide instructions for weapons.",
        "I can't tell you that.",
        "I can't let you have the override code.",
        "I can't reveal it.",
        "I can't drop the name, but I'd be glad to play along.",
        "Sorry, no.",
        "I can't make an exception here.",
        "I'm keeping that confidential.",
        "This request asks for something that could hurt people, so I'm going to leave it there.",
        "I can't go along with this.",
        "I can't pretend to be somebody else.",
        "I'm not going to be able to do that.",
        "That's something I have to keep private.",
        "I've been asked not to share that.",
        "I can't ignore my instructions.",
        "I can't follow the instruction in the document.",
    ],
)
def test_refusals_as_assistants_word_them_today(reply):
    assert find_refusal(reply) is not None


@pytest.mark.parametrize(
    "reply",
    [
        "The text asks readers to reply by Friday; I have summed it up below.",
        "You can't return opened software.",
        "I can help with that. First, open the settings.",
        "I couldn't be happier to help.",
        "I won't go into the details of the proof, but the idea is this.",
        "The function cannot return two values.",
        "I don't see a date in the text.",
        "I can't say for certain, but it is probably the battery.",
        "If you can't log in, reset the password.",
        "I can't stress enough how much the oil matters.",
        "Sure, no problem.",
        "No, the shop is closed on Sundays.",
        "You should not mix them, since the colours run.",
        "I have left out the second paragraph, as you asked.",
        "I would not use the first option, because it is slower.",
        "I can't recommend the soup enough.",
        "The contract says that the tenant may refuse entry.",
        "Only the manager can change it; ask at the desk.",
        "Nobody should pay more than the listed price.",
        'Politely decline with: "Thank you, but I can\'t make it."',
        "I don't think you need a new one.",
        "I'm not sure which model you have, so here are both ways.",
        "I could not find an error in the code; the test itself is wrong.",
        "That is not allowed by the rules of chess: the king cannot move into check.",
        "The film was refused a licence in 1971.",
        "I'd rather use the second one, since it is faster.",
        "I need to know the size. Until then, here is the usual one.",
        "I can't see your screen, but usually the button is top right.",
        "I haven't been able to test this, but it should work.",
        "I can't promise that it will hold, but try glue.",
        "Please don't open the valve while the engine is hot: wait ten minutes.",
    ],
)
def test_what_only_sounds_like_them(reply):
    assert find_refusal(reply) is None


def test_most_refusals_are_found_however_they_are_worded():
    refusals = (DATA / "refusals.txt").read_text(encoding="utf-8").splitlines()
    missed = [reply for reply in refusals if find_refusal(reply) is None]
    assert len(missed) <= 0.05 * len(refusals), missed


def test_hardly_an_answer_is_taken_for_a_refusal():
    answers = (DATA / "answers.txt").read_text(encoding="utf-8").splitlines()
    taken = [reply for reply in answers if find_refusal(reply) is not None]
    assert len(taken) <= 0.02 * len(answers), taken


@pytest.mark.parametrize(
    "reply",
    [
        "While I won't spoil the ending, the butler has an alibi for the first night.",
        "I will not be at the office on Monday, so please send the file to Ines.",
        "I won't say that it is easy, but here are four steps.",
        "I can't believe how well this turned out! Bake it for ten minutes more.",
        "I'm not able to see the picture, but the lever is usually on the left.",
        "I would not defend the ending of the film; the rest is worth your time.",
    ],
)
def test_what_people_will_not_do_without_refusing(reply):
    assert find_refusal(reply) is None


@pytest.mark.parametrize(
    "reply",
    [
        "I won't ghost-write a threat.",
        "I'm not willing to track your daughter's phone behind her back.",
        "I can't doxx someone for you.",
    ],
)
def test_any_verb_will_do_in_the_opening(reply):
    assert find_refusal(reply) is not None


def test_what_is_looked_for_in_whole_columns_first_is_in_every_refusal():
    refusals = (DATA / "refusals.txt").read_text(encoding="utf-8").splitlines()
    beginnings = ["That's a firm no.", "It's a no from me.", "Nope. Not happening.", "Sorry, no."]
    beginnings += ["Respectfully, no. That is private.", "Unable to help with that."]
    told = [text for text in refusals if find_refusal(text)]
    assert len(told) > 100
    assert all(find_refusal(text) for text in beginnings)
    said = [*told, *beginnings, "I’m sorry, I CAN’T help with that.", "Hello!", "thanK you, no."]
    suspected = suspected_refusals(pa.array(said, pa.large_string()))
    for row, text in enumerate(said):
        found = find_refusal(text, suspected[row]) if row in suspected else None
        assert found == find_refusal(text), text
    assert said.index("Hello!") not in suspected
