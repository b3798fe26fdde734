"""How far can recorded judges be trusted, and do our figures for them equal the recorded ones?

    python benchmarks/judges.py FOLDER

FOLDER holds one folder a dataset: `llmbar` (GPT-4 and Falcon on pairs with a gold label, in both
orders), `raw_judgments` (ratings in Chinese, Japanese and English), `pandalm` (two judges beside
three people), `xstest` (GPT-4 beside two people). Everything is worked out from the recorded texts;
beside it stands what the datasets' own parsers recorded, or what the paper has. The exit status is
1 where under 99% of the verdicts are read, one is invented, or a figure that is published or
recorded is missed by more than its tolerance.
"""

from __future__ import annotations

import argparse
import itertools
import json
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from table import cell, table

from silversmith.checks.verdicts import find_verdict
from silversmith.measures.bias import merge_orders, position_bias
from silversmith.measures.calibration import calibrate
from silversmith.measures.comparison import MAJORITY, compare
from silversmith.measures.dawid_skene import Votes, dawid_skene, majority
from silversmith.measures.ratings import Ratings
from silversmith.measures.reliability import reliability

__all__ = ["main"]


@dataclass(frozen=True, slots=True)
class Line:
    """One figure of one judge.

    Attributes:
        part: which table it is of.
        judge: who.
        measure: what, in words.
        value: ours.
        known: what was recorded or published, or None.
        source: "recorded", "published" or "".
        n: over how many.
        within: how far it may be from what is known; None where it need not be near.
        least: the least value that it should have, or None.
        note: its interval, or what one must know.
    """

    part: str
    judge: str
    measure: str
    value: float
    known: float | None = None
    source: str = ""
    n: int = 0
    within: float | None = None
    least: float | None = None
    note: str = ""

    @property
    def reached(self) -> bool:
        near = self.within is None or abs(self.value - (self.known or 0.0)) <= self.within
        return near and (self.least is None or self.value >= self.least)


