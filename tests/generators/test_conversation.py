"""Dialogues over the real templates, with recorded replies and with the simulated model."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from pyarrow import parquet
from pydantic import BaseModel, ValidationError

from silversmith import Recipe
from silversmith.checks.dialogue_plan import grammar_fault
from silversmith.checks.dialogue_window import estimate_tokens
from silversmith.errors import RecipeError, ReplyError
from silversmith.generators.conversation import Conversation
from silversmith.models import parse_reply, strict_schema
from silversmith.models.simulated import SimulatedModel, SimulatedOptions
from silversmith.pipeline.report import RunReport
from silversmith.prompts import Prompts
from silversmith.records import Draw, Mention, Passage, Sample, Seed, Turn, sample_from_row

DATA = Path(__file__).parent.parent / "data"
LICENCE = (DATA / "documents/legal/MPL-2.0.txt").read_text()
RECORDED = json.loads((DATA / "replies/conversation/mpl.json").read_text())
SEED_TASKS = DATA / "seed_tasks/seed_tasks.jsonl"
PROMPTS = Prompts()

START, END = LICENCE.index("2.3. Limitations"), LICENCE.index("5.2. If You")
SEED = Seed(
    source=f"MPL-2.0.txt:{START}-{END}",
    passage=Passage(source="MPL-2.0.txt", start=START, end=END, text=LICENCE[START:END]),
)
TASK = Seed(source="tasks.jsonl#1", instruction="Plan a week of dinners without eggs for three.")

PLANNED = Conversation(turns=(16, 16), acts={"clarify": 1, "refuse": 1, "change": 1, "correct": 1})
DRAW = Draw(293)
"""The draw whose plan the recorded dialogue follows."""

PLAN = (
    "ask/clarify specify/answer overstep/refuse change/answer return/answer follow_up/mistake "
    "correct/amend close/close"
)


class Replies:
    """An `ask` that gives recorded replies in order. A reply that the check turns down is
    followed by the next one of the same turn, as the engine asks again; without a next one it
    fails.

    Attributes:
        prompts: user messages that were sent, by turn; the scene's is number 0.
        models: the models that were asked, by turn.
        refused: what the checks said.
    """

    def __init__(self, turns: list[list[Mapping[str, Any]]]) -> None:
        self.turns = turns
        self.prompts: list[str] = []
        self.systems: list[str] = []
        self.models: list[str | None] = []
        self.refused: list[str] = []

    async def __call__(
        self,
        form: type[BaseModel],
        /,
        *,
        template: str | None = None,
        model: str | None = None,
        check: Callable[[Any], str | None] | None = None,
        **values: Any,
    ) -> Any:
        chosen = PROMPTS.template(template or "conversation")
        chosen.check(values)
        system, user = chosen.render(values)
        replies = self.turns[len(self.prompts)]
        self.prompts.append(user["content"])
        self.systems.append(system["content"])
        self.models.append(model)
        for reply in replies:
            made = form.model_validate(reply)
            reason = check(made) if check is not None else None
            if reason is None:
                return made
            self.refused.append(reason)
        raise ReplyError(self.refused[-1])


def recorded(**instead: Mapping[str, Any]) -> Replies:
    """The recorded dialogue, with other replies in some places: `t4={...}`, `scene={...}`."""
    turns = [{**RECORDED["scene"], **instead.get("scene", {})}, *RECORDED["turns"]]
    for name, reply in instead.items():
        if name != "scene":
            turns[int(name[1:])] = reply
    return Replies([[turn] for turn in turns])


def attributes(sample: Sample) -> dict[str, str]:
    return {one.name: one.value for one in sample.attributes}


def acts(sample: Sample) -> str:
    said = [turn.act for turn in sample.messages if turn.role != "system"]
    return " ".join(f"{one}/{two}" for one, two in zip(said[::2], said[1::2], strict=True))


class TestDialogue:
    async def test_every_turn_with_its_act_its_links_and_what_it_takes_up(self):
        sample = await PLANNED.draft(SEED, DRAW, recorded())
        system, *turns = sample.messages
        assert system == Turn("system", RECORDED["scene"]["system"])
        assert [turn.content for turn in turns] == [one["text"] for one in RECORDED["turns"]]
        assert [turn.role for turn in turns] == ["user", "assistant"] * 8
        assert acts(sample) == PLAN
        # Indices count the system message: what the models call turn 4 is message 4.
        assert turns[8] == Turn(
            "user",
            RECORDED["turns"][8]["text"],
            "return",
            (4,),
            (Mention("source code", 4, "the source"), Mention("The installer", 4, "the installer")),
        )
        assert turns[9].depends_on == (4, 9)
        assert sample.passage == SEED.passage

    async def test_what_was_checked_is_recorded(self):
        sample = await PLANNED.draft(SEED, DRAW, recorded())
        assert sample.verified is True
        found = {check.name: check.detail for check in sample.checks}
        assert list(found) == [
            *("roles", "dependencies", "entities", "acts", "copies", "leaks"),
            *("plan", "details", "amends"),
        ]
        assert found["details"] == "turn 3 tells 'Windows installer' when asked"
        assert found["amends"] == "turn 14: '60 days' became '30 days'"
        assert found["plan"] == "8 exchanges of 8 planned"

    async def test_the_scene_and_the_plan_are_in_the_attributes(self):
        sample = await PLANNED.draft(SEED, Draw(293, {"tone": "dry"}), recorded())
        found = attributes(sample)
        assert found["tone"] == "dry"
        assert found["user"] == RECORDED["scene"]["persona"]
        assert found["goal"] == RECORDED["scene"]["goal"]
        assert found["patience"] == "3"
        assert found["plan"] == PLAN
        assert found["ended_by"] == "goal reached"

    async def test_a_fixed_system_message(self):
        system = RECORDED["scene"]["system"]
        scene = {name: value for name, value in RECORDED["scene"].items() if name != "system"}
        ask = Replies([[scene], *([turn] for turn in RECORDED["turns"])])
        fixed = PLANNED.model_copy(update={"system": system})
        sample = await fixed.draft(SEED, DRAW, ask)
        assert sample.system == system
        assert f"<system>\n{system}\n</system>" in ask.prompts[0]


class TestWhoKnowsWhat:
    async def test_the_user_sees_the_scene_and_never_the_material(self):
        ask = recorded()
        await PLANNED.draft(SEED, Draw(293, {"tone": "dry"}), ask)
        for prompt in ask.prompts[1::2]:
            assert RECORDED["scene"]["persona"] in prompt
            assert RECORDED["scene"]["goal"] in prompt
            assert "- tone: dry" in prompt
            assert "<passage" not in prompt
            assert RECORDED["scene"]["system"] not in prompt

    async def test_the_assistant_sees_the_material_and_never_the_scene(self):
        ask = recorded()
        await PLANNED.draft(SEED, DRAW, ask)
        for prompt in ask.prompts[2::2]:
            assert f"<system>\n{RECORDED['scene']['system']}\n</system>" in prompt
            assert SEED.passage.text.strip() in prompt
            assert RECORDED["scene"]["persona"] not in prompt
            assert RECORDED["scene"]["goal"] not in prompt
        assert "Windows installer" not in ask.prompts[2]

    async def test_each_sees_all_that_was_said(self):
        ask = recorded()
        await PLANNED.draft(SEED, DRAW, ask)
        for number, prompt in enumerate(ask.prompts[2:], 2):
            for earlier, turn in enumerate(RECORDED["turns"][: number - 1], 1):
                role = "user" if earlier % 2 else "assistant"
                assert f'<turn number="{earlier}" role="{role}">\n{turn["text"]}\n' in prompt

    async def test_what_is_kept_back_is_marked_until_it_is_told(self):
        ask = recorded()
        await PLANNED.draft(SEED, DRAW, ask)
        mark = 'You keep "Windows installer" back'
        assert [mark in prompt for prompt in ask.prompts[1:6:2]] == [True, True, False]
        detail = "<detail>Customers get the program only as a Windows installer.</detail>"
        assert f"so that the assistant has to ask for it: {detail}" in ask.prompts[1]
        assert f"Say this, in their own words: {detail}" in ask.prompts[3]

    async def test_a_length_is_that_of_answers_and_all_else_is_the_users(self):
        ask = recorded()
        await PLANNED.draft(SEED, Draw(293, {"length": "a sentence", "tone": "dry"}), ask)
        assert "- length: a sentence" in ask.prompts[0]
        for number, prompt in enumerate(ask.prompts[1:], 1):
            assert ("- tone: dry" in prompt) == (number % 2 == 1)
            told = "Length of the answer: a sentence." in prompt
            assert told == ("<act>answer</act>" in prompt)

    async def test_the_user_knows_the_mistake_and_the_assistant_is_not_told(self):
        ask = recorded()
        await PLANNED.draft(SEED, DRAW, ask)
        assert "<wrong>60 days</wrong>" in ask.prompts[13]
        assert "<right>30 days</right>" in ask.prompts[13]
        assert "<right>" not in ask.prompts[14]

    async def test_the_user_can_be_played_by_another_model(self):
        ask = recorded()
        other = PLANNED.model_copy(update={"user_model": "player"})
        await other.draft(SEED, DRAW, ask)
        assert ask.models == [None, *(["player", None] * 8)]


@pytest.mark.parametrize("bad", RECORDED["bad"], ids=lambda bad: f"{bad['turn']}: {bad['what']}")
async def test_a_bad_turn_is_sent_back_and_then_taken_as_it_should_be(bad):
    ask = recorded()
    ask.turns[bad["turn"]].insert(0, bad["reply"])
    sample = await PLANNED.draft(SEED, DRAW, ask)
    (reason,) = ask.refused
    assert bad["reason"] in reason
    assert sample.messages[bad["turn"]].content == RECORDED["turns"][bad["turn"] - 1]["text"]


async def test_a_turn_that_stays_bad_fails_the_sample():
    bad = next(one for one in RECORDED["bad"] if one["turn"] == 2)
    with pytest.raises(ReplyError, match="answers as well"):
        await PLANNED.draft(SEED, DRAW, recorded(t2=bad["reply"]))


async def test_a_mistake_that_is_none_is_sent_back():
    turn = {**RECORDED["turns"][11], "right": "sixty days"}
    with pytest.raises(ReplyError, match=r"'sixty days'\) says the same as 'wrong'"):
        await PLANNED.draft(SEED, DRAW, recorded(t12=turn))


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"rule": "You never guess."}, "'rule' is not copied from the system message"),
        (
            {"facts": [*RECORDED["scene"]["facts"][1:], {"fact": "It is late.", "words": "early"}]},
            "'early' is not copied from its fact",
        ),
        (
            {"facts": [*RECORDED["scene"]["facts"], {"fact": "It is 3 June.", "words": "3 june"}]},
            "two facts have the same decisive words",
        ),
    ],
)
async def test_a_scene_that_cannot_be_played_is_sent_back(change, reason):
    with pytest.raises(ReplyError, match=reason):
        await PLANNED.draft(SEED, DRAW, recorded(scene=change))


async def test_a_scene_with_too_few_facts_does_not_validate():
    with pytest.raises(ValidationError, match="facts"):
        await PLANNED.draft(SEED, DRAW, recorded(scene={"facts": RECORDED["scene"]["facts"][:2]}))


class TestEnd:
    """A dialogue of follow-ups alone, which the user may leave."""

    CHAT = Conversation(turns=(6, 12), acts={"follow_up": 1}, patience=(1, 1))
    LONG = Draw(3)  # plans twelve turns
    SUBJECTS = ("frost", "compost", "seedlings", "slugs", "watering", "harvest")

    def replies(self, *reactions: tuple[bool, bool], last: str) -> Replies:
        """Opening, follow-ups with these reactions, and a close; each with a reply."""
        turns: list[Mapping[str, Any]] = [
            {"text": "When do tomatoes go outside here, is mid May all right?"},
            {"text": "After the last frost, so late May.", "depends_on": [1], "entities": []},
        ]
        for place, (helped, reached) in enumerate(reactions):
            closes = place == len(reactions) - 1
            text = last if closes else f"And what does that mean for the {self.SUBJECTS[place]}?"
            links = {"depends_on": [len(turns)], "entities": []}
            turns.append({"reply_helped": helped, "goal_reached": reached, "text": text, **links})
            reply = "Glad to hear it." if closes else f"The {self.SUBJECTS[place]} need a cover."
            turns.append({"text": reply, **links})
        return Replies([[RECORDED["scene"]], *([turn] for turn in turns)])

    async def test_the_goal_is_reached(self):
        ask = self.replies((True, False), (True, True), last="Good, then I know what to do.")
        sample = await self.CHAT.draft(SEED, self.LONG, ask)
        assert acts(sample) == "ask/answer follow_up/answer close/close"
        assert attributes(sample)["plan"].count("/") == 6
        assert attributes(sample)["ended_by"] == "goal reached"
        assert sample.verified is True
        assert "If the goal is reached, let them close now" in ask.prompts[5]

    async def test_nobody_leaves_before_the_least_number_of_turns(self):
        ask = self.replies((True, True), (True, True), last="Good, then I know what to do.")
        sample = await self.CHAT.draft(SEED, self.LONG, ask)
        assert acts(sample) == "ask/answer follow_up/answer close/close"
        assert "let them close now" not in ask.prompts[3]

    async def test_patience_is_used_up(self):
        ask = self.replies((False, False), (False, False), last="This leads nowhere, goodbye.")
        sample = await self.CHAT.draft(SEED, self.LONG, ask)
        assert acts(sample) == "ask/answer follow_up/answer close/close"
        assert attributes(sample)["ended_by"] == "patience used up"
        assert "let them give up now" in ask.prompts[5]

    async def test_leaving_with_something_planned_outstanding_is_no_fulfilled_plan(self):
        chat = self.CHAT.model_copy(update={"acts": {"follow_up": 3, "refuse": 1}})
        planned = None
        for number in range(200):
            ask = self.replies((False, False), (False, False), last="This leads nowhere, goodbye.")
            try:
                planned = await chat.draft(SEED, Draw(number), ask)
            except (IndexError, ReplyError, ValidationError):
                continue  # a plan that these replies do not fit
            if "overstep" in attributes(planned)["plan"]:
                break
        assert planned is not None
        (plan,) = (check for check in planned.checks if check.name == "plan")
        assert (plan.passed, plan.detail) == (False, "planned and missing: overstep/refuse")
        assert planned.verified is False


class Simulated:
    """An `ask` that the simulated model answers.

    Attributes:
        sent: all prompts that were sent, as one text each.
        taken: those whose reply was taken; the scene's is number 0, and turns follow.
    """

    def __init__(self, flawed: float = 0.0) -> None:
        self.model = SimulatedModel(SimulatedOptions(flawed=flawed, malformed=0))
        self.sent: list[str] = []
        self.taken: list[str] = []

    async def __call__(
        self,
        form: type[BaseModel],
        /,
        *,
        template: str = "conversation",
        model: str | None = None,
        check: Callable[[Any], str | None] | None = None,
        **values: Any,
    ) -> Any:
        chosen = PROMPTS.template(template)
        chosen.check(values)
        first = messages = chosen.render(values)
        reason: str | None = ""
        for _ in range(4):
            self.sent.append("\n".join(message["content"] for message in messages))
            text, _ = self.model.reply(messages, strict_schema(form))
            made = parse_reply(text, "stop", form)
            reason = check(made) if check is not None else None
            if reason is None:
                self.taken.append(self.sent[-1])
                return made
            said = [{"role": "assistant", "content": text}, {"role": "user", "content": reason}]
            messages = [*first, *said]
        raise ReplyError(reason)


class TestLongDialogues:
    CONTEXT = 5_900
    LONG = Conversation(
        turns=(40, 40),
        context_tokens=CONTEXT,
        acts={"follow_up": 3, "change": 3, "correct": 1, "revise": 1},
    )

    async def play(self) -> tuple[Sample, Simulated]:
        assert self.LONG.accepts(SEED)
        ask = Simulated()
        return await self.LONG.draft(SEED, Draw(5), ask), ask

    async def test_forty_turns_stay_within_the_context(self):
        sample, ask = await self.play()
        assert len(sample.messages) == 41
        assert sample.verified is True
        assert max(estimate_tokens(prompt) for prompt in ask.sent) <= self.CONTEXT

    async def test_turns_are_shown_whole_or_named_as_left_out(self):
        sample, ask = await self.play()
        for prompt in ask.taken[1:]:
            shown = [int(number) for number in re.findall(r'<turn number="(\d+)"', prompt)]
            for number in shown:
                turn = sample.messages[number]
                assert f'number="{number}" role="{turn.role}">\n{turn.content}\n</turn>' in prompt
            gaps = re.findall(r'<left_out turns="(\d+)(?: to (\d+))?"/>', prompt)
            left_out = [
                number for one, two in gaps for number in range(int(one), int(two or one) + 1)
            ]
            assert sorted([*shown, *left_out]) == list(range(1, ask.taken.index(prompt)))
        assert sum("<left_out" in prompt for prompt in ask.taken) > 10

    async def test_what_a_turn_depends_on_was_shown_to_who_wrote_it(self):
        sample, ask = await self.play()
        for turn, prompt in zip(sample.messages[1:], ask.taken[1:], strict=True):
            assert f"You {'play' if turn.role == 'user' else 'are'}" in prompt
            for index in turn.depends_on:
                assert f'<turn number="{index}"' in prompt

    async def test_a_return_still_sees_the_subject_it_comes_back_to(self):
        sample, _ = await self.play()
        said = [turn.act for turn in sample.messages]
        assert said.count("return") == said.count("change") > 1
        for index, act in enumerate(said):
            if act == "return":
                change = max(i for i in range(index) if said[i] == "change")
                assert any(i < change for i in sample.messages[index].depends_on)

    async def test_a_turn_that_is_too_long_is_sent_back(self):
        ask = recorded()
        ask.turns[4].insert(0, {**RECORDED["turns"][3], "text": "Then section 3.2 applies. " * 100})
        tight = PLANNED.model_copy(update={"context_tokens": self.CONTEXT})
        await tight.draft(SEED, DRAW, ask)
        assert "it is too long: a turn has at most" in ask.refused[0]

    async def test_a_scene_that_leaves_no_room_is_sent_back(self):
        scene = {"persona": "A developer. " * 900}
        tight = PLANNED.model_copy(update={"context_tokens": self.CONTEXT})
        with pytest.raises(ReplyError, match="the scene is too long"):
            await tight.draft(SEED, DRAW, recorded(scene=scene))


async def test_the_same_draw_plays_the_same_dialogue_and_another_one_another():
    one, again, other = [
        await Conversation().draft(TASK, Draw(number), Simulated()) for number in (4, 4, 5)
    ]
    assert one == again
    assert one.messages != other.messages


@pytest.mark.parametrize("number", range(8))
async def test_flawed_replies_are_caught_on_the_way(number):
    sample = await Conversation().draft(TASK, Draw(number), Simulated(flawed=0.2))
    assert sample.verified is True
    said = [turn.act for turn in sample.messages[1:]]
    assert grammar_fault(list(zip(said[::2], said[1::2], strict=True))) is None


class TestOptions:
    def refusal(self, **options: Any) -> str:
        with pytest.raises(ValidationError) as caught:
            Conversation(**options)
        return str(caught.value)

    def test_an_unknown_act(self):
        assert "did you mean 'clarify'?" in self.refusal(acts={"clarifies": 1})
        assert "there are follow_up, clarify" in self.refusal(acts={"sing": 1})

    def test_a_negative_weight(self):
        assert "the weight of refuse is -1.0" in self.refusal(acts={"refuse": -1})

    @pytest.mark.parametrize("turns", [(5, 8), (6, 9), (8, 6), (2, 6), (6, 82)])
    def test_turns_that_make_no_range(self, turns):
        assert "are even, from 4 to 80" in self.refusal(turns=turns)

    def test_acts_that_do_not_fit(self):
        message = self.refusal(turns=(4, 6), acts={"change": 1})
        assert "a dialogue with 'change' has 8 turns at least, and `turns` allows 6" in message

    def test_patience(self):
        assert "1 or more" in self.refusal(patience=(0, 3))

    def test_a_passage_that_fills_the_context_is_not_accepted(self):
        generator = Conversation(context_tokens=5_000)
        assert generator.accepts(SEED) is False
        assert generator.accepts(TASK) is True
        assert (
            generator.accepts(Seed(source="t#1", instruction="Sum up. " + "On. " * 9_000)) is False
        )
        assert Conversation().accepts(SEED) is True

    def test_what_it_records_itself_is_no_name_for_an_attribute(self):
        assert "goal" in self.refusal(attributes={"goal": ["a refund"]})

    def test_who_plays_the_user_is_no_part_of_the_id(self):
        assert {"model", "user_model"} <= Conversation.not_in_id
        assert Conversation(user_model="player").other_models == ("player",)


RECIPE = {
    "models": {"writer": "simulated", "player": "simulated", "critic": "simulated"},
    "generators": [{"conversation": {"turns": [6, 10], "user_model": "player"}}],
    "judges": ["rubric", "dependency"],
    "limit": 12,
}


def make(tmp_path: Path, name: str, **changes: Any) -> tuple[RunReport, list[Sample]]:
    recipe = Recipe(**{**RECIPE, "seeds": [{"tasks": str(SEED_TASKS)}], **changes})
    report = recipe.run(tmp_path / name)
    rows = [
        row
        for part in sorted((tmp_path / name / "kept").glob("*.parquet"))
        for row in parquet.read_table(part).to_pylist()
    ]
    return report, [sample_from_row(row) for row in rows]


def test_a_dialogue_that_was_cut_off_goes_on_at_the_turn_where_it_stopped(tmp_path: Path):
    whole, samples = make(tmp_path, "whole")
    assert whole.status == "done"
    cut, _ = make(tmp_path, "cut", limits={"max_calls": 31})
    assert cut.status == "limit reached"
    finished, again = make(tmp_path, "cut")
    assert finished.status == "done"
    assert again == samples
    assert finished.manifest["usage"] == whole.manifest["usage"]
    assert len({sample.id for sample in samples}) == len(samples) > 8
    for sample in samples:
        assert sample.strategy == "conversation"
        assert sample.origin is not None
        assert sample.origin.template == "conversation_assistant"


def test_a_model_that_the_recipe_does_not_have_is_named_before_anything_is_asked(tmp_path: Path):
    generators = [{"conversation": {"user_model": "playr"}}]
    with pytest.raises(RecipeError, match="no model 'playr'; did you mean 'player'"):
        make(tmp_path, "wrong", generators=generators)
