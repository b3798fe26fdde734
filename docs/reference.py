"""Writes docs/recipes.md from the code: every kind with its options, as their docstrings say.

    python docs/reference.py            # write the page
    python docs/reference.py --check    # fail if the page is not what would be written
"""

import inspect
import re
import sys
from pathlib import Path

from silversmith.exports import Export
from silversmith.filters import DatasetFilter, Filter
from silversmith.generators import Generator
from silversmith.judges import Judge
from silversmith.models import ModelSpec
from silversmith.pipeline import Limits, Recipe
from silversmith.pipeline.components import component_class, kinds
from silversmith.seeds import SeedSource

PAGE = Path(__file__).with_name("recipes.md")
ROOMS = [
    ("seeds", "Seeds", (SeedSource,)),
    ("generators", "Generators", (Generator,)),
    ("judges", "Judges", (Judge,)),
    ("filters", "Filters", (Filter, DatasetFilter)),
    ("exports", "Export formats", (Export,)),
]
INTRODUCTION = """\
# Recipes: every key and option

This page is written by `python docs/reference.py` from the code. An entry of `seeds`, `generators`,
`judges` or `filters` is a kind (`refusal`), a kind with options (`length: {min_words: 5}`), or a kind
with the value of its main option (`tasks: seeds.jsonl`). A kind of your own is an entry point of
the group `silversmith.ROOM` in your package, or a dotted path (`my_package.filters:Shouting`).
`--set filters.score.min=0.8` changes one value from the command line.
"""


def options(model):
    lines = ["| option | type | default | meaning |", "|---|---|---|---|"]
    for name, field in model.model_fields.items():
        kind = inspect.formatannotation(field.annotation).replace("|", "\\|")
        kind = re.sub(r"(?:\w+\.)+(\w+)", r"\1", kind)
        default = "required"
        if not field.is_required():
            default = repr(field.get_default(call_default_factory=True))
            default = re.sub(r"^PosixPath\((.*)\)$", r"\1", default)
        meaning = " ".join((field.description or "").split()).replace("|", "\\|")
        lines.append(f"| `{name}` | `{kind}` | `{default}` | {meaning} |")
    return "\n".join(lines)


def page():
    parts = [INTRODUCTION, "## The recipe", options(Recipe), "### limits", options(Limits)]
    parts += ["### models", inspect.getdoc(ModelSpec), options(ModelSpec)]
    for room, title, bases in ROOMS:
        parts.append(f"## {title}")
        for kind in kinds(room, bases):
            cls = component_class(room, bases, kind, kind)
            parts += [f"### {kind}", inspect.getdoc(cls), options(cls)]
    return "\n\n".join(parts) + "\n"


if __name__ == "__main__":
    text = page()
    if "--check" not in sys.argv:
        PAGE.write_text(text, encoding="utf-8")
    elif PAGE.read_text(encoding="utf-8") != text:
        sys.exit(f"{PAGE} is out of date: run `python docs/reference.py`")
