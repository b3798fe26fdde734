"""The score filter keeps what judges scored high enough."""

import math

import numpy as np
import pytest
from pydantic import ValidationError

from silversmith.errors import CheckError
from silversmith.filters.score import Score
from silversmith.measures.calibration import Judged, calibrate
from silversmith.records import Judgement, Sample


def judged(score: float | None, *judgements: tuple[str, str, float]) -> Sample:
    return Sample.pair(
        "Why is the sky blue?",
        "Because of Rayleigh scattering.",
        id="3f2a91abcdef",
        score=score,
        judgements=tuple(Judgement(who, what, "m", s, s) for who, what, s in judgements),
    )


def test_a_score_below_the_minimum_is_dropped_with_both_numbers():
    assert Score(min=0.6).reason_to_drop(judged(0.42)) == "0.42, below 0.60"


def test_a_score_at_the_minimum_is_kept():
    assert Score(min=0.6).reason_to_drop(judged(0.6)) is None


def test_a_score_that_rounds_to_the_minimum_is_shown_whole():
    assert Score(min=0.6).reason_to_drop(judged(0.5999)) == "0.5999, below 0.60"


def test_each_criterion_has_its_own_minimum():
    sample = judged(0.9, ("rubric", "accuracy", 0.25), ("rubric", "style", 0.75))
    assert Score(criteria={"style": 0.5}).reason_to_drop(sample) is None
    reason = Score(criteria={"style": 0.5, "accuracy": 0.5}).reason_to_drop(sample)
    assert reason == "accuracy 0.25, below 0.50"


def test_overall_and_criteria_may_both_be_asked():
    strict = Score(min=0.5, criteria={"accuracy": 0.5})
    assert strict.reason_to_drop(judged(0.4, ("r", "accuracy", 1.0))) == "0.40, below 0.50"
    assert strict.reason_to_drop(judged(0.8, ("r", "accuracy", 0.2))) == "accuracy 0.20, below 0.50"
    assert strict.reason_to_drop(judged(0.8, ("r", "accuracy", 0.7))) is None


def test_a_bare_criterion_asks_it_of_every_judge_and_a_full_name_of_one():
    sample = judged(0.6, ("lenient", "accuracy", 0.9), ("strict", "accuracy", 0.3))
    bare = Score(criteria={"accuracy": 0.5})
    assert bare.reason_to_drop(sample) == "strict.accuracy 0.30, below 0.50"
    assert Score(criteria={"lenient.accuracy": 0.5}).reason_to_drop(sample) is None
    full = Score(criteria={"strict.accuracy": 0.5})
    assert full.reason_to_drop(sample) == "strict.accuracy 0.30, below 0.50"


@pytest.mark.parametrize(
    ("rule", "sample", "sentence"),
    [
        (Score(min=0.5), judged(None), "sample 3f2a91ab has no overall score.* add a judge"),
        (Score(criteria={"accuracy": 0.5}), judged(None), "no judge has scored it; add a judge"),
        (
            Score(criteria={"acuracy": 0.5}),
            judged(0.9, ("rubric", "accuracy", 0.9)),
            "no score for the criterion 'acuracy'; did you mean 'accuracy'?",
        ),
        (
            Score(criteria={"tone": 0.5}),
            judged(0.9, ("rubric", "accuracy", 0.9), ("rubric", "depth", 0.9)),
            "only for accuracy, depth",
        ),
        (Score(min=0.5), judged(math.nan), r"the overall score of sample 3f2a91ab .*\(NaN\)"),
        (
            Score(criteria={"accuracy": 0.5}),
            judged(0.9, ("rubric", "accuracy", math.nan)),
            r"the accuracy score of sample 3f2a91ab .*\(NaN\)",
        ),
    ],
)
def test_a_score_that_is_missing_or_no_number_is_told(rule, sample, sentence):
    with pytest.raises(CheckError, match=sentence):
        rule.reason_to_drop(sample)


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({}, "nothing to filter by: give `min`"),
        ({"min": 1.5}, "less than or equal to 1"),
        ({"min": -0.1}, "greater than or equal to 0"),
        ({"min": math.nan}, "or equal to"),
        ({"criteria": {"accuracy": 3}}, "less than or equal to 1"),
        ({"minimum": 0.5}, "Extra inputs are not permitted"),
    ],
)
def test_options_that_make_no_sense_are_refused(options, sentence):
    with pytest.raises(ValidationError, match=sentence):
        Score(**options)


@pytest.fixture
def probable(tmp_path):
    """Scores from 0 to 1 of the judge `rubric` with the model m, of which people accept the upper
    half."""
    scores = np.tile(np.linspace(0, 1, 5), 40)
    accuracy = Judged(judge="rubric", criterion="accuracy", model="m")
    for of in ("score", "rubric.accuracy"):
        fitted = calibrate(scores, scores > 0.4, of=of, judged=(accuracy,))
        fitted.save(tmp_path / f"{of}.json")

    def rule(of="score"):
        one = Score(min_probability=0.8, calibration=f"{of}.json")
        one.prepare(tmp_path)
        return one

    return rule


def test_what_is_probably_not_acceptable_is_dropped(probable):
    for of in ("score", "rubric.accuracy"):
        rule = probable(of)
        assert rule.reason_to_drop(judged(0.75, ("rubric", "accuracy", 0.75))) is None
        reason = rule.reason_to_drop(judged(0.25, ("rubric", "accuracy", 0.25)))
        assert reason.startswith("probability 0.")
        assert reason.endswith(", below 0.80")


def test_a_sample_that_fails_what_must_hold_is_not_probable(probable):
    broken = Judgement("verified", "must_hold", "", 0.0, 0.0, "2 + 2 = 5")
    sample = judged(0.0).with_(judgements=(broken,))
    assert probable().reason_to_drop(sample) == "it fails what must hold (2 + 2 = 5)"


@pytest.mark.parametrize(
    ("of", "sample", "sentence"),
    [
        ("score", judged(None), "has no overall score"),
        ("score", judged(0.9, ("other", "accuracy", 0.9)), "was not judged by rubric, and"),
        (
            "score",
            judged(0.9, ("rubric", "accuracy", 0.9), ("rubric", "depth", 0.9)),
            "was judged by rubric.depth with the model m, and score.json is for",
        ),
        ("rubric.accuracy", judged(0.9, ("rubric", "depth", 0.9)), "no score of rubric.accuracy"),
    ],
)
def test_scores_that_were_not_calibrated_are_told(probable, of, sample, sentence):
    with pytest.raises(CheckError, match=sentence):
        probable(of).reason_to_drop(sample)
