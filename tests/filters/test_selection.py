"""Filters over embeddings and groups: semantic duplicates, balance, conflicts, selection."""

import math

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from silversmith.errors import CheckError
from silversmith.filters import Drop
from silversmith.filters.balance import Balance
from silversmith.filters.conflicts import Conflicts
from silversmith.filters.select import Select
from silversmith.filters.selecting import knee
from silversmith.filters.semantic_duplicates import SemanticDuplicates
from silversmith.models.simulated_embedding import simulated_vectors

CRITERIA = pa.list_(pa.struct([("criterion", pa.string()), ("score", pa.float64())]))


def table(rows, *, without=()):
    """Samples as the pipeline hands them over, with simulated embeddings but for some rows."""
    texts = ("id", "strategy", "seed", "prompt", "response")
    columns = {}
    for name in texts:
        defaults = {"id": None, "strategy": "instruction", "seed": "s", "response": ""}
        values = [row.get(name, defaults.get(name, "")) for row in rows]
        if name == "id":
            values = [row.get("id") or f"{n:032x}" for n, row in enumerate(rows)]
        columns[name] = pa.array(values, pa.large_string())
    columns["score"] = pa.array([row.get("score") for row in rows], pa.float64())
    columns["labels"] = pa.array([row.get("labels", []) for row in rows], pa.list_(pa.string()))
    criteria = [
        [{"criterion": name, "score": value} for name, value in row.get("criteria", {}).items()]
        for row in rows
    ]
    columns["criteria"] = pa.array(criteria, CRITERIA)
    vectors = simulated_vectors([f"{row.get('prompt', '')} {row['response']}" for row in rows], 64)
    mask = pa.array([n in without for n in range(len(rows))], pa.bool_())
    columns["embedding"] = pa.FixedSizeListArray.from_arrays(
        pa.array(vectors.reshape(-1)), 64, mask=mask
    )
    return pa.table(columns)


def split(rule, rows, **options):
    found = list(rule.drops(table(rows, **options)))
    drops = {one.row: one for one in found if isinstance(one, Drop)}
    assert list(drops) == sorted(drops)
    kept = [row for row in range(len(rows)) if row not in drops]
    return kept, drops, {one.name: one.value for one in found if not isinstance(one, Drop)}


def themes(count, seed=0):
    """Texts of a few themes, with scores, strategies and labels."""
    draw = np.random.default_rng(seed)
    rows = []
    for n in range(count):
        theme = int(draw.integers(0, 8))
        own = [f"w{theme}x{int(k)}" for k in draw.integers(0, 12, 12)]
        rows.append(
            {
                "response": " ".join([*own, f"n{n}"]),
                "score": round(float(draw.random()), 1),
                "strategy": ("instruction", "reasoning")[theme % 2],
                "labels": [f"label{theme % 3}"],
            }
        )
    return rows


def test_semantic_duplicates_go_because_of_the_likest_kept_row():
    rows = [
        {"response": "the cat sat on the mat today"},
        {"response": "a wholly different sentence about ships"},
        {"response": "today the cat sat on the mat"},
        {"response": "the cat sat on a mat today"},
    ]
    kept, drops, _ = split(SemanticDuplicates(threshold=0.85), rows)
    assert kept == [0, 1]
    assert (drops[2].reason, drops[2].because_of) == ("1.00 with 00000000", 0)
    assert drops[3].because_of == 0


def test_a_row_without_an_embedding_is_no_duplicate():
    rows = [{"response": "the same"}] * 3
    assert split(SemanticDuplicates(), rows, without={1})[0] == [0, 1]


def test_semantic_duplicates_found_twice_are_the_same_and_none_is_left():
    rows = themes(300)
    rule = SemanticDuplicates(threshold=0.8)
    kept, drops, _ = split(rule, rows)
    assert 10 < len(drops) < 290
    assert split(rule, [rows[row] for row in kept])[1] == {}


def test_balance_keeps_the_first_or_the_best_of_each_group():
    rows = [{"response": "x", "seed": "ab"[n % 3 == 0], "score": n / 10} for n in range(9)]
    kept, drops, found = split(Balance(by="seed"), rows)
    assert kept == [0, 1, 2, 3, 4, 6]
    assert drops[8].reason == '3 of seed "a" are kept'
    assert found["groups"] == {"a": 3, "b": 3}
    assert split(Balance(by="seed", most=2, prefer="score"), rows)[0] == [3, 6, 7, 8]


