"""Measures of how different samples are, against their definitions."""

import math

import numpy as np
import pytest

from silversmith.measures.diversity import covered, nearest_distance, vendi_score
from silversmith.measures.neighbours import unit


def vectors(rows: int, width: int = 24) -> np.ndarray:
    return unit(np.random.default_rng(0).standard_normal((rows, width)).astype(np.float32))


@pytest.mark.parametrize("rows", [2, 10, 24, 100])
def test_the_vendi_score_is_that_of_the_matrix_of_similarities(rows):
    some = vectors(rows).astype(np.float64)
    values = np.linalg.eigvalsh(some @ some.T / rows)
    values = values[values > 1e-12]
    expected = math.exp(-(values * np.log(values)).sum())
    assert vendi_score(some.astype(np.float32)) == pytest.approx(expected, rel=1e-4)


def test_the_vendi_score_counts_what_is_different():
    apart = np.eye(7, dtype=np.float32)
    assert vendi_score(apart) == pytest.approx(7)
    assert vendi_score(np.repeat(apart[:3], 5, axis=0)) == pytest.approx(3)
    assert vendi_score(np.repeat(apart[:1], 9, axis=0)) == pytest.approx(1)
    assert vendi_score(apart[:0]) == 0


def test_the_distance_to_the_nearest_other_one():
    some = vectors(50)
    like = some @ some.T
    np.fill_diagonal(like, -2)
    assert nearest_distance(some) == pytest.approx(1 - like.max(axis=1).mean(), abs=1e-5)
    assert nearest_distance(np.repeat(some[:1], 4, axis=0)) == pytest.approx(0, abs=1e-6)
    assert math.isnan(nearest_distance(some[:1]))


def test_how_well_the_first_picked_ones_stand_for_all():
    some = vectors(60)
    picked = some[[5, 17, 40]]
    like = np.maximum(some @ picked.T, 0)
    expected = [0.0, *(like[:, :n].max(axis=1).mean() for n in (1, 2, 3))]
    assert covered(some, picked, [0, 1, 2, 3]) == pytest.approx(expected, abs=1e-5)
    assert covered(some[:0], picked, [1]) == [0.0]
