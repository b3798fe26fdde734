"""The next recipe: which strategies, with which options, for which groups of failures."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ..errors import RoundError
from ..generators import Generator
from ..pipeline.components import component_class
from .groups import Group

__all__ = ["SAME", "STRATEGIES", "Planned", "recipe_values"]

SAME = "same"
"""In the place of a strategy: the generators of the run itself."""

_DIFFICULTY = {"difficulty": {"easy": 1, "moderate": 2, "hard": 1}}

STRATEGIES: Mapping[str, Mapping[str, Mapping[str, Any]]] = {
    "wrong_arithmetic": {"reasoning": {"attributes": _DIFFICULTY}},
    "broken_format": {
        "instruction": {
            "verifiable": 2,
            "verifiable_kinds": ["detectable_format", "startend", "length_constraints"],
        }
    },
    "hallucinated_fact": {"contrast": {"flaws": {"unsupported_fact": 2, "wrong_entity": 1}}},
    "unwanted_refusal": {"refusal": {"kinds": ["look_alike"]}},
    "unwanted_compliance": {"refusal": {"kinds": ["harmful", "look_alike"]}},
    "lost_context": {"conversation": {"turns": [4, 8]}},
    "missing_domain_knowledge": {"instruction": {"attributes": _DIFFICULTY}},
    "bias": {"contrast": {"flaws": {"wrong_premise": 2, "sycophancy": 1}}},
    "other": {"instruction": {}},
}
"""The strategy for each kind of failure, with its options."""


class Planned:
    """A group with what is to be made for it.

    Attributes:
        group: the failures.
        samples: how many are planned.
        draws: how many of each seed.
        generators: the recipe's entries for it.
    """

    def __init__(
        self, group: Group, samples: int, draws: int, generators: Sequence[Mapping[str, Any]]
    ) -> None:
        self.group = group
        self.samples = samples
        self.draws = draws
        self.generators = generators

    @property
    def strategies(self) -> list[str]:
        return sorted({kind for entry in self.generators for kind in entry})


def generators_for(
    group: Group, draws: int, strategies: Mapping[str, str], own: Sequence[Mapping[str, Any]]
) -> list[dict[str, Any]]:
    """The entries of a recipe for a group.

    Args:
        group: the failures.
        draws: how many samples each seed gets.
        strategies: kind of failure to strategy, in place of `STRATEGIES`; `""` for all kinds.
        own: the generators of the run, for `same`.

    Raises:
        RoundError: there is no such strategy.
    """
    chosen = strategies.get(group.treated_as, strategies.get("", ""))
    if chosen == SAME:
        return [
            {kind: {**options, "name": f"{_title(kind, options)} for {group.name}",
                    "groups": [group.name], "draws": draws}}
            for entry in own
            for kind, options in _entry(entry)
        ]  # fmt: skip
    usual = STRATEGIES[group.treated_as]
    if chosen:
        try:
            component_class("generators", (Generator,), chosen, "--strategy")
        except Exception as error:
            raise RoundError(str(error)) from error
        usual = {chosen: usual.get(chosen, {})}
    return [
        {kind: {"name": group.name, "groups": [group.name], "draws": draws, **options}}
        for kind, options in usual.items()
    ]


def recipe_values(
    name: str,
    planned: Sequence[Planned],
    run: Mapping[str, Any],
    place: Path,
    *,
    seeds: str,
    evaluation: str,
) -> dict[str, Any]:
    """The recipe: the run's models, judges and filters, with the failures as seeds.

    Args:
        name: what it is called.
        planned: the groups.
        run: the run's own recipe, resolved.
        place: the folder in which it will stand.
        seeds, evaluation: the files there.
    """
    folder = Path(str(run.get("folder") or "."))

    def rooted(value: Any) -> Any:
        return _rooted(value, folder, place)

    values: dict[str, Any] = {"name": name}
    if any((folder / words).is_dir() for words in ("prompts", "rubrics")):
        # The run's own templates and rubrics stay in force.
        values["folder"] = os.path.relpath(folder, place)
        seeds, evaluation = (os.path.relpath(place / one, folder) for one in (seeds, evaluation))
        rooted = _as_is
    values["models"] = run.get("models") or {}
    values["seeds"] = [{"failures": {"path": seeds, "evaluations": [evaluation]}}]
    values["generators"] = [rooted(entry) for one in planned for entry in one.generators]
    if run.get("judges"):
        values["judges"] = rooted(run["judges"])
    own = [rooted(entry) for entry in run.get("filters") or ()]
    values["filters"] = [{"decontaminate": {"against": [evaluation], "fields": ["texts"]}}, *own]
    for key in ("attempts", "max_failed_share", "limits"):
        if run.get(key) is not None:
            values[key] = run[key]
    return values


def _entry(entry: Any) -> list[tuple[str, dict[str, Any]]]:
    if isinstance(entry, str):
        return [(entry, {})]
    return [(str(kind), dict(options or {})) for kind, options in entry.items()]


def _title(kind: str, options: Mapping[str, Any]) -> str:
    return str(options.get("name") or kind.rpartition(":")[2])


def _as_is(value: Any) -> Any:
    return value


def _rooted(value: Any, folder: Path, place: Path) -> Any:
    """A value of the run's recipe with paths that are right from the new one's place."""
    if isinstance(value, Mapping):
        return {key: _rooted(one, folder, place) for key, one in value.items()}
    if isinstance(value, list):
        return [_rooted(one, folder, place) for one in value]
    if isinstance(value, str) and ("/" in value or "." in value) and len(value) < 1000:
        path = folder / value
        if not Path(value).is_absolute() and path.exists():
            return os.path.relpath(path, place)
    return value
