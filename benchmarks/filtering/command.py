"""`silversmith filter` on so many rows, the whole of it: reading, row filters, an exact filter over
the dataset, writing."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from ._material import instruction_rows

__all__ = ["measure"]

_ROW_FILTERS = """\
  - length: {min_words: 1, max_words: 2000}
  - refusal
  - hedging
  - repetition
  - gibberish
  - format_defects
  - personal_data: redact
  - secrets
"""
_CASES = {
    "length": "  - length: {min_words: 1}\n",
    "eight row filters": _ROW_FILTERS,
    "and exact duplicates": _ROW_FILTERS + "  - exact_duplicates\n",
}


def measure(folder: Path, rows: int) -> Sequence[Sequence[str]]:
    """Wall clock, CPU seconds, and the largest memory of the process."""
    cells = [["filters", "rows", "s", "CPU s", "rows a CPU s", "GB", "dropped"]]
    with tempfile.TemporaryDirectory() as name:
        place = Path(name)
        varied = place / "varied.jsonl"
        with open(varied, "w", encoding="utf-8") as file:
            for row in instruction_rows(folder, rows):
                file.write(json.dumps(row, ensure_ascii=False) + "\n")
        for case, filters in _CASES.items():
            cells.append(_run(place, varied, case, filters, rows))
        same = place / "same.jsonl"
        row = next(iter(instruction_rows(folder, 1)))
        with open(same, "w", encoding="utf-8") as file:
            file.writelines(json.dumps(row, ensure_ascii=False) + "\n" for _ in range(rows))
        case = "all rows the same: exact duplicates"
        cells.append(_run(place, same, case, "  - exact_duplicates\n", rows))
    return cells


def _run(place: Path, data: Path, case: str, filters: str, rows: int) -> list[str]:
    recipe = place / "filters.yaml"
    recipe.write_text(f"filters:\n{filters}")
    out = place / "out"
    words = ["filter", str(data), "--filters", str(recipe), "--out", str(out), "--quiet"]
    begun = time.monotonic()
    process = subprocess.Popen([sys.executable, "-m", "silversmith", *words], stdout=sys.stderr)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    seconds = time.monotonic() - begun
    if process.returncode:
        raise SystemExit(f"silversmith filter ended with {process.returncode}")
    cpu = usage.ru_utime + usage.ru_stime
    books = json.loads((out / "manifest.json").read_text())["books"]
    return [
        case, f"{rows:,}", f"{seconds:.1f}", f"{cpu:.1f}", f"{rows / cpu:,.0f}",
        f"{usage.ru_maxrss / 2**20:.2f}", f"{books['dropped']:,}",
    ]  # fmt: skip
