"""How much memory does a run take, and does it grow with the number of rows?

    python benchmarks/memory.py --rows 10000,100000

Each run is a fresh process with the simulated model inside it, measured as a whole. `plain` and
`dedup` are `silversmith run`, draft and judge: the one with the row filters `score` and `length`
alone, the other with the dataset-wide `exact_duplicates` and `near_duplicates` beside them, which
hold what they compare. `checks`, `judge` and `pairs` are `silversmith judge` over a dataset that
exists already: the first of answers, with `verified` alone, which asks no model, the second of
answers, with `verified` and a `rubric`, the third of pairs, with `rubric`, `pairwise` and a `panel`
of three. `ratio` is the peak over that of the smallest number of rows. The
journal's size is told per row, and that of all Parquet files together.

`--resume 100000` also measures how soon a run of so many finished samples goes on: it is filled
over a simulated server (which takes some minutes), and started again with one more seed; the time
is from the start of the process to the request for that seed, the median of `--repeat` times.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from draft_and_judge import recipe, write_seeds
from process_tree import Measured, measure
from server import serving
from table import cell, table

__all__ = ["main"]

ROW_FILTERS: list[dict[str, Any]] = [{"score": {"min": 0}}, {"length": {"min_words": 3}}]
FILTERS = {"plain": ROW_FILTERS, "dedup": [*ROW_FILTERS, "exact_duplicates", "near_duplicates"]}
JUDGES: dict[str, list[Any]] = {
    "checks": ["verified"],
    "judge": ["verified", "rubric"],
    "pairs": ["rubric", "pairwise", {"panel": {"models": ["critic", "second", "third"]}}],
}
WORK = (*FILTERS, *JUDGES)
COLUMNS = {
    "peak_rss_mb": ("peak MB", "{:,.0f}"),
    "ratio": ("ratio", "{:.2f}"),
    "rows_per_s": ("rows/s", "{:,.0f}"),
    "cpu_ms_per_row": ("CPU ms/row", "{:.2f}"),
    "journal_bytes_per_row": ("journal B/row", "{:,.0f}"),
    "parquet_bytes_per_row": ("Parquet B/row", "{:,.0f}"),
}
"""What the table shows: the heading and the format of each figure."""


def main() -> None:
    """Measure, and print tables or JSON."""
    options = _options()
    results = []
    with tempfile.TemporaryDirectory(prefix="memory-", dir=options.folder) as name:
        folder = Path(name)
        for work in options.work:
            first = None
            for rows in options.rows:
                result = _run(folder / f"{work}-{rows}", work, rows, options)
                first = first or result["peak_rss_mb"]
                results.append({**result, "ratio": round(result["peak_rss_mb"] / first, 3)})
                peak = f"{result['peak_rss_mb']:,.0f} MB"
                print(f"{work}, {rows:,} rows: {peak}", file=sys.stderr)
        resumed = _resume(folder / "resume", options) if options.resume else None
    if options.json:
        for result in results:
            print(json.dumps(result))
        if resumed:
            print(json.dumps(resumed))
        return
    if results:
        print(_table(results))
    if resumed:
        print(
            f"\n{resumed['rows']:,} finished samples: {resumed['resume_s']:.2f} s from the start"
            f" to the next request, {resumed['peak_rss_mb']:,.0f} MB at most"
        )


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rows", default="10000,100000", help="numbers of rows, a,b; may be empty")
    parser.add_argument("--work", default=",".join(WORK), help="which of " + ", ".join(WORK))
    parser.add_argument("--resume", type=int, default=0, metavar="N", help="finished samples")
    parser.add_argument("--repeat", type=int, default=3, help="times to resume")
    parser.add_argument("--concurrency", type=int, default=64)
    parser.add_argument("--folder", type=Path, help="where to work; by default the temporary one")
    parser.add_argument("--timeout", type=float, default=7200, help="seconds a run may take")
    parser.add_argument("--json", action="store_true", help="one JSON object a run")
    options = parser.parse_args()
    try:
        options.rows = sorted(int(part) for part in options.rows.split(",") if part)
    except ValueError:
        parser.error("--rows takes numbers, such as 10000,100000")
    options.work = options.work.split(",")
    if unknown := [name for name in options.work if name not in WORK]:
        parser.error(f"unknown work {', '.join(unknown)}; there is {', '.join(WORK)}")
    if min([*options.rows, options.concurrency, options.repeat]) < 1 or options.resume < 0:
        parser.error("--rows, --concurrency and --repeat must be at least 1, --resume at least 0")
    return options


def _run(folder: Path, work: str, rows: int, options: argparse.Namespace) -> dict[str, Any]:
    """One run on the simulated model in process."""
    folder.mkdir()
    write_seeds(folder / "seeds.jsonl", rows)
    model = {"simulated": {}, "concurrency": options.concurrency}
    if work in JUDGES:
        command = ["judge", "data.jsonl", "--judges", "judges.yaml"]
        _write_answers(folder, pairs=work == "pairs")
        models = dict.fromkeys(("critic", "second", "third"), model)
        values = {"models": models, "judges": JUDGES[work]}
        (folder / "judges.yaml").write_text(json.dumps(values), encoding="utf-8")
    else:
        command = ["run", "recipe.yaml"]
        values = json.loads(recipe("", "", 1))
        values["models"] = {"writer": model}
        values["filters"] = FILTERS[work]
        (folder / "recipe.yaml").write_text(json.dumps(values), encoding="utf-8")
    measured = _silversmith(command, folder, options.timeout)
    run = folder / "run"
    journal = sum(path.stat().st_size for path in run.glob("journal.db*"))
    parquet = sum(path.stat().st_size for path in run.rglob("*.parquet"))
    return {
        "work": work,
        "rows": rows,
        "peak_rss_mb": round(measured.peak_rss_mb, 1),
        "wall_s": round(measured.wall_s, 2),
        "rows_per_s": round(rows / measured.wall_s, 1),
        "cpu_ms_per_row": round(1000 * measured.cpu_s / rows, 4),
        "journal_bytes_per_row": round(journal / rows),
        "parquet_bytes_per_row": round(parquet / rows),
    }


def _write_answers(folder: Path, *, pairs: bool) -> None:
    """The tasks with an answer each, or two of different lengths."""
    with (
        open(folder / "seeds.jsonl", encoding="utf-8") as seeds,
        open(folder / "data.jsonl", "w", encoding="utf-8") as file,
    ):
        for number, line in enumerate(seeds):
            task = json.loads(line)["instruction"]
            answer, other = f"In short: {task[::-1]}", f"Well. {task[number % 97 :]}"
            answers = {"chosen": answer, "rejected": other} if pairs else {"response": answer}
            file.write(json.dumps({"id": number, "prompt": task, **answers}) + "\n")


def _resume(folder: Path, options: argparse.Namespace) -> dict[str, Any]:
    """A run of finished samples, started again with one more seed each time."""
    folder.mkdir()
    rows, times, peaks = options.resume, [], []
    with serving(None, []) as server:
        text = recipe(server.base_url, "simulated", options.concurrency)
        (folder / "recipe.yaml").write_text(text, encoding="utf-8")
        write_seeds(folder / "seeds.jsonl", rows)
        _silversmith(["run", "recipe.yaml"], folder, options.timeout)
        for more in range(1, options.repeat + 1):
            write_seeds(folder / "seeds.jsonl", rows + more)
            server.reset()
            measured = _silversmith(["run", "recipe.yaml"], folder, options.timeout)
            first = server.stats()["t_recv0"]
            if first is None:
                sys.exit("memory: the resumed run asked for nothing")
            times.append(first - measured.started)
            peaks.append(measured.peak_rss_mb)
            print(f"resumed with {rows:,} samples: {times[-1]:.2f} s", file=sys.stderr)
    return {
        "rows": rows,
        "resume_s": round(statistics.median(times), 3),
        "peak_rss_mb": round(statistics.median(peaks), 1),
        "repeat": options.repeat,
    }


def _silversmith(words: Sequence[str], folder: Path, timeout: float) -> Measured:
    command = [sys.executable, "-m", "silversmith", *words, "--out", "run", "--quiet"]
    measured = measure(command, folder, folder / "log.txt", timeout)
    if measured.status:
        log = (folder / "log.txt").read_text(errors="replace")[-2000:]
        sys.exit(f"memory: the run ended with status {measured.status}; it said:\n{log}")
    return measured


def _table(results: Sequence[dict[str, Any]]) -> str:
    rows = [["work", "rows", *(head for head, _ in COLUMNS.values())]]
    for result in results:
        figures = [cell(result[key], form) for key, (_, form) in COLUMNS.items()]
        rows.append([result["work"], f"{result['rows']:,}", *figures])
    return table(rows)


if __name__ == "__main__":
    main()
