"""The ways in which an instruction is made, on replies as a strong and a weak model give them."""

import json
import re
from collections import Counter
from pathlib import Path

import orjson
import pyarrow.parquet as pq
import pytest
import yaml
from pydantic import ValidationError

from silversmith import Recipe
from silversmith.checks.constraints import KINDS, constraint
from silversmith.checks.language_codes import LANGUAGE_NAMES
from silversmith.errors import RecipeError, ReplyError
from silversmith.generators.instruction import Instruction
from silversmith.prompts import Prompts
from silversmith.records import Draw, Passage, Seed, sample_to_json

ROOT = Path(__file__).resolve().parents[2]
DATA = ROOT / "tests" / "data"
CASES = json.loads((DATA / "replies" / "instruction" / "replies.json").read_text())
PROMPTS = Prompts()


class RecordedAsk:
    """Gives recorded replies in order, as the engine does: one that fails its check is followed by
    the next, three in all for a question.

    Attributes:
        used: how many replies were used.
        prompts: the user messages that were sent.
        sent_back: what was said of the replies that failed.
    """

    def __init__(self, replies):
        self.replies = replies
        self.used = 0
        self.prompts = []
        self.sent_back = []

    async def __call__(self, draft, /, *, template=None, check=None, **values):
        chosen = PROMPTS.template(template or "instruction")
        chosen.check(values)
        self.prompts.append(chosen.render(values)[1]["content"])
        for attempt in range(3):
            reply = dict(self.replies[self.used])
            if "{SENTENCES}" in reply.get("response", ""):
                said = " ".join(values["sentences"][:-1])
                reply["response"] = reply["response"].replace("{SENTENCES}", said)
            self.used += 1
            made = draft.model_validate(reply)
            wrong = check(made) if check else None
            if wrong is None:
                return made
            self.sent_back.append(wrong)
            if attempt == 2:
                raise ReplyError(wrong)
        raise AssertionError


def seed_of(given):
    if "passage" in given:
        text = given["passage"]
        passage = Passage(source="faq.md", start=0, end=len(text), text=text, heading="FAQ")
        return Seed(source="faq.md", passage=passage)
    return Seed(source="tasks.jsonl#1", **given)


def prepared(**options):
    generator = Instruction(**options)
    generator.prepare(DATA / "seed_tasks")
    return generator


async def drafted(case, number=0):
    ask = RecordedAsk(case["replies"])
    sample = await prepared(**case["options"]).draft(seed_of(case["seed"]), Draw(number), ask)
    return sample, ask


def case_of(words):
    return next(case for case in CASES if words in case["name"])


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
async def test_recorded_replies(case):
    if "failed" in case:
        with pytest.raises(ReplyError) as raised:
            await drafted(case)
        assert any(words in str(raised.value) for words in case["failed"].split("|"))
        return
    sample, ask = await drafted(case)
    taken = case["replies"][case["kept"]]
    assert ask.used == case["kept"] + 1
    assert sample.instruction.startswith(taken["instruction"])
    assert sample.messages[-1].role == "assistant"
    assert all(check.passed for check in sample.checks)


