import pytest
from pydantic import ValidationError

from silversmith.errors import ReplyError
from silversmith.generators.contrast import FLAWS, Contrast
from silversmith.records import Draw, Flaw, Seed, Turn

PAIR = {
    "instruction": "When did Apollo 11 land?",
    "chosen": "On 20 July 1969.",
    "rejected": "On 20 July 1970.",
    "where": "1970",
}


async def test_two_answers_to_one_prompt_and_the_flaw(scripted, task):
    ask = scripted("contrast", {"The flaw is wrong_number: the rejected response has": PAIR})
    sample = await Contrast(flaws=["wrong_number"]).draft(task, Draw(0), ask)
    question = Turn("user", "When did Apollo 11 land?")
    assert sample.messages == (question, Turn("assistant", "On 20 July 1969."))
    assert sample.rejected == (question, Turn("assistant", "On 20 July 1970."))
    assert sample.flaw == Flaw("wrong_number", "1970")
    assert sample.response == "On 20 July 1969."


async def test_a_pair_from_a_passage_carries_the_passage(scripted, passage):
    ask = scripted("contrast", {"<passage source": PAIR})
    sample = await Contrast(flaws=["wrong_number"]).draft(passage, Draw(0), ask)
    assert sample.passage == passage.passage


async def test_draws_take_turns_among_the_flaws(scripted, task):
    long = {**PAIR, "rejected": "On the day of 20 July 1970."}
    ask = scripted("contrast", {"": long})
    samples = [await Contrast().draft(task, Draw(number), ask) for number in range(len(FLAWS))]
    assert {sample.flaw.kind for sample in samples} == set(FLAWS)
    for sample, prompt in zip(samples, ask.prompts, strict=True):
        assert f"- The flaw is {sample.flaw.kind}: the rejected response " in prompt
        assert FLAWS[sample.flaw.kind] in prompt


async def test_seeds_do_not_all_begin_with_the_same_flaw(scripted):
    ask = scripted("contrast", {"": PAIR})
    generator = Contrast(flaws=["wrong_number", "vagueness"])
    seeds = [Seed(source="s", instruction=f"Task {number}") for number in range(20)]
    kinds = {(await generator.draft(seed, Draw(0), ask)).flaw.kind for seed in seeds}
    assert kinds == {"wrong_number", "vagueness"}


async def refusal(scripted, task, flaw: str, chosen: str, rejected: str) -> str | None:
    ask = scripted("contrast", {"": {**PAIR, "chosen": chosen, "rejected": rejected}})
    try:
        await Contrast(flaws=[flaw]).draft(task, Draw(0), ask)
    except ReplyError as error:
        return error.reason
    return None


class TestUnusablePairs:
    async def test_the_same_but_for_space_and_case(self, scripted, task):
        reason = await refusal(scripted, task, "vagueness", "It is  Blue.", "it is\nblue.")
        assert "are the same" in reason

    @pytest.mark.parametrize(("chosen", "rejected"), [(100, 251), (251, 100)])
    async def test_length_gives_the_flaw_away(self, scripted, task, chosen, rejected):
        reason = await refusal(scripted, task, "vagueness", "a" * chosen, "b" * rejected)
        longer = "chosen" if chosen > rejected else "rejected"
        assert reason.startswith(f"'{longer}' is 2.5 times as long as ")

    @pytest.mark.parametrize(
        ("flaw", "chosen", "rejected"),
        [
            ("vagueness", 100, 250),
            ("vagueness", 2, 200),
            ("verbosity", 100, 900),
            ("over_refusal", 900, 100),
        ],
    )
    async def test_lengths_that_may_differ(self, scripted, task, flaw, chosen, rejected):
        assert await refusal(scripted, task, flaw, "a" * chosen, "b" * rejected) is None

    async def test_verbosity_that_is_not_longer(self, scripted, task):
        reason = await refusal(scripted, task, "verbosity", "a b c d", "e f g")
        assert "is no longer" in reason


@pytest.mark.parametrize("field", list(PAIR))
def test_a_reply_with_an_empty_field_does_not_validate(field):
    with pytest.raises(ValidationError):
        Contrast.Draft.model_validate({**PAIR, field: " "})


def test_an_unknown_flaw_lists_the_known_ones():
    with pytest.raises(ValidationError, match="'wrong_number'"):
        Contrast(flaws=["wrong_numbers"])


def test_no_flaw_at_all():
    with pytest.raises(ValidationError, match="name at least one flaw of unsupported_fact"):
        Contrast(flaws=[])
