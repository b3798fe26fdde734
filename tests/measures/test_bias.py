"""Biases of judges: planted ones are found, absent ones are not, and recorded ones as published."""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import ttest_ind

from silversmith.errors import CheckError
from silversmith.measures.bias import merge_orders, position_bias, win_rate
from silversmith.measures.clustering import score_clustering
from silversmith.measures.logistic import fit_logistic
from silversmith.measures.self_preference import self_preference
from silversmith.measures.verbosity import length_controlled

DATA = Path(__file__).parents[1] / "data"

verdicts = st.lists(st.sampled_from([0.0, 0.5, 1.0, math.nan]), min_size=1, max_size=40)


def recorded(judge: str) -> tuple[np.ndarray, np.ndarray]:
    """What a judge said of LLMBar's pairs in both orders, for output 1."""
    lines = (DATA / "llmbar_panel" / "verdicts.jsonl").read_text(encoding="utf-8").splitlines()
    said = [json.loads(line)["verdicts"][judge] for line in lines]
    value = {"1": 1.0, "2": 0.0, "-": math.nan}
    return tuple(np.array([value[both[order]] for both in said]) for order in (0, 1))


def planted(n: int, *, theta: float, phi: float, seed: int = 0) -> tuple[np.ndarray, ...]:
    """Verdicts that owe `phi` to length, of answers by A that are mostly longer."""
    generator = np.random.default_rng(seed)
    a, b = generator.integers(200, 3000, n), generator.integers(50, 2000, n)
    d = (a - b).astype(float)
    p = 1 / (1 + np.exp(-(theta + phi * np.tanh(d / d.std(ddof=1)))))
    return (generator.random(n) < p).astype(float), a, b


def test_the_win_rate_counts_ties_half_and_leaves_out_what_has_no_verdict() -> None:
    rate = win_rate(np.array([1, 1, 0.5, 0, math.nan]))
    assert (rate.value, rate.n) == (0.625, 4)
    assert rate.low < 0.625 < rate.high


def test_the_bootstrap_interval_is_that_of_theory_on_many_pairs() -> None:
    outcomes = np.repeat([1.0, 0.5, 0.0], [6000, 1000, 3000])
    rate = win_rate(outcomes, resamples=20_000)
    half = 1.96 * outcomes.std() / 100
    assert (rate.low, rate.high) == pytest.approx((0.65 - half, 0.65 + half), abs=5e-4)


def test_winning_always_is_not_certain() -> None:
    rate = win_rate(np.ones(10))
    assert (rate.value, rate.high) == (1.0, 1.0)
    assert rate.low == pytest.approx(0.7225, abs=1e-4), "Wilson, for 10 of 10"


@pytest.mark.parametrize(
    ("judge", "same", "reversals"),
    [
        ("GPT-4 Vanilla", 0.935, 15),
        ("GPT-4 CoT", 0.922, 18),
        ("GPT-4 Swap_CoT", 0.991, 2),
        ("Falcon Vanilla", 0.404, 137),
        ("Falcon CoT", 0.130, 200),
    ],
)
def test_recorded_judges_are_as_consistent_as_counted(judge, same, reversals) -> None:
    found = position_bias(*recorded(judge))
    assert found.consistent.value == pytest.approx(same, abs=5e-4)
    assert found.reversed.value * found.reversed.n == pytest.approx(reversals)
    if judge.startswith("Falcon"):
        assert found.first.low > 0.7, "it takes what is shown first"
        assert found.first_reversed.low > 0.9
    else:
        assert 0.45 < found.first.value < 0.55


def test_the_kinds_of_pairs_are_told_apart() -> None:
    # Same winner, tie twice, first place twice, second place twice, a win and a tie, no verdict.
    a_first = np.array([1, 0.5, 1, 0, 1, 1])
    b_first = np.array([1, 0.5, 0, 1, 0.5, math.nan])
    found = position_bias(a_first, b_first)
    assert (found.consistent.value, found.reversed.value) == (2 / 5, 2 / 5)
    assert found.first_reversed.value == 0.5
    assert found.first.value == pytest.approx(4 / 7), "of seven decided verdicts"
    assert found.missing == 1
    merged = merge_orders(a_first, b_first)
    np.testing.assert_array_equal(merged, [1, 0.5, 0.5, 0.5, 0.5, math.nan])


@settings(deadline=None, max_examples=50)
@given(verdicts.flatmap(lambda a: st.tuples(st.just(a), st.permutations(a))))
def test_naming_the_answers_the_other_way_round_changes_nothing(both) -> None:
    one, two = (np.array(column) for column in both)
    if np.isnan(one + two).all():
        with pytest.raises(CheckError, match="No pair has a verdict in both orders"):
            position_bias(one, two)
        return
    found, other = position_bias(one, two), position_bias(1 - two, 1 - one)
    assert found.consistent == other.consistent
    assert found.reversed == other.reversed
    assert found.first_reversed == other.first_reversed
    assert (found.first is None) == (other.first is None)
    if found.first is not None:
        assert found.first.value == pytest.approx(other.first.value)
    np.testing.assert_array_equal(merge_orders(one, two), 1 - merge_orders(1 - one, 1 - two))


