"""A seed's, a person's or any other samples' content taken out of a run's folder."""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson

from ..errors import RunFolderError
from ..records import table_from_json
from ..review.certified import certificate_path
from ..review.plan_file import read_plan, write_plan
from ..review.population import read_population
from ..review.records import Forgotten
from ..review.where import has_reviews
from ..store import ParquetParts, RunFolder
from ..store.erasing import erase, set_aside, settled_rows, tombstone, unsettled
from .books import Balance
from .tally import tally

__all__ = ["Selection", "Taken", "forget", "selection"]

_PARTS = ("kept", "dropped", "failed")
_AT_ONCE = 10_000


@dataclass(frozen=True)
class Selection:
    """What is to be forgotten.

    Attributes:
        says: in words, as it was asked for.
        chooses: whether a sample, as a row, is to go; None where only a person is.
        reviewer: a person's name, or "".
    """

    says: str
    chooses: Callable[[Mapping[str, Any]], bool] | None = None
    reviewer: str = ""


@dataclass(frozen=True)
class Taken:
    """What a run's folder loses.

    Attributes:
        ids: the samples.
        kept, dropped, failed: how many of them are in each part of the dataset.
        elsewhere: how many are in the journal alone, of earlier plans.
        unsettled: samples with replies whose seed is not known.
        reviews: entries of the reviews.
        removed: files and folders that go as a whole, since they are made from the rest by a
            command: exports, certificates, journals that were set aside.
    """

    ids: frozenset[str]
    kept: int
    dropped: int
    failed: int
    elsewhere: int
    unsettled: int
    reviews: Forgotten
    removed: tuple[Path, ...]

    @property
    def nothing(self) -> bool:
        """Whether there is nothing to take."""
        return not self.ids and self.reviews == Forgotten()


def selection(*, seed: str = "", reviewer: str = "", where: tuple[str, ...] = ()) -> Selection:
    """What options ask for.

    Args:
        seed: a seed's id, or its source (`file#line`).
        reviewer: a person's name.
        where: `FIELD=VALUE` (the field has this value) or `FIELD~WORDS` (it holds these words, in
            any case), all of which must hold. A field is a column or, with dots, a part of one
            (`seed.source`, `attributes.name`); `text` is everything in the sample.

    Raises:
        RunFolderError: nothing is asked for, or a condition has another form.
    """
    rules: list[Callable[[Mapping[str, Any]], bool]] = []
    words = []
    if seed:
        rules.append(lambda row: seed in (_one(row, "seed.id"), _one(row, "seed.source")))
        words.append(f"the seed {seed}")
    for condition in where:
        rules.append(_condition(condition))
        words.append(f"samples with {condition}")
    if reviewer:
        words.append(f"the reviewer {reviewer}")
    if not words:
        raise RunFolderError(
            "Nothing is named that is to be forgotten: give --seed, --reviewer or --where"
        )
    chooses = (lambda row: all(rule(row) for rule in rules)) if rules else None
    return Selection(" and ".join(words), chooses, reviewer)


def forget(
    folder: Path,
    what: Selection,
    *,
    database: str = "",
    with_unsettled: bool = False,
    show: Callable[[Taken], bool],
) -> Taken | None:
    """Take content out of a run's folder: journal, data, reviews, exports.

    Args:
        what: which.
        database: of the reviews, where it is not the folder's own.
        with_unsettled: whether the replies of samples that are not settled go too, as which seed
            they are of is not known.
        show: is given what will be taken; nothing is done unless it returns True.

    Returns:
        What was taken; None where nothing was.

    Raises:
        RunFolderError: the folder is no run's or in use, or a file cannot be written.
        ReviewError: the reviews cannot be read.
    """
    run = RunFolder(folder)
    if not folder.is_dir() or (run.manifest() is None and not (folder / "kept").is_dir()):
        raise RunFolderError(f"{folder} is no run's folder: give the one that `silversmith` wrote")
    with run.open():
        taken = _taken(run, what, database, with_unsettled)
        if not show(taken):
            return None
        # What is derived goes first: a forgetting that is cut short is begun anew by the same
        # command as long as the sources are there to find it by.
        for path in taken.removed:
            shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)
        _forget_reviews(folder, taken, what, database)
        if taken.ids:
            _rewrite_data(run, taken)
        if run.journal.exists() and (taken.ids or with_unsettled):
            erase(run.journal, taken.ids, with_unsettled=with_unsettled)
        _close_books(run, taken, what)
    return taken


