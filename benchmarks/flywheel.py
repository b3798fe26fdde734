"""Does a round of the loop close what a model fails at, and what do filters buy?

    make .venv-train/.installed
    .venv-train/bin/python benchmarks/flywheel.py FOLDER [--seeds 3] [--quick]

Nobody helps along the way. A small language model is made, and trained on arithmetic word problems
of some families of a grammar. It is evaluated on problems of all; `silversmith next` makes a recipe
of what it fails at; `silversmith run` has a programmatic teacher draft for it, who is wrong in a
known share of solutions; TRL tunes the model on what is exported. Beside it the same model is tuned
on as many samples that the same teacher drafted for no failure in particular. Then the same recipe
is drafted without checks, and the model tuned on all drafts, on those that filters leave, on those
that `select` picks of them, and on as many by chance; with adapters, and in full.

Every tuning takes the same number of steps and is done over several seeds; all are examined on the
same problems, which are in no evaluation. Intervals are of the paired difference, problem by
problem (`silversmith.measures.effects`), and p is McNemar's exact one. FOLDER keeps everything: the
same command again goes on where it stopped, and prints the tables.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
from looping import commands
from looping.examination import Examination, items, write_log
from looping.grammar import FAMILIES
from looping.teacher import Teacher, teaching
from numpy.typing import NDArray
from table import table

from silversmith.measures.changes import mcnemar
from silversmith.measures.effects import paired_effect
from silversmith.measures.shares import Estimate

__all__ = ["main"]

TAUGHT = ("gain", "loss", "more", "groups", "sharing", "to and fro", "loose ones")
"""The families that the base model has seen."""

MISSING = tuple(name for name in FAMILIES if name not in TAUGHT)
SETS = ("untargeted", "targeted", "all drafts", "filtered", "selected", "by chance")
PAIRS = (
    ("untargeted", "targeted"),
    ("all drafts", "filtered"),
    ("by chance", "selected"),
    ("filtered", "selected"),
)
"""Tunings that are compared, problem by problem."""


def main() -> None:
    """Go round once, and print what came of it."""
    options = _options()
    if missing := [
        name for name in ("torch", "transformers", "peft", "trl") if not find_spec(name)
    ]:
        sys.exit(
            f"flywheel: {', '.join(missing)} cannot be imported: `make .venv-train/.installed`"
            " makes an environment that has what is needed"
        )
    begun = time.monotonic()
    options.folder.mkdir(parents=True, exist_ok=True)
    _same_options(options)
    results = Results(options.folder / "results.jsonl")
    evaluation = items(options.items, seed=1)
    test = items(options.test, seed=2, without=evaluation)

    from looping.tuning import Bench

    bench = Bench(options, TAUGHT)
    if ("base", "", 0) not in results:
        results.add("base", "", 0, Examination.of(test, bench.answers(bench.base)))
    if not (options.folder / "base.jsonl").exists():
        examined = Examination.of(evaluation, bench.answers(bench.base))
        write_log(examined, options.folder / "base.jsonl")
    with teaching(Teacher(options.slips, options.misreadings)) as url:
        seen = {problem.text for problem in test}
        sets = {
            name: [row for row in rows if row["messages"][0]["content"] not in seen]
            for name, rows in drafted(options, url).items()
        }
        for name, method, seed in tunings(options):
            done = (name, method, seed) in results
            last = (name, method, seed) == ("targeted", "full", 0)
            if done and not (last and not (options.folder / "round1.jsonl").exists()):
                continue
            rows = sets[name]
            if name in ("untargeted", "targeted"):
                count = min(len(sets["untargeted"]), len(sets["targeted"]))
                rows = random.Random(seed).sample(rows, count)
            model = bench.tuned(rows, seed, lora=method == "LoRA")
            if not done:
                results.add(name, method, seed, Examination.of(test, bench.answers(model)))
            if last:
                examined = Examination.of(evaluation, bench.answers(model))
                write_log(examined, options.folder / "round1.jsonl")
            print(
                f"{time.monotonic() - begun:5.0f} s  {name}, {method}, seed {seed}:"
                f" {results.failures(name, method, seed, MISSING).mean():.1%} of the missing"
                " families' problems fail",
                file=sys.stderr, flush=True,
            )  # fmt: skip
    for text in tables(options, results, sets):
        print(f"{text}\n")
    commands.next_round(
        options.folder / "rounds" / "1" / "run", options.folder / "round1.jsonl",
        options.folder / "rounds" / "2", options.samples, least_failures=1,
    )  # fmt: skip
    print(commands.rounds(options.folder / "rounds"))
    print(f"{time.monotonic() - begun:.0f} s")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path, help="where everything is kept")
    parser.add_argument("--seeds", type=int, default=3, help="tunings of each kind")
    parser.add_argument("--samples", type=int, default=400, help="samples that a round plans")
    parser.add_argument("--items", type=int, default=20, help="evaluated problems of each family")
    parser.add_argument("--test", type=int, default=40, help="examined problems of each family")
    parser.add_argument("--width", type=int, default=128, help="of the model; 32 for each head")
    parser.add_argument("--layers", type=int, default=3, help="of the model")
    parser.add_argument("--base-steps", type=int, default=300, help="of 32 problems each")
    parser.add_argument("--steps", type=int, default=120, help="of 16 rows each, for each tuning")
    parser.add_argument("--slips", type=float, default=0.2, help="share of planted wrong sums")
    parser.add_argument(
        "--misreadings",
        type=float,
        default=0.1,
        help="share of planted answers beside the question",
    )
    parser.add_argument("--solutions", type=int, default=3, help="others that a draft is held to")
    parser.add_argument("--threads", type=int, default=1, help="of torch")
    parser.add_argument(
        "--quick", action="store_true", help="a small model and few samples: does it run at all?"
    )
    options = parser.parse_args()
    if options.quick:
        options.seeds, options.samples, options.items, options.test = 1, 48, 6, 4
        options.width, options.layers, options.base_steps, options.steps = 64, 2, 60, 8
    return options


def _same_options(options: argparse.Namespace) -> None:
    """Refuse to go on in a folder with other options, whose figures would be mixed."""
    path = options.folder / "options.json"
    said = {name: value for name, value in vars(options).items() if name not in ("folder", "seeds")}
    if path.exists() and json.loads(path.read_text()) != said:
        sys.exit(f"flywheel: {options.folder} was begun with other options ({path}): take another")
    path.write_text(json.dumps(said, indent=2) + "\n")


class Results:
    """What came out of every tuning so far, in a file that grows by a line each."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._found: dict[tuple[str, str, int], dict[str, list[float]]] = {}
        if path.exists():
            for line in path.read_text(encoding="utf-8").splitlines():
                row = json.loads(line)
                self._found[row["set"], row["method"], row["seed"]] = row["failures"]

    def __contains__(self, key: tuple[str, str, int]) -> bool:
        return key in self._found

    def add(self, name: str, method: str, seed: int, examined: Examination) -> None:
        """Keep what an examination says."""
        failures = {family: examined.failures([family]).tolist() for family in FAMILIES}
        row = {"set": name, "method": method, "seed": seed, "failures": failures}
        with open(self._path, "a", encoding="utf-8") as file:
            file.write(json.dumps(row) + "\n")
        self._found[name, method, seed] = failures

    def failures(
        self, name: str, method: str, seed: int, families: Sequence[str]
    ) -> NDArray[np.float64]:
        """For each examined problem of these families 1 where the model failed."""
        found = self._found[name, method, seed]
        return np.concatenate([np.array(found[family]) for family in families])

    def rate(self, name: str, method: str, seeds: int, families: Sequence[str]) -> float:
        """The mean share of failures over the seeds."""
        return float(
            np.mean([self.failures(name, method, seed, families).mean() for seed in range(seeds)])
        )