def test_balance_by_label_counts_every_label():
    rows = [{"response": "x", "labels": labels} for labels in (["a"], ["a", "b"], ["a"], [], ["b"])]
    assert split(Balance(by="label", most=1), rows)[0] == [0, 1, 3]


def test_balance_by_cluster_needs_embeddings_and_other_groups_do_not():
    rows = themes(200)
    kept, _, found = split(Balance(by="cluster", clusters=8, most=10), rows)
    assert len(kept) == sum(found["groups"].values()) <= 80
    assert Balance(by="cluster").texts_to_embed(table(rows)) is not None
    assert Balance(by="strategy").texts_to_embed(table(rows)) is None
    with pytest.raises(ValidationError, match="clusters"):
        Balance(by="seed", clusters=9)


@pytest.mark.parametrize(
    ("one", "other", "conflict"),
    [
        ("Yes, it is.", "No. It is not.", True),
        ("True", "false", True),
        ("Yes.", "Yes, of course.", False),
        ("2 + 2 = 4.\n#### 4", "So it is five.\n#### 5", True),
        ("The answer is 1,000.", "Answer: 1000", False),
        ("The answer is 0.5", "\\boxed{1/2}", False),
        ("42", "43", True),
        ("In 1999 he went to sea.", "In 2001 he came home.", False),
        ("Paris", "Lyon", False),
    ],
)
def test_answers_that_contradict_each_other(one, other, conflict):
    rows = [
        {"prompt": "Is it so?", "response": one},
        {"prompt": "Another question", "response": other},
        {"prompt": "is it  so?", "response": other},
    ]
    kept, drops, _ = split(Conflicts(), rows)
    assert kept == ([1] if conflict else [0, 1, 2])
    if conflict:
        assert drops[0].because_of == 2
        assert drops[2].because_of == 0


def test_which_side_of_a_conflict_is_kept():
    answers = [("yes", 0.5), ("no", 0.9), ("yes", 0.6)]
    rows = [{"prompt": "p", "response": text, "score": score} for text, score in answers]
    assert split(Conflicts(keep="majority"), rows)[0] == [0, 2]
    assert split(Conflicts(keep="score"), rows)[0] == [1]
    assert split(Conflicts(keep="majority"), rows[:2])[0] == []
    labelled = [{"prompt": "p", "response": "x", "labels": one} for one in (["a"], ["b"], ["a"])]
    kept, drops, _ = split(Conflicts(keep="majority"), labelled)
    assert kept == [0, 2]
    assert drops[1].reason == '"b" here, "a" in 00000000 to the same prompt'


METHODS = ["facility_location", "deita", "k_centre", "cluster_balanced", "top_score", "random"]


@pytest.mark.parametrize("method", METHODS)
def test_every_method_keeps_the_budget_and_tells_what_it_is_worth(method):
    rows = themes(400)
    rule = Select(budget=60, method=method, distance=0.02, clusters=10)
    kept, drops, found = split(rule, rows)
    assert len(kept) == 60
    assert len(drops) == 340
    assert split(rule, rows)[0] == kept
    compared = found["comparison"]
    assert set(compared) == {"chosen", "random", "top_score"}
    assert all(one["samples"] == 60 for one in compared.values())
    assert compared["chosen"]["mean_score"] == pytest.approx(
        np.mean([rows[row]["score"] for row in kept]), abs=1e-4
    )
    assert compared["chosen"]["strategies_in_all"] == 2
    assert compared["chosen"]["labels_in_all"] == 3
    sizes = [one["samples"] for one in found["curve"]]
    assert sizes == sorted(sizes)
    assert {60, 400} <= set(sizes)
    near = [one["stands_for_all"] for one in found["curve"]]
    assert near == sorted(near)
    assert found["method"] == method


def test_the_default_beats_chance_in_quality_and_diversity_and_score_alone_in_diversity():
    _, _, found = split(Select(budget=60), themes(400))
    chosen, chance, top = (found["comparison"][one] for one in ("chosen", "random", "top_score"))
    assert chosen["mean_score"] > chance["mean_score"]
    assert chosen["stands_for_all"] > chance["stands_for_all"]
    assert chosen["stands_for_all"] > top["stands_for_all"]
    assert chosen["vendi_score"] > top["vendi_score"]


def test_what_is_it_for_sets_the_budget_and_says_why():
    kept, _, found = split(Select(**{"for": "lora", "model_size": "8B"}), themes(2_300))
    assert len(kept) == found["budget"] == 2_000
    assert found["advice"]["reasons"]
    assert found["advice"]["training"]["tokens"] > 0
    with pytest.raises(ValidationError, match=r"budget: 5000.*for: lora"):
        Select()
    with pytest.raises(ValidationError, match="no model size"):
        Select(budget=5, model_size="big")


