"""A policy: the categories of requests that are refused, read from a YAML file."""

from __future__ import annotations

import difflib
import functools
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from ..errors import RecipeError

__all__ = ["Category", "Policy", "default_policy", "read_policy"]

_OURS = Path(__file__).parent.parent / "recipes" / "data" / "hazards.yaml"


class Category(BaseModel):
    """One kind of request that is refused."""

    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=True)

    name: str = Field(min_length=1)
    """How samples and lists of requests call it."""

    description: str = Field(min_length=1)
    """What is refused, in general words."""

    harmless: str = ""
    """What sounds like it and must be answered."""

    offers: str = ""
    """What a refusal may offer instead."""

    examples: tuple[str, ...] = ()
    """Requests that show what is meant."""

    drafted: bool = True
    """Whether a model may write requests of this category."""


class Policy(BaseModel):
    """The categories, in their order."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    source: str = ""
    """Where the categories come from."""

    licence: str = ""
    """The licence of the file."""

    categories: tuple[Category, ...] = Field(min_length=1)
    """The categories, each with a name of its own."""

    def category(self, name: str) -> Category | None:
        """The category of that name, or None."""
        return next((each for each in self.categories if each.name == name), None)

    def unknown(self, name: object) -> str:
        """What to say of a name that is no category: the nearest right one, and all there are.

        Names stand without quotation marks, since failures are counted by what is not quoted.
        """
        names = [each.name for each in self.categories]
        near = difflib.get_close_matches(str(name), names, 1)
        hint = f"did you mean {near[0]}? " if near else ""
        return f"there is no category {name} in the policy; {hint}known: {', '.join(names)}"


@functools.cache
def default_policy() -> Policy:
    """The policy that ships with silversmith."""
    return read_policy(_OURS)


def read_policy(path: Path) -> Policy:
    """Read a policy.

    Raises:
        RecipeError: the file is missing, no YAML, empty, or a category is wrong or stands twice;
            says the file, the line and what to do.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
        tree = yaml.compose(text, yaml.SafeLoader)
        values = yaml.safe_load(text)
    except FileNotFoundError as error:
        raise RecipeError(
            f"{path}: there is no such policy; `policy` names a file from the recipe's folder on"
        ) from error
    except (OSError, UnicodeDecodeError) as error:
        raise RecipeError(f"{path}: this policy cannot be read as UTF-8 text ({error})") from error
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = f":{mark.line + 1}" if mark is not None else ""
        raise RecipeError(
            f"{path}{line}: not valid YAML ({getattr(error, 'problem', None) or error})"
        ) from error
    if not isinstance(values, Mapping) or not isinstance(values.get("categories"), list):
        raise RecipeError(
            f"{path}: a policy has a list called categories, each with a name and a description"
        )
    lines = _lines(tree)
    if not values["categories"]:
        raise RecipeError(f"{path}: the policy has no category; name at least one")
    _refuse_doubles(path, values["categories"], lines)
    try:
        return Policy.model_validate(values)
    except ValidationError as error:
        problems = error.errors(include_url=False)
        # A key that is written wrong is also a key that is missing; what is written comes first.
        problems.sort(key=lambda problem: problem["type"] != "extra_forbidden")
        raise RecipeError(_sentence(path, lines, problems[0])) from error


def _lines(tree: Any) -> Sequence[int]:
    """The line on which each category begins."""
    for key, value in tree.value:
        if key.value == "categories":
            return [node.start_mark.line + 1 for node in value.value]
    return ()


def _refuse_doubles(path: Path, categories: Sequence[Any], lines: Sequence[int]) -> None:
    met: dict[str, int] = {}
    for category, line in zip(categories, lines, strict=True):
        name = str(category.get("name", "")).strip() if isinstance(category, Mapping) else ""
        if name and name in met:
            raise RecipeError(
                f"{path}:{line}: the category {name!r} stands in line {met[name]} already; "
                "rename or remove one of them"
            )
        met[name] = line


def _sentence(path: Path, lines: Sequence[int], problem: Mapping[str, Any]) -> str:
    place = problem["loc"]
    if len(place) < 2 or not isinstance(place[1], int):
        known = ", ".join(Policy.model_fields)
        return f"{path}: {place[-1]}: {_message(problem)}; known at the top: {known}"
    field = ".".join(str(step) for step in place[2:])
    where = f"{path}:{lines[place[1]]}: category {place[1] + 1}"
    if problem["type"] == "extra_forbidden":
        near = difflib.get_close_matches(field, Category.model_fields, 1)
        hint = (
            f"did you mean {near[0]!r}?" if near else f"known: {', '.join(Category.model_fields)}"
        )
        return f"{where}: unknown key {field!r}; {hint}"
    return f"{where}: {field + ' ' if field else ''}{_message(problem)}"


def _message(problem: Mapping[str, Any]) -> str:
    if problem["type"] == "missing":
        return "is missing; write it in a sentence"
    if problem["type"] == "string_too_short":
        return "is empty; write it in a sentence"
    if problem["type"] in ("model_type", "model_attributes_type"):
        return "is no mapping; write `- name: …` and below it `description: …`"
    if problem["type"] == "string_type":
        return f"is {problem['input']!r}, and has to be a text; put it in quotation marks"
    message = str(problem["msg"])
    return f"is wrong: {message[:1].lower()}{message[1:]}"
