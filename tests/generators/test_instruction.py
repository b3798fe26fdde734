import orjson
import pytest
from pydantic import ValidationError

from silversmith.errors import ReplyError
from silversmith.generators.instruction import Instruction
from silversmith.records import Draw, Seed, Turn

PAIR = {"instruction": "Why is the sky blue?", "response": "Short waves scatter more."}


async def test_a_pair_from_a_task(scripted, task):
    ask = scripted("instruction", {"What is the relation": PAIR})
    sample = await Instruction().draft(task, Draw(0), ask)
    assert sample.messages == (
        Turn("user", "Why is the sky blue?"),
        Turn("assistant", "Short waves scatter more."),
    )
    assert sample.constraints == ()
    assert sample.passage is None
    (prompt,) = ask.prompts
    assert prompt.endswith(
        """
The material is a task and its known answer, which shows what was expected. Stay in its field \
and at its level, and write something else: neither the same task in other words nor the same \
task with other names and numbers.

<task>
What is the relation between the given pairs?
</task>

<input>
Night : Day :: Right : Left
</input>

<known_answer>
They are opposites.
</known_answer>"""
    )


@pytest.mark.parametrize(
    ("reply", "said"),
    [
        ({"instruction": "According to the passage, what does it patch?"}, "has no such text"),
        ({"instruction": "Summarise the text above."}, "has no such text"),
        ({"instruction": "What is in the attached file about it?"}, "nothing of the kind is there"),
        ({"response": "why is the sky  blue?"}, "is the instruction once more"),
    ],
)
async def test_a_pair_that_does_not_stand_alone_is_sent_back(scripted, passage, reply, said):
    ask = scripted("instruction", {"<passage": {**PAIR, **reply}})
    with pytest.raises(ReplyError, match=said):
        await Instruction().draft(passage, Draw(0), ask)


async def test_an_instruction_may_speak_of_a_text_that_it_has(scripted, passage):
    text = "Shorten the passage: the deposit is given back when the drill comes back clean."
    ask = scripted("instruction", {"<passage": {**PAIR, "instruction": text}})
    sample = await Instruction().draft(passage, Draw(0), ask)
    assert sample.instruction == text


async def test_a_pair_from_a_passage_carries_the_passage(scripted, passage):
    ask = scripted("instruction", {"<passage": PAIR})
    sample = await Instruction().draft(passage, Draw(0), ask)
    assert sample.passage == passage.passage
    (prompt,) = ask.prompts
    assert prompt.endswith(
        """
<passage source="faq.md" heading="FAQ / 'How'">
Instructor "patches" LLM clients to add a `response_model` parameter.
</passage>"""
    )
    assert "<task>" not in prompt


async def test_a_task_without_input_and_answer_shows_no_empty_tags(scripted):
    ask = scripted("instruction", {"Name a bird.": PAIR})
    await Instruction().draft(Seed(source="s", instruction="Name a bird."), Draw(0), ask)
    assert "<input>" not in ask.prompts[0]
    assert "known" not in ask.prompts[0]
    assert ask.prompts[0].endswith("<task>\nName a bird.\n</task>")


async def test_draws_of_a_seed_ask_for_different_things_in_different_ways(scripted, task):
    ask = scripted("instruction", {"": PAIR})
    for number in range(40):
        await Instruction().draft(task, Draw(number), ask)
    assert len(set(ask.prompts)) == 40
    assert len(set(ask.systems)) == 1


async def test_what_differs_between_draws_and_seeds_comes_after_what_is_the_same(
    scripted, task, passage
):
    ask = scripted("instruction", {"": PAIR})
    for seed in (task, passage):
        await Instruction(system="Be brief.").draft(seed, Draw(0), ask)
    assert all(prompt.index("Be brief.") < prompt.index("This time:") for prompt in ask.prompts)
    assert all(
        prompt.index("This time:") < prompt.index("The material is") for prompt in ask.prompts
    )


async def test_attributes_of_the_draw_are_told(scripted, task):
    ask = scripted("instruction", {"": PAIR})
    await Instruction().draft(task, Draw(0, {"persona": "a nurse on a night shift"}), ask)
    assert "\n- persona: a nurse on a night shift\n\nThe material is" in ask.prompts[0]


class TestSystemMessages:
    async def test_one_for_all(self, scripted, task):
        ask = scripted("instruction", {"<system>\nAnswer like a pirate.\n</system>": PAIR})
        sample = await Instruction(system=" Answer like a pirate. ").draft(task, Draw(0), ask)
        assert [turn.role for turn in sample.messages] == ["system", "user", "assistant"]
        assert sample.system == "Answer like a pirate."

    async def test_one_drafted_with_each_pair(self, scripted, task):
        ask = scripted("instruction", {"Write a system message": {**PAIR, "system": "You are Bo."}})
        sample = await Instruction(draft_system=True).draft(task, Draw(0), ask)
        assert sample.messages[0] == Turn("system", "You are Bo.")

    def test_a_drafted_one_is_written_before_the_pair(self):
        schema = Instruction.SystemDraft.model_json_schema()
        assert list(schema["properties"]) == ["system", "instruction", "response"]

    def test_not_both(self):
        with pytest.raises(ValidationError, match="set only one of them"):
            Instruction(system="Be brief.", draft_system=True)


class TestConstraints:
    async def test_one_is_put_behind_the_instruction_and_recorded(self, scripted, task):
        ask = scripted("instruction", {"to the letter: Answer only in JSON.\n": PAIR})
        sample = await Instruction(constraints=["Answer only in JSON."]).draft(task, Draw(0), ask)
        assert sample.instruction == "Why is the sky blue? Answer only in JSON."
        (constraint,) = sample.constraints
        assert constraint.kind == "text"
        assert orjson.loads(constraint.arguments) == {"text": "Answer only in JSON."}

    async def test_it_is_not_said_twice_and_not_run_into_a_list(self, scripted, task):
        for given, wanted in [
            ("Why? In JSON.", "Why? In JSON."),
            ("Why:\n- a\n- b", "Why:\n- a\n- b\n\nIn JSON."),
        ]:
            ask = scripted("instruction", {"": {**PAIR, "instruction": given}})
            sample = await Instruction(constraints=["In JSON."]).draft(task, Draw(0), ask)
            assert sample.instruction == wanted

    async def test_draws_take_turns(self, scripted, task):
        generator = Instruction(constraints=["One.", "Two.", "Three."])
        ask = scripted("instruction", {"": PAIR})
        used = [
            (await generator.draft(task, Draw(number), ask)).instruction.split()[-1]
            for number in range(6)
        ]
        assert set(used[:3]) == {"One.", "Two.", "Three."}
        assert used[:3] == used[3:]

    async def test_seeds_do_not_all_begin_with_the_same_one(self, scripted):
        generator = Instruction(constraints=["One.", "Two."])
        ask = scripted("instruction", {"": PAIR})
        seeds = [Seed(source="s", instruction=f"Task {number}") for number in range(20)]
        used = {(await generator.draft(seed, Draw(0), ask)).constraints for seed in seeds}
        assert len(used) == 2

    def test_a_blank_one_is_refused(self):
        with pytest.raises(ValidationError):
            Instruction(constraints=["Be brief.", " "])


@pytest.mark.parametrize("field", ["instruction", "response"])
def test_a_reply_with_an_empty_field_does_not_validate(field):
    with pytest.raises(ValidationError):
        Instruction.Draft.model_validate({**PAIR, field: " \n"})


def test_a_blank_seed_plans_nothing():
    assert not Instruction().accepts(Seed(source="s", instruction=" "))
