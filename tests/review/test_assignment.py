"""Who sees what, and what the log then says."""

from __future__ import annotations

import secrets
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from silversmith.errors import ReviewError
from silversmith.records import Sample
from silversmith.review.assignment import DUE_AFTER, give_out
from silversmith.review.entries import Entry, enter
from silversmith.review.people import Session, reviewer_id
from silversmith.review.plan_file import read_plan
from silversmith.review.records import ReviewPlan
from silversmith.review.store import ReviewStore, open_reviews
from silversmith.review.view import chosen_side, unpack


class Desk:
    """A review's store, and people who work on it without a server in between."""

    def __init__(self, folder: Path) -> None:
        plan = read_plan(folder)
        assert plan is not None
        self.plan: ReviewPlan = plan
        self.store: ReviewStore = open_reviews(folder)
        self.store.take(self.plan, folder)
        self.roles = {item.item: item for item in self.plan.items}

    def person(self, name: str, *, owner: bool = False) -> Session:
        write = self.store.database.write
        return Session(write(lambda c: reviewer_id(c, name)).result(), name, owner, "")

    def next(
        self, who: Session, count: int = 1, have: tuple[str, ...] = (), lease_s: float = 60.0
    ) -> list[str]:
        return self.store.database.write(
            lambda c: give_out(
                c, self.plan.id, who.reviewer, have=have, count=count, lease_s=lease_s
            )
        ).result()

    def enter(self, who: Session, item: str, verdict: Any = "accept", **fields: Any) -> str:
        entry = Entry(**{"id": secrets.token_hex(16), "item": item, "verdict": verdict, **fields})
        self.last = entry
        return self.store.database.write(
            lambda c: enter(c, self.plan.id, who, entry, lease_s=60.0)
        ).result()

    def work(self, who: Session) -> list[str]:
        done: list[str] = []
        while items := self.next(who):
            self.enter(who, items[0])
            done += items
        return done


@pytest.fixture
def desk(
    run_of: Callable[..., Path], some: Callable[[int], list[Sample]]
) -> Iterator[Callable[..., Desk]]:
    opened: list[Desk] = []

    def make(count: int, **wanted: Any) -> Desk:
        opened.append(Desk(run_of(some(count), **wanted)))
        return opened[-1]

    yield make
    for one in opened:
        one.store.database.close()


def test_each_item_goes_to_as_many_people_as_planned(desk: Callable[..., Desk]) -> None:
    here = desk(40, overlap=0.5, overlap_reviewers=3)
    people = [here.person(name) for name in ("ann", "ben", "cem", "dee")]
    seen: Counter[str] = Counter()
    busy = list(people)
    while busy:
        for who in list(busy):
            items = here.next(who, count=2)
            if not items:
                busy.remove(who)
            for item in items:
                here.enter(who, item)
            seen.update(items)
    assert seen == {item.item: item.reviewers for item in here.plan.items}
    by_item: dict[str, set[str]] = {}
    for verdict in here.store.verdicts():
        by_item.setdefault(verdict.item, set()).add(verdict.reviewer)
    assert {item: len(names) for item, names in by_item.items()} == dict(seen)


def test_items_are_given_out_in_the_plans_order(desk: Callable[..., Desk]) -> None:
    here = desk(12)
    assert here.work(here.person("ann")) == [item.item for item in here.plan.items]


def test_what_is_lent_is_nobody_elses(desk: Callable[..., Desk]) -> None:
    here = desk(10)
    ann, ben = here.person("ann"), here.person("ben")
    hers, his = here.next(ann, count=4), here.next(ben, count=4)
    assert not set(hers) & set(his)
    assert here.next(ann, count=4) == hers  # a page that was loaded again gets the same ones
    assert here.next(ann, count=4, have=tuple(hers)) == []


