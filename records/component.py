"""What a recipe names: a kind and its options. Generators, judges, filters, seed sources and
exports are components; an option is a typed field, and nothing else is accepted."""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar

from pydantic import BaseModel, ConfigDict

__all__ = ["Component"]


class Component(BaseModel):
    """Base of everything that a recipe names.

    A subclass sets `kind` (the name in a recipe, and of the module that holds it) and declares
    its options as fields. `scalar` names the field that a bare value in a recipe fills:
    `- tasks: seeds.jsonl` is `- tasks: {path: seeds.jsonl}`.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)

    kind: ClassVar[str] = ""
    scalar: ClassVar[str] = ""

    def prepare(self, folder: Path) -> None:
        """Read the files that the options name. The engine calls it once in each process, before
        anything is asked; what was read belongs in a private attribute.

        Args:
            folder: where relative paths start from (the recipe's folder).

        Raises:
            RecipeError: a file is missing or wrong; says the file, the line and what to do.
        """

    @property
    def contents(self) -> Any:
        """What `prepare` read, as a value that JSON can hold, so that a change of a file counts as
        a change of the component; None where it reads none."""
        return None