class TestConstraints:
    async def test_they_are_asked_recorded_and_checked(self):
        sample, ask = await drafted(case_of("meets two constraints"))
        by_kind = {each.kind: each for each in sample.constraints}
        assert set(by_kind) == {"detectable_format:number_bullet_lists", "punctuation:no_comma"}
        bullets = by_kind["detectable_format:number_bullet_lists"]
        assert orjson.loads(bullets.arguments) == {"num_bullets": 3}
        assert all(each.satisfied for each in sample.constraints)
        assert {check.name for check in sample.checks} == set(by_kind)
        assert sample.verified
        assert "comma" in sample.instruction
        assert "exactly 3" in sample.instruction
        assert "fulfils all of them to the letter:\n  1. " in ask.prompts[0]

    async def test_what_was_broken_is_sent_back_in_words(self):
        _, ask = await drafted(case_of("a bullet too many"))
        (said,) = ask.sent_back
        assert "it has 4 bullet points; exactly 3 are asked for" in said
        assert "it has 3 commas" in said

    async def test_they_stand_in_the_sample_beside_those_in_words(self):
        case = case_of("meets two constraints")
        options = {**case["options"], "constraints": ["Write for a layman."]}
        sample, _ = await drafted({**case, "options": options})
        assert sample.constraints[0].kind == "text"
        assert sample.constraints[0].satisfied is None
        assert " Write for a layman." in sample.instruction.replace("\n\n", " ")

    async def test_draws_get_different_ones_and_the_same_ones_again(self, task):
        def asked(number):
            return prepared(verifiable=2)._asked(task, Draw(number)).sentences

        several = [tuple(asked(number)) for number in range(25)]
        assert len(set(several)) == 25
        assert several == [tuple(asked(number)) for number in range(25)]
        # One that goes with no other, such as a fixed choice of answers, stays alone.
        assert sum(len(sentences) == 2 for sentences in several) >= 22

    def test_keywords_are_words_of_the_seed(self, passage):
        generator = prepared(verifiable=1, verifiable_kinds=["keywords:existence"])
        (sentence,) = generator._asked(passage, Draw(0)).sentences
        assert any(word in sentence for word in ("instructor", "patches", "clients", "parameter"))

    def test_none_says_otherwise_than_an_attribute(self, task):
        attributes = {"length": ["one sentence"], "language": ["German", "Polish"]}
        generator = prepared(verifiable=3, attributes=attributes)
        kinds = {
            made.id
            for number in range(60)
            for made, _ in generator._asked(task, Draw(number)).verifiable
        }
        assert len(kinds) == 25 - 5
        assert not [kind for kind in kinds if kind.startswith(("length", "language"))]

    @pytest.mark.parametrize(
        ("options", "said"),
        [
            ({"verifiable_kinds": ["keywords"]}, "without effect while 'verifiable'"),
            ({"verifiable": 1, "verifiable_kinds": ["keyword:existence"]}, "did you mean"),
            (
                {
                    "verifiable": 1,
                    "verifiable_kinds": [{"language:response_language": {"language": "Klingon"}}],
                },
                "does not know the language 'Klingon'",
            ),
            (
                {"verifiable": 1, "verifiable_kinds": [{"keywords:existence": {"words": ["a"]}}]},
                "the argument 'keywords' is missing",
            ),
        ],
    )
    def test_wrong_ones_are_refused(self, options, said):
        with pytest.raises(ValidationError, match=said):
            Instruction(**options)


class TestEvolution:
    async def test_what_was_done_is_recorded(self):
        case = case_of("two rounds")
        sample, ask = await drafted(case)
        assert [(each.name, each.value) for each in sample.attributes] == [
            ("evolution", "constrain, then constrain")
        ]
        assert [check.name for check in sample.checks] == ["evolved", "answered"]
        assert "whose light must stay off" in ask.prompts[1]
        assert "lighthouse" in ask.prompts[0]
        assert "and its response" not in ask.prompts[0]
        assert ask.sent_back == ["the instruction is the same as the one that it was to be made of"]

    async def test_draws_take_the_operations_in_turn(self, task):
        replies = [case_of("deepens")["replies"][0]] * 4
        ask = RecordedAsk(replies)
        generator = prepared(mode="evolve")
        done = [await generator.draft(task, Draw(number), ask) for number in range(4)]
        values = {sample.attributes[0].value for sample in done}
        assert values == {"deepen", "constrain", "concretise", "widen"}
        assert all("Night : Day" in prompt for prompt in ask.prompts)

    async def test_constraints_and_system_messages_go_with_it(self, task):
        reply = {"instruction": "Name two pairs like it.", "response": "hot : cold, up : down"}
        ask = RecordedAsk([{**reply, "system": "You make puzzles."}])
        generator = prepared(
            mode="evolve", draft_system=True, verifiable=1,
            verifiable_kinds=["change_case:english_lowercase"],
        )  # fmt: skip
        sample = await generator.draft(task, Draw(0), ask)
        assert sample.system == "You make puzzles."
        assert "lowercase" in sample.instruction
        assert "a system message, and the evolved instruction and its response" in ask.prompts[0]
        assert "to the letter" in ask.prompts[0]

    def test_a_passage_without_a_task_plans_nothing(self, passage):
        assert not Instruction(mode="evolve").accepts(passage)


class TestBootstrap:
    async def test_several_tasks_are_shown_other_ones_each_time(self):
        case = case_of("of another kind")
        shown = set()
        for number in range(5):
            _, ask = await drafted(case, number)
            assert ask.prompts[0].count("<task number=") == 4
            assert '<task number="1">\nWhat is the relation' in ask.prompts[0]
            shown.add(ask.prompts[0].partition('<task number="2">')[2])
        assert len(shown) == 5

    async def test_a_draw_always_sees_the_same(self):
        case = case_of("of another kind")
        first, second = [(await drafted(case))[1].prompts for _ in range(2)]
        assert first == second

    def test_the_file_counts_as_a_part_of_the_recipe(self):
        contents = prepared(mode="bootstrap", examples="seed_tasks.jsonl").contents
        assert contents[1][0] == "What is the relation between the given pairs?"
        assert Instruction().contents is None

    @pytest.mark.parametrize(
        ("text", "said"),
        [
            (None, r"cannot be read \(No such file or directory\)"),
            ('{"instruction": "a b c"}\nnot json\n', "tasks.jsonl:2: this line is not JSON"),
            ("[1]\n", "tasks.jsonl:1: this line is no JSON object"),
            ('{"colour": "red"}\n', "tasks.jsonl:1: no instruction among the fields"),
            ('{"instruction": "Name a bird."}\n', "has 1 tasks, but 2 are shown"),
        ],
    )
    def test_a_bad_file_is_one_sentence(self, tmp_path, text, said):
        if text is not None:
            (tmp_path / "tasks.jsonl").write_text(text)
        generator = Instruction(mode="bootstrap", examples="tasks.jsonl", shown=2)
        with pytest.raises(RecipeError, match=said):
            generator.prepare(tmp_path)