def test_a_lease_ends_and_a_late_verdict_counts_too(desk: Callable[..., Desk]) -> None:
    here = desk(1)
    ann, ben = here.person("ann"), here.person("ben")
    (item,) = here.next(ann, lease_s=0.02)
    assert here.next(ann, lease_s=0.02) == [item]
    time.sleep(0.05)
    assert here.next(ben) == [item]
    assert here.enter(ben, item, "reject") == "reject"
    assert here.enter(ann, item) == "accept"
    assert {(one.reviewer, one.verdict) for one in here.store.verdicts()} == {
        ("ann", "accept"),
        ("ben", "reject"),
    }
    assert here.next(here.person("cem")) == []


def test_a_hidden_repeat_comes_to_the_same_person_after_some_others(
    desk: Callable[..., Desk],
) -> None:
    here = desk(60, repeats=0.1)
    repeats = [item for item in here.plan.items if item.role == "repeat"]
    assert repeats
    ann, ben = here.person("ann"), here.person("ben")
    order: dict[str, list[str]] = {"ann": [], "ben": []}
    busy = [ann, ben]
    while busy:
        for who in list(busy):
            items = here.next(who)
            if not items:
                busy.remove(who)
                continue
            here.enter(who, items[0])
            order[who.name] += items
    for repeat in repeats:
        (first,) = [name for name, items in order.items() if repeat.repeats in items]
        assert repeat.item in order[first]
        gap = order[first].index(repeat.item) - order[first].index(repeat.repeats)
        left = len(order[first]) - order[first].index(repeat.repeats)
        assert gap >= min(DUE_AFTER, left - len(repeats))
        other = "ben" if first == "ann" else "ann"
        assert repeat.item not in order[other]


def test_everybody_sees_the_gold_items(desk: Callable[..., Desk]) -> None:
    gold = {f"{n:032x}": "accept" for n in range(2, 7)}
    here = desk(8, samples=4, gold=gold)
    ann, ben = here.person("ann"), here.person("ben")
    golden = {item.item for item in here.plan.items if item.role == "gold"}
    assert golden
    done = here.work(ann), here.work(ben)
    assert golden <= set(done[0])
    assert golden <= set(done[1])


def test_a_skipped_item_goes_to_somebody_else(desk: Callable[..., Desk]) -> None:
    here = desk(1)
    ann, ben = here.person("ann"), here.person("ben")
    (item,) = here.next(ann)
    here.enter(ann, item, "skip")
    assert here.next(ann) == []
    assert here.next(ben) == [item]


def test_undo_gives_the_item_back_and_the_log_keeps_both(desk: Callable[..., Desk]) -> None:
    here = desk(2)
    ann = here.person("ann")
    (item,) = here.next(ann)
    here.enter(ann, item, "reject", reason="incomplete", text="half of it is missing")
    undone = here.last.id
    here.enter(ann, item, "undo", undoes=undone)
    assert here.store.verdicts() == []
    assert here.next(ann) == [item]
    here.enter(ann, item, "accept")
    (stands,) = here.store.verdicts()
    assert stands.verdict == "accept"
    from sqlalchemy import text

    kinds = here.store.database.read(
        lambda c: list(c.execute(text("SELECT kind, verdict FROM review_log ORDER BY seq")))
    )
    assert [tuple(row) for row in kinds] == [
        ("verdict", "reject"),
        ("undo", "undo"),
        ("verdict", "accept"),
    ]


def test_a_verdict_sent_twice_counts_once(desk: Callable[..., Desk]) -> None:
    here = desk(1)
    ann = here.person("ann")
    (item,) = here.next(ann)
    name = secrets.token_hex(16)
    for _ in range(3):
        assert here.enter(ann, item, "reject", id=name, reason="incomplete") == "reject"
    assert len(here.store.verdicts()) == 1
    with pytest.raises(ReviewError, match="another verdict has this id"):
        here.enter(here.person("ben"), item, id=name)


