"""The criteria by which each strategy's samples are judged where a recipe names none:
`rubrics/STRATEGY.yaml`, in the recipe's folder first, then here."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml
from pydantic import TypeAdapter, ValidationError

from ..errors import RecipeError
from .criteria import BUILT_IN, Criteria, Criterion

__all__ = ["READY_MADE", "read_criteria_files", "ready_made"]

_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # a tenth of the time, where it is there
_OURS = Path(__file__).parent / "rubrics"
READY_MADE = _OURS / "ready"
_CRITERIA: TypeAdapter[tuple[Criterion, ...]] = TypeAdapter(Criteria)


def read_criteria_files(folder: Path) -> dict[str, tuple[Criterion, ...]]:
    """The criteria by the strategy's name.

    Args:
        folder: the recipe's folder. A file in its `rubrics/` takes the place of ours.

    Raises:
        RecipeError: a file cannot be read or is wrong; says the file, the line and what to do.
    """
    files = {path.stem: path for path in sorted(_OURS.glob("*.yaml"))}
    files.update((path.stem, path) for path in sorted((folder / "rubrics").glob("*.yaml")))
    return {strategy: _read(path) for strategy, path in files.items()}


def ready_made(name: str) -> tuple[Criterion, ...]:
    """The criteria of a ready-made rubric: a file of `rubrics/ready/`, or one of a strategy's,
    `rubrics/STRATEGY.yaml`; or else a single built-in criterion.

    Raises:
        ValueError: there is none of that name; lists those that there are.
    """
    files = {path.stem: path for path in (*_OURS.glob("*.yaml"), *READY_MADE.glob("*.yaml"))}
    if name not in files and name in BUILT_IN:
        return (BUILT_IN[name],)
    if name not in files:
        near = difflib.get_close_matches(name, [*files, *BUILT_IN], 1)
        known = f"did you mean {near[0]!r}?" if near else f"there are {', '.join(sorted(files))}"
        raise ValueError(f"there is no ready-made rubric {name!r}; {known}")
    return _read(files[name])


def _read(path: Path) -> tuple[Criterion, ...]:
    try:
        text = path.read_text(encoding="utf-8-sig")
        values = _loaded(path, text)
    except (OSError, UnicodeDecodeError) as error:
        raise RecipeError(f"{path}: this rubric cannot be read as UTF-8 text ({error})") from error
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = f", line {mark.line + 1}" if mark is not None else ""
        problem = getattr(error, "problem", None) or str(error)
        raise RecipeError(f"{path}{line}: not valid YAML ({problem})") from error
    if not isinstance(values, list):
        raise RecipeError(
            f"{path}: a rubric is a list of criteria, each with name, description and scale"
        )
    try:
        return _CRITERIA.validate_python(tuple(values))
    except ValidationError as error:
        problem = error.errors(include_url=False)[0]
        root = yaml.compose(text, _LOADER)
        assert isinstance(root, yaml.SequenceNode)  # it was a list
        lines = [node.start_mark.line + 1 for node in root.value]
        raise RecipeError(_sentence(path, lines, problem)) from error


def _loaded(path: Path, text: str) -> Any:
    """The values of a rubric.

    Raises:
        RecipeError: a key stands twice, of which YAML would take the last one in silence.
        yaml.YAMLError: it is no YAML.
    """
    loader = _LOADER(text)
    try:
        root = loader.get_single_node()
        waiting = [root]
        for node in waiting:  # grows as nodes hold others
            if isinstance(node, yaml.SequenceNode):
                waiting += node.value
            elif isinstance(node, yaml.MappingNode):
                lines: dict[str, int] = {}
                for key, value in node.value:
                    line = key.start_mark.line + 1
                    if key.value in lines:
                        raise RecipeError(
                            f"{path}, line {line}: {key.value!r} stands there already, in line"
                            f" {lines[key.value]}: take one of the two out"
                        )
                    lines[key.value] = line
                    waiting.append(value)
        return loader.construct_document(root) if root is not None else None
    finally:
        loader.dispose()


def _sentence(path: Path, lines: list[int], problem: Mapping[str, Any]) -> str:
    """The first thing that is wrong, with its place."""
    place = [step for step in problem["loc"] if isinstance(step, int) or step in _FIELDS]
    number = place[0] if place and isinstance(place[0], int) else None
    line = f", line {lines[number]}" if number is not None else ""
    field = next((f"{step}: " for step in place[1:] if step in _FIELDS), "")
    if problem["type"] == "extra_forbidden":
        said = f"unknown field {problem['loc'][-1]!r}; a criterion has {', '.join(_FIELDS)}"
    else:
        said = str(problem["msg"]).removeprefix("Value error, ")
        said = said[:1].lower() + said[1:]
    return f"{path}{line}: {field}{said}"


_FIELDS = tuple(Criterion.model_fields)
