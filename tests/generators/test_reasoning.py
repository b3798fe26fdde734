import pytest
from pydantic import ValidationError

from silversmith.errors import ReplyError
from silversmith.generators.reasoning import Reasoning
from silversmith.records import Draw, Step

TRACE = {
    "problem": "Four boxes hold 12 jars each. Five jars break. How many are left?",
    "setup": "left = boxes * jars per box - broken",
    "steps": ["All jars: 4 boxes * 12 = 48 jars.", "Left: 48 - 5 = 43 jars."],
    "answer": "43 jars",
}


async def test_steps_are_numbered_in_the_response_and_the_answer_is_kept_apart(scripted, task):
    ask = scripted("reasoning", {"What is the relation": TRACE})
    sample = await Reasoning().draft(task, Draw(0), ask)
    assert sample.instruction == TRACE["problem"]
    assert sample.response == (
        "left = boxes * jars per box - broken\n\n"
        "1. All jars: 4 boxes * 12 = 48 jars.\n2. Left: 48 - 5 = 43 jars.\n\n"
        "Answer: 43 jars"
    )
    assert sample.steps == tuple(Step(text) for text in TRACE["steps"])
    assert sample.answer == "43 jars"


async def test_a_problem_from_a_passage_carries_the_passage(scripted, passage):
    ask = scripted("reasoning", {"Write one new problem": TRACE})
    sample = await Reasoning().draft(passage, Draw(0), ask)
    assert sample.passage == passage.passage
    assert ask.prompts[0].startswith("Write one new problem and its solution.\n\nThis time:\n- The")


async def test_draws_differ_in_kind_and_length(scripted, task):
    ask = scripted("reasoning", {"": TRACE})
    for number in range(21):
        await Reasoning().draft(task, Draw(number), ask)
    assert len(set(ask.prompts)) == 21


@pytest.mark.parametrize(
    ("steps", "texts"),
    [
        (["1. Add.", "2) Halve."], ["Add.", "Halve."]),
        (["Step 1: Add.", "step 2. Halve."], ["Add.", "Halve."]),
        (["2. of the code applies.", "1.5 * 2 = 3"], ["2. of the code applies.", "1.5 * 2 = 3"]),
        (["1. Add.", "12 - 5 = 7"], ["Add.", "12 - 5 = 7"]),
    ],
)
async def test_a_steps_own_number_is_taken_off_and_nothing_else(scripted, task, steps, texts):
    ask = scripted("reasoning", {"": {**TRACE, "steps": steps}})
    sample = await Reasoning().draft(task, Draw(0), ask)
    assert [step.text for step in sample.steps] == texts


@pytest.mark.parametrize("label", ["Answer: ", "final answer:\n", "ANSWER : "])
async def test_a_label_before_the_answer_is_taken_off(scripted, task, label):
    ask = scripted("reasoning", {"": {**TRACE, "answer": f"{label}43 jars"}})
    sample = await Reasoning().draft(task, Draw(0), ask)
    assert sample.answer == "43 jars"
    assert sample.response.endswith("\n\nAnswer: 43 jars")


async def test_an_answer_that_is_only_a_label_is_asked_for_again(scripted, task):
    ask = scripted("reasoning", {"": {**TRACE, "answer": "Answer:"}})
    with pytest.raises(ReplyError, match="'answer' is empty"):
        await Reasoning().draft(task, Draw(0), ask)


async def test_without_a_setup_the_response_begins_with_the_steps(scripted, task):
    ask = scripted("reasoning", {"": {**TRACE, "setup": " "}})
    sample = await Reasoning().draft(task, Draw(0), ask)
    assert sample.response.startswith("1. All jars")


@pytest.mark.parametrize(
    "change", [{"steps": ["One."]}, {"steps": ["One.", " "]}, {"answer": " "}, {"problem": ""}]
)
def test_a_reply_without_a_chain_does_not_validate(change):
    with pytest.raises(ValidationError):
        Reasoning.Draft.model_validate({**TRACE, **change})


def test_the_answer_is_written_last():
    schema = Reasoning.Draft.model_json_schema()
    assert list(schema["properties"]) == ["problem", "setup", "steps", "answer"]