def test_two_people_at_the_same_moment_both_count(desk: Callable[..., Desk]) -> None:
    here = desk(20, overlap=1.0)
    people = [here.person("ann"), here.person("ben")]
    lent = [here.next(who, count=20) for who in people]
    assert set(lent[0]) == set(lent[1])
    barrier = threading.Barrier(2)

    def decide(who: Session, items: list[str], verdict: str) -> None:
        for item in items:
            barrier.wait()
            here.store.database.write(
                lambda c, item=item: enter(
                    c, here.plan.id, who,
                    Entry(id=secrets.token_hex(16), item=item, verdict=verdict),  # type: ignore[arg-type]
                    lease_s=60.0,
                )
            ).result()  # fmt: skip

    threads = [
        threading.Thread(target=decide, args=(people[0], lent[0], "accept")),
        threading.Thread(target=decide, args=(people[1], lent[0], "reject")),
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    said = Counter((one.item, one.reviewer) for one in here.store.verdicts())
    assert len(said) == 40
    assert set(said.values()) == {1}


def test_what_is_not_lent_cannot_be_decided(desk: Callable[..., Desk]) -> None:
    here = desk(3)
    ann, ben = here.person("ann"), here.person("ben")
    (item,) = here.next(ann)
    with pytest.raises(ReviewError, match="not yours"):
        here.enter(ben, item)
    with pytest.raises(ReviewError, match="not yours"):
        here.enter(ben, "no-such-item")
    with pytest.raises(ReviewError, match="Only the owner"):
        here.enter(ben, item, settles=True)
    owner = here.person("olga", owner=True)
    assert here.enter(owner, item, "reject", settles=True) == "reject"
    assert here.store.verdicts()[0].settles


def test_a_pick_is_an_acceptance_where_the_better_half_is_the_chosen_one(
    run_of: Callable[..., Path], gallery: list[Sample]
) -> None:
    here = Desk(run_of(gallery))
    ann = here.person("ann")
    from sqlalchemy import select

    from silversmith.review.tables import items

    bodies = here.store.database.read(
        lambda c: {row.item: row.body for row in c.execute(select(items.c.item, items.c.body))}
    )
    right = wrong = 0
    for item in here.next(ann, count=20):
        if not unpack(bodies[item]).rejected:
            here.enter(ann, item, "skip")
            continue
        side = ("left", "right")[chosen_side(here.plan.id, item, ann.reviewer)]
        if right <= wrong:
            assert here.enter(ann, item, "pick", pick=side) == "accept"
            right += 1
        else:
            other = "right" if side == "left" else "left"
            assert here.enter(ann, item, "pick", pick=other) == "reject"
            assert here.store.verdicts()[-1].reason == "the rejected answer is better"
            wrong += 1
    assert right
    assert wrong
    here.store.database.close()


def test_what_is_forgotten_is_not_in_the_file_any_more(
    run_of: Callable[..., Path], some: Callable[[int], list[Sample]]
) -> None:
    samples = some(6)
    secret = samples[2].with_(messages=Sample.pair("Tell me.", "xylophone-4711-secret").messages)
    samples[2] = secret
    here = Desk(run_of(samples))
    ann, ben = here.person("ann"), here.person("ben-the-forgotten")
    for who in (ann, ben):
        for item in here.next(who, count=3):
            here.enter(who, item, "reject", text=f"said by {who.name}, quokka")
    would = here.store.forget(samples=[secret.id], reviewers=[ben.name], dry=True)
    assert would.verdicts >= 3
    assert would.reviewers == 1
    assert len(here.store.verdicts()) == 6
    assert here.store.forget(samples=[secret.id], reviewers=[ben.name]) == would
    assert {one.reviewer for one in here.store.verdicts()} == {"ann"}
    assert secret.id not in {one.sample for one in here.store.verdicts()}
    path = Path(here.store.database.where)
    here.store.database.close()
    for file in path.parent.glob("review.db*"):
        data = file.read_bytes()
        assert b"ben-the-forgotten" not in data
        assert b"said by ben" not in data
    # What he had decided is open to others again.
    again = Desk(path.parent)
    assert again.work(again.person("cem"))
    again.store.database.close()