def tunings(options: argparse.Namespace) -> Iterator[tuple[str, str, int]]:
    """Each set of samples, way of tuning and seed: first what the round is judged by."""
    for seed in range(options.seeds):
        for name in SETS[:2]:
            yield name, "full", seed
    for seed in range(options.seeds):
        for name in SETS[2:]:
            yield name, "full", seed
            yield name, "LoRA", seed


def drafted(options: argparse.Namespace, url: str) -> Mapping[str, list[dict[str, Any]]]:
    """The rows of each set, by the program's own commands; what is there is not made again."""
    path = options.folder / "sets.json"
    if path.exists():
        return dict(json.loads(path.read_text(encoding="utf-8")))
    folder, samples = options.folder, options.samples
    general = commands.general_run(folder, url, samples)
    print(commands.next_round(general, folder / "base.jsonl", folder / "rounds" / "1", samples))
    recipe = folder / "rounds" / "1" / "recipe.yaml"
    commands.run(recipe, folder / "rounds" / "1" / "run", url, samples)
    drafts = commands.draft_unchecked(recipe, folder / "drafts", url, samples, options.solutions)
    recomputed = {"judgement": {"judge": "verified", "criterion": "must_hold", "min": 1}}
    filters = [recomputed, "looping.unchecked:Agreed", "near_duplicates"]
    filtered = commands.filter_run(drafts, folder / "filtered", filters)
    half = len(commands.exported(filtered)) // 2
    chosen = commands.filter_run(filtered, folder / "selected", [{"select": half}])
    by_chance = {"select": {"budget": half, "method": "random"}}
    random_half = commands.filter_run(filtered, folder / "chance", [by_chance])
    folders = (general, folder / "rounds" / "1" / "run", drafts, filtered, chosen, random_half)
    sets = {name: commands.exported(one) for name, one in zip(SETS, folders, strict=True)}
    path.write_text(json.dumps(sets), encoding="utf-8")
    return sets


