"""The plan of a review on disk: `review-plan.json` in the run's folder."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ..errors import ReviewError
from ..store import RunFolder
from .records import ReviewPlan

__all__ = ["FORMAT", "plan_path", "read_plan", "write_plan"]

FORMAT = "silversmith review plan 1"


def plan_path(folder: Path) -> Path:
    """Where the plan of a run's folder is."""
    return folder / "review-plan.json"


def read_plan(folder: Path) -> ReviewPlan | None:
    """The plan of a run's folder, or None where there is none yet.

    Raises:
        ReviewError: the file cannot be read, or is no plan of this version.
    """
    from pydantic import TypeAdapter, ValidationError

    path = plan_path(folder)
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise ReviewError(f"{path}: cannot be read ({error.strerror})") from error
    again = "put it back from a copy, or remove it and plan anew with --plan"
    try:
        fields: dict[str, Any] = TypeAdapter(dict[str, Any]).validate_json(data)
        found = fields.pop("format", None)
        if found != FORMAT:
            raise ReviewError(f"{path}: is no {FORMAT!r} but {found!r}: {again}")
        return TypeAdapter(ReviewPlan).validate_python(fields)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"]) or "the file"
        raise ReviewError(f"{path}: {where}: {first['msg']}: {again}") from error


def write_plan(folder: Path, plan: ReviewPlan) -> Path:
    """Write the plan into a run's folder, in one step; returns the file.

    Raises:
        RunFolderError: it cannot be written.
    """
    import orjson

    path = plan_path(folder)
    text = orjson.dumps({"format": FORMAT, **_fields(plan)}, option=orjson.OPT_INDENT_2).decode()
    RunFolder(folder).write_text(path, text + "\n")
    return path


def _fields(plan: ReviewPlan) -> dict[str, Any]:
    import dataclasses

    return {one.name: getattr(plan, one.name) for one in dataclasses.fields(plan)}