def test_a_planted_length_effect_is_found_and_taken_off() -> None:
    outcomes, a, b = planted(4000, theta=0.2, phi=1.5)
    found = length_controlled(outcomes, a, b)
    even = 1 / (1 + math.exp(-0.2))
    assert found.raw.value > 0.63
    assert found.controlled.low < even < found.controlled.high
    assert found.weight.low < 1.5 < found.weight.high
    assert found.longer.low > 0.6
    assert found.spread == pytest.approx((a - b).std(ddof=1))


def test_without_a_length_effect_both_win_rates_agree() -> None:
    outcomes, a, b = planted(4000, theta=0.5, phi=0.0, seed=1)
    found = length_controlled(outcomes, a, b)
    assert found.weight.low < 0 < found.weight.high
    assert found.controlled.value == pytest.approx(found.raw.value, abs=0.01)


def test_the_intervals_hold_the_truth_as_often_as_they_promise() -> None:
    even, rates, weights = 1 / (1 + math.exp(0.3)), 0, 0
    for seed in range(200):
        found = length_controlled(*planted(300, theta=-0.3, phi=1.0, seed=seed))
        rates += found.controlled.low <= even <= found.controlled.high
        weights += found.weight.low <= 1.0 <= found.weight.high
    assert rates >= 180
    assert weights >= 180


@settings(deadline=None, max_examples=40)
@given(
    st.lists(
        st.tuples(st.sampled_from([0.0, 0.5, 1.0]), st.integers(0, 900), st.integers(0, 900)),
        min_size=2,
        max_size=40,
    )
)
def test_exchanging_the_models_turns_win_rates_round(rows) -> None:
    y, a, b = (np.array(column, dtype=float) for column in zip(*rows, strict=True))
    one, two = length_controlled(y, a, b), length_controlled(1 - y, b, a)
    if one.controlled is None or two.controlled is None:
        assert one.controlled is two.controlled
        assert (a > b).all() or (a < b).all()
        return
    assert one.controlled.value == pytest.approx(1 - two.controlled.value, abs=1e-6)
    assert one.controlled.low == pytest.approx(1 - two.controlled.high, abs=1e-6)
    if one.weight is not None:
        assert one.weight.value == pytest.approx(two.weight.value, abs=1e-5)


@settings(deadline=None, max_examples=40)
@given(
    st.lists(
        st.tuples(
            st.sampled_from([0.0, 0.5, 1.0, math.nan]),
            st.sampled_from([0.0, 0.5, 1.0]),
            st.integers(0, 5),
            st.integers(1, 4),
        ),
        min_size=1,
        max_size=20,
    ).filter(lambda rows: any(row[0] == row[0] for row in rows))
)
def test_pairs_that_are_alike_may_be_counted_instead_of_listed(rows) -> None:
    one, two, length, counts = (np.array(column) for column in zip(*rows, strict=True))
    counted = position_bias(one, two, counts=counts)
    listed = position_bias(*(np.repeat(column, counts) for column in (one, two)))
    assert counted == listed
    merged, other = merge_orders(one, two), np.full(len(rows), 2)
    counted = length_controlled(merged, length, other, counts=counts)
    columns = (np.repeat(column, counts) for column in (merged, length, other))
    listed = length_controlled(*columns)
    assert counted.raw == listed.raw
    assert counted.longer == listed.longer
    assert counted.missing == listed.missing
    if listed.controlled is None:
        assert counted.controlled is None
        return
    np.testing.assert_allclose(counted.controlled, listed.controlled, atol=1e-6)
    if listed.weight is not None:
        np.testing.assert_allclose(counted.weight, listed.weight, rtol=1e-4, atol=1e-4)


def test_counts_below_zero_or_of_another_length_are_refused() -> None:
    for counts in ([1, -1], [1]):
        with pytest.raises(CheckError, match="one for each verdict"):
            win_rate(np.array([1.0, 0.0]), counts=np.array(counts))


def test_an_answer_that_is_always_the_longer_one_is_not_judged_at_equal_length() -> None:
    outcomes, a, b = planted(400, theta=0.2, phi=1.5)
    assert length_controlled(outcomes, np.maximum(a, b + 1), b).controlled is None
    assert length_controlled(outcomes, np.maximum(a, b), b).controlled is not None


def test_difficulty_is_taken_in() -> None:
    generator = np.random.default_rng(3)
    hard = generator.normal(size=5000)
    p = 1 / (1 + np.exp(-(0.1 + 2.0 * hard)))
    y = (generator.random(5000) < p).astype(float)
    lengths = generator.integers(1, 1000, size=(2, 5000))
    found = length_controlled(y, *lengths, difficulty=hard)
    assert found.controlled.low < p.mean() < found.controlled.high


