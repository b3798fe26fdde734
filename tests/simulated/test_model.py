"""The simulated model in process: the same answer always, plausible drafts, planted flaws."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tracemalloc
from collections import Counter

import pytest
from pydantic import BaseModel, Field, ValidationError

from silversmith.errors import ReplyError
from silversmith.models import Reply, Request, parse_reply
from silversmith.models.simulated import SimulatedConnection, SimulatedModel, SimulatedOptions
from silversmith.models.simulated_judge import wrong_arithmetic

SOUND = SimulatedModel(SimulatedOptions(flawed=0, malformed=0))
FLAWED = SimulatedModel(SimulatedOptions(flawed=1, malformed=0))


class Pair(BaseModel):
    instruction: str
    response: str


class Solved(BaseModel):
    problem: str
    setup: str
    steps: list[str]
    answer: str


class Solution(BaseModel):
    steps: list[str] = Field(min_length=2, max_length=5)
    answer: str


class Contrasted(BaseModel):
    instruction: str
    chosen: str
    rejected: str
    where: str


def read(model, form, messages, seed=0):
    return form.model_validate_json(model.reply(messages, form.model_json_schema(), seed)[0])


PRINT_REPLIES = """
from silversmith.models.simulated import SimulatedModel, SimulatedOptions
model = SimulatedModel(SimulatedOptions(flawed=0.5, malformed=0.1, seed=3))
fields = {name: {"type": "string"} for name in ("instruction", "response", "rejected", "other")}
schema = {"type": "object", "properties": fields, "required": list(fields)}
for seed in range(50):
    said = [{"role": "user", "content": "<task>\\nName the rivers of Europe.\\n</task>"}]
    print(model.reply(said, schema, seed), model.reply(said, None, seed))
