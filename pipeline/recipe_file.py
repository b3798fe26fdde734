"""A recipe's YAML: finding it, reading it with the lines of its keys, and changing single
values of it from the command line."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from ..errors import RecipeError
from ..models import ModelSpec

__all__ = ["RecipeFile", "change", "find_recipe", "ready_made", "replace_models"]

_READY_MADE = Path(__file__).parent.parent / "recipes"


def ready_made() -> list[str]:
    """The names of the recipes that ship with silversmith."""
    return sorted(path.stem for path in _READY_MADE.glob("*.yaml"))


def find_recipe(name: str) -> Path:
    """The file of a recipe: a path, or the name of a ready-made one.

    Raises:
        RecipeError: there is none; lists the ready-made ones.
    """
    path = Path(name)
    if path.is_file():
        return path
    shipped = _READY_MADE / f"{name}.yaml"
    if shipped.is_file() and "/" not in name:
        return shipped
    what = "is a folder, not a recipe" if path.is_dir() else "does not exist"
    raise RecipeError(
        f"{name} {what}: give a YAML file, or a ready-made recipe ({', '.join(ready_made())})"
    )


@dataclass(frozen=True)
class RecipeFile:
    """A recipe file as it was read.

    Attributes:
        path: the file.
        values: what it says.
        lines: the line of each key, by its place (`filters[1].length.min_words`).
    """

    path: Path
    values: dict[str, Any]
    lines: Mapping[str, int]

    @classmethod
    def read(cls, path: Path) -> RecipeFile:
        """Read a file.

        Raises:
            RecipeError: the file is missing, is not YAML, or is no mapping.
        """
        try:
            text = path.read_text(encoding="utf-8-sig")
        except FileNotFoundError as error:
            raise RecipeError(f"{path} does not exist") from error
        except (OSError, UnicodeDecodeError) as error:
            raise RecipeError(f"{path} cannot be read as UTF-8 text ({error})") from error
        try:
            root = yaml.compose(text, yaml.SafeLoader)
            values = yaml.safe_load(text)
        except yaml.YAMLError as error:
            mark = getattr(error, "problem_mark", None)
            line = f", line {mark.line + 1}" if mark is not None else ""
            problem = getattr(error, "problem", None) or str(error)
            raise RecipeError(f"{path}{line}: not valid YAML ({problem})") from error
        if values is None:
            raise RecipeError(f"{path} is empty: a recipe needs at least seeds and generators")
        if not isinstance(values, dict):
            raise RecipeError(f"{path}: a recipe is a mapping of names to values")
        lines: dict[str, int] = {}
        try:
            _collect_lines(root, "", lines)
        except ValueError as error:
            raise RecipeError(f"{path}, {error}") from error
        return cls(path, values, lines)

    def located(self, message: str) -> str:
        """The message with the file, and the line of the place that it begins with."""
        place = re.match(r"[\w.\[\]:-]+?(?=: )", message)
        steps = place.group() if place else ""
        while steps and steps not in self.lines:
            steps = re.sub(r"(\.[^.\[]*|\[\d+\])$|^[^.\[]*$", "", steps)
        line = f", line {self.lines[steps]}" if steps else ""
        return f"{self.path}{line}: {message}"


def replace_models(values: dict[str, Any], word: str) -> None:
    """Put another model in the place of one (`NAME=MODEL`) or of all (`MODEL`) of a recipe's;
    parameters such as the temperature stay, where they still say something. A file to replay is
    sought from the current folder."""
    name, equals, model = word.partition("=")
    if not equals or "/" in name or ":" in name:
        name, model = "", word
    models = values.setdefault("models", None) or {"writer": None}
    if not isinstance(models, dict):
        return  # the recipe's own check says what is wrong with it
    if name and name not in models:
        raise RecipeError(
            f"--model {word}: the recipe has no model {name!r} (models: {', '.join(models)})"
        )
    for one in [name] if name else list(models):
        old = models[one]
        parameters = old.get("parameters") if isinstance(old, dict) else None
        models[one] = ModelSpec.parse(model).in_folder(Path())
        if parameters and models[one].replay is None:
            models[one] = models[one].model_copy(update={"parameters": parameters})
    values["models"] = models


def change(values: dict[str, Any], place: str, value: Any) -> None:
    """Set one value of a raw recipe by its dotted path; an entry of a list is named by its
    number or by its kind."""
    *path, last = place.split(".")
    here: Any = values
    for step in path:
        if isinstance(here, list):
            i = _entry(here, step, place)
            here = here[i] if step.isdigit() else _options(here[i], step, place)
        elif isinstance(here, dict):
            here = (
                _options(here, step, place) if not isinstance(here.get(step), list) else here[step]
            )
        else:
            raise RecipeError(f"--set {place}: there is nothing to set below {step!r}")
    if isinstance(here, list):
        i = _entry(here, last, place)
        here[i] = value if last.isdigit() else {last: value}
    elif isinstance(here, dict):
        here[last] = value
    else:
        raise RecipeError(f"--set {place}: there is nothing to set there")


def _options(entry: dict[str, Any], step: str, place: str) -> Any:
    """The options under a name, made where there are none yet."""
    if entry.get(step) is None:
        entry[step] = {}
    if not isinstance(entry[step], dict):
        raise RecipeError(
            f"--set {place}: {step} is the short form {entry[step]!r}; set the whole of it"
        )
    return entry[step]


def _entry(entries: list[Any], step: str, place: str) -> int:
    if step.isdigit() and int(step) < len(entries):
        return int(step)
    for i, entry in enumerate(entries):
        if entry == step:
            entries[i] = {step: {}}
            return i
        if isinstance(entry, dict) and step in entry:
            return i
    raise RecipeError(f"--set {place}: the list has no entry {step!r}")


def _collect_lines(node: yaml.Node | None, place: str, lines: dict[str, int]) -> None:
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            name = f"{place}.{key.value}" if place else str(key.value)
            if name in lines:  # YAML would take the last one, and say nothing
                raise ValueError(
                    f"line {key.start_mark.line + 1}: {key.value!r} stands there already, in line"
                    f" {lines[name]}: take one of the two out"
                )
            lines[name] = key.start_mark.line + 1
            _collect_lines(value, name, lines)
    elif isinstance(node, yaml.SequenceNode):
        for i, value in enumerate(node.value):
            name = f"{place}[{i}]"
            lines[name] = value.start_mark.line + 1
            _collect_lines(value, name, lines)
