"""Dialogues of several turns in the training formats, read back as a trainer reads them."""

from __future__ import annotations

from pathlib import Path

import datasets
from pyarrow import parquet

from silversmith.exports import Export, export
from silversmith.exports.jsonl import Jsonl
from silversmith.exports.trl_sft import TrlSft
from silversmith.exports.trl_sft_turns import TrlSftTurns
from silversmith.records import Mention, Origin, Sample, Turn, sample_to_json, table_from_json

SOUND = (
    Turn("system", "You answer for the town hall."),
    Turn("user", "how much is the permit?", "ask"),
    Turn("assistant", "For a car?", "clarify", (1,), (Mention("the permit", 1, "For a car"),)),
    Turn("user", "yes", "specify", (2,)),
    Turn("assistant", "40 euros a year.", "answer", (1, 3)),
)
MENDED = (
    Turn("user", "how much is the permit?", "ask"),
    Turn("assistant", "It is 30 euros a year.", "mistake", (0,)),
    Turn("user", "are you sure? it says 40 here", "correct", (1,)),
    Turn("assistant", "You are right, it is 40.", "amend", (1, 2)),
    Turn("user", "thanks", "close"),
    Turn("assistant", "You are welcome.", "close", (4,)),
)


def read(tmp_path: Path, format_: Export) -> tuple[datasets.Dataset, dict[str, int]]:
    """The rows that a run with both dialogues has in a format, and what was left out of it."""
    kept = tmp_path / "run" / "kept"
    kept.mkdir(parents=True)
    samples = [
        Sample(messages=turns, id=name, strategy="conversation", origin=Origin("c", model="m"))
        for name, turns in (("sound", SOUND), ("mended", MENDED))
    ]
    table = table_from_json([sample_to_json(sample) for sample in samples])
    parquet.write_table(table, kept / "part-00000.parquet")
    report = export(tmp_path / "run", format_)
    data = datasets.load_dataset(
        "json", data_files=str(report.path), split="train", cache_dir=str(tmp_path / "cache")
    )
    return data, report.left_out


def said(messages: list[dict[str, str]]) -> list[tuple[str, str]]:
    return [(message["role"], message["content"]) for message in messages]


def test_messages_carry_all_turns_and_a_mistake_is_not_learned(tmp_path: Path) -> None:
    data, left_out = read(tmp_path, TrlSft())
    assert [said(row["messages"]) for row in data] == [
        [(turn.role, turn.content) for turn in SOUND]
    ]
    assert left_out == {"a turn is a planned mistake (trl-sft-turns has the others)": 1}


def test_each_turn_of_the_assistant_but_a_mistake_is_learned_by_itself(tmp_path: Path) -> None:
    data, left_out = read(tmp_path, TrlSftTurns())
    assert data.column_names == ["prompt", "completion"]
    assert left_out == {}
    assert [said(row["completion"]) for row in data] == [
        [("assistant", "For a car?")],
        [("assistant", "40 euros a year.")],
        [("assistant", "You are right, it is 40.")],
        [("assistant", "You are welcome.")],
    ]
    assert said(data[1]["prompt"]) == [(turn.role, turn.content) for turn in SOUND[:-1]]
    assert said(data[2]["prompt"])[1] == ("assistant", "It is 30 euros a year.")


def test_what_is_said_of_each_turn_stays_in_jsonl(tmp_path: Path) -> None:
    data, _ = read(tmp_path, Jsonl())
    turn = data[0]["messages"][2]
    assert (turn["act"], turn["depends_on"]) == ("clarify", [1])
    assert turn["entities"] == [{"entity": "the permit", "turn": 1, "words": "For a car"}]