def test_a_budget_beyond_the_set_keeps_all_and_says_so():
    kept, _, found = split(Select(budget=5_000), themes(30))
    assert kept == list(range(30))
    assert found["note"] == "the budget of 5,000 is more than the 30 samples that there are"


def test_deita_may_end_before_the_budget():
    rows = [{"response": "the same words", "score": 0.5}] * 20
    kept, _, found = split(Select(budget=10, method="deita"), rows)
    assert kept == [0]
    assert "found 1 samples to pick and no more" in found["note"]


def test_rows_without_an_embedding_are_not_picked_and_the_reason_says_so():
    kept, drops, _ = split(Select(budget=18), themes(20), without={3, 7})
    assert kept == [row for row in range(20) if row not in (3, 7)]
    assert drops[3].reason == "has no embedding"
    kept, drops, _ = split(Select(budget=20, method="random"), themes(20), without={3, 7})
    assert kept == list(range(20))
    assert len(split(Select(budget=5), themes(20), without=set(range(20)))[0]) == 0


@pytest.mark.parametrize("method", ["top_score", "deita", "facility_location"])
def test_a_score_that_is_missing_or_no_number_gets_a_sentence(method):
    rows = themes(20)
    rows[4]["score"] = math.nan
    with pytest.raises(CheckError, match=r"score of sample 00000000 is not a number \(NaN\)"):
        split(Select(budget=5, method=method), rows)
    rows[4]["score"] = None
    with pytest.raises(CheckError, match="has no overall score"):
        split(Select(budget=5, method=method), rows)


def test_without_any_scores_the_default_looks_at_diversity_and_coverage():
    rows = [{**row, "score": None} for row in themes(100)]
    kept, _, found = split(Select(budget=20), rows)
    assert len(kept) == 20
    assert set(found["comparison"]) == {"chosen", "random"}
    assert found["comparison"]["chosen"]["mean_score"] is None
    with pytest.raises(CheckError, match="has no overall score"):
        split(Select(budget=5, method="top_score"), rows)


def test_difficulty_is_read_from_the_judge_that_gives_it():
    rows = [
        {**row, "criteria": {"ifd": value}}
        for row, value in zip(themes(5), (0.2, 1.1, 0.9, 0.9, 0.5), strict=True)
    ]
    assert split(Select(budget=3, method="ifd"), rows)[0] == [2, 3, 4]
    with pytest.raises(CheckError, match="no score for the criterion 'ifd'"):
        split(Select(budget=3, method="ifd"), themes(5))


def test_another_criterion_may_be_the_score():
    rows = [{**row, "criteria": {"truth": n / 10}} for n, row in enumerate(themes(10))]
    assert split(Select(budget=2, method="top_score", score="truth"), rows)[0] == [8, 9]


def test_rows_that_are_all_the_same_are_taken_in_their_order():
    rows = [{"response": "the same words", "score": 0.5}] * 3_000
    for method in ("k_centre", "cluster_balanced", "top_score"):
        assert split(Select(budget=4, method=method), rows)[0] == [0, 1, 2, 3]
    assert len(split(Select(budget=4), rows)[0]) == 4


def test_the_knee_is_where_more_samples_begin_to_buy_less():
    sizes = (0, 100, 200, 300, 400, 500)
    bent = [0.0, 0.6, 0.8, 0.85, 0.9, 0.95]
    points = [
        {"samples": size, "stands_for_all": near} for size, near in zip(sizes, bent, strict=True)
    ]
    assert knee(points) == 200
    line = [{"samples": size, "stands_for_all": size / 500} for size in sizes]
    assert knee(line) is None
    assert knee(points[:2]) is None


@settings(max_examples=25, deadline=None)
@given(st.integers(1, 40), st.integers(1, 50), st.sampled_from(METHODS), st.integers(0, 3))
def test_kept_and_dropped_are_all_and_a_second_time_changes_nothing(count, budget, method, seed):
    rows = themes(count, seed)
    rule = Select(budget=budget, method=method, distance=0.0, clusters=3)
    kept, drops, _ = split(rule, rows)
    assert len(kept) + len(drops) == count
    assert len(kept) == min(budget, count) or method == "deita"
    again, _, _ = split(rule, [{**rows[row], "id": f"{row:032x}"} for row in kept])
    assert again == list(range(len(kept)))
