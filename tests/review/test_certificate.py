"""From people's verdicts to a certificate, and from there into exports."""

from __future__ import annotations

import json
import random
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from silversmith.errors import ReviewError
from silversmith.measures.lots import lot_interval
from silversmith.records import (
    Judgement,
    Origin,
    Sample,
    sample_to_json,
    table_from_json,
)
from silversmith.review.certificate import certificate_of
from silversmith.review.certificate_text import as_html, as_markdown, write_certificate
from silversmith.review.certified import Certificate, read_certificate
from silversmith.review.plan import plan_review
from silversmith.review.records import PlannedItem, ReviewPlan, Verdict
from silversmith.review.store import open_reviews
from silversmith.review.wanted import Wanted
from silversmith.store import ParquetParts


def samples(count: int) -> list[Sample]:
    """Samples with a judge's score from 0.6 to 0.99."""
    made = []
    for number in range(count):
        score = 0.6 + number % 40 / 100
        made.append(
            Sample.pair(
                f"What is {number} + {number}?",
                f"It is {2 * number}.",
                id=f"{number:032x}",
                strategy="reasoning" if number % 3 else "instruction",
                origin=Origin("instruction", model="a-model"),
                score=score,
                judgements=(Judgement("rubric", "right", "a", score, 1 + 4 * score),),
            )
        )
    return made


def kept(folder: Path, made: Sequence[Sample]) -> Path:
    with ParquetParts(folder / "kept") as parts:
        parts.write(table_from_json([sample_to_json(one) for one in made]))
    return folder


def said(
    plan: ReviewPlan, item: PlannedItem, reviewer: str, verdict: str, **more: object
) -> Verdict:
    return Verdict(
        id=f"{item.item}-{reviewer}", plan=plan.id, dataset=plan.dataset, item=item.item,
        sample=item.sample, content=item.content, reviewer=reviewer, verdict=verdict,  # type: ignore[arg-type]
        when="2026-11-30T12:00:00+00:00", seconds=20.0, **more,  # type: ignore[arg-type]
    )  # fmt: skip


def bad(item: PlannedItem) -> bool:
    """Which samples people reject here: every eleventh."""
    return int(item.sample, 16) % 11 == 0


def decided(plan: ReviewPlan, people: Sequence[str] = ("ann", "ben")) -> Iterator[Verdict]:
    """Everything decided, and everybody of one mind."""
    for item in plan.items:
        right = (item.expected or ("reject" if bad(item) else "accept")) == "accept"
        for name in people[: item.reviewers or len(people)]:
            reason = "" if right else "wrong or made up"
            yield said(plan, item, name, "accept" if right else "reject", reason=reason)


