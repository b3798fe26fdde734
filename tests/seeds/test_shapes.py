"""Rows of existing datasets as samples: the shapes in use, and what cannot be one."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from silversmith.errors import ReplyError, SeedError
from silversmith.generators.existing import Existing
from silversmith.records import (
    Draw,
    Judgement,
    Origin,
    Sample,
    Seed,
    Turn,
    sample_to_json,
    table_from_json,
)
from silversmith.records.shapes import sample_from_fields, sample_from_seed, tasks_from_fields
from silversmith.seeds.dataset import Dataset
from silversmith.seeds.tasks import Tasks

DATA = Path(__file__).parents[1] / "data"

USER, ASSISTANT, SYSTEM = Turn("user", "ask"), Turn("assistant", "reply"), Turn("system", "rules")
WORSE = Turn("assistant", "worse")


def said(*turns: Turn) -> list[dict[str, str]]:
    return [{"role": turn.role, "content": turn.content} for turn in turns]


def from_value(*pairs: tuple[str, str]) -> list[dict[str, str]]:
    return [{"from": who, "value": what} for who, what in pairs]


@pytest.mark.parametrize(
    ("fields", "turns"),
    [
        ({"messages": said(USER, ASSISTANT)}, (USER, ASSISTANT)),
        ({"messages": said(SYSTEM, USER, ASSISTANT)}, (SYSTEM, USER, ASSISTANT)),
        ({"messages": json.dumps(said(USER, ASSISTANT))}, (USER, ASSISTANT)),
        ({"messages": said(USER, ASSISTANT), "system": "rules"}, (SYSTEM, USER, ASSISTANT)),
        ({"messages": said(Turn("system", ""), USER, ASSISTANT)}, (USER, ASSISTANT)),
        ({"conversation": said(USER, ASSISTANT), "prompt": "x"}, (USER, ASSISTANT)),
        ({"conversations": said(USER, ASSISTANT)}, (USER, ASSISTANT)),
        (
            {"conversations": from_value(("system", "rules"), ("human", "ask"), ("gpt", "reply"))},
            (SYSTEM, USER, ASSISTANT),
        ),
        ({"messages": None, "prompt": "ask", "response": "reply"}, (USER, ASSISTANT)),
        ({"conversation": "id 7", "prompt": "ask", "response": "reply"}, (USER, ASSISTANT)),
        (
            {"instruction": "add", "input": "1 1", "output": "2"},
            (Turn("user", "add\n\n1 1"), Turn("assistant", "2")),
        ),
        ({"instruction": "ask", "input": "", "output": "reply"}, (USER, ASSISTANT)),
        ({"instruction": "ask", "context": None, "response": "reply"}, (USER, ASSISTANT)),
        ({"prompt": "ask", "completion": "reply"}, (USER, ASSISTANT)),
        ({"prompt": said(SYSTEM, USER), "completion": said(ASSISTANT)}, (SYSTEM, USER, ASSISTANT)),
        ({"question": "ask", "answer": "reply"}, (USER, ASSISTANT)),
        ({"question": "how many", "answer": 4}, (Turn("user", "how many"), Turn("assistant", "4"))),
        (
            {"system_prompt": "rules", "question": "ask", "response": "reply"},
            (SYSTEM, USER, ASSISTANT),
        ),
        ({"Prompt": "ask", " Response ": "reply"}, (USER, ASSISTANT)),
        ({"input": "ask", "output": "reply"}, (USER, ASSISTANT)),
        (
            {"instruction": "ask", "instances": [{"input": "", "output": "reply"}]},
            (USER, ASSISTANT),
        ),
        (
            {
                "messages": [
                    {"role": "user", "content": [{"type": "text", "text": "ask"}]},
                    *said(ASSISTANT),
                ]
            },
            (USER, ASSISTANT),
        ),
    ],
)
def test_pairs_and_conversations(fields: dict[str, Any], turns: tuple[Turn, ...]) -> None:
    sample = sample_from_fields(fields)
    assert sample.messages == turns
    assert sample.rejected == ()
    assert sample.strategy == "instruction"
    assert sample.row is not None
    assert json.loads(sample.row) == fields


@pytest.mark.parametrize(
    "fields",
    [
        {"prompt": "ask", "chosen": "reply", "rejected": "worse"},
        {"prompt": said(USER), "chosen": said(ASSISTANT), "rejected": said(WORSE)},
        {"chosen": said(USER, ASSISTANT), "rejected": said(USER, WORSE)},
        {"prompt": "ask", "chosen": said(USER, ASSISTANT), "rejected": said(USER, WORSE)},
        {
            "question": "ask",
            "chosen": "reply",
            "rejected": "worse",
            "messages": said(USER, ASSISTANT),
        },
        {
            "chosen": "\n\nHuman: ask\n\nAssistant: reply",
            "rejected": "\n\nHuman: ask\n\nAssistant: worse",
        },
        {"chosen": "ask reply", "rejected": "ask worse"},
        {
            "prompt": "ask",
            "chosen": json.dumps(said(ASSISTANT)),
            "rejected": json.dumps(said(WORSE)),
        },
    ],
)
def test_preference_pairs(fields: dict[str, Any]) -> None:
    sample = sample_from_fields(fields)
    assert sample.messages == (USER, ASSISTANT)
    assert sample.rejected == (USER, WORSE)
    assert sample.strategy == "contrast"
    assert json.loads(sample.row or "") == fields


def test_both_halves_of_a_pair_have_the_system_message() -> None:
    sample = sample_from_fields(
        {"system": "rules", "prompt": "ask", "chosen": "reply", "rejected": "worse"}
    )
    assert sample.messages == (SYSTEM, USER, ASSISTANT)
    assert sample.rejected == (SYSTEM, USER, WORSE)


@pytest.mark.parametrize(
    ("fields", "answer"),
    [
        ({"problem": "ask", "solution": "reply", "answer": "4"}, "4"),
        ({"messages": said(USER, ASSISTANT), "answer": 4}, "4"),
        ({"prompt": "ask", "chosen": "reply", "rejected": "worse", "answer": "4"}, "4"),
        ({"question": "ask", "answer": "4"}, None),
        ({"prompt": "ask", "response": "reply", "answer": ["4"]}, None),
    ],
)
def test_a_reference_answer_beside_the_response(fields: dict[str, Any], answer: str | None) -> None:
    assert sample_from_fields(fields).answer == answer


@pytest.mark.parametrize(
    ("mapping", "fields", "messages"),
    [
        ({"instruction": "q", "response": "a"}, {"q": "ask", "a": "reply"}, (USER, ASSISTANT)),
        ({"prompt": "q", "output": "a"}, {"q": "ask", "a": "reply"}, (USER, ASSISTANT)),
        (
            {"prompt": "q", "answer": "a"},
            {"q": "ask", "a": "reply", "output": "junk"},
            (USER, ASSISTANT),
        ),
        (
            {"response": "response2"},
            {"instruction": "ask", "input": "", "response1": "no", "response2": "reply"},
            (USER, ASSISTANT),
        ),
        (
            {"prompt": "q", "response": "a"},
            {"messages": said(Turn("user", "x"), Turn("assistant", "y")), "q": "ask", "a": "reply"},
            (USER, ASSISTANT),
        ),
        (
            {"messages": "dialog"},
            {"dialog": said(USER, ASSISTANT), "prompt": "x"},
            (USER, ASSISTANT),
        ),
        (
            {"system": "s"},
            {"s": "rules", "prompt": "ask", "reply": "reply"},
            (SYSTEM, USER, ASSISTANT),
        ),
        (
            {"prompt": "q"},
            {"q": "ask", "chosen": "reply", "rejected": "worse"},
            (USER, ASSISTANT),
        ),
    ],
)
def test_a_mapping_settles_the_rest(
    mapping: dict[str, str], fields: dict[str, Any], messages: tuple[Turn, ...]
) -> None:
    assert sample_from_fields(fields, mapping).messages == messages


@pytest.mark.parametrize(
    "mapping",
    [{"chosen": "a", "rejected": "b"}, {"response": "a", "rejected": "b"}, {"rejected": "b"}],
)
def test_a_mapping_of_a_rejected_answer(mapping: dict[str, str]) -> None:
    answer = {} if "a" in mapping.values() else {"output": "reply"}
    sample = sample_from_fields({"prompt": "ask", "a": "reply", "b": "worse", **answer}, mapping)
    assert (sample.messages, sample.rejected) == ((USER, ASSISTANT), (USER, WORSE))


def test_a_mapping_for_both_response_and_reference() -> None:
    sample = sample_from_fields(
        {"q": "ask", "a": "reply", "gold": "4"}, {"prompt": "q", "response": "a", "answer": "gold"}
    )
    assert (sample.response, sample.answer) == ("reply", "4")


def test_our_own_rows_come_back_whole() -> None:
    sample = Sample.pair(
        "ask",
        "reply",
        id="ab" * 16,
        strategy="reasoning",
        answer="4",
        origin=Origin("reasoning", simulated=True),
        judgements=(Judgement("rubric", "accuracy", "critic", 0.75, 4.0),),
        score=0.75,
    )
    (row,) = table_from_json([sample_to_json(sample)]).to_pylist()
    again = sample_from_fields({**row, "note": "mine"})
    assert again.with_(row=None) == sample
    assert again.simulated
    assert json.loads(again.row or "")["note"] == "mine"
    assert tasks_from_fields(row) == (("ask", "", "reply"),)


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({}, r"^the columns \(none\) make no known shape"),
        (
            {"text": "a", "id": 1},
            r"^the columns \(text, id\) make no known shape; known shapes: messages; .*"
            r"--map field=column \(fields: messages, system, instruction, ",
        ),
        (
            {"prompt": "ask"},
            r"^the columns \(prompt\) hold a prompt \(prompt\) but no answer; known",
        ),
        (
            {"response": "reply"},
            r"^the columns \(response\) hold an answer \(response\) but no prompt",
        ),
        (
            {"chosen": "Yes.", "rejected": "No."},
            r"^the columns \(chosen, rejected\) hold a chosen and a rejected answer but no prompt",
        ),
        ({"q": "ask", "chosen": "The a", "rejected": "The b"}, r"but no prompt"),
        ({"prompt": "", "response": "reply"}, r"^column 'prompt' is empty$"),
        ({"prompt": "ask", "response": " \n"}, r"^column 'response' is empty$"),
        ({"prompt": "ask", "chosen": "reply", "rejected": ""}, r"^column 'rejected' is empty$"),
        ({"prompt": "ask", "response": {"a": 1}}, r"^column 'response' holds an object, not text$"),
        (
            {"messages": said(USER, Turn("assistant", ""))},
            r"^messages\[1\] is empty \(.* assistant\)$",
        ),
        ({"messages": said(USER)}, r"^column 'messages' has no message of the assistant$"),
        ({"messages": said(Turn("system", " "))}, r"^column 'messages' holds no message$"),
        (
            {"messages": said(USER, Turn("tool", "42"))},
            r"^messages\[1\] has the role 'tool'; known: system, developer, user",
        ),
        (
            {"messages": [{"role": "user", "content": [{"type": "image_url"}]}]},
            r"^messages\[0\] holds a part that is not text$",
        ),
        (
            {"messages": [{"role": "user", "content": 4}]},
            r"^messages\[0\] holds a value of type int, not text$",
        ),
        (
            {"prompt": "ask", "chosen": said(USER), "rejected": said(WORSE)},
            r"'chosen' does not end with",
        ),
        (
            {"instruction": "a", "instances": [{"output": "b"}, {"output": "c"}]},
            r"^the row holds 2 instances",
        ),
        (
            {"messages": "x", "strategy": "", "origin": None, "judgements": []},
            r"^the row has a sample's columns but is none",
        ),
        (
            {
                "messages": [],
                "strategy": "",
                "origin": None,
                "judgements": [],
                "failure": {
                    "stage": "draft",
                    "reason": "endpoint down",
                    "reply": "",
                    "transient": True,
                },
            },
            r"^the row is a sample without messages \(endpoint down\)$",
        ),
    ],
)
def test_what_is_no_sample(fields: dict[str, Any], sentence: str) -> None:
    with pytest.raises(SeedError, match=sentence) as caught:
        sample_from_fields(fields)
    assert "\n" not in str(caught.value)


def test_a_mapping_that_fits_nothing() -> None:
    with pytest.raises(
        SeedError, match=r"^there is no column 'q' \(mapped to prompt\); columns: ask"
    ):
        sample_from_fields({"ask": "x"}, {"prompt": "q"})
    with pytest.raises(SeedError, match=r"^'foo' is no field to map; known: messages, "):
        sample_from_fields({"ask": "x"}, {"foo": "ask"})


def test_many_columns_are_not_all_listed() -> None:
    with pytest.raises(SeedError, match=r"c19 and 30 more\) make no known shape"):
        sample_from_fields({f"c{i}": i for i in range(50)})


# The generator of judge and filter passes


async def no_model(*args: Any, **values: Any) -> Any:
    raise AssertionError("an existing sample asks no model")


async def test_existing_samples_ask_no_model() -> None:
    seeds = list(Tasks(path="seed_tasks/seed_tasks.jsonl").read(DATA))
    generator = Existing()
    samples = [await generator.draft(seed, Draw(0), no_model) for seed in seeds]
    assert len(samples) == 175
    assert samples[1].instruction == f"{seeds[1].instruction}\n\n{seeds[1].input}"
    assert all(s.response == seed.answer for s, seed in zip(samples, seeds, strict=True))


async def test_each_instance_of_a_row_is_its_own_sample(tmp_path: Path) -> None:
    row = {
        "instruction": "add",
        "instances": [{"input": "1 1", "output": "2"}, {"input": "2 2", "output": "4"}],
    }
    (tmp_path / "d.jsonl").write_text(json.dumps(row))
    seeds = list(Dataset(path="d.jsonl").read(tmp_path))
    samples = [await Existing().draft(seed, Draw(0), no_model) for seed in seeds]
    assert [(s.instruction, s.response) for s in samples] == [
        ("add\n\n1 1", "2"),
        ("add\n\n2 2", "4"),
    ]
    assert [json.loads(s.row or "") for s in samples] == [row, row]
    assert sample_from_seed(seeds[1]) == samples[1]


async def test_an_unusable_row_is_a_failure_with_its_reason() -> None:
    seed = Seed(source="d.jsonl#7", fields={"text": "a"})
    generator = Existing()
    assert generator.accepts(seed)
    with pytest.raises(ReplyError, match=r"the columns \(text\) make no known shape") as caught:
        await generator.draft(seed, Draw(0), no_model)
    assert caught.value.text == '{"text":"a"}'


async def test_the_mapping_of_existing_samples() -> None:
    seed = Seed(source="d.jsonl#1", fields={"q": "ask", "a": "reply"})
    sample = await Existing(map={"prompt": "q", "response": "a"}).draft(seed, Draw(0), no_model)
    assert sample.messages == (USER, ASSISTANT)


def test_a_row_is_drawn_once() -> None:
    with pytest.raises(ValidationError, match="less than or equal to 1"):
        Existing(draws=2)
