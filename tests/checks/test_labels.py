"""Labels of a taxonomy: which one is meant, which are near a text, and how they are covered."""

from pathlib import Path

import pytest

import silversmith
from silversmith.checks.labels import (
    Coverage,
    coverage,
    find_label,
    nearest_leaves,
    unknown_label,
)
from silversmith.records.taxonomy import Category, Taxonomy
from silversmith.records.taxonomy_file import read_taxonomy

ROOT = Path(silversmith.__file__).parent
PATHS = ["grants/patent grant", "grants/copyright", "termination/patent retaliation", "other/grant"]


@pytest.mark.parametrize(
    ("label", "path"),
    [
        ("grants/copyright", "grants/copyright"),
        ("Grants / Copyright", "grants/copyright"),
        ("grants > copyright", "grants/copyright"),
        ("grants.patent_grant", "grants/patent grant"),
        ("patent-retaliation", "termination/patent retaliation"),
        ("Copyright", "grants/copyright"),
        ("grant", None),
        ("patent", None),
        ("termination", None),
        ("", None),
        ("//", None),
    ],
)
def test_a_label_means_one_path_or_none(label, path):
    assert find_label(label, PATHS) == path


def test_an_unknown_label_is_told_the_nearest_or_all():
    assert unknown_label("grants/copyrights", PATHS).endswith("did you mean 'grants/copyright'?")
    assert unknown_label("xyz", PATHS).endswith("there are " + ", ".join(PATHS))


SECTIONS = {
    '1.3. "Contribution"': "scope/defined term",
    "2.1. Grants": "grants/copyright grant",
    "2.3. Limitations on Grant Scope": "grants/reserved rights",
    "3.1. Distribution of Source Form": "conditions/source",
    "3.4. Notices": "conditions/notices",
    "3.5. Application of Additional Terms": "risk/indemnity",
    "4. Inability to Comply": "administration/law and courts",
    "5.1. The rights granted": "termination/breach",
    "5.2. If You initiate litigation": "termination/patent retaliation",
    "6. Disclaimer of Warranty": "risk/warranty disclaimer",
    "7. Limitation of Liability": "risk/liability limit",
    "8. Litigation": "administration/law and courts",
    "10.1. New Versions": "administration/versions",
}
"""Clauses of the Mozilla Public License with the leaf that each is the plainest case of."""


def test_the_leaf_of_a_clause_is_among_those_that_are_asked_about():
    taxonomy = read_taxonomy(ROOT / "recipes/data/taxonomies/licence_clauses.yaml")
    text = (ROOT / "tests/data/documents/legal/MPL-2.0.txt").read_text(encoding="utf-8")
    starts = sorted((text.index(heading), leaf) for heading, leaf in SECTIONS.items())
    missed = []
    for start, leaf in starts:
        near = [each.path for each in nearest_leaves(text[start : start + 900], taxonomy)]
        assert len(near) == len(taxonomy.leaves)
        if leaf not in near[:5]:
            missed.append((leaf, near[:5]))
    assert len(missed) <= 2, missed


def test_a_text_without_words_keeps_the_order_of_the_taxonomy():
    taxonomy = Taxonomy("x", "", (Category("b", "Bread rises."), Category("a", "Cats sleep.")))
    assert [leaf.path for leaf in nearest_leaves("?!", taxonomy)] == ["b", "a"]
    assert [leaf.path for leaf in nearest_leaves("My cats.", taxonomy)] == ["a", "b"]


def test_coverage_counts_what_was_planned_and_what_was_found():
    samples = [
        ({"leaf": "a"}, ("a", "b"), True),
        ({"leaf": "a"}, (), True),
        ({"leaf": "a"}, ("a",), False),
        ({"leaf": "b"}, (), False),
        ({"task": "general"}, (), True),
        ({}, ("old",), True),
    ]
    assert coverage(samples, ["a", "b", "c"]) == [
        Coverage("a", planned=3, kept=2, present=1, labelled=1),
        Coverage("b", planned=1, kept=0, present=0, labelled=1),
        Coverage("c"),
        Coverage("old", labelled=1),
    ]
