"""Splits of a dataset: by seed and prompt, by share, and always in the same way."""

from __future__ import annotations

import random
from collections import Counter
from pathlib import Path

import datasets
import pytest
from pyarrow import parquet

from silversmith.errors import ExportError
from silversmith.exports import Splits, export
from silversmith.exports.jsonl import Jsonl
from silversmith.exports.trl_dpo import TrlDpo
from silversmith.exports.trl_sft import TrlSft
from silversmith.records import Origin, Sample, SeedRef, Turn, sample_to_json, table_from_json

ORIGIN = Origin("instruction", model="a-model")


def sample(name: str, seed: str = "", prompt: str = "", strategy: str = "instruction") -> Sample:
    return Sample.pair(
        prompt or f"question {name}",
        f"answer {name}",
        id=name,
        strategy=strategy,
        seed=SeedRef(seed, "seeds.jsonl#1") if seed else None,
        origin=ORIGIN,
        rejected=(Turn("assistant", "wrong"),) if strategy == "contrast" else (),
    )


def write_run(folder: Path, samples: list[Sample], parts: int = 1) -> Path:
    (folder / "kept").mkdir(parents=True)
    for part in range(parts):
        table = table_from_json([sample_to_json(one) for one in samples[part::parts]])
        parquet.write_table(table, folder / "kept" / f"part-{part:05}.parquet")
    return folder


def placed(run: Path, split: str, seed: int = 0, to: Path | None = None) -> dict[str, str]:
    """The split of each sample that has a row, by its id."""
    report = export(run, TrlSft(), to, splits=Splits.parse(split, seed))
    there = report.card.parent
    return {
        name: split
        for split in report.splits
        for name in (there / "__ids__" / f"{split}.txt").read_text().split()
    }


def mixed(count: int) -> list[Sample]:
    """Samples of three strategies; seeds with one to nine samples each."""
    dice = random.Random(7)
    found: list[Sample] = []
    while len(found) < count:
        seed = f"seed{len(found)}"
        for _ in range(dice.randint(1, 9)):
            strategy = dice.choices(["instruction", "reasoning", "contrast"], [6, 3, 1])[0]
            found.append(sample(f"s{len(found)}", seed, strategy=strategy))
    return found[:count]


def test_no_seed_is_in_two_splits_and_each_has_its_share_of_every_strategy(tmp_path: Path) -> None:
    samples = mixed(2000)
    where = placed(write_run(tmp_path / "run", samples, parts=3), "train=90,validation=5,test=5")
    assert len(where) == 2000

    by_seed: dict[str, set[str]] = {}
    for one in samples:
        assert one.seed is not None
        by_seed.setdefault(one.seed.id, set()).add(where[one.id])
    assert all(len(splits) == 1 for splits in by_seed.values())

    sizes = Counter(where.values())
    assert abs(sizes["train"] - 1800) <= 2
    assert abs(sizes["validation"] - 100) <= 2
    assert abs(sizes["test"] - 100) <= 2
    for strategy, share in (("instruction", 0.6), ("reasoning", 0.3), ("contrast", 0.1)):
        of_it = Counter(where[one.id] for one in samples if one.strategy == strategy)
        assert of_it["test"] == pytest.approx(share * 100, abs=4)
        assert of_it["validation"] == pytest.approx(share * 100, abs=4)


def test_large_seeds_are_in_every_split_by_share(tmp_path: Path) -> None:
    """The tests are not left with the small seeds."""
    samples = [sample(f"b{n}", f"big{n // 10}") for n in range(400)]
    samples += [sample(f"l{n}", f"little{n}") for n in range(100)]
    where = placed(write_run(tmp_path / "run", samples), "train=0.8,test=0.2")
    assert Counter(where.values()) == {"train": 400, "test": 100}
    big = Counter(split for name, split in where.items() if name.startswith("b"))
    assert big == {"train": 320, "test": 80}


def test_what_shares_a_prompt_stays_together(tmp_path: Path) -> None:
    """Seeds without an id, the same task in two files, and what hangs together through both."""
    samples = [sample(f"x{n}", f"s{n}") for n in range(40)]
    same = [
        sample("a", "s1", "What is  silver?"),
        sample("b", "other", "what is silver?"),
        sample("c", "other", "What is gold?"),
        sample("d", "", "What is gold?"),
    ]
    run = write_run(tmp_path / "run", [*samples, *same])
    for seed in range(6):
        where = placed(run, "train=1,test=1", seed)
        assert len({where[name] for name in ("x1", "a", "b", "c", "d")}) == 1