def test_lengths_that_never_differ_tell_nothing() -> None:
    found = length_controlled(np.array([1, 0, 1, 1]), np.full(4, 9), np.full(4, 9))
    assert found.weight is None
    assert found.longer is None
    assert found.controlled.value == pytest.approx(0.75, abs=0.01)


def test_logistic_regression_is_that_of_the_closed_form() -> None:
    # With one column of 0 and 1, the weights are the log-odds of the two groups.
    x = np.column_stack([np.ones(4), [0, 0, 1, 1]])
    fit = fit_logistic(x, np.array([0, 1, 0, 1.0]), counts=np.array([30, 10, 20, 60]))
    assert fit.weights == pytest.approx([math.log(1 / 3), math.log(3) - math.log(1 / 3)])
    # Woolf's variance of a log odds ratio.
    assert fit.covariance[1, 1] == pytest.approx(1 / 30 + 1 / 10 + 1 / 20 + 1 / 60)
    with pytest.raises(CheckError, match="no optimum"):
        fit_logistic(np.ones((3, 1)), np.ones(3))


def test_clustered_scores_are_told_from_spread_ones() -> None:
    even = score_clustering(np.tile(np.arange(1, 9), 100), points=8)
    assert even.entropy.value == pytest.approx(3.0)
    assert even.evenness == pytest.approx(1.0)
    crowded = score_clustering(np.repeat([7, 8, 9], [5, 90, 5]), points=10)
    assert (crowded.mode, crowded.modal_share.value) == (8.0, 0.9)
    bits = -(0.9 * math.log2(0.9) + 0.1 * math.log2(0.05))
    assert crowded.entropy.value == pytest.approx(bits)
    assert crowded.entropy.low < bits < crowded.entropy.high
    assert crowded.evenness == pytest.approx(bits / math.log2(10))
    assert crowded.shares == {7.0: 0.05, 8.0: 0.9, 9.0: 0.05}
    assert not crowded.constant


def test_a_judge_that_always_says_the_same_is_said_to() -> None:
    found = score_clustering(np.array([4.0, 4.0, math.nan, 4.0]), points=5)
    assert found.constant
    assert (found.entropy.value, found.evenness, found.n) == (0.0, 0.0, 3)


def test_scores_between_the_points_count_as_the_nearest() -> None:
    found = score_clustering(np.array([3.9, 4.1, 4.4, 2.2]), points=5, step=1.0)
    assert found.shares == {2.0: 0.25, 4.0: 0.75}
    with pytest.raises(CheckError, match="do not fit a scale of 2 points"):
        score_clustering(np.array([1, 2, 3]), points=2)


def test_self_preference_is_what_people_do_not_see() -> None:
    generator = np.random.default_rng(4)
    family = generator.choice(["falcon", "gpt", "llama"], size=6000)
    quality = generator.normal(size=6000) + 0.5 * (family == "gpt")
    people = quality + generator.normal(scale=0.5, size=6000)
    judge = quality + 0.2 * (family == "gpt") + generator.normal(scale=0.5, size=6000)
    found = self_preference(judge, family, "gpt", reference=people)
    assert found.gap.low < 0.7 < found.gap.high
    assert found.reference_gap.low < 0.5 < found.reference_gap.high
    assert found.excess.low < 0.2 < found.excess.high
    assert found.excess.low > 0.1
    assert sorted(found.families) == ["falcon", "gpt", "llama"]
    assert sum(one.n for one in found.families.values()) == 6000
    fair = self_preference(people, family, "gpt", reference=quality)
    assert fair.excess.low < 0 < fair.excess.high
    alone = self_preference(judge, family, "gpt")
    assert alone.excess is None
    assert alone.gap == found.gap


def test_the_interval_of_a_gap_is_welchs() -> None:
    scores = np.array([27.5, 21.0, 19.0, 23.6, 17.0, 17.9, 27.1, 22.0, 21.4])
    family = np.array(["own"] * 4 + ["other"] * 5)
    gap = self_preference(scores, family, "own").gap
    found = ttest_ind(scores[:4], scores[4:], equal_var=False).confidence_interval()
    assert gap.value == pytest.approx(22.775 - 21.08)
    assert (gap.low, gap.high) == pytest.approx((found.low, found.high))


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda: win_rate(np.array([math.nan])), "No pair has a verdict"),
        (lambda: win_rate(np.array([2.0])), "A verdict is 1"),
        (lambda: position_bias(np.ones(2), np.ones(3)), "2 verdicts and 3"),
        (lambda: length_controlled(np.ones(2), np.ones(2), np.ones(3)), "both lengths"),
        (lambda: length_controlled(np.ones(2), -np.ones(2), np.ones(2)), "0 or more"),
        (lambda: score_clustering(np.array([])), "no scores"),
        (lambda: self_preference(np.ones(2), ["a"], "a"), "a family"),
        (lambda: self_preference(np.ones(3), ["a", "b", "b"], "a"), "1 of 3 scored answers"),
    ],
)
def test_columns_that_do_not_fit_are_refused_in_a_sentence(call, says) -> None:
    with pytest.raises(CheckError, match=says):
        call()
