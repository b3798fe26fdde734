"""How fast is silversmith beside what one would write by hand?

    python benchmarks/throughput.py --rows 2000 --concurrency 64 --repeat 3

Every contender does the same draft-and-judge work: each row of a seed file is drafted into an
instruction and a response, a judge scores the pair under three criteria (two calls a row, the
second needs the first), and the result goes to disk with its score and whether the filters
`score` (at least 0.5) and `length` (at least 3 words) keep it.

- `silversmith`: `silversmith run` on a recipe, everything on: rendering, journal, validation,
  balance, Parquet.
- `openai_loop`: AsyncOpenAI, tenacity, pydantic, a semaphore and an append-only JSONL file.
- `aiohttp_loop`: bare aiohttp and orjson; the practical limit of one Python process.

The hand-written loops send the very messages and JSON schemas that silversmith renders, with each
row's values put in; they repeat a failed request, and a second run goes on from what is on disk.
They do without the rest: no record of raw replies, no rendering of templates, no provenance, no
limits on cost.

Each contender is a fresh process, measured as a whole (start-up and shutdown included), in turn,
`--repeat` times; figures are medians. The server counts as another machine would: its CPU time is
not counted, but on a machine with few cores it takes part of what the contenders could have.
`requests` and `startup_s` (from starting the process to the first request) are known where the
server tells them: `GET /stats` with `received` and `t_recv0` (seconds since 1970, by the same
clock), set back by `POST /reset`, as `silversmith simulate` does.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from draft_and_judge import recipe, write_prompts, write_seeds
from process_tree import measure
from server import Server, serving

__all__ = ["main"]

CONTENDERS = ("silversmith", "openai_loop", "aiohttp_loop")
LOOPS = Path(__file__).resolve().parent / "contenders"
FIGURES = ("rows_per_s", "cpu_ms_per_row", "peak_rss_mb", "startup_s", "requests")


def main() -> None:
    """Measure, and print a table or JSON."""
    options = _options()
    simulated = ["--latency-ms", str(options.latency_ms)]
    with (
        tempfile.TemporaryDirectory(prefix="throughput-") as name,
        serving(options.server, simulated) as server,
    ):
        folder = Path(name)
        write_seeds(folder / "seeds.jsonl", options.rows)
        write_prompts(folder / "prompts.json")
        runs: dict[str, list[dict[str, Any]]] = {name: [] for name in options.contenders}
        for turn in range(1, options.repeat + 1):
            for contender in options.contenders:
                run = _measure(contender, folder, server, options)
                runs[contender].append(run)
                figures = f"{run['rows_per_s']:,.0f} rows/s, {run['cpu_ms_per_row']:.2f} ms CPU"
                print(f"{turn}/{options.repeat} {contender}: {figures} a row", file=sys.stderr)
    results = [_median(name, runs[name], options) for name in options.contenders]
    if options.json:
        for result in results:
            print(json.dumps(result))
    else:
        print(_table(results))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--server", metavar="URL", help="an OpenAI-compatible server; by default a simulated one"
    )
    parser.add_argument("--model", default="simulated", help="the model's name on that server")
    parser.add_argument(
        "--latency-ms", type=float, default=0, help="of the simulated server (default 0)"
    )
    parser.add_argument("--rows", type=int, default=2000)
    parser.add_argument("--concurrency", type=int, default=64)
    parser.add_argument("--contenders", default=",".join(CONTENDERS), help="some of them, a,b")
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--timeout", type=float, default=900, help="seconds a contender may take")
    parser.add_argument("--json", action="store_true", help="one JSON object a contender")
    options = parser.parse_args()
    options.contenders = options.contenders.split(",")
    if unknown := set(options.contenders) - set(CONTENDERS):
        parser.error(f"unknown contender {', '.join(unknown)}; there are {', '.join(CONTENDERS)}")
    if min(options.rows, options.concurrency, options.repeat) < 1:
        parser.error("--rows, --concurrency and --repeat must be at least 1")
    return options


def _measure(
    name: str, folder: Path, server: Server, options: argparse.Namespace
) -> dict[str, Any]:
    """One run of one contender."""
    work = folder / name
    work.mkdir()
    if name == "silversmith":
        text = recipe(server.base_url, options.model, options.concurrency)
        (folder / "recipe.yaml").write_text(text, encoding="utf-8")
        command = ["-m", "silversmith", "run", str(folder / "recipe.yaml")]
        command += ["--out", str(work / "run"), "--quiet"]
    else:
        command = [str(LOOPS / f"{name}.py"), "--seeds", str(folder / "seeds.jsonl")]
        command += ["--prompts", str(folder / "prompts.json"), "--out", str(work / "out.jsonl")]
        command += ["--base-url", server.base_url, "--model", options.model]
        command += ["--concurrency", str(options.concurrency)]
    server.reset()
    measured = measure([sys.executable, *command], work, work / "log.txt", options.timeout)
    stats = server.stats()
    rows, kept = _rows(name, work)
    if measured.timed_out or measured.status or not rows:
        log = (work / "log.txt").read_text(errors="replace")[-2000:]
        why = "took too long" if measured.timed_out else f"ended with status {measured.status}"
        sys.exit(f"throughput: {name} {why}, {rows} rows done; it said:\n{log}")
    shutil.rmtree(work)
    first = stats.get("t_recv0")
    return {
        "rows_done": rows,
        "rows_kept": kept,
        "wall_s": measured.wall_s,
        "rows_per_s": rows / measured.wall_s,
        "cpu_ms_per_row": 1000 * measured.cpu_s / rows,
        "peak_rss_mb": measured.peak_rss_mb,
        "startup_s": first - measured.started if first else None,
        "requests": stats.get("received"),
    }


def _rows(name: str, work: Path) -> tuple[int, int]:
    """How many rows were drafted and judged, and how many of them are kept."""
    if name == "silversmith":
        from pyarrow import parquet

        done = {"kept": 0, "dropped": 0}
        for state in done:
            for part in (work / "run" / state).glob("*.parquet"):
                done[state] += parquet.read_metadata(part).num_rows
        return sum(done.values()), done["kept"]
    out = work / "out.jsonl"
    results = [json.loads(line) for line in out.open("rb")] if out.exists() else []
    return len(results), sum(result["kept"] for result in results)


def _median(
    name: str, runs: Sequence[dict[str, Any]], options: argparse.Namespace
) -> dict[str, Any]:
    def median(key: str) -> float | None:
        values = [run[key] for run in runs if run[key] is not None]
        return round(statistics.median(values), 4) if values else None

    return {
        "contender": name,
        **{key: median(key) for key in (*FIGURES, "wall_s", "rows_done", "rows_kept")},
        "rows": options.rows,
        "concurrency": options.concurrency,
        "latency_ms": None if options.server else options.latency_ms,
        "repeat": options.repeat,
        "cores": os.cpu_count(),
    }


def _table(results: Sequence[dict[str, Any]]) -> str:
    """Medians, and rows a second as a multiple of the hand-written loop's."""
    base = next((r for r in results if r["contender"] == "openai_loop"), results[0])
    head = ["contender", "rows/s", "CPU ms/row", "peak MB", "start s", "requests", "rows kept"]
    table = [[*head, f"rows/s ÷ {base['contender']}"]]
    for result in results:
        ratio = result["rows_per_s"] / base["rows_per_s"]
        formats = ("{:,.0f}", "{:.2f}", "{:,.0f}", "{:.2f}", "{:,.0f}")
        figures = [
            "–" if result[key] is None else form.format(result[key])
            for key, form in zip(FIGURES, formats, strict=True)
        ]
        kept = f"{result['rows_kept']:,.0f}/{result['rows_done']:,.0f}"
        table.append([result["contender"], *figures, kept, f"{ratio:.2f}"])
    widths = [max(len(row[column]) for row in table) for column in range(len(table[0]))]
    return "\n".join(
        "  ".join(
            cell.rjust(width) if column else cell.ljust(width)
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        for row in table
    )


if __name__ == "__main__":
    main()
