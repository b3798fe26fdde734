"""Embeddings for the filters that need them: by which model, from what is kept of earlier ones."""

from __future__ import annotations

import asyncio
import hashlib
import threading
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson

from ..checks.hashed_vectors import HASHED_WIDTH, hashed_vectors
from ..errors import LimitReached, RecipeError
from ..filters import EmbeddedFilter
from ..models import ModelSpec
from ..models.embedding import LOCAL, Embedder, connect_embedder
from ..records import Usage
from ..store import Spending, VectorStore

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa
    from numpy.typing import NDArray

    from .recipe import Limits, Recipe

__all__ = [
    "HASHED",
    "USUAL",
    "Embeddings",
    "embedding_model",
    "embedding_models",
    "figures_of_hashed",
]

HASHED = "hashed"
"""The name of the vectors that need no model."""

USUAL = "embedder"
"""The name by which a recipe calls the model whose embeddings are used where no other is named."""

_TEXTS_AT_ONCE = 20_000


def embedding_model(name: str, models: Mapping[str, ModelSpec]) -> ModelSpec | str:
    """What stands behind the name that a filter's option `embeddings` gives.

    Args:
        name: a model of the recipe, a model's short form, `sentence-transformers:NAME`, `hashed`,
            or "" for the recipe's model `embedder`, else `hashed`.
        models: the recipe's.

    Raises:
        RecipeError: there is no such model.
    """
    if not name:
        return _answering(models.get(USUAL, HASHED))
    if name in models:
        return _answering(models[name])
    if name == HASHED or (name.startswith(LOCAL) and name != LOCAL):
        return name
    if name != "simulated" and "/" not in name:
        raise RecipeError(
            f"the recipe has no model {name!r} (models: {', '.join(models) or 'none'}); embeddings"
            f" are by one of them, by a model's short form, by {LOCAL}NAME, or {HASHED}"
        )
    return _answering(ModelSpec.parse(name))


def _answering(model: ModelSpec | str) -> ModelSpec | str:
    if isinstance(model, ModelSpec) and model.engine is not None:
        raise RecipeError(
            f"a managed vLLM server gives no embeddings: serve {model.model} yourself (`vllm serve"
            f" {model.model} --runner pooling`) and name it by http://HOST:PORT/v1#{model.model}"
        )
    return model


def figures_of_hashed(texts: int, without_words: int) -> dict[str, Any]:
    """What there is to say of vectors that need no model."""
    told = _Told(
        f"none: {HASHED_WIDTH} hashed dimensions of words and pairs of words, which tell the same"
        " words and not the same meaning",
        texts,
        missing=Counter({"no words": without_words}) if without_words else None,
    )
    return told.figures()


def embedding_models(recipe: Recipe) -> dict[str, ModelSpec]:
    """The models of the recipe whose embeddings its filters need."""
    rules = [one for one in recipe.filters if isinstance(one, EmbeddedFilter)]
    names = {one.embeddings or USUAL for one in rules}
    return {name: spec for name, spec in recipe.models.items() if name in names}


@dataclass
class _Told:
    """What there is to say of some embeddings."""

    model: str
    texts: int = 0
    asked: int = 0
    tokens: int = 0
    missing: Counter[str] | None = None
    simulated: bool = False

    def figures(self) -> dict[str, Any]:
        missing = self.missing or Counter()
        return {
            "model": self.model,
            "texts": self.texts,
            "asked_for_now": self.asked,
            "tokens_now": self.tokens,
            "simulated": self.simulated,
            "missing": missing.total(),
            "missing_because": [{"reason": r, "texts": n} for r, n in missing.most_common(3)],
        }


class Embeddings:
    """Gives filters their embeddings.

    Args:
        models: the recipe's.
        file: where paid ones are kept (`embeddings.db` of the run's folder); None keeps none.
        limits: the user's.
        spent: what the run has used besides.
    """

    def __init__(
        self,
        models: Mapping[str, ModelSpec],
        file: Path | None = None,
        limits: Limits | None = None,
        spent: Callable[[], Sequence[Spending]] = tuple,
    ) -> None:
        self._models = models
        self._file = file
        self._limits = limits
        self._spent = spent

    def are_hashed(self, name: str) -> bool:
        """Whether no model is behind the name that a filter's option `embeddings` gives."""
        return embedding_model(name, self._models) == HASHED

    def of(self, texts: pa.ChunkedArray, name: str) -> tuple[pa.Array, dict[str, Any]]:
        """The embeddings of texts as a column, null where there is none, and what there is to say
        of them.

        Args:
            texts: one a row.
            name: as in `embedding_model`.

        Raises:
            EndpointError: the model cannot be reached.
            LimitReached: a limit of the user's was met; what was asked for until then is kept.
        """
        import numpy as np

        model = embedding_model(name, self._models)
        if model == HASHED:
            vectors = hashed_vectors(texts)
            empty = np.asarray(~vectors.any(axis=1))
            return _column(vectors, empty), figures_of_hashed(len(texts), int(empty.sum()))
        called = name or USUAL
        embedder = connect_embedder(model, called)
        told = _Told(embedder.label, len(texts), missing=Counter())
        with VectorStore(self._file if self._file is not None else Path(":memory:")) as store:
            work = _Work(embedder, called, store, told, lambda: self._check(store))
            vectors = work.vectors(texts)
        return _column(vectors, np.asarray(np.isnan(vectors).any(axis=1))), told.figures()

    def spending(self) -> list[Spending]:
        """What embeddings have taken, in all runs of the folder."""
        if self._file is None or not self._file.is_file():
            return []
        with VectorStore(self._file) as store:
            return _spending(store)

    def cost_with(self, cost: float | None) -> float | None:
        """US dollars with those of embeddings; None where one of the two is unknown."""
        for one in self.spending():
            own = self._cost(one)
            cost = None if cost is None or own is None or one.unmetered else cost + own
        return cost

    def _check(self, store: VectorStore) -> None:
        limits = self._limits
        if limits is None:
            return
        usages = [*self._spent(), *_spending(store)]
        tokens = sum(one.usage.input_tokens + one.usage.output_tokens for one in usages)
        calls = sum(one.usage.calls for one in usages)
        costs = [self._cost(one) for one in usages]
        for name, used, most in (
            ("max_tokens", tokens, limits.max_tokens),
            ("max_calls", calls, limits.max_calls),
            ("max_cost", sum(cost or 0.0 for cost in costs), limits.max_cost),
        ):
            if most is not None and used >= most:
                raise LimitReached(
                    f"{name}: {used:,.6g} of {most:,} are used, and embeddings are missing; raise"
                    " the limit and run the same command again: it goes on from there"
                )

    def _cost(self, one: Spending) -> float | None:
        if one.model in self._models:
            return self._models[one.model].cost(one.usage)
        spec = embedding_model(one.model, {})
        return 0.0 if isinstance(spec, str) else spec.cost(one.usage)


