"""The simulated judge looks at the answer, and tells flawed ones from sound ones."""

from __future__ import annotations

import asyncio
import json
import re
from typing import Literal

import pytest
from pydantic import BaseModel, Field

from silversmith.errors import ReplyError
from silversmith.generators.contrast import Contrast
from silversmith.generators.instruction import Instruction
from silversmith.generators.reasoning import Reasoning
from silversmith.judges.rubric import Rubric
from silversmith.models import parse_reply, strict_schema
from silversmith.models.simulated import SimulatedModel, SimulatedOptions
from silversmith.models.simulated_judge import find_flaw, wrong_arithmetic
from silversmith.prompts import Prompts
from silversmith.records import Draw, Passage, Seed

PROMPTS = Prompts()
GOOD = "The harbour is closed at night, because the lights are off and nobody keeps watch there."


class Opinion(BaseModel):
    rationale: str
    score: int = Field(ge=1, le=5)


class Verdict(BaseModel):
    accuracy: Opinion
    response: Opinion  # A criterion may have any name.


@pytest.mark.parametrize(
    "statement",
    [
        "12 * 4 = 50",
        "3+4=8",
        "2 + 3 * 4 = 20",
        "10 / 4 = 2.4",
        "7 - 9 = 2",
        "6 × 7 = 41",
        "1.5 + 1.5 = 3.1",
        "8 ÷ 3 = 2.66",
    ],
)
def test_wrong_arithmetic_is_found(statement):
    assert wrong_arithmetic(f"So we get {statement}. That is all.") == statement


@pytest.mark.parametrize(
    "text",
    [
        "12 * 4 = 48",
        "2 + 3 * 4 = 14",
        "8 / 3 = 2.67 and 10 / 3 = 3.3",
        "7 - 9 = -2",
        "0.1 + 0.2 = 0.3",
        "5 / 0 = 0",
        "(2 + 3) * 4 = 20",
        "2x + 4 = 10, so x = 3",
        "16 - 3 - 4 = <<16-3-4=9>>9",
        "1,200 + 300 = 1,500",
        "x3 + 4 = 9",
        "20% of 50 = 10",
        "3 + 4 = 2 + 5",
        "a = b = 3",
        "version 3.11 = current",
        "",
    ],
)
def test_what_is_right_or_no_plain_sum_is_left_alone(text):
    assert wrong_arithmetic(text) is None


@pytest.mark.parametrize(
    ("response", "reason"),
    [
        ("I'm sorry, but I can't help with that.", "refuses"),
        ("I cannot answer this question, since it asks for too much.", "refuses"),
        ("Yes.", "too short"),
        ("1. Done.\n2. Done.\n\nAnswer: Yes.", "too short"),
        (f"{GOOD} There are 3 * 4 = 13 boats.", "3 * 4 = 13"),
        (f"{GOOD} According to the Halvorsen Institute, 40 percent agree.", "nothing supports"),
    ],
)
def test_a_flawed_answer_is_scored_low_for_a_reason(response, reason, judged):
    model = SimulatedModel()
    for seed in range(20):
        text, _ = model.reply(judged("When is it closed?", response), strict_schema(Verdict), seed)
        verdict = parse_reply_or_none(text)
        if verdict is None:
            continue
        for opinion in (verdict.accuracy, verdict.response):
            assert opinion.score <= 2
            assert reason in opinion.rationale


def parse_reply_or_none(text):
    """The verdict; None for a reply that was broken on purpose."""
    try:
        return parse_reply(text, "stop", Verdict)
    except ReplyError:
        return None


def test_a_sound_answer_is_scored_high_with_a_little_spread(judged):
    model = SimulatedModel(SimulatedOptions(malformed=0))
    scores = set()
    for seed in range(40):
        text, _ = model.reply(judged("When is it closed?", GOOD), strict_schema(Verdict), seed)
        scores.add(parse_reply(text, "stop", Verdict).accuracy.score)
    assert scores == {4, 5}


def test_other_parts_of_the_sample_count_too():
    assert find_flaw(GOOD, "?") == "The instruction is almost empty."
    assert find_flaw(GOOD, rejected=f" {GOOD}\n") == "The two responses are the same."
    assert find_flaw("So it takes 3 bolts, or 4 at most.", reference="#### 3") is not None
    assert find_flaw("So it takes 3 bolts at most.", reference="#### 3") is None
    assert find_flaw("42", reference="42") is None
    assert find_flaw(GOOD, "When is it closed?", "It is open.", "It is closed at night.") is None


