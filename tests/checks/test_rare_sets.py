"""A walk in portions, as machines take it that each have some of the texts, finds what one walk
through all finds."""

from itertools import pairwise

import numpy as np
import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from silversmith.checks.near_copies import near_copies
from silversmith.checks.rare_sets import Found, compare, distinct, joined, rare_sets, settle
from silversmith.checks.shingles import shingles_of

TEXTS = st.lists(
    st.lists(st.sampled_from("abcdefgh"), min_size=1, max_size=12).map(" ".join),
    max_size=25,
    unique=True,
)


def in_one_walk(texts, size, threshold):
    column = pa.array(texts, pa.large_string())
    rows = [np.arange(len(texts))] if texts else []
    found = near_copies(lambda some: shingles_of(column.take(some), size), rows, threshold)
    return [tuple(copy) for copy in found]


def in_portions(texts, size, threshold, cuts):
    hashes, sizes = distinct(*shingles_of(pa.array(texts, pa.large_string()), size))
    _, place, often = np.unique(hashes, return_inverse=True, return_counts=True)
    often = often[place].astype(np.uint32)
    ends = np.concatenate(([0], np.cumsum(sizes)))
    limits = [0, *sorted(cut % (len(texts) + 1) for cut in cuts), len(texts)]
    walked = []
    for first, last in pairwise(limits):
        mine = slice(ends[first], ends[last])
        rows = np.arange(first, last)
        sets = rare_sets(rows, hashes[mine], sizes[first:last], often[mine], threshold)
        found = Found.nothing(len(sets.rows))
        for earlier, decided in walked:
            found = compare(sets, found, earlier, decided, threshold)
        walked.append((sets, settle(sets, found, threshold)))
    return [
        (int(sets.rows[at]), int(found.kept[at]), float(found.likeness[at]))
        for sets, found in walked
        for at in np.flatnonzero(found.kept >= 0).tolist()
    ]


@settings(max_examples=200, deadline=None)
@given(
    TEXTS,
    st.sampled_from([0.3, 0.5, 0.7, 0.9, 1.0]),
    st.integers(1, 3),
    st.lists(st.integers(0, 25), max_size=3),
)
def test_any_texts_in_any_portions(texts, threshold, size, cuts):
    # Texts of the same shingles are told apart before either walk.
    hashes, offsets = shingles_of(pa.array(texts, pa.large_string()), size)
    sets = [frozenset(hashes[a:b].tolist()) for a, b in pairwise(offsets)]
    texts = [text for n, text in enumerate(texts) if sets[n] not in sets[:n]]
    assert in_portions(texts, size, threshold, cuts) == in_one_walk(texts, size, threshold)


def test_a_set_meets_only_what_is_kept_of_the_portions_before():
    words = [f"w{n}" for n in range(40)]
    chain = [" ".join(words[n : n + 30]) for n in (0, 4, 8)]
    # Each is like the next one; the third is like the second alone, which is not kept.
    copies = in_portions(chain, 5, 0.7, [1, 2])
    assert [(row, kept) for row, kept, _ in copies] == [(1, 0)]


def test_portions_can_be_joined():
    texts = [f"{letter} b c d e f" for letter in "axyz"]
    hashes, sizes = distinct(*shingles_of(pa.array(texts), 1))
    _, place, often = np.unique(hashes, return_inverse=True, return_counts=True)
    often = often[place].astype(np.uint32)
    whole = rare_sets(np.arange(4), hashes, sizes, often, 0.5)
    parts = [
        rare_sets(np.arange(n, n + 2), hashes[6 * n :][:12], sizes[:2], often[6 * n :][:12], 0.5)
        for n in (0, 2)
    ]
    for one, other in zip(joined(parts), whole, strict=True):
        assert one.tolist() == other.tolist()
