"""Runs in batch mode and the same without it, over one simulated server."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from silversmith import Recipe

QUICK = {"batch": True, "batch_wait": 0.1, "batch_poll": 0.1}


@pytest.fixture
def recipe(tmp_path: Path) -> Callable[..., Recipe]:
    """A recipe that drafts and judges with one model; options of the model by name."""
    lines = [f'{{"instruction": "Explain how to count {n} sheep in a row."}}' for n in range(60)]
    (tmp_path / "seeds.jsonl").write_text("\n".join(lines) + "\n")

    def make(
        url: str, *, limit: int = 30, judges: tuple[str, ...] = ("rubric",), **model: Any
    ) -> Recipe:
        return Recipe(
            name="sheep",
            folder=tmp_path,
            models={"writer": {"base_url": url, "model": "simulated", **model}},
            seeds=[{"tasks": "seeds.jsonl"}],
            generators=["instruction"],
            judges=list(judges),
            filters=[{"score": {"min": 0.5}}] if judges else [],
            limit=limit,
        )

    return make


@pytest.fixture
def batched(recipe: Callable[..., Recipe]) -> Callable[..., Recipe]:
    """The same in batch mode, with short waits."""
    return lambda url, **options: recipe(url, **{**QUICK, **options})


@pytest.fixture
def dataset() -> Callable[[Path], dict[str, Any]]:
    """All rows of a run."""
    return lambda out: {
        name: pq.read_table(out / name).to_pylist() for name in ("kept", "dropped", "failed")
    }


@pytest.fixture
def submitted() -> Callable[[Path], list[list[Any]]]:
    """What a run's journal notes as submitted: file, batch and requests each."""

    def read(out: Path) -> list[list[Any]]:
        db = sqlite3.connect(f"file:{out / 'journal.db'}?mode=ro", uri=True)
        rows = db.execute("SELECT value FROM meta WHERE key LIKE 'batches of %'").fetchall()
        db.close()
        return [one for (value,) in rows for one in json.loads(value)]

    return read
