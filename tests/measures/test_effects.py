"""What a change of the same answers does to their scores."""

import numpy as np
import pytest

from silversmith.errors import CheckError
from silversmith.measures.effects import paired_effect


def test_the_interval_is_that_of_students_paired_test() -> None:
    # Student (1908): additional hours of sleep by two drugs, ten patients; the difference is
    # 1.58 with a 95% interval of 0.70 to 2.46 (R: t.test(extra ~ group, sleep, paired = TRUE)).
    one = np.array([0.7, -1.6, -0.2, -1.2, -0.1, 3.4, 3.7, 0.8, 0.0, 2.0])
    two = np.array([1.9, 0.8, 1.1, 0.1, -0.1, 4.4, 5.5, 1.6, 4.6, 3.4])
    found = paired_effect(one, two)
    assert found.mean[:3] == pytest.approx((1.58, 0.7001142, 2.4598858), abs=1e-6)
    assert (found.raised.value, found.lowered.value) == (0.9, 0.0)
    assert found.shown


def test_answers_without_both_scores_are_left_out() -> None:
    found = paired_effect(np.array([1, np.nan, 3, 4]), np.array([1, 2, np.nan, 4]))
    assert (found.mean.n, found.missing, found.mean.value) == (2, 2, 0.0)
    assert not found.shown
    assert found.raised.high > 0.5, "two answers say little"
    with pytest.raises(CheckError, match="1 of 2 answers have a score in both forms"):
        paired_effect(np.array([1, np.nan]), np.array([1.0, 1.0]))
    with pytest.raises(CheckError, match="need the same answers"):
        paired_effect(np.array([1.0]), np.array([1.0, 1.0]))
