"""From scores to probabilities: curves, thresholds, reliability, the saved file."""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from silversmith.errors import CheckError
from silversmith.measures.calibration import Calibration, Judged, calibrate, load_calibration
from silversmith.measures.curves import fit_curve
from silversmith.measures.reliability import log_loss, reliability
from silversmith.measures.shares import clopper_pearson

# What share of the samples with a score of 1 to 5 people accept.
TRUE = np.array([0.05, 0.15, 0.50, 0.85, 0.97])


def labelled(n: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    generator = np.random.default_rng(seed)
    scores = generator.integers(1, 6, size=n)
    return scores.astype(float), (generator.random(n) < TRUE[scores - 1]).astype(float)


def smooth(n: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Scores of which the log-odds is a line: 1.5 times the score, plus 0.5."""
    generator = np.random.default_rng(seed)
    scores = generator.normal(size=n)
    return scores, (generator.random(n) < 1 / (1 + np.exp(-(1.5 * scores + 0.5)))).astype(float)


def test_platt_is_that_of_scikit_learn() -> None:
    # sklearn.calibration._sigmoid_calibration 1.9.1 on the sixteen rows: -0.90692847, 2.63930655.
    counts, hits = np.array([2, 3, 4, 3, 4]), np.array([0.0, 1.0, 2.0, 2.0, 4.0])
    curve = fit_curve("platt", np.arange(1.0, 6.0), counts, hits)
    assert curve.kind == "platt"
    assert (curve.slope, curve.intercept) == pytest.approx((0.90692847, -2.63930655), abs=1e-6)


def test_isotonic_pools_adjacent_violators() -> None:
    # 0/2, then 3/4 and 1/4 pooled to 4/8, then 2/2; the ends are held by Laplace's rule, n = 12.
    curve = fit_curve(
        "isotonic", np.array([1.0, 2.0, 3.0, 4.0]), np.array([2, 4, 4, 2]), np.array([0.0, 3, 1, 2])
    )
    assert curve.kind == "isotonic"
    assert curve.scores == (1.0, 2.0, 3.0, 4.0)
    assert curve.probabilities == pytest.approx((1 / 14, 0.5, 0.5, 13 / 14))
    assert curve.at(2.7) == 0.5
    assert curve.at(3.5) == pytest.approx((0.5 + 13 / 14) / 2)
    assert curve.at(-9.0) == pytest.approx(1 / 14)
    assert math.isnan(curve.at(math.nan))


@settings(deadline=None, max_examples=60)
@given(
    st.lists(st.tuples(st.floats(-5, 5, width=16), st.booleans()), min_size=4, max_size=60).filter(
        lambda rows: (
            len({score for score, _ in rows}) > 1
            and 2 <= sum(good for _, good in rows) <= len(rows) - 2
        )
    ),
    st.sampled_from(["platt", "isotonic", "auto"]),
)
def test_a_higher_score_is_never_less_probable_and_nothing_is_certain(rows, kind) -> None:
    scores, good = (np.array(column, dtype=float) for column in zip(*rows, strict=True))
    fitted = calibrate(scores, good, of="rubric", kind=kind)
    grid = np.linspace(-7, 7, 57)
    many = fitted.probabilities(grid)
    assert (np.diff(many) >= 0).all()
    assert ((many > 0) & (many < 1)).all()
    assert many == pytest.approx([fitted.probability(x) for x in grid], rel=1e-12)
    assert fitted.probabilities(scores).mean() == pytest.approx(good.mean(), abs=0.5)


def test_with_labels_enough_the_probabilities_are_the_true_ones() -> None:
    fitted = calibrate(*labelled(20_000), of="rubric")
    assert fitted.curve.kind == "isotonic", "the true curve is no logistic one"
    assert fitted.probabilities(np.arange(1, 6)) == pytest.approx(TRUE, abs=0.02)
    assert fitted.reliability.ece < 0.015
    assert fitted.reliability.brier == pytest.approx((TRUE * (1 - TRUE)).mean(), abs=0.01)


def test_where_the_curve_is_logistic_and_labels_few_platt_is_chosen() -> None:
    fitted = calibrate(*smooth(300), of="rubric")
    assert fitted.curve.kind == "platt"
    assert fitted.losses["platt"] < fitted.losses["isotonic"] < fitted.prior_loss
    assert fitted.informative


def test_scores_that_tell_nothing_are_found_out() -> None:
    generator = np.random.default_rng(5)
    scores, good = generator.normal(size=400), generator.random(400) < 0.7
    fitted = calibrate(scores, good, of="rubric", precisions=(0.9,))
    assert not fitted.informative
    assert not fitted.thresholds[0].met


def test_a_judge_that_is_wrong_way_round_gets_a_level_curve() -> None:
    scores, good = smooth(500)
    fitted = calibrate(-scores, good, of="rubric")
    assert np.ptp(fitted.probabilities(scores)) < 0.02
    assert not fitted.informative


def test_the_threshold_keeps_the_wanted_precision_on_new_samples() -> None:
    scores, good = labelled(2_000)
    fitted = calibrate(scores, good, of="rubric", precisions=(0.8, 0.9))
    for threshold, lowest in zip(fitted.thresholds, (4.0, 5.0), strict=True):
        assert threshold.met
        assert threshold.score == lowest
        assert threshold.low <= threshold.precision <= threshold.high
        assert threshold.precision >= threshold.wanted
        new, truly = labelled(20_000, seed=9)
        kept = fitted.probabilities(new) >= threshold.probability
        assert truly[kept].mean() >= threshold.wanted
        assert threshold.low <= truly[kept].mean() <= threshold.high
        assert threshold.kept == pytest.approx(kept.mean(), abs=0.03)
        assert threshold.recall == pytest.approx(truly[kept].sum() / truly.sum(), abs=0.05)
        assert fitted.probability(threshold.score) >= threshold.probability


def test_where_no_threshold_gives_the_precision_it_says_so() -> None:
    scores, good = labelled(2_000)
    (threshold,) = calibrate(scores, good, of="rubric", precisions=(0.99,)).thresholds
    assert (threshold.probability, threshold.score, threshold.met) == (None, None, False)
    assert threshold.says.startswith("No threshold is shown to give a precision of 99%")
    assert "a better judge or a lower precision is needed" in threshold.says


def test_too_few_labels_say_how_many_would_do() -> None:
    scores, good = labelled(100)
    (threshold,) = calibrate(scores, good, of="rubric", precisions=(0.9,)).thresholds
    assert not threshold.met
    assert "labels among the kept would show it" in threshold.says


def test_the_precision_of_a_threshold_is_not_too_good() -> None:
    """Over many small samples, the interval holds the true precision as often as it promises."""
    covered, found = 0, 0
    new, truly = smooth(100_000, seed=999)
    for seed in range(40):
        scores, good = smooth(400, seed=seed)
        fitted = calibrate(scores, good, of="rubric", kind="platt", precisions=(0.8,), folds=5)
        (threshold,) = fitted.thresholds
        if threshold.met:
            found += 1
            true = truly[new >= threshold.score].mean()
            covered += threshold.low <= true <= threshold.high
            assert true > 0.77
    assert found > 30
    assert covered / found > 0.9


def test_bins_of_equal_mass_and_their_figures() -> None:
    p = np.array([0.1] * 4 + [0.4] * 4 + [0.8] * 2 + [0.9] * 2)
    y = np.array([0, 0, 0, 1, 0, 1, 1, 0, 1, 1, 1, 0], dtype=float)
    found = reliability(p, y, bins=3)
    assert [(b.n, b.observed) for b in found.bins] == [(4, 0.25), (4, 0.5), (4, 0.75)]
    assert [b.predicted for b in found.bins] == pytest.approx([0.1, 0.4, 0.85])
    assert (found.bins[0].low, found.bins[0].high) == clopper_pearson(1, 4)
    assert found.ece == pytest.approx((4 * 0.15 + 4 * 0.1 + 4 * 0.1) / 12)
    assert found.brier == pytest.approx(((p - y) ** 2).mean())
    assert found.log_loss == pytest.approx(log_loss(p, y))


def test_the_error_on_parts_that_had_no_say_is_about_the_true_one() -> None:
    """Over many samples of 300 labels: the distance of each curve from the true shares, and what
    the estimate says of it, are about the same in the mean square."""
    true, said = [], []
    for seed in range(60):
        scores, good = labelled(300, seed)
        fitted = calibrate(scores, good, of="rubric", kind="isotonic", seed=seed)
        gap = fitted.probabilities(np.arange(1.0, 6.0)) - TRUE
        true.append(float((gap**2).mean()))
        said.append(fitted.error**2)
    assert 0.01 < np.mean(true) ** 0.5 < 0.06
    assert np.mean(said) ** 0.5 == pytest.approx(np.mean(true) ** 0.5, abs=0.02)


def test_saying_one_half_always_scores_as_known() -> None:
    found = reliability(np.full(10, 0.5), np.array([0.0, 1.0] * 5))
    assert (found.brier, found.log_loss, found.ece) == pytest.approx((0.25, math.log(2), 0.0))
    assert len(found.bins) == 1, "equal probabilities are not split"


def test_it_is_saved_and_loaded_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / "rubric.calibration.json"
    fitted = calibrate(
        *labelled(500),
        of="rubric.helpful",
        judged=(Judged(judge="rubric", criterion="helpful", model="openai/some-model"),),
        date="2026-11-23",
        precisions=(0.8,),
    )
    fitted.save(path)
    again = load_calibration(path)
    assert again == fitted
    assert again.probability(3.3) == fitted.probability(3.3)
    kept = json.loads(path.read_text(encoding="utf-8"))
    assert (kept["n"], kept["of"], kept["date"]) == (500, "rubric.helpful", "2026-11-23")
    assert str(again.judged[0]) == "rubric.helpful by openai/some-model"
    assert [file.name for file in tmp_path.iterdir()] == [path.name]


def test_the_same_labels_give_the_same_file() -> None:
    one, two = (calibrate(*labelled(500), of="rubric", precisions=(0.9,)) for _ in range(2))
    assert one.model_dump_json() == two.model_dump_json()


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("{", "Invalid JSON"),
        ('{"format": "something else"}', "format"),
        ("[]", "this is no calibration that silversmith wrote"),
    ],
)
def test_a_file_that_is_none_is_refused_in_a_sentence(tmp_path: Path, text, says) -> None:
    path = tmp_path / "broken.json"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(CheckError, match=says) as caught:
        load_calibration(path)
    assert str(path) in str(caught.value)


def test_a_falling_curve_in_a_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "edited.json"
    fitted = calibrate(*labelled(20_000), of="rubric")
    kept = json.loads(fitted.model_dump_json())
    kept["curve"]["probabilities"].reverse()
    path.write_text(json.dumps(kept), encoding="utf-8")
    with pytest.raises(CheckError, match="must not fall"):
        load_calibration(path)


def test_files_that_cannot_be_read_or_written_are_named(tmp_path: Path) -> None:
    with pytest.raises(CheckError, match="cannot be read: No such file"):
        load_calibration(tmp_path / "missing.json")
    with pytest.raises(CheckError, match="cannot be written: No such file"):
        calibrate(*labelled(100), of="rubric").save(tmp_path / "missing" / "a.json")


@pytest.mark.parametrize(
    ("scores", "good", "says"),
    [
        ([1, 2, 3], [1, 0], "3 scores and 2 verdicts"),
        ([1, math.nan, 3, 4], [1, 0, 1, 0], "1 of 4 scores are missing"),
        ([1, 2, 3, 4], [1, 0, 2, 0], "1 \\(acceptable\\) or 0"),
        ([1, 2, 3, 4], [1, 1, 1, 0], "at least two acceptable and two others"),
        ([4, 4, 4, 4], [1, 0, 1, 0], "All 4 scores are 4"),
    ],
)
def test_labels_that_tell_nothing_are_refused(scores, good, says) -> None:
    with pytest.raises(CheckError, match=says):
        calibrate(np.array(scores), np.array(good), of="rubric")


def test_options_out_of_range_are_refused() -> None:
    with pytest.raises(CheckError, match="two folds"):
        calibrate(*labelled(100), of="rubric", folds=1)
    with pytest.raises(CheckError, match="precision lies between 0 and 1"):
        calibrate(*labelled(100), of="rubric", precisions=(90,))


def test_a_million_labels_are_no_matter() -> None:
    fitted = calibrate(*labelled(1_000_000), of="rubric", precisions=(0.9,))
    assert isinstance(fitted, Calibration)
    assert fitted.thresholds[0].met
