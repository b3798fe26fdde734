"""The dependency judge over the real template, with a scripted model behind `ask`."""

import re
from typing import Any

import pytest

from silversmith.judges.dependency import Dependency
from silversmith.prompts import Prompts
from silversmith.records import Sample, Turn

PROMPTS = Prompts()
TALK = Sample(
    messages=(
        Turn("system", "You answer for the town hall."),
        Turn("user", "how much is the parking permit for a car?", "ask"),
        Turn("assistant", "40 euros a year.", "answer", (1,)),
        Turn("user", "and the yard, when is it open?", "change"),
        Turn("assistant", "On Saturdays from nine to one.", "answer", (3,)),
        Turn("user", "do I pay that by card?", "return", (2,)),
        Turn("assistant", "Yes, the permit by card or in cash.", "answer", (1, 5)),
    )
)


class Reader:
    """Answers a probe by the words that a reader has to have seen.

    Attributes:
        prompts: what was asked.
    """

    def __init__(self, needed: dict[str, str], *, blind: bool = False) -> None:
        self.needed = needed
        self.blind = blind
        self.prompts: list[str] = []

    async def __call__(self, form: type[Any], /, **values: Any) -> Any:
        template = PROMPTS.template("dependency")
        template.check(values)
        _, user = template.render(values)
        prompt = user["content"]
        self.prompts.append(prompt)
        last = re.findall(r"<turn [^>]*>\n(.*?)\n</turn>", prompt, re.DOTALL)[-1]
        known = not self.blind and self.needed.get(last, "") in prompt
        return form(meaning=f"{'Plain' if known else 'Cannot tell'}: {last}", answerable=known)


async def test_a_dependency_is_proven_by_withholding_the_earlier_turn():
    reader = Reader({"Yes, the permit by card or in cash.": "permit for a car"})
    (judgement,) = await Dependency(probes=1).judge(TALK, reader)
    assert (judgement.judge, judgement.criterion) == ("dependency", "dependency")
    assert (judgement.score, judgement.points) == (1.0, 1.0)
    assert judgement.rationale.startswith("turn 6 needs turn 1: proven; without it: Cannot tell")
    masked, whole = reader.prompts
    assert '<turn number="1" role="user">\n<withheld/>\n</turn>' in masked
    assert "permit for a car" not in masked
    assert masked.replace("<withheld/>", TALK.messages[1].content) == whole


async def test_a_turn_that_is_understood_without_it_proves_nothing():
    reader = Reader({})
    (judgement,) = await Dependency(probes=1).judge(TALK, reader)
    assert judgement.score == 0.0
    assert "not proven, since without it one can tell: Plain" in judgement.rationale
    assert len(reader.prompts) == 1


async def test_nor_does_one_that_is_not_understood_with_it_either():
    (judgement,) = await Dependency(probes=1).judge(TALK, Reader({}, blind=True))
    assert judgement.score == 0.0
    assert "not proven, since even with it one cannot tell" in judgement.rationale


async def test_the_share_of_those_that_reach_back_farthest():
    reader = Reader({"do I pay that by card?": "40 euros"})
    (judgement,) = await Dependency(probes=5).judge(TALK, reader)
    assert judgement.score == 0.5
    said = judgement.rationale.splitlines()
    assert [line.partition(":")[0] for line in said] == [
        "turn 6 needs turn 1",
        "turn 5 needs turn 2",
    ]


async def test_later_turns_are_not_shown():
    reader = Reader({"do I pay that by card?": "40 euros"})
    await Dependency(probes=5).judge(TALK, reader)
    asked = [prompt for prompt in reader.prompts if "<withheld/>" in prompt][1]
    assert "by card or in cash" not in asked
    assert "You answer for the town hall." in asked


async def test_a_sample_without_annotated_dependencies_gets_no_judgement():
    reader = Reader({})
    assert await Dependency().judge(Sample.pair("What is 2 + 2?", "4"), reader) == ()
    assert reader.prompts == []
    assert Dependency().score(()) is None


async def test_a_long_dialogue_is_shown_in_part():
    turns = [
        Turn("user" if n % 2 == 0 else "assistant", f"turn {n} " + "word " * 400) for n in range(30)
    ]
    turns[28] = Turn("user", "and the first one?", "follow_up", (1,))
    reader = Reader({"and the first one?": "turn 1 "})
    (judgement,) = await Dependency(context_tokens=4_000).judge(
        Sample(messages=tuple(turns)), reader
    )
    assert judgement.score == 1.0
    for prompt in reader.prompts:
        assert len(prompt) < 4 * 4_000
        assert '<left_out turns="3 to ' in prompt


@pytest.mark.parametrize("options", [{"probes": 0}, {"probes": 21}, {"context_tokens": 100}])
def test_options_out_of_range(options):
    with pytest.raises(ValueError, match=next(iter(options))):
        Dependency(**options)
