"""What people decided, on its way into exports, labels and the next round."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from silversmith.records import (
    Judgement,
    Origin,
    Sample,
    SeedRef,
    Turn,
    sample_to_json,
    table_from_json,
)
from silversmith.records.redaction import PlacedSpan, redact, redacted
from silversmith.review.decided import decided, reviewed
from silversmith.review.plan import plan_review
from silversmith.review.population import read_population
from silversmith.review.records import PlannedItem, ReviewPlan, Verdict
from silversmith.review.store import open_reviews
from silversmith.review.wanted import Wanted
from silversmith.store import ParquetParts


def sample(number: int) -> Sample:
    score = 0.5 + number / 20
    return Sample.pair(
        f"question {number}",
        f"answer {number}",
        id=f"{number:032x}",
        strategy="instruction",
        origin=Origin("instruction", model="a-model"),
        seed=SeedRef("1", f"seeds.jsonl#{number}"),
        score=score,
        judgements=(Judgement("rubric", "right", "m", score, 1 + 4 * score),),
    )


def verdict(plan: ReviewPlan, item: PlannedItem, who: str, what: str, **more: object) -> Verdict:
    return Verdict(
        id=f"{item.item}-{who}", plan=plan.id, dataset=plan.dataset, item=item.item,
        sample=item.sample, content=item.content, reviewer=who, verdict=what,  # type: ignore[arg-type]
        when="2026-11-30T12:00:00+00:00", **more,  # type: ignore[arg-type]
    )  # fmt: skip


def mended(text: str, number: int) -> str:
    user = {"role": "user", "content": f"question {number}"}
    return json.dumps({"messages": [user, {"role": "assistant", "content": text}]})


@pytest.fixture
def run(tmp_path: Path) -> tuple[Path, list[Verdict]]:
    """Ten kept samples: 0 accepted, 1 rejected, 2 mended, 3 disputed, 4 skipped, 5 settled against
    most, the others open."""
    folder = tmp_path / "run"
    with ParquetParts(folder / "kept") as parts:
        parts.write(table_from_json([sample_to_json(sample(n)) for n in range(10)]))
    plan = plan_review(folder, Wanted(samples=10, overlap=0, repeats=0, routed=0, seed=1))
    of = {int(one.sample, 16): one for one in plan.items}
    return folder, [
        verdict(plan, of[0], "ann", "accept"),
        verdict(plan, of[1], "ann", "reject", reason="incomplete", text="half of it"),
        verdict(plan, of[2], "ann", "fix", fixed=mended("a better answer", 2), reason="unclear"),
        verdict(plan, of[3], "ann", "accept"),
        verdict(plan, of[3], "ben", "reject"),
        verdict(plan, of[4], "ann", "skip"),
        verdict(plan, of[5], "ann", "accept"),
        verdict(plan, of[5], "ben", "accept"),
        verdict(plan, of[5], "owner", "reject", settles=True, reason="unsafe"),
    ]


def silversmith(*words: str | Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "silversmith", *map(str, words)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_each_tier_holds_what_it_says(run: tuple[Path, list[Verdict]]) -> None:
    found = decided(run[1])

    def become(tier: str) -> dict[int, object]:
        pass_on = reviewed(found, tier)  # type: ignore[arg-type]
        return {number: pass_on(sample(number)) for number in range(10)}

    everything = become("all")
    assert everything[1] == everything[5] == "rejected by people"
    assert everything[3] == "disputed by people"
    two, seven = everything[2], everything[7]
    assert isinstance(two, Sample)
    assert (two.response, two.review and two.review.verdict) == ("a better answer", "fix")
    assert isinstance(seven, Sample)
    assert seven.review is not None
    assert seven.review.tier == "silver"
    gold, silver = become("gold"), become("silver")
    assert [n for n, one in gold.items() if isinstance(one, Sample)] == [0, 2]
    assert [n for n, one in silver.items() if isinstance(one, Sample)] == [4, 6, 7, 8, 9]


def test_a_verdict_on_other_words_counts_for_nothing(run: tuple[Path, list[Verdict]]) -> None:
    pass_on = reviewed(decided(run[1]), "all")
    other = Sample.pair("question 1", "another answer", id=f"{1:032x}", strategy="instruction")
    passed = pass_on(other)
    assert isinstance(passed, Sample)
    assert passed.response == "another answer"


def test_what_was_mended_can_be_a_pair(run: tuple[Path, list[Verdict]]) -> None:
    pass_on = reviewed(decided(run[1]), "gold", pairs=True)
    pair = pass_on(sample(2))
    assert isinstance(pair, Sample)
    assert (pair.response, pair.rejected_response) == ("a better answer", "answer 2")
    assert pair.flaw is not None
    assert pair.flaw.kind == "unclear"
    accepted = pass_on(sample(0))
    assert isinstance(accepted, Sample)
    assert not accepted.rejected


def test_by_the_commands(run: tuple[Path, list[Verdict]]) -> None:
    folder, verdicts = run
    none = silversmith("reviews", "labels", folder)
    assert none.returncode == 1
    assert "there is nothing to write" in none.stderr
    with open_reviews(folder) as reviews:
        reviews.add(verdicts)

    done = silversmith("export", folder, "-f", "trl-dpo", "--reviewed", "gold", "--fixes-as-pairs")
    assert done.returncode == 0, done.stderr
    (row,) = map(json.loads, (folder / "exports/trl-dpo/data.jsonl").read_text().splitlines())
    assert [row[half][0]["content"] for half in ("chosen", "rejected")] == [
        "a better answer", "answer 2",
    ]  # fmt: skip
    done = silversmith("export", folder, "-f", "jsonl")
    assert "2 (rejected by people)" in done.stdout
    assert "1 (disputed by people)" in done.stdout
    assert "7 rows from 10 samples" in done.stdout

    done = silversmith("reviews", "failures", folder)
    assert done.returncode == 0, done.stderr
    path = folder / "exports" / "reviews" / "failures.jsonl"
    failed = {one["id"]: one for one in map(json.loads, path.read_text().splitlines())}
    assert {int(one, 16) for one in failed} == {1, 2, 5}
    assert failed[f"{1:032x}"]["failure_group"] == "incomplete"
    assert failed[f"{2:032x}"]["answer"] == "a better answer"
    assert failed[f"{5:032x}"]["failure_group"] == "unsafe"

    done = silversmith("reviews", "labels", folder)
    assert done.returncode == 0, done.stderr
    path = folder / "exports" / "reviews" / "labels.jsonl"
    labels = {int(one["id"], 16): one for one in map(json.loads, path.read_text().splitlines())}
    assert {n: one["acceptable"] for n, one in labels.items()} == {
        0: 1, 1: 0, 2: 0, 3: None, 5: 0,
    }  # fmt: skip
    assert (labels[3]["ann"], labels[3]["ben"], labels[0]["ben"]) == (1, 0, None)
    (folder / "manifest.json").write_text('{"schema_version": 1}', encoding="utf-8")
    done = silversmith(
        "agreement", folder, "--labels", path, "--human", "acceptable", "--json", "--resamples",
        "100",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    (compared,) = json.loads(done.stdout)["parts"][0]["comparisons"]
    assert {compared["a"], compared["b"]} == {"rubric.right", "acceptable"}
    assert compared["items"] == 4


def test_people_see_and_decide_about_the_redacted_text_that_is_exported(tmp_path):
    folder = tmp_path / "run"
    text = "Write to ann@corp.fr today."
    place = PlacedSpan("messages[1]", "EMAIL_ADDRESS", 9, 20)
    written = [one.with_(messages=(Turn("user", "q"), Turn("assistant", text))) for one in
               (sample(0), sample(1))]  # fmt: skip
    written = [one.with_(redactions=redact(one, [place])) for one in written]
    with ParquetParts(folder / "kept") as parts:
        parts.write(table_from_json([sample_to_json(one) for one in written]))
    plan = plan_review(folder, Wanted(samples=2, overlap=0, repeats=0, routed=0, seed=1))
    first, second = plan.items
    reviews = open_reviews(folder)
    reviews.take(plan, folder)
    assert "corp.fr" not in (folder / "review-plan.json").read_text()
    said = [verdict(plan, first, "ann", "reject"), verdict(plan, second, "ann", "accept")]
    pass_on = reviewed(decided(said), "all")
    of = {one.id: one for one in written}
    assert pass_on(redacted(of[first.sample])) == "rejected by people"
    kept = pass_on(redacted(of[second.sample]))
    assert kept.review.verdict == "accept"
    assert kept.response == "Write to [EMAIL_ADDRESS] today."
    certified = read_population(folder)
    assert certified.contents == [one.content for one in sorted(plan.items, key=lambda i: i.sample)]
