"""Is anything lost, doubled or invented when everything goes wrong?

    python benchmarks/chaos.py                          # about a minute
    python benchmarks/chaos.py --kills 50 --outage 60   # some minutes
    python benchmarks/chaos.py --minutes 60 --seed 7    # a soak, round after round

Each round is a recipe (a draft and a judgement for each seed, then filters) on the simulated
model, once undisturbed and once not: the second run is killed (kill -9) at random moments and
started again, while its requests meet HTTP 500, hangs, connections that are reset or closed in
mid-body, bodies that are cut, 429 with and without Retry-After, and an endpoint that is gone for a
while (`faulty.py` says what there is). Both runs meet what a model itself gets wrong: broken JSON,
empty replies, replies of 5 MB, bytes that are no UTF-8, too many choices; always the same to the
same request, so that the files of both runs must be equal, row by row.

- `lost`: samples of the undisturbed run that the other one does not have.
- `doubled`: samples that stand in its files more than once.
- `nulls`: samples in its `kept/` or `dropped/` without text, score or judgement.
- `different`: samples that are not equal in both runs.
- `extra_requests`: requests beyond those of the undisturbed run that no fault calls for: what was
  in flight at a kill, and the one by which each start tries out the endpoint.

The exit status is 1 if anything is lost, doubled, null or different, or if there are more extra
requests than the concurrency times the kills.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import random
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from faulty import PASSING
from server import serving

__all__ = ["main"]

FAULTY = Path(__file__).resolve().parent / "faulty.py"
SIMULATED = ["--latency-ms", "20", "--malformed-rate", "0.1", "--flawed", "0.3"]
OF_THE_MODEL = {"empty": 0.03, "more_choices": 0.03, "invalid_utf8": 0.03}
OF_THE_MODEL |= {"huge": 0.01, "huge_text": 0.01, "long": 0.01}
OF_THE_WAY = {"error_500": 0.1, "hang": 0.05, "reset": 0.03, "cut": 0.03, "truncated": 0.03}
OF_THE_WAY |= {"no_choices": 0.02, "error_object": 0.02, "bad_gateway": 0.02}
OF_THE_WAY |= {"limited": 0.002, "limited_bare": 0.01, "limited_date": 0.002}
TIMEOUT_S = 2.0
REQUESTS_PER_SAMPLE = 2.3
LONGEST_LIFE_S = 4.0
LAST_RUNS = 5
BAD = ("lost", "doubled", "nulls", "different")
FIGURES = (*BAD, "extra_requests", "allowed_extra", "kills", "runs", "samples", "failed")
FIGURES = (*FIGURES, "requests", "rounds", "seconds")


def main() -> None:
    """Run the rounds, and print a table or JSON."""
    options = _options()
    began = time.monotonic()
    total: Counter[str] = Counter()
    faults: Counter[str] = Counter()
    while not total["rounds"] or time.monotonic() - began < 60 * options.minutes:
        seed = options.seed + total["rounds"]
        with tempfile.TemporaryDirectory(prefix="chaos-") as folder:
            result = _round(Path(folder), random.Random(seed), seed, options)
        faults.update(result.pop("faults"))
        total.update(result)
        total["rounds"] += 1
        print(f"round {total['rounds']} (seed {seed}): {_in_short(result)}", file=sys.stderr)
    total["seconds"] = round(time.monotonic() - began)
    figures = {name: total[name] for name in FIGURES}
    settings = {name: getattr(options, name) for name in ("seed", "concurrency", "outage")}
    if options.json:
        print(json.dumps({**figures, **settings, "faults": dict(sorted(faults.items()))}))
    else:
        print(_table({**figures, **settings}, faults))
    if any(total[name] for name in BAD) or total["extra_requests"] > total["allowed_extra"]:
        sys.exit(1)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--kills", type=int, default=5, help="of one run (default 5)")
    parser.add_argument(
        "--minutes", type=float, default=0, help="begin new rounds for so long (default: one round)"
    )
    parser.add_argument("--seed", type=int, default=0, help="decides on moments and faults")
    parser.add_argument(
        "--samples", type=int, help="in a round (default: 100, and 10 more for each kill)"
    )
    parser.add_argument("--concurrency", type=int, default=16)
    parser.add_argument(
        "--outage", type=float, default=3, help="seconds that the endpoint is gone (default 3)"
    )
    parser.add_argument("--json", action="store_true", help="one JSON object")
    options = parser.parse_args()
    options.samples = options.samples or 100 + 10 * options.kills
    if min(options.kills, options.minutes, options.outage) < 0:
        parser.error("--kills, --minutes and --outage must not be negative")
    if min(options.samples, options.concurrency) < 1:
        parser.error("--samples and --concurrency must be at least 1")
    return options


class Endpoint:
    """The proxy that spoils answers.

    Attributes:
        url: its base URL, up to `/v1`.
    """

    def __init__(self, url: str) -> None:
        self.url = url

    def rates(self, rates: dict[str, float]) -> None:
        """Set other rates, and start the counts anew."""
        self._call("/rates", rates)

    def outage(self, seconds: float) -> None:
        """Be gone for so long."""
        self._call(f"/outage?seconds={seconds}")

    def stats(self) -> dict[str, Any]:
        """The counts; none while it is gone."""
        try:
            return {"received": 0, **self._call("/stats")}
        except OSError:
            return {"received": 0}

    def _call(self, path: str, data: Any = None) -> dict[str, Any]:
        body = None if data is None else json.dumps(data).encode()
        with urllib.request.urlopen(self.url.removesuffix("/v1") + path, body, 30) as answer:
            return dict(json.load(answer))


@contextlib.contextmanager
def _faulty(to: str, seed: int) -> Iterator[Endpoint]:
    command = [sys.executable, str(FAULTY), "--to", to, "--seed", str(seed)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    try:
        line = process.stdout.readline()
        if not line.startswith("listening on "):
            sys.exit("the proxy did not start")
        yield Endpoint(line.split()[-1])
    finally:
        process.kill()
        process.communicate()


def _round(
    folder: Path, chance: random.Random, seed: int, options: argparse.Namespace
) -> dict[str, Any]:
    """One round: what came of it."""
    simulated = [*SIMULATED, "--seed", str(seed)]
    with serving(None, simulated) as server, _faulty(server.base_url, seed) as endpoint:
        _write(folder, endpoint.url, options)
        endpoint.rates(OF_THE_MODEL)
        _finish(folder, "undisturbed")
        needed = endpoint.stats()["received"]
        endpoint.rates({**OF_THE_MODEL, **OF_THE_WAY})
        runs = _kill(folder, endpoint, chance, options)
        wanted = _rows(folder / "undisturbed")
        failed = sum(row["failure"] is not None for row in wanted)
        for _ in range(LAST_RUNS):
            runs += 1
            _finish(folder, "disturbed")
            rows = _rows(folder / "disturbed")
            # A sample that got no reply in all its tries is asked for again by the next run.
            if sum(row["failure"] is not None for row in rows) <= failed:
                break
        stats = endpoint.stats()
    called_for = sum(n for kind, n in stats["faults"].items() if kind in PASSING)
    return {
        **_compared(wanted, rows),
        "extra_requests": max(0, stats["received"] - called_for - needed),
        "allowed_extra": options.concurrency * options.kills,
        "kills": options.kills,
        "runs": runs,
        "samples": len(wanted),
        "failed": failed,
        "requests": stats["received"],
        "faults": stats["faults"],
    }


def _write(folder: Path, url: str, options: argparse.Namespace) -> None:
    spec = {"base_url": url, "model": "simulated", "timeout": TIMEOUT_S}
    spec["concurrency"] = options.concurrency
    (folder / "recipe.yaml").write_text(
        f"models: {{writer: {json.dumps(spec)}}}\n"
        "seeds: [{tasks: seeds.jsonl}]\n"
        "generators: [instruction]\n"
        "judges: [rubric]\n"
        "filters: [{score: {min: 0.5}}, refusal, exact_duplicates, near_duplicates]\n"
    )
    seeds = (f"Explain how to count {n} sheep in a row." for n in range(options.samples))
    lines = [json.dumps({"instruction": seed}) for seed in seeds]
    (folder / "seeds.jsonl").write_text("\n".join(lines) + "\n")


def _start(folder: Path, out: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "silversmith", "run", str(folder / "recipe.yaml"), "--quiet"]
    command += ["--out", str(folder / out)]
    pipe = subprocess.PIPE
    return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=pipe, text=True)


def _finish(folder: Path, out: str) -> None:
    run = _start(folder, out)
    _, said = run.communicate()
    if run.returncode:
        sys.exit(f"chaos: a run ended with status {run.returncode}; it said:\n{said}")


def _kill(
    folder: Path, endpoint: Endpoint, chance: random.Random, options: argparse.Namespace
) -> int:
    """Start the run and kill it, as often as asked for; returns how often it was started.

    Half of the moments are so many requests after the start, spread over the whole run, the
    others so many seconds, so that starting and ending are met as well.
    """
    step = int(2 * REQUESTS_PER_SAMPLE * options.samples / (options.kills + 1))
    kills = starts = 0
    while kills < options.kills:
        run = _start(folder, "disturbed")
        starts += 1
        if starts == 1 and options.outage:
            _wait(run, endpoint, 5)
            endpoint.outage(options.outage)
            _wait(run, endpoint, 5)  # it comes back by itself
        if chance.random() < 0.5:
            _wait(run, endpoint, chance.randint(1, step))
        else:
            with contextlib.suppress(subprocess.TimeoutExpired):
                run.wait(chance.uniform(0, LONGEST_LIFE_S))
        kills += run.poll() is None
        run.send_signal(signal.SIGKILL)
        _, said = run.communicate()
        if run.returncode > 0:
            sys.exit(f"chaos: a run ended with status {run.returncode}; it said:\n{said}")
    return starts


def _wait(run: subprocess.Popen[str], endpoint: Endpoint, requests: int) -> None:
    """Until so many more requests have come, or the run has ended."""
    until = endpoint.stats()["received"] + requests
    while endpoint.stats()["received"] < until and run.poll() is None:
        time.sleep(0.01)


def _rows(out: Path) -> list[dict[str, Any]]:
    from pyarrow import parquet

    return [
        {"in": name, **row}
        for name in ("kept", "dropped", "failed")
        for row in parquet.read_table(out / name).to_pylist()
    ]


def _compared(wanted: list[dict[str, Any]], rows: list[dict[str, Any]]) -> dict[str, int]:
    by_id = {row["id"]: row for row in rows}
    there = [row for row in wanted if row["id"] in by_id]
    invented = len(by_id.keys() - {row["id"] for row in wanted})
    return {
        "lost": len(wanted) - len(there),
        "doubled": len(rows) - len(by_id),
        "nulls": sum(_is_null(row) for row in rows if row["in"] != "failed"),
        "different": sum(row != by_id[row["id"]] for row in there) + invented,
    }


def _is_null(row: dict[str, Any]) -> bool:
    texts = [message["content"] for message in row["messages"] or ()]
    return not (texts and all(texts) and row["judgements"] and row["score"] is not None)


def _in_short(result: dict[str, Any]) -> str:
    bad = ", ".join(f"{result[name]} {name}" for name in BAD)
    return f"{result['samples']} samples, {result['kills']} kills: {bad}"


def _table(figures: dict[str, Any], faults: Counter[str]) -> str:
    lines = [f"{name.replace('_', ' '):<16}{value:>9,}" for name, value in figures.items()]
    lines += ["", "faults met"]
    return "\n".join(lines + [f"  {kind:<14}{n:>9,}" for kind, n in sorted(faults.items())])


if __name__ == "__main__":
    main()
