"""Ways to pick samples, against exhaustive references."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from silversmith.measures import neighbours, picking
from silversmith.measures.neighbours import copies, nearest, unit
from silversmith.measures.picking import Weights


def embeddings(rows: int, width: int = 16, centres: int = 12, seed: int = 0) -> np.ndarray:
    """Vectors around some centres."""
    draw = np.random.default_rng(seed)
    around = draw.standard_normal((centres, width))[draw.integers(0, centres, rows)]
    return unit((around + 0.5 * draw.standard_normal((rows, width))).astype(np.float32))


def scores(rows: int, seed: int = 1) -> np.ndarray:
    """Scores with many ties."""
    return np.random.default_rng(seed).integers(0, 11, rows) / 10


def k_centre_one_by_one(vectors: np.ndarray, count: int) -> list[int]:
    picked = [int(np.argmax(vectors @ vectors.mean(axis=0)))]
    near = vectors @ vectors[picked[0]]
    while len(picked) < count:
        near[picked] = np.inf
        picked.append(int(np.argmin(near)))
        near = np.maximum(near, vectors @ vectors[picked[-1]])
    return picked


def objective(vectors, rows, values, groups, weights: Weights, budget: int) -> float:
    """What facility location wants most of, where each row may stand for each other one."""
    near = np.maximum(vectors @ vectors[rows].T, 0).max(axis=1).mean() if len(rows) else 0.0
    number = 1 + max(one for mine in groups for one in mine)
    served = [sum(one in groups[row] for row in rows) for one in range(number)]
    share = max(1.0, budget / number)
    even = np.mean([min(1.0, n / share) ** 0.5 for n in served])
    quality = sum(values[row] for row in rows) / budget
    return float(weights.diversity * near + weights.quality * quality + weights.coverage * even)


def test_the_best_first_and_of_equals_the_earlier():
    assert picking.best_first(np.array([0.5, 0.9, 0.5, 0.9, 1.0]), 4).tolist() == [4, 1, 3, 0]


def test_chance_depends_on_the_id_and_the_seed_alone():
    ids = [f"{n:032x}" for n in range(500)]
    picked = {ids[row] for row in picking.at_random(ids, 50, 3)}
    turned = ids[::-1]
    assert {turned[row] for row in picking.at_random(turned, 50, 3)} == picked
    fewer = [one for one in ids if one in picked or int(one, 16) % 2]
    assert {fewer[row] for row in picking.at_random(fewer, 50, 3)} == picked
    assert {ids[row] for row in picking.at_random(ids, 50, 4)} != picked
    assert picking.at_random(ids, 20, 3).tolist() == picking.at_random(ids, 50, 3)[:20].tolist()


@pytest.mark.parametrize("looked_at", [20, 100, 1024])
def test_k_centre_is_the_exact_greedy_choice(monkeypatch, looked_at):
    monkeypatch.setattr(picking, "_FARTHEST", looked_at)
    vectors = embeddings(600)
    assert picking.k_centre(vectors, 200).tolist() == k_centre_one_by_one(vectors, 200)


def test_k_centre_of_rows_that_are_the_same_takes_them_in_their_order():
    vectors = unit(np.repeat(np.eye(3, 8, dtype=np.float32), 5_000, axis=0))
    picked = picking.k_centre(vectors, 100).tolist()
    assert {row // 5_000 for row in picked[:3]} == {0, 1, 2}
    assert picked[3:] == sorted(picked[3:])
    assert len(set(picked)) == 100


@pytest.mark.parametrize(
    "weights", [Weights(), Weights(1, 1, 0), Weights(1, 0.5, 0.5), Weights(0, 1, 0)]
)
def test_facility_location_takes_the_best_step_each_time(monkeypatch, weights):
    monkeypatch.setattr(picking, "NEIGHBOURS", 119)
    vectors, values = embeddings(120), scores(120)
    groups = [(row % 3, 3 + row % 4) for row in range(120)]
    picked = picking.facility_location(
        vectors, 15, scores=values, groups=groups, weights=weights
    ).tolist()

    def value(rows):
        return objective(vectors, rows, values, groups, weights, 15)

    for size in range(15):
        steps = [value([*picked[:size], row]) for row in range(120) if row not in picked[:size]]
        assert value(picked[: size + 1]) == pytest.approx(max(steps), abs=1e-5)


def test_facility_location_that_wants_quality_alone_is_the_top_score():
    vectors, values = embeddings(200), scores(200)
    picked = picking.facility_location(vectors, 30, scores=values, weights=Weights(0, 1, 0))
    assert picked.tolist() == picking.best_first(values, 30).tolist()


def test_coverage_serves_a_group_that_quality_would_not():
    vectors, values = embeddings(100), np.linspace(1, 0, 100)
    groups = [(0,)] * 97 + [(1,)] * 3
    for weight, served in ((0.0, False), (2.0, True)):
        picked = picking.facility_location(
            vectors, 10, scores=values, groups=groups, weights=Weights(0, 1, weight)
        )
        assert any(row >= 97 for row in picked.tolist()) is served


def test_deita_takes_the_best_that_are_far_from_those_before():
    vectors, values = embeddings(900), scores(900)
    rows: list[int] = []
    for row in np.argsort(-values, kind="stable").tolist():
        if not rows or (vectors[rows] @ vectors[row]).max() <= np.float32(0.7):
            rows.append(row)
    assert 20 < len(rows) < 900
    assert picking.far_from_each_other(vectors, values, 900, 0.3).tolist() == rows
    assert picking.far_from_each_other(vectors, values, 7, 0.3).tolist() == rows[:7]


def test_clusters_take_turns_and_give_their_best():
    vectors, values = embeddings(300), scores(300)
    cell = neighbours.cells_of(vectors, 6)
    picked = picking.balanced_clusters(vectors, 12, clusters=6, scores=values).tolist()
    assert sorted(cell[picked[:6]]) == sorted(set(cell.tolist()))
    for row in picked[:6]:
        assert values[row] == values[cell == cell[row]].max()


@settings(max_examples=30, deadline=None)
@given(st.integers(1, 60), st.integers(1, 70), st.integers(0, 5))
def test_every_way_picks_each_row_once_and_more_of_the_same(rows, count, seed):
    vectors, values = embeddings(rows, seed=seed), scores(rows, seed)
    ids = [str(row) for row in range(rows)]
    ways = [
        lambda n: picking.best_first(values, n),
        lambda n: picking.at_random(ids, n, seed),
        lambda n: picking.k_centre(vectors, n),
        lambda n: picking.facility_location(vectors, n),
        lambda n: picking.balanced_clusters(vectors, n, clusters=4, scores=values),
    ]
    for way in ways:
        picked = way(count).tolist()
        assert len(picked) == len(set(picked)) == min(count, rows)
        assert picked[: count // 2] == way(count // 2).tolist()


def test_nearest_neighbours_as_all_pairs_have_them():
    vectors = embeddings(400)
    like = vectors @ vectors.T
    np.fill_diagonal(like, -2)
    near, who = nearest(vectors, 5)
    assert np.allclose(near, -np.sort(-like, axis=1)[:, :5], atol=1e-5)
    assert not (who == np.arange(400)[:, None]).any()
    alone, nobody = nearest(vectors[:1], 3)
    assert (alone.tolist(), nobody.tolist()) == ([[-1.0] * 3], [[-1] * 3])


def test_an_index_of_cells_finds_almost_all_and_always_the_same(monkeypatch):
    vectors = embeddings(5_000, width=32, centres=60)
    _, exact = nearest(vectors, 5)
    monkeypatch.setattr(neighbours, "EXACT_UP_TO", 100)
    near, who = nearest(vectors, 5)
    found = [len(set(a) & set(b)) for a, b in zip(exact.tolist(), who.tolist(), strict=True)]
    assert sum(found) > 0.9 * 5 * 5_000
    assert (nearest(vectors, 5)[1] == who).all()
    assert (near[:, :-1] >= near[:, 1:]).all()


def copies_one_by_one(vectors: np.ndarray, threshold: float) -> list[int]:
    kept: list[int] = []
    of = []
    for row in range(len(vectors)):
        like = vectors[kept] @ vectors[row]
        if len(kept) and like.max() >= threshold:
            of.append(kept[int(np.argmax(like))])
        else:
            of.append(-1)
            kept.append(row)
    return of


@pytest.mark.parametrize("threshold", [0.7, 0.85, 0.95])
def test_copies_as_a_walk_through_all_rows_finds_them(threshold):
    vectors = embeddings(2_500)
    of, likeness = copies(vectors, threshold)
    expected = copies_one_by_one(vectors, threshold)
    assert of.tolist() == expected
    assert sum(one >= 0 for one in expected) > 20
    assert (likeness[of >= 0] >= threshold).all()


def test_a_hundred_thousand_rows_that_are_the_same():
    vectors = unit(np.repeat(np.ones((1, 8), np.float32), 100_000, axis=0))
    of, _ = copies(vectors, 0.99)
    assert (of[0], set(of[1:].tolist())) == (-1, {0})
    assert len(picking.facility_location(vectors[:5_000], 10)) == 10