class Share(BaseModel):
    rationale: str
    score: float = Field(ge=0, le=1)


class Points(BaseModel):
    rationale: str
    rating: int = Field(ge=-50, le=50)


def test_scores_between_bounds_follow_what_was_found(judged):
    model = SimulatedModel(SimulatedOptions(malformed=0))
    for seed in range(20):
        for response, low, high in ((GOOD, 0.8, 1), ("No idea.", 0, 0.2)):
            ask = judged("When is it closed?", response)
            share = json.loads(model.reply(ask, Share.model_json_schema(), seed)[0])
            points = json.loads(model.reply(ask, Points.model_json_schema(), seed)[0])
            assert low <= share["score"] <= high
            assert low <= (points["rating"] + 50) / 100 <= high


class Gate(BaseModel):
    reason: str
    acceptable: bool
    has_error: bool
    verdict: Literal["accept", "reject"]


def test_verdicts_of_other_forms_agree_with_the_score(judged):
    model = SimulatedModel(SimulatedOptions(malformed=0))
    for response, sound in ((GOOD, True), ("No idea.", False)):
        text, _ = model.reply(judged("When is it closed?", response), strict_schema(Gate))
        gate = json.loads(text)
        assert gate["acceptable"] is sound
        assert gate["has_error"] is not sound
        assert gate["verdict"] == ("accept" if sound else "reject")


@pytest.mark.parametrize(("scale", "low", "high"), [("1 to 10", 1, 10), ("0-4", 0, 4), ("", 1, 5)])
def test_a_line_with_a_score_is_written_where_the_prompt_shows_one(scale, low, high, judged):
    model = SimulatedModel()
    for response, sound in ((GOOD, True), ("No idea.", False)):
        ask = judged("When is it closed?", response, f"Rate it {scale}. End with: Score: <number>")
        found = re.fullmatch(r".+\nScore: (\d+)", model.reply(ask)[0])
        share = (int(found[1]) - low) / (high - low)
        assert 0 <= share <= 1
        assert (share > 0.7) is sound


def test_a_yes_or_no_is_answered_with_one(judged):
    model = SimulatedModel()
    for response, word in ((GOOD, "Yes."), ("No idea.", "No.")):
        text, _ = model.reply(judged("Is it closed?", response, "Is it good? Say yes or no."))
        assert text.startswith(word)


class Ask:
    """An `ask` that renders our own template and takes the simulated model's reply, as a run does;
    it notes the flaw that was planted."""

    def __init__(self, model, kind, seed):
        self.model, self.kind, self.seed = model, kind, seed
        self.flaw = None

    async def __call__(self, draft, /, *, template=None, model=None, check=None, **values):
        messages = PROMPTS.template(template or self.kind).render(values)
        answer = self.model.answer(messages, strict_schema(draft), self.seed)
        self.flaw = answer.flaw
        reply = parse_reply(answer.text, "stop", draft)
        if check is not None and (wrong := check(reply)) is not None:
            raise ReplyError(wrong)
        return reply


PAIRS = Contrast(flaws=["missed_part", "vagueness", "verbosity", "wrong_premise"])


@pytest.mark.parametrize("generator", [Instruction(), Reasoning(), PAIRS])
def test_our_judge_finds_the_flaws_that_are_planted_in_our_drafts(generator, passage):
    drafts = SimulatedModel(SimulatedOptions(flawed=0.5, malformed=0))
    critic = SimulatedModel(SimulatedOptions(malformed=0))
    seed = Seed(source="a.md:0-9", passage=Passage(source="a.md", start=0, end=9, text=passage))
    rubric = Rubric()

    async def score(draw):
        ask = Ask(drafts, generator.kind, draw)
        try:
            sample = await generator.draft(seed, Draw(draw), ask)
        except ReplyError:
            return ask.flaw, 0.0  # found before any judge sees it
        given = rubric.score(await rubric.judge(sample, Ask(critic, "rubric", 0)))
        return ask.flaw, given

    async def scores():
        return [await score(draw) for draw in range(200)]

    scored = asyncio.run(scores())
    assert len({flaw for flaw, _ in scored}) == 6
    for flaw, given in scored:
        # A duplicate is sound by itself: finding it is a filter's work.
        assert (given >= 0.7) if flaw in (None, "duplicate") else (given <= 0.3), flaw