def tables(
    options: argparse.Namespace, results: Results, sets: Mapping[str, list[dict[str, Any]]]
) -> Iterator[str]:
    """What came out, as tables."""
    seeds = options.seeds
    rows = [("share of failures", "base", "untargeted", "targeted")]
    parts = [(name, [name]) for name in FAMILIES]
    parts += [("missing in the base", MISSING), ("known to the base", TAUGHT)]
    for title, families in parts:
        base = results.rate("base", "", 1, families)
        tuned = (results.rate(name, "full", seeds, families) for name in SETS[:2])
        rows.append((title, f"{base:.1%}", *(f"{rate:.1%}" for rate in tuned)))
    yield table(rows)
    rows = [("tuned on", "rows", "wrong answers", "full", "LoRA")]
    for name in SETS:
        rates = [
            f"{results.rate(name, method, seeds, MISSING):.1%}"
            if (name, method, 0) in results
            else "–"
            for method in ("full", "LoRA")
        ]
        wrong = f"{commands.wrong_share(sets[name]):.1%}"
        rows.append((name, f"{len(sets[name]):,}", wrong, *rates))
    yield table(rows)
    yield table(list(_comparisons(seeds, results)))


def _comparisons(seeds: int, results: Results) -> Iterator[tuple[str, ...]]:
    """Paired differences in the families that the base had not seen: of each seed, and of the
    problems' means over the seeds."""
    yield "", "way", "seed", "change of failures", "interval", "mended", "spoilt", "p"
    for plain, changed in PAIRS:
        for method in ("full", "LoRA"):
            if (plain, method, 0) not in results:
                continue
            before, after = (
                np.array([results.failures(name, method, seed, MISSING) for seed in range(seeds)])
                for name in (plain, changed)
            )
            title = f"{changed}, not {plain}"
            for seed in range(seeds):
                one = paired_effect(before[seed], after[seed]).mean
                mended = int((before[seed] > after[seed]).sum())
                spoilt = int((before[seed] < after[seed]).sum())
                p = f"{mcnemar(spoilt, mended):.2g}"
                yield title, method, f"{seed}", *_interval(one), f"{mended}", f"{spoilt}", p
            if seeds > 1:
                mean = paired_effect(before.mean(axis=0), after.mean(axis=0)).mean
                yield title, method, "mean", *_interval(mean), "", "", ""


def _interval(one: Estimate) -> tuple[str, str]:
    return f"{one.value:+.1%}", f"{one.low:+.1%} to {one.high:+.1%}"


if __name__ == "__main__":
    main()
