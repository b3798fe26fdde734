"""Samples are filtered as they are settled; what comes out is the same."""

from pathlib import Path

import pyarrow.parquet as pq
import pytest

from silversmith import Recipe
from silversmith.errors import CheckError
from silversmith.pipeline import meanwhile
from silversmith.pipeline.filtering import Filtering

TASKS = Path(__file__).parents[2] / "recipes" / "data" / "seed_tasks.jsonl"
ROW_FILTERS = [{"score": {"min": 0.5}}, {"length": {"min_words": 3}}]


@pytest.fixture(scope="module")
def server(module_simulate):
    return module_simulate(latency_ms=20, flawed=0.3, malformed_rate=0.1, seed=7)


@pytest.fixture
def slow(server):
    """What makes the recipe of a run that takes a while."""
    writer = {"model": "simulated", "base_url": server.url, "concurrency": 16}

    def recipe(**changes):
        values = {
            "models": {"writer": writer},
            "seeds": [{"tasks": str(TASKS)}],
            "generators": ["instruction"],
            "judges": ["rubric"],
            "filters": ROW_FILTERS,
            "attempts": 1,
            "limit": 100,
        }
        return Recipe(**{**values, **changes})

    return recipe


@pytest.fixture
def early(monkeypatch):
    """Ten rows at a time, looked for all the time; the numbers of rows that were filtered early."""
    added = []
    add = Filtering.add

    def noted(self, batch):
        added.append(len(batch))
        add(self, batch)

    monkeypatch.setattr(meanwhile, "ROWS_AT_A_TIME", 10)
    monkeypatch.setattr("silversmith.pipeline.batches.ROWS_AT_A_TIME", 10)
    monkeypatch.setattr(meanwhile, "LOOK_SECONDS", 0.01)
    monkeypatch.setattr(Filtering, "add", noted)
    return added


def rows(folder, name="kept"):
    return pq.read_table(folder / name).to_pylist()


def files(folder):
    return {
        f"{name}/{path.name}": path.read_bytes()
        for name in ("kept", "dropped", "failed")
        for path in sorted(Path(folder, name).iterdir())
    }


@pytest.fixture
def undisturbed(tmp_path, monkeypatch, slow):
    """The files of a run that filters at its end alone."""
    monkeypatch.setattr("silversmith.pipeline.batches.ROWS_AT_A_TIME", 10)
    slow().run(tmp_path / "undisturbed")
    return files(tmp_path / "undisturbed")


def test_the_files_are_the_same(tmp_path, undisturbed, early, slow):
    report = slow().run(tmp_path / "run")

    assert 0 < sum(early) <= report.balance.kept + report.balance.dropped
    assert files(tmp_path / "run") == undisturbed
    assert rows(tmp_path / "run", "failed")


def test_a_run_that_goes_on_begins_anew(tmp_path, undisturbed, early, slow):
    slow(limit=40).run(tmp_path / "run")
    slow().run(tmp_path / "run")

    assert files(tmp_path / "run") == undisturbed


def test_failed_samples_that_are_asked_for_again_come_to_their_place(tmp_path, early, slow):
    slow().run(tmp_path / "run")
    failed = len(rows(tmp_path / "run", "failed"))
    again = slow(attempts=3).run(tmp_path / "run", retry_failed=True)

    assert again.balance.failed < failed
    kept, dropped = rows(tmp_path / "run"), rows(tmp_path / "run", "dropped")
    assert len(kept) + len(dropped) + again.balance.failed == 100
    slow(attempts=3).run(tmp_path / "other", retry_failed=True)
    seeds = [[row["seed"]["id"] for row in rows(tmp_path / run)] for run in ("run", "other")]
    assert seeds[0] == seeds[1]


def test_filters_over_the_whole_dataset_wait_for_its_end(tmp_path, early, slow):
    report = slow(filters=[*ROW_FILTERS, "exact_duplicates"]).run(tmp_path / "run")

    assert early == []
    assert report.balance.kept > 20


def test_what_a_filter_cannot_decide_ends_the_run_with_its_sentence(tmp_path, early, slow):
    with pytest.raises(CheckError, match="score"):
        slow(judges=[]).run(tmp_path / "run")

    assert not (tmp_path / "run" / "kept").exists()
    assert not (tmp_path / "run" / ".writing").exists()
