"""A selection in two rounds, from candidates of each portion, is worth what one in one round is."""

import math
from collections import Counter

import numpy as np
import pyarrow as pa
import pytest

from silversmith.checks.hashed_vectors import hashed_vectors
from silversmith.errors import CheckError
from silversmith.filters.select import Select
from silversmith.pipeline.cluster.filtering import decide_on_cluster, in_driver, select
from silversmith.pipeline.deciding import decide

pytestmark = pytest.mark.usefixtures("connected")


@pytest.fixture(autouse=True)
def few_are_many(monkeypatch):
    """So few samples are more than the driver takes by itself, and few of them have a second
    chance."""
    monkeypatch.setattr(select, "IN_DRIVER", 100)
    monkeypatch.setattr(select, "BY_CHANCE", 100)
    monkeypatch.setattr(select, "LOOKED_AT", 100)


def worth(samples, rows):
    """What `facility_location` makes large, with its usual weights: how well all samples are stood
    for, the mean score, and half of how evenly groups are served."""
    texts = [f"{one.instruction}\n{one.response}".strip() for one in samples]
    vectors = hashed_vectors(pa.chunked_array([pa.array(texts, pa.large_string())]))
    stood_for = np.maximum((vectors @ vectors[rows].T).max(axis=1), 0).mean()
    groups = [[one.strategy, *(f"label {label}" for label in one.labels)] for one in samples]
    number = len({group for mine in groups for group in mine})
    served = Counter(group for row in rows for group in groups[row])
    share = max(1.0, len(rows) / number)
    even = sum(math.sqrt(min(1.0, n / share)) for n in served.values()) / number
    return stood_for + np.mean([samples[row].score for row in rows]) + 0.5 * even


def kept(verdicts):
    return [row for row, number in enumerate(verdicts.dropped_by) if not number]


@pytest.mark.parametrize("budget", [20, 60])
def test_the_worth_is_that_of_one_machine(batches, samples, budget):
    rule = Select(budget=budget)
    assert in_driver([rule]) == []
    alone, spread = (way(batches, [rule]) for way in (decide, decide_on_cluster))
    assert len(kept(spread)) == budget
    assert worth(samples, kept(spread)) >= 0.99 * worth(samples, kept(alone))
    # What it is compared with is drawn from all samples.
    ones, others = alone.findings[1], spread.findings[1]
    assert ones.keys() == others.keys()
    for name in ("random", "top_score"):
        for figure in ("samples", "mean_score", "tokens", "labels_in_all", "vendi_score"):
            assert ones["comparison"][name][figure] == others["comparison"][name][figure]
    assert ones["embeddings"] == others["embeddings"]
    reasons = {one.reason for one in spread.of(0, len(samples)).verdicts.values()}
    assert reasons == {f"select: not among the {budget:,} that facility_location picks"}


def test_a_budget_for_all(batches, samples):
    assert len(kept(decide_on_cluster(batches, [Select(budget=10_000)]))) == len(samples)


def test_samples_without_scores_and_with_some(in_batches, samples):
    bare = [one.with_(score=None) for one in samples]
    assert len(kept(decide_on_cluster(in_batches(bare, 50), [Select(budget=30)]))) == 30
    # The first portion has none at all, as on one machine it is an error.
    mixed = [*bare[:150], *samples[150:]]
    said = []
    for way in (decide, decide_on_cluster):
        with pytest.raises(CheckError) as error:
            way(in_batches(mixed, 50), [Select(budget=30)])
        said.append(str(error.value))
    assert said[0] == said[1]


def test_few_samples_are_chosen_from_as_on_one_machine(in_batches, samples):
    few = in_batches(samples[:90], 50)
    rule = Select(budget=30)
    assert kept(decide_on_cluster(few, [rule])) == kept(decide(few, [rule]))
