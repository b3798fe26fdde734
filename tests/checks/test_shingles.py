"""Shingles of a column of texts, against words split one text at a time."""

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from silversmith.checks import normalise, split_words
from silversmith.checks.shingles import Unit, shingles_of


def column(texts: list[str | None]) -> pa.LargeStringArray:
    return pa.array(texts, pa.large_string())


def runs(text: str | None, size: int, unit: Unit) -> list[tuple[str, ...]]:
    words = split_words(normalise(text or ""))
    tokens = words if unit == "words" else list(" ".join(words))
    return [tuple(tokens[n : n + size]) for n in range(max(len(tokens) - size + 1, 1))] * bool(
        tokens
    )


def agree(texts: list[str | None], size: int, unit: Unit) -> None:
    """Equal runs have equal hashes, different ones different hashes, all in their order."""
    hashes, offsets = shingles_of(column(texts), size, unit)
    by_run: dict[tuple[str, ...], int] = {}
    for row, text in enumerate(texts):
        own = hashes[offsets[row] : offsets[row + 1]].tolist()
        for run, value in zip(runs(text, size, unit), own, strict=True):
            assert by_run.setdefault(run, value) == value
    assert len(set(by_run.values())) == len(by_run)


def test_shingles_are_all_runs_of_words():
    texts = column(["a b c d e f", "B, C, D -- e f a!", "a b c d e"])
    hashes, offsets = shingles_of(texts, 5)
    assert offsets.tolist() == [0, 2, 4, 5]
    assert hashes[0] == hashes[4]
    assert hashes[1] == hashes[2]
    assert len(set(hashes.tolist())) == 3


def test_a_short_text_is_one_shingle_and_an_empty_one_none():
    hashes, offsets = shingles_of(column(["a b", "", "a", "a b", None, "..."]), 5)
    assert offsets.tolist() == [0, 1, 1, 2, 3, 3, 3]
    assert hashes[0] == hashes[2] != hashes[1]
    assert shingles_of(column([]), 5).offsets.tolist() == [0]
    assert shingles_of(column(["", ""]), 5).offsets.tolist() == [0, 0, 0]


def test_hashes_are_the_same_in_every_process():
    assert shingles_of(column(["silver smith"]), 1).hashes.tolist() == [
        8219087214124260079,
        3252617220161513302,
    ]


@pytest.mark.parametrize("unit", ["words", "characters"])
@pytest.mark.parametrize("size", [1, 3, 5])
def test_texts_of_many_scripts(size, unit):
    long = "x" * 5_000
    texts = [
        "Hello, World! It's 5_x", "ünï cödé Straße", "人工智能正在改变我们的生活", "👍👍", None,
        "a", "कखग घ", "ab" * 300, f"{long}y {long}z", f"{long}z", f"{long[:510]}", f"{long[:512]}",
        f"{long[:513]}", "12345678", "123456789", "1234567", "e\u0301 é",
    ]  # fmt: skip
    agree(texts, size, unit)


def test_a_part_of_a_column_and_a_column_in_chunks():
    texts = ["one two three", "four five", "", "six seven eight nine"]
    whole = shingles_of(column(texts), 2)
    part = shingles_of(column(["before", *texts, "after"]).slice(1, 4), 2)
    chunks = shingles_of(pa.chunked_array([column(texts[:1]), column(texts[1:])]), 2)
    for other in (part, chunks):
        assert other.hashes.tolist() == whole.hashes.tolist()
        assert other.offsets.tolist() == whole.offsets.tolist()


WORDS = st.lists(
    st.sampled_from(["a", "b", "cc", "Ünder", "words_of_more_than_eight", "猫"]), max_size=8
)


@settings(deadline=None)
@given(
    st.lists(WORDS.map(" ".join), max_size=6),
    st.integers(1, 5),
    st.sampled_from(["words", "characters"]),
)
def test_shingles_of_any_words(texts, size, unit):
    agree(texts, size, unit)
