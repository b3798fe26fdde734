"""The kept samples of a run, as a plan and a certificate need to know them."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson

from ..errors import ReviewError
from ..records import sample_from_row, sample_to_json
from ..records.judging import OF_JUDGES
from ..records.redaction import redacted
from ..store import RunFolder

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["Population", "content_hash", "kept_rows", "read_population"]

_HASH = "silversmith dataset 1"
_CONTENT = (
    "messages", "rejected", "answer", "steps", "constraints", "spans", "labels", "flow", "passage",
)  # fmt: skip
_ROWS_AT_ONCE = 2_000


@dataclass(frozen=True)
class Population:
    """All kept samples, in the dataset's order.

    Attributes:
        hash: of their ids and contents in that order, however they lie in files; it changes with
            every sample that is added, taken away, moved or rewritten, and not with what judges
            say.
        ids, contents: each sample's id, and the hash of its content.
        strategies, labels: its strategy, and the first of its labels or "".
        scores: its overall score from 0 to 1; NaN where no judge gave one.
        probabilities: the calibrated probability that it is acceptable, the mean of its
            judgements'; NaN where there is none.
        disagreement: by how much judges' scores differ, from 0 to 1: the largest difference under
            one criterion between judges or their models, or between whole judges; NaN where one
            judge alone has scored it.
    """

    hash: str
    ids: list[str]
    contents: list[str]
    strategies: list[str]
    labels: list[str]
    scores: NDArray[np.float64]
    probabilities: NDArray[np.float64]
    disagreement: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.ids)

    @property
    def best_scores(self) -> NDArray[np.float64]:
        """Calibrated probabilities where all samples have one, else the overall scores."""
        import numpy as np

        return self.scores if np.isnan(self.probabilities).any() else self.probabilities


def read_population(folder: Path) -> Population:
    """Read the kept samples of a run's folder.

    Raises:
        ReviewError: the folder is no run's, holds no kept samples, or holds two with one id.
    """
    import numpy as np

    whole = hashlib.blake2b(_HASH.encode(), digest_size=16)
    ids, contents, strategies, labels = [], [], [], []
    scores, probabilities, disagreement = [], [], []
    columns = {"id", "strategy", "score", "judgements", *_CONTENT}
    for row in kept_rows(folder, columns):
        content = content_hash(row)
        whole.update(orjson.dumps([row["id"], content]))
        ids.append(row["id"])
        contents.append(content)
        strategies.append(row.get("strategy") or "")
        labels.append((row.get("labels") or [""])[0])
        judgements = row.get("judgements") or []
        scores.append(_nan(row.get("score")))
        told = [one["probability"] for one in judgements if one.get("probability") is not None]
        probabilities.append(sum(told) / len(told) if told else float("nan"))
        disagreement.append(_disagreement(judgements))
    if not ids:
        raise ReviewError(
            f"{folder} kept no samples, so there is nothing to review: the reasons are in"
            " manifest.json and dropped/"
        )
    if len(set(ids)) < len(ids):
        twice = next(one for one in ids if ids.count(one) > 1)
        raise ReviewError(
            f"{folder}/kept holds two samples with the id {twice!r}: run the same `silversmith run`"
            " again, which writes it anew"
        )
    return Population(
        whole.hexdigest(), ids, contents, strategies, labels,
        np.array(scores), np.array(probabilities), np.array(disagreement),
    )  # fmt: skip


def content_hash(row: Mapping[str, Any]) -> str:
    """Hash (32 hex digits) of what a person sees of a sample: its texts and annotations, and
    nothing that judges, checks or filters said of them.

    Args:
        row: of one of our Parquet files, or of the sample's JSON.
    """
    content = [
        _turns(row.get("messages")),
        _turns(row.get("rejected")),
        row.get("answer") or "",
        [one["text"] for one in row.get("steps") or ()],
        _listed(row.get("constraints"), "kind", "arguments"),
        _listed(row.get("spans"), "label", "start", "end", "quote"),
        list(row.get("labels") or ()),
        _flow(row.get("flow") or {}),
        (row.get("passage") or {}).get("text", ""),
    ]
    return hashlib.blake2b(orjson.dumps(content), digest_size=16).hexdigest()


def kept_rows(folder: Path, columns: Collection[str] | None = None) -> Iterator[dict[str, Any]]:
    """The kept samples of a run's folder as rows, in the dataset's order. Of a sample with
    redactions, as it is exported: people see and mend the redacted texts, not the originals.

    Args:
        columns: those wanted; None for all.

    Raises:
        ReviewError: the folder is no run's, or a file cannot be read.
    """
    import pyarrow as pa
    from pyarrow import parquet

    kept = folder / "kept"
    paths = sorted(kept.glob("*.parquet"))
    if not paths:
        RunFolder(folder).manifest()
        raise ReviewError(
            f"{folder} has no samples in kept/: give the folder that `silversmith run` wrote, once"
            " it has finished there"
        )
    for path in paths:
        try:
            with parquet.ParquetFile(path) as file:
                there = file.schema_arrow.names
                if missing := {"id", "messages"} - set(there):
                    raise ReviewError(
                        f"{path} holds no samples of silversmith (no column"
                        f" {', '.join(sorted(missing))}): give the folder of a run"
                    )
                wanted = None if columns is None else {*columns, "redactions"}
                names = [name for name in there if wanted is None or name in wanted]
                for batch in file.iter_batches(batch_size=_ROWS_AT_ONCE, columns=names):
                    yield from map(_as_exported, batch.to_pylist())
        except (OSError, pa.ArrowException) as error:
            raise ReviewError(
                f"{path} cannot be read as Parquet ({error}): run the same `silversmith run` again,"
                " which writes it anew from the journal"
            ) from error


def _as_exported(row: dict[str, Any]) -> dict[str, Any]:
    if not row.get("redactions"):
        return row
    sample: dict[str, Any] = orjson.loads(sample_to_json(redacted(sample_from_row(row))))
    return sample


def _turns(turns: Any) -> list[list[Any]]:
    return [
        [one["role"], one["content"], one.get("act") or "", list(one.get("depends_on") or ())]
        for one in turns or ()
    ]


def _listed(values: Any, *names: str) -> list[list[Any]]:
    return [[one.get(name) for name in names] for one in values or ()]


def _flow(flow: Mapping[str, Any]) -> list[list[list[Any]]]:
    nodes = _listed(flow.get("nodes"), "id", "kind", "text")
    return [nodes, _listed(flow.get("edges"), "source", "target", "condition")]


def _nan(value: float | None) -> float:
    return float("nan") if value is None else value


def _disagreement(judgements: list[dict[str, Any]]) -> float:
    by_criterion: dict[str, dict[tuple[str, str], float]] = {}
    by_judge: dict[tuple[str, str], list[float]] = {}
    for one in judgements:
        if one["criterion"] in OF_JUDGES:
            continue
        who = (one["judge"], one["model"] or "")
        by_criterion.setdefault(one["criterion"], {})[who] = one["score"]
        by_judge.setdefault(who, []).append(one["score"])
    if len(by_judge) < 2:
        return float("nan")
    means = [sum(scores) / len(scores) for scores in by_judge.values()]
    groups = [list(one.values()) for one in by_criterion.values() if len(one) > 1]
    return max(max(one) - min(one) for one in [means, *groups])