def silversmith(*words: str | Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "silversmith", *map(str, words)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.fixture
def run(tmp_path: Path) -> Callable[..., tuple[Path, ReviewPlan]]:
    def make(count: int = 2_000, **wanted: object) -> tuple[Path, ReviewPlan]:
        folder = kept(tmp_path / "run", samples(count))
        options = {"samples": 200, "seed": 3, **wanted}
        return folder, plan_review(folder, Wanted(**options))  # type: ignore[arg-type]

    return make


def test_the_rate_is_that_of_the_samples_drawn_by_lot_alone(run) -> None:
    gold = {f"{11:032x}": "accept", f"{22:032x}": "accept"}
    folder, plan = run(gold=gold, routed=0)
    found = certificate_of(folder, decided(plan))
    by_lot = [one for one in plan.items if one.role == "estimate"]
    good = sum(not bad(one) for one in by_lot)
    low, high = lot_interval(good, 200, 2_000)
    assert found.overall.value == pytest.approx(good / 200)
    assert (found.overall.low, found.overall.high) == (low[0], high[0])
    assert found.overall.method == "exact"
    assert (found.seen, found.accepted, found.not_accepted) == (200, good, 200 - good)
    assert found.dataset == plan.dataset
    assert f"at least {int(low[0] * 1000) / 10:.1f}% of the 2,000 kept samples" in found.says
    by_strategy = next(one for one in found.groups if one.by == "strategy")
    assert sum(rate.size for rate in by_strategy.rates) == 2_000
    assert sum(rate.seen for rate in by_strategy.rates) == 200
    for rate in by_strategy.rates:
        low, high = lot_interval(rate.good, rate.seen, rate.size)
        assert (rate.low, rate.high) == (low[0], high[0])


def test_agreement_defects_and_attention(run) -> None:
    gold = {f"{5:032x}": "reject", f"{6:032x}": "accept"}
    folder, plan = run(overlap=0.5, repeats=0.2, gold=gold)
    careless = random.Random(0)
    verdicts = [
        one
        if one.reviewer == "ann"
        else replace(one, verdict=careless.choice(["accept", "reject"]))
        for one in decided(plan)
    ]
    found = certificate_of(folder, verdicts)
    assert found.people is not None
    assert found.people.items == 100
    assert 0.3 < found.people.percent < 0.7
    ann, ben = found.attention
    assert (ann.reviewer, ann.right, ann.gold) == ("ann", ann.gold, 2)
    assert (ann.same, ann.repeats) == (ann.repeats, 40)
    assert ben.gold >= 1  # one was drawn by lot too, and is for one person
    assert [one.judge for one in found.judges] == ["score", "rubric.right"]
    assert all(one.area is not None and 0 < one.area < 1 for one in found.judges)
    assert found.defects[0].reason == "wrong or made up"
    assert found.disputed > 20
    assert found.overall.unresolved == found.disputed


def test_what_is_unresolved_counts_against_each_end(run) -> None:
    folder, plan = run(overlap=0)
    verdicts = list(decided(plan))
    whole = certificate_of(folder, verdicts)
    of_lot = {one.item for one in plan.items if one.role == "estimate"}
    skipped = [
        replace(one, verdict="skip") if one.item in of_lot and number < 20 else one
        for number, one in enumerate(verdicts)
    ]
    found = certificate_of(folder, skipped)
    assert 15 <= found.skipped <= 20
    assert found.overall.low < whole.overall.low
    assert found.overall.high >= whole.overall.high
    assert any("unresolved" in note for note in found.notes)


def test_the_owner_settles_a_dispute(run) -> None:
    folder, plan = run(overlap=1.0, repeats=0, routed=0)
    item = plan.items[0]
    verdicts = [said(plan, item, "ann", "accept"), said(plan, item, "ben", "reject")]
    assert certificate_of(folder, verdicts).disputed == 1
    settled = said(plan, item, "owner", "reject", settles=True, reason="unclear")
    found = certificate_of(folder, [*verdicts, settled])
    assert (found.disputed, found.not_accepted) == (0, 1)
    assert found.people is not None
    assert found.people.items == 1


def test_a_fixed_sample_was_not_acceptable(run) -> None:
    folder, plan = run(overlap=0, repeats=0, routed=0)
    verdicts = [said(plan, one, "ann", "fix", fixed='{"answer": "x"}') for one in plan.items]
    found = certificate_of(folder, verdicts)
    assert (found.accepted, found.not_accepted) == (0, 200)
    assert found.overall.low == 0.0


def test_strata_and_sequences_have_their_own_intervals(run) -> None:
    folder, plan = run(stratify=("strategy", "score"))
    found = certificate_of(folder, decided(plan))
    assert found.overall.method.startswith("stratified")
    assert found.overall.low < 10 / 11 < found.overall.high

    again = plan_review(folder, Wanted(samples=200, sequential=True, seed=3), anew=True)
    sequence = certificate_of(folder, decided(again))
    once = plan_review(folder, Wanted(samples=200, seed=3), anew=True)
    assert sequence.overall.method == "sequence"
    assert sequence.overall.low < certificate_of(folder, decided(once)).overall.low


def test_a_sequential_review_says_when_it_is_clear(run) -> None:
    folder, plan = run(sequential=True, clear_at=0.8, overlap=0, repeats=0, routed=0)
    by_lot = sorted(plan.items, key=lambda one: one.place)

    def after(count: int, verdict: str) -> str:
        some = [said(plan, one, "ann", verdict) for one in by_lot[:count]]
        return certificate_of(folder, some).notes[0]

    assert after(5, "accept").startswith("Not clear yet")
    assert after(60, "accept").startswith("Clearly good")
    assert after(10, "reject").startswith("Clearly bad")


def test_scores_help_where_enough_of_both_verdicts_were_given(tmp_path: Path) -> None:
    made = samples(2_000)
    told = [replace(one, score=0.1 if int(one.id, 16) % 5 == 0 else 0.9) for one in made]
    folder = kept(tmp_path / "run", told)
    plan = plan_review(folder, Wanted(samples=400, seed=1, overlap=0, repeats=0, routed=0))
    verdicts = [
        said(plan, one, "ann", "reject" if int(one.sample, 16) % 5 == 0 else "accept")
        for one in plan.items
    ]
    found = certificate_of(folder, verdicts)
    assert found.overall.method == "ppi++"
    assert found.exact is not None
    length = found.overall.high - found.overall.low
    assert length < 0.5 * (found.exact.high - found.exact.low)
    assert found.overall.low < 0.8 < found.overall.high
    few = certificate_of(folder, verdicts[:40])
    assert few.overall.method == "exact"
    assert few.exact is None
    assert any("not decided yet" in note for note in few.notes)


def test_a_dataset_made_anew_is_noticed_and_its_reviews_are_kept_apart(run) -> None:
    folder, plan = run()
    old = list(decided(plan))
    part = next((folder / "kept").glob("*.parquet"))
    part.unlink()
    (folder / "kept").rmdir()
    kept(folder, samples(1_990))
    with pytest.raises(ReviewError, match=r"not those that the plan was drawn from .*--replan"):
        certificate_of(folder, old)
    new = plan_review(folder, Wanted(samples=200, seed=3), anew=True)
    with pytest.raises(ReviewError, match=rf"{len(old):,} verdicts are of other plans"):
        certificate_of(folder, old)
    found = certificate_of(folder, [*old, *decided(new)])
    assert found.seen == 200
    assert any(f"{len(old):,} more verdicts" in note for note in found.notes)


def test_it_is_written_in_three_forms_and_read_again(run) -> None:
    folder, plan = run()
    hostile = "<script>alert(1)</script> | *x*"
    verdicts = [
        replace(one, reviewer=hostile, reason=one.reason and hostile)
        for one in decided(plan, ("ann",))
    ]
    found = certificate_of(folder, verdicts)
    paths = write_certificate(folder, found)
    assert [path.name for path in paths] == [
        "certificate.json", "certificate.md", "certificate.html",
    ]  # fmt: skip
    assert read_certificate(folder) == found
    page = paths[2].read_text(encoding="utf-8")
    assert page == as_html(found)
    assert "<script" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt; | *x*" in page
    assert found.dataset in page
    text = as_markdown(found, heading=2)
    assert text.startswith("## Certificate")
    assert found.says in text


def test_a_whole_review_by_the_commands(run) -> None:
    folder, plan = run()
    done = silversmith("certify", folder)
    assert done.returncode == 1
    assert "Nobody has decided" in done.stderr
    assert not (folder / "review.db").exists()
    done = silversmith("export", folder, "--format", "jsonl", "--require-certificate", "0.8")
    assert done.returncode == 1
    assert "has no certificate" in done.stderr

    with open_reviews(folder) as reviews:
        reviews.add(decided(plan))
    done = silversmith("certify", folder, "--json")
    assert done.returncode == 0, done.stderr
    low = json.loads(done.stdout)["overall"]["low"]
    done = silversmith("certify", folder)
    assert "With 95% confidence at least" in done.stdout

    too_much = silversmith("export", folder, "-f", "jsonl", "--require-certificate", "0.95")
    assert too_much.returncode == 1
    assert f"{low:.1%} or more with 95% confidence, and 95.0% are required" in too_much.stderr
    assert not (folder / "exports").exists()
    done = silversmith("export", folder, "-f", "jsonl", "--require-certificate", f"{low - 0.001}")
    assert done.returncode == 0, done.stderr
    assert "rejected by people" in done.stdout
    card = (folder / "exports" / "jsonl" / "README.md").read_text(encoding="utf-8")
    assert "With 95% confidence at least" in card
    assert f"`{plan.dataset}`" in card
    assert "gold" in card

    done = silversmith("verify", folder / "exports" / "jsonl")
    assert done.returncode == 0, done.stdout
    assert f"ok     certificate            of the dataset {plan.dataset[:12]}" in done.stdout
    path = folder / "certificate.json"
    path.write_text(path.read_text().replace('"reviewers": 2', '"reviewers": 9'))
    done = silversmith("verify", folder / "exports" / "jsonl")
    assert done.returncode == 1
    assert "the card has another one than the run: export again" in done.stdout


def test_a_certificate_of_other_samples_is_none(run) -> None:
    folder, plan = run()
    write_certificate(folder, certificate_of(folder, decided(plan)))
    next((folder / "kept").glob("*.parquet")).unlink()
    (folder / "kept").rmdir()
    kept(folder, samples(1_000))
    done = silversmith("export", folder, "-f", "trl-sft", "--require-certificate", "0.5")
    assert done.returncode == 1
    assert "speaks of the dataset" in done.stderr
    done = silversmith("export", folder, "-f", "trl-sft")
    assert done.returncode == 0, done.stderr
    assert "Without a certificate: it speaks of the dataset" in done.stdout
    card = (folder / "exports" / "trl-sft" / "README.md").read_text(encoding="utf-8")
    assert "No certificate" in card


def test_a_certificate_that_is_none_is_named(run) -> None:
    folder, plan = run()
    paths = write_certificate(folder, certificate_of(folder, decided(plan)))
    paths[0].write_text('{"format": "silversmith certificate 1", "seen": "many"}', encoding="utf-8")
    with pytest.raises(ReviewError, match=r"certificate\.json: .*certify"):
        read_certificate(folder)
    paths[0].unlink()
    assert read_certificate(folder) is None
    assert isinstance(certificate_of(folder, decided(plan)), Certificate)
