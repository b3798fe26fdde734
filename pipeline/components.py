"""From a recipe's words to components: `{length: {min_words: 5}}` to a `Length` filter.

A built-in kind is the module of that name in its room; a stranger's is an entry point of the
group `silversmith.ROOM`, or a dotted path `package.module:Class`. There is no list to edit.
"""

from __future__ import annotations

import difflib
import importlib
import importlib.metadata
import importlib.util
import inspect
import pkgutil
from collections.abc import Iterable, Mapping, Sequence
from types import ModuleType
from typing import Any, TypeVar

from pydantic import ValidationError

from ..errors import RecipeError
from ..records import Component

__all__ = ["component", "component_class", "did_you_mean", "explain", "kinds", "spell"]

Kind = TypeVar("Kind", bound=Component)

_PACKAGE = __package__.rpartition(".")[0]

_NOUNS = {
    "seeds": "source of seeds",
    "generators": "generator",
    "judges": "judge",
    "filters": "filter",
    "exports": "export format",
}


def component(room: str, bases: tuple[type[Kind], ...], entry: object, where: str) -> Kind:
    """The component that an entry of a recipe names.

    Args:
        room: the room it stands in, such as "filters".
        bases: what it must be one of.
        entry: a kind, `{kind: options}`, `{kind: value of its main option}`, or a component.
        where: the place in the recipe, for messages.

    Raises:
        RecipeError: the kind is unknown, or an option is wrong; says the nearest right one.
    """
    if isinstance(entry, bases):
        return entry
    if isinstance(entry, str):
        entry = {entry: {}}
    if not isinstance(entry, Mapping) or len(entry) != 1:
        raise RecipeError(
            f"{where}: expected a kind with its options, such as `- {_example(room)}`,"
            f" found {_short(entry)}"
        )
    ((kind, options),) = entry.items()
    cls = component_class(room, bases, str(kind), where)
    if options is None:
        options = {}
    if not isinstance(options, Mapping):
        if not cls.scalar:
            raise RecipeError(
                f"{where}.{kind}: expected options such as `{{{_first_option(cls)}: …}}`,"
                f" found {_short(options)}"
            )
        options = {cls.scalar: options}
    try:
        return cls(**{_word(name): value for name, value in options.items()})
    except ValidationError as error:
        raise RecipeError(explain(error, f"{where}.{kind}", cls.model_fields)) from error


def component_class(room: str, bases: tuple[type[Kind], ...], kind: str, where: str) -> type[Kind]:
    """The class behind a kind.

    Raises:
        RecipeError: there is none, or it is no such component.
    """
    if ":" in kind:
        module_name, _, name = kind.partition(":")
        try:
            found = getattr(importlib.import_module(module_name), name)
        except (ImportError, AttributeError) as error:
            raise RecipeError(f"{where}: {kind} cannot be loaded ({error})") from error
        if not (isinstance(found, type) and issubclass(found, bases)):
            raise RecipeError(f"{where}: {kind} is no {_NOUNS[room]}")
        return found
    if kind.replace("-", "_").isidentifier():
        name = f"{_PACKAGE}.{room}.{kind.replace('-', '_')}"
        if importlib.util.find_spec(name) is not None:
            for cls in _classes(importlib.import_module(name), bases):
                if cls.kind == kind:
                    return cls
        for point in importlib.metadata.entry_points(group=f"silversmith.{room}", name=kind):
            return component_class(room, bases, point.value, where)
    known = kinds(room, bases)
    raise RecipeError(
        f"{where}: there is no {_NOUNS[room]} {kind!r}{did_you_mean(kind, known)};"
        f" known: {', '.join(known)}"
    )


def kinds(room: str, bases: tuple[type[Component], ...]) -> list[str]:
    """The kinds that can be named in a recipe."""
    package = importlib.import_module(f"{_PACKAGE}.{room}")
    built_in = [
        cls.kind
        for module in pkgutil.iter_modules(package.__path__, f"{package.__name__}.")
        for cls in _classes(importlib.import_module(module.name), bases)
    ]
    points = importlib.metadata.entry_points(group=f"silversmith.{room}")
    return sorted({*built_in, *(point.name for point in points)})


def spell(component: Component) -> dict[str, Any]:
    """The component in a recipe's words, with every option; the reverse of `component`."""
    cls = type(component)
    room = cls.__module__.removeprefix(f"{_PACKAGE}.")
    built_in = cls.__module__.startswith(f"{_PACKAGE}.") and room.count(".") == 1
    kind = cls.kind if built_in else f"{cls.__module__}:{cls.__qualname__}"
    return {kind: component.model_dump(mode="json", by_alias=True)}


def explain(error: ValidationError, where: str, known: Iterable[str] = ()) -> str:
    """One sentence for what pydantic found wrong with a recipe's values."""
    parts = []
    for problem in error.errors(include_url=False):
        place = ".".join([where, *(str(step) for step in problem["loc"])]).strip(".")
        if problem["type"] == "extra_forbidden":
            name = str(problem["loc"][-1])
            names = sorted(known) if len(problem["loc"]) == 1 else []
            hint = did_you_mean(name, names) or (f"; known: {', '.join(names)}" if names else "")
            parts.append(f"{place}: unknown option{hint}")
        elif problem["type"] == "missing":
            parts.append(f"{place}: is required")
        elif problem["type"] == "value_error":
            parts.append(f"{place}: {str(problem['msg']).removeprefix('Value error, ')}")
        else:
            message = str(problem["msg"])
            message = message[:1].lower() + message[1:]
            parts.append(f"{place}: {message}, found {_short(problem['input'])}")
    return "; ".join(parts)


def did_you_mean(word: str, known: Sequence[str]) -> str:
    """ "; did you mean 'x'?" for the nearest known word, or ""."""
    near = difflib.get_close_matches(word, known, n=1, cutoff=0.6)
    return f"; did you mean {near[0]!r}?" if near else ""


def _classes(module: ModuleType, bases: tuple[type[Kind], ...]) -> list[type[Kind]]:
    found = inspect.getmembers(module, inspect.isclass)
    return [
        cls
        for _, cls in found
        if issubclass(cls, bases) and cls.__module__ == module.__name__ and cls.kind
    ]


def _word(name: object) -> str:
    """The name of an option; YAML 1.1 reads a bare `on` as true."""
    return "on" if name is True else str(name)


def _example(room: str) -> str:
    return {
        "seeds": "tasks: seeds.jsonl",
        "generators": "instruction: {draws: 2}",
        "judges": "rubric: {criteria: [accuracy]}",
    }.get(room, "score: {min: 0.6}")


def _first_option(cls: type[Component]) -> str:
    return next(iter(cls.model_fields), "option")


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
