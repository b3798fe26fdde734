"""Texts in groups by what they are about."""

from __future__ import annotations

import numpy as np

from silversmith.measures.topics import nearest_topic, topics_of

GENERATOR = np.random.default_rng(5)


def around(centres: int, each: int, noise: float) -> tuple[np.ndarray, np.ndarray]:
    middle = np.eye(32, dtype=np.float32)[:centres]
    labels = np.repeat(np.arange(centres), each)
    points = middle[labels] + noise * GENERATOR.standard_normal((len(labels), 32))
    return points.astype(np.float32), labels


def test_as_many_topics_as_stand_apart() -> None:
    points, labels = around(4, 25, 0.1)
    found = topics_of(points, smallest=10, most=8)
    assert len(set(found.tolist())) == 4
    assert len({(a, b) for a, b in zip(found.tolist(), labels.tolist(), strict=True)}) == 4


def test_one_cloud_is_one_topic() -> None:
    points = GENERATOR.standard_normal((200, 300)).astype(np.float32)
    assert set(topics_of(points, smallest=10, most=8).tolist()) == {0}


def test_few_rows_are_one_topic() -> None:
    points, _ = around(3, 4, 0.05)
    assert set(topics_of(points, smallest=10, most=8).tolist()) == {0}


def test_a_new_row_goes_to_the_nearest_topic() -> None:
    points, labels = around(3, 20, 0.1)
    more, theirs = around(3, 5, 0.1)
    assert nearest_topic(more, points, labels).tolist() == theirs.tolist()
