"""A recipe: what to draft from what, with which models, and how to judge and filter it."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import yaml
from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    ValidationError,
    field_serializer,
    field_validator,
    model_validator,
)

from ..errors import RecipeError
from ..filters import DatasetFilter, EmbeddedFilter, Filter
from ..filters.decontaminate import Decontaminate
from ..generators import Generator
from ..judges import Judge
from ..models import ModelSpec
from ..records import Component
from ..seeds import SeedSource
from ..seeds.failures import Failures
from .components import component, did_you_mean, explain, spell
from .embedding import embedding_model
from .recipe_file import RecipeFile, change, replace_models

if TYPE_CHECKING:
    from .report import RunReport

__all__ = ["Limits", "OnRay", "Recipe"]


class Limits(BaseModel):
    """Where a run stops, resumable; what earlier runs in the same folder used counts too."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)

    max_cost: float | None = Field(default=None, ge=0)
    """US dollars; needs the prices of every model, and an endpoint that says what it took."""

    max_tokens: int | None = Field(default=None, ge=0)
    """Input and output tokens together."""

    max_calls: int | None = Field(default=None, ge=0)
    """Requests made, those that got no reply included."""


class OnRay(BaseModel):
    """How a recipe is run on a Ray cluster."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)

    address: str = ""
    """`HOST:PORT` of the cluster's Ray client server; by default the cluster of this machine, or
    that of the variable RAY_ADDRESS; where there is none, a Ray on this machine alone."""

    storage: str = ""
    """Where blocks are shipped to, which all machines must share: a folder, or a URL such as
    `s3://bucket/run` or `gs://bucket/run`; by default the run's folder."""

    seeds_per_block: int = Field(default=1000, ge=1)
    """How many seeds make a block. The first run of a folder settles it."""

    upload_seconds: float = Field(default=60.0, gt=0)
    """After how many seconds the journal of a block in work is shipped again: where its machine is
    lost, so much of the work on it is lost at most."""

    workers: int | None = Field(default=None, ge=1)
    """How many blocks are in work at once; by default one for each machine."""