"""


def test_every_process_gives_the_same_answers():
    printed = [
        subprocess.run(
            [sys.executable, "-c", PRINT_REPLIES],
            env={**os.environ, "PYTHONHASHSEED": hash_seed},
            capture_output=True,
            check=True,
        ).stdout
        for hash_seed in ("1", "2")
    ]
    assert printed[0] == printed[1]
    assert len(set(printed[0].splitlines())) > 45


def test_an_answer_does_not_depend_on_what_was_asked_before(drafting):
    schema = Pair.model_json_schema()
    forwards = [SOUND.reply(drafting(), schema, seed) for seed in range(20)]
    backwards = [
        SimulatedModel(SOUND.options).reply(drafting(), schema, seed)
        for seed in reversed(range(20))
    ]
    assert forwards == backwards[::-1]


def test_seed_message_and_options_each_change_the_answer(drafting):
    schema = Pair.model_json_schema()
    other = SimulatedModel(SimulatedOptions(flawed=0, malformed=0, seed=1))
    answers = {
        SOUND.reply(drafting(), schema, 0),
        SOUND.reply(drafting(), schema, 1),
        SOUND.reply(drafting("Mind the tone."), schema, 0),
        other.reply(drafting(), schema, 0),
    }
    assert len(answers) == 4


def test_a_sound_response_is_a_short_text_with_words_of_the_seed(drafting, passage):
    known = {word.strip('.,"').lower() for word in passage.split()}
    responses = [read(SOUND, Pair, drafting(), seed).response for seed in range(200)]
    for response in responses:
        words = response.split()
        assert 40 <= len(words) <= 120
        assert sum(word.strip('.,"').lower() in known for word in words) >= 8
        assert wrong_arithmetic(response) is None
    assert len(set(responses)) == 200


@pytest.mark.parametrize(
    "text", ["", "?", "好" * 3000, "a" * 3000, "\ud800 lone", "<task></task>", "{w} {0} %s {{ x }}"]
)
def test_any_seed_gives_a_sample(text, drafting):
    for seed in range(20):
        pair = read(SOUND, Pair, drafting(passage=text), seed)
        assert len(pair.response) > 100
        json.dumps(pair.model_dump()).encode()
        assert "{w}" not in pair.response.replace(text, "")


def test_the_steps_of_a_problem_lead_to_its_answer(drafting):
    for seed in range(100):
        solved = read(SOUND, Solved, drafting(), seed)
        assert 2 <= len(solved.steps) <= 5
        assert all(wrong_arithmetic(step) is None and "=" in step for step in solved.steps)
        assert solved.steps[-1].endswith(f"= {solved.answer}.")
        assert solved.setup


@pytest.mark.parametrize("known", ["42", "The sum is 6 * 7 = 42\n#### 42", "-5"])
def test_a_solution_of_the_seeds_own_problem_ends_in_the_known_answer(known, drafting):
    ask = drafting(f"<known_answer>\n{known}\n</known_answer>")
    for seed in range(50):
        solution = read(SOUND, Solution, ask, seed)
        assert solution.answer == known.rpartition("#### ")[2]
        assert solution.steps[-1].endswith(f"= {solution.answer}.")
        assert all(wrong_arithmetic(step) is None for step in solution.steps)


@pytest.mark.parametrize(
    ("flaw", "sign"),
    [
        ("wrong_number: the rejected response has one number wrong", "="),
        ("unsupported_fact: the rejected response states a fact that is made up", ""),
        ("broken_constraint: the rejected response breaks one requirement", ""),
        ("vagueness: the rejected response stays general", ""),
        ("over_refusal: the rejected response declines to help", "sorry"),
        ("of no kind that is known", ""),
    ],
)
def test_the_rejected_answer_has_the_flaw_that_the_prompt_names(flaw, sign, drafting):
    ask = drafting(f"- The flaw is {flaw}.", passage="Boats rest. Nets dry. Gulls wait.")
    for seed in range(30):
        pair = read(SOUND, Contrasted, ask, seed)
        assert pair.rejected != pair.chosen
        assert pair.where in pair.rejected
        assert pair.where not in pair.chosen
        assert sign in pair.where
        if sign != "sorry":
            assert 0.6 < len(pair.rejected) / len(pair.chosen) < 1.6


def test_a_changed_number_is_quoted_where_it_stands(drafting):
    ask = drafting("The flaw is wrong_number: one number is wrong.")
    changed = 0
    for seed in range(60):
        pair = read(SOUND, Contrasted, ask, seed)
        assert pair.where in pair.rejected
        assert pair.where not in pair.chosen
        changed += "40 percent" in pair.chosen and "percent" in pair.where
    assert changed


def test_the_wanted_share_of_drafts_is_flawed_in_every_way(drafting):
    model = SimulatedModel(SimulatedOptions(flawed=0.2, malformed=0.05))
    schema = Pair.model_json_schema()
    answers = [model.answer(drafting(), schema, seed) for seed in range(3000)]
    flaws = Counter(answer.flaw for answer in answers)
    assert 0.17 < 1 - flaws[None] / 3000 < 0.23
    assert {kind for kind, count in flaws.items() if count > 80} == {
        None,
        "wrong_arithmetic",
        "unsupported_claim",
        "duplicate",
        "refusal",
        "too_short",
    }
    assert 0.035 < sum(answer.malformed for answer in answers) / 3000 < 0.065


def test_duplicates_are_the_same_for_any_seed(drafting):
    schema = Pair.model_json_schema()
    seen = [set(), set()]
    for place, passage in enumerate(("Boats rest in the harbour at night.", "Bread needs time.")):
        for seed in range(400):
            answer = FLAWED.answer(drafting(passage=passage), schema, seed)
            if answer.flaw == "duplicate":
                seen[place].add(answer.text)
    assert seen[0] == seen[1]
    assert 1 < len(seen[0]) <= 8


def test_malformed_replies_cannot_be_read_and_are_mended_when_asked_again(drafting):
    model = SimulatedModel(SimulatedOptions(flawed=0, malformed=0.5))
    schema = Pair.model_json_schema()
    mended = 0
    for seed in range(40):
        ask = drafting()
        answer = model.answer(ask, schema, seed)
        if not answer.malformed:
            continue
        with pytest.raises(ReplyError):
            parse_reply(answer.text, "stop", Pair)
        again = [
            *ask,
            {"role": "assistant", "content": answer.text},
            {"role": "user", "content": "That is no complete JSON. Answer again."},
        ]
        mended += not model.answer(again, schema, seed).malformed
    assert mended > 5


@pytest.mark.parametrize("root", [{"type": "integer"}, {"type": "string"}, {"const": True}])
def test_even_a_bare_value_can_be_broken(root, drafting):
    model = SimulatedModel(SimulatedOptions(malformed=1))
    with pytest.raises(json.JSONDecodeError):
        json.loads(model.reply(drafting(), root, 0)[0])


def test_without_a_schema_it_writes_a_paragraph(drafting):
    text, finish = SOUND.reply(drafting(), None, 0)
    assert 40 <= len(text.split()) <= 120
    assert finish == "stop"


def test_options_out_of_range_are_refused():
    for wrong in ({"flawed": 1.5}, {"malformed": -0.1}, {"flawed": float("nan")}, {"other": 1}):
        with pytest.raises(ValidationError):
            SimulatedOptions(**wrong)


async def test_a_connection_replies_as_an_endpoint_does(drafting):
    connection = SimulatedConnection(SOUND.options)
    await connection.open()
    request = Request(drafting(), Pair.model_json_schema(), seed=4)
    reply = await connection.send(request)
    assert connection.form == "json_schema"
    assert reply == Reply.from_body(reply.body)
    assert reply.simulated
    assert reply.model == "simulated"
    assert reply.text == SOUND.reply(drafting(), Pair.model_json_schema(), 4)[0]
    assert reply.usage.input_tokens > 200
    assert connection.meter.answered == 1
    assert await connection.send(request) == reply
    await connection.close()


async def test_a_limit_of_tokens_cuts_the_reply(drafting):
    connection = SimulatedConnection(SOUND.options)
    request = Request(drafting(), Pair.model_json_schema(), parameters={"max_tokens": 10})
    reply = await connection.send(request)
    assert reply.finish_reason == "length"
    assert len(reply.text) == 40
    assert reply.usage.output_tokens == 10


async def test_many_replies_leave_nothing_behind(drafting):
    connection = SimulatedConnection()

    async def send(count, first):
        for seed in range(first, first + count):
            schema = {**Pair.model_json_schema(), "title": f"Pair {seed}"}
            await connection.send(Request(drafting(f"Number {seed}."), schema, seed=seed))

    await send(600, 0)
    tracemalloc.start()
    before = tracemalloc.get_traced_memory()[0]
    await send(512, 1000)
    grown = tracemalloc.get_traced_memory()[0] - before
    tracemalloc.stop()
    assert grown < 2_000_000
