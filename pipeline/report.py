"""What a run leaves behind for people and programs: the manifest."""

from __future__ import annotations

import hashlib
import platform
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

from ..errors import SilversmithError
from ..models import ModelSpec
from ..records import Usage
from ..store import RunFolder, Spending
from .books import Balance, Books
from .coverage import coverage_of
from .filtering import Outcome
from .judged import judged
from .recipe import Recipe
from .remainder import Remainder
from .tally import Tally, tally
from .variety import kept_values

__all__ = ["Closing", "RunReport", "close_books"]


@dataclass(frozen=True)
class RunReport:
    """How a run ended.

    Attributes:
        folder: the run's folder.
        status: "done", "limit reached", "too many failures", "failed" or "interrupted".
        balance: the books.
        manifest: what `manifest.json` says.
        stopped_by: why it stopped early, or None.
    """

    folder: Path
    status: str
    balance: Balance
    manifest: Mapping[str, Any]
    stopped_by: SilversmithError | None = None

    @property
    def exit_status(self) -> int:
        """0 where the run is done."""
        return self.stopped_by.exit_status if self.stopped_by is not None else 0


@dataclass(frozen=True)
class Closing:
    """What the end of a run knows, for the manifest.

    Attributes:
        status: as in `RunReport`.
        planned, drafted, failed: samples planned, ready for the filters, and failed.
        exhausted: whether the seeds were read to their end, so that `planned` is the whole.
        outcome: what the filters left, or None where the run stopped before them.
        failures: how many samples failed for which reason.
        idle: generators that no seed suits, each with what it needs.
        usage: what each asker used of each model.
        requests: how many requests each model got, and what became of them.
        cost: US dollars, or None where it is unknown.
        to_finish: what it would take to finish, where a limit stopped the run.
        stopped_by: why the run stopped early, or None.
    """

    status: str
    planned: int
    drafted: int
    failed: int
    exhausted: bool
    outcome: Outcome | None
    failures: Sequence[tuple[str, int]] = ()
    idle: Mapping[str, str] = field(default_factory=dict)
    usage: Sequence[Spending] = ()
    requests: Mapping[str, Any] = field(default_factory=dict)
    cost: float | None = 0.0
    to_finish: Remainder | None = None
    stopped_by: SilversmithError | None = None


def close_books(recipe: Recipe, folder: RunFolder, books: Books, end: Closing) -> RunReport:
    """Close the books and write the manifest.

    Raises:
        AssertionError: the books do not balance.
        RunFolderError: the manifest cannot be written.
    """
    outcome = end.outcome
    kept = outcome.kept if outcome is not None else 0
    dropped = outcome.dropped if outcome is not None else 0
    if outcome is not None and (kept + dropped, outcome.failed) != (end.drafted, end.failed):
        raise AssertionError(
            f"the files hold {outcome}, the journal {end.drafted} drafted and {end.failed} failed"
        )
    pending = end.planned - kept - dropped - end.failed
    balance = Balance(end.planned, kept, dropped, end.failed, pending)
    if end.status == "done" and pending:
        raise AssertionError(f"the run is done, but {balance}")
    counted = tally(folder.path, books.planned_of, balance) if outcome is not None else Tally()
    manifest = {
        "name": recipe.name,
        "status": end.status,
        "books": asdict(balance),
        "planned_is_complete": end.exhausted,
        "drafted_and_judged": end.drafted,
        "simulated": outcome.simulated if outcome is not None else None,
        **counted.manifest(),
        **judged(folder.path, recipe.judges if outcome is not None else ()),
        "coverage": _coverage(recipe, folder) if outcome is not None else [],
        "attributes": kept_values(recipe.generators, folder.path / "kept") if kept else {},
        "idle": dict(end.idle),
        "funnel": [asdict(step) for step in outcome.funnel] if outcome is not None else [],
        "failures": [{"reason": reason, "samples": n} for reason, n in end.failures],
        "seeds": {
            "read": books.seeds,
            "unused": books.unused_seeds,
            "unused_listed": books.unused_listed,
            "bad_rows": books.bad_row_count,
            "bad_rows_listed": [{"where": w, "reason": r} for w, r in books.bad_rows],
        },
        "usage": [_usage(one, recipe.models) for one in end.usage],
        "served": dict(books.served),
        "prefix_cache": _prefix_cache(end.usage, recipe.models),
        "requests": end.requests,
        "cost": end.cost,
        "to_finish": asdict(end.to_finish) if end.to_finish is not None else None,
        "this_run": {
            "seconds": round(books.seconds, 3),
            "calls": books.calls,
            "retries": books.retries,
            "reused": books.reused,
            "ended": datetime.now(UTC).isoformat(timespec="seconds"),
        },
        "recipe": hashlib.sha256(folder.recipe.read_bytes()).hexdigest(),
        "versions": {
            "silversmith": version("silversmith"),
            "python": platform.python_version(),
            "openai": version("openai"),
            "platform": sys.platform,
        },
    }
    folder.write_manifest(manifest)
    return RunReport(folder.path, end.status, balance, manifest, end.stopped_by)


def _coverage(recipe: Recipe, folder: RunFolder) -> list[dict[str, Any]]:
    """How the leaves of the recipe's taxonomies are covered."""
    leaves = [leaf for generator in recipe.generators for leaf in generator.leaves]
    return [asdict(one) for one in coverage_of(folder.path, leaves)] if leaves else []


def _prefix_cache(
    usage: Sequence[Spending], models: Mapping[str, ModelSpec]
) -> dict[str, dict[str, Any]]:
    """Which share of what each model read it had read before, by its own account; without models
    that give none."""
    read: dict[str, Usage] = {}
    for one in usage:
        if one.asker != "embeddings":
            read[one.model] = read.get(one.model, Usage()) + one.usage
    return {
        name: {
            "input_tokens": whole.input_tokens,
            "cached_tokens": whole.cached_tokens,
            "share": round(whole.cached_tokens / whole.input_tokens, 4),
        }
        for name, whole in read.items()
        if whole.input_tokens and (whole.cached_tokens or _is_managed(models.get(name)))
    }


def _is_managed(spec: ModelSpec | None) -> bool:
    # Ray's processor does not say how much was cached, so that 0 is no count.
    return spec is not None and spec.engine is not None and spec.engine.runner == "server"


def _usage(one: Spending, models: Mapping[str, ModelSpec]) -> dict[str, Any]:
    spec = models.get(one.model)
    replayed = spec is not None and spec.replay is not None
    unmetered = 0 if replayed else one.unmetered
    cost = spec.cost(one.usage) if spec is not None and not unmetered else None
    return {
        "asker": one.asker,
        "model": one.model,
        **asdict(one.usage),
        "repeated": one.repeated,
        "unmetered": unmetered,
        "cost": cost,
    }