def _taken(run: RunFolder, what: Selection, database: str, with_unsettled: bool) -> Taken:
    found: Counter[str] = Counter()
    ids: set[str] = set()
    here: set[str] = set()
    left = 0
    if what.chooses is not None:
        for part in _PARTS:
            for row in _rows(run.path / part):
                if what.chooses(row):
                    ids.add(row["id"])
                    here.add(row["id"])
                    found[part] += 1
        if run.journal.exists():
            ids.update(row["id"] for row in settled_rows(run.journal) if what.chooses(row))
            left = unsettled(run.journal)
    if left and not with_unsettled:
        raise RunFolderError(
            f"{run.path} has replies for {left:,} samples that are not settled, and which seeds"
            " these are of is not known: finish the run first, or add --unsettled to take all of"
            " them out too"
        )
    reviews = Forgotten()
    if has_reviews(run.path, database):
        from ..review.store import open_reviews

        with open_reviews(run.path, database) as store:
            for samples, people in _in_turn(ids, what.reviewer):
                reviews += store.forget(samples=samples, reviewers=people, dry=True)
    removed: list[Path] = []
    if ids or reviews != Forgotten():
        certificate = certificate_path(run.path)
        beside = [certificate.with_suffix(ending) for ending in (".json", ".md", ".html")]
        removed = [one for one in [run.path / "exports", *beside] if one.exists()]
    if ids:
        removed += set_aside(run.journal)
    return Taken(
        frozenset(ids), found["kept"], found["dropped"], found["failed"], len(ids - here), left,
        reviews, tuple(removed),
    )  # fmt: skip


def _forget_reviews(folder: Path, taken: Taken, what: Selection, database: str) -> None:
    if taken.reviews == Forgotten():
        return
    from ..review.store import open_reviews

    with open_reviews(folder, database) as store:
        for samples, people in _in_turn(taken.ids, what.reviewer):
            store.forget(samples=samples, reviewers=people)


def _in_turn(ids: Collection[str], reviewer: str) -> Iterator[tuple[list[str], list[str]]]:
    """Samples and people to forget, in portions that a database takes at once."""
    if reviewer:
        yield [], [reviewer]
    names = sorted(ids)
    for start in range(0, len(names), _AT_ONCE):
        yield names[start : start + _AT_ONCE], []


def _rewrite_data(run: RunFolder, taken: Taken) -> None:
    """The three parts without the samples, and tombstones among the failed ones."""
    plan = read_plan(run.path)
    before = read_population(run.path) if plan is not None and taken.kept else None
    stones = []
    there = [part for part in _PARTS if (run.path / part).is_dir()]
    with run.replacing(*dict.fromkeys([*there, "failed"])) as new:
        for part in dict.fromkeys([*there, "failed"]):
            with ParquetParts(new / part) as parts:
                for rows in _batches(run.path / part):
                    stones += [tombstone(row) for row in rows if row["id"] in taken.ids]
                    left = [orjson.dumps(row) for row in rows if row["id"] not in taken.ids]
                    parts.write(table_from_json(left))
                if part == "failed":
                    parts.write(table_from_json([orjson.dumps(stone) for stone in stones]))
    if plan is None or before is None or before.hash != plan.dataset:
        return
    # Which samples are forgotten has nothing to do with what people think of them, so that those
    # that were drawn are a random sample of what is left.
    after = read_population(run.path)
    gone = Counter(_stratum_sizes(plan, before, taken.ids))
    items = tuple(one for one in plan.items if one.sample not in taken.ids)
    drawn = Counter(one.stratum for one in items if one.role == "estimate")
    strata = tuple(
        replace(one, size=one.size - gone[one.name], drawn=drawn[one.name]) for one in plan.strata
    )
    write_plan(
        run.path,
        replace(plan, dataset=after.hash, population=len(after), strata=strata, items=items),
    )


