"""How fast, how large and how right are the filters?

    python benchmarks/filters.py FOLDER --only rows,personal_data --rows 20000

FOLDER holds one folder a dataset (`ifeval`, `presidio` …). Every module in `benchmarks/filtering`
measures one thing, side by side with what else does it; what one needs is said where it is missing.
"""

from __future__ import annotations

import argparse
import importlib
import pkgutil
import sys
import time
from pathlib import Path

import filtering
from table import table

__all__ = ["main"]


def main() -> None:
    """Measure, and print a table for each module."""
    options = _options()
    measured = False
    for name in options.only:
        begun = time.monotonic()
        try:
            rows = importlib.import_module(f"filtering.{name}").measure(
                options.folder, options.rows
            )
        except (FileNotFoundError, ModuleNotFoundError) as error:
            missing = getattr(error, "filename", None) or error
            print(f"{name} is passed over: {missing} is not there", file=sys.stderr)
            continue
        measured = True
        print(f"\n{name} ({time.monotonic() - begun:.1f} s)\n\n{table(rows)}", flush=True)
    if not measured:
        sys.exit(f"filters: nothing was measured in {options.folder}")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path, help="the folder of the datasets")
    parser.add_argument("--only", metavar="A,B", help="some of the modules in filtering")
    parser.add_argument("--rows", type=int, default=20_000, help="how many rows to measure on")
    options = parser.parse_args()
    modules = [each.name for each in pkgutil.iter_modules(filtering.__path__)]
    known = sorted(name for name in modules if not name.startswith("_"))
    options.only = options.only.split(",") if options.only else known
    if unknown := [name for name in options.only if name not in known]:
        parser.error(f"unknown {', '.join(unknown)}; there are {', '.join(known)}")
    if not options.folder.is_dir():
        parser.error(f"{options.folder} is no folder")
    return options


if __name__ == "__main__":
    main()
