"""The kept samples of a run, exported and read back as a trainer reads them."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from pathlib import Path

import datasets
import pytest
from pyarrow import parquet

from silversmith.errors import ExportError, RunFolderError
from silversmith.exports import Export, export
from silversmith.exports.jsonl import Jsonl
from silversmith.exports.trl_dpo import TrlDpo
from silversmith.exports.trl_sft import TrlSft
from silversmith.records import (
    Flaw,
    Judgement,
    Origin,
    Sample,
    Turn,
    sample_from_json,
    sample_to_json,
    table_from_json,
)

REAL = Origin("instruction", model="a-model")
SIMULATED = Origin("instruction", model="simulated", simulated=True)


def pair(name: str, rejected: tuple[Turn, ...] = (), origin: Origin = REAL) -> Sample:
    return Sample.pair(
        f"question {name}",
        f"answer {name} ☃",
        system="Be brief.",
        id=name,
        strategy="instruction",
        origin=origin,
        rejected=rejected,
    )


def contrast(name: str) -> Sample:
    """A pair whose rejected half is the whole conversation."""
    sample = pair(name)
    wrong = Turn("assistant", f"wrong answer {name}")
    return sample.with_(rejected=(*sample.messages[:-1], wrong), flaw=Flaw("wrong_step"))


def write_run(folder: Path, *parts: Iterable[Sample]) -> Path:
    """A run's folder with the samples in kept/, one file for each part."""
    kept = folder / "kept"
    kept.mkdir(parents=True)
    for number, samples in enumerate(parts):
        table = table_from_json([sample_to_json(sample) for sample in samples])
        parquet.write_table(table, kept / f"part-{number:05}.parquet")
    return folder


def load(path: Path, tmp_path: Path) -> datasets.Dataset:
    """What `datasets` makes of a folder of JSON lines."""
    return datasets.load_dataset(
        "json", data_dir=str(path), split="train", cache_dir=str(tmp_path / "cache")
    )


def test_sft_rows_are_conversations_in_the_order_of_the_dataset(tmp_path: Path) -> None:
    run = write_run(tmp_path / "run", [pair("b"), pair("a")], [contrast("c")])

    report = export(run, TrlSft())

    assert report.path == run / "exports" / "trl-sft" / "data.jsonl"
    assert (report.samples, report.rows, report.left_out) == (3, 3, {})
    data = load(report.path.parent, tmp_path)
    assert data.column_names == ["messages"]
    assert data[0]["messages"] == [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": "question b"},
        {"role": "assistant", "content": "answer b ☃"},
    ]
    assert [row["messages"][-1]["content"] for row in data] == [
        "answer b ☃",
        "answer a ☃",
        "answer c ☃",
    ]


def test_each_row_s_sample_can_be_found_again(tmp_path: Path) -> None:
    run = write_run(tmp_path / "run", [pair("b"), pair("a")])
    report = export(run, TrlSft())
    assert report.ids is not None
    assert report.ids.read_text().splitlines() == ["b", "a"]
    # The file with the ids is no row of the dataset, however the folder is loaded.
    whole = datasets.load_dataset(str(report.path.parent), cache_dir=str(tmp_path / "cache"))
    assert whole["train"].num_rows == 2


def test_dpo_rows_part_where_the_answers_differ(tmp_path: Path) -> None:
    only_the_answer = pair("b", rejected=(Turn("assistant", "wrong answer b"),))
    run = write_run(tmp_path / "run", [contrast("a"), only_the_answer])

    data = load(export(run, TrlDpo()).path.parent, tmp_path)

    assert data.column_names == ["prompt", "chosen", "rejected"]
    assert list(data) == [
        {
            "prompt": [
                {"role": "system", "content": "Be brief."},
                {"role": "user", "content": f"question {name}"},
            ],
            "chosen": [{"role": "assistant", "content": f"answer {name} ☃"}],
            "rejected": [{"role": "assistant", "content": f"wrong answer {name}"}],
        }
        for name in "ab"
    ]


def test_dpo_takes_a_dialogue_apart_at_the_first_answer_that_differs() -> None:
    opening = (Turn("user", "hi"), Turn("assistant", "hello"), Turn("user", "2 + 2?"))
    sample = Sample(
        messages=(*opening, Turn("assistant", "4"), Turn("user", "thanks")),
        rejected=(*opening, Turn("assistant", "5")),
    )
    (row,) = TrlDpo().rows(sample)
    assert [turn["content"] for turn in row["prompt"]] == ["hi", "hello", "2 + 2?"]
    assert [turn["content"] for turn in row["chosen"]] == ["4", "thanks"]
    assert [turn["content"] for turn in row["rejected"]] == ["5"]


def test_dpo_counts_what_is_no_pair_by_reason(tmp_path: Path) -> None:
    equal = pair("same")
    other_prompt = (Turn("user", "another question"), Turn("assistant", "wrong"))
    run = write_run(
        tmp_path / "run",
        [contrast("a"), pair("b"), pair("c")],
        [equal.with_(rejected=equal.messages), pair("d", rejected=other_prompt)],
    )

    report = export(run, TrlDpo())

    assert (report.samples, report.rows) == (5, 1)
    assert report.left_out == {
        "no rejected answer": 2,
        "chosen and rejected are equal, or answer different prompts": 2,
    }
    assert "1 row from 5 samples" in str(report)
    assert "2 (no rejected answer)" in str(report)
    assert report.ids is not None
    assert report.ids.read_text() == "a\n"


