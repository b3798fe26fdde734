"""A killed run: the same command goes on, and nothing is lost or paid twice."""

import random
import signal
import subprocess
import sys
import time

import pyarrow.parquet as pq
import pytest

CONCURRENCY = 16


def recipe(folder, url, limit=150):
    path = folder / "recipe.yaml"
    path.write_text(
        "models:\n"
        f'  writer: {{base_url: "{url}", model: simulated, concurrency: {CONCURRENCY}}}\n'
        "seeds: [{tasks: seeds.jsonl}]\n"
        "generators: [instruction]\n"
        "judges: [rubric]\n"
        "filters: [{score: {min: 0.5}}, refusal, exact_duplicates, near_duplicates]\n"
        f"limit: {limit}\n"
    )
    lines = [f'{{"instruction": "Explain how to count {n} sheep in a row."}}' for n in range(limit)]
    (folder / "seeds.jsonl").write_text("\n".join(lines) + "\n")
    return path


def start(path, out):
    command = [sys.executable, "-m", "silversmith", "run", str(path), "--out", str(out), "--quiet"]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def finish(path, out):
    run = start(path, out)
    said, wrong = run.communicate(timeout=120)
    assert run.returncode == 0, wrong
    return said


def wait_for(server, run, requests):
    """Until the server has received so many requests, or the run has ended."""
    while server.stats()["received"] < requests and run.poll() is None:
        time.sleep(0.01)


def dataset(out):
    return {name: pq.read_table(out / name).to_pylist() for name in ("kept", "dropped", "failed")}


def test_killed_at_random_moments_and_resumed(tmp_path, simulate):
    server = simulate(latency_ms=30, flawed=0.3, malformed_rate=0.05)
    path = recipe(tmp_path, server.url)
    finish(path, tmp_path / "undisturbed")
    needed = server.stats()["received"]
    server.reset()

    rng = random.Random(5)
    kills = 0
    for _ in range(5):
        run = start(path, tmp_path / "killed")
        wait_for(server, run, server.stats()["received"] + rng.randint(10, 70))
        kills += run.poll() is None
        run.send_signal(signal.SIGKILL)
        run.communicate()
    said = finish(path, tmp_path / "killed")

    assert kills >= 4
    assert said.startswith("150 planned = ")
    assert dataset(tmp_path / "killed") == dataset(tmp_path / "undisturbed")
    # What was in flight at a kill, and the probe of a run that had noted nothing yet.
    assert server.stats()["received"] <= needed + kills * (CONCURRENCY + 1)


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_interrupted_it_stops_at_once_and_says_how_to_go_on(tmp_path, simulate, how):
    server = simulate(latency_ms=100)
    path = recipe(tmp_path, server.url)
    run = start(path, tmp_path / "out")
    wait_for(server, run, 40)
    run.send_signal(how)
    _, said = run.communicate(timeout=10)

    assert run.returncode == 130
    assert "the same command goes on" in said
    assert "Traceback" not in said
    assert finish(path, tmp_path / "out").startswith("150 planned = ")
    finish(path, tmp_path / "undisturbed")
    assert dataset(tmp_path / "out") == dataset(tmp_path / "undisturbed")


def test_a_faulty_endpoint_loses_nothing(tmp_path, simulate):
    server = simulate(latency_ms=5, fail_rate=0.1, malformed_rate=0.1, flawed=0.1)
    path = recipe(tmp_path, server.url)

    said = finish(path, tmp_path / "out")

    assert said.startswith("150 planned = ")
    assert "+ 0 pending" in said
    rows = dataset(tmp_path / "out")
    assert sum(len(part) for part in rows.values()) == 150
    assert all(row["messages"] for row in rows["kept"])
    assert server.stats()["failed_500"] > 0
