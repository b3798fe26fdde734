"""Benchmarks are found in samples, and the item is named."""

import gzip
import json

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from silversmith.errors import RecipeError
from silversmith.filters import Drop
from silversmith.filters.decontaminate import Decontaminate

QUESTION = (
    "Natalia sold clips to 48 of her friends in April, and then she sold half as many clips in May."
    " How many clips did Natalia sell altogether in April and May?"
)
SHORT = "What is the boiling point of water at sea level?"
ITEMS = [{"question": QUESTION, "answer": "72"}, {"question": SHORT, "answer": "one hundred"}]


@pytest.fixture
def benchmark(tmp_path):
    path = tmp_path / "bench.jsonl"
    path.write_text("".join(json.dumps(item) + "\n" for item in ITEMS))
    return path


def table(rows):
    names = ("prompt", "instruction", "response", "rejected")
    columns = {name: [row.get(name, "") for row in rows] for name in names}
    columns["instruction"] = [row.get("instruction", row.get("prompt", "")) for row in rows]
    columns["id"] = [f"{n:032x}" for n in range(len(rows))]
    return pa.table({name: pa.array(each, pa.large_string()) for name, each in columns.items()})


def run(path, rows, **options):
    rule = Decontaminate(against=path.name, **options)
    rule.prepare(path.parent)
    found = list(rule.drops(table(rows)))
    drops = [one for one in found if isinstance(one, Drop)]
    return drops, {one.name: one.value for one in found if not isinstance(one, Drop)}


def words(first, count):
    return " ".join(QUESTION.split()[first : first + count])


@pytest.mark.parametrize("part", ["prompt", "response", "rejected"])
def test_thirteen_words_in_a_row_are_found_wherever_they_stand(benchmark, part):
    rows = [
        {part: f"An essay. {words(3, 13).upper()}!!! and so on"},
        {part: f"An essay. {words(3, 12)} and so on"},
    ]
    drops, found = run(benchmark, rows)
    assert [drop.row for drop in drops] == [0]
    assert drops[0].reason.startswith('bench.jsonl#1 has "to 48 of her friends in april')
    assert found["samples_by_file"] == {"bench.jsonl": 1}
    assert found["most_found"] == [{"item": "bench.jsonl#1", "samples": 1}]


def test_a_shorter_item_counts_where_it_is_whole(benchmark):
    rows = [
        {"prompt": f"Tell me: {SHORT.lower()} And why?"},
        {"prompt": "What is the boiling point of water at some level?"},
        {"prompt": "what is the boiling point of water at sea level"},
        {"response": "one hundred"},
        {"prompt": "One hundred."},
    ]
    drops, _ = run(benchmark, rows)
    assert [drop.row for drop in drops] == [0, 2, 4]


def test_the_lengths_are_the_users(benchmark):
    rows = [{"response": words(0, 9)}, {"prompt": "boiling point of water at sea level, say"}]
    assert run(benchmark, rows)[0] == []
    assert [drop.row for drop in run(benchmark, rows, words=9)[0]] == [0]


def test_a_changed_file_is_a_changed_filter(benchmark):
    rule = Decontaminate(against=benchmark.name)
    rule.prepare(benchmark.parent)
    before = rule.contents
    benchmark.write_text(json.dumps({"q": "another question here"}) + "\n")
    rule.prepare(benchmark.parent)
    assert rule.contents != before


@pytest.mark.parametrize("ending", [".json", ".csv", ".tsv", ".txt", ".parquet", ".jsonl.gz"])
def test_every_kind_of_file(tmp_path, ending):
    path = tmp_path / f"bench{ending}"
    if ending == ".json":
        path.write_text(json.dumps(ITEMS))
    elif ending in (".csv", ".tsv"):
        mark = "," if ending == ".csv" else "\t"
        path.write_text(f'question{mark}answer\n"{QUESTION}"{mark}72\n')
    elif ending == ".txt":
        path.write_text(f"{QUESTION}\n")
    elif ending == ".parquet":
        pq.write_table(pa.Table.from_pylist(ITEMS), path)
    else:
        path.write_bytes(gzip.compress(json.dumps(ITEMS[0]).encode()))
    drops, _ = run(path, [{"prompt": QUESTION}, {"prompt": "nothing of it"}])
    assert [drop.row for drop in drops] == [0]


def test_texts_deep_in_an_item_and_chosen_fields(tmp_path):
    path = tmp_path / "deep.jsonl"
    path.write_text(json.dumps({"turns": [{"content": QUESTION}], "note": SHORT}) + "\n")
    assert len(run(path, [{"prompt": QUESTION}, {"prompt": SHORT}])[0]) == 2
    assert len(run(path, [{"prompt": QUESTION}, {"prompt": SHORT}], fields=("note",))[0]) == 1


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("bench.jsonl", '{"q": 1}\n{"q": ""}\n', "holds no text of 2 words or more"),
        ("bench.jsonl", "", "holds no text"),
        ("bench.jsonl", '{"q": "a b"}\n{broken\n', "line 2: it is no JSON"),
        ("bench.xls", "a b c", "is none of .jsonl"),
        ("bench.txt", None, "cannot be read (No such file or directory)"),
    ],
)
def test_a_file_that_is_no_benchmark_gets_a_sentence(tmp_path, name, text, said):
    if text is not None:
        (tmp_path / name).write_text(text)
    with pytest.raises(RecipeError, match=r"bench") as error:
        Decontaminate(against=name).prepare(tmp_path)
    assert said in str(error.value)


def test_a_field_that_no_item_has_gets_a_sentence(benchmark):
    with pytest.raises(RecipeError, match=r"bench.jsonl#1: there is no field 'query'; fields: que"):
        Decontaminate(against=benchmark.name, fields=("query",)).prepare(benchmark.parent)


TEXT = st.lists(st.sampled_from("abc"), max_size=14).map(" ".join)


@settings(max_examples=60, deadline=None)
@given(st.lists(TEXT, min_size=1, max_size=5), st.lists(TEXT, max_size=8))
def test_overlaps_as_a_search_through_all_texts_finds_them(tmp_path_factory, items, texts):
    path = tmp_path_factory.mktemp("bench") / "b.txt"
    path.write_text("\n".join([*items, "x y z a b"]))
    expected = []
    for row, text in enumerate(texts):
        own = text.split()
        for item in items:
            other = item.split()
            size = min(len(other), 5)
            runs = [other[n : n + size] for n in range(len(other) - size + 1)] if size >= 3 else []
            parts = [own[n : n + size] for n in range(len(own) - size + 1)]
            same = own == other and len(other) >= 3
            if same or any(one in parts for one in runs if size == 5 or len(other) == size):
                expected.append(row)
                break
    rows = [{"response": text} for text in texts]
    drops, _ = run(path, rows, words=5, whole_from=3)
    assert [drop.row for drop in drops] == expected
    kept = [one for n, one in enumerate(rows) if n not in expected]
    assert run(path, kept, words=5, whole_from=3)[0] == []
