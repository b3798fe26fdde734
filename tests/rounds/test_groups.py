"""Groups of failures do not depend on the order of the log, and their shares add up."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from silversmith.checks.hashed_vectors import hashed_vectors
from silversmith.records.evaluation import EvaluatedItem
from silversmith.rounds.budget import LEAST, shares_of_budget
from silversmith.rounds.evaluation import evaluation_of
from silversmith.rounds.groups import Group, grouped
from silversmith.rounds.topics import topics_by_item
from silversmith.seeds.logs import Log

SORTS = [
    "Tom has {n} apples and buys {m} more of them. How many apples are there now?",
    "A train travels {n} km per hour for {m} hours. How many km does it cover?",
]
ITEMS = [
    EvaluatedItem(
        source=f"log#{number}",
        prompt=SORTS[number % 2].format(n=number + 3, m=7),
        output="It is 1000." if number % 3 else "I'm sorry, but I can't help with that.",
        failed=number % 5 < 2,
        expected=(str(number),),
        texts=(f"problem {number} of the set",),
    )
    for number in range(40)
]


def embed(texts: Sequence[str]) -> Any:
    return hashed_vectors(pa.chunked_array([list(texts)], pa.large_string()))


def groups_of(items: Sequence[EvaluatedItem]) -> list[Group]:
    evaluation = evaluation_of([Log("log", "rows", items)])
    return grouped(evaluation.items, topics_by_item(evaluation.items, embed))[1]


@given(st.permutations(ITEMS))
@settings(max_examples=20, deadline=None)
def test_any_order_gives_the_same_groups(items: list[EvaluatedItem]) -> None:
    assert groups_of(items) == groups_of(ITEMS)


def test_every_failure_is_in_one_group_and_topics_hold_all_items() -> None:
    groups = groups_of(ITEMS)
    assert sum(one.failed for one in groups) == sum(item.failed for item in ITEMS)
    assert {one.topic: one.items for one in groups} == {one.topic: 20 for one in groups}
    assert {one.kind for one in groups} == {"wrong_arithmetic", "unwanted_refusal"}
    for one in groups:
        assert one.low < one.share < one.high
        assert len(one.examples) == one.failed == sum(one.by.values())


def test_words_of_a_group_stand_in_several_items() -> None:
    for group in groups_of(ITEMS):
        prompts = [item.prompt.casefold().split() for item in ITEMS]
        for word in group.words:
            assert sum(word in {w.strip("?.") for w in words} for words in prompts) >= 2


def test_an_item_that_was_answered_several_times_counts_once() -> None:
    first = ITEMS[0]
    again = [
        EvaluatedItem(source=f"log#{n}", prompt=first.prompt, output="5", failed=failed)
        for n, failed in enumerate([True, False, True])
    ]
    evaluation = evaluation_of([Log("log", "rows", again)])
    assert (len(evaluation.items), evaluation.failed, evaluation.repeated) == (1, 1, 2)


def test_what_frames_all_prompts_is_taken_off_and_the_key_stays() -> None:
    framed = [
        EvaluatedItem(
            source="log#1", prompt=f"Answer in one word.\nQ: {item.prompt}\nA:", output="x",
            failed=True, texts=(f"Answer in one word.\nQ: {item.prompt}\nA:",),
        )
        for item in ITEMS[:10]
    ]  # fmt: skip
    evaluation = evaluation_of([Log("log", "rows", framed)])
    assert not [one for one in evaluation.items if "one word" in one.prompt + one.texts[0]]
    assert {len(one.texts) for one in evaluation.items} == {2}  # a short frame hurts nobody
    assert Counter(one.key for one in evaluation.items) == Counter(one.key for one in framed)


def test_items_that_differ_in_personal_data_alone_stay_apart() -> None:
    items = [
        EvaluatedItem(
            source=f"log#{n}", prompt=f"Where is the parcel of user{n}@example-mail.net?",
            output="?", failed=True, texts=(),
        )
        for n in range(3)
    ]  # fmt: skip
    evaluation = evaluation_of([Log("log", "rows", items)])
    assert len({one.key for one in evaluation.items}) == 3
    assert {one.prompt for one in evaluation.items} == {"Where is the parcel of [EMAIL_ADDRESS]?"}


def test_a_long_frame_is_no_part_of_an_item() -> None:
    frame = "Answer the question below in one word, and leave out all that was not asked for.\n"
    framed = [
        EvaluatedItem(
            source="log#1", prompt=frame + item.prompt, output="x", failed=True,
            texts=(frame + item.prompt,),
        )
        for item in ITEMS[:10]
    ]  # fmt: skip
    evaluation = evaluation_of([Log("log", "rows", framed)])
    assert sorted(one.texts[0] for one in evaluation.items) == sorted(
        item.prompt for item in ITEMS[:10]
    )
    assert {len(one.texts) for one in evaluation.items} == {1}


@given(
    st.lists(st.tuples(st.integers(1, 200), st.integers(0, 200)), min_size=1, max_size=12),
    st.integers(12, 5_000),
)
def test_the_budget_is_given_away_whole(sizes: list[tuple[int, int]], samples: int) -> None:
    groups = [
        Group(f"g{n}", "other", "", failed + passed, failed, 0, 1, {"x": failed})
        for n, (failed, passed) in enumerate(sizes)
    ]
    given_ = shares_of_budget(groups, samples)
    assert sum(given_) == samples
    assert min(given_) >= min(LEAST, samples // len(groups))


@pytest.mark.parametrize("samples", [100])
def test_what_nearly_always_fails_gets_more_of_the_same_number(samples: int) -> None:
    hard = Group("hard", "other", "", 10, 10, 0, 1, {"x": 10})
    easy = Group("easy", "other", "", 100, 10, 0, 1, {"x": 10})
    more, less = shares_of_budget([hard, easy], samples)
    assert more > less
