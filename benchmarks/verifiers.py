"""How often do the checks that need no model say what recorded verdicts say?

    python benchmarks/verifiers.py FOLDER

FOLDER holds one folder a dataset (`ifeval`, `gsm8k` …). Every module in `benchmarks/verifying`
measures on one of them; one whose dataset is not there is passed over, and named. The exit
status is 1 where a figure is below its target, or where nothing was measured.
"""

from __future__ import annotations

import argparse
import dataclasses
import importlib
import json
import pkgutil
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import verifying
from table import cell, table
from verifying import Figure

__all__ = ["main"]


def main() -> None:
    """Measure, and print a table or JSON."""
    options = _options()
    figures: list[Figure] = []
    for name in options.only:
        figures += _measured(name, options.folder)
    if options.json:
        for figure in figures:
            print(json.dumps({**dataclasses.asdict(figure), "reached": _reached(figure)}))
    elif figures:
        print(_table(figures))
    if not figures:
        sys.exit(f"verifiers: nothing was measured in {options.folder}")
    missed = [figure for figure in figures if not _reached(figure)]
    if missed:
        names = ", ".join(f"{each.dataset} {each.measure}" for each in missed)
        sys.exit(f"verifiers: below the target: {names}")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path, help="the folder of the datasets")
    parser.add_argument("--only", metavar="A,B", help="some of the modules in verifying")
    parser.add_argument("--json", action="store_true", help="one JSON object a figure")
    options = parser.parse_args()
    known = sorted(each.name for each in pkgutil.iter_modules(verifying.__path__))
    options.only = options.only.split(",") if options.only else known
    if unknown := [name for name in options.only if name not in known]:
        parser.error(f"unknown {', '.join(unknown)}; there are {', '.join(known)}")
    if not options.folder.is_dir():
        parser.error(f"{options.folder} is no folder")
    return options


def _measured(name: str, folder: Path) -> Sequence[Figure]:
    """The figures of one module, in its order; none where its dataset is not in the folder."""
    begun = time.monotonic()
    try:
        figures = list(importlib.import_module(f"verifying.{name}").measure(folder))
    except FileNotFoundError as error:
        print(f"{name} is passed over: {error.filename} is not there", file=sys.stderr)
        return []
    print(f"{name}: {time.monotonic() - begun:.1f} s", file=sys.stderr)
    return figures


def _reached(figure: Figure) -> bool:
    return figure.target is None or figure.value >= figure.target


def _table(figures: Sequence[Figure]) -> str:
    rows = [["dataset: measure", "value", "target", "n"]]
    for each in figures:
        what = f"{each.dataset}: {each.measure}"
        target = cell(each.target, f"≥ {each.form}")
        rows.append([what, each.form.format(each.value), target, f"{each.n:,}"])
    notes = ["", *(each.note for each in figures)]
    lines = table(rows).splitlines()
    return "\n".join(f"{line}  {note}".rstrip() for line, note in zip(lines, notes, strict=True))


if __name__ == "__main__":
    main()
