"""Measures of agreement against published examples, and against other libraries."""

import json
from pathlib import Path

import pytest

from silversmith.errors import CheckError
from silversmith.measures.comparison import compare
from silversmith.measures.ratings import Ratings

DATA = Path(__file__).parents[1] / "data"

# Krippendorff 2011, Computing Krippendorff's alpha-reliability, part C: four observers, twelve
# units, missing values.
KRIPPENDORFF = """
1 2 3 3 2 1 4 1 2 . . .
1 2 3 3 2 2 4 1 2 5 . 3
. 3 3 3 2 3 4 2 2 5 1 .
1 2 3 3 2 4 4 1 2 5 1 .
"""

# Fleiss 1971, table 1: how many of six psychiatrists put each of 30 patients into each of five
# categories.
FLEISS = """
00060 03003 01401 00006 03030 20400 00402 20310 20040 00006 10050 11040 03300 10050 02031
00501 30012 51000 02040 10203 00006 01050 02013 20040 10041 05010 40002 02040 10500 00006
"""

# Cohen 1960, table 1, as counts of 200 patients.
COHEN = ((88, 14, 18), (10, 40, 10), (2, 6, 12))


def ratings_of_table(table):
    rows = [
        (i, j)
        for i, counts in enumerate(table)
        for j, count in enumerate(counts)
        for _ in range(count)
    ]
    return Ratings.of("ab", rows)


def figures(many):
    return {one.measure: one.value for one in many}


def test_alpha_of_krippendorffs_own_example():
    raters = [line.split() for line in KRIPPENDORFF.strip().splitlines()]
    rows = [
        [None if value == "." else value for value in unit] for unit in zip(*raters, strict=True)
    ]

    people = figures(compare(Ratings.of("ABCD", rows), "ABCD", resamples=100).whole.people)

    assert round(people["alpha_nominal"], 3) == 0.743
    assert round(people["alpha_ordinal"], 3) == 0.815
    assert round(people["alpha_interval"], 3) == 0.849


def test_fleiss_kappa_of_the_psychiatrists():
    rows = [[c for c, n in enumerate(counts) for _ in range(int(n))] for counts in FLEISS.split()]

    people = figures(compare(Ratings.of("uvwxyz", rows), "uvwxyz", resamples=100).whole.people)

    assert round(people["fleiss_kappa"], 3) == 0.430


def test_kappa_of_cohens_example():
    (pair,) = compare(ratings_of_table(COHEN), "ab", resamples=100).whole.comparisons

    assert pair.figure("percent").value == 0.70
    assert round(pair.figure("kappa").value, 3) == 0.492
    assert pair.confusion.counts == COHEN


@pytest.mark.parametrize("number", range(6))
def test_every_measure_is_what_other_libraries_say(number):
    lines = (DATA / "agreement" / "reference.jsonl").read_text().splitlines()
    case = json.loads(lines[number])
    raters = [f"r{n}" for n in range(len(case["rows"][0]))]

    whole = compare(Ratings.of(raters, case["rows"]), raters, resamples=100).whole

    found = {**figures(whole.comparisons[0].figures), **figures(whole.people)}
    assert found == pytest.approx(case["figures"], abs=1e-9)


def test_agreement_of_people_in_pandalm_is_as_published():
    lines = (DATA / "pandalm" / "labels.jsonl").read_text().splitlines()
    names = ["a1", "a2", "a3", "pandalm7b"]
    rows = [[json.loads(line)[name] for name in names] for line in lines]

    found = compare(Ratings.of(names, rows).as_names(), names[:3], names[3:])

    kappas = {(one.a, one.b): one.figure("kappa").value for one in found.whole.comparisons}
    assert round(kappas["a1", "a2"], 2) == 0.85
    assert round(kappas["a1", "a3"], 2) == 0.88
    assert round(kappas["a2", "a3"], 2) == 0.86
    assert round(kappas["pandalm7b", "majority"], 3) == 0.435
    assert round(figures(found.whole.people)["alpha_nominal"], 3) == 0.864
    (gap,) = found.whole.gaps
    assert gap.difference.value == pytest.approx(gap.judge_human - gap.human_human)
    assert gap.difference.interval.high < -0.3


def test_values_weigh_a_disagreement_and_not_their_places():
    """Of a scale on which nobody gave a 3, the step from 2 to 4 is a step of two."""
    rows = [(1, 1), (2, 4), (4, 4), (5, 5), (4, 2), (1, 2)]

    gapped = compare(Ratings.of("ab", rows), "ab", resamples=100).whole.comparisons[0]
    ordered = [[str(value) for value in row] for row in rows]
    full = Ratings.of("ab", ordered, order=["1", "2", "3", "4", "5"])

    again = compare(full, "ab", resamples=100).whole.comparisons[0]
    for measure in ("kappa_linear", "kappa_quadratic", "alpha_interval"):
        assert gapped.figure(measure).value == pytest.approx(again.figure(measure).value)


