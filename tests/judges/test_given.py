"""Numbers that a dataset brings along become scores, and choose samples."""

import json
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from silversmith.errors import ReplyError
from silversmith.judges.given import Given
from silversmith.records import Sample


async def no_ask(*words, **values):
    raise AssertionError("a model was asked")


async def judged(row, **options):
    sample = Sample.pair("a", "b", row=None if row is None else json.dumps(row))
    (one,) = await Given(**options).judge(sample, no_ask)
    return one


async def test_a_number_of_a_row_becomes_a_score_on_its_own_scale():
    one = await judged({"stars": 4}, column="stars", lowest=1, highest=5)
    assert (one.criterion, one.points, one.score, one.model) == ("stars", 4, 0.75, "")
    one = await judged({"stars": "4.5"}, column="stars", criterion="taste", lowest=1, highest=5)
    assert (one.criterion, one.score) == ("taste", 0.875)


async def test_less_may_be_better_and_what_lies_beyond_the_scale_is_its_end():
    assert (await judged({"loss": 0.5}, column="loss", lowest=2, highest=0)).score == 0.75
    beyond = await judged({"ifd": 1.3}, column="ifd")
    assert (beyond.score, beyond.points) == (1, 1.3)


@pytest.mark.parametrize(
    ("row", "said"),
    [
        (None, "not the row of a dataset"),
        ({"prompt": "a", "id": 1}, "no column 'ifd'; it has prompt, id"),
        ({"ifd": None}, "holds no number, but null"),
        ({"ifd": "high"}, 'holds no number, but "high"'),
        ({"ifd": "nan"}, 'holds no number, but "nan"'),
        ({"ifd": True}, "holds no number, but true"),
        ({"ifd": [0.5]}, "holds no number, but \\[0.5\\]"),
    ],
)
async def test_a_row_without_a_number_has_no_score(row, said):
    with pytest.raises(ReplyError, match=said):
        await judged(row, column="ifd")


def test_a_scale_has_two_ends():
    with pytest.raises(ValueError, match="two different numbers"):
        Given(column="ifd", lowest=1, highest=1)


def test_difficulties_that_another_program_measured_choose_what_is_kept(call):
    rows = [
        {"prompt": f"Say {n}.", "response": f"It is {n}.", "ifd": value}
        for n, value in enumerate([0.2, 0.9, 1.2, 0.7, "?"])
    ]
    Path("data.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    Path("ifd.yaml").write_text(
        "judges:\n  - given: {column: ifd, weight: 0}\n"
        "filters:\n  - select: {method: ifd, budget: 2}\n"
    )
    status, _, err = call("judge", "data.jsonl", "--judges", "ifd.yaml", "--out", "run")
    assert status == 0, err
    kept = [json.loads(one["row"])["ifd"] for one in pq.read_table("run/kept").to_pylist()]
    assert kept == [0.9, 0.7]
    (failed,) = pq.read_table("run/failed").to_pylist()
    assert failed["failure"]["reason"] == "column 'ifd' holds no number, but \"?\""
