"""Pairs are left until length tells nobody which half is the chosen one."""

import json
import math

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyarrow import parquet

from silversmith.checks.pairs import EVEN
from silversmith.filters import Drop, Finding
from silversmith.filters.even_lengths import STEPS, EvenLengths

LOWER = "lower_score"


def table(pairs):
    """Pairs (flaw, chosen, rejected), and whether the flaw is one of length where it is told."""
    flaws, chosen, rejected, *by_flaw = zip(*((*one, False)[:4] for one in pairs), strict=True)
    return pa.table(
        {
            "strategy": pa.array(["contrast"] * len(pairs), pa.large_string()),
            "flaw": pa.array(flaws, pa.large_string()),
            "flaw_of_length": pa.array(by_flaw[0], pa.bool_()),
            "response": pa.array(["c" * n for n in chosen], pa.large_string()),
            "rejected": pa.array(["r" * n for n in rejected], pa.large_string()),
        }
    )


def dropped(pairs, rule=None):
    return [one.row for one in (rule or EvenLengths()).drops(table(pairs)) if isinstance(one, Drop)]


def test_the_later_pairs_of_the_greater_side_go_with_the_reason():
    pairs = [(LOWER, 100, 115), (LOWER, 115, 100), (LOWER, 100, 118), (LOWER, 200, 230)]
    found = list(EvenLengths().drops(table(pairs)))
    reason = (
        "rejected is the longer half of 3 of 4 pairs of contrast lower_score of which one half is"
        " 1.1 to 1.2 times as long as the other; 1 of them stay"
    )
    assert found == [
        Drop(2, reason),
        Drop(3, reason),
        Finding("pairs", {"contrast lower_score": 2}),
    ]


def test_a_longer_half_is_weighed_against_one_that_is_shorter_by_as_much():
    slightly, much = [(LOWER, 105, 100)] * 3, [(LOWER, 100, 200)] * 3
    assert dropped(slightly + much) == [0, 1, 2, 3, 4, 5]


@pytest.mark.parametrize(
    "pair",
    [
        (LOWER, 100, 103),
        (LOWER, 100, 100),
        ("verbosity", 100, 300, True),
        (LOWER, 100, 0),
        (LOWER, 0, 100),
        ("", 0, 0),
    ],
)
def test_even_pairs_flaws_of_length_and_samples_that_are_no_pairs_stay(pair):
    assert dropped([pair] * 5) == []


def test_each_flaw_is_balanced_by_itself_and_flaws_can_be_chosen():
    pairs = [(LOWER, 100, 120), ("vagueness", 120, 100), (LOWER, 100, 120)]
    assert dropped(pairs) == [0, 1, 2]
    assert dropped(pairs, EvenLengths(flaws=("vagueness",))) == [1]


lengths = st.integers(1, 400)
some_pairs = st.lists(st.tuples(st.sampled_from([LOWER, "vagueness"]), lengths, lengths))


@settings(deadline=None)
@given(some_pairs.filter(bool))
def test_what_is_left_is_even_whatever_comes_in_and_filtering_again_changes_nothing(pairs):
    gone = set(dropped(pairs))
    left = [pair for row, pair in enumerate(pairs) if row not in gone]
    for flaw in (LOWER, "vagueness"):
        for low, high in zip(STEPS, (*STEPS[1:], math.inf), strict=True):
            ratios = [r / c for name, c, r in left if name == flaw]
            longer = sum(low + 1e-9 < ratio <= high + 1e-9 for ratio in ratios)
            shorter = sum(low + 1e-9 < 1 / ratio <= high + 1e-9 for ratio in ratios)
            assert longer == shorter
    assert not left or dropped(left) == []
    even = [row for row, (_, c, r) in enumerate(pairs) if max(c, r) <= EVEN * min(c, r)]
    assert not gone & set(even)


def test_preference_data_from_elsewhere_is_made_even(call, tmp_path):
    rows = [
        {"prompt": f"Q{n}?", "chosen": "a" * 100, "rejected": "b" * (130 if n % 3 else 80)}
        for n in range(30)
    ]
    data = tmp_path / "pairs.jsonl"
    data.write_text("\n".join(map(json.dumps, rows)))
    rules = tmp_path / "filters.yaml"
    rules.write_text("filters: [even_lengths]\n")
    out = tmp_path / "out"
    status, said, _ = call("filter", data, "--filters", rules, "--out", out)
    assert status == 0, said
    kept = parquet.read_table(out / "kept").to_pylist()
    halves = [(len(r["messages"][-1]["content"]), len(r["rejected"][-1]["content"])) for r in kept]
    assert sum(r > c for c, r in halves) == sum(r < c for c, r in halves) == 10
