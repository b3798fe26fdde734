"""A connection is opened once for all who wait for it."""

import pytest

from silversmith import Recipe
from silversmith.errors import EndpointError


async def test_what_cannot_be_opened_is_tried_once(endpoint, tmp_path):
    endpoint.always(endpoint.error(401, "wrong key"))
    tasks = '{"instruction": "Name a tree."}\n{"instruction": "Name a river."}\n'
    (tmp_path / "tasks.jsonl").write_text(tasks)
    recipe = Recipe(
        models={"writer": {"model": "m", "base_url": endpoint.url, "concurrency": 16}},
        seeds=[{"tasks": str(tmp_path / "tasks.jsonl")}],
        generators=[{"instruction": {"draws": 8}}],
    )
    with pytest.raises(EndpointError, match="key"):
        await recipe.run_async(tmp_path / "run")
    assert len(endpoint.bodies) == 1
