"""Scores expected by log-probabilities, through real runs against a real server."""

import json
from pathlib import Path

import pyarrow.parquet as pq
import pytest

ROWS = [
    {
        "instruction": f"Name a fruit of the colour number {n}.",
        "output": f"The apple number {n} is a fruit.",
    }
    for n in range(12)
]


@pytest.fixture(autouse=True)
def data(call):
    """The rows, in the folder that `call` runs in."""
    Path("data.jsonl").write_text("".join(json.dumps(row) + "\n" for row in ROWS))


def judged(call, url: str, judge: str = "rubric: {criteria: [accuracy], logprobs: true}", **model):
    spec = {"model": "m", "base_url": url, **model}
    Path("judges.yaml").write_text(
        f"models: {{critic: {json.dumps(spec)}}}\njudges: [{{{judge}}}]\n"
    )
    status, out, err = call("judge", "data.jsonl", "--judges", "judges.yaml", "--json")
    assert status == 0, err
    rows = pq.read_table("runs/data-judged/kept").to_pylist()
    return json.loads(out), [row["judgements"][0] for row in rows]


def test_the_score_is_what_is_expected(call, simulate):
    manifest, judgements = judged(call, simulate(malformed_rate=0).url)
    for one in judgements:
        mean, _, shares = one["note"].removeprefix("expected ").partition(" of ")
        points = [part.split() for part in shares.split(", ")]
        assert sum(float(p) for _, p in points) == pytest.approx(1, abs=0.005)
        assert sum(int(n) * float(p) for n, p in points) == pytest.approx(float(mean), abs=0.01)
        assert one["score"] == pytest.approx((float(mean) - 1) / 4, abs=0.001)
        assert one["points"] == int(one["points"])
    assert len({one["score"] for one in judgements}) > len({one["points"] for one in judgements})
    assert manifest["this_run"]["calls"] == len(ROWS)


@pytest.mark.parametrize("how", ["refused", "ignored"])
def test_an_endpoint_without_them_is_known_and_said(call, simulate, how):
    server = simulate(malformed_rate=0, logprobs=how)
    manifest, judgements = judged(call, server.url)
    assert manifest["books"]["kept"] == len(ROWS)
    assert {one["note"] for one in judgements} == {
        "score as given: the endpoint gives no log-probabilities"
    }
    assert all(one["score"] == (one["points"] - 1) / 4 for one in judgements)
    assert manifest["judges"][0]["as_given"] == len(ROWS)
    _, out, _ = call("judge", "data.jsonl", "--judges", "judges.yaml")
    assert " ".join(out.split()).count("for 12 of 12 samples there were none to use") == 1
    # Found out by small requests, not by each sample's.
    assert server.stats()["received"] <= len(ROWS) + 6


def test_it_works_where_the_schema_stands_in_the_prompt(call, simulate):
    server = simulate(malformed_rate=0, no_response_format=True)
    _, judgements = judged(call, server.url)
    assert all(one["note"].startswith("expected") for one in judgements)


def test_asking_for_them_is_another_question(call, simulate):
    url = simulate(malformed_rate=0).url
    judged(call, url, "rubric: {criteria: [accuracy]}")
    status, _, err = call(
        "judge",
        "data.jsonl",
        "--judges",
        "judges.yaml",
        "--set",
        "judges.rubric.logprobs=true",
        "--json",
    )
    assert status == 1
    assert "--again" in err


def test_the_journal_is_not_filled_with_alternatives(call, simulate):
    judged(call, simulate(malformed_rate=0).url)
    from silversmith.store import Journal

    with Journal(Path("runs/data-judged/journal.db")) as journal:
        bodies = [body for n in range(len(ROWS)) for body in journal.replies(n).values()]
    assert bodies
    for body in bodies:
        content = json.loads(body)["choices"][0]["logprobs"]["content"]
        kept = [one["token"] for one in content if one["top_logprobs"]]
        assert any(token.isdigit() for token in kept)
        assert len(kept) < len(content) / 2
