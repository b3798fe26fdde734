"""Bootstrap intervals: seeded, of the right width, the same by patterns as by items."""

import numpy as np
import pytest

from silversmith.measures.comparison import compare
from silversmith.measures.findings import Split
from silversmith.measures.intervals import bootstrap, percentile_interval, resample
from silversmith.measures.ratings import Ratings


def mean_of(values):
    return lambda weights: (weights @ values / weights.sum(axis=1))[:, None]


def test_the_interval_of_a_share_is_as_wide_as_theory_says():
    counts = np.array([300.0, 100.0])

    shares = bootstrap(counts, mean_of(np.array([1.0, 0.0])), resamples=4_000, seed=1)

    interval = percentile_interval(shares[:, 0])
    half = 1.96 * np.sqrt(0.75 * 0.25 / 400)
    assert interval.low == pytest.approx(0.75 - half, abs=0.006)
    assert interval.high == pytest.approx(0.75 + half, abs=0.006)
    assert (interval.level, interval.resamples, interval.undefined) == (0.95, 4_000, 0)


@pytest.mark.parametrize("counts", [[900.0, 90.0, 10.0], [3.0, 1.0, 2.0, 1.0], [1.0] * 50])
def test_every_resample_has_as_many_items_and_the_right_mean(counts):
    counts = np.array(counts)

    weights = np.concatenate(list(resample(counts, 3_000, seed=2)))

    assert weights.shape == (3_000, len(counts))
    assert set(weights.sum(axis=1)) == {counts.sum()}
    assert weights.mean(axis=0) == pytest.approx(counts, abs=5 * np.sqrt(counts.max() / 3_000))
    variance = counts * (1 - counts / counts.sum())
    assert weights.var(axis=0) == pytest.approx(variance, rel=0.2)


def test_the_same_seed_gives_the_same_interval():
    rows = [(n % 3, (n * n) % 3) for n in range(60)]

    def interval(seed):
        found = compare(Ratings.of("ab", rows), "ab", resamples=300, seed=seed)
        return found.whole.comparisons[0].figure("kappa").interval

    assert interval(1) == interval(1) != interval(2)


def test_resamples_in_which_a_figure_is_undefined_are_counted():
    figures = np.array([0.1, 0.2, np.nan, 0.3])

    interval = percentile_interval(figures)

    assert (interval.resamples, interval.undefined) == (4, 0.25)
    assert percentile_interval(np.array([np.nan])) is None


def test_many_different_rows_get_fewer_resamples_and_say_so():
    values = np.arange(1_000_000, dtype=np.float64)

    means = bootstrap(np.ones(1_000_000), mean_of(values), resamples=100_000)

    assert len(means) == 200
    assert means.std() == pytest.approx(288_675 / 1_000, rel=0.2)


def test_parts_are_the_figures_of_their_items_alone():
    rows = [(n % 2, n % 2) for n in range(20)] + [(n % 2, 1 - n % 2) for n in range(20)]
    split = Split("half", ("same", "other"), np.repeat([0, 1], 20).astype(np.int32))

    found = compare(Ratings.of("ab", rows), "ab", splits=[split], resamples=100)

    kappas = [part.comparisons[0].figure("kappa").value for part in found.parts]
    assert kappas == [0, 1, -1]
    assert [(part.split, part.name, part.items) for part in found.parts] == [
        ("all", "", 40),
        ("half", "same", 20),
        ("half", "other", 20),
    ]
