"""How fast is silversmith beside what one would write by hand, and beside its peers?

    python benchmarks/throughput.py --rows 2000 --concurrency 64 --repeat 3

Every contender does the same draft-and-judge work: each row of a seed file is drafted into an
instruction and a response, a judge scores the pair under three criteria (two calls a row, the
second needs the first), and the result goes to disk with its score and whether the filters
`score` (at least 0, which every server's scores are) and `length` (at least 3 words) keep it.

- `silversmith`: `silversmith run` on a recipe, everything on: rendering, journal, validation,
  balance, Parquet.
- `openai_loop`: AsyncOpenAI, tenacity, pydantic, a semaphore and an append-only JSONL file.
- `aiohttp_loop`: bare aiohttp and orjson; the practical limit of one Python process.
- `distilabel`, `curator` (bespokelabs-curator), `data_designer`, `sdg_hub`: each set up as its
  documentation advises for throughput. They need environments of their own: `--python
  distilabel=/path/to/venv/bin/python` names one; who is not installed is passed over.

All others send the very messages and JSON schemas that silversmith renders, with each row's
values put in. The hand-written loops repeat a failed request, and a second run goes on from what
is on disk; they do without the rest: no record of raw replies, no rendering of templates, no
provenance, no limits on cost.

Each contender is a fresh process, measured as a whole (start-up and shutdown included), in turn,
`--repeat` times; figures are medians. The server counts as another machine would: its CPU time is
not counted, but on a machine with few cores it takes part of what the contenders could have.
`requests` and `startup_s` (from starting the process to the first request) are known where the
server tells them: `GET /stats` with `received` and `t_recv0` (seconds since 1970, by the same
clock), set back by `POST /reset`, as `silversmith simulate` does.

`--slope 2000,20000` measures at both numbers of rows instead of at `--rows`, and tells the CPU
time of each further row, which is what is left when start-up no longer counts. Where the server's
latency is known (`--latency-ms`), the share of the ideal is told: 2 · rows · latency /
concurrency, divided by the time that it took; of the whole process, and from the first request
on, which leaves out start-up as `startup_s` tells it.
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

from contender import CONTENDERS, Contender, Job
from draft_and_judge import write_prompts, write_seeds
from process_tree import measure
from server import Server, serving
from table import cell, table

__all__ = ["main"]

FIGURES = {
    "rows_per_s": ("rows/s", "{:,.0f}"),
    "cpu_ms_per_row": ("CPU ms/row", "{:.2f}"),
    "cpu_ms_per_further_row": ("CPU ms/further row", "{:.2f}"),
    "peak_rss_mb": ("peak MB", "{:,.0f}"),
    "startup_s": ("start s", "{:.2f}"),
    "requests": ("requests", "{:,.0f}"),
    "share_of_ideal": ("of ideal", "{:.1%}"),
    "share_of_ideal_once_started": ("of ideal, once started", "{:.1%}"),
}
"""What the table shows: the heading and the format of each figure."""

MEDIANS = (
    "rows_per_s",
    "cpu_ms_per_row",
    "peak_rss_mb",
    "startup_s",
    "requests",
    "wall_s",
    "once_started_s",
)

Runs = dict[tuple[str, int], list[dict[str, Any]]]
"""What was measured, by contender and number of rows."""


def main() -> None:
    """Measure, and print a table or JSON."""
    options = _options()
    contenders = [each for each in options.contenders if _takes_part(each, options.python)]
    if not contenders:
        sys.exit("throughput: nobody is left to measure")
    sizes = options.slope or [options.rows]
    simulated = ["--latency-ms", str(options.latency_ms or 0)]
    with (
        tempfile.TemporaryDirectory(prefix="throughput-") as name,
        serving(options.server, simulated) as server,
    ):
        folder = Path(name)
        write_prompts(folder / "prompts.json")
        for rows in sizes:
            (folder / str(rows)).mkdir()
            write_seeds(folder / str(rows) / "seeds.jsonl", rows)
        runs: Runs = {(each.name, rows): [] for each in contenders for rows in sizes}
        for turn in range(1, options.repeat + 1):
            for contender in contenders:
                for rows in sizes:
                    run = _measure(contender, folder, rows, server, options)
                    runs[contender.name, rows].append(run)
                    _tell(f"{turn}/{options.repeat} {contender.name}", run)
    results = [_result(each.name, runs, sizes, options) for each in contenders]
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
        "--latency-ms",
        type=float,
        help="of the simulated server (default 0); with --server, what it is known to have",
    )
    parser.add_argument("--rows", type=int, default=2000)
    parser.add_argument(
        "--slope", metavar="A,B", help="two numbers of rows, to tell the CPU time of a further row"
    )
    parser.add_argument("--concurrency", type=int, default=64)
    parser.add_argument("--contenders", default=",".join(CONTENDERS), help="some of them, a,b")
    parser.add_argument(
        "--python",
        metavar="NAME=PATH",
        action="append",
        default=[],
        help="the interpreter that has a contender's package; may be given several times",
    )
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--timeout", type=float, default=900, help="seconds a contender may take")
    parser.add_argument("--json", action="store_true", help="one JSON object a contender")
    options = parser.parse_args()
    options.contenders = _contenders(parser, options.contenders.split(","))
    options.python = dict(_python(parser, given) for given in options.python)
    if options.slope is not None:
        options.slope = _slope(parser, options.slope)
    if options.server is None and options.latency_ms is None:
        options.latency_ms = 0.0
    if min(options.rows, options.concurrency, options.repeat) < 1:
        parser.error("--rows, --concurrency and --repeat must be at least 1")
    return options


def _contenders(parser: argparse.ArgumentParser, names: Sequence[str]) -> list[Contender]:
    if unknown := [name for name in names if name not in CONTENDERS]:
        parser.error(f"unknown contender {', '.join(unknown)}; there are {', '.join(CONTENDERS)}")
    return [CONTENDERS[name] for name in dict.fromkeys(names)]


def _python(parser: argparse.ArgumentParser, given: str) -> tuple[str, str]:
    name, _, path = given.partition("=")
    if name not in CONTENDERS or not path:
        parser.error(f"--python {given}: write NAME=PATH, with NAME one of {', '.join(CONTENDERS)}")
    return name, path


def _slope(parser: argparse.ArgumentParser, given: str) -> list[int]:
    try:
        first, second = (int(part) for part in given.split(","))
    except ValueError:
        parser.error(f"--slope {given}: write two numbers of rows, such as 2000,20000")
    if not 0 < first < second:
        parser.error(f"--slope {given}: the first number must be at least 1, the second greater")
    return [first, second]


def _takes_part(contender: Contender, pythons: dict[str, str]) -> bool:
    why = contender.lacks(pythons)
    if why:
        print(f"{contender.name} is passed over: {why}", file=sys.stderr)
    return not why


def _tell(who: str, run: dict[str, Any]) -> None:
    figures = f"{run['rows_per_s']:,.0f} rows/s, {run['cpu_ms_per_row']:.2f} ms CPU a row"
    print(f"{who}, {run['rows_done']:,} rows: {figures}", file=sys.stderr)


def _measure(
    contender: Contender, folder: Path, rows: int, server: Server, options: argparse.Namespace
) -> dict[str, Any]:
    """One run of one contender."""
    work = folder / contender.name
    work.mkdir()
    job = Job(
        base_url=server.base_url,
        model=options.model,
        concurrency=options.concurrency,
        seeds=folder / str(rows) / "seeds.jsonl",
        prompts=folder / "prompts.json",
        work=work,
    )
    command = contender.command(job, options.python)
    server.reset()
    measured = measure(command, work, work / "log.txt", options.timeout)
    stats = server.stats()
    done, kept = _done(job)
    if measured.timed_out or measured.status or not done:
        log = (work / "log.txt").read_text(errors="replace")[-2000:]
        why = "took too long" if measured.timed_out else f"ended with status {measured.status}"
        sys.exit(f"throughput: {contender.name} {why}, {done} rows done; it said:\n{log}")
    shutil.rmtree(work)
    first = stats.get("t_recv0")
    startup_s = first - measured.started if first else None
    return {
        "rows_done": done,
        "rows_kept": kept,
        "wall_s": measured.wall_s,
        "cpu_s": measured.cpu_s,
        "rows_per_s": done / measured.wall_s,
        "cpu_ms_per_row": 1000 * measured.cpu_s / done,
        "peak_rss_mb": measured.peak_rss_mb,
        "startup_s": startup_s,
        "once_started_s": measured.wall_s - startup_s if startup_s is not None else None,
        "requests": stats.get("received"),
    }


def _done(job: Job) -> tuple[int, int]:
    """How many rows were drafted and judged, and how many of them are kept."""
    if job.run.exists():
        from pyarrow import parquet

        done = {"kept": 0, "dropped": 0}
        for state in done:
            for part in (job.run / state).glob("*.parquet"):
                done[state] += parquet.read_metadata(part).num_rows
        return sum(done.values()), done["kept"]
    results = [json.loads(line) for line in job.out.open("rb")] if job.out.exists() else []
    return len(results), sum(result["kept"] for result in results)


def _result(
    name: str, runs: Runs, sizes: Sequence[int], options: argparse.Namespace
) -> dict[str, Any]:
    """The medians of a contender, at the larger number of rows where there are two."""
    rows, concurrency, latency = sizes[-1], options.concurrency, options.latency_ms
    figures = {key: _median(runs[name, rows], key) for key in (*MEDIANS, "rows_done", "rows_kept")}
    further = None
    shares: dict[str, float | None] = {"": None, "_once_started": None}
    if len(sizes) == 2:
        less, more = (_median(runs[name, size], "cpu_s") or 0 for size in sizes)
        further = 1000 * (more - less) / (sizes[1] - sizes[0])
    if latency:
        ideal = 2 * rows * latency / 1000 / concurrency
        for part, key in (("", "wall_s"), ("_once_started", "once_started_s")):
            seconds = figures[key]
            shares[part] = round(ideal / seconds, 4) if seconds else None
    return {
        "contender": name,
        **{key: None if value is None else round(value, 4) for key, value in figures.items()},
        "cpu_ms_per_further_row": None if further is None else round(further, 4),
        **{f"share_of_ideal{part}": share for part, share in shares.items()},
        "rows": rows,
        "further_rows_from": sizes[0] if len(sizes) == 2 else None,
        "concurrency": concurrency,
        "latency_ms": latency,
        "repeat": options.repeat,
        "cores": os.cpu_count(),
    }


def _median(runs: Sequence[dict[str, Any]], key: str) -> float | None:
    values = [run[key] for run in runs if run[key] is not None]
    return statistics.median(values) if values else None


def _table(results: Sequence[dict[str, Any]]) -> str:
    """Medians, and rows a second as a multiple of the hand-written loop's."""
    base = next((r for r in results if r["contender"] == "openai_loop"), results[0])
    shown = {key: how for key, how in FIGURES.items() if any(r[key] is not None for r in results)}
    heads = [head for head, _ in shown.values()]
    rows = [["contender", *heads, "rows kept", f"rows/s ÷ {base['contender']}"]]
    for result in results:
        figures = [cell(result[key], form) for key, (_, form) in shown.items()]
        kept = f"{result['rows_kept']:,.0f}/{result['rows_done']:,.0f}"
        ratio = result["rows_per_s"] / base["rows_per_s"]
        rows.append([result["contender"], *figures, kept, f"{ratio:.2f}"])
    return table(rows)


if __name__ == "__main__":
    main()
