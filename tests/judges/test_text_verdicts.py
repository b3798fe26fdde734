"""Rubrics for models that answer in words, and for recorded replies in words."""

import json
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from silversmith.errors import RecipeError
from silversmith.pipeline import Recipe


def write(name: str, rows) -> None:
    Path(name).write_text("".join(json.dumps(row) + "\n" for row in rows))


SCALE = "{name: quality, description: 'Is it good?', scale: {1: bad, 10: good}}"


def judged(call, replies, format="auto", *words):
    write(
        "data.jsonl",
        [{"id": n, "prompt": f"q{n}", "response": f"r{n}"} for n in range(len(replies))],
    )
    write("replies.jsonl", [{"sample": str(n), "reply": text} for n, text in enumerate(replies)])
    Path("judges.yaml").write_text(
        "models: {critic: 'replay:replies.jsonl'}\n"
        f"judges: [{{rubric: {{criteria: [{SCALE}], format: {format}}}}}]\n"
        "max_failed_share: 1\n"
    )
    return call("judge", "data.jsonl", "--judges", "judges.yaml", "--json", *words)


def test_recorded_replies_in_words_are_scored(call):
    replies = ["It is fine.\n\nRating: [[7]]", "Score: 9/10, since it is clear.", "**评分：3分**"]
    status, _, err = judged(call, replies)
    assert status == 0, err
    rows = pq.read_table("runs/data-judged/kept").to_pylist()
    assert [row["judgements"][0]["points"] for row in rows] == [7.0, 9.0, 3.0]
    assert rows[0]["score"] == pytest.approx(6 / 9)
    assert rows[0]["judgements"][0]["rationale"] == replies[0]


def test_a_reply_without_a_verdict_fails_and_is_never_guessed(call):
    status, out, err = judged(call, ["I like it a lot.", "Score: 12", "Score: 4/5", "Score: 8"])
    assert status == 0, err
    books = json.loads(out)["books"]
    assert (books["kept"], books["failed"]) == (1, 3)
    failed = pq.read_table("runs/data-judged/failed").to_pylist()
    reasons = [row["failure"]["reason"] for row in failed]
    assert "12; the scale goes from 1 to 10" in reasons[1]
    assert "4 out of 5; the scale goes from 1 to 10" in reasons[2]
    assert failed[0]["failure"]["reply"] == "I like it a lot."


def test_another_format_finds_another_verdict_and_costs_nothing(call):
    replies = ["[[7]]\nScore: 3", "[[2]]\nScore: 9"]
    judged(call, replies, "bracketed")
    rows = pq.read_table("runs/data-judged/kept").to_pylist()
    assert [row["judgements"][0]["points"] for row in rows] == [7.0, 2.0]
    judged(call, replies, "label", "--again")
    rows = pq.read_table("runs/data-judged/kept").to_pylist()
    assert [row["judgements"][0]["points"] for row in rows] == [3.0, 9.0]


def test_a_model_that_knows_no_structured_output_is_asked_in_words(call, simulate):
    server = simulate(no_response_format=True)
    write("data.jsonl", [{"prompt": "Name a fruit.", "response": "An apple is a fruit I like."}])
    Path("judges.yaml").write_text(
        f"models: {{critic: '{server.url}#m'}}\n"
        "judges: [{rubric: {criteria: [accuracy, clarity], format: auto}}]\n"
    )
    status, out, err = call("judge", "data.jsonl", "--judges", "judges.yaml", "--json")
    assert status == 0, err
    (row,) = pq.read_table("runs/data-judged/kept").to_pylist()
    assert [one["criterion"] for one in row["judgements"]] == ["accuracy", "clarity"]
    assert all(1 <= one["points"] <= 5 for one in row["judgements"])
    assert json.loads(out)["this_run"]["calls"] == 2


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"format": "yaml"}, "there is no verdict format 'yaml'; there are auto, json"),
        ({"format": "auto", "logprobs": True}, "`logprobs` reads the score from JSON"),
        ({"criteria": "safty"}, "no ready-made rubric 'safty'; did you mean 'safety'"),
        (
            {"criteria": [{"name": "a", "description": "b", "scale": {"1-3": "x", "3-5": "y"}}]},
            "whole numbers, not '1-3'",
        ),
    ],
)
def test_options_that_do_not_fit_are_refused(options, said):
    with pytest.raises(RecipeError, match=said):
        Recipe(seeds=[{"tasks": "x"}], generators=["instruction"], judges=[{"rubric": options}])