def _stratum_sizes(plan: Any, before: Any, ids: frozenset[str]) -> Iterator[str]:
    if plan.design == "simple":
        yield from (plan.strata[0].name for one in before.ids if one in ids)
        return
    from ..review.rates import strata_again

    names = strata_again(plan, before)
    yield from (name for one, name in zip(before.ids, names, strict=True) if one in ids)


def _close_books(run: RunFolder, taken: Taken, what: Selection) -> None:
    """Move what was forgotten to the failed in the manifest, and note when it was."""
    manifest = run.manifest()
    if manifest is None:
        return
    if "books" in manifest:
        books = manifest["books"]
        # As the files are now, so that a forgetting that was cut short balances in the end.
        kept, dropped, failed = (sum(1 for _ in _rows(run.path / part)) for part in _PARTS)
        balance = Balance(books["planned"], kept, dropped, failed, books["pending"])
        planned = {one["strategy"]: one["planned"] for one in manifest.get("strategies", [])}
        manifest["books"] = asdict(balance)
        manifest.update(tally(run.path, planned, balance).manifest())
    kinds = ["samples"] if what.chooses is not None else []
    manifest["forgotten"] = [
        *manifest.get("forgotten", []),
        {
            "when": datetime.now(UTC).isoformat(timespec="seconds"),
            "what": [*kinds, *(["reviewer"] if what.reviewer else [])],
            "samples": len(taken.ids),
            "kept": taken.kept,
            "dropped": taken.dropped,
            "failed": taken.failed,
            "verdicts": taken.reviews.verdicts,
        },
    ]
    manifest.pop("schema_version", None)
    run.write_manifest(manifest)


def _rows(folder: Path) -> Iterator[dict[str, Any]]:
    for rows in _batches(folder):
        yield from rows


def _batches(folder: Path) -> Iterator[list[dict[str, Any]]]:
    import pyarrow as pa
    from pyarrow import parquet

    for path in sorted(folder.glob("*.parquet")):
        try:
            with parquet.ParquetFile(path) as file:
                for batch in file.iter_batches(batch_size=1_000):
                    yield batch.to_pylist()
        except (OSError, pa.ArrowException) as error:
            raise RunFolderError(f"{path} cannot be read as Parquet ({error})") from error


def _condition(words: str) -> Callable[[Mapping[str, Any]], bool]:
    places = [place for place in (words.find("="), words.find("~")) if place > 0]
    if not places or not words[min(places) + 1 :]:
        raise RunFolderError(
            f"--where wants FIELD=VALUE or FIELD~WORDS, such as seed.source=data.jsonl#7 or"
            f" text~words, found {words!r}"
        )
    cut = min(places)
    field, value = words[:cut].strip(), words[cut + 1 :]
    if words[cut] == "=":
        return lambda row: any(str(found) == value for found in _values(row, field))
    wanted = value.casefold()
    return lambda row: any(wanted in str(found).casefold() for found in _values(row, field))


def _one(row: Mapping[str, Any], field: str) -> str:
    return str(next(iter(_values(row, field)), ""))


def _values(value: Any, field: str) -> Iterator[Any]:
    """All values at a dotted place; of `text` every text in the sample."""
    if field == "text":
        yield from _texts(value)
        return
    head, _, rest = field.partition(".")
    if isinstance(value, list):
        for one in value:
            yield from _values(one, field)
    elif isinstance(value, Mapping) and value.get(head) is not None:
        found = value[head]
        if rest:
            yield from _values(found, rest)
        elif isinstance(found, list):
            yield from found
        else:
            yield found


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for one in value.values():
            yield from _texts(one)
    elif isinstance(value, list):
        for one in value:
            yield from _texts(one)