def _spending(store: VectorStore) -> list[Spending]:
    return [
        Spending("embeddings", model, Usage(calls, tokens), 0, unmetered)
        for model, calls, tokens, unmetered in store.spent()
    ]


class _Work:
    """Embeddings of texts by one model."""

    def __init__(
        self,
        embedder: Embedder,
        name: str,
        store: VectorStore,
        told: _Told,
        check: Callable[[], None],
    ) -> None:
        self._embedder = embedder
        self._name = name
        self._store = store
        self._told = told
        self._check = check
        self._salt = orjson.dumps(embedder.identity(), option=orjson.OPT_SORT_KEYS)

    def vectors(self, texts: pa.ChunkedArray) -> NDArray[np.float32]:
        """One row a text, of NaN where there is none."""
        import numpy as np

        rows: NDArray[np.float32] | None = None
        for start in range(0, len(texts), _TEXTS_AT_ONCE):
            part = [text or "" for text in texts.slice(start, _TEXTS_AT_ONCE).to_pylist()]
            found = self._found(part)
            if rows is None and found:
                width = len(next(iter(found.values())))
                rows = np.full((len(texts), width), np.nan, np.float32)
            for place, text in enumerate(part):
                vector = found.get(self._key(text))
                if vector is not None and rows is not None:
                    rows[start + place] = vector
        return rows if rows is not None else np.full((len(texts), 1), np.nan, np.float32)

    def _found(self, texts: Sequence[str]) -> dict[bytes, NDArray[np.float32]]:
        """The vectors of texts by their keys: those that are kept, and the others asked for."""
        keys = {self._key(text): text for text in texts if text.strip()}
        if blank := sum(not text.strip() for text in texts):
            assert self._told.missing is not None
            self._told.missing["no text"] += blank
        found = self._store.get(list(keys))
        missing = {key: text for key, text in keys.items() if key not in found}
        if missing:
            _now(self._ask, missing, found)
        return found

    async def _ask(
        self, missing: Mapping[bytes, str], found: dict[bytes, NDArray[np.float32]]
    ) -> None:
        self._check()
        keys = list(missing)
        self._told.asked += len(keys)
        replies = self._embedder.embed(list(missing.values()))
        async for reply in replies:
            self._told.simulated |= reply.simulated
            if reply.vectors is None:
                assert self._told.missing is not None
                self._told.missing[reply.reason] += len(reply.places)
                continue
            new = {keys[at]: row for at, row in zip(reply.places, reply.vectors, strict=True)}
            self._store.put(self._name, new, reply.tokens)
            self._told.tokens += reply.tokens or 0
            found.update(new)
            self._check()

    def _key(self, text: str) -> bytes:
        data = self._salt + b"\n" + text.encode("utf-8", "surrogatepass")
        return hashlib.blake2b(data, digest_size=16).digest()


def _now(work: Callable[..., Any], *given: Any) -> None:
    """Run a coroutine function to its end, inside a running event loop too."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        asyncio.run(work(*given))
        return
    failures: list[BaseException] = []

    def run() -> None:
        try:
            asyncio.run(work(*given))
        except BaseException as error:  # noqa: BLE001 - carried over to the caller
            failures.append(error)

    thread = threading.Thread(target=run, name="silversmith-embeddings")
    thread.start()
    thread.join()
    if failures:
        raise failures[0]


def _column(vectors: NDArray[np.float32], missing: NDArray[np.bool_]) -> pa.Array:
    import pyarrow as pa

    flat = pa.array(vectors.reshape(-1))
    mask = pa.array(missing) if missing.any() else None
    return pa.FixedSizeListArray.from_arrays(flat, vectors.shape[1], mask=mask)
