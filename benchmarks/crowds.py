"""Do our majority and Dawid-Skene say of crowds' labels what an independent library says?

    python -m pip install crowd-kit
    python benchmarks/crowds.py tests/data

The folder holds `bluebirds` (39 people on 108 photographs) and `llmbar_panel` (eight judge models
and prompts on 230 pairs, in one order), both with gold labels that neither sees. crowd-kit 1.4
starts as we do, from the shares of the votes; it is run here for 200 rounds, since its own rule
ends it on the bluebirds while labels still change (its bound counts the prior once a vote and not
once an item, and may fall). Ours without smoothing has then to arrive at the same probabilities;
with its defaults it is shown beside. Published for the bluebirds are errors of 24.07% by majority
and of 10.19% by Dawid and Skene's method (Ko, Lin, Li and Wong 2019, arXiv 1905.07394). The exit
status is 1 where a label differs, a probability by more than 0.0001, or a published figure is
missed.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from table import table

from silversmith.measures.dawid_skene import Votes, dawid_skene, majority

__all__ = ["main"]

PUBLISHED = {
    ("bluebirds", "majority, a tie counting half"): 0.2407,
    ("bluebirds", "Dawid-Skene"): 0.1019,
    ("bluebirds", "Dawid-Skene, our defaults"): 0.1019,
}
"""The share of wrong labels, to four digits."""

ROUNDS = 200
FARTHEST = 1e-4
"""How far two probabilities of the same label may lie apart."""

Row = tuple[str, str, str]
"""An item, who labelled it, and as what."""


def main() -> None:
    """Compare, and print a table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path, help="the folder of the datasets")
    options = parser.parse_args()
    try:
        from crowdkit.aggregation import DawidSkene, MajorityVote
    except ImportError as error:
        sys.exit(f"crowds: crowd-kit cannot be loaded ({error}): python -m pip install crowd-kit")
    heads = ["data", "method", "ours right", "theirs", "published"]
    lines = [[*heads, "labels that differ", "farthest apart"]]
    missed = False
    for name, rows, gold in (_bluebirds(options.folder), _judges(options.folder)):
        votes = Votes.of(*zip(*rows, strict=True), classes=sorted({row[2] for row in rows}))
        wanted = np.array([votes.classes.index(gold[item]) for item in votes.items])
        frame = _frame(rows)
        most = majority(votes)
        theirs = MajorityVote().fit(frame).probas_
        apart = _apart(most.share, theirs.loc[list(votes.items)].to_numpy().max(axis=1))
        told = theirs.loc[list(votes.items), list(votes.classes)].to_numpy().argmax(axis=1)
        differ = int((told != most.label)[~most.tied].sum())
        rights = [_right(label, wanted, most.tied) for label in (most.label, told)]
        lines.append(_line(name, "majority, a tie counting half", *rights, differ, apart))
        missed |= bool(differ) or apart > FARTHEST or _off(lines[-1], rights[0])
        fit = DawidSkene(n_iter=ROUNDS, tol=-np.inf).fit(frame)
        theirs = fit.probas_.loc[list(votes.items), list(votes.classes)].to_numpy()
        told = theirs.argmax(axis=1)
        for method, ours, strict in (
            ("Dawid-Skene", dawid_skene(votes, smoothing=0, tolerance=1e-15, rounds=10_000), True),
            ("Dawid-Skene, our defaults", dawid_skene(votes), False),
        ):
            apart = _apart(ours.posteriors, theirs)
            differ = int((told != ours.label).sum())
            rights = [_right(label, wanted) for label in (ours.label, told)]
            lines.append(_line(name, method, *rights, differ, apart))
            missed |= (strict and (bool(differ) or apart > FARTHEST)) or _off(lines[-1], rights[0])
    print(table(lines))
    if missed:
        sys.exit("crowds: ours differ from crowd-kit's, or from what is published")


def _bluebirds(folder: Path) -> tuple[str, list[Row], dict[str, str]]:
    """Which of two birds a photograph shows (Welinder et al. 2010)."""
    rows, gold = [], {}
    for photo in _read(folder / "bluebirds" / "votes.jsonl"):
        item = str(photo["image"])
        gold[item] = str(int(photo["bunting"]))
        rows += [(item, str(who), str(vote)) for who, vote in enumerate(photo["votes"])]
    return "bluebirds", rows, gold


def _judges(folder: Path) -> tuple[str, list[Row], dict[str, str]]:
    """Which of two answers is better (Zeng et al. 2024)."""
    rows, gold = [], {}
    for pair in _read(folder / "llmbar_panel" / "verdicts.jsonl"):
        item = f"{pair['subset']}/{pair['i']}"
        gold[item] = str(pair["label"])
        rows += [(item, who, said[0]) for who, said in pair["verdicts"].items() if said[0] != "-"]
    return "LLMBar", rows, gold


def _read(path: Path) -> Iterator[dict[str, Any]]:
    if not path.is_file():
        sys.exit(f"crowds: {path} is not there")
    return map(json.loads, path.read_text(encoding="utf-8").splitlines())


def _frame(rows: list[Row]) -> Any:
    import pandas as pd

    return pd.DataFrame(rows, columns=["task", "worker", "label"])


def _right(label: Any, wanted: Any, tied: Any = False) -> float:
    return float(np.where(tied, 0.5, label == wanted).mean())


def _apart(ours: Any, theirs: Any) -> float:
    return float(np.abs(ours - theirs).max())


def _line(name: str, method: str, ours: float, theirs: float, differ: int, far: float) -> list[str]:
    wrong = PUBLISHED.get((name, method))
    known = "" if wrong is None else f"{1 - wrong:.1%}"
    return [name, method, f"{ours:.1%}", f"{theirs:.1%}", known, str(differ), f"{far:.1e}"]


def _off(line: Sequence[str], right: float) -> bool:
    """Whether a published figure is missed."""
    wrong = PUBLISHED.get((line[0], line[1]))
    return wrong is not None and round(1 - right, 4) != wrong


if __name__ == "__main__":
    main()
