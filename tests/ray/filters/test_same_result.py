"""Filters on a cluster drop the same samples as on one machine, for the same reasons."""

import json

import pytest

from silversmith.checks.pairs import ALIKE
from silversmith.errors import CheckError, ClusterError
from silversmith.filters import Filter
from silversmith.filters.balance import Balance
from silversmith.filters.conflicts import Conflicts
from silversmith.filters.decontaminate import Decontaminate
from silversmith.filters.even_lengths import EvenLengths
from silversmith.filters.exact_duplicates import ExactDuplicates
from silversmith.filters.hedging import Hedging
from silversmith.filters.length import Length
from silversmith.filters.near_duplicates import NearDuplicates
from silversmith.filters.personal_data import PersonalData
from silversmith.filters.score import Score
from silversmith.filters.select import Select
from silversmith.filters.semantic_duplicates import SemanticDuplicates
from silversmith.pipeline.cluster.filtering import decide_on_cluster, in_driver
from silversmith.pipeline.deciding import decide
from silversmith.records import Check, Flaw, Sample, Turn

pytestmark = pytest.mark.usefixtures("connected")


def of(verdicts):
    """All that was decided."""
    decided = verdicts.of(0, len(verdicts.dropped_by))
    return list(verdicts.dropped_by), decided.verdicts, decided.redactions, verdicts.findings


def same(batches, *filters):
    """What one machine and the cluster decide, which is the same; returns it."""
    alone = of(decide(batches, filters))
    assert of(decide_on_cluster(batches, filters)) == alone
    return alone


def gone(found):
    return sum(number > 0 for number in found[0])


@pytest.mark.parametrize("on", ["prompt", "response", "both"])
def test_exact_duplicates(batches, on):
    assert gone(same(batches, ExactDuplicates(on=on))) > 10


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"threshold": 0.3, "on": "prompt"},
        {"threshold": 0.9},
        {"threshold": 1.0},
        {"shingle": 1, "threshold": 0.6},
        {"unit": "characters", "shingle": 9},
    ],
    ids=str,
)
def test_near_duplicates(batches, options):
    assert gone(same(batches, NearDuplicates(**options))) > 20


def test_decontamination(batches, tmp_path, samples):
    items = [{"question": one.instruction} for one in samples if one.strategy == "gsm8k"][:20]
    path = tmp_path / "benchmark.jsonl"
    path.write_text("".join(json.dumps(item) + "\n" for item in items))
    rule = Decontaminate(against=path.name)
    rule.prepare(tmp_path)
    found = same(batches, rule)
    assert gone(found) >= 20
    assert found[3][1]["most_found"]


@pytest.mark.parametrize("keep", ["none", "majority", "score"])
def test_conflicts(batches, keep):
    assert gone(same(batches, Conflicts(keep=keep))) > (0 if keep == "majority" else 5)


@pytest.mark.parametrize("by", ["label", "strategy", "seed"])
@pytest.mark.parametrize("options", [{}, {"most": 30}, {"most": 7, "prefer": "score"}], ids=str)
def test_balance(batches, by, options):
    assert same(batches, Balance(by=by, **options))[3][1]["groups"]


def test_filters_for_rows(batches):
    rules = (Length(min_words=5), Hedging(), PersonalData(action="redact"), Score(min=0.3))
    found = same(batches, *rules)
    assert gone(found) > 50


def test_a_filter_sees_what_the_ones_before_it_keep(batches):
    found = same(
        batches,
        Score(min=0.2),
        NearDuplicates(threshold=0.6),
        Length(max_words=150),
        ExactDuplicates(on="prompt"),
        Conflicts(),
        Balance(by="strategy", most=40),
    )
    assert {1, 2, 3, 4, 6} <= set(found[0])


@pytest.mark.parametrize(
    "rule",
    [
        SemanticDuplicates(threshold=0.9),
        Select(budget=50, method="k_centre"),
        Balance(by="cluster", clusters=5),
    ],
)
def test_what_looks_at_embeddings_is_decided_in_the_driver_and_said_to_be(batches, rule):
    assert in_driver([ExactDuplicates(), rule]) == [rule.kind]
    assert gone(same(batches, Score(min=0.2), rule)) > 10


def test_equal_samples_by_the_thousand(in_batches):
    samples = [
        Sample.pair("Say it", "the same seven words in each row", id=f"{number:032x}")
        for number in range(5_000)
    ]
    for rule in (ExactDuplicates(), NearDuplicates()):
        assert gone(same(in_batches(samples, 50), rule)) == 4_999


def test_lengths_of_pairs(in_batches):
    pair = Sample.pair("Say it", "a" * 100)
    longer, shorter = (Turn("assistant", "b" * size) for size in (118, 84))
    by_length = (Check(ALIKE, None, "not demanded"),)
    samples = [
        pair.with_(
            id=f"{number:032x}",
            rejected=(longer if number % 5 else shorter,),
            flaw=Flaw("vagueness" if number % 3 else "verbosity", "all"),
            checks=() if number % 3 else by_length,
        )
        for number in range(300)
    ]
    assert gone(same(in_batches(samples, 50), EvenLengths())) == 120


def test_letters_that_differ_in_a_number(in_batches):
    words = " ".join(f"word{number}" for number in range(60))
    samples = [
        Sample.pair("Write", f"Dear customer {number}, {words}", id=f"{number:032x}")
        for number in range(3_000)
    ]
    assert gone(same(in_batches(samples, 50), NearDuplicates())) == 2_999


@pytest.mark.parametrize("count", [0, 1])
def test_hardly_any_samples(in_batches, samples, count):
    for rule in (ExactDuplicates(), NearDuplicates(), Conflicts(), Balance(by="label")):
        assert gone(same(in_batches(samples[:count], 50), rule)) == 0


def test_no_filter(batches, samples):
    assert same(batches)[0] == [0] * len(samples)


def test_a_missing_score_is_told_in_the_same_words(in_batches, samples):
    some = [*samples[:300], samples[300].with_(score=None), samples[301].with_(score=None)]
    said = []
    for way in (decide, decide_on_cluster):
        with pytest.raises(CheckError) as error:
            way(in_batches(some, 50), [Score(min=0.1)])
        said.append(str(error.value))
    assert said[0] == said[1]
    assert samples[300].id[:8] in said[0]


def test_a_filter_that_cannot_travel_is_refused(batches):
    class Local(Filter):
        kind = "local"

        def reason_to_drop(self, sample):
            return None

    rule = Local()
    object.__setattr__(rule, "held", (one for one in ()))
    with pytest.raises(ClusterError, match="local cannot travel to a cluster"):
        decide_on_cluster(batches, [rule])
