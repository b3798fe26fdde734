"""Samples of one generator are asked for together; the dataset's order does not depend on it."""

import json

import pyarrow.parquet as pq
import pytest

from silversmith import Recipe
from silversmith.pipeline.grouping import grouped


class Sample:
    def __init__(self, number, title):
        self.number = number
        self.generator = type("Generator", (), {"title": title})


async def plan(titles):
    for number, title in enumerate(titles):
        yield Sample(number, title)


async def test_each_handful_is_sorted_by_generator_and_nothing_is_lost():
    titles = ["a", "b", "a", "c", "b", "a", "b"]
    found = [one async for one in grouped(plan(titles), most=4)]
    assert [one.number for one in found] == [0, 2, 1, 3, 4, 6, 5]
    assert [one async for one in grouped(plan([]))] == []


@pytest.fixture
def tasks(tmp_path):
    rows = [{"instruction": f"Name a fruit that begins with {letter}."} for letter in "abcdefgh"]
    (tmp_path / "tasks.jsonl").write_text("\n".join(map(json.dumps, rows)))
    return tmp_path / "tasks.jsonl"


def test_a_run_asks_by_generator_and_its_files_are_in_the_order_of_seeds(tasks, tmp_path, simulate):
    server = simulate()
    recipe = Recipe(
        models={"writer": {"model": "tiny", "base_url": server.url, "concurrency": 1}},
        seeds=[{"tasks": str(tasks)}],
        generators=[{"instruction": {"name": "one"}}, {"contrast": {"name": "two"}}],
    )
    report = recipe.run(tmp_path / "run")
    assert report.balance.planned == 16
    rows = pq.read_table(report.folder / "kept").to_pylist()
    sources = [row["seed"]["source"] for row in rows]
    assert sources == sorted(sources, key=lambda one: int(one.rpartition("#")[2]))
