"""Content taken out of a run's folder, so that no byte of it is left."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import zlib
from contextlib import suppress
from pathlib import Path

import pytest
from pyarrow import parquet

from silversmith.errors import RunFolderError
from silversmith.pipeline.forgetting import selection
from silversmith.review.plan import plan_review
from silversmith.review.plan_file import read_plan
from silversmith.review.population import read_population
from silversmith.review.records import Verdict
from silversmith.review.store import open_reviews
from silversmith.review.wanted import Wanted

CANARY = "Zyxquorpel the unforgettable"
PERSON = "Wobbelina Quaxworth"


def silversmith(*words: str | Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "silversmith", *map(str, words)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a recipe and its finished run, with a canary in the third of ten seeds,
    reviewed by two people."""
    tmp_path = tmp_path_factory.mktemp("finished")
    seeds = [
        {"instruction": f"Say how {CANARY if n == 2 else f'person {n}'} makes tea in word {n}."}
        for n in range(10)
    ]
    (tmp_path / "seeds.jsonl").write_text(
        "\n".join(json.dumps(one) for one in seeds), encoding="utf-8"
    )
    (tmp_path / "recipe.yaml").write_text(
        "models: {writer: simulated}\n"
        "seeds: [{tasks: seeds.jsonl}]\n"
        "generators: [{instruction: {draws: 2}}]\n",
        encoding="utf-8",
    )
    folder = tmp_path / "run"
    done = silversmith("run", tmp_path / "recipe.yaml", "--out", folder, "--quiet")
    assert done.returncode == 0, done.stderr
    plan = plan_review(folder, Wanted(samples=20, overlap=0, repeats=0, routed=0, seed=1))
    with open_reviews(folder) as reviews:
        reviews.take(plan, folder)
        reviews.add(
            Verdict(
                id=one.item, plan=plan.id, dataset=plan.dataset, item=one.item, sample=one.sample,
                content=one.content, reviewer=PERSON if one.place % 2 else "ann",
                verdict="reject" if one.place < 2 else "accept",
                text=f"{PERSON} thinks so" if one.place % 2 else "",
                when="2026-11-30T12:00:00+00:00",
            )
            for one in plan.items
        )  # fmt: skip
    for command in (("certify", folder), ("export", folder, "-f", "trl-sft", "--allow-simulated")):
        done = silversmith(*command)
        assert done.returncode == 0, done.stderr
    return tmp_path


@pytest.fixture
def run(finished: Path, tmp_path: Path) -> Path:
    """A copy of the finished run of one's own."""
    shutil.copytree(finished, tmp_path / "copy")
    return tmp_path / "copy" / "run"


def holding(folder: Path, words: str) -> list[str]:
    """The files that hold these words, compressed or not."""
    found = []
    for path in sorted(p for p in folder.rglob("*") if p.is_file()):
        text = path.read_bytes()
        if path.suffix == ".parquet":
            text += json.dumps(parquet.read_table(path).to_pylist(), default=str).encode()
        if path.name == "journal.db":
            text += journal_texts(path)
        if words.encode() in text or words.encode("utf-16-le") in text:
            found.append(path.relative_to(folder).as_posix())
    return found


def journal_texts(path: Path) -> bytes:
    """All that can be decompressed at any place of the file, free pages included."""
    data = path.read_bytes()
    texts = []
    start = 0
    while (start := data.find(b"\x78", start)) >= 0:
        with suppress(zlib.error):
            texts.append(zlib.decompressobj().decompress(data[start : start + 200_000]))
        start += 1
    return b"\n".join(texts)


def books(folder: Path) -> dict[str, int]:
    return dict(json.loads((folder / "manifest.json").read_text(encoding="utf-8"))["books"])


