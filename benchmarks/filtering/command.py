"""`silversmith filter` on so many rows, the whole of it: reading, row filters, filters over the
dataset, writing."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Sequence
from pathlib import Path

from ._material import different_rows, instruction_rows

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
        data = place / "data.jsonl"
        _write(data, instruction_rows(folder, rows))
        for case, filters in _CASES.items():
            cells.append(_run(place, data, case, filters, rows))
        _write(data, different_rows(folder, rows))
        case = "rows unlike each other: the same, and near duplicates"
        filters = f"{_CASES['and exact duplicates']}  - near_duplicates: 0.7\n"
        cells.append(_run(place, data, case, filters, rows))
        row = next(iter(instruction_rows(folder, 1)))
        _write(data, (row for _ in range(rows)))
        case = "all rows the same: exact duplicates"
        cells.append(_run(place, data, case, "  - exact_duplicates\n", rows))
    return cells


def _write(path: Path, rows: Iterable[dict[str, str]]) -> None:
    with open(path, "w", encoding="utf-8") as file:
        file.writelines(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)


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
