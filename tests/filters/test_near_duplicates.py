"""The filter of near duplicates, against an exhaustive reference."""

import json
import random
import re
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from silversmith.filters import Drop
from silversmith.filters.near_duplicates import NearDuplicates

TOOLFORMER = Path(__file__).parent.parent / "data" / "gpteacher_toolformer" / "toolformer.jsonl"
WORDS = tuple("abcdefghijklmnopqrst")


def shingles(text: str, size: int) -> set[tuple[str, ...]]:
    words = re.findall(r"\w+", text.casefold())
    return {tuple(words[i : i + size]) for i in range(max(len(words) - size + 1, 1))} - {()}


def jaccard(one: set, other: set) -> float:
    return len(one & other) / len(one | other) if one and other else 0.0


def exhaustive(texts: list[str], threshold: float, size: int = 5) -> list[tuple[int, int]]:
    """Every row against every row kept before it: what is dropped, and because of what."""
    sets = [shingles(text, size) for text in texts]
    kept: list[int] = []
    drops = []
    for row, own in enumerate(sets):
        first = next((k for k in kept if jaccard(own, sets[k]) >= threshold), None)
        if first is None:
            kept.append(row)
        else:
            drops.append((row, first))
    return drops


def found(filter_: NearDuplicates, table: pa.Table) -> list[tuple[int, int | None]]:
    return [(drop.row, drop.because_of) for drop in filter_.drops(table)]


def variants(seed: int, groups: int) -> list[str]:
    """Texts of 40 words in groups, each a few words off the first of its group."""
    draw = random.Random(seed)
    texts = []
    for _ in range(groups):
        words = [draw.choice(WORDS) + str(draw.randrange(9)) for _ in range(40)]
        for _ in range(draw.randrange(1, 5)):
            other = list(words)
            for _ in range(draw.randrange(4)):
                other[draw.randrange(40)] = f"new{draw.randrange(99)}"
            texts.append(" ".join(other))
    draw.shuffle(texts)
    return texts


def test_a_near_copy_goes_with_the_likeness_and_the_row_it_is_like(table_of):
    text = "The quick brown fox jumps over the lazy dog near the river bank today"
    table = table_of([text, "Something else altogether, on another subject.", text + " again"])
    assert list(NearDuplicates().drops(table)) == [Drop(2, "0.90 with 5feceb66", 0)]


def test_the_likeness_is_rounded_down(table_of):
    words = [f"w{n}" for n in range(404)]
    table = table_of([" ".join(words), " ".join(words[:-1]), " ".join(words).upper() + "!"])
    reasons = [drop.reason for drop in NearDuplicates().drops(table)]
    assert reasons == ["0.99 with 5feceb66", "1.00 with 5feceb66"]


@pytest.mark.parametrize("threshold", [0.5, 0.7, 0.8, 0.9, 1.0])
def test_real_rows_that_share_boilerplate_as_the_exhaustive_search_has_it(table_of, threshold):
    data = [json.loads(line) for line in TOOLFORMER.read_text("utf-8").splitlines()]
    prompts = [f"{row['instruction']}\n{row['input']}" for row in data]
    responses = [row["output"] for row in data]
    expected = exhaustive([f"{p}\n{r}" for p, r in zip(prompts, responses, strict=True)], threshold)
    assert len(expected) > 20 or threshold > 0.8
    assert found(NearDuplicates(threshold=threshold), table_of(responses, prompts)) == expected


@pytest.mark.parametrize("threshold", [0.3, 0.6, 0.75])
def test_made_variants_as_the_exhaustive_search_has_it(table_of, threshold):
    texts = variants(seed=7, groups=90)
    expected = exhaustive(texts, threshold)
    assert len(expected) > 20
    assert found(NearDuplicates(threshold=threshold), table_of(texts)) == expected


@pytest.mark.parametrize("on", ["prompt", "response", "both"])
def test_which_text_can_be_chosen(table_of, on):
    prompts, responses = variants(3, 30), variants(4, 30)
    count = min(len(prompts), len(responses))
    prompts, responses = prompts[:count], responses[:count]
    both = [f"{p}\n{r}" for p, r in zip(prompts, responses, strict=True)]
    texts = {"prompt": prompts, "response": responses, "both": both}[on]
    assert found(NearDuplicates(on=on), table_of(responses, prompts)) == exhaustive(texts, 0.7)


