"""Shares of finite lots: exact intervals, effective samples, judges' scores, at any time."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import hypergeom

from silversmith.errors import CheckError
from silversmith.measures.effective import FEWEST, stratified
from silversmith.measures.lots import beta_interval, lot_interval, sample_size
from silversmith.measures.prediction_powered import prediction_powered, score_bins
from silversmith.measures.ranking import area_under_curve
from silversmith.measures.sequences import sequence_interval
from silversmith.measures.shares import clopper_pearson


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 60).flatmap(lambda lot: st.tuples(st.just(lot), st.integers(1, lot))))
def test_the_exact_interval_covers_every_share_of_every_lot(case: tuple[int, int]) -> None:
    lot, n = case
    hits = np.arange(n + 1)
    low, high = lot_interval(hits, n, lot)
    assert (low <= hits / n).all()
    assert (hits / n <= high).all()
    for good in range(lot + 1):
        chance = hypergeom.pmf(hits, lot, good, n)
        held = (low <= good / lot + 1e-12) & (good / lot <= high + 1e-12)
        assert chance[held].sum() >= 0.95 - 1e-9


def test_in_a_large_lot_it_is_that_of_clopper_and_pearson_and_in_a_small_one_shorter() -> None:
    low, high = lot_interval(95, 100, 10_000_000)
    assert (low[0], high[0]) == pytest.approx(clopper_pearson(95, 100), abs=1e-5)
    lower, higher = lot_interval(95, 100, 200)
    assert low[0] < lower[0] < 0.95 < higher[0] < high[0]
    assert [end[0] for end in lot_interval(95, 100, 100)] == [0.95, 0.95]
    # Too many for the exact sums: the same to the digits that are shown.
    low, high = lot_interval(19_000, 20_001, 1_000_000)
    by_beta = beta_interval(np.array([19_000.0]), 20_001.0)
    assert (low[0], high[0]) == pytest.approx((by_beta[0][0], by_beta[1][0]))


def test_how_many_to_look_at() -> None:
    wanted = 0.03
    for expected, lot in ((0.5, 18_204), (0.9, 18_204), (0.5, 500)):
        n = sample_size(wanted, expected, lot)
        low, high = lot_interval(round(expected * n), n, lot)
        assert high[0] - low[0] <= 2 * wanted
        fewer = round(0.95 * n)  # steps of whole samples make it uneven just below
        low, high = lot_interval(round(expected * fewer), fewer, lot)
        assert high[0] - low[0] > 2 * wanted
    assert sample_size(0.001, 0.5, 40) == 40  # all of them


@pytest.mark.parametrize(
    ("hits", "n", "lot"), [(5, 4, 10), (1, 11, 10), (-1, 4, 10)], ids=["hits", "sample", "negative"]
)
def test_numbers_that_cannot_be(hits: int, n: int, lot: int) -> None:
    with pytest.raises(CheckError):
        lot_interval(hits, n, lot)


def test_strata_of_the_same_chances_have_the_interval_of_one_sample() -> None:
    found = stratified([4_000, 6_000], [40, 60], [[40, 58]])
    assert found.exact[0]
    low, high = lot_interval(98, 100, 10_000)
    assert (found.low[0], found.high[0]) == (low[0], high[0])
    assert found.value[0] == pytest.approx(0.4 + 0.6 * 58 / 60)


def test_strata_that_differ_make_it_shorter() -> None:
    found = stratified([5_000, 5_000], [500, 500], [[500, 250]])
    low, high = lot_interval(750, 1_000, 10_000)
    assert not found.exact[0]
    assert found.high[0] - found.low[0] < 0.85 * (high[0] - low[0])
    assert found.low[0] < 0.75 < found.high[0]


def test_a_stratum_that_nobody_saw_may_be_all_good_or_all_bad() -> None:
    found = stratified([9_000, 1_000], [200, 0], [[200, 0]])
    assert found.low[0] < 0.9
    assert found.high[0] == 1.0
    nothing = stratified([10, 10], [0, 0], [[0, 0]])
    assert (nothing.low[0], nothing.high[0]) == (0.0, 1.0)
    assert np.isnan(nothing.value[0])


def judged(size: int, share: float, distance: float, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """A lot whose good ones a judge scores higher: whether each is good, and its score."""
    rng = np.random.default_rng(seed)
    good = np.arange(size) < share * size
    return good, rng.normal(size=size) + distance * good


def sampled(good: np.ndarray, scores: np.ndarray, n: int, draws: int, seed: int):
    """Random samples of a lot: the bins' sizes, and of each sample all and the good ones."""
    bins = score_bins(scores, n)
    sizes = np.bincount(bins)
    of_good = np.bincount(bins[good], minlength=len(sizes))
    rng = np.random.default_rng(seed)
    cells = np.concatenate([of_good, sizes - of_good])
    drawn = rng.multivariate_hypergeometric(cells, n, size=draws, method="marginals")
    hits = drawn[:, : len(sizes)]
    return sizes, hits + drawn[:, len(sizes) :], hits


