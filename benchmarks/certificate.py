"""Do the certificate's intervals cover, and are they shorter than the exact ones?

    python benchmarks/certificate.py FOLDER [--lots 8000] [--seed 0] [--lot-size 20000]

Lots with a known share of acceptable samples are made and sampled, and the intervals of
`silversmith certify` are asked whether they hold it: for a grid of sample sizes, true shares and
kinds of judges, by one simple random sample, by samples in proportion to strata, and by Neyman's
rule with scores that were calibrated on other labels. The same with the people and the judges of
PandaLM (FOLDER/pandalm), whose verdicts are real: there, a response is acceptable where the
majority of people took it for the better one, and lots are drawn from the rows with replacement.

A cell fails where its coverage is below 94%, or its mean length above 1.05 times that of the
exact interval of a simple random sample of the same size; or where a good judge does not shorten it
although both verdicts are expected often enough. Coverage is measured on so many lots that its
own error is a third of a percentage point or less. The exit status is 1 where a cell fails.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import sys
import time
from collections.abc import Iterator, Sequence
from itertools import chain
from pathlib import Path

import numpy as np
from certifying import Cell, Lot
from certifying.judged import QUALITIES, simulated_lot
from certifying.pandalm import pandalm_lots
from certifying.samples import by_neyman, by_size, simple, stepwise
from table import table

__all__ = ["main"]

SIZES = (50, 100, 200, 300, 500, 1_000, 2_000)
SHARES = (0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.97, 0.98, 0.99, 0.995)
DESIGNS = {"simple": simple, "by size": by_size, "neyman": by_neyman}
COVERAGE = 0.94
LONGEST = 1.05


def main() -> None:
    """Measure, and print a table or JSON."""
    options = _options()
    started = time.monotonic()
    cells = []
    for cell in _cells(options):
        cells.append(cell)
        for fault in _faults(cell):
            print(f"certificate: {cell.name}: {fault}", file=sys.stderr, flush=True)
    if options.json:
        for cell in cells:
            print(json.dumps({**dataclasses.asdict(cell), "faults": list(_faults(cell))}))
    else:
        print(_summary(cells))
        worst = min(cells, key=lambda cell: cell.coverage)
        longest = max(cells, key=lambda cell: cell.ratio)
        print(
            f"\n{len(cells):,} cells, {options.lots:,} samples each, in"
            f" {time.monotonic() - started:.0f} s. Lowest coverage {worst.coverage:.2%}"
            f" ± {2 * worst.error:.2%} ({worst.name}); longest {longest.ratio:.3f} times the exact"
            f" one ({longest.name})."
        )
    if failed := sum(any(_faults(cell)) for cell in cells):
        sys.exit(f"certificate: {failed:,} of {len(cells):,} cells fail")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path, nargs="?", help="the folder of the datasets")
    parser.add_argument("--lots", type=int, default=8_000, help="samples a cell")
    parser.add_argument("--different", type=int, default=4, help="different lots among them")
    parser.add_argument("--lot-size", type=int, default=20_000, help="samples in a lot")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--sizes", type=_numbers, default=SIZES)
    parser.add_argument("--shares", type=_numbers, default=SHARES)
    parser.add_argument("--json", action="store_true", help="one JSON object a cell")
    return parser.parse_args()


def _numbers(words: str) -> tuple[float, ...]:
    return tuple(float(word) for word in words.split(","))


def _cells(options: argparse.Namespace) -> Iterator[Cell]:
    rng = np.random.default_rng(options.seed)
    different = options.different
    draws = -(-options.lots // different)
    simulated = (
        (quality, [simulated_lot(options.lot_size, share, quality, rng) for _ in range(different)])
        for share in options.shares
        for quality in QUALITIES
    )
    for judge, lots in chain(simulated, pandalm_lots(options.folder, options, rng)):
        for size in map(int, options.sizes):
            for design in DESIGNS:
                yield _cell(design, judge, lots, size, draws, rng)
    for share in (0.5, 0.9, 0.99):
        lots = [simulated_lot(2_000, share, "none", rng)]
        yield Cell.of("sequence", "none", share, 2_000, [stepwise(lots[0], 2_000, 1_000, rng)])


def _cell(
    design: str, judge: str, lots: Sequence[Lot], size: int, draws: int, rng: np.random.Generator
) -> Cell:
    outcomes = [DESIGNS[design](lot, size, draws, rng) for lot in lots]
    share = float(np.mean([lot.good.mean() for lot in lots]))
    return Cell.of(design, judge, share, size, outcomes)


def _faults(cell: Cell) -> Iterator[str]:
    if cell.coverage < COVERAGE:
        yield f"covers {cell.coverage:.2%} ± {2 * cell.error:.2%}"
    if cell.design != "sequence" and cell.ratio > LONGEST:
        yield f"is {cell.ratio:.3f} times as long as the exact one"
    often = cell.size * min(cell.share, 1 - cell.share) >= 20
    if cell.design == "simple" and cell.judge == "good" and often and cell.ratio >= 1:
        yield "is not shorter than the exact one although the judge is good"


def _summary(cells: Sequence[Cell]) -> str:
    """One line for each design and judge: the worst of its cells, and how long they are."""
    rows = [("", "cells", "lowest coverage", "mean coverage", "longest", "shortest", "mean length")]
    for design, judge in dict.fromkeys((cell.design, cell.judge) for cell in cells):
        part = [cell for cell in cells if (cell.design, cell.judge) == (design, judge)]
        ratios = [cell.ratio for cell in part]
        rows.append(
            (
                f"{design}, {judge}",
                f"{len(part)}",
                f"{min(cell.coverage for cell in part):.2%}",
                f"{np.mean([cell.coverage for cell in part]):.2%}",
                f"{max(ratios):.3f}",
                f"{min(ratios):.3f}",
                f"{np.mean(ratios):.3f}",
            )
        )
    return table(rows)


if __name__ == "__main__":
    main()
