import json
from pathlib import Path

import pytest
from pydantic import ValidationError

from silversmith.checks.sandbox import SandboxUnavailable, run_tests
from silversmith.errors import EndpointError, ReplyError
from silversmith.generators.reasoning import Reasoning
from silversmith.generators.reasoning_code import Function, fault_in_function
from silversmith.prompts import Prompts
from silversmith.records import Draw, Passage, Seed, Step

PROMPTS = Prompts()
REPLIES = Path(__file__).parent.parent / "data" / "replies" / "reasoning"
CASES = json.loads((REPLIES / "replies.json").read_text(encoding="utf-8"))
CODE = json.loads((REPLIES / "code.json").read_text(encoding="utf-8"))

TRACE = {
    "problem": "Four boxes hold 12 jars each. Five jars break. How many are left?",
    "setup": "left = boxes * jars per box - broken",
    "steps": ["All jars: 4 boxes * 12 = 48 jars.", "Left: 48 - 5 = 43 jars."],
    "answer": "43 jars",
}


class Recorded:
    """An `ask` that renders the real template and gives recorded replies in turn, the next one
    where one is sent back."""

    def __init__(self, replies):
        self.replies = list(replies)
        self.sent_back = []
        self.prompts = []

    async def __call__(self, draft, /, *, template="reasoning", model=None, check=None, **values):
        chosen = PROMPTS.template(template)
        chosen.check(values)
        self.prompts.append("\n\n".join(part["content"] for part in chosen.render(values)))
        while True:
            reply = self.replies.pop(0)
            if isinstance(reply, Exception):
                raise reply
            made = draft.model_validate(reply)
            wrong = check(made) if check is not None else None
            if wrong is None:
                return made
            if not self.replies:
                raise ReplyError(wrong)
            self.sent_back.append(wrong)


def seed_of(given):
    passage = given.get("passage")
    place = Passage(source="a.txt", start=0, end=len(passage), text=passage) if passage else None
    words = {name: given[name] for name in ("instruction", "answer") if name in given}
    return Seed(source="a", passage=place, **(words or {"instruction": "Count the trees."}))


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
async def test_recorded_replies(case):
    ask = Recorded(case["replies"])
    generator = Reasoning(**case["options"])
    seed = seed_of(case.get("seed", {}))
    assert generator.accepts(seed)
    if "failed" in case:
        with pytest.raises(ReplyError) as failed:
            await generator.draft(seed, Draw(0), ask)
        assert case["failed"] in failed.value.reason
    else:
        sample = await generator.draft(seed, Draw(0), ask)
        assert [[check.name, check.passed] for check in sample.checks] == case["checks"]
    assert len(ask.sent_back) == len(case["sent_back"])
    for reason, part in zip(ask.sent_back, case["sent_back"], strict=True):
        assert part in reason
    assert ask.replies == []


async def test_steps_are_numbered_in_the_response_and_the_answer_is_kept_apart(scripted, task):
    ask = scripted("reasoning", {"What is the relation": TRACE})
    sample = await Reasoning().draft(task, Draw(0), ask)
    assert sample.instruction == TRACE["problem"]
    assert sample.response == (
        "left = boxes * jars per box - broken\n\n"
        "1. All jars: 4 boxes * 12 = 48 jars.\n2. Left: 48 - 5 = 43 jars.\n\n"
        "Answer: 43 jars"
    )
    assert sample.steps == tuple(Step(text, "right") for text in TRACE["steps"])
    assert sample.answer == "43 jars"
    assert sample.verified is True


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
        (["1. Add: 43.", "2) Halve."], ["Add: 43.", "Halve."]),
        (["Step 1: Add to 43.", "step 2. Halve."], ["Add to 43.", "Halve."]),
        (["2. of the code applies.", "43 * 2 = 86"], ["2. of the code applies.", "43 * 2 = 86"]),
        (["1. Add.", "50 - 7 = 43"], ["Add.", "50 - 7 = 43"]),
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


class TestOtherSolutions:
    def solution(self, answer):
        return {"setup": "", "steps": ["First things.", f"It is {answer}."], "answer": answer}

    async def test_each_is_asked_for_by_another_route_and_sees_the_problem_alone(self, task):
        ask = Recorded([TRACE, *(self.solution("43") for _ in range(3))])
        await Reasoning(agreement=3).draft(task, Draw(0), ask)
        others = ask.prompts[1:]
        assert len(set(others)) == 3
        for prompt in others:
            assert f"<problem>\n{TRACE['problem']}\n</problem>" in prompt
            assert "43" not in prompt
            assert task.input not in prompt

    async def test_one_without_usable_reply_does_not_agree(self, task):
        replies = [TRACE, self.solution("43"), ReplyError("no JSON"), self.solution("43 jars")]
        sample = await Reasoning(agreement=3).draft(task, Draw(0), Recorded(replies))
        assert sample.checks[-1].passed is True
        assert sample.checks[-1].detail == (
            "0.67: 2 of 3 other solutions give 43 jars; the others: none"
        )

    async def test_an_endpoint_that_gives_none_is_an_error_after_all_were_waited_for(self, task):
        ask = Recorded([TRACE, EndpointError("down"), self.solution("43")])
        with pytest.raises(EndpointError, match="down"):
            await Reasoning(agreement=2).draft(task, Draw(0), ask)
        assert ask.replies == []

    async def test_answers_are_compared_as_mathematics(self, task):
        trace = {**TRACE, "steps": ["Square the side.", "It is x^2 - 1."], "answer": "x^2 - 1"}
        ask = Recorded([trace, self.solution("(x-1)(x+1)")])
        sample = await Reasoning(agreement=1).draft(task, Draw(0), ask)
        assert sample.checks[-1].passed is True

    async def test_what_cannot_be_compared_is_kept_or_fails(self, task):
        answer = "because the valve sticks whenever it is cold outside in the morning"
        trace = {
            **TRACE,
            "steps": ["It sticks when cold.", "So it is the valve."],
            "answer": answer,
        }
        other = self.solution("the morning frost makes that one valve get stuck on cold days")
        sample = await Reasoning(agreement=1).draft(task, Draw(0), Recorded([trace, other]))
        assert sample.checks[-1].passed is None
        strict = Reasoning(agreement=1, unverified="fail")
        with pytest.raises(ReplyError, match=r"none can be compared .* `unverified: keep` keeps"):
            await strict.draft(task, Draw(0), Recorded([trace, other]))

    async def test_the_origin_is_that_of_the_draft(self, task):
        ask = Recorded([TRACE, self.solution("43")])
        sample = await Reasoning(agreement=1).draft(task, Draw(0), ask)
        assert sample.origin.template == "reasoning"


