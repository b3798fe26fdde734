"""Filters over a dataset: nothing is lost, nothing depends on who stands beside whom, and what has
been filtered once is not changed by filtering it again."""

import json
import sys
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from silversmith.cli import main
from silversmith.errors import CheckError
from silversmith.filters.exact_duplicates import ExactDuplicates
from silversmith.filters.format_defects import FormatDefects
from silversmith.filters.gibberish import Gibberish
from silversmith.filters.hedging import Hedging
from silversmith.filters.length import Length
from silversmith.filters.personal_data import PersonalData
from silversmith.filters.refusal import Refusal
from silversmith.filters.repetition import Repetition
from silversmith.filters.score import Score
from silversmith.filters.secrets import Secrets
from silversmith.pipeline import batches
from silversmith.pipeline.filtering import filter_samples
from silversmith.records import (
    Judgement,
    Sample,
    sample_from_row,
    sample_to_json,
    table_from_json,
    table_from_samples,
)
from silversmith.store import RunFolder

ROW_FILTERS = [
    Length(min_words=1, max_words=60),
    Refusal(),
    Hedging(),
    Repetition(min_words=5, limits="gopher"),
    Gibberish(min_words=5, limits="gopher"),
    FormatDefects(),
    PersonalData(action="redact"),
    Secrets(),
]

PIECES = [
    "Snow is frozen water. ", "I'm sorry, but I can't help with that. ", "As an AI, I am. ",
    "ha ha ha ha ha ha ", "bob@corp.fr ", "```python\n", "<noinput>", "你好世界。", "� ",
    "\n\n", "# ", "the of and to ", "key AKIAZ3MSJV4WWNKWW5DG ",
    "and so it comes, as ever, down to the",
]  # fmt: skip
TEXTS = st.lists(st.sampled_from(PIECES), max_size=8).map("".join)
SAMPLES = st.lists(st.tuples(TEXTS, TEXTS), max_size=12).map(
    lambda pairs: [Sample.pair(a, b, id=f"{n:032x}") for n, (a, b) in enumerate(pairs)]
)


