"""Twins: a question that a passage answers, and one whose fact has been taken out of it."""

import json
from pathlib import Path

import pytest
from pydantic import ValidationError

from silversmith.checks.facts import telling_sentences
from silversmith.errors import ReplyError
from silversmith.exports.trl_dpo import TrlDpo
from silversmith.generators.abstention import Abstention
from silversmith.records import Draw, Passage, Seed

REPLIES = Path(__file__).parent.parent / "data" / "replies" / "abstention"
GOOD = json.loads((REPLIES / "good.json").read_text("utf-8"))
BAD = json.loads((REPLIES / "bad.json").read_text("utf-8"))
DEPOSIT = "A drill is lent only against a deposit of 40 euros in cash."


def named(entry):
    return entry["name"]


def seed_of(text):
    return Seed(
        source="desk.md", passage=Passage(source="desk.md", start=0, end=len(text), text=text)
    )


def about_the_deposit(entry):
    """The pair of draws whose target is the sentence about the deposit, and whose way is the
    entry's."""
    seed = seed_of(entry["passage"])
    ways = [entry["way"]] if "way" in entry else ["remove"]
    for pair in range(len(telling_sentences(entry["passage"]))):
        yield seed, Draw(2 * pair + entry["draw"]), Abstention(draws=20, ways=ways)


async def drafted(scripted, entry):
    for seed, draw, generator in about_the_deposit(entry):
        ask = scripted("abstention", {f"<target>\n{DEPOSIT}\n</target>": entry["reply"]})
        try:
            return await generator.draft(seed, draw, ask), ask
        except LookupError:
            continue
    raise AssertionError("no draw is about the deposit")


@pytest.mark.parametrize("entry", GOOD, ids=named)
async def test_a_good_reply_becomes_a_proven_pair(scripted, entry):
    sample, ask = await drafted(scripted, entry)
    attributes = {each.name: each.value for each in sample.attributes}
    assert sample.verified is True
    assert attributes["answerable"] == ("yes" if entry["answerable"] else "no")
    assert attributes["fact"] == "40 euros"
    assert sample.system.startswith("Answer from the text")
    assert entry["reply"]["question"] in sample.instruction
    assert sample.passage.text == entry["passage"]
    assert ("40 euros" in sample.instruction) is entry["answerable"]
    if not entry["answerable"]:
        assert sample.flaw.kind == "invented_answer"
        assert sample.flaw.where in sample.rejected_response
    assert TrlDpo().reason_for_no_row(sample) is None
    assert "A program will check this:" in ask.prompts[0]


async def test_the_sentence_or_its_words_are_taken_out_by_program(scripted):
    removed, _ = await drafted(scripted, GOOD[1])
    assert "A drill is lent only" not in removed.instruction
    assert "The deposit is given back when" in removed.instruction
    blurred, _ = await drafted(scripted, GOOD[2])
    assert "only against a deposit of some money in cash." in blurred.instruction


async def test_twins_share_their_sentence_and_say_so(scripted):
    seed = seed_of(GOOD[0]["passage"])
    targets = []
    for number in range(6):
        ask = scripted("abstention", {})
        with pytest.raises(LookupError):
            await Abstention(draws=6).draft(seed, Draw(number), ask)
        targets.append(ask.prompts[0].split("<target>\n")[1].split("\n</target>")[0])
    assert targets[0::2] == targets[1::2]
    assert len(set(targets)) == 3
    yes, _ = await drafted(scripted, GOOD[0])
    no, _ = await drafted(scripted, GOOD[1])
    pairs = [next(a.value for a in each.attributes if a.name == "pair") for each in (yes, no)]
    assert pairs[0] == pairs[1]


@pytest.mark.parametrize("entry", BAD, ids=named)
async def test_a_bad_reply_is_sent_back_with_what_is_wrong(scripted, entry):
    with pytest.raises(ReplyError) as caught:
        await drafted(scripted, entry)
    assert entry["fault"] in caught.value.reason


def test_passages_that_cannot_be_asked_about_plan_no_sample(task):
    generator = Abstention()
    assert generator.accepts(seed_of(GOOD[0]["passage"]))
    assert not generator.accepts(seed_of("A drill costs 40 euros."))
    assert not generator.accepts(seed_of("so it goes on and on and on " * 20))
    assert not generator.accepts(task)


def test_draws_come_in_twins():
    with pytest.raises(ValidationError, match="multiple of 2"):
        Abstention(draws=3)


def test_no_way_at_all():
    with pytest.raises(ValidationError, match="name at least one way"):
        Abstention(ways=[])


async def test_an_empty_system_message_leaves_it_out(scripted):
    entry = GOOD[0]
    for seed, draw, generator in about_the_deposit(entry):
        ask = scripted("abstention", {DEPOSIT + "\n</target>": entry["reply"]})
        try:
            sample = await generator.model_copy(update={"system": ""}).draft(seed, draw, ask)
        except LookupError:
            continue
        assert [turn.role for turn in sample.messages] == ["user", "assistant"]
        return
    raise AssertionError("no draw is about the deposit")


async def test_the_prompt_does_not_say_that_nobody_sees_the_passage(scripted):
    """The user of these samples shows it to the assistant."""
    for entry in GOOD:
        _, ask = await drafted(scripted, entry)
        assert ask.prompts[0].count("<passage") == 1
        assert "Nobody will see the passage" not in ask.prompts[0]
        assert "The user has it in front of the assistant" in ask.prompts[0]