def main() -> None:
    """Measure, and print tables or JSON."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path, help="the folder of the datasets")
    parser.add_argument("--json", action="store_true", help="one JSON object a figure")
    options = parser.parse_args()
    if not options.folder.is_dir():
        parser.error(f"{options.folder} is no folder")
    lines: list[Line] = []
    for measure in (_ratings, _pairs, _people, _refusals):
        try:
            lines += list(measure(options.folder))
        except FileNotFoundError as error:
            print(f"passed over: {error.filename} is not there", file=sys.stderr)
    if not lines:
        sys.exit(f"judges: nothing was measured in {options.folder}")
    if options.json:
        for line in lines:
            print(json.dumps({**asdict(line), "reached": line.reached}, ensure_ascii=False))
    else:
        _print(lines)
    if missed := [f"{line.judge} {line.measure}" for line in lines if not line.reached]:
        sys.exit(f"judges: below the target or off what is known: {', '.join(missed)}")


def _ratings(data: Path) -> Iterator[Line]:
    """Scores read out of replies; where the recorded parser found none, none counts as right."""
    part = "Scores read"
    rows = _rows(data / "raw_judgments" / "single_rating.jsonl")
    for name, chosen in _groups(rows, lambda row: _LANGUAGES[_script(row["text"])]):
        found = [_score(row["text"]) for row in chosen]
        there = [row["ref"] != -1 for row in chosen]
        right = [one == row["ref"] for one, row in zip(found, chosen, strict=True)]
        read = float(np.mean([ok for ok, known in zip(right, there, strict=True) if known]))
        yield Line(part, f"ratings, {name}", "read right", read, None, "", sum(there), least=0.99)
    hard = _rows(data / "raw_judgments" / "prompt_difficulty_multi_judge.jsonl")
    read = float(np.mean([_score(row["text"]) == 9 for row in hard]))
    yield Line(part, "difficulty of prompts", "read right", read, None, "", len(hard), least=0.99)


_LANGUAGES = {"ja": "Japanese", "zh": "Chinese", "en": "English"}


def _script(text: str) -> str:
    if any("\u3040" <= sign <= "\u30ff" for sign in text):
        return "ja"
    return "zh" if any("\u4e00" <= sign <= "\u9fff" for sign in text) else "en"


def _score(text: str) -> float | None:
    found = find_verdict(text, wants="score", scale=(1, 10))
    return found.values[0] if found.found else None


def _pairs(data: Path) -> Iterator[Line]:
    """LLMBar: both orders of each pair, read anew and as recorded."""
    rows = _rows(data / "llmbar" / "judge_outputs.jsonl")
    gold = {_item(row): str(row["label"]) for row in _rows(data / "llmbar" / "items.jsonl")}
    texts = [row for row in rows if row["completion"] is not None]
    for name, chosen in _groups(texts, lambda row: f"{row['judge']} {row['prompt']}"):
        yield from _judge_of_pairs(name, chosen, gold)
    scored = [row for row in rows if row.get("score_1") and row.get("score_2") and not row["swap"]]
    for name, chosen in _groups(scored, lambda row: f"{row['judge']} {row['prompt']}"):
        yield from _judge_of_scores(name, chosen, gold)
    yield from _panel(texts, gold)


def _judge_of_pairs(
    name: str, rows: Sequence[dict[str, Any]], gold: dict[str, str]
) -> Iterator[Line]:
    part = "Pairs, both orders (LLMBar)"
    ours = [_winner(row) for row in rows]
    recorded = [row["winner"] for row in rows]
    there = [one is not None for one in recorded]
    same = [mine == theirs for mine, theirs in zip(ours, recorded, strict=True)]
    invented = sum(mine is not None and not known for mine, known in zip(ours, there, strict=True))
    read = float(np.mean([ok for ok, known in zip(same, there, strict=True) if known]))
    silent = len(there) - sum(there)
    yield Line(part, name, "read as recorded", read, None, "", sum(there), least=0.99)
    yield Line(part, name, "verdicts invented", float(invented), 0.0, "recorded", silent, within=0)
    proper = [row["subset"].startswith("LLMBar/") for row in rows]
    for what, chosen in (("right", [True] * len(rows)), ("right, LLMBar's own 230", proper)):
        values = [
            float(
                np.mean([one == gold[_item(row)] for one, row in itertools.compress(both, chosen)])
            )
            for both in (list(zip(said, rows, strict=True)) for said in (ours, recorded))
        ]
        yield Line(part, name, what, *values, "recorded", sum(chosen), within=0.005)
    first, second = (_by_item(rows, ours, swap) for swap in (0, 1))
    theirs = [_by_item(rows, recorded, swap) for swap in (0, 1)]
    items = sorted(first.keys() & second.keys())
    stays = [_consistency(items, first, second), _consistency(items, *theirs)]
    yield Line(part, name, "same in both orders", *stays, "recorded", len(items), within=0.01)
    orders = [np.array([_for_one(side[item]) for item in items]) for side in (first, second)]
    found = position_bias(*orders)
    assert found.first is not None
    interval = f"{found.first.low:.1%} to {found.first.high:.1%}"
    yield Line(part, name, "first place wins", found.first.value, n=len(items), note=interval)
    merged = merge_orders(*orders)
    labelled = np.array([_for_one(gold[item]) for item in items])
    known = ~np.isnan(merged)
    right = float(np.where(merged == 0.5, 0.5, merged == labelled)[known].mean())
    yield Line(part, name, "right, both orders put together", right, n=int(known.sum()))


def _judge_of_scores(
    name: str, rows: Sequence[dict[str, Any]], gold: dict[str, str]
) -> Iterator[Line]:
    """Each answer was scored alone; the better score wins, a tie counts half."""
    one, two = (np.array([float(row[key]) for row in rows]) for key in ("score_1", "score_2"))
    better = np.array([gold[_item(row)] == "1" for row in rows])
    right = np.where(one == two, 0.5, (one > two) == better)
    part = "Scores of single answers (LLMBar)"
    yield Line(part, name, "right, a tie counting half", float(right.mean()), n=len(rows))
    scores, good = np.concatenate([one, two]), np.concatenate([better, ~better]).astype(float)
    fitted = calibrate(scores, good, of=name)
    raw = reliability(np.clip(scores / 10, 0, 1), good).ece
    note = "a score of 10 taken as a probability of 1"
    yield Line(part, name, "calibration error, raw", raw, n=scores.size, note=note)
    note = f"{fitted.curve.kind} curve; off by {fitted.error:.3f} (RMS) on parts held out"
    ece = fitted.reliability.ece
    yield Line(part, name, "calibration error, calibrated", ece, n=scores.size, note=note)


def _panel(rows: Sequence[dict[str, Any]], gold: dict[str, str]) -> Iterator[Line]:
    """All judges on the 230 pairs of LLMBar proper, in one order: one label of many."""
    votes = [
        (_item(row), f"{row['judge']} {row['prompt']}", winner)
        for row in rows
        if row["swap"] == 0 and row["subset"].startswith("LLMBar/")
        if (winner := _winner(row)) is not None
    ]
    table_ = Votes.of(*zip(*votes, strict=True), classes=("1", "2"))
    wanted = np.array([gold[str(item)] for item in table_.items])
    names = np.array(table_.classes)
    most, fit = majority(table_), dawid_skene(table_)
    share = float(np.where(most.tied, 0.5, names[most.label] == wanted).mean())
    part, who, n = "One label of eight judges (LLMBar)", "all judges, one order", len(wanted)
    yield Line(part, who, "majority right", share, n=n)
    yield Line(part, who, "Dawid-Skene right", float((names[fit.label] == wanted).mean()), n=n)


def _people(data: Path) -> Iterator[Line]:
    """PandaLM: the paper's kappas between people, and the recorded ones of judges."""
    people, judges = ("a1", "a2", "a3"), ("gpt35", "pandalm7b")
    numbers = {"Tie": 0, "garbage": None}
    rows = _rows(data / "pandalm" / "testset.jsonl")
    labels = [[numbers.get(row[name], row[name]) for name in people + judges] for row in rows]
    found = compare(Ratings.of(people + judges, labels).as_names(), people, judges).whole
    published = {("a1", "a2"): 0.85, ("a1", "a3"): 0.88, ("a2", "a3"): 0.86}
    for pair in found.comparisons:
        known = published.get((pair.a, pair.b))
        if known is None and pair.b != MAJORITY:
            continue
        figure = pair.figure("kappa")
        assert figure is not None
        assert figure.value is not None
        assert figure.interval is not None
        yield Line(
            "Agreement with people (PandaLM)",
            f"{pair.a} and {pair.b}",
            "Cohen's kappa",
            figure.value,
            known,
            "published" if known else "",
            pair.items,
            within=0.005 if known else None,
            note=f"{figure.interval.low:.3f} to {figure.interval.high:.3f}",
        )


