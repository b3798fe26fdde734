"""Writes what the code says of itself: docs/recipes.md, every kind with its options; and the JSON
Schemas of recipes (for editors) and of samples (for programs).

    python docs/reference.py            # write the files
    python docs/reference.py --check    # fail if they are not what would be written
"""

import inspect
import json
import sys
from pathlib import Path
from types import NoneType, UnionType
from typing import Annotated, Literal, Union, get_args, get_origin

from pydantic import TypeAdapter
from pydantic.json_schema import models_json_schema

from silversmith.exports import Export, HandOver
from silversmith.filters import DatasetFilter, Filter
from silversmith.generators import Generator
from silversmith.judges import Judge
from silversmith.models import ModelSpec
from silversmith.models.vllm.options import EngineOptions
from silversmith.pipeline import Limits, Recipe
from silversmith.pipeline.components import component_class, kinds
from silversmith.pipeline.recipe import OnRay
from silversmith.records import Sample
from silversmith.seeds import SeedSource

FOLDER = Path(__file__).parent
ROOMS = [
    ("seeds", "Seeds", (SeedSource,)),
    ("generators", "Generators", (Generator,)),
    ("judges", "Judges", (Judge,)),
    ("filters", "Filters", (Filter, DatasetFilter)),
    ("exports", "Export formats", (Export, HandOver)),
]
INTRODUCTION = """\
# Recipes: every key and option

This page is written by `python docs/reference.py` from the code. An entry of `seeds`, `generators`,
`judges` or `filters` is a kind (`refusal`), a kind with options (`length: {min_words: 5}`), or a
kind with the value of its main option (`tasks: seeds.jsonl`). A kind of your own is an entry
point of the group `silversmith.ROOM` in your package, or a dotted path
(`my_package.filters:Shouting`).
`--set filters.score.min=0.8` changes one value from the command line.
"""


def options(model):
    lines = ["| option | type | default | meaning |", "|---|---|---|---|"]
    for own_name, field in model.model_fields.items():
        name = field.alias or own_name
        kind = type_name(field.annotation).replace("|", "\\|")
        default = "required"
        if not field.is_required():
            default = default_name(field.get_default(call_default_factory=True))
        meaning = " ".join((field.description or "").split()).replace("|", "\\|")
        lines.append(f"| `{name}` | `{kind}` | `{default}` | {meaning} |")
    return "\n".join(lines)


def type_name(kind):
    """A type in few words: without modules and validators."""
    if get_origin(kind) is Annotated:
        return type_name(get_args(kind)[0])
    if get_origin(kind) is Literal:
        return " | ".join(map(repr, get_args(kind)))
    if get_origin(kind) in (Union, UnionType):
        return " | ".join(map(type_name, get_args(kind)))
    if args := get_args(kind):
        inner = ", ".join("..." if arg is ... else type_name(arg) for arg in args)
        return f"{get_origin(kind).__name__}[{inner}]"
    return "None" if kind is NoneType else getattr(kind, "__name__", str(kind))


def default_name(value):
    """A default in few words: components and criteria by their names."""
    if isinstance(value, tuple) and value and all(hasattr(one, "name") for one in value):
        return ", ".join(one.name for one in value)
    return repr(str(value) if isinstance(value, Path) else value)


def page():
    parts = [INTRODUCTION, "## The recipe", options(Recipe), "### limits", options(Limits)]
    parts += ["### engine", inspect.getdoc(OnRay), options(OnRay)]
    parts += ["### models", inspect.getdoc(ModelSpec), options(ModelSpec)]
    parts += ["### models: engine", inspect.getdoc(EngineOptions), options(EngineOptions)]
    for room, title, bases in ROOMS:
        parts.append(f"## {title}")
        for kind in kinds(room, bases):
            cls = component_class(room, bases, kind, kind)
            parts += [f"### {kind}", inspect.getdoc(cls), options(cls)]
    return "\n\n".join(parts) + "\n"


def recipe_schema():
    classes = {
        room: [component_class(room, bases, kind, kind) for kind in kinds(room, bases)]
        for room, _, bases in ROOMS
        if room != "exports"
    }
    every = [Limits, OnRay, ModelSpec, *(cls for room in classes.values() for cls in room)]
    refs, schema = models_json_schema([(cls, "validation") for cls in every])
    properties = {}
    for name, field in Recipe.model_fields.items():
        if name in classes:
            entries = [_entry(cls, refs[cls, "validation"]) for cls in classes[name]]
            names = {"enum": [cls.kind for cls in classes[name]]}
            properties[name] = {"type": "array", "items": {"anyOf": [names, *entries]}}
        elif name == "models":
            spec = {"anyOf": [{"type": "string"}, refs[ModelSpec, "validation"]]}
            properties[name] = {"type": "object", "additionalProperties": spec}
        elif name == "limits":
            properties[name] = refs[Limits, "validation"]
        elif name == "engine":
            word = {"type": "string", "pattern": "^ray(://.+)?$"}
            with_options = _named("ray", [refs[OnRay, "validation"], {"type": "null"}])
            properties[name] = {"anyOf": [word, with_options, {"type": "null"}]}
        else:
            kind = str if name == "folder" else field.annotation
            properties[name] = TypeAdapter(kind).json_schema()
        properties[name]["description"] = " ".join((field.description or "").split())
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "A recipe of silversmith",
        "type": "object",
        "properties": properties,
        "required": ["seeds", "generators"],
        "additionalProperties": False,
        **schema,
    }


def _entry(cls, ref):
    options = [ref, {"type": "null"}]
    if cls.scalar:
        options.append({"not": {"type": ["object", "null"]}})
    return _named(cls.kind, options)


def _named(kind, options):
    return {
        "type": "object",
        "properties": {kind: {"anyOf": options}},
        "required": [kind],
        "additionalProperties": False,
    }


def files():
    """What is written, by path."""
    schemas = {"recipe": recipe_schema(), "sample": TypeAdapter(Sample).json_schema()}
    return {
        FOLDER / "recipes.md": page(),
        **{
            FOLDER / f"{name}.schema.json": json.dumps(schema, indent=1, default=str) + "\n"
            for name, schema in schemas.items()
        },
    }


if __name__ == "__main__":
    for path, text in files().items():
        if "--check" not in sys.argv:
            path.write_text(text, encoding="utf-8")
        elif not path.exists() or path.read_text(encoding="utf-8") != text:
            sys.exit(f"{path.name} is out of date: run `python docs/reference.py`")
