"""Datasets that exist already: the recipe of a judge pass, and filtering without a journal."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO, Any

from ..errors import RecipeError, SeedError
from ..filters import Columns
from ..records import Failure, Sample, SeedRef, sample_to_json
from ..records.shapes import is_ours, sample_from_seed
from ..store import RunFolder
from .batches import batches_of_samples
from .books import Books
from .deciding import Decide, decide
from .embedding import Embeddings, embedding_models
from .filtering import filter_samples
from .occurrences import Occurrences
from .planning import generator_key, read_seeds, sample_id
from .recipe import Recipe
from .recipe_file import RecipeFile
from .report import Closing, RunReport, close_books

__all__ = ["filter_existing", "filter_recipe", "judge_recipe", "rubric_recipe"]


def judge_recipe(
    data: str,
    file: str,
    *,
    mapping: Mapping[str, str],
    split: str = "",
    changes: Mapping[str, Any],
    models: Sequence[str] = (),
) -> Recipe:
    """The recipe of a judge pass over `data`.

    Args:
        data: a file, a dataset's folder, a run's folder (its kept samples), or a hub id.
        file: a recipe file with `judges:`; seeds and generators in it are left aside.
        mapping: which column holds which field, where the names are others.

    Raises:
        RecipeError: the file has no judges, or is wrong.
    """
    read = RecipeFile.read(Path(file))
    return _over(data, read, "judges", "-judged", mapping, split, changes, models)


def rubric_recipe(
    data: str,
    rubric: str,
    *,
    mapping: Mapping[str, str],
    split: str = "",
    changes: Mapping[str, Any],
    models: Sequence[str],
) -> Recipe:
    """The recipe of a judge pass with a ready-made rubric: as `judge_recipe`, without a file.

    Args:
        rubric: its name.
        models: the model that judges.

    Raises:
        RecipeError: there is no such rubric, or no model is named.
    """
    if not models:
        raise RecipeError(
            f"--rubric {rubric} needs the model that is to judge: add --model openai/MODEL, or"
            " --model http://HOST:PORT/v1#MODEL"
        )
    judge = {"rubric": {"name": rubric, "criteria": rubric}}
    values = {"models": {"critic": None}, "judges": [judge]}
    read = RecipeFile(Path(f"--rubric {rubric}"), values, {})
    return _over(data, read, "judges", f"-{rubric}", mapping, split, changes, models)


def filter_recipe(
    data: str,
    file: str,
    *,
    mapping: Mapping[str, str],
    split: str = "",
    changes: Mapping[str, Any],
) -> Recipe:
    """The recipe of filtering `data`: as `judge_recipe`, of a file with `filters:`."""
    read = RecipeFile.read(Path(file))
    recipe = _over(data, read, "filters", "-filtered", mapping, split, changes, ())
    return recipe.model_copy(update={"judges": [], "models": embedding_models(recipe)})


def _over(
    data: str,
    read: RecipeFile,
    needed: str,
    suffix: str,
    mapping: Mapping[str, str],
    split: str,
    changes: Mapping[str, Any],
    models: Sequence[str],
) -> Recipe:
    if not read.values.get(needed):
        raise RecipeError(f"{read.path} has no `{needed}:`, which is what it is given for")
    path = Path(data)
    if (path / "manifest.json").is_file():
        path = path / "kept"
    where = str(path.resolve()) if path.exists() else data
    source: dict[str, Any] = {"path": where, "map": dict(mapping)}
    if split:
        source["split"] = split
    read.values["seeds"] = [{"dataset": source}]
    read.values["generators"] = [{"existing": {"map": dict(mapping)}}]
    read.values["name"] = Path(data).stem + suffix
    return Recipe.from_file(read, changes=changes, models=models)


def filter_existing(recipe: Recipe, out: Path, books: Books) -> RunReport:
    """Filter a dataset as it is, without models and without a journal; each run starts anew.

    Args:
        recipe: one of `filter_recipe`; where it is to be run on a cluster, that decides, with the
            same outcome.
        out: the run's folder.
        books: counters to write to.

    Raises:
        RecipeError: a file that a filter names is missing or wrong.
        SeedError, CheckError, RunFolderError: nothing is written then.
        ClusterError: the same, for want of the cluster.
    """
    folder = RunFolder(out)
    for one in recipe.filters:
        one.prepare(recipe.folder)
    with folder.open(), TemporaryFile(dir=out) as unusable:
        rows = _Rows(recipe, books, unusable)
        books.stage = "filtering"
        folder.write_text(folder.recipe, recipe.to_yaml())
        folder.write_manifest({"status": "running", "name": recipe.name})
        embeddings = Embeddings(recipe.models, folder.path / "embeddings.db", recipe.limits)
        with _deciding(recipe) as decide:
            outcome = filter_samples(
                rows.usable,
                recipe.filters,
                folder,
                failed=rows.unusable,
                embeddings=embeddings,
                decide=decide,
            )
        end = Closing(
            status="done",
            planned=books.planned,
            drafted=outcome.kept + outcome.dropped,
            failed=outcome.failed,
            exhausted=True,
            outcome=outcome,
            failures=rows.reasons.most_common(),
            usage=embeddings.spending(),
            cost=embeddings.cost_with(0.0),
        )
        books.stage = "done"
        return close_books(recipe, folder, books, end)


def _deciding(recipe: Recipe) -> AbstractContextManager[Decide]:
    """Who decides about the samples: this process, or a cluster."""
    if recipe.engine is None:
        return nullcontext(decide)
    from .cluster.filtering import deciding_on_cluster

    return deciding_on_cluster(recipe)


class _Rows:
    """The rows of a dataset as samples, read once."""

    def __init__(self, recipe: Recipe, books: Books, unusable: IO[bytes]) -> None:
        self._recipe = recipe
        self._books = books
        self._key = generator_key(recipe.generators[0])
        self._mapping: Mapping[str, str] = getattr(recipe.generators[0], "map", {})
        self._unusable = unusable
        self.reasons: Counter[str] = Counter()

    def usable(self) -> Iterator[Columns]:
        """The rows that are samples; the others are noted meanwhile."""
        return batches_of_samples(self._read())

    def unusable(self) -> Iterator[bytes]:
        """The rows that are none, each with the reason; once all has been read."""
        self._unusable.seek(0)
        return (line.rstrip(b"\n") for line in self._unusable)

    def _read(self) -> Iterator[Sample]:
        books = self._books
        met = Occurrences()
        for seed in read_seeds(self._recipe, books):
            if self._recipe.limit is not None and books.planned >= self._recipe.limit:
                return
            books.seeds += 1
            books.planned += 1
            id_ = sample_id(self._key, seed, met.before(bytes.fromhex(seed.id))).hex()
            ref = SeedRef(seed.id, seed.source, seed.licence)
            try:
                sample = sample_from_seed(seed, self._mapping, id=id_, seed=ref)
            except SeedError as error:
                self.reasons[str(error)] += 1
                failure = Failure("read", str(error))
                none = Sample(messages=(), id=id_, seed=ref, failure=failure)
                self._unusable.write(sample_to_json(none) + b"\n")
            else:
                ours = is_ours(seed.fields, self._mapping)
                yield _undecided(sample, seed.fields.get("row")) if ours else sample


def _undecided(sample: Sample, row: str | None) -> Sample:
    """A sample of ours as it was before filters decided about it, with the row that it was made
    of, so that filtering again changes nothing."""
    return sample.with_(decision=None, failure=None, row=row)
