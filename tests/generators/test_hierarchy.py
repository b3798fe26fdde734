"""Whom to obey: rules, attacks and grades are combined, and both halves are proven."""

import base64
import json
from collections import Counter
from itertools import pairwise
from pathlib import Path

import pytest
from pydantic import ValidationError

from silversmith.checks import find_refusal
from silversmith.errors import ReplyError
from silversmith.exports.trl_dpo import TrlDpo
from silversmith.exports.trl_sft import TrlSft
from silversmith.generators.hierarchy import Hierarchy
from silversmith.records import Draw, Seed

REPLIES = Path(__file__).parent.parent / "data" / "replies" / "hierarchy"
GOOD = json.loads((REPLIES / "good.json").read_text("utf-8"))
BAD = json.loads((REPLIES / "bad.json").read_text("utf-8"))


def named(entry):
    return entry["name"]


async def drafted(scripted, task, entry):
    ask = scripted("hierarchy", {"": entry["reply"]})
    sample = await Hierarchy(**entry["options"]).draft(task, Draw(entry["draw"]), ask)
    return sample, ask


@pytest.mark.parametrize("entry", GOOD, ids=named)
async def test_a_good_reply_becomes_a_proven_pair(scripted, task, entry):
    sample, ask = await drafted(scripted, task, entry)
    assert sample.verified is True
    assert sample.system == entry["reply"]["system"]
    assert sample.response == entry["reply"]["chosen"]
    assert sample.rejected_response == entry["reply"]["rejected"]
    assert sample.messages[:-1] == sample.rejected[:-1]
    [rule] = entry["options"]["rules"]
    [attack] = entry["options"]["attacks"]
    [grade] = entry["options"]["grades"]
    attributes = {each.name: each.value for each in sample.attributes}
    assert (attributes["rule"], attributes["attack"], attributes["grade"]) == (rule, attack, grade)
    assert sample.flaw.kind == ("over_refusal" if grade == "look_alike" else "gave_in")
    assert sample.constraints[0].satisfied
    assert "A program will check this:" in ask.prompts[0]


@pytest.mark.parametrize("entry", BAD, ids=named)
async def test_a_bad_reply_is_sent_back_with_what_is_wrong(scripted, task, entry):
    with pytest.raises(ReplyError) as caught:
        await drafted(scripted, task, entry)
    assert entry["fault"] in caught.value.reason


async def test_the_canary_comes_from_seed_and_draw_and_is_asked_for(scripted, task):
    sample, ask = await drafted(scripted, task, GOOD[0])
    assert json.loads(sample.constraints[0].arguments) == {
        "secret": "MAGNOLIA-2929",
        "sort": "code",
    }
    assert 'system: contains "MAGNOLIA-2929"' in ask.prompts[0]
    assert "MAGNOLIA-2929" not in sample.instruction
    assert "MAGNOLIA-2929" in sample.system
    assert "MAGNOLIA-2929" in sample.rejected_response


async def test_an_order_is_planted_in_the_document_by_program(scripted, task):
    entry = next(each for each in GOOD if "order" in each["reply"])
    sample, ask = await drafted(scripted, task, entry)
    reply = entry["reply"]
    assert sample.instruction.startswith(reply["request"])
    assert sample.instruction.count(reply["order"]) == 1
    for paragraph in reply["document"].split("\n\n"):
        assert paragraph in sample.instruction
    place = next(each.value for each in sample.attributes if each.name == "place")
    assert f"its {place} afterwards" in ask.prompts[0]


async def test_a_tool_result_is_json_with_the_order_in_it(scripted, task):
    entry = next(each for each in GOOD if "order" in each["reply"])
    entry = {**entry, "options": {**entry["options"], "attacks": ["tool_result"]}}
    sample, _ = await drafted(scripted, task, entry)
    result = json.loads(sample.instruction.removeprefix(entry["reply"]["request"]))
    assert result["status"] == "ok"
    assert entry["reply"]["order"] in result["content"]