def run(folder, samples, filters):
    outcome = filter_samples(lambda: batches.batches_of_samples(samples), filters, folder)
    parts = {}
    for name in ("kept", "dropped"):
        rows = pq.read_table(folder.path / name).to_pylist()
        parts[name] = [sample_from_row(row) for row in rows]
    return outcome, parts["kept"], parts["dropped"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return RunFolder(tmp_path_factory.mktemp("run"))


@settings(deadline=None, max_examples=40)
@given(SAMPLES, st.randoms(), st.booleans())
def test_nothing_is_lost_and_order_changes_no_fate(folder, samples, rng, spilled):
    filters = [*ROW_FILTERS, ExactDuplicates()] if spilled else ROW_FILTERS
    outcome, kept, dropped = run(folder, samples, filters)

    assert outcome.kept + outcome.dropped == len(samples)
    assert sorted(one.id for one in (*kept, *dropped)) == [one.id for one in samples]
    assert [one.id for one in kept] == sorted(one.id for one in kept)
    assert all(one.decision.kept for one in kept)
    assert all(one.decision.reason.startswith(f"{one.decision.filter}: ") for one in dropped)
    passed = [step.samples_in - step.dropped for step in outcome.funnel]
    assert [step.samples_in for step in outcome.funnel] == [len(samples), *passed[:-1]]
    assert sum(sum(one.samples for one in step.reasons) for step in outcome.funnel) == len(dropped)

    again, still, none = run(folder, kept, filters)
    assert (again.dropped, none) == (0, [])
    assert still == kept

    shuffled = list(samples)
    rng.shuffle(shuffled)
    _, others, gone = run(folder, shuffled, ROW_FILTERS)
    fates = {one.id: one.decision for one in (*others, *gone)}
    row_filters = {rule.kind for rule in ROW_FILTERS}
    for one in dropped:
        if one.decision.filter in row_filters:
            assert fates[one.id] == one.decision
    assert {one.id for one in kept} <= {one.id for one in others}


@settings(deadline=None, max_examples=20)
@given(SAMPLES)
def test_the_size_of_a_batch_changes_nothing(folder, samples):
    whole = run(folder, samples, [*ROW_FILTERS, ExactDuplicates()])
    before = batches.ROWS_AT_A_TIME
    batches.ROWS_AT_A_TIME = 1
    try:
        assert run(folder, samples, [*ROW_FILTERS, ExactDuplicates()]) == whole
    finally:
        batches.ROWS_AT_A_TIME = before


@settings(deadline=None)
@given(SAMPLES)
def test_a_table_of_samples_is_that_of_their_json(samples):
    judged = [one.with_(judgements=(Judgement("j", "c", "m", 0.5, 3),)) for one in samples]
    for each in (samples, judged):
        assert table_from_samples(each).equals(table_from_json(list(map(sample_to_json, each))))


def test_the_users_order_says_who_drops(folder):
    sample = Sample.pair("Hm?", "I'm sorry, but I can't help with that.", id="1")
    first = run(folder, [sample], [Refusal(), Length(min_words=99)])[2][0].decision
    assert first.filter == "refusal"
    first = run(folder, [sample], [Length(min_words=99), Refusal()])[2][0].decision
    assert first.reason == "length: 8 words, fewer than 99"


def test_a_drop_says_which_sample_caused_it(folder):
    samples = [Sample.pair("Hm?", "Hm.", id="a" * 32), Sample.pair("Hm?", "hm", id="b" * 32)]
    (drop,) = run(folder, samples, [ExactDuplicates()])[2]
    assert (drop.id, drop.decision.because_of) == ("b" * 32, "a" * 32)


def test_what_a_filter_saw_that_left_nothing(folder):
    samples = [Sample.pair("Hm?", "word " * n, id=str(n)) for n in (1, 2, 9)]
    outcome, kept, _ = run(folder, samples, [Length(min_words=10), Refusal()])
    assert kept == []
    (reasons,) = outcome.funnel[0].reasons
    assert reasons.reason == "… words, fewer than 10"
    assert (reasons.samples, reasons.least, reasons.median, reasons.most) == (3, 1, 2, 9)


def test_a_score_that_is_no_number_stops_with_nothing_written(folder):
    run(folder, [Sample.pair("Hm?", "Hm.", id="1")], [])
    bad = Sample.pair("Hm?", "Hm.", id="12345678x", score=float("nan"))
    with pytest.raises(CheckError, match="score: the overall score of sample 12345678 is not a"):
        run(folder, [bad], [Score(min=0.5)])
    assert pq.read_table(folder.path / "kept").num_rows == 1
    assert not (folder.path / ".writing").exists()


def test_a_very_long_sample(folder):
    text = "A sentence of some words, number seven. " * 250_000
    outcome, *_ = run(folder, [Sample.pair("Tell me all.", text, id="1")], [*ROW_FILTERS[1:]])
    assert outcome.dropped == 1
    assert outcome.funnel[2].dropped == 1


def call(monkeypatch, *words):
    monkeypatch.setattr(sys, "argv", ["silversmith", *map(str, words)])
    with pytest.raises(SystemExit) as end:
        main()
    return end.value.code or 0


def test_filtering_what_was_filtered_changes_nothing(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    rows = [{"instruction": f"Name fruit {n}.", "output": f"Fruit {n} is red."} for n in range(5)]
    rows.insert(2, {"colour": "blue"})
    Path("data.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    Path("f.yaml").write_text("filters: [refusal, {personal_data: redact}, exact_duplicates]\n")

    assert call(monkeypatch, "filter", "data.jsonl", "--filters", "f.yaml", "--out", "a") == 0
    assert call(monkeypatch, "filter", "a", "--filters", "f.yaml", "--out", "b") == 0

    first, second = (pq.read_table(Path(name) / "kept").to_pylist() for name in "ab")
    assert first == second
    assert [json.loads(row["row"]) for row in first] == [row for row in rows if "colour" not in row]
    (failed,) = pq.read_table("a/failed").to_pylist()
    assert failed["seed"]["source"] == "data.jsonl#3"
    capsys.readouterr()


def test_the_terminal_says_which_filter_left_nothing(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    Path("data.jsonl").write_text('{"instruction": "Name a fruit.", "output": "A pear."}\n')
    Path("f.yaml").write_text("filters: [{length: {min_words: 5}}, refusal]\n")

    assert call(monkeypatch, "filter", "data.jsonl", "--filters", "f.yaml", "--out", "a") == 0

    said = capsys.readouterr().out
    assert "length dropped all 1 samples that came to it:" in said
    assert "1 × … words, fewer than 5 (… from 2 to 2, median 2)" in said
    (step, _) = json.loads(Path("a/manifest.json").read_text())["funnel"]
    assert step["reasons"][0]["reason"] == "… words, fewer than 5"
