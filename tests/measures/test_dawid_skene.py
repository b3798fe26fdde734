"""Majority and Dawid-Skene: the published example, real judges with gold labels, simulations."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from silversmith.errors import CheckError
from silversmith.measures.dawid_skene import Votes, dawid_skene, majority
from silversmith.measures.ratings import Ratings

BLUEBIRDS = Path(__file__).parents[1] / "data" / "bluebirds" / "votes.jsonl"
PANEL = Path(__file__).parents[1] / "data" / "llmbar_panel" / "verdicts.jsonl"

# Dawid and Skene (1979), table 1: 45 patients, each judged fit for an operation on a scale of 1 to
# 4 by observer 1 three times, then by observers 2 to 5 once each.
ANAESTHETISTS = """
1111111 3334334 1122122 2223121 2223222 2223322 1222111 3333433 2222223 2322223 4444444 2223343
1111111 2223212 1211111 1112111 1111111 1111111 2222221 2221322 2222222 2222221 2223222 2212222
1111111 1111111 2322222 1111111 1111111 1121121 1111111 3333233 1111111 2222222 2223232 4334343
2212232 2323233 3333432 1111111 1111111 1212111 2322222 1211111 2222222
"""


def anaesthetists() -> Votes:
    rows = [
        (patient, observer, int(grade))
        for patient, grades in enumerate(ANAESTHETISTS.split(), start=1)
        for observer, grade in zip((1, 1, 1, 2, 3, 4, 5), grades, strict=True)
    ]
    return Votes.of(*zip(*rows, strict=True))


def panel(*judges: str, orders: tuple[int, ...] = (0, 1)) -> tuple[Votes, list[str]]:
    """The verdicts of some judges on LLMBar, and the gold label of each item of the votes."""
    gold, rows = {}, []
    for line in PANEL.read_text(encoding="utf-8").splitlines():
        pair = json.loads(line)
        name = f"{pair['subset']}/{pair['i']}"
        gold[name] = pair["label"]
        for judge, said in pair["verdicts"].items():
            if judge.startswith(judges):
                rows += [(name, f"{judge} {o}", said[o]) for o in orders if said[o] != "-"]
    votes = Votes.of(*zip(*rows, strict=True), classes=("1", "2"))
    return votes, [gold[item] for item in votes.items]


def crowd(seed: int, reliability: list[float], items: int = 2000, classes: int = 3):
    """Votes with known truth: who is not right says any class, the right one too."""
    generator = np.random.default_rng(seed)
    truth = generator.choice(classes, size=items, p=[0.5, 0.3, 0.2])
    people = len(reliability)
    item, who = np.repeat(np.arange(items), people), np.tile(np.arange(people), items)
    knows = generator.random(item.size) < np.array(reliability)[who]
    said = np.where(knows, truth[item], generator.integers(classes, size=item.size))
    return Votes.of(item, who, said), truth


def test_the_anaesthetists_come_out_as_published() -> None:
    votes = anaesthetists()
    fit = dawid_skene(votes, smoothing=0.0)
    assert votes.classes == (1, 2, 3, 4)
    assert fit.converged
    # The paper's estimates, to the two decimals that it gives.
    assert fit.prevalence.round(2).tolist() == [0.40, 0.42, 0.11, 0.07]
    assert fit.confusion[0].round(2).tolist() == [
        [0.89, 0.11, 0.00, 0.00],
        [0.07, 0.88, 0.05, 0.00],
        [0.00, 0.34, 0.66, 0.00],
        [0.00, 0.00, 0.56, 0.44],
    ]


def test_the_anaesthetists_come_out_as_by_the_equations_of_the_paper() -> None:
    votes = anaesthetists()
    n = np.zeros((45, 5, 4))
    np.add.at(n, (votes.item, votes.annotator, votes.label), 1)
    posterior = n.sum(axis=1) / n.sum(axis=(1, 2))[:, None]
    for _ in range(2000):
        prevalence = posterior.mean(axis=0)
        rates = np.einsum("ij,ikl->kjl", posterior, n)
        rates /= rates.sum(axis=2, keepdims=True)
        joint = prevalence * np.prod(rates[None] ** n[:, :, None, :], axis=(1, 3))
        posterior = joint / joint.sum(axis=1, keepdims=True)
    fit = dawid_skene(votes, smoothing=0.0, tolerance=1e-15)
    np.testing.assert_allclose(fit.posteriors, posterior, atol=1e-6)
    np.testing.assert_allclose(fit.confusion, rates, atol=1e-6)
    assert fit.log_likelihood == pytest.approx(np.log(joint.sum(axis=1)).sum(), abs=1e-6)


def test_the_crowd_of_the_bluebirds_comes_out_as_published() -> None:
    """And as by an independent library. Published are errors of 24.07% and 10.19% (Ko, Lin, Li and
    Wong 2019, arXiv 1905.07394)."""
    rows, gold = [], {}
    for line in BLUEBIRDS.read_text(encoding="utf-8").splitlines():
        photo = json.loads(line)
        gold[photo["image"]] = str(int(photo["bunting"]))
        rows += [(photo["image"], who, vote) for who, vote in enumerate(photo["votes"])]
    votes = Votes.of(*zip(*rows, strict=True))
    names = np.array(votes.classes)
    wanted = np.array([gold[image] for image in votes.items])
    assert (len(votes.items), len(votes.annotators)) == (108, 39)
    wrong = [
        (names[found.label] != wanted).mean() for found in (majority(votes), dawid_skene(votes))
    ]
    assert [round(100 * share, 2) for share in wrong] == [24.07, 10.19]
    # crowd-kit, run until nothing moved (benchmarks/crowds.py): the probability of a bunting.
    known = json.loads(BLUEBIRDS.with_name("crowd_kit.json").read_text(encoding="utf-8"))
    fit = dawid_skene(votes, smoothing=0, tolerance=1e-15)
    theirs = [known["bunting"][str(image)] for image in votes.items]
    np.testing.assert_allclose(fit.posteriors[:, votes.classes.index("1")], theirs, atol=1e-6)


def test_on_real_judges_it_finds_the_weak_ones_and_beats_the_majority() -> None:
    votes, gold = panel("GPT-4", "Falcon", orders=(0,))
    most, fit = majority(votes), dawid_skene(votes)
    names = np.array(votes.classes)
    by_majority = np.where(most.tied, 0.5, names[most.label] == gold).mean()
    by_model = (names[fit.label] == gold).mean()
    assert by_majority == pytest.approx(0.720, abs=0.001)
    assert by_model == pytest.approx(0.830, abs=0.001)
    strong = [name.startswith("GPT-4") for name in votes.annotators]
    assert fit.informedness[strong].min() > 0.75
    assert fit.informedness[~np.array(strong)].max() < 0.25


def test_judges_that_share_a_model_make_it_too_sure() -> None:
    votes, gold = panel("GPT-4")
    fit = dawid_skene(votes)
    right = (np.array(votes.classes)[fit.label] == gold).mean()
    assert fit.posteriors.max(axis=1).mean() > 0.98 > 0.9 > right


def test_truth_and_reliability_are_recovered() -> None:
    votes, truth = crowd(1, [0.9, 0.8, 0.7, 0.2, 0.1, 0.1, 0.1])
    fit, most = dawid_skene(votes), majority(votes)
    assert (fit.label == truth).mean() > 0.95 > 0.92 > (most.label == truth).mean()
    np.testing.assert_allclose(fit.informedness, [0.9, 0.8, 0.7, 0.2, 0.1, 0.1, 0.1], atol=0.06)
    np.testing.assert_allclose(fit.prevalence, [0.5, 0.3, 0.2], atol=0.03)
    # The posteriors are calibrated: their mean is the share that is right.
    assert fit.posteriors.max(axis=1).mean() == pytest.approx((fit.label == truth).mean(), abs=0.01)


def test_an_annotator_who_always_says_the_same_is_told_nothing_by() -> None:
    votes, _ = crowd(2, [0.8, 0.8, 0.8, 0.8], items=500)
    said = np.where(votes.annotator == 3, 0, votes.label)
    fit = dawid_skene(Votes.of(votes.item, votes.annotator, said))
    assert fit.informedness[3] == pytest.approx(0.0, abs=0.01)
    assert fit.accuracy[3] > 0.4, "it is right as often as the class is common"


def test_smoothing_keeps_a_rare_annotator_from_certainty() -> None:
    votes, _ = crowd(3, [0.9, 0.9, 0.9], items=200)
    item = np.append(votes.item, 0)
    who = np.append(votes.annotator, 9)
    said = np.append(votes.label, votes.label[0])
    plain = dawid_skene(Votes.of(item, who, said), smoothing=0.0)
    smooth = dawid_skene(Votes.of(item, who, said), smoothing=1.0)
    assert plain.confusion[3].max() == pytest.approx(1.0)
    assert smooth.confusion[3].max() == pytest.approx(2 / 4, abs=0.01)
    assert smooth.given.tolist() == [200, 200, 200, 1]


def test_ties_are_marked_and_go_to_the_commoner_class() -> None:
    votes = Votes.of([1, 1, 2, 2, 3], ["a", "b", "a", "b", "a"], ["x", "y", "y", "y", "x"])
    most = majority(votes)
    assert most.tied.tolist() == [True, False, False]
    assert [votes.classes[label] for label in most.label] == ["y", "y", "x"]
    assert most.share.tolist() == [0.5, 1.0, 1.0]


def test_ratings_with_gaps_become_votes() -> None:
    ratings = Ratings.of(("ann", "bob"), [("good", None), (None, None), ("bad", "good")])
    votes = Votes.of_ratings(ratings)
    assert votes.items == (0, 2)
    assert votes.annotators == ("ann", "bob")
    pairs = zip(votes.annotator, votes.label, strict=True)
    said = [(votes.annotators[a], votes.classes[c]) for a, c in pairs]
    assert said == [("ann", "good"), ("ann", "bad"), ("bob", "good")]


def test_items_that_were_labelled_alike_may_be_counted_instead_of_listed() -> None:
    votes, _ = crowd(4, [0.9, 0.7, 0.5], items=1000)
    said = votes.label.reshape(1000, 3)
    kinds, times = np.unique(said, axis=0, return_counts=True)
    item, who = np.divmod(np.arange(kinds.size), 3)
    counted = dawid_skene(replace(Votes.of(item, who, kinds.ravel()), times=times))
    listed = dawid_skene(votes)
    assert len(kinds) < 30
    np.testing.assert_allclose(counted.confusion, listed.confusion, atol=1e-9)
    np.testing.assert_allclose(counted.prevalence, listed.prevalence, atol=1e-9)
    assert counted.given.tolist() == listed.given.tolist() == [1000, 1000, 1000]
    assert counted.log_likelihood == pytest.approx(listed.log_likelihood)
    assert counted.rounds == listed.rounds


@settings(deadline=None, max_examples=40)
@given(
    st.lists(
        st.tuples(st.integers(0, 6), st.integers(0, 3), st.sampled_from("abc")),
        min_size=2,
        max_size=60,
    ).filter(lambda rows: len({row[2] for row in rows}) > 1),
    st.sampled_from([0.0, 0.01, 1.0]),
    st.randoms(use_true_random=False),
)
def test_any_votes_give_probabilities_whatever_their_order(rows, smoothing, random) -> None:
    fit = dawid_skene(Votes.of(*zip(*rows, strict=True)), smoothing=smoothing)
    np.testing.assert_allclose(fit.posteriors.sum(axis=1), 1.0)
    np.testing.assert_allclose(fit.confusion.sum(axis=2), 1.0)
    assert fit.prevalence.sum() == pytest.approx(1.0)
    assert ((fit.accuracy >= -1e-12) & (fit.accuracy <= 1 + 1e-12)).all()
    again = list(rows)
    random.shuffle(again)
    other = dawid_skene(Votes.of(*zip(*again, strict=True)), smoothing=smoothing)
    np.testing.assert_array_equal(fit.posteriors, other.posteriors)


@pytest.mark.parametrize(
    ("columns", "says"),
    [
        (([], [], []), "no votes"),
        (([1], ["a", "b"], ["x"]), "1 items, 2 annotators and 1 labels"),
    ],
)
def test_votes_that_are_none_are_refused(columns, says) -> None:
    with pytest.raises(CheckError, match=says):
        Votes.of(*columns)


def test_a_label_outside_the_classes_and_a_single_class_are_refused() -> None:
    with pytest.raises(CheckError, match="'C' is none of 'A', 'B'"):
        Votes.of([1, 2], ["a", "a"], ["A", "C"], classes=("A", "B"))
    with pytest.raises(CheckError, match="All 2 votes say 'A'"):
        dawid_skene(Votes.of([1, 2], ["a", "a"], ["A", "A"]))
    with pytest.raises(CheckError, match="at least one round"):
        dawid_skene(anaesthetists(), rounds=0)
