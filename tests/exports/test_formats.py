"""What each training format makes of each kind of sample."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import datasets
import pytest
from pyarrow import parquet

from silversmith.errors import ExportError
from silversmith.exports import Export, Splits, export
from silversmith.exports.alpaca import Alpaca
from silversmith.exports.axolotl import Axolotl
from silversmith.exports.axolotl_dpo import AxolotlDpo
from silversmith.exports.datasets import Datasets
from silversmith.exports.llamafactory import Llamafactory
from silversmith.exports.llamafactory_dpo import LlamafactoryDpo
from silversmith.exports.openai_preference import OpenaiPreference
from silversmith.exports.openai_sft import OpenaiSft
from silversmith.exports.sharegpt import Sharegpt
from silversmith.exports.trl_dpo import TrlDpo
from silversmith.exports.trl_grpo import TrlGrpo
from silversmith.exports.trl_kto import TrlKto
from silversmith.exports.trl_reward import TrlReward
from silversmith.exports.trl_sft import TrlSft
from silversmith.exports.trl_sft_turns import TrlSftTurns
from silversmith.exports.trl_stepwise import TrlStepwise
from silversmith.records import (
    Check,
    Constraint,
    Flaw,
    Origin,
    Review,
    Sample,
    Step,
    Turn,
    sample_from_json,
    sample_to_json,
    table_from_json,
)

REAL = Origin("instruction", model="a-model")

SUM = Sample.pair(
    "What is 2 * 3 + 4?",
    "Wanted is a number.\n\n1. 2 * 3 = 6\n2. 6 + 4 = 10\n\nAnswer: 10",
    strategy="reasoning",
    answer="10",
    steps=(Step("2 * 3 = 6", "right"), Step("6 + 4 = 10", "right")),
    checks=(Check("arithmetic", True), Check("answer reached", True)),
)
CODE = Sample.pair(
    "Write double(x).",
    "Multiply.\n\n1. Take x.\n2. Return x * 2.\n\n```python\ndef double(x):\n    return x * 2\n```",
    strategy="reasoning",
    answer="def double(x):\n    return x * 2",
    steps=(Step("Take x."), Step("Return x * 2.")),
    constraints=(Constraint("python_tests", '{"tests": "assert double(2) == 4"}', True),),
    checks=(Check("tests", True),),
)
LISTED = Sample.pair(
    "Name two metals, without a comma.",
    "Iron and gold.",
    strategy="instruction",
    constraints=(
        Constraint("punctuation:no_comma", "{}", True),
        Constraint("text", '{"text": "two metals"}', None),
    ),
    checks=(Check("punctuation:no_comma", True),),
)
PAIR = Sample.pair(
    "Who wrote Emma?",
    "Jane Austen.",
    system="Be brief.",
    strategy="contrast",
    rejected=(Turn("assistant", "Emily Brontë."),),
    flaw=Flaw("wrong_entity", "Emily Brontë"),
)
DIALOGUE = Sample(
    messages=(
        Turn("user", "Hello"),
        Turn("assistant", "Good morning."),
        Turn("user", "What is 2 + 2?"),
        Turn("assistant", "5", act="mistake"),
        Turn("user", "No."),
        Turn("assistant", "You are right, it is 4."),
        Turn("user", "Thanks"),
    ),
    strategy="conversation",
)


def rows(export: Export, sample: Sample) -> list[dict[str, Any]]:
    assert export.reason_for_no_row(sample) is None
    return list(export.rows(sample))


def write_run(folder: Path, samples: list[Sample]) -> Path:
    kept = folder / "kept"
    kept.mkdir(parents=True)
    named = [s.with_(id=f"s{number}", origin=REAL) for number, s in enumerate(samples)]
    table = table_from_json([sample_to_json(sample) for sample in named])
    parquet.write_table(table, kept / "part-00000.parquet")
    return folder


def contents(messages: list[dict[str, str]]) -> list[str]:
    return [message["content"] for message in messages]


@pytest.mark.parametrize("kind", [TrlSft, Axolotl, Llamafactory])
def test_reasoning_goes_where_it_is_asked_for(kind: type[Export]) -> None:
    worked = "Wanted is a number.\n\n1. 2 * 3 = 6\n2. 6 + 4 = 10"
    answers = {}
    for reasoning in ("text", "think"):
        (row,) = rows(kind(reasoning=reasoning), SUM)
        answers[reasoning] = row["messages"][-1]
    assert answers["text"] == {"role": "assistant", "content": SUM.response}
    assert answers["think"] == {
        "role": "assistant",
        "content": f"<think>\n{worked}\n</think>\n\nAnswer: 10",
    }


@pytest.mark.parametrize("name", ["reasoning_content", "thinking"])
def test_reasoning_in_a_field_of_its_own(name: str) -> None:
    (row,) = rows(TrlSft(reasoning=name), CODE)
    answer = row["messages"][-1]
    assert answer["content"] == "```python\ndef double(x):\n    return x * 2\n```"
    assert answer[name] == "Multiply.\n\n1. Take x.\n2. Return x * 2."
    assert rows(TrlSft(reasoning=name), LISTED)[0]["messages"][-1] == {
        "role": "assistant",
        "content": "Iron and gold.",
        name: "",
    }


def test_reasoning_between_tags_can_become_a_field() -> None:
    tagged = Sample.pair("1 + 1?", "<think>\nEasy.\n</think>\n\n2")
    (row,) = rows(TrlSft(reasoning="reasoning_content"), tagged)
    assert row["messages"][-1] == {
        "role": "assistant",
        "content": "2",
        "reasoning_content": "Easy.",
    }
    assert rows(TrlSft(reasoning="think"), tagged)[0]["messages"][-1]["content"] == (
        "<think>\nEasy.\n</think>\n\n2"
    )


def test_reasoning_of_both_halves_of_a_pair() -> None:
    wrong = SUM.response.replace("= 10", "= 11").replace("r: 10", "r: 11")
    pair = SUM.with_(rejected=(Turn("assistant", wrong),))
    (row,) = rows(TrlDpo(reasoning="think"), pair)
    assert row["chosen"][0]["content"].endswith("</think>\n\nAnswer: 10")
    assert row["rejected"][0]["content"].endswith("6 + 4 = 11\n</think>\n\nAnswer: 11")


def test_a_mended_answer_without_steps_is_left_as_people_wrote_it() -> None:
    mended = SUM.with_(messages=(SUM.messages[0], Turn("assistant", "It is 10.")))
    (row,) = rows(TrlSft(reasoning="think"), mended)
    assert row["messages"][-1]["content"] == "It is 10."


def test_one_answer_is_a_prompt_and_its_completion() -> None:
    assert rows(TrlSftTurns(), LISTED) == [
        {
            "prompt": [{"role": "user", "content": "Name two metals, without a comma."}],
            "completion": [{"role": "assistant", "content": "Iron and gold."}],
        }
    ]


def test_kto_rows_of_a_pair_are_two() -> None:
    prompt = [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": "Who wrote Emma?"},
    ]
    assert rows(TrlKto(), PAIR) == [
        {
            "prompt": prompt,
            "completion": [{"role": "assistant", "content": "Jane Austen."}],
            "label": True,
        },
        {
            "prompt": prompt,
            "completion": [{"role": "assistant", "content": "Emily Brontë."}],
            "label": False,
        },
    ]


def test_kto_labels_say_what_people_checks_or_judges_said() -> None:
    plain = Sample.pair("Who?", "Me.")
    failed = plain.with_(checks=(Check("arithmetic", False), Check("tests", None)))

    def label(sample: Sample, **options: Any) -> object:
        (row,) = rows(TrlKto(**options), sample)
        return row["label"]

    assert label(SUM) is True
    assert label(failed) is False
    assert label(failed.with_(review=Review("gold", "accept"))) is True
    assert label(plain.with_(score=0.9)) is True
    assert label(plain.with_(score=0.1)) is False
    assert label(plain.with_(score=0.5), good=0.5) is True
    assert label(DIALOGUE.with_(messages=DIALOGUE.messages[:4], score=0.9)) is False
    assert "no verdict" in str(TrlKto().reason_for_no_row(plain))
    assert "between 0.3 and 0.7" in str(TrlKto().reason_for_no_row(plain.with_(score=0.5)))


def test_reward_rows_are_whole_conversations() -> None:
    (row,) = rows(TrlReward(), PAIR)
    assert contents(row["chosen"]) == ["Be brief.", "Who wrote Emma?", "Jane Austen."]
    assert contents(row["rejected"]) == ["Be brief.", "Who wrote Emma?", "Emily Brontë."]


def test_steps_that_were_recomputed_are_right() -> None:
    assert rows(TrlStepwise(), SUM) == [
        {
            "prompt": "What is 2 * 3 + 4?",
            "completions": ["Wanted is a number.\n\n2 * 3 = 6", "6 + 4 = 10"],
            "labels": [True, True],
        }
    ]


def test_a_wrong_step_ends_the_row() -> None:
    steps = (Step("2 * 3 = 6", "right"), Step("6 + 4 = 11", "wrong"), Step("So 11."))
    (row,) = rows(TrlStepwise(), SUM.with_(steps=steps))
    assert row["labels"] == [True, False]


def test_steps_that_nobody_can_tell_need_an_answer_that_is_known_to_be_right() -> None:
    steps = (Step("2 * 3 = 6", "right"), Step("Add four."), Step("6 + 4 = 10", "right"))
    untold = SUM.with_(steps=steps)
    (row,) = rows(TrlStepwise(), untold)
    assert row["labels"] == [True]
    for name in ("known answer", "agreement"):
        (row,) = rows(TrlStepwise(), untold.with_(checks=(Check(name, True),)))
        assert row["labels"] == [True, True, True]
    untold = SUM.with_(steps=steps[1:], checks=(Check("agreement", False),))
    assert TrlStepwise().reason_for_no_row(untold) == "no step that a check could tell"
    assert TrlStepwise().reason_for_no_row(LISTED) == "no steps"


def test_the_wrong_step_of_a_rejected_half_is_a_negative() -> None:
    wrong = "1. 2 * 3 = 6\n2. 6 + 4 = 11\n3. It is 11.\n\nAnswer: 11"
    pair = SUM.with_(
        messages=(SUM.messages[0], Turn("assistant", "1. 2 * 3 = 6\n2. 6 + 4 = 10\n\nAnswer: 10")),
        rejected=(Turn("assistant", wrong),),
        steps=(Step("2 * 3 = 6"), Step("6 + 4 = 10")),
        flaw=Flaw("wrong_step", "6 + 4 = 11"),
        checks=(Check("flaw wrong_step", True, "6 + 4 = 11"),),
    )
    (row,) = rows(TrlStepwise(), pair)
    assert row["completions"] == ["2 * 3 = 6", "6 + 4 = 11"]
    assert row["labels"] == [True, False]
    # What no check found is no negative.
    unsure = pair.with_(checks=(Check("flaw wrong_step", None),))
    assert TrlStepwise().reason_for_no_row(unsure) == "no step that a check could tell"


def test_grpo_rows_hold_what_a_reward_is_computed_from() -> None:
    (worked,), (code,), (listed,) = (rows(TrlGrpo(), one) for one in (SUM, CODE, LISTED))
    assert worked["prompt"] == [{"role": "user", "content": "What is 2 * 3 + 4?"}]
    assert (worked["answer"], worked["constraints"], worked["tests"]) == ("10", "", "")
    assert (code["answer"], code["tests"]) == ("", "assert double(2) == 4")
    assert listed["constraints"] == '[{"kind":"punctuation:no_comma","arguments":{}}]'
    assert TrlGrpo().reason_for_no_row(PAIR) == "nothing that a program can verify"


def test_axolotl_masks_a_planned_mistake_where_it_is_told_to() -> None:
    assert "planned mistake" in str(Axolotl().reason_for_no_row(DIALOGUE))
    (row,) = rows(Axolotl(mistakes="mask"), DIALOGUE)
    assert [message["train"] for message in row["messages"]] == [
        False, True, False, False, False, True,
    ]  # fmt: skip


@pytest.mark.parametrize("kind", [AxolotlDpo, LlamafactoryDpo])
def test_pairs_of_one_answer_each(kind: type[Export]) -> None:
    longer = PAIR.with_(messages=(*PAIR.messages, Turn("user", "Sure?"), Turn("assistant", "Yes.")))
    whole = (*PAIR.messages[:-1], Turn("assistant", "Emily Brontë."))
    for sample in (PAIR, longer.with_(rejected=whole)):
        (row,) = rows(kind(), sample)
        assert contents(row["messages"]) == ["Be brief.", "Who wrote Emma?"]
        assert row["chosen"] == {"role": "assistant", "content": "Jane Austen."}
        assert row["rejected"] == {"role": "assistant", "content": "Emily Brontë."}


def test_llamafactory_has_no_row_of_what_it_would_skip() -> None:
    twice = Sample(
        messages=(Turn("user", "One"), Turn("user", "Two"), Turn("assistant", "Three")),
        rejected=(Turn("assistant", "Four"),),
    )
    begun = Sample(messages=(Turn("assistant", "Hi"), Turn("user", "Hi"), Turn("assistant", "Ho")))
    assert "in turn" in str(Llamafactory().reason_for_no_row(twice))
    assert "in turn" in str(LlamafactoryDpo().reason_for_no_row(twice))
    assert "in turn" in str(Llamafactory().reason_for_no_row(begun))
    assert rows(Llamafactory(), PAIR)


def test_llamafactory_s_file_names_every_split(tmp_path: Path) -> None:
    run = write_run(tmp_path / "run", [Sample.pair(f"q{n}", f"a{n}") for n in range(20)])
    report = export(run, Llamafactory(), splits=Splits.parse("train=0.8,test=0.2"))
    info = json.loads((report.card.parent / "dataset_info.json").read_text())
    assert {name: entry["file_name"] for name, entry in info.items()} == {
        "run": "train.jsonl",
        "run_test": "test.jsonl",
    }
    for entry in info.values():
        assert (report.card.parent / entry["file_name"]).exists()


@pytest.mark.parametrize(
    "kind",
    [TrlSft, TrlSftTurns, TrlKto, Axolotl, Llamafactory, OpenaiSft, Sharegpt, Alpaca, TrlDpo,
     TrlReward, AxolotlDpo, LlamafactoryDpo, OpenaiPreference, TrlGrpo],
)  # fmt: skip
def test_a_sample_without_a_prompt_or_an_answer_has_no_row(kind: type[Export]) -> None:
    wrong = (Turn("assistant", "ho"),)
    alone = Sample(messages=(Turn("system", "s"), Turn("assistant", "hi")), score=0.9)
    for sample in (alone, alone.with_(rejected=wrong)):
        assert kind().reason_for_no_row(sample)
    asked = Sample(messages=(Turn("user", "q"), Turn("assistant", " ")), score=0.9)
    for sample in (asked, asked.with_(rejected=wrong), Sample(messages=())):
        assert kind().reason_for_no_row(sample)


def test_openai_has_no_row_of_other_roles() -> None:
    tool = (Turn("user", "q"), Turn("tool", "42"), Turn("assistant", "It is 42."))
    assert OpenaiSft().reason_for_no_row(Sample(messages=tool)) == "a message by tool"


def test_sharegpt_and_alpaca() -> None:
    assert rows(Sharegpt(), PAIR) == [
        {
            "conversations": [
                {"from": "system", "value": "Be brief."},
                {"from": "human", "value": "Who wrote Emma?"},
                {"from": "gpt", "value": "Jane Austen."},
            ]
        }
    ]
    assert rows(Alpaca(), LISTED) == [
        {
            "instruction": "Name two metals, without a comma.",
            "input": "",
            "output": "Iron and gold.",
        }
    ]
    assert "a system message" in str(Alpaca().reason_for_no_row(PAIR))
    talk = DIALOGUE.with_(messages=(*DIALOGUE.messages[:3], Turn("assistant", "4")))
    assert "a dialogue" in str(Alpaca().reason_for_no_row(talk))


def faults_by_the_guide(row: dict[str, Any]) -> list[str]:
    """What OpenAI's guides on supervised and preference fine-tuning forbid in a row."""
    if "messages" in row:
        messages, found = row["messages"], []
        if set(row) - {"messages", "tools", "parallel_tool_calls"}:
            found.append("unknown column")
        if messages[-1]["role"] != "assistant":
            found.append("does not end with the assistant")
        learned = [m for m in messages if m["role"] == "assistant" and m.get("weight", 1) == 1]
        return [*found, *([] if learned else ["nothing to learn"]), *faults_in(messages)]
    if set(row) != {"input", "preferred_output", "non_preferred_output"}:
        return ["wrong columns"]
    messages = row["input"]["messages"]
    found = ["the input ends with the assistant"] if messages[-1]["role"] == "assistant" else []
    for half in (row["preferred_output"], row["non_preferred_output"]):
        if [m["role"] for m in half] != ["assistant"]:
            found += ["an output is not one message of the assistant"]
        found += faults_in(half)
    return [*found, *faults_in(messages)]


