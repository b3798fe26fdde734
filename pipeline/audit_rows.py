"""The rows of a bias audit: some answers of a dataset, each in a few forms that say the same."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from ..checks.markup import has_markdown, with_markdown, without_markdown
from ..errors import RunFolderError, SeedError
from ..records import Origin, Sample, Seed, Turn, sample_to_json
from ..records.shapes import sample_from_seed
from .books import Books
from .planning import read_seeds
from .recipe import Recipe

__all__ = ["Form", "Picked", "pick", "split_id", "write_forms"]

Form = Literal["as it is", "padded", "plain", "markdown"]
"""An answer as it is; followed by its own words once more; without its Markdown; with Markdown."""

_MARK = "~"
_FORMS: Mapping[str, Form] = {
    "as-it-is": "as it is",
    "padded": "padded",
    "plain": "plain",
    "markdown": "markdown",
}


@dataclass(frozen=True, slots=True)
class Picked:
    """The answers that are audited.

    Attributes:
        samples: with ids that differ, in the dataset's order.
        writers: who wrote each answer, by the sample's id; "" where nobody knows.
        rows: how many rows the dataset holds.
        unusable: how many of them hold no answer.
    """

    samples: Sequence[Sample]
    writers: Mapping[str, str]
    rows: int
    unusable: int


def pick(recipe: Recipe, number: int, *, written_by: str = "", seed: int = 0) -> Picked:
    """Answers drawn from all of a dataset, each row as likely as another; the same seed draws the
    same ones.

    Of a row with two answers or more, one is drawn to be the response, and another to be the
    rejected half, which stays as it is in all forms: so the better answer is changed as often as
    the worse, and a judge of pairs has room to move both ways.

    Args:
        recipe: of a judge pass over the dataset; its `limit` holds.
        number: how many.
        written_by: the column that names the model that wrote the answer; by default the origin
            of our own samples says it.
        seed: of the draw.

    Raises:
        SeedError: the data cannot be read, no row holds an answer, or none has that column.
    """
    drawn = random.Random(seed)
    mapping: Mapping[str, str] = getattr(recipe.generators[0], "map", {})
    reservoir: list[tuple[int, Sample, str]] = []
    rows = usable = 0
    why, met = "", not written_by
    for one in read_seeds(recipe, Books()):
        if recipe.limit is not None and rows >= recipe.limit:
            break
        rows += 1
        try:
            sample = sample_from_seed(one, mapping)
        except SeedError as error:
            why = why or f"{one.source}: {error}"
            continue
        if not sample.response.strip() and not sample.candidates:
            why = why or f"{one.source}: it holds no answer"
            continue
        met = met or written_by in one.fields
        usable += 1
        writer = str(one.fields.get(written_by) or "") if written_by else None
        sample, writer = _as_pair(sample, drawn, writer)
        # Reservoir sampling (Vitter 1985, algorithm R).
        place = len(reservoir) if usable <= number else drawn.randrange(usable)
        if place < number:
            reservoir[place : place + 1] = [(rows, _named(sample, one), writer)]
    if not usable:
        raise SeedError(f"no row holds an answer to judge; the first: {why}")
    if not met:
        raise SeedError(f"no row has a column {written_by!r}, which --written-by names")
    reservoir.sort(key=lambda entry: entry[0])
    samples, writers = [], {}
    for row, sample, writer in reservoir:
        id_ = sample.id if sample.id not in writers else f"{sample.id}#{row}"
        samples.append(sample.with_(id=id_))
        writers[id_] = writer
    return Picked(samples, writers, rows, rows - usable)


def write_forms(picked: Picked, path: Path) -> int:
    """Write every form of every answer as a row, to be judged like any dataset's.

    Returns:
        How many rows there are.

    Raises:
        RunFolderError: the file cannot be written.
    """
    rows = [sample_to_json(one) for sample in picked.samples for one in _forms(sample)]
    text = b"".join(row + b"\n" for row in rows)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text)
    except OSError as error:
        raise RunFolderError(f"{path} cannot be written ({error.strerror})") from error
    return len(rows)


def split_id(id_: str) -> tuple[str, Form]:
    """Which sample's answer a row holds, and in which form."""
    name, _, form = id_.rpartition(_MARK)
    return name, _FORMS[form]


def _forms(sample: Sample) -> Iterator[Sample]:
    text = sample.response
    texts = {"as-it-is": text, "padded": f"{text.rstrip()}\n\n{text.strip()}"}
    other = without_markdown(text) if has_markdown(text) else with_markdown(text)
    if other.strip() != text.strip():  # fenced code stays as it is
        texts["plain" if has_markdown(text) else "markdown"] = other
    for form, said in texts.items():
        yield _with_response(sample, said).with_(
            id=f"{sample.id}{_MARK}{form}", judgements=(), score=None, decision=None, row=None
        )


def _with_response(sample: Sample, text: str) -> Sample:
    turns = list(sample.messages)
    last = max(place for place, turn in enumerate(turns) if turn.role == "assistant")
    turns[last] = replace(turns[last], content=text)
    return sample.with_(messages=tuple(turns))


def _named(sample: Sample, seed: Seed) -> Sample:
    own = seed.fields.get("id")
    name = sample.id or (str(own) if isinstance(own, (str, int)) and own != "" else seed.source)
    return sample.with_(id=name)


def _as_pair(sample: Sample, drawn: random.Random, writer: str | None) -> tuple[Sample, str]:
    """One of the row's answers as the response, and who wrote it; another as the rejected half.

    Args:
        writer: of the response as it stands in the row, or None where its origin says it.
    """
    if sample.candidates:
        one, other = drawn.sample(sample.candidates, 2)
        head = sample.messages
        return (
            sample.with_(
                messages=(*head, Turn("assistant", one.text)),
                rejected=(*head, Turn("assistant", other.text)),
                candidates=(),
            ),
            one.model if writer is None else writer,
        )
    here = _model(sample.origin) if writer is None else writer
    if not sample.rejected_response.strip() or drawn.random() < 0.5:
        return sample, here
    turned = sample.with_(
        messages=sample.rejected,
        rejected=sample.messages,
        origin=sample.rejected_origin,
        rejected_origin=sample.origin,
        flaw=None,
    )
    # A column says who wrote the response, and not who wrote the rejected answer.
    return turned, _model(turned.origin) if writer is None else ""


def _model(origin: Origin | None) -> str:
    return origin.model if origin is not None else ""
