"""Which samples people are to see."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from silversmith.errors import ReviewError
from silversmith.measures.lots import lot_interval
from silversmith.records import Judgement, Sample
from silversmith.review.plan import draw_plan, plan_review
from silversmith.review.plan_file import plan_path, read_plan
from silversmith.review.population import read_population
from silversmith.review.wanted import Wanted
from silversmith.store import ParquetParts

Some = Callable[[int], list[Sample]]


def kept(folder: Path, samples: list[Sample], parts: int = 1) -> Path:
    from silversmith.records import sample_to_json, table_from_json

    each = max(1, -(-len(samples) // parts))
    with ParquetParts(folder / "kept") as files:
        for start in range(0, len(samples), each):
            rows = [sample_to_json(one) for one in samples[start : start + each]]
            files.write(table_from_json(rows))
    return folder


def scored(sample: Sample, number: int) -> Sample:
    """With two judges' scores, which differ for every tenth sample."""
    score = 0.6 + number % 40 / 100
    other = max(0.0, score - (number % 10 == 0) * 0.5)
    return sample.with_(
        score=score,
        strategy="reasoning" if number % 3 else "instruction",
        judgements=(
            Judgement("rubric", "right", "a", score, 1 + 4 * score),
            Judgement("rubric", "right", "b", other, 1 + 4 * other),
        ),
    )