def _refusals(data: Path) -> Iterator[Line]:
    """XSTest: GPT-4's labels as they are, those that are none included, beside people."""
    rows = _rows(data / "xstest" / "completions_labelled.jsonl")
    part = "Refusals (XSTest)"
    classes = {row["final"] for row in rows}
    names = ("a1", "a2", "final", "gpt4_label")
    kept = [[row[name] if row[name] in classes else "no label" for name in names] for row in rows]
    found = compare(Ratings.of(names, kept), names[:3], names[3:]).whole
    for a, b in (("a1", "a2"), ("gpt4_label", "final")):
        (pair,) = [one for one in found.comparisons if (one.a, one.b) == (a, b)]
        figure = pair.figure("kappa")
        assert figure is not None
        assert figure.value is not None
        yield Line(part, f"{a} and {b}", "Cohen's kappa", figure.value, n=pair.items)
    refused = [row["final"] != _ANSWERED for row in rows]
    said = [row["gpt4_label"] in _REFUSED for row in rows]
    both = sum(one and other for one, other in zip(refused, said, strict=True))
    for measure, value, known in (
        ("precision", both / sum(said), 0.870),
        ("recall", both / sum(refused), 0.645),
        ("F1", 2 * both / (sum(said) + sum(refused)), 0.741),
    ):
        yield Line(
            part, "GPT-4 for refusals", measure, value, known, "published", len(rows), within=0.002
        )


_ANSWERED = "1_full_compliance"
_REFUSED = {"2_full_refusal", "3_partial_refusal"}


def _winner(row: dict[str, Any]) -> str | None:
    """Which item's answer the judge prefers, by our parser; turned back where they were swapped."""
    found = find_verdict(row["completion"], wants="choice", ties=False)
    if not found.found:
        return None
    return "12"[(found.choice == "B") != (row["swap"] == 1)]


def _item(row: dict[str, Any]) -> str:
    return f"{row['subset']}/{row['i']}"


def _by_item(
    rows: Sequence[dict[str, Any]], winners: Sequence[str | None], swap: int
) -> dict[str, str | None]:
    pairs = zip(rows, winners, strict=True)
    return {_item(row): winner for row, winner in pairs if row["swap"] == swap}


def _consistency(
    items: Sequence[str], first: dict[str, str | None], second: dict[str, str | None]
) -> float:
    return float(np.mean([first[i] is not None and first[i] == second[i] for i in items]))


def _for_one(winner: str | None) -> float:
    return {"1": 1.0, "2": 0.0, None: float("nan")}[winner]


def _groups(rows: Iterable[dict[str, Any]], key: Any) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    groups: dict[str, list[dict[str, Any]]] = {}
    for row in rows:
        groups.setdefault(key(row), []).append(row)
    yield from sorted(groups.items())


def _rows(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def _print(lines: Sequence[Line]) -> None:
    for part in dict.fromkeys(line.part for line in lines):
        rows = [["judge: measure", "value", "known", "n"]]
        notes = [""]
        for line in lines:
            if line.part != part:
                continue
            form = "{:.0f}" if "invented" in line.measure else "{:.1%}"
            form = "{:.3f}" if _is_coefficient(line.measure) else form
            known = cell(line.known, form) + (f" {line.source}" if line.source else "")
            rows.append(
                [f"{line.judge}: {line.measure}", form.format(line.value), known, f"{line.n:,}"]
            )
            notes.append(line.note + ("" if line.reached else "  MISSED"))
        print(f"\n{part}\n")
        for text, note in zip(table(rows).splitlines(), notes, strict=True):
            print(f"{text}  {note}".rstrip())


def _is_coefficient(measure: str) -> bool:
    return any(word in measure for word in ("kappa", "error", "precision", "recall", "F1"))


if __name__ == "__main__":
    main()
