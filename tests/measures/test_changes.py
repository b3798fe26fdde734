"""Whether a share has changed by more than chance."""

from __future__ import annotations

import pytest
from scipy.stats import binomtest, fisher_exact

from silversmith.errors import CheckError
from silversmith.measures.changes import fisher, holm, mcnemar


@pytest.mark.parametrize(("worse", "better"), [(0, 0), (1, 9), (9, 1), (5, 5), (0, 20)])
def test_mcnemar_is_the_binomial_of_those_that_changed(worse: int, better: int) -> None:
    known = 1.0 if worse + better == 0 else binomtest(worse, worse + better).pvalue
    assert mcnemar(worse, better) == pytest.approx(known)
    assert mcnemar(worse, better) == pytest.approx(mcnemar(better, worse))


def test_fisher_is_that_of_scipy() -> None:
    assert fisher(30, 50, 10, 40) == pytest.approx(fisher_exact([[30, 20], [10, 30]])[1])


def test_holm_by_the_book() -> None:
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([]) == []


def test_what_are_no_counts_is_refused() -> None:
    with pytest.raises(CheckError):
        mcnemar(-1, 2)
    with pytest.raises(CheckError):
        fisher(3, 2, 1, 2)