def silversmith(*words: str | Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "silversmith", *map(str, words)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_anyone_can_draw_the_same_sample_with_nothing_but_a_hash(
    tmp_path: Path, some: Some
) -> None:
    samples = some(500)
    folder = kept(tmp_path / "run", samples)
    plan = plan_review(folder, Wanted(samples=60, seed=7))

    def lot(name: str) -> str:
        return hashlib.sha256(f"7:draw:{name}".encode()).hexdigest()

    by_hand = sorted((one.id for one in samples), key=lot)[:60]
    assert [one.sample for one in plan.items if one.role == "estimate"] == by_hand
    assert read_plan(folder) == plan
    larger = draw_plan(read_population(folder), Wanted(samples=90, seed=7))
    assert [one.sample for one in larger.items if one.role == "estimate"][:60] == by_hand


def test_how_the_samples_lie_in_files_changes_nothing(tmp_path: Path, some: Some) -> None:
    whole = read_population(kept(tmp_path / "one", some(300)))
    parted = read_population(kept(tmp_path / "five", some(300), parts=5))
    assert whole.hash == parted.hash
    wanted = Wanted(samples=50, seed=1)
    assert draw_plan(whole, wanted).id == draw_plan(parted, wanted).id
    fewer = read_population(kept(tmp_path / "fewer", some(299)))
    assert fewer.hash != whole.hash


def test_scores_are_no_part_of_the_datasets_hash_and_a_changed_word_is(
    tmp_path: Path, some: Some
) -> None:
    samples = some(20)
    before = read_population(kept(tmp_path / "before", samples))
    judged = read_population(
        kept(tmp_path / "judged", [scored(one, n) for n, one in enumerate(samples)])
    )
    assert judged.hash == before.hash
    other = samples[3].with_(
        messages=(samples[3].messages[0], replace(samples[3].messages[1], content="no"))
    )
    changed = read_population(kept(tmp_path / "changed", [*samples[:3], other, *samples[4:]]))
    assert changed.hash != before.hash
    assert changed.contents[3] != before.contents[3]


def test_a_precision_is_reached_whatever_the_rate_is(tmp_path: Path, some: Some) -> None:
    population = read_population(kept(tmp_path, some(3_000)))
    plan = draw_plan(population, Wanted(precision=0.05))
    drawn = sum(one.role == "estimate" for one in plan.items)
    for share in (0.5, 0.7, 0.9, 0.99):
        low, high = lot_interval(round(share * drawn), drawn, 3_000)
        assert high[0] - low[0] <= 0.1 + 1e-9
    fewer = draw_plan(population, Wanted(precision=0.05, expect=0.95))
    assert sum(one.role == "estimate" for one in fewer.items) < drawn / 2


def test_minutes_are_what_people_have_together(tmp_path: Path, some: Some) -> None:
    samples = [scored(one, n) for n, one in enumerate(some(2_000))]
    population = read_population(kept(tmp_path, samples))
    gold = {samples[0].id: "accept", samples[1].id: "reject"}
    wanted = Wanted(minutes=120, seconds_each=30, people=3, gold=gold, seed=5)
    plan = draw_plan(population, wanted)
    decisions = sum(one.reviewers or 3 for one in plan.items)
    assert 230 <= decisions <= 240
    roles = Counter(one.role for one in plan.items)
    assert roles["routed"] > 0
    assert roles["repeat"] > 0


def test_only_those_drawn_by_lot_have_a_weight(tmp_path: Path, some: Some) -> None:
    samples = [scored(one, n) for n, one in enumerate(some(1_000))]
    population = read_population(kept(tmp_path, samples))
    plan = draw_plan(
        population,
        Wanted(
            samples=100, overlap=0.2, overlap_reviewers=3, gold={samples[5].id: "reject"}, seed=2
        ),
    )
    by_role = {role: [o for o in plan.items if o.role == role] for role in ("estimate", "gold")}
    routed = [one for one in plan.items if one.role == "routed"]
    repeats = [one for one in plan.items if one.role == "repeat"]
    assert sum(one.weight for one in by_role["estimate"]) == pytest.approx(1_000)
    assert not any(one.weight for one in plan.items if one.role != "estimate")
    assert Counter(one.reviewers for one in by_role["estimate"]) == {1: 80, 3: 20}
    assert [(one.expected, one.reviewers) for one in by_role["gold"]] == [("reject", 0)]
    disagreed = {one.id for number, one in enumerate(samples) if number % 10 == 0}
    assert {one.sample for one in routed} <= disagreed
    drawn = {one.sample for one in by_role["estimate"]}
    assert not drawn & {one.sample for one in routed}
    place = {one.item: one.place for one in plan.items}
    assert len(place) == len(plan.items)
    assert repeats
    assert all(
        place[one.item] > place[one.repeats] + 10 or place[one.item] > len(plan.items) - 41
        for one in repeats
    )
    assert [one.place for one in plan.items] == list(range(len(plan.items)))


def test_strata_are_drawn_from_in_proportion(tmp_path: Path, some: Some) -> None:
    samples = [scored(one, n) for n, one in enumerate(some(1_200))]
    population = read_population(kept(tmp_path, samples))
    plan = draw_plan(population, Wanted(samples=240, stratify=("strategy", "score"), seed=3))
    assert plan.allocation == "proportional"
    assert sum(one.drawn for one in plan.strata) == 240
    assert all(abs(one.drawn - one.size / 5) < 1 for one in plan.strata)
    drawn = Counter(one.stratum for one in plan.items if one.role == "estimate")
    assert drawn == {one.name: one.drawn for one in plan.strata}


def test_neymans_rule_draws_more_where_calibrated_scores_are_mixed(
    tmp_path: Path, some: Some
) -> None:
    samples = []
    for number, one in enumerate(some(4_000)):
        told = 0.5 if number % 4 == 0 else 0.99
        said = Judgement("rubric", "right", "a", told, 3.0, probability=told)
        samples.append(one.with_(score=told, judgements=(said,)))
    population = read_population(kept(tmp_path, samples))
    plan = draw_plan(population, Wanted(samples=600, stratify=("score",), seed=3))
    mixed, sure = sorted(plan.strata, key=lambda one: one.size)
    assert plan.allocation == "neyman"
    assert mixed.drawn / mixed.size > 2 * sure.drawn / sure.size
    assert sure.drawn >= 0.5 * 600 * sure.size / 4_000 - 1
    by_precision = draw_plan(population, Wanted(precision=0.03, stratify=("score",), seed=3))
    simple = draw_plan(population, Wanted(precision=0.03, seed=3))
    assert len(by_precision.items) < len(simple.items)
    assert by_precision.half_width is not None
    assert by_precision.half_width <= 0.03


def test_a_small_stratum_is_joined_with_others(tmp_path: Path, some: Some) -> None:
    samples = [
        one.with_(labels=(f"leaf {n % 97}",) if n < 97 else ("common",))
        for n, one in enumerate(some(1_000))
    ]
    plan = draw_plan(
        read_population(kept(tmp_path, samples)), Wanted(samples=100, stratify=("label",), seed=3)
    )
    assert [(one.name, one.size) for one in plan.strata] == [("(rest)", 97), ("common", 903)]


@pytest.mark.parametrize(
    ("wanted", "words"),
    [
        ({"samples": 31}, "asks for 31 samples, and 30 are kept"),
        ({"samples": 0}, "one sample at least"),
        ({"minutes": 0.1}, "allow more time"),
        ({"minutes": 5, "samples": 3}, "name one"),
        ({"precision": 0.7}, "half the length"),
        ({"expect": 1.5}, "between 0 and 1"),
        ({"stratify": ("colour",)}, "strategy, label, score"),
        ({"stratify": ("score",)}, "no scores"),
        ({"stratify": ("label",), "sequential": True}, "simple random sample"),
        ({"gold": {"nobody": "accept"}}, "not among the kept"),
        ({"gold": {f"{0:032x}": "perhaps"}}, "accept or reject"),
    ],
)  # fmt: skip
def test_what_cannot_be_had_is_said(tmp_path: Path, some: Some, wanted: dict, words: str) -> None:
    population = read_population(kept(tmp_path, some(30)))
    with pytest.raises(ReviewError, match=words):
        draw_plan(population, Wanted(**wanted))


def test_a_batch_with_no_samples(tmp_path: Path, some: Some) -> None:
    done = silversmith("review", kept(tmp_path / "none", []), "--plan")
    assert done.returncode == 1
    assert "kept no samples, so there is nothing to review" in done.stderr
    done = silversmith("review", tmp_path, "--plan")
    assert done.returncode == 1
    assert "has no samples in kept/" in done.stderr


def test_another_plan_takes_a_word(tmp_path: Path, some: Some) -> None:
    folder = kept(tmp_path / "run", some(200))
    first = silversmith("review", folder, "--plan", "--samples", "40", "--seed", "9")
    assert first.returncode == 0, first.stderr
    assert (
        "40 of 200 kept samples drawn by lot (seed 9), as one simple random sample" in first.stdout
    )
    before = plan_path(folder).read_bytes()
    again = silversmith("review", folder, "--plan", "--samples", "40")
    assert again.returncode == 0, again.stderr
    assert plan_path(folder).read_bytes() == before
    other = silversmith("review", folder, "--plan", "--samples", "50")
    assert other.returncode == 1
    assert "--replan" in other.stderr
    assert plan_path(folder).read_bytes() == before
    done = silversmith("review", folder, "--replan", "--samples", "50")
    assert done.returncode == 0, done.stderr
    assert json.loads(plan_path(folder).read_bytes())["seed"] == 9


def test_gold_comes_from_a_file(tmp_path: Path, some: Some) -> None:
    folder = kept(tmp_path / "run", some(200))
    gold = tmp_path / "gold.csv"
    gold.write_text(f"id,verdict\n{1:032x},accept\n{2:032x},reject\n", encoding="utf-8")
    words = ("--samples", "20", "--seed", "1", "--gold", gold)
    done = silversmith("review", folder, "--plan", *words)
    assert done.returncode == 0, done.stderr
    plan = read_plan(folder)
    assert plan is not None
    assert {one.sample for one in plan.items if one.role == "gold"} == {f"{1:032x}", f"{2:032x}"}
    gold.write_text("id,said\n1,accept\n", encoding="utf-8")
    done = silversmith("review", folder, "--replan", *words)
    assert done.returncode == 1
    assert "gold.csv#2: a gold sample has an 'id' and a 'verdict'" in done.stderr


def test_a_damaged_plan_is_named(tmp_path: Path, some: Some) -> None:
    folder = kept(tmp_path / "run", some(20))
    plan_review(folder, Wanted(samples=5))
    path = plan_path(folder)
    path.write_text(path.read_text(encoding="utf-8").replace('"simple"', '"odd"'), encoding="utf-8")
    with pytest.raises(ReviewError, match=r"design: .*plan anew"):
        read_plan(folder)
    path.write_text("{", encoding="utf-8")
    with pytest.raises(ReviewError, match="the file"):
        read_plan(folder)