def test_words_in_a_given_order_are_a_scale():
    rows = [("bad", "bad"), ("fair", "good"), ("good", "good"), ("bad", "fair")]
    order = ["bad", "fair", "good"]

    (pair,) = compare(Ratings.of("ab", rows, order=order), "ab", resamples=100).whole.comparisons
    places = [[order.index(word) for word in row] for row in rows]
    (same,) = compare(Ratings.of("ab", places), "ab", resamples=100).whole.comparisons

    assert figures(pair.figures) == pytest.approx(figures(same.figures))
    assert pair.confusion.labels == ("bad", "fair", "good")
    with pytest.raises(CheckError, match=r"the order bad, good lacks 'fair'"):
        Ratings.of("ab", rows, order=["bad", "good"])


def test_labels_are_compared_as_they_are_meant():
    rows = [(4, "4.0"), (True, " TRUE "), (None, "x"), ("", "x"), (float("nan"), 1), ("no", "no")]

    ratings = Ratings.of("ab", rows)

    assert ratings.labels == ("1", "4", "no", "true", "x")
    assert ratings.codes.tolist() == [[1, 1], [3, 3], [-1, 4], [-1, 4], [-1, 0], [2, 2]]
    with pytest.raises(CheckError, match="a list where a label is a text or a number"):
        Ratings.of("ab", [([1], 1)])


def test_one_label_only_leaves_kappa_undefined():
    (pair,) = compare(Ratings.of("ab", [("yes", "yes")] * 20), "ab").whole.comparisons

    assert pair.figure("percent").value == 1
    for measure in ("kappa", "alpha_nominal"):
        figure = pair.figure(measure)
        assert figure.value is None
        assert figure.reason == "not defined: a and b use one label only, 'yes'"


def test_a_rater_that_always_says_the_same_is_named():
    rows = [(n % 5 + 1, 5) for n in range(20)]

    found = compare(Ratings.of(["h", "j"], rows), ["h"], ["j"])

    (pair,) = found.whole.comparisons
    assert pair.figure("kappa").value == 0
    assert pair.figure("spearman").value is None
    assert pair.figure("spearman").reason == "not defined: j gives one value only"
    assert found.notes == (
        "j gives '5' to all 20 items that it labels: it tells nothing apart, and its figures say"
        " nothing.",
    )


def test_scales_that_differ_are_compared_by_order_alone():
    rows = [(n % 5 + 1, (n % 5) / 5 + 0.05) for n in range(30)]

    found = compare(Ratings.of(["h", "j"], rows), ["h"], ["j"])

    assert figures(found.whole.comparisons[0].figures) == pytest.approx(
        {"spearman": 1, "kendall": 1}
    )
    assert found.notes == (
        "j (0.05 to 0.85) and h (1 to 5) are on different scales: only Spearman and Kendall, which"
        " compare the order, are given.",
    )


def test_a_judge_that_uses_a_part_of_the_scale_is_on_the_scale():
    rows = [(n % 5 + 1, 4 + n % 2) for n in range(30)]

    found = compare(Ratings.of(["h", "j"], rows), ["h"], ["j"])

    assert found.whole.comparisons[0].figure("kappa_quadratic") is not None
    assert found.notes == ()


def test_scores_are_no_labels():
    rows = [(n / 100, (n + n % 7) / 100) for n in range(100)]

    found = compare(Ratings.of("ab", rows), "ab", resamples=100)

    names = set(figures(found.whole.comparisons[0].figures))
    assert names == {"alpha_ordinal", "alpha_interval", "spearman", "kendall"}
    assert "scores and no labels" in found.notes[0]


def test_labels_without_one_in_common_are_not_compared():
    rows = [("yes", "1"), ("no", "0")] * 10

    found = compare(Ratings.of("ab", rows), "ab")

    (figure,) = found.whole.comparisons[0].figures
    assert figure.value is None
    assert "with no label in common" in figure.reason
    assert "--same" in found.notes[0]


def test_raters_without_an_item_in_common():
    found = compare(Ratings.of("abc", [(1, None, 1), (None, 2, 2)] * 6), "abc", resamples=100)

    first = found.whole.comparisons[0]
    assert (first.a, first.b, first.items) == ("a", "b", 0)
    assert first.figures[0].reason == "no item has a label of both a and b"
    assert "a and b have no item in common: nothing can be compared." in found.notes


def test_few_items_get_an_interval_with_a_warning():
    found = compare(Ratings.of("ab", [(1, 1), (2, 2), (1, 2), (2, 2), (1, 1)]), "ab")

    interval = found.whole.comparisons[0].figure("percent").interval
    assert interval.low < 0.8 < interval.high
    assert "Only 5 items" in found.notes[0]


def test_the_majority_of_three_people():
    names = ["a", "b", "c"]
    rows = [(1, 1, 2), (1, 2, 3), (None, 2, 2), (None, None, 3), (None, None, None), (2, 1, 1)]

    ratings = Ratings.of(names, rows)

    labels = [ratings.labels[code] if code >= 0 else None for code in ratings.majority(names)]
    assert labels == ["1", None, "2", "3", None, "1"]