def test_a_seed_is_gone_to_the_last_byte_and_the_books_balance(run: Path) -> None:
    before = books(run)
    assert {"journal.db", "kept/part-00000.parquet"} <= set(holding(run, CANARY))
    files = {path: path.read_bytes() for path in run.rglob("*") if path.is_file()}

    shown = silversmith("forget", run, "--seed", "seeds.jsonl#3")
    assert shown.returncode == 0, shown.stderr
    assert "2 samples (2 kept, 0 dropped, 0 failed, 0 of earlier plans)" in shown.stdout
    assert "add --yes" in shown.stdout
    unchanged = {"journal.db", "review.db"}  # opened, so that their logs may have been moved
    assert all(
        path.read_bytes() == text
        for path, text in files.items()
        if path.exists() and path.name.partition("-")[0] not in unchanged
    )

    done = silversmith("forget", run, "--seed", "seeds.jsonl#3", "--yes")
    assert done.returncode == 0, done.stderr
    assert holding(run, CANARY) == []
    after = books(run)
    assert after["planned"] == before["planned"] == sum(after.values()) - after["planned"]
    assert (after["kept"], after["failed"]) == (before["kept"] - 2, before["failed"] + 2)
    failed = parquet.read_table(run / "failed").to_pylist()
    assert [row["failure"]["reason"] for row in failed[-2:]] == ["forgotten on request"] * 2
    manifest = json.loads((run / "manifest.json").read_text(encoding="utf-8"))
    assert manifest["forgotten"][0]["samples"] == 2
    again = silversmith("forget", run, "--seed", "seeds.jsonl#3", "--yes")
    assert "holds nothing of the seed seeds.jsonl#3" in again.stdout


def test_the_same_command_does_not_draft_it_again(run: Path) -> None:
    assert silversmith("forget", run, "--where", f"text~{CANARY}", "--yes").returncode == 0
    before = books(run)
    done = silversmith("run", run.parent / "recipe.yaml", "--out", run, "--quiet")
    assert done.returncode == 0, done.stderr
    assert books(run) == before
    manifest = json.loads((run / "manifest.json").read_text(encoding="utf-8"))
    assert manifest["this_run"]["calls"] == 0
    assert holding(run, CANARY) == []


def test_what_was_drawn_of_the_rest_still_speaks_of_the_rest(run: Path) -> None:
    assert silversmith("forget", run, "--seed", "seeds.jsonl#3", "--yes").returncode == 0
    plan = read_plan(run)
    assert plan is not None
    assert plan.dataset == read_population(run).hash
    assert (plan.population, len(plan.items)) == (18, 18)
    assert not (run / "certificate.json").exists()
    done = silversmith("certify", run, "--json")
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert (found["population"], found["seen"]) == (18, 18)


def test_a_reviewer_is_gone_to_the_last_byte(run: Path) -> None:
    assert "review.db" in " ".join(holding(run, PERSON))
    assert "certificate.md" in holding(run, PERSON)
    done = silversmith("forget", run, "--reviewer", PERSON, "--yes")
    assert done.returncode == 0, done.stderr
    assert "10 entries of the log of verdicts" in done.stdout
    assert holding(run, PERSON) == []
    assert len(parquet.read_table(run / "kept")) == books(run)["kept"] == 20
    with open_reviews(run) as reviews:
        assert {one.reviewer for one in reviews.verdicts()} == {"ann"}


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ((), "Nothing is named"),
        (("--where", "seed"), "FIELD=VALUE"),
        (("--where", "text~"), "FIELD=VALUE"),
    ],
)
def test_a_condition_that_is_none(tmp_path: Path, words: tuple[str, ...], said: str) -> None:
    done = silversmith("forget", tmp_path, *words)
    assert done.returncode == 1
    assert said in done.stderr


def test_what_is_no_run_is_said(tmp_path: Path) -> None:
    done = silversmith("forget", tmp_path, "--reviewer", "ann")
    assert done.returncode == 1
    assert "is no run's folder" in done.stderr


def test_conditions_look_into_columns() -> None:
    row = {
        "strategy": "domain", "labels": ["a > b", "c"],
        "seed": {"id": "1", "source": "x.jsonl#2"},
        "attributes": [{"name": "persona", "value": "Nurse"}],
    }  # fmt: skip
    for where, chosen in (
        (("strategy=domain",), True),
        (("labels=c", "seed.source=x.jsonl#2"), True),
        (("attributes.value~nurse",), True),
        (("text~NURSE",), True),
        (("labels=b",), False),
        (("strategy=domain", "seed.source=x.jsonl#3"), False),
    ):
        chooses = selection(where=where).chooses
        assert chooses is not None
        assert chooses(row) is chosen
    with pytest.raises(RunFolderError):
        selection()
