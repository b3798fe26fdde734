"""How soon does the review page answer when many people work on a large batch at once?

    python benchmarks/review_load.py                       # 30 people, 50,000 samples, a minute
    python benchmarks/review_load.py --think 0             # as fast as the server answers
    python benchmarks/review_load.py --database postgresql://ann@/reviews?host=/tmp/pg

A run's folder with so many kept samples gets a plan that shows all of them (a tenth to two people,
with hidden repeats and gold items). `silversmith review` serves it as its own process, and so many
HTTP clients come within five seconds and do what the page does: they hold four items, decide one
after `--think` seconds (give or take a half), send the verdict, and ask for more. Every fiftieth
verdict is sent twice, as after a reply that was lost.

- `p50`, `p95`, `p99`, `max`: milliseconds from a request to its whole answer, by kind and in all.
- `lost`: verdicts that the server said were stored, and are not in the log once.
- `doubled`: verdicts that are in the log more than once, and items that more people have decided
  than the plan says.
- `failed`: requests that were not answered with 200.

The exit status is 1 if anything is lost, doubled or failed.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import random
import re
import secrets
import subprocess
import sys
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import aiohttp
from table import table

from silversmith.records import Sample, sample_to_json, table_from_json
from silversmith.review.people import add_reviewer
from silversmith.review.plan import plan_review
from silversmith.review.records import ReviewPlan
from silversmith.review.store import open_reviews
from silversmith.review.wanted import Wanted
from silversmith.store import ParquetParts

__all__ = ["main"]

WORDS = re.findall(
    r"\w+",
    "deposit bicycle returned within working days lost helmet costs hire late shop terms answer"
    " question first second third because therefore while during between",
)
SENT_TWICE = 50
AT_ONCE = 5_000
COME_WITHIN_S = 5.0


def main(arguments: Sequence[str] | None = None) -> int:
    options = _options(arguments)
    with tempfile.TemporaryDirectory(prefix="review-load-") as name:
        folder = Path(name)
        _write_samples(folder, options.samples)
        wanted = Wanted(
            samples=options.samples - 50, overlap=0.1, seed=1, people=options.people,
            gold={_id(n): "accept" for n in range(50)},
        )  # fmt: skip
        plan = plan_review(folder, wanted)
        figures = _serve_and_load(folder, plan, options)
    if options.json:
        print(json.dumps(figures, indent=2))
    else:
        names = ("p50", "p95", "p99", "max")
        head = ["requests", "count", *(f"{name} ms" for name in names)]
        rows = [
            [kind, f"{one['count']:,}", *(f"{one[name]:,.1f}" for name in names)]
            for kind, one in figures["requests"].items()
        ]
        print(table([head, *rows]))
        print(
            "{verdicts:,} verdicts by {people} people in {seconds:.0f} s ({per_s:.0f} requests/s);"
            " lost {lost}, doubled {doubled}, failed {failed}; ready after {ready_s:.1f} s;"
            " server {cpu_ms:.1f} ms of CPU a request, {rss_mb:.0f} MB; load average"
            " {load_average:.1f} on {cpus} CPUs".format(**figures)
        )
    return int(any(figures[name] for name in ("lost", "doubled", "failed")))


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--samples", type=int, default=50_000)
    parser.add_argument("--people", type=int, default=30)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--think", type=float, default=1.0, help="seconds before each verdict")
    parser.add_argument("--database", default="", help="a URL; the run folder's own by default")
    parser.add_argument("--json", action="store_true")
    return parser.parse_args(arguments)


def _id(number: int) -> str:
    return f"{number:032x}"


def _write_samples(folder: Path, count: int) -> None:
    """Samples of some 1,500 characters each, all different."""
    dice = random.Random(1)
    with ParquetParts(folder / "kept") as parts:
        for start in range(0, count, AT_ONCE):
            rows = [
                sample_to_json(
                    Sample.pair(
                        " ".join(dice.choices(WORDS, k=60)),
                        f"{number}: " + " ".join(dice.choices(WORDS, k=180)),
                        id=_id(number),
                        strategy="instruction",
                    )
                )
                for number in range(start, min(start + AT_ONCE, count))
            ]
            parts.write(table_from_json(rows))


def _serve_and_load(folder: Path, plan: ReviewPlan, options: argparse.Namespace) -> dict[str, Any]:
    with open_reviews(folder, options.database) as store:
        tokens = [
            store.database.write(lambda c, n=n: add_reviewer(c, f"person {n}")).result()
            for n in range(options.people)
        ]
        before = len(store.verdicts())
    words = ["--port", "0", "--no-browser", "--database", options.database]
    started = time.perf_counter()
    command = [sys.executable, "-m", "silversmith", "review", str(folder), *words]
    server = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        assert server.stdout is not None
        link = next(line.split()[-1] for line in server.stdout if line.startswith("You"))
        ready_s = time.perf_counter() - started
        url = link.partition("/#")[0]
        load = _Load(url, options.think, options.seconds)
        cpu_s = _cpu_s(server.pid)
        asyncio.run(load.run(tokens))
        cpu_s = _cpu_s(server.pid) - cpu_s
        rss_mb = _peak_mb(server.pid)
    finally:
        server.terminate()
        server.wait()
    with open_reviews(folder, options.database) as store:
        found = store.verdicts()[before:]
    counts = Counter(one.id for one in found)
    people = Counter(one.item for one in found if one.verdict != "skip")
    most = {item.item: item.reviewers or options.people for item in plan.items}
    lost = sum(counts[name] != 1 for name in load.stored)
    doubled = sum(count > 1 for count in counts.values())
    doubled += sum(people[item] > allowed for item, allowed in most.items())
    requests = {kind: _spread(times) for kind, times in sorted(load.times.items())}
    every = [one for times in load.times.values() for one in times]
    return {
        "people": options.people, "samples": options.samples, "items": len(plan.items),
        "seconds": load.seconds, "verdicts": len(found), "per_s": len(every) / load.seconds,
        "lost": lost, "doubled": doubled, "failed": load.failed, "ready_s": ready_s,
        "cpu_ms": 1000 * cpu_s / len(every), "rss_mb": rss_mb,
        "cpus": os.cpu_count(), "load_average": os.getloadavg()[0],
        "requests": {**requests, "all": _spread(every)},
    }  # fmt: skip


class _Load:
    """People at work.

    Attributes:
        times: milliseconds of each request, by kind.
        stored: the ids that the server said were stored.
    """

    def __init__(self, url: str, think: float, seconds: float) -> None:
        self._url = url
        self._think = think
        self._wanted = seconds
        self.times: dict[str, list[float]] = defaultdict(list)
        self.stored: set[str] = set()
        self.failed = 0
        self.seconds = 0.0

    async def run(self, tokens: list[str]) -> None:
        started = time.perf_counter()
        until = started + self._wanted
        await asyncio.gather(*(self._person(token, until) for token in tokens))
        self.seconds = time.perf_counter() - started

    async def _person(self, token: str, until: float) -> None:
        await asyncio.sleep(random.uniform(0, COME_WITHIN_S))
        jar = aiohttp.CookieJar(unsafe=True)  # cookies of a bare address
        async with aiohttp.ClientSession(self._url, cookie_jar=jar) as session:
            await self._ask(session, "login", "/api/login", {"token": token})
            me = await self._ask(session, "me", "/api/me")
            session.headers["x-csrf-token"] = me["csrf"]
            held: list[dict[str, Any]] = []
            while time.perf_counter() < until:
                have = [view["item"] for view in held]
                found = await self._ask(session, "next", "/api/next", {"have": have})
                held += found["items"]
                if not held:
                    return
                if self._think:
                    await asyncio.sleep(self._think * random.uniform(0.5, 1.5))
                await self._decide(session, held.pop(0))

    async def _decide(self, session: aiohttp.ClientSession, view: dict[str, Any]) -> None:
        entry = {
            "id": secrets.token_hex(16), "item": view["item"], "shown": view["shown"],
            "verdict": random.choices(["accept", "reject", "skip"], [80, 19, 1])[0],
            "seconds": 3.0,
        }  # fmt: skip
        for _ in range(2 if random.randrange(SENT_TWICE) == 0 else 1):
            found = await self._ask(session, "verdict", "/api/verdicts", {"entries": [entry]})
            (result,) = found["results"]
            if result["state"] == "stored":
                self.stored.add(result["id"])
            else:
                self.failed += 1

    async def _ask(
        self, session: aiohttp.ClientSession, kind: str, path: str, body: Any = None
    ) -> Any:
        started = time.perf_counter()
        sending = session.get(path) if body is None else session.post(path, json=body)
        async with sending as reply:
            found = await reply.json()
            self.times[kind].append(1000 * (time.perf_counter() - started))
            self.failed += reply.status != 200
            return found


def _spread(times: list[float]) -> dict[str, float]:
    ordered = sorted(times)

    def at(share: float) -> float:
        return ordered[min(len(ordered) - 1, int(share * len(ordered)))]

    return {
        "count": len(ordered), "p50": at(0.5), "p95": at(0.95), "p99": at(0.99), "max": ordered[-1],
    }  # fmt: skip


def _cpu_s(pid: int) -> float:
    words = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(words[11]) + int(words[12])) / os.sysconf("SC_CLK_TCK")


def _peak_mb(pid: int) -> float:
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmHWM"):
            return int(line.split()[1]) / 1024
    return 0.0


if __name__ == "__main__":
    raise SystemExit(main())
