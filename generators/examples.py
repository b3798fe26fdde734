"""A file of tasks that are shown as examples."""

from __future__ import annotations

from pathlib import Path

import orjson

from ..errors import RecipeError, SeedError
from ..records.shapes import Task, tasks_from_fields

__all__ = ["read_examples"]


def read_examples(path: Path, where: str) -> list[Task]:
    """The tasks of a JSON Lines file, in the shapes that `tasks` seeds may have, in its order.

    Args:
        path: the file.
        where: the option that names it, for messages.

    Raises:
        RecipeError: it cannot be read, or a line holds no task; says which and what to do.
    """
    try:
        lines = path.read_bytes().splitlines()
    except OSError as error:
        reason = error.strerror or str(error)
        raise RecipeError(
            f"{where}: {path} cannot be read ({reason}); name a file of JSON Lines"
        ) from error
    tasks: list[Task] = []
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        at = f"{where}: {path}:{number}"
        try:
            fields = orjson.loads(line)
        except orjson.JSONDecodeError as error:
            raise RecipeError(f"{at}: this line is not JSON ({error})") from error
        if not isinstance(fields, dict):
            raise RecipeError(f"{at}: this line is no JSON object with the fields of a task")
        try:
            found = tasks_from_fields(fields)
        except SeedError as error:
            raise RecipeError(f"{at}: {error}") from error
        if not found:
            raise RecipeError(f"{at}: no instruction among the fields ({', '.join(fields)})")
        tasks += found[:1]
    return tasks
