"""What a recipe changes in a run folder that already holds work.

Each generator and judge has an identity: its kind and options, its templates, and its model.
The folder notes which identities were agreed to; another one in its place means that replies
would be asked for again, and that wants the user's word.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence, Set
from typing import Any

import orjson

from ..errors import RunFolderError
from ..generators import Generator
from ..judges import Judge
from ..models import ModelSpec
from ..records import Component, Usage
from ..store import Journal
from .asking import Asker
from .components import spell

__all__ = ["agree", "changed_askers", "identity", "settings_of"]

NOTE = "askers"


def identity(
    asker: Asker, models: Mapping[str, ModelSpec], strategies: Sequence[str]
) -> dict[str, str]:
    """What decides how an asker's replies come about, part by part, as hashes.

    Args:
        strategies: the kinds of the recipe's generators, or of the one in question.
    """
    part = asker.part
    specs = [spec.identity() for name in asker.models if (spec := models.get(name)) is not None]
    parts = {
        "options": _hash_of_options(part),
        "templates": _hash([[t.name, t.hash] for t in asker.templates]),
        "model": _hash(specs[0] if len(specs) == 1 else specs) if specs else "",
    }
    if part.contents is not None:
        parts["files"] = _hash(part.contents)
    if isinstance(part, Judge):
        for strategy in _judged_apart(part, strategies):
            parts[f"rubric of {strategy}"] = _hash_of_options(part.for_strategy(strategy))
    return parts


def _judged_apart(judge: Judge, strategies: Sequence[str]) -> list[str]:
    """The strategies for which it matters how the judge treats them."""
    own = judge.strategies
    if not own:
        return []
    candidates = {f"{strategy}_candidates" for strategy in strategies} & own
    # A kind that a judge does not know may take over samples of any strategy from elsewhere.
    others = frozenset() if own >= set(strategies) else own
    return sorted({*strategies, *candidates, *others})


def settings_of(
    generator: Asker, judges: Sequence[Asker], models: Mapping[str, ModelSpec]
) -> bytes:
    """Hash of all that decides how a generator's samples are drafted and judged."""
    weights = [judge.part.model_dump(include={"weight"}) for judge in judges]
    for judge in judges:
        if thresholds := _thresholds(judge.part):
            weights.append(judge.part.model_dump(mode="json", include=set(thresholds)))
        if isinstance(judge.part, Judge) and judge.part.decides:
            weights.append({"decides": judge.part.decides})
    kinds = [generator.part.kind]
    parts: list[Any] = [[a.title, identity(a, models, kinds)] for a in (generator, *judges)]
    if thresholds := _thresholds(generator.part):
        parts.append(generator.part.model_dump(mode="json", include=set(thresholds)))
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
    now = _identities(askers, models)
    changed = changed_askers(askers, models, journal)
    if changed and not again:
        raise RunFolderError(_sentence(changed, now, noted, askers, models, journal))
    for title, parts in now.items():
        known = noted.setdefault(title, [])
        earlier = next((one for one in known if _agree(parts, one)), {})
        if earlier:
            known.remove(earlier)
        known.append({**earlier, **parts})
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
    now = _identities(askers, models)
    if noted and not any(title in noted for title in now):
        raise RunFolderError(
            f"{journal.path.parent} holds a run of another recipe (of {', '.join(noted)}): choose"
            " another --out"
        )
    return [
        title
        for title, parts in now.items()
        if title in noted
        and not any(_agree(parts, one) for one in noted[title])
        and journal.asked(title)[0]
    ]


def _identities(
    askers: Sequence[Asker], models: Mapping[str, ModelSpec]
) -> dict[str, dict[str, str]]:
    kinds = [asker.part.kind for asker in askers if isinstance(asker.part, Generator)]
    return {asker.title: identity(asker, models, kinds) for asker in askers}


def _agree(parts: Mapping[str, str], noted: Mapping[str, str]) -> bool:
    """Whether nothing changed; a part that is new (the rubric of one more strategy) is none that
    changed."""
    return all(noted.get(name, value) == value for name, value in parts.items())


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
    what = []
    for title in changed:
        last = noted[title][-1]
        parts = [part for part, value in now[title].items() if last.get(part, value) != value]
        what.append(f"{title}: the {', '.join(parts)} changed")
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


def _hash_of_options(part: Component) -> str:
    ((kind, options),) = spell(part).items()
    aside = {"name", "draws", "model", "seeds", "weight", *_thresholds(part)}
    return _hash([kind, {k: v for k, v in options.items() if k not in aside}])


def _thresholds(part: Component) -> Set[str]:
    return part.thresholds if isinstance(part, (Generator, Judge)) else frozenset()


def _hash(value: Any) -> str:
    data = orjson.dumps(value, option=orjson.OPT_SORT_KEYS, default=str)
    return hashlib.blake2b(data, digest_size=16).hexdigest()