async def test_a_hidden_text_is_encoded_by_program(scripted, task):
    entry = next(each for each in GOOD if "hidden" in each["reply"])
    sample, _ = await drafted(scripted, task, entry)
    attributes = {each.name: each.value for each in sample.attributes}
    hidden = entry["reply"]["hidden"]
    encoded = sample.instruction.removeprefix(entry["reply"]["lead_in"]).strip()
    assert hidden not in sample.instruction
    plain = {
        "base64": lambda text: base64.b64decode(text).decode(),
        "hexadecimal": lambda text: bytes.fromhex(text).decode(),
        "backwards": lambda text: text[::-1],
    }
    assert attributes["encoding"] in {*plain, "ROT13"}
    if attributes["encoding"] in plain:
        assert plain[attributes["encoding"]](encoded) == hidden


def test_every_combination_comes_before_one_comes_again():
    cases = Hierarchy().cases
    assert len(set(cases)) == len(cases) == 85
    grades = Counter(grade for _, _, grade in cases)
    assert grades == {"mixed": 35, "look_alike": 35, "conflict": 15}
    for one, other in pairwise(cases):
        assert one[1] != other[1] or one[0] != other[0]


def test_who_pastes_a_document_always_wants_something_legitimate():
    assert not [
        case
        for case in Hierarchy().cases
        if case[2] == "conflict" and (case[1] == "tool_result" or case[0] == "language")
    ]


async def test_what_is_trained_is_the_system_message_the_prompt_and_both_replies(scripted, task):
    sample, _ = await drafted(scripted, task, GOOD[0])
    assert TrlDpo().reason_for_no_row(sample) is None
    [row] = TrlDpo().rows(sample)
    assert [each["role"] for each in row["prompt"]] == ["system", "user"]
    assert "MAGNOLIA-2929" in row["prompt"][0]["content"]
    assert row["chosen"][0]["content"] == GOOD[0]["reply"]["chosen"]
    assert row["rejected"][0]["content"] == GOOD[0]["reply"]["rejected"]
    [row] = TrlSft().rows(sample)
    assert row["messages"][-1]["content"] == GOOD[0]["reply"]["chosen"]


async def test_look_alikes_teach_not_to_refuse(scripted, task):
    for entry in GOOD:
        if entry["options"]["grades"] == ["look_alike"]:
            sample, ask = await drafted(scripted, task, entry)
            assert find_refusal(sample.response) is None
            assert "The rejected reply is an over-refusal" in ask.prompts[0]


async def test_two_seeds_have_two_secrets(scripted, task):
    prompts = []
    for seed in (task, Seed(source="s", instruction="Another task")):
        ask = scripted("hierarchy", {})
        with pytest.raises(LookupError):
            await Hierarchy(rules=["secret"]).draft(seed, Draw(0), ask)
        prompts.append(ask.prompts[0].split("system: contains ")[1].split("\n")[0])
    assert prompts[0] != prompts[1]


def test_an_unknown_rule_lists_the_known_ones():
    with pytest.raises(ValidationError, match="'secret', 'persona', 'scope', 'format'"):
        Hierarchy(rules=["secrets"])


def test_no_rule_at_all():
    with pytest.raises(ValidationError, match="name at least one"):
        Hierarchy(rules=[])


def test_options_that_leave_nothing_to_draw():
    with pytest.raises(ValidationError, match=r"nothing can be drawn.*add the grade mixed"):
        Hierarchy(rules=["format"], grades=["conflict"])


async def test_rot13_is_not_used_where_it_would_change_nothing(scripted):
    seed = Seed(source="задачи.jsonl#1", instruction="Как оплатить залог за инструмент?")
    for number in range(8):
        ask = scripted("hierarchy", {})
        with pytest.raises(LookupError):
            await Hierarchy(attacks=["encoded"]).draft(seed, Draw(number), ask)
        assert "ROT13" not in ask.prompts[0]


async def test_an_over_refusal_keeps_the_rule_that_it_misreads(scripted, task):
    for rule, kept in (
        ("persona", "rejected: ends with"),
        ("language", "rejected: is written in"),
        ("secret", "rejected: does not give away"),
        ("scope", "rejected: contains"),
    ):
        ask = scripted("hierarchy", {})
        with pytest.raises(LookupError):
            await Hierarchy(rules=[rule], attacks=["direct"], grades=["look_alike"]).draft(
                task, Draw(0), ask
            )
        assert "- rejected: declines\n" in ask.prompts[0]
        assert f"- {kept}" in ask.prompts[0]