class TestBackTranslation:
    async def test_the_response_is_the_text_word_for_word(self):
        case = case_of("finds the instruction")
        sample, ask = await drafted(case)
        assert sample.response == case["seed"]["passage"]
        assert sample.passage.text == case["seed"]["passage"]
        (constraint,) = sample.constraints
        assert constraint.satisfied
        assert sample.instruction != case["replies"][0]["instruction"]
        assert sample.response in ask.prompts[0]

    async def test_constraints_are_such_that_the_text_meets_them(self):
        case = case_of("finds the instruction")
        for number in range(30):
            sample, _ = await drafted(case, number)
            assert all(each.satisfied for each in sample.constraints)

    async def test_a_known_answer_is_such_a_text(self, task):
        ask = RecordedAsk([{"instruction": "Night is to day as right is to left: how so?"}])
        sample = await Instruction(mode="back_translate").draft(task, Draw(0), ask)
        assert sample.response == "They are opposites."
        assert not Instruction(mode="back_translate").accepts(
            Seed(source="s", instruction="Name a bird.")
        )


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"mode": "bootstrap"}, "needs 'examples'"),
        ({"examples": "tasks.jsonl"}, "only 'bootstrap' does"),
        ({"mode": "back_translate", "system": "Be brief."}, "can obey no"),
        ({"mode": "evolve", "operations": []}, "'operations' is empty"),
        ({"mode": "evolve", "operations": ["shorten"]}, "deepen"),
        ({"mode": "back_translate", "attributes": ["length"]}, "its length cannot be sampled"),
        (
            {
                "verifiable": 1,
                "verifiable_kinds": ["length_constraints"],
                "attributes": ["length"],
            },
            "has nothing left beside the attributes",
        ),
    ],
)
def test_options_that_do_not_fit_are_refused(options, said):
    with pytest.raises(ValidationError, match=said):
        Instruction(**options)


class TestDocumentation:
    PAGE = ROOT / "docs" / "strategies" / "instruction.md"

    async def test_the_sample_is_what_the_generator_makes(self):
        (text,) = re.findall(r"```json\n(.*?)```", self.PAGE.read_text(), re.DOTALL)
        shown = json.loads(text)
        sample, _ = await drafted(case_of("meets two constraints"))
        made = orjson.loads(sample_to_json(sample))
        assert shown["constraints"] == made["constraints"]
        assert shown["checks"] == made["checks"]
        for short, whole in zip(shown["messages"], made["messages"], strict=True):
            assert short.items() <= whole.items()

    def test_its_recipes_are_recipes_and_all_kinds_are_named(self):
        page = self.PAGE.read_text()
        for text in re.findall(r"```yaml\n(.*?)```", page, re.DOTALL):
            for entry in yaml.safe_load(text)["generators"]:
                assert Instruction(**entry["instruction"])
        assert all(f"| `{kind}` |" in page for kind in KINDS)
        assert f"({len(LANGUAGE_NAMES)} are known)" in page


def test_the_ready_made_recipe_keeps_most_of_every_way(tmp_path):
    path = ROOT / "recipes" / "instruction.yaml"
    report = Recipe.from_yaml(path, changes={"limit": 160}).run(tmp_path / "run")
    assert report.status == "done"
    kept = [
        row
        for path in (tmp_path / "run" / "kept").glob("*.parquet")
        for row in pq.read_table(path).to_pylist()
    ]
    by_way = Counter(row["origin"]["generator"] for row in kept)
    assert set(by_way) == {"constrained", "evolved", "bootstrapped", "back_translated"}
    assert len(kept) > 100
    for row in kept:
        assert all(check["passed"] for check in row["checks"])
        if row["origin"]["generator"] == "constrained":
            assert len(row["constraints"]) == 2
            for each in row["constraints"]:
                made = constraint(each["kind"], orjson.loads(each["arguments"]))
                assert made.met(row["messages"][-1]["content"])