def test_a_format_that_fits_no_sample_is_refused(tmp_path: Path) -> None:
    run = write_run(tmp_path / "run", [pair("a"), pair("b")])
    with pytest.raises(
        ExportError, match=r"none of the 2 kept samples .* 2 \(no rejected answer\)"
    ):
        export(run, TrlDpo())
    assert [p for p in (run / "exports").rglob("*") if p.is_file()] == []


def test_a_sample_without_an_answer_is_no_sft_row(tmp_path: Path) -> None:
    unanswered = Sample(messages=(Turn("user", "anyone?"),), id="u", origin=REAL)
    run = write_run(tmp_path / "run", [pair("a"), unanswered])
    assert export(run, TrlSft()).left_out == {"no answer": 1}


def test_jsonl_keeps_every_field(tmp_path: Path) -> None:
    judged = contrast("a").with_(
        judgements=(Judgement("rubric", "accuracy", "a-model", 0.75, 4.0, "sound"),), score=0.75
    )
    run = write_run(tmp_path / "run", [judged, pair("b")])

    report = export(run, Jsonl())

    assert report.ids is None
    lines = report.path.read_bytes().splitlines()
    assert [sample_from_json(line) for line in lines] == [judged, pair("b")]
    assert set(json.loads(lines[0])) == set(json.loads(lines[1])) == set(Sample.__slots__)


def test_simulated_samples_are_refused_unless_allowed(tmp_path: Path) -> None:
    half = contrast("c").with_(rejected_origin=SIMULATED)
    run = write_run(tmp_path / "run", [pair("a"), pair("b", origin=SIMULATED)], [half])

    with pytest.raises(ExportError, match=r"2 of the 3 kept samples.*--allow-simulated"):
        export(run, TrlSft())
    assert not (run / "exports").exists()

    report = export(run, TrlSft(), allow_simulated=True)
    assert (report.rows, report.simulated) == (3, 2)
    assert "2 simulated" in str(report)


def test_another_folder_and_another_time(tmp_path: Path) -> None:
    run = write_run(tmp_path / "run", [pair("a")])
    first = export(run, TrlSft(), to=tmp_path / "there")
    assert first.path == tmp_path / "there" / "data.jsonl"
    assert export(run, TrlSft(), to=tmp_path / "there") == first
    files = {p.relative_to(tmp_path / "there").as_posix() for p in first.path.parent.rglob("*.*")}
    assert files == {
        "README.md", "data.jsonl", "__ids__/data.txt", "__about__/provenance.json"
    }  # fmt: skip


class Breaks(Export):
    """Gives one row that orjson cannot write, after one that it can."""

    kind = "breaks"

    def rows(self, sample: Sample) -> Iterable[dict[str, object]]:
        yield {"good": 1}
        yield {"bad": object()}


def test_an_export_that_breaks_leaves_the_earlier_file(tmp_path: Path) -> None:
    run = write_run(tmp_path / "run", [pair("a")])
    there = tmp_path / "there"
    before = export(run, TrlSft(), to=there).path.read_bytes()
    with pytest.raises(TypeError):
        export(run, Breaks(), to=there)
    assert (there / "data.jsonl").read_bytes() == before
    assert sorted(p.name for p in there.iterdir()) == [
        "README.md",
        "__about__",
        "__ids__",
        "data.jsonl",
    ]


def test_what_is_no_run_is_said(tmp_path: Path) -> None:
    with pytest.raises(ExportError, match="is no folder"):
        export(tmp_path / "missing", TrlSft())
    with pytest.raises(ExportError, match="is no run's folder"):
        export(tmp_path, TrlSft())


def test_a_run_that_kept_nothing_yet_is_said(tmp_path: Path) -> None:
    (tmp_path / "manifest.json").write_text('{"schema_version": 1}')
    with pytest.raises(ExportError, match="no samples in kept/ yet"):
        export(tmp_path, TrlSft())
    write_run(tmp_path, [])
    with pytest.raises(ExportError, match="kept no samples"):
        export(tmp_path, TrlSft())


def test_a_run_of_a_newer_version_is_refused(tmp_path: Path) -> None:
    run = write_run(tmp_path / "run", [pair("a")])
    (run / "manifest.json").write_text('{"schema_version": 99}')
    with pytest.raises(RunFolderError, match="newer silversmith"):
        export(run, TrlSft())


def test_damaged_and_foreign_parquet_is_said(tmp_path: Path) -> None:
    run = write_run(tmp_path / "run", [pair(str(number)) for number in range(50)])
    part = run / "kept" / "part-00000.parquet"
    whole = part.read_bytes()

    part.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(ExportError, match=r"part-00000\.parquet cannot be read as Parquet"):
        export(run, TrlSft())

    parquet.write_table(table_from_json([]).select(["id", "score"]), part)
    with pytest.raises(ExportError, match="holds no samples of silversmith"):
        export(run, TrlSft())


@pytest.mark.parametrize("place", ["file", "folder"])
def test_a_place_that_cannot_be_written_is_said(tmp_path: Path, place: str) -> None:
    run = write_run(tmp_path / "run", [pair("a")])
    blocked = tmp_path / "blocked"
    if place == "file":
        blocked.write_text("not a folder")
    else:
        (blocked / "data.jsonl").mkdir(parents=True)
    with pytest.raises(ExportError, match="could not be written"):
        export(run, TrlSft(), to=blocked)


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="the system has no /dev/full")
def test_a_full_disk_is_said(tmp_path: Path) -> None:
    run = write_run(tmp_path / "run", [pair(str(number)) for number in range(50)])
    there = tmp_path / "there"
    there.mkdir()
    (there / f".data.jsonl.{os.getpid()}").symlink_to("/dev/full")
    with pytest.raises(ExportError, match=r"No space left on device.*make room"):
        export(run, TrlSft(), to=there)
    assert not (there / "data.jsonl").exists()
