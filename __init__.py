"""Synthetic annotations for fine-tuning: drafted, judged, filtered, spot-checked, exported.

    from silversmith import Recipe

    recipe = Recipe(
        models={"writer": "openai/gpt-5-mini"},
        seeds=[{"tasks": "seeds.jsonl"}],
        generators=["instruction"],
        judges=["rubric"],
        filters=[{"score": {"min": 0.7}}, "exact_duplicates"],
    )
    report = recipe.run("runs/first")

What is heavy is imported when it is used.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .errors import SilversmithError
    from .pipeline import Balance, Books, Limits, Recipe, RunOptions, RunReport
    from .records import Sample, Seed

__all__ = [
    "Balance",
    "Books",
    "Limits",
    "Recipe",
    "RunOptions",
    "RunReport",
    "Sample",
    "Seed",
    "SilversmithError",
]

_HOME = {"SilversmithError": "errors", "Sample": "records", "Seed": "records"}


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f".{_HOME.get(name, 'pipeline')}", __name__), name)
