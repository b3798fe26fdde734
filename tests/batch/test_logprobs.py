"""Scores expected by log-probabilities, in batch mode."""

import json
from pathlib import Path

import pyarrow.parquet as pq
import pytest

ROWS = [{"instruction": f"Name fruit {n}.", "output": f"Apple {n} is one."} for n in range(24)]


def judgements(call, url: str, out: str, **model):
    """What a rubric with log-probabilities says of the rows."""
    Path("data.jsonl").write_text("".join(json.dumps(row) + "\n" for row in ROWS))
    spec = {"model": "m", "base_url": url, **model}
    rubric = {"criteria": ["accuracy", "clarity"], "logprobs": True}
    text = json.dumps({"models": {"critic": spec}, "judges": [{"rubric": rubric}]})
    Path("judges.yaml").write_text(text)
    words = ("judge", "data.jsonl", "--judges", "judges.yaml", "--out", out, "--json")
    status, said, err = call(*words)
    assert status == 0, err
    rows = pq.read_table(Path(out) / "kept").to_pylist()
    return json.loads(said), [row["judgements"] for row in rows]


QUICK = {"batch": True, "batch_wait": 0.1, "batch_poll": 0.1}


def test_the_expectations_are_those_of_the_direct_mode(call, simulate):
    server = simulate(batch_seconds=0.2, malformed_rate=0.1)
    _, direct = judgements(call, server.url, "direct")
    manifest, batched = judgements(call, server.url, "batched", **QUICK)
    assert batched == direct
    assert all(one["note"].startswith("expected ") for row in batched for one in row)
    assert server.stats()["batch_requests"] == manifest["this_run"]["calls"] >= len(ROWS)


@pytest.mark.parametrize("how", ["refused", "ignored"])
def test_an_endpoint_without_them_is_known_before_the_batch(call, simulate, how):
    server = simulate(batch_seconds=0.2, malformed_rate=0, logprobs=how)
    manifest, batched = judgements(call, server.url, "batched", **QUICK)
    assert {one["note"] for row in batched for one in row} == {
        "score as given: the endpoint gives no log-probabilities"
    }
    assert [one["as_given"] for one in manifest["judges"]] == [len(ROWS)] * 2
    assert server.stats()["batch_requests"] == len(ROWS)
