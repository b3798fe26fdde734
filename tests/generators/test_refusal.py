"""What is harmful is refused, and what only sounds so is answered."""

import json
from pathlib import Path

import pytest
from pydantic import ValidationError

from silversmith.errors import RecipeError, ReplyError
from silversmith.exports.trl_dpo import TrlDpo
from silversmith.exports.trl_sft import TrlSft
from silversmith.filters.refusal import Refusal as RefusalFilter
from silversmith.generators.refusal import Refusal
from silversmith.records import Draw, Seed

REPLIES = Path(__file__).parent.parent / "data" / "replies" / "refusal"
GOOD = json.loads((REPLIES / "good.json").read_text("utf-8"))
BAD = json.loads((REPLIES / "bad.json").read_text("utf-8"))


def named(entry):
    return entry["name"]


async def drafted(scripted, task, entry):
    ask = scripted("refusal", {"": entry["reply"]})
    seed = Seed(**entry["seed"]) if "seed" in entry else task
    generator = Refusal(**entry["options"])
    generator.prepare(Path("."))
    return await generator.draft(seed, Draw(0), ask), ask


@pytest.mark.parametrize("entry", GOOD, ids=named)
async def test_a_good_reply_becomes_a_proven_sample(scripted, task, entry):
    sample, ask = await drafted(scripted, task, entry)
    reply = entry["reply"]
    attributes = {each.name: each.value for each in sample.attributes}
    harmful = attributes["harmful"] == "yes"
    assert sample.verified is True
    assert sample.response == reply["chosen"]
    assert sample.rejected_response == reply.get("rejected", "")
    assert sample.messages[-1].act == ("refuse" if harmful else "")
    assert RefusalFilter(wanted_by=()).reason_to_drop(sample) is None
    assert list(TrlSft().rows(sample))
    assert (TrlDpo().reason_for_no_row(sample) is None) is ("rejected" in reply)
    assert attributes["category"] in ask.prompts[0].replace(" ", "_")


@pytest.mark.parametrize("entry", BAD, ids=named)
async def test_a_bad_reply_is_sent_back_with_what_is_wrong(scripted, task, entry):
    with pytest.raises(ReplyError) as caught:
        await drafted(scripted, task, entry)
    assert entry["fault"] in caught.value.reason


async def test_a_request_of_the_users_own_is_used_word_for_word(scripted, task):
    sample, ask = await drafted(scripted, task, GOOD[4])
    assert sample.instruction == "Write me a fake sick note."
    assert "<request>\nWrite me a fake sick note.\n</request>" in ask.prompts[0]
    assert "request" not in sample.checks[0].name


async def test_a_harmful_request_has_no_rejected_half_unless_wanted(scripted, task):
    sample, _ = await drafted(scripted, task, GOOD[0])
    assert sample.rejected == ()
    sample, _ = await drafted(scripted, task, GOOD[2])
    assert sample.flaw.kind == "unsafe_compliance"


async def test_draws_go_through_categories_and_kinds(scripted, task):
    generator = Refusal()
    generator.prepare(Path("."))
    shown = []
    for number in range(19):
        ask = scripted("refusal", {})
        with pytest.raises(LookupError):
            await generator.draft(task, Draw(number), ask)
        category = ask.prompts[0].split("- The category is ")[1].split(":")[0]
        shown.append((category, "Write a harmful request" in ask.prompts[0]))
    assert len(set(shown)) == 19
    assert ("child sexual exploitation", False) in shown
    assert ("child sexual exploitation", True) not in shown


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        (
            {"category": "crimes"},
            "mine.csv#3: there is no category crimes in the policy; did you",
        ),
        ({}, "mine.csv#3: the request has no category"),
        (
            {"category": "hate", "harmful": "perhaps"},
            "mine.csv#3: the column harmful holds perhaps",
        ),
    ],
)
async def test_a_request_of_an_unknown_category_fails_with_a_sentence(scripted, fields, words):
    generator = Refusal(requests=True)
    generator.prepare(Path("."))
    seed = Seed(source="mine.csv#3", instruction="Do it.", fields=fields)
    with pytest.raises(ReplyError) as caught:
        await generator.draft(seed, Draw(0), scripted("refusal", {}))
    assert caught.value.reason.startswith(words)


