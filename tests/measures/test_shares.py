"""Intervals of shares, against published and exact values."""

from __future__ import annotations

from math import comb

import pytest
from hypothesis import given
from hypothesis import strategies as st

from silversmith.errors import CheckError
from silversmith.measures.shares import clopper_pearson, labels_needed, wilson


@pytest.mark.parametrize(
    ("hits", "n", "exact", "score"),
    [
        # Newcombe (1998), Two-sided confidence intervals for the single proportion, table I.
        (81, 263, (0.2527, 0.3676), (0.2553, 0.3662)),
        (15, 148, (0.0578, 0.1617), (0.0624, 0.1605)),
        (0, 20, (0.0000, 0.1684), (0.0000, 0.1611)),
        (1, 29, (0.0009, 0.1776), (0.0061, 0.1718)),
    ],
)
def test_intervals_are_those_of_newcombe(hits, n, exact, score) -> None:
    assert clopper_pearson(hits, n) == pytest.approx(exact, abs=6e-5)
    assert wilson(hits, n) == pytest.approx(score, abs=6e-5)


@given(st.integers(1, 60).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_the_exact_interval_ends_where_the_tails_are(case) -> None:
    hits, n = case
    low, high = clopper_pearson(hits, n)

    def at_least(p: float, k: int) -> float:
        return sum(comb(n, i) * p**i * (1 - p) ** (n - i) for i in range(k, n + 1))

    assert low <= hits / n <= high
    assert low == 0.0 if hits == 0 else at_least(low, hits) == pytest.approx(0.025)
    assert high == 1.0 if hits == n else 1 - at_least(high, hits + 1) == pytest.approx(0.025)


def test_labels_needed_are_the_fewest_that_show_it() -> None:
    assert labels_needed(0.9, 1.0) == 36
    assert clopper_pearson(36, 36)[0] >= 0.9 > clopper_pearson(35, 35)[0]
    n = labels_needed(0.9, 0.95)
    assert n is not None
    assert clopper_pearson(int(0.95 * n + 1e-9), n)[0] >= 0.9
    assert labels_needed(0.9, 0.9) is None
    assert labels_needed(0.9, 0.9000001) is None


def test_nothing_looked_at_says_nothing() -> None:
    assert clopper_pearson(0, 0) == wilson(0, 0) == (0.0, 1.0)


def test_impossible_shares_are_refused() -> None:
    with pytest.raises(CheckError, match="3 of 2 is no share"):
        clopper_pearson(3, 2)
    with pytest.raises(CheckError, match="level"):
        wilson(1, 2, level=1.0)
