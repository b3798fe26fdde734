"""Commits are gathered for longer by a thread that does nothing but compute."""

from types import SimpleNamespace

import pytest

from silversmith.store import gathering
from silversmith.store.gathering import LONGEST, SHORTEST, Gathering


@pytest.fixture
def thread(monkeypatch):
    """A thread whose time passes as the test says."""
    clock = SimpleNamespace(now=100.0, computed=5.0)
    monkeypatch.setattr(
        gathering,
        "time",
        SimpleNamespace(monotonic=lambda: clock.now, thread_time=lambda: clock.computed),
    )
    ours = Gathering()

    def passes(seconds, share):
        for _ in range(20):
            clock.now += seconds / 20
            clock.computed += share * seconds / 20
            ours.look()
        return ours.seconds

    return passes


def test_it_follows_what_the_thread_does(thread):
    assert thread(1.0, 0.5) == SHORTEST
    assert thread(1.0, 0.8) == pytest.approx(SHORTEST)
    assert thread(1.0, 0.9) == pytest.approx((SHORTEST + LONGEST) / 2)
    assert thread(1.0, 1.0) == pytest.approx(LONGEST)
    assert thread(1.0, 0.0) == SHORTEST


def test_a_moment_of_work_changes_nothing(thread):
    assert thread(0.09, 1.0) == SHORTEST
