"""The simulated model as a player of dialogues."""

from __future__ import annotations

import json

import pytest
from pydantic import BaseModel

from silversmith.models.simulated import SimulatedModel, SimulatedOptions

SOUND = SimulatedModel(SimulatedOptions(flawed=0, malformed=0))

TALK = """<dialogue>
<turn number="1" role="user">
Which permit do cyclists need for the harbour road?
</turn>
<turn number="2" role="assistant">
Cyclists need the yearly permit, which takes 30 days to arrive.
</turn>
{more}</dialogue>

<act>{act}</act>
{extra}"""


class Taken(BaseModel):
    entity: str
    turn: int
    words: str


class Turn(BaseModel):
    text: str
    depends_on: list[int]
    entities: list[Taken]


class Amended(Turn):
    withdrawn: str
    instead: str


class Guess(BaseModel):
    meaning: str
    answerable: bool


def play(form, act, extra="", more="", seed=0):
    said = [{"role": "user", "content": TALK.format(act=act, extra=extra, more=more)}]
    return form.model_validate_json(SOUND.reply(said, form.model_json_schema(), seed)[0])


@pytest.mark.parametrize("act", ["follow_up", "clarify", "answer", "return", "revise", "refuse"])
@pytest.mark.parametrize("seed", range(5))
def test_a_turn_takes_up_words_of_a_turn_that_is_shown(act, seed):
    turn = play(Turn, act, seed=seed)
    for taken in turn.entities:
        assert taken.turn in turn.depends_on
        assert taken.words in turn.text
        assert taken.entity in TALK.split(f'number="{taken.turn}"')[1].split("</turn>")[0]


def test_acts_look_like_themselves():
    assert play(Turn, "clarify").text.endswith("?")
    assert "can't help" in play(Turn, "refuse").text
    assert "?" not in play(Turn, "close").text


def test_what_the_prompt_hands_over_is_said():
    assert "a tandem" in play(Turn, "specify", "<detail>They ride a tandem.</detail>").text
    extra = "<wrong>30 days</wrong> <right>3 days</right>"
    correct = play(Turn, "correct", extra)
    assert "30 days" in correct.text
    assert "3 days" in correct.text
    more = f'<turn number="3" role="user">\n{correct.text}\n</turn>\n'
    amended = play(Amended, "amend", more=more)
    assert (amended.withdrawn, amended.instead) == ("30 days", "3 days")
    assert "3 days" in amended.text


def test_a_withheld_turn_is_mostly_missed():
    def share(text):
        said = [{"role": "user", "content": text}]
        replies = [SOUND.reply(said, Guess.model_json_schema(), seed)[0] for seed in range(200)]
        return sum(json.loads(reply)["answerable"] for reply in replies) / 200

    whole = '<dialogue>\n<turn number="1" role="user">\nHow much?\n</turn>\n</dialogue>'
    assert share(whole) > 0.85
    assert share(whole.replace("How much?", "<withheld/>")) < 0.25
