"""A round's folder: its recipe, its seeds, the evaluation behind it, and `round.json`."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import orjson
import yaml

from ..errors import RoundError
from .made import made_for_groups

__all__ = [
    "EVALUATION",
    "RECIPE",
    "ROUND",
    "SEEDS",
    "Round",
    "find_rounds",
    "made_since",
    "recipe_of",
    "round_before",
]

ROUND, RECIPE, SEEDS, EVALUATION = "round.json", "recipe.yaml", "seeds.jsonl", "evaluation.jsonl"
VERSION = 1


@dataclass(frozen=True)
class Round:
    """A round as it was written.

    Attributes:
        folder: where.
        values: what `round.json` says.
    """

    folder: Path
    values: Mapping[str, Any]

    @classmethod
    def read(cls, folder: Path) -> Round:
        """The round in a folder.

        Raises:
            RoundError: there is none, it is damaged, or of a newer version.
        """
        path = folder / ROUND
        try:
            values = json.loads(path.read_text(encoding="utf-8"))
            version = int(values["schema_version"])
            values["number"], values["groups"], values["items"]
        except FileNotFoundError as error:
            raise RoundError(
                f"{folder} holds no round ({ROUND} is missing): `silversmith next RUN --failures"
                " FILES` makes one"
            ) from error
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise RoundError(f"{path} cannot be read as a round ({error})") from error
        if version > VERSION:
            raise RoundError(
                f"{path} was written by a newer silversmith (version {version}, this one knows"
                f" {VERSION}): upgrade silversmith"
            )
        return cls(folder, values)

    @property
    def number(self) -> int:
        return int(self.values["number"])

    @property
    def groups(self) -> Sequence[Mapping[str, Any]]:
        return list(self.values["groups"])

    def items(self) -> list[dict[str, Any]]:
        """The evaluation's items: key, task, topic, failed, kind, prompt, texts.

        Raises:
            RoundError: the file is gone or damaged.
        """
        path = self.folder / EVALUATION
        try:
            with open(path, "rb") as file:
                return [orjson.loads(line) for line in file if line.strip()]
        except (OSError, orjson.JSONDecodeError) as error:
            raise RoundError(f"{path} cannot be read ({error}): put it back from a copy") from error


def find_rounds(folders: Sequence[Path]) -> list[Round]:
    """The rounds in folders, or below them, by number.

    Raises:
        RoundError: there is none, or two have one number.
    """
    places = {
        path.parent.resolve(): path.parent
        for folder in folders
        for path in ([folder / ROUND] if (folder / ROUND).is_file() else folder.rglob(ROUND))
    }
    rounds = sorted((Round.read(one) for one in places.values()), key=lambda one: one.number)
    if not rounds:
        where = ", ".join(map(str, folders))
        raise RoundError(
            f"{where}: there is no round here; `silversmith next RUN --failures FILES` makes the"
            " first one"
        )
    for one, other in pairwise(rounds):
        if one.number == other.number:
            raise RoundError(
                f"{one.folder} and {other.folder} are both round {one.number}: name the folders of"
                " one history"
            )
    return rounds


def round_before(recipe: Mapping[str, Any]) -> Round | None:
    """The round that a run was made by, by the run's resolved recipe; None where it was not made
    by one.

    Raises:
        RoundError: its folder is damaged.
    """
    folder = Path(str(recipe.get("folder") or "."))
    for entry in recipe.get("seeds") or ():
        options = entry.get("failures") if isinstance(entry, Mapping) else None
        path = options.get("path") if isinstance(options, Mapping) else options
        if isinstance(path, str):
            place = (folder / path).parent
            if (place / ROUND).is_file():
                return Round.read(place)
    return None


def made_since(last: Round) -> dict[str, dict[str, int]]:
    """What the run of a round's recipe has made so far, for each group; nothing where it has not
    been run, or not under its usual name beside the run before it.

    Raises:
        RoundError: its folder is damaged.
    """
    run = last.folder / str(last.values["run"]) / ".." / f"round-{last.number}"
    if not (run / "recipe.yaml").is_file():
        return {}
    made_by = round_before(recipe_of(run))
    if made_by is None or made_by.folder.resolve() != last.folder.resolve():
        return {}
    return made_for_groups(run)


def recipe_of(run: Path) -> dict[str, Any]:
    """The resolved recipe of a run.

    Raises:
        RoundError: the folder is none of a run, or its recipe is damaged.
    """
    path = run / "recipe.yaml"
    try:
        values = yaml.safe_load(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise RoundError(
            f"{run} is no run's folder (there is no recipe.yaml in it): name the run whose data"
            " tuned the model that was evaluated"
        ) from error
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise RoundError(f"{path} cannot be read ({error})") from error
    if not isinstance(values, dict) or "generators" not in values:
        raise RoundError(f"{path} is no recipe of a run: it has no generators")
    return values
