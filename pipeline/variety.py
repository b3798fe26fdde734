"""The attributes of draws in numbers: how many combinations there are, and which values are left
in the end."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ..generators import Generator

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["Variety", "kept_values", "varieties"]

MOST_VALUES = 100
"""Attributes with more values are not counted value by value."""

ROWS_AT_A_TIME = 50_000
JOINT = "\x1f"

Counts = dict[str, dict[str, dict[str, int]]]


@dataclass(frozen=True)
class Variety:
    """How a generator's draws of one seed differ by design.

    Attributes:
        generator: its title.
        attributes: what is sampled for each draw, by name.
        combinations: how many combinations of their values there are.
        weighted: whether some values are to occur more often than others.
        by_weight: for about how many draws of a seed they can, before a combination would have to
            come again.
        draws: how many samples are planned for each seed.
    """

    generator: str
    attributes: tuple[str, ...]
    combinations: int
    weighted: bool
    by_weight: int
    draws: int


def varieties(generators: Iterable[Generator]) -> tuple[Variety, ...]:
    """The varieties of those generators that have attributes."""
    return tuple(
        Variety(
            generator=one.title,
            attributes=tuple(one.attributes),
            combinations=one.attribute_combinations.distinct,
            weighted=one.attribute_combinations.weighted,
            by_weight=one.attribute_combinations.by_weight,
            draws=one.draws,
        )
        for one in generators
        if one.attributes
    )


def kept_values(generators: Iterable[Generator], kept: Path) -> Counts:
    """How many kept samples have each value, by generator and attribute; a value that none has
    is there with 0.

    Args:
        kept: the folder with the kept samples; read in parts, two columns of it.
    """
    counts: Counts = {}
    for one in generators:
        listed = {name: v for name, v in one.attributes.items() if len(v) <= MOST_VALUES}
        if listed:
            counts[one.title] = {name: dict.fromkeys(v, 0) for name, v in listed.items()}
    if counts:
        for file in sorted(kept.glob("*.parquet")):
            _count(file, counts)
    return counts


def _count(file: Path, counts: Mapping[str, Mapping[str, dict[str, int]]]) -> None:
    from pyarrow import parquet

    columns = ["origin.generator", "attributes"]
    with parquet.ParquetFile(file) as whole:
        for batch in whole.iter_batches(ROWS_AT_A_TIME, columns=columns):
            for key, count in _occurrences(batch):
                generator, name, value = key.split(JOINT, 2)
                values = counts.get(generator, {}).get(name, {})
                if value in values:
                    values[value] += count


def _occurrences(batch: pa.RecordBatch) -> Iterable[tuple[str, int]]:
    """Generator, attribute and value in one string, with how often they occur together."""
    from pyarrow import compute

    lists = batch["attributes"]
    generator = compute.take(batch["origin"].field("generator"), compute.list_parent_indices(lists))
    pairs = compute.list_flatten(lists)
    keys = compute.binary_join_element_wise(
        generator, pairs.field("name"), pairs.field("value"), JOINT
    )
    for one in compute.value_counts(keys.drop_null()):
        yield one["values"].as_py(), one["counts"].as_py()