class TestSolving:
    def test_only_tasks_with_a_known_answer_are_taken(self, task, passage):
        generator = Reasoning(solve=True)
        assert generator.accepts(task)
        assert not generator.accepts(passage)
        assert not generator.accepts(Seed(source="a", instruction="What is it?"))

    async def test_the_known_answer_is_not_shown(self):
        case = next(case for case in CASES if case["options"].get("solve"))
        ask = Recorded(case["replies"])
        seed = seed_of(case["seed"])
        sample = await Reasoning(solve=True).draft(seed, Draw(3), ask)
        assert sample.instruction == seed.instruction
        assert "47" not in ask.prompts[0]
        assert sample.checks[-1].detail == "it is 47"


class TestCiting:
    def test_only_passages_are_taken(self, task, passage):
        assert Reasoning(cite=True).accepts(passage)
        assert not Reasoning(cite=True).accepts(task)

    async def test_quotes_stand_in_the_response_and_as_spans_of_the_passage(self):
        case = next(c for c in CASES if c["name"] == "cites words that are not in the passage")
        seed = seed_of(case["seed"])
        sample = await Reasoning(cite=True).draft(seed, Draw(0), Recorded(case["replies"]))
        text = seed.passage.text
        assert [span.label for span in sample.spans] == ["step 1", "step 2", "step 3"]
        for span in sample.spans:
            assert text[span.start : span.end] == span.quote
            assert f"(“{span.quote}”)" in sample.response
        assert sample.instruction.startswith(text)
        assert sample.steps[0].text.endswith("is the first one.")


class TestCode:
    @pytest.fixture(autouse=True)
    def _sandbox(self):
        try:
            run_tests("x = 1", "assert x == 1")
        except SandboxUnavailable as error:
            pytest.skip(str(error))

    async def test_a_function_that_passes_its_tests(self, task):
        ask = Recorded([CODE["right"]])
        sample = await Reasoning(code=True).draft(task, Draw(0), ask)
        assert sample.checks[-1].passed is True
        assert sample.answer == (
            "def count_overdue(days, limit):\n    return sum(1 for each in days if each > limit)"
        )
        assert sample.response.endswith(f"\n\n```python\n{sample.answer}\n```")
        (constraint,) = sample.constraints
        assert constraint.satisfied is True
        assert "assert count_overdue([14], 14) == 0" in json.loads(constraint.arguments)["tests"]

    async def test_one_that_fails_is_asked_for_again_with_what_the_test_says(self, task):
        ask = Recorded([CODE["wrong"], CODE["right"]])
        sample = await Reasoning(code=True).draft(task, Draw(0), ask)
        assert sample.checks[-1].passed is True
        assert "does not pass its own tests: failed: " in ask.prompts[1]
        assert "each >= limit" in ask.prompts[1]

    async def test_one_that_fails_twice_fails(self, task):
        with pytest.raises(ReplyError, match="the tests fail: failed: "):
            await Reasoning(code=True).draft(task, Draw(0), Recorded([CODE["wrong"]] * 2))


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"code": "def f(:"}, "'code' is no Python"),
        ({"code": "x = 1"}, "'code' defines no function"),
        ({"tests": "assert f"}, "'tests' has 1 assert statements; write at least 3"),
        ({"tests": "for"}, "'tests' is no Python"),
        ({"code": "(" * 500}, "'code' is no Python"),
    ],
)
def test_code_is_looked_at_before_it_is_run(change, reason):
    found = fault_in_function(Function.model_validate({**CODE["right"], **change}))
    assert found is not None
    assert found.startswith(reason)


async def test_where_there_is_no_sandbox_the_tests_are_not_run(task, monkeypatch):
    def refuse(code, tests):
        raise SandboxUnavailable("it cannot be isolated")

    monkeypatch.setattr("silversmith.generators.reasoning_code.run_tests", refuse)
    sample = await Reasoning(code=True).draft(task, Draw(0), Recorded([CODE["right"]]))
    assert (sample.checks[-1].passed, sample.verified) == (None, None)
    assert sample.checks[-1].detail == "not run: it cannot be isolated"
    with pytest.raises(ReplyError, match="tests: not run: it cannot be isolated"):
        await Reasoning(code=True, unverified="fail").draft(
            task, Draw(0), Recorded([CODE["right"]])
        )


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"solve": True, "cite": True}, "solve and cite exclude each other"),
        ({"code": True, "agreement": 2}, "with code there are none"),
        ({"min_agreement": 0.5}, "min_agreement needs agreement"),
    ],
)
def test_options_that_do_not_go_together(options, reason):
    with pytest.raises(ValidationError, match=reason):
        Reasoning(**options)