class TestPolicy:
    def policy(self, tmp_path, text, **options):
        (tmp_path / "policy.yaml").write_text(text, "utf-8")
        generator = Refusal(policy="policy.yaml", **options)
        generator.prepare(tmp_path)
        return generator

    def refused(self, tmp_path, text, **options):
        with pytest.raises(RecipeError) as caught:
            self.policy(tmp_path, text, **options)
        return str(caught.value).removeprefix(f"{tmp_path / 'policy.yaml'}")

    async def test_an_own_policy_is_what_is_drawn_from(self, scripted, task, tmp_path):
        text = (
            "categories:\n- name: gossip\n  description: Talk about colleagues.\n  offers: Tea.\n"
        )
        generator = self.policy(tmp_path, text)
        ask = scripted("refusal", {})
        with pytest.raises(LookupError):
            await generator.draft(task, Draw(0), ask)
        assert "- The category is gossip: Talk about colleagues." in ask.prompts[0]
        assert generator.contents["categories"][0]["name"] == "gossip"

    def test_a_category_twice(self, tmp_path):
        text = "categories:\n- {name: a, description: A}\n- {name: a, description: B}\n"
        assert self.refused(tmp_path, text) == (
            ":3: the category 'a' stands in line 2 already; rename or remove one of them"
        )

    def test_no_category(self, tmp_path):
        assert "the policy has no category" in self.refused(tmp_path, "categories: []\n")

    def test_not_a_policy_at_all(self, tmp_path):
        assert "a policy has a list called categories" in self.refused(tmp_path, "- a\n- b\n")
        assert "a policy has a list called categories" in self.refused(tmp_path, "")

    def test_no_description(self, tmp_path):
        words = self.refused(tmp_path, "source: me\ncategories:\n- name: a\n")
        assert words == ":3: category 1: description is missing; write it in a sentence"

    def test_an_empty_description(self, tmp_path):
        words = self.refused(tmp_path, "categories:\n- {name: a, description: ' '}\n")
        assert words == ":2: category 1: description is empty; write it in a sentence"

    def test_an_unknown_key(self, tmp_path):
        words = self.refused(tmp_path, "categories:\n- {name: a, descripton: A}\n")
        assert words == ":2: category 1: unknown key 'descripton'; did you mean 'description'?"

    @pytest.mark.parametrize("text", ["- violence", "-"])
    def test_a_category_that_is_no_mapping(self, tmp_path, text):
        words = self.refused(tmp_path, f"categories:\n{text}\n")
        assert words.startswith(":2: category 1: is no mapping; write `- name: …`")

    def test_a_name_that_is_no_text(self, tmp_path):
        words = self.refused(tmp_path, "categories:\n- {name: 5, description: A}\n")
        assert words == (
            ":2: category 1: name is 5, and has to be a text; put it in quotation marks"
        )

    def test_not_yaml(self, tmp_path):
        assert self.refused(tmp_path, "categories: [\n").startswith(":2: not valid YAML")

    def test_no_file(self, tmp_path):
        with pytest.raises(RecipeError, match="there is no such policy"):
            Refusal(policy="policy.yml").prepare(tmp_path)

    def test_an_unknown_category_in_the_recipe(self):
        with pytest.raises(RecipeError) as caught:
            Refusal(categories=["privcy"]).prepare(Path("."))
        assert "there is no category privcy in the policy; did you mean privacy?" in str(
            caught.value
        )

    def test_nothing_that_could_be_drawn(self):
        with pytest.raises(RecipeError, match="no model may write requests"):
            Refusal(categories=["child_sexual_exploitation"], kinds=["harmful"]).prepare(Path("."))


def test_no_kind_at_all():
    with pytest.raises(ValidationError, match="name at least one of harmful"):
        Refusal(kinds=[])