def test_a_system_message_is_part_of_the_prompt(tmp_path: Path) -> None:
    samples = [
        Sample.pair("Tell me.", "No.", system=f"The word is {n}.", id=f"s{n}", origin=ORIGIN)
        for n in range(20)
    ]
    where = placed(write_run(tmp_path / "run", samples), "train=1,test=1")
    assert Counter(where.values()) == {"train": 10, "test": 10}


def test_the_split_seed_alone_decides(tmp_path: Path) -> None:
    run = write_run(tmp_path / "run", mixed(300))
    first = placed(run, "train=0.8,test=0.2")
    assert placed(run, "train=80,test=20", to=tmp_path / "again") == first
    other = placed(run, "train=0.8,test=0.2", seed=1)
    assert other != first
    for where in (first, other):
        assert abs(Counter(where.values())["test"] - 60) <= 2


def test_every_format_splits_the_seeds_in_the_same_way(tmp_path: Path) -> None:
    run = write_run(tmp_path / "run", mixed(600))
    splits = Splits.parse("train=0.8,test=0.2")
    report = export(run, TrlDpo(), splits=splits)
    where = placed(run, "train=0.8,test=0.2")
    for split in report.splits:
        ids = (report.card.parent / "__ids__" / f"{split}.txt").read_text().split()
        assert ids
        assert {where[name] for name in ids} == {split}


def test_the_folder_loads_with_its_splits(tmp_path: Path) -> None:
    samples = [sample(f"s{n}", f"seed{n}") for n in range(100)]
    run = write_run(tmp_path / "run", samples)
    report = export(run, TrlSft(), splits=Splits.parse("train=0.8,validation=0.1,holdout=0.1"))
    assert report.splits == {"train": 80, "validation": 10, "holdout": 10}
    assert "(train 80, validation 10, holdout 10)" in str(report)
    loaded = datasets.load_dataset(str(report.card.parent), cache_dir=str(tmp_path / "cache"))
    assert {name: part.num_rows for name, part in loaded.items()} == report.splits
    # In the order of the dataset within each split.
    numbers = [int(row["messages"][0]["content"].split("s")[-1]) for row in loaded["train"]]
    assert numbers == sorted(numbers)


def test_too_few_seeds_are_said(tmp_path: Path) -> None:
    one_seed = [sample(f"s{n}", "the only one") for n in range(30)]
    run = write_run(tmp_path / "run", one_seed)
    with pytest.raises(ExportError, match=r"test would have no samples: .* of 1 seeds"):
        export(run, TrlSft(), splits=Splits.parse("train=0.9,test=0.1"))
    assert not (run / "exports").exists()


def test_a_split_that_a_format_has_no_row_of_is_said(tmp_path: Path) -> None:
    samples = [sample(f"s{n}", f"seed{n}") for n in range(30)]
    run = write_run(tmp_path / "run", [*samples, sample("p", "p", strategy="contrast")])
    with pytest.raises(ExportError, match=r"no sample in \w+ gives a row of trl-dpo"):
        export(run, TrlDpo(), splits=Splits.parse("train=0.5,test=0.5"))


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ("train", "the share of train is ''"),
        ("train=1", "1 splits are named"),
        ("train=0.9,test=x", "the share of test is 'x'"),
        ("train=0.9,test=-1", "the share of test is '-1'"),
        ("train=0.9,test=nan", "the share of test is 'nan'"),
        ("train=0.9,train=0.1", "train is named twice"),
        ("train=0.9,../x=0.1", "names no split"),
        ("train=0.9,", "names no split"),
    ],
)
def test_words_that_are_no_splits(words: str, says: str) -> None:
    with pytest.raises(ExportError, match=says):
        Splits.parse(words)


def test_ids_stand_in_the_rows_where_the_format_has_them(tmp_path: Path) -> None:
    run = write_run(tmp_path / "run", [sample(f"s{n}", f"seed{n}") for n in range(10)])
    report = export(run, Jsonl(), splits=Splits.parse("train=0.5,test=0.5"))
    assert report.ids is None
    assert sorted(path.name for path in report.card.parent.iterdir()) == [
        "README.md", "__about__", "test.jsonl", "train.jsonl",
    ]  # fmt: skip