def test_the_first_kept_row_that_is_like_enough_is_named(table_of):
    # The last shares 6 of 10 single words with the first, 7 of 10 with the second, 8 with itself.
    first, second, last = "a b c d e f x y", "a b c d e f g z", "a b c d e f g h"
    table = table_of([first, second, last])
    assert found(NearDuplicates(threshold=0.61, shingle=1), table) == [(2, 1)]
    assert found(NearDuplicates(threshold=0.6, shingle=1), table) == [(1, 0), (2, 0)]


def test_a_dropped_row_takes_no_other_with_it(table_of):
    words = [f"w{n}" for n in range(40)]
    chain = [" ".join(words[n : n + 30]) for n in (0, 4, 8)]
    # Each is like the next, but the third is not like the first, which alone is kept before it.
    assert exhaustive(chain, 0.7) == [(1, 0)]
    assert found(NearDuplicates(), table_of(chain)) == [(1, 0)]


def test_the_order_decides_who_stays(table_of):
    words = [f"w{n}" for n in range(40)]
    first, middle, last = (" ".join(words[n : n + 30]) for n in (0, 4, 8))
    assert found(NearDuplicates(), table_of([middle, first, last])) == [(1, 0), (2, 0)]


def test_short_texts_are_compared_whole(table_of):
    table = table_of(["Is it raining?", "is it raining", "Is it snowing?", "Yes", "No", "yes!"])
    assert found(NearDuplicates(), table) == [(1, 0), (5, 3)]


def test_texts_without_words_are_like_no_other(table_of):
    texts = ["", "", None, "...", "...", "👍👍", "👍👍", "\n \t"]
    assert found(NearDuplicates(on="response"), table_of(texts)) == []


@pytest.mark.parametrize(
    ("text", "near"),
    [
        (
            "人工智能正在改变我们的生活方式和工作方式。",
            "人工智能正在改变我们的生活方式和工作方法。",
        ),
        ("吾輩は猫である。名前はまだ無い。どこで生れたかとんと見当がつかぬ", None),
        ("كان يا ما كان في قديم الزمان ملك له ثلاث بنات يحببنه حبا جما", None),
        ("हिन्दी में लिखा हुआ एक वाक्य जो काफी लंबा है और फिर भी सरल है", None),
    ],
)
def test_scripts_without_spaces_and_from_right_to_left(table_of, text, near):
    near = near or text + "!"
    assert found(NearDuplicates(), table_of([text, "Something in English instead.", near])) == [
        (2, 0)
    ]


@pytest.mark.parametrize("responses", [[], ["alone"], [""]])
def test_small_tables(table_of, responses):
    assert found(NearDuplicates(), table_of(responses)) == []


def test_a_text_of_five_megabytes(table_of):
    long = " ".join(f"word{n}" for n in range(500_000))
    assert len(long) > 5_000_000
    table = table_of(["short and different", long, long + " and one more"])
    assert found(NearDuplicates(on="response"), table) == [(2, 1)]


def test_equal_rows_meet_the_one_that_is_kept_and_no_other(table_of):
    texts = ["the same seven words in each row"] * 5_000
    drops = found(NearDuplicates(), table_of(texts))
    assert drops == [(row, 0) for row in range(1, 5_000)]


def test_a_table_in_many_chunks_gives_the_same(table_of):
    texts = variants(seed=11, groups=40)
    table = table_of(texts)
    chunks = pa.concat_tables([table.slice(n, 7) for n in range(0, len(texts), 7)])
    assert found(NearDuplicates(), chunks) == found(NearDuplicates(), table)


@pytest.mark.parametrize(
    "options", [{"threshold": 0.2}, {"threshold": 1.1}, {"shingle": 0}, {"on": "seed"}]
)
def test_options_out_of_range_are_refused(options):
    with pytest.raises(ValidationError):
        NearDuplicates(**options)


TEXTS = st.lists(st.lists(st.sampled_from("abcd"), max_size=9).map(" ".join), max_size=25)


@settings(max_examples=60, deadline=None)
@given(TEXTS, st.sampled_from([0.3, 0.5, 0.7, 0.9, 1.0]), st.integers(1, 4))
def test_any_rows(table_of, texts, threshold, size):
    rule = NearDuplicates(threshold=threshold, shingle=size, on="response")
    drops = list(rule.drops(table_of(texts)))
    dropped = {drop.row for drop in drops}
    kept = [row for row in range(len(texts)) if row not in dropped]
    assert len(kept) + len(drops) == len(texts)
    for drop in drops:
        assert drop.because_of in kept
        assert drop.because_of < drop.row
    assert [(drop.row, drop.because_of) for drop in drops] == exhaustive(texts, threshold, size)
    assert list(rule.drops(table_of([texts[row] for row in kept]))) == []