def faults_in(messages: list[dict[str, Any]]) -> list[str]:
    found = []
    for place, message in enumerate(messages):
        if message["role"] not in ("system", "user", "assistant"):
            found.append("unknown role")
        if message["role"] == "system" and place:
            found.append("a system message that is not the first")
        if set(message) - {"role", "content", "name", "weight"}:
            found.append("unknown key of a message")
        if message["role"] != "assistant" and "weight" in message:
            found.append("a weight of what is not the assistant's")
        if message.get("weight", 1) not in (0, 1):
            found.append("wrong weight")
        if not isinstance(message["content"], str) or not message["content"]:
            found.append("no content")
    return found


def test_openai_rows_keep_the_rules_of_its_guides(tmp_path: Path) -> None:
    numbered = [PAIR.with_(messages=(Turn("user", f"q{n}"), PAIR.messages[-1])) for n in range(10)]
    run = write_run(tmp_path / "run", [SUM, CODE, LISTED, PAIR, DIALOGUE, *numbered])
    for kind in (OpenaiSft, OpenaiPreference):
        report = export(run, kind())
        assert report.rows == {"openai-sft": 15, "openai-preference": 11}[report.format]
        for line in report.path.read_bytes().splitlines():
            assert faults_by_the_guide(json.loads(line)) == []
    (row,) = rows(OpenaiSft(), DIALOGUE)
    assert [message.get("weight") for message in row["messages"]] == [
        None, None, None, 0, None, None,
    ]  # fmt: skip