class Recipe(BaseModel):
    """A whole job. Build it from YAML (`Recipe.from_yaml`) or from Python values:

        Recipe(
            models={"writer": "openai/gpt-5-mini", "critic": "openai/gpt-5"},
            seeds=[{"tasks": "seeds.jsonl"}],
            generators=[Instruction(draws=2)],
            judges=[Rubric(criteria=["accuracy"])],
            filters=[Score(min=0.7), "exact_duplicates"],
        ).run("runs/first")

    Every entry of a list is a component, a kind, or `{kind: options}`, as in YAML.

    Raises:
        RecipeError: something in it is wrong; says where, and the nearest right word.
    """

    model_config = ConfigDict(
        extra="forbid", frozen=True, arbitrary_types_allowed=True, use_attribute_docstrings=True
    )

    name: str = ""
    """What the run is called; by default the file's name."""

    folder: Path = Path()
    """Where relative paths start, and where `prompts/` with the user's templates lies; by
    default the recipe file's folder, or the current one."""

    models: dict[str, ModelSpec] = Field(default_factory=dict)
    """Models by name; generators use `writer` and judges `critic`, or the only one."""

    seeds: list[SeedSource] = Field(min_length=1)
    """Where seeds come from, in this order."""

    generators: list[Generator] = Field(min_length=1)
    """What is drafted from each seed."""

    judges: list[Judge] = Field(default_factory=list)
    """Who scores each draft."""

    filters: list[Filter | DatasetFilter] = Field(default_factory=list)
    """What decides which samples are kept, in this order."""

    limit: int | None = Field(default=None, ge=1)
    """Plan only the first so many samples of the dataset's order."""

    target: int | None = Field(default=None, ge=1)
    """Go on drawing until so many samples are kept; the generators' `draws` are then the most
    that is drawn from each seed. The first so many that pass, in the dataset's order, are kept."""

    attempts: int = Field(default=3, ge=1, le=10)
    """How often a question is asked until a reply validates."""

    max_failed_share: float = Field(default=0.5, gt=0, le=1)
    """Stop when more than this share of the samples fail (looked at from 50 samples on)."""

    skip_bad_rows: bool = False
    """Pass over rows of seed files that cannot be read, and count them; otherwise the first one
    ends the run."""

    limits: Limits = Limits()
    """Where to stop for money's sake."""

    engine: OnRay | None = None
    """Where it is run: by default on this machine; on a Ray cluster with `ray`,
    `ray://HOST:PORT`, or `{ray: OPTIONS}`."""

    @model_validator(mode="before")
    @classmethod
    def _build(cls, values: object) -> object:
        if not isinstance(values, Mapping):
            raise RecipeError(f"a recipe is a mapping of names to values, found {values!r:.60}")
        unknown = [key for key in values if key not in cls.model_fields]
        if unknown:
            hint = did_you_mean(str(unknown[0]), list(cls.model_fields))
            known = "" if hint else f"; known: {', '.join(cls.model_fields)}"
            raise RecipeError(f"{unknown[0]}: unknown key of a recipe{hint}{known}")
        built = dict(values)
        rooms: dict[str, tuple[type[Component], ...]] = {
            "seeds": (SeedSource,),
            "generators": (Generator,),
            "judges": (Judge,),
            "filters": (Filter, DatasetFilter),
        }
        for room, bases in rooms.items():
            if room in built:
                built[room] = [
                    component(room, bases, entry, f"{room}[{i}]")
                    for i, entry in enumerate(_list(built[room], room))
                ]
        if "models" in built:
            if not isinstance(built["models"], Mapping):
                raise RecipeError("models: expected names with models, such as `writer: simulated`")
            folder = Path(str(built.get("folder") or "."))
            built["models"] = {
                str(name): _model(name, spec).in_folder(folder)
                for name, spec in built["models"].items()
            }
        return built

    @field_validator("engine", mode="before")
    @classmethod
    def _engine_by_name(cls, value: object) -> object:
        if value is None or isinstance(value, OnRay):
            return value
        if isinstance(value, str):
            kind, _, address = value.partition("://")
            if kind == "ray":
                return {"address": address}
        elif isinstance(value, Mapping) and list(value) == ["ray"]:
            return value["ray"] or {}
        raise ValueError("expected `ray`, `ray://HOST:PORT`, or `{ray: OPTIONS}`")

    @field_serializer("engine")
    def _spell_engine(self, value: OnRay | None) -> dict[str, Any] | None:
        return None if value is None else {"ray": value.model_dump(mode="json")}

    @field_validator("generators", "judges")
    @classmethod
    def _titles_differ(cls, value: list[Generator] | list[Judge]) -> list[Generator] | list[Judge]:
        seen: set[str] = set()
        for one in value:
            if one.title in seen:
                raise ValueError(f"two of them are called {one.title!r}; give one another `name:`")
            seen.add(one.title)
        return value

    @model_validator(mode="after")
    def _candidates_are_judged(self) -> Self:
        for number, generator in enumerate(self.generators):
            if generator.draws_candidates and not self.judges:
                raise RecipeError(
                    f"generators[{number}].{generator.kind}: it draws several candidates for each"
                    " sample, which only judges can tell apart: add `judges: [rubric]`"
                )
        return self

    @model_validator(mode="after")
    def _evaluations_stay_out(self) -> Self:
        against: set[str] = set()
        for one in self.filters:
            if isinstance(one, Decontaminate):
                against |= {one.against} if isinstance(one.against, str) else set(one.against)
        for number, source in enumerate(self.seeds):
            if isinstance(source, Failures):
                for evaluation in source.evaluations:
                    if evaluation not in against:
                        raise RecipeError(
                            f"seeds[{number}].failures.evaluations: samples for failures of"
                            f" {evaluation} may hold its items, and then the next evaluation says"
                            f" nothing: add `- decontaminate: {evaluation}` to the filters"
                        )
        return self

    @model_validator(mode="after")
    def _embeddings_are_by_a_model(self) -> Self:
        for number, one in enumerate(self.filters):
            if isinstance(one, EmbeddedFilter):
                try:
                    embedding_model(one.embeddings, self.models)
                except RecipeError as error:
                    where = f"filters[{number}].{one.kind}.embeddings"
                    raise RecipeError(f"{where}: {error}") from error
        return self

    @field_serializer("seeds", "generators", "judges", "filters")
    def _spell(self, value: Sequence[Component]) -> list[dict[str, Any]]:
        return [spell(one) for one in value]

    def __init__(self, **values: Any) -> None:
        try:
            super().__init__(**values)
        except ValidationError as error:
            raise RecipeError(explain(error, "")) from error

    @classmethod
    def from_yaml(
        cls,
        path: Path | str,
        *,
        changes: Mapping[str, Any] | None = None,
        models: Sequence[str] = (),
    ) -> Self:
        """The recipe in a file.

        Args:
            path: the YAML file.
            changes: values that replace some of the file's, by dotted path
                (`generators.0.instruction.draws`, `filters.score.min`, `models.writer`).
            models: `MODEL` in place of all of the file's models, or `NAME=MODEL` of one.

        Raises:
            RecipeError: the file is missing or wrong; says file, line and field.
        """
        return cls.from_file(RecipeFile.read(Path(path)), changes=changes, models=models)

    @classmethod
    def from_file(
        cls,
        file: RecipeFile,
        *,
        changes: Mapping[str, Any] | None = None,
        models: Sequence[str] = (),
    ) -> Self:
        """As `from_yaml`, of a file that has been read already."""
        values = file.values
        for place, value in (changes or {}).items():
            change(values, place, value)
        for word in models:
            replace_models(values, word)
        values.setdefault("name", file.path.stem)
        folder = Path(str(values.get("folder") or ".")).expanduser()
        values["folder"] = file.path.parent / folder
        try:
            return cls(**values)
        except RecipeError as error:
            raise RecipeError(file.located(str(error))) from error

    def to_yaml(self) -> str:
        """The recipe with every option, as YAML that `from_yaml` reads."""
        values = self.model_dump(mode="json")
        values["folder"] = str(self.folder.resolve())
        return yaml.safe_dump(values, sort_keys=False, allow_unicode=True, width=100)

    def model_for(self, asker: Generator | Judge) -> str | None:
        """The name of the model that a generator or judge asks; None where the recipe has none.

        Raises:
            RecipeError: it names a model that the recipe does not have, or there are several and
                none is the default one.
        """
        if asker.model:
            self.check_model(asker, asker.model)
            return asker.model
        usual = "critic" if isinstance(asker, Judge) else "writer"
        if usual in self.models:
            return usual
        if len(self.models) > 1:
            raise RecipeError(
                f"{asker.title}: which model? Say `model:` with one of {', '.join(self.models)},"
                f" or call one of them {usual!r}"
            )
        return next(iter(self.models), None)

    def check_model(self, asker: Generator | Judge, name: str) -> None:
        """See that there is a model that a generator or judge names.

        Raises:
            RecipeError: there is none of that name.
        """
        if name not in self.models:
            raise RecipeError(
                f"{asker.title}: the recipe has no model {name!r}"
                f"{did_you_mean(name, list(self.models))}"
                f" (models: {', '.join(self.models) or 'none'})"
            )

    def on_ray(self, address: str = "") -> Self:
        """The recipe as it is to be run on a Ray cluster.

        Args:
            address: of the cluster, as `OnRay.address`.
        """
        engine = self.engine or OnRay()
        if address:
            engine = engine.model_copy(update={"address": address})
        return self.model_copy(update={"engine": engine})

    def run(self, out: Path | str, **options: Any) -> RunReport:
        """Draft, judge and filter; the same call again goes on where it stopped.

        Works in a script, in a notebook, and inside a running event loop (there it blocks; use
        `await recipe.run_async(...)` not to).

        Args:
            out: the run's folder.
            options: the fields of `RunOptions`.

        Returns:
            The report, with the books.

        Raises:
            SilversmithError: as `run_async`.
        """
        try:
            asyncio.get_running_loop()
        except RuntimeError:
            return asyncio.run(self.run_async(out, **options))
        return _in_thread(self, out, options)

    async def run_async(self, out: Path | str, **options: Any) -> RunReport:
        """As `run`, inside an event loop.

        Raises:
            RecipeError, SeedError, TemplateError: wrong input; nothing was asked.
            EndpointError: a model cannot be reached, or refuses key, model or parameters.
            RunFolderError: the folder is locked, damaged, full or of another recipe.
            ClusterError: the cluster that it is to run on cannot be used.
        """
        from .engine import RunOptions, run

        if self.engine is not None:
            from .cluster.run import run_on_ray

            return await run_on_ray(self, Path(out), RunOptions(**options))
        return await run(self, Path(out), RunOptions(**options))


def _in_thread(recipe: Recipe, out: Path | str, options: Mapping[str, Any]) -> RunReport:
    result: list[RunReport] = []
    failure: list[BaseException] = []

    def work() -> None:
        try:
            result.append(asyncio.run(recipe.run_async(out, **options)))
        except BaseException as error:  # noqa: BLE001 - carried over to the caller
            failure.append(error)

    thread = threading.Thread(target=work, name="silversmith-run")
    thread.start()
    thread.join()
    if failure:
        raise failure[0]
    return result[0]


def _list(value: object, room: str) -> Sequence[object]:
    if isinstance(value, Sequence) and not isinstance(value, str):
        return value
    raise RecipeError(f"{room}: expected a list, found {value!r:.60}")


def _model(name: object, spec: object) -> ModelSpec:
    if isinstance(spec, ModelSpec):
        return spec
    try:
        return ModelSpec.parse(spec)
    except RecipeError as error:
        raise RecipeError(f"models.{name}: {error}") from error
    except ValidationError as error:
        raise RecipeError(explain(error, f"models.{name}", ModelSpec.model_fields)) from error
