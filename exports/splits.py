"""Which split each sample goes to, so that no seed is in two of them."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..errors import ExportError
from .kept import kept_rows

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    from pyarrow import parquet

__all__ = ["Splits", "allot"]

_MOST = 16


@dataclass(frozen=True, slots=True)
class Splits:
    """How a dataset is split.

    Attributes:
        shares: the share of the samples that each split is to have, by name; they sum to 1.
        seed: another one splits in another way.
    """

    shares: Mapping[str, float]
    seed: int = 0

    @classmethod
    def parse(cls, text: str, seed: int = 0) -> Splits:
        """From words such as `train=0.9,test=0.1`; shares may be any numbers in proportion, such as
        `train=90,test=10`.

        Raises:
            ExportError: says what is wrong with the words.
        """
        parts: dict[str, float] = {}
        for word in text.split(","):
            name, _, share = (part.strip() for part in word.partition("="))
            if not re.fullmatch(r"[A-Za-z][A-Za-z0-9_]{0,40}", name):
                raise ExportError(
                    f"--split: {word.strip()!r} names no split: write NAME=SHARE, such as"
                    " train=0.9,test=0.1; names are letters, digits and _"
                )
            try:
                value = float(share)
            except ValueError:
                value = 0.0
            if not 0 < value < float("inf"):
                raise ExportError(
                    f"--split: the share of {name} is {share!r}, and must be a number above 0"
                )
            if name in parts:
                raise ExportError(f"--split: {name} is named twice")
            parts[name] = value
        if not 2 <= len(parts) <= _MOST:
            raise ExportError(f"--split: {len(parts)} splits are named; name 2 to {_MOST}")
        total = sum(parts.values())
        return cls({name: value / total for name, value in parts.items()}, seed)


def allot(parts: Sequence[parquet.ParquetFile], splits: Splits) -> npt.NDArray[np.uint8]:
    """The number of the split of each kept sample, in the order of the dataset.

    Samples of one seed, and samples with the same prompt, stay together: such a group is never
    parted. Every split gets its share of each strategy, as near as whole groups allow: groups are
    placed from the largest to the smallest, in a random order of their own within a size, each
    where the squared distance of all counts from their shares stays least.

    What is exported of the samples plays no part, so that the same kept samples are split in the
    same way in every format. It takes about 100 bytes a sample while it works, and 1 afterwards.

    Raises:
        ExportError: there are too few seeds for so many splits.
    """
    import numpy as np

    groups, strategies = _groups(parts)
    count = int(groups.max()) + 1
    # The counts by group and strategy, sparse: the rows of one group stand together.
    width = int(strategies.max()) + 1
    cells, sizes = np.unique(groups.astype(np.int64) * width + strategies, return_counts=True)
    bounds = np.searchsorted(cells // width, np.arange(count + 1))
    totals = np.add.reduceat(sizes, bounds[:-1])
    dice = np.random.default_rng(splits.seed)
    order = np.lexsort((dice.permutation(count), -totals))

    shares = list(splits.shares.values())
    placed: npt.NDArray[np.uint8] = np.zeros(count, np.uint8)
    seen = [0] * (width + 1)  # the last is of all strategies together
    there = [[0] * (width + 1) for _ in shares]
    for group in order.tolist():
        of_group = range(bounds[group], bounds[group + 1])
        counts = [(int(cells[cell] % width), int(sizes[cell])) for cell in of_group]
        counts.append((width, int(totals[group])))
        for strategy, number in counts:
            seen[strategy] += number
        place = min(
            range(len(shares)),
            key=lambda split: (
                sum(
                    number
                    * (2 * (there[split][strategy] - shares[split] * seen[strategy]) + number)
                    for strategy, number in counts
                )
                / shares[split]
            ),
        )
        for strategy, number in counts:
            there[place][strategy] += number
        placed[group] = place
    empty = [name for name, has in zip(splits.shares, there, strict=True) if not has[width]]
    if empty:
        raise ExportError(
            f"--split: {' and '.join(empty)} would have no samples: the {len(groups):,} kept"
            f" samples are of {count:,} seeds that share no prompt, the largest with"
            f" {int(totals.max()):,}; name fewer splits, or draft from more seeds"
        )
    return placed[groups]


def _groups(
    parts: Sequence[parquet.ParquetFile],
) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.int32]]:
    """The group and the strategy of each sample, by number: what shares a seed or a prompt, with
    whatever lies between them, is one group."""
    import numpy as np
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    names: dict[str, int] = {}
    total = sum(part.metadata.num_rows for part in parts)
    seeds, prompts = np.empty(total, np.uint64), np.empty(total, np.uint64)
    strategies = np.empty(total, np.int32)
    for row, (seed, prompt, strategy) in enumerate(_keys(parts)):
        seeds[row], prompts[row] = seed, prompt
        strategies[row] = names.setdefault(strategy, len(names))
    seed_ids = np.unique(seeds, return_inverse=True)[1].astype(np.int32)
    prompt_ids = np.unique(prompts, return_inverse=True)[1].astype(np.int32)
    first_prompt = int(seed_ids.max()) + 1
    nodes = first_prompt + int(prompt_ids.max()) + 1
    ones = np.ones(total, np.bool_)
    edges = coo_array((ones, (seed_ids, prompt_ids + first_prompt)), shape=(nodes, nodes))
    labels = connected_components(edges, directed=False)[1]
    # Numbered in the order of the dataset, not of the hashes.
    found, first, groups = np.unique(labels[seed_ids], return_index=True, return_inverse=True)
    by_place = np.empty(len(found), np.int32)
    by_place[np.argsort(first)] = np.arange(len(found), dtype=np.int32)
    return by_place[groups], strategies


def _keys(parts: Sequence[parquet.ParquetFile]) -> Iterator[tuple[int, int, str]]:
    """The hash of each sample's seed and of its prompt, and its strategy. Without a seed, a sample
    is its own, by its prompt."""
    for row in kept_rows(parts, ("seed", "strategy", "messages")):
        seed = (row.get("seed") or {}).get("id")
        prompt = _hash(f"prompt {_prompt(row['messages'] or [])}")
        yield _hash(f"seed {seed}") if seed else prompt, prompt, row.get("strategy") or ""


def _prompt(messages: Sequence[Mapping[str, Any]]) -> str:
    """All that is said to the assistant, whatever the case and the spaces."""
    said = [one["content"] for one in messages if one["role"] != "assistant"]
    return " ".join("\n".join(said).casefold().split())


def _hash(text: str) -> int:
    digest = hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).digest()
    return int.from_bytes(digest, "little")