def test_openai_wants_ten_rows(tmp_path: Path) -> None:
    run = write_run(tmp_path / "run", [SUM, PAIR])
    with pytest.raises(ExportError, match=r"openai-sft wants 10 rows .* gives 2; draft more"):
        export(run, OpenaiSft())
    assert not [path for path in (run / "exports").rglob("*") if path.is_file()]


@pytest.mark.parametrize(
    "kind", [TrlSft(reasoning="reasoning_content"), TrlGrpo(), TrlKto(), Axolotl(mistakes="mask")]
)
def test_what_is_rare_comes_late_in_a_long_file(kind: Export, tmp_path: Path) -> None:
    """`datasets` reads JSON by 10 MB, and wants the columns of the first in all others."""
    long = LISTED.with_(messages=(Turn("user", "x" * 1_200_000), *LISTED.messages[1:]))
    run = write_run(tmp_path / "run", [long] * 20 + [SUM, CODE])
    report = export(run, kind)
    folder = str(report.card.parent)
    loaded = datasets.load_dataset(folder, cache_dir=str(tmp_path / "cache"))["train"]
    assert len(loaded) == 22


def test_what_was_computed_on_an_earlier_datasets_folder_is_not_taken_again(tmp_path: Path) -> None:
    def first(row: dict[str, Any]) -> dict[str, Any]:
        return {"first": row["messages"][0]["content"]}

    for name in ("before", "after"):
        run = write_run(tmp_path / name, [Sample.pair(f"question {name}", "answer")])
        there = export(run, Datasets(), tmp_path / "there").card.parent
        rows = datasets.load_from_disk(str(there))["train"]
        assert rows.map(first)["first"][0] == f"question {name}"


@pytest.mark.parametrize("split", ["", "train=0.75,test=0.25"])
def test_a_datasets_folder_loads_in_both_ways(tmp_path: Path, split: str) -> None:
    samples = [SUM, PAIR, *(Sample.pair(f"q{n}", f"a{n} ☃") for n in range(18))]
    run = write_run(tmp_path / "run", samples)
    report = export(run, Datasets(), splits=Splits.parse(split) if split else None)
    folder = str(report.card.parent)

    loaded = datasets.load_from_disk(folder)
    assert {name: rows.num_rows for name, rows in loaded.items()} == (
        {"train": 15, "test": 5} if split else {"train": 20}
    )
    again = datasets.load_dataset(folder, cache_dir=str(tmp_path / "cache"))
    for name, part in loaded.items():
        assert part.features == again[name].features
        assert list(part) == list(again[name])
    there = {row["id"]: sample_from_json(json.dumps(row).encode()) for row in loaded["train"]}
    for number, sample in enumerate(samples):
        if f"s{number}" in there:
            assert there[f"s{number}"] == sample.with_(id=f"s{number}", origin=REAL)