@pytest.mark.parametrize(
    ("share", "n", "distance"), [(0.9, 300, 2.0), (0.7, 200, 0.0), (0.99, 100, 3.0), (0.5, 50, 3.0)]
)
def test_judges_scores_never_harm(share: float, n: int, distance: float) -> None:
    good, scores = judged(20_000, share, distance, seed=1)
    sizes, counts, hits = sampled(good, scores, n, draws=3_000, seed=2)
    low, high = lot_interval(hits.sum(axis=1), n, len(good))
    found = prediction_powered(sizes, counts, hits, exact=(low, high))
    held = (found.low <= good.mean()) & (good.mean() <= found.high)
    assert held.mean() > 0.945
    assert (found.high - found.low).mean() <= (high - low).mean() + 1e-12
    assert (found.low <= found.value).all()
    assert (found.value <= found.high).all()


def test_a_good_judge_makes_the_interval_shorter_and_too_few_defects_leave_it_exact() -> None:
    good, scores = judged(20_000, 0.9, 3.0, seed=3)
    sizes, counts, hits = sampled(good, scores, 500, draws=500, seed=4)
    found = prediction_powered(sizes, counts, hits)
    low, high = lot_interval(hits.sum(axis=1), 500, len(good))
    assert not found.exact.any()
    assert (found.high - found.low).mean() < 0.75 * (high - low).mean()

    good, scores = judged(20_000, 0.99, 6.0, seed=3)
    sizes, counts, hits = sampled(good, scores, 300, draws=500, seed=4)
    found = prediction_powered(sizes, counts, hits)
    few = 300 - hits.sum(axis=1) < FEWEST
    assert few.any()
    assert found.exact[few].all()


def test_bins_know_no_verdict_and_take_samples_without_a_score() -> None:
    scores = np.array([np.nan] * 500 + [0.5] * 9_000 + [0.9] * 500)
    bins = score_bins(scores, 1_000)
    assert [len(set(bins[part])) for part in (slice(500), slice(500, 9_500))] == [1, 1]
    assert len(set(bins)) == 3
    assert set(score_bins(scores, 15)) == {0}
    assert set(score_bins(np.full(10, np.nan), 5)) == {0}


def test_a_confidence_sequence_holds_at_all_times_together() -> None:
    lot, draws = 400, 600
    rng = np.random.default_rng(7)
    for good in (200, 380, 400):
        order = rng.permuted(np.broadcast_to(np.arange(lot) < good, (draws, lot)), axis=1)
        hits = order.cumsum(axis=1)
        held = np.ones(draws, dtype=bool)
        for step in range(1, lot + 1):
            low, high = sequence_interval(hits[:, step - 1], np.full(draws, step), lot)
            held &= (low <= good / lot + 1e-12) & (good / lot <= high + 1e-12)
        assert held.mean() >= 0.94
        assert low == pytest.approx(good / lot)  # all were seen
        assert high == pytest.approx(good / lot)


def test_looking_all_the_time_costs_some_length() -> None:
    low, high = sequence_interval(950, 1_000, 20_000)
    once_low, once_high = lot_interval(950, 1_000, 20_000)
    assert low[0] < once_low[0] < once_high[0] < high[0]
    assert high[0] - low[0] < 2 * (once_high[0] - once_low[0])
    assert [end[0] for end in sequence_interval(0, 0, 50)] == [0.0, 1.0]
    with pytest.raises(CheckError):
        sequence_interval(3, 2, 50)


def test_the_area_is_how_often_the_good_one_is_scored_higher() -> None:
    rng = np.random.default_rng(5)
    scores, good = rng.integers(1, 6, 200), rng.random(200) < 0.7
    area, interval = area_under_curve(scores, good)
    pairs = scores[good][:, None] - scores[~good][None, :]
    assert area == pytest.approx(((pairs > 0) + 0.5 * (pairs == 0)).mean())
    assert interval is not None
    assert interval.low < area < interval.high
    assert area_under_curve([1, 2], [True, True]) == (None, None)
