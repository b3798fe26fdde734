"""What a recipe changes in a run folder that already holds work.

Each generator and judge has an identity: its kind and options, its templates, and its model.
The folder notes which identities were agreed to; another one in its place means that replies
would be asked for again, and that wants the user's word.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any

import orjson

from ..errors import RunFolderError
from ..models import ModelSpec
from ..records import Usage
from ..store import Journal
from .asking import Asker
from .components import spell

__all__ = ["agree", "changed_askers", "identity", "settings_of"]

NOTE = "askers"


def identity(asker: Asker, models: Mapping[str, ModelSpec]) -> dict[str, str]:
    """What decides how an asker's replies come about, part by part, as hashes."""
    ((kind, options),) = spell(asker.part).items()
    options = {k: v for k, v in options.items() if k not in ("name", "draws", "model", "weight")}
    spec = models.get(asker.model)
    return {
        "options": _hash([kind, options]),
        "templates": _hash([[t.name, t.hash] for t in asker.templates]),
        "model": _hash(spec.identity()) if spec is not None else "",
    }


def settings_of(
    generator: Asker, judges: Sequence[Asker], models: Mapping[str, ModelSpec]
) -> bytes:
    """Hash of all that decides how a generator's samples are drafted and judged."""
    weights = [judge.part.model_dump(include={"weight"}) for judge in judges]
    parts = [[a.title, identity(a, models)] for a in (generator, *judges)]
    return bytes.fromhex(_hash([parts, weights]))[:8]


def agree(
    askers: Sequence[Asker], models: Mapping[str, ModelSpec], journal: Journal, again: bool
) -> None:
    """Note the recipe's identities in the journal, if they ask for nothing again or the user
    said so.

    Args:
        again: the user's `--again`.

    Raises:
        RunFolderError: something changed; says what, how many calls it would repeat, and what
            they took before.
    """
    noted = _noted(journal)
    now = {asker.title: identity(asker, models) for asker in askers}
    changed = changed_askers(askers, models, journal)
    if changed and not again:
        raise RunFolderError(_sentence(changed, now, noted, askers, models, journal))
    for title, parts in now.items():
        known = noted.setdefault(title, [])
        if parts in known:
            known.remove(parts)
        known.append(parts)
    journal.set_note(NOTE, json.dumps(noted))


def changed_askers(
    askers: Sequence[Asker], models: Mapping[str, ModelSpec], journal: Journal
) -> list[str]:
    """The titles of those whose options, templates or model are others than the folder's
    replies came about with.

    Raises:
        RunFolderError: the folder holds a run of another recipe.
    """
    noted = _noted(journal)
    now = {asker.title: identity(asker, models) for asker in askers}
    if noted and not any(title in noted for title in now):
        raise RunFolderError(
            f"{journal.path.parent} holds a run of another recipe (of {', '.join(noted)}): choose"
            " another --out"
        )
    return [
        title
        for title, parts in now.items()
        if title in noted and parts not in noted[title] and journal.asked(title)[0]
    ]


def _noted(journal: Journal) -> dict[str, list[dict[str, str]]]:
    noted: dict[str, list[dict[str, str]]] = json.loads(journal.note(NOTE) or "{}")
    return noted


def _sentence(
    changed: Sequence[str],
    now: Mapping[str, dict[str, str]],
    noted: Mapping[str, list[dict[str, str]]],
    askers: Sequence[Asker],
    models: Mapping[str, ModelSpec],
    journal: Journal,
) -> str:
    what = [
        f"{title}: the {', '.join(k for k in parts if parts[k] != noted[title][-1].get(k))} changed"
        for title, parts in now.items()
        if title in changed
    ]
    # A changed draft is judged again by every judge; a changed judge concerns itself alone.
    drafts_change = any(not title.startswith("judge ") for title in changed)
    repeated = [a for a in askers if a.title in changed or (drafts_change and a.title in noted)]
    usage = Usage()
    cost: float | None = 0.0
    for asker in repeated:
        _, used = journal.asked(asker.title)
        usage += used
        spec = models.get(asker.model)
        price = spec.cost(used) if spec is not None else None
        cost = None if cost is None or price is None else cost + price
    money = f"about ${cost:,.2f}" if cost is not None else "cost unknown (no prices in the recipe)"
    tokens = usage.input_tokens + usage.output_tokens
    return (
        f"The recipe has changed since {journal.path.parent} was made ({'; '.join(what)}): about"
        f" {usage.calls:,} calls with {tokens:,} tokens would be made again, {money}. Add --again"
        " to do so in this folder, or give a new one by --out"
    )


def _hash(value: Any) -> str:
    data = orjson.dumps(value, option=orjson.OPT_SORT_KEYS, default=str)
    return hashlib.blake2b(data, digest_size=16).hexdigest()
