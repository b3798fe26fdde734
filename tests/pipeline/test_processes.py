"""Several processes on one run: the same outcome, one budget, nothing lost when they are killed."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from multiprocessing.connection import Connection
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from silversmith import Recipe
from silversmith.errors import EndpointError, RunFolderError
from silversmith.pipeline.ledger import Ledger, Spent
from silversmith.pipeline.processes import Dealt, shares
from silversmith.records import Seed
from silversmith.store import Journal, RunFolder

LIMIT = 120
SEED = Seed(source="here", instruction="Name a tree.")


def recipe(url, **changes):
    values = {
        "models": {"writer": {"model": "simulated", "base_url": url, "concurrency": 16}},
        "seeds": [{"tasks": str(Path(__file__).parents[2] / "recipes/data/seed_tasks.jsonl")}],
        "generators": ["instruction"],
        "judges": ["rubric"],
        "filters": [{"score": {"min": 0.5}}, "exact_duplicates"],
        "limit": LIMIT,
    }
    return Recipe(**{**values, **changes})


def dataset(out):
    return {name: pq.read_table(out / name).to_pylist() for name in ("kept", "dropped", "failed")}


def test_the_outcome_is_that_of_one_process(tmp_path, simulate):
    server = simulate(latency_ms=5, flawed=0.3, malformed_rate=0.05)
    one = recipe(server.url).run(tmp_path / "one")
    received = server.stats()["received"]
    two = recipe(server.url).run(tmp_path / "two", processes=2)

    assert dataset(tmp_path / "two") == dataset(tmp_path / "one")
    assert two.balance == one.balance
    assert two.manifest["usage"] == one.manifest["usage"]
    assert two.manifest["this_run"]["calls"] == one.manifest["this_run"]["calls"]
    # The members take over what the parent found out of the endpoint; each looks once.
    assert server.stats()["received"] <= 2 * received + 3

    again = recipe(server.url).run(tmp_path / "two", processes=2)
    assert again.manifest["this_run"]["calls"] == 0


def test_the_budget_is_shared(tmp_path, simulate):
    server = simulate(latency_ms=20)

    report = recipe(server.url, limits={"max_calls": 80}).run(tmp_path / "run", processes=2)

    assert report.exit_status == 3
    assert "max_calls reached" in str(report.stopped_by)
    assert report.balance.pending > 0
    assert 70 <= report.manifest["this_run"]["calls"] <= 80 + 16
    rest = recipe(server.url).run(tmp_path / "run", processes=2)
    assert rest.balance.pending == 0


def test_a_target_is_met_by_several_too(tmp_path, simulate):
    server = simulate(flawed=0.3)
    wanted = recipe(server.url, target=50, limit=None, generators=[{"instruction": {"draws": 2}}])
    wanted.run(tmp_path / "one")

    report = wanted.run(tmp_path / "two", processes=2)

    assert report.balance.kept == 50
    assert dataset(tmp_path / "two") == dataset(tmp_path / "one")


def test_a_killed_parent_takes_its_members_along_and_loses_nothing(tmp_path, simulate):
    server = simulate(latency_ms=60)
    path = tmp_path / "recipe.yaml"
    path.write_text(recipe(server.url).to_yaml())
    command = [sys.executable, "-m", "silversmith", "run", str(path), "--out", str(tmp_path / "r")]
    run = subprocess.Popen([*command, "--processes", "2", "--quiet"], stdout=subprocess.PIPE)
    while server.stats()["received"] < 60:
        time.sleep(0.02)
    members = children(run.pid)
    run.send_signal(signal.SIGKILL)
    run.communicate()

    assert len(members) == 2
    deadline = time.monotonic() + 10
    while any(alive(pid) for pid in members):
        assert time.monotonic() < deadline, "a member outlived the run"
        time.sleep(0.05)
    report = recipe(server.url).run(tmp_path / "r", processes=2)
    recipe(server.url).run(tmp_path / "undisturbed")
    assert report.balance.planned == LIMIT
    assert dataset(tmp_path / "r") == dataset(tmp_path / "undisturbed")


def test_a_killed_member_ends_the_run_with_a_sentence(tmp_path, simulate):
    server = simulate(latency_ms=100)
    path = tmp_path / "recipe.yaml"
    path.write_text(recipe(server.url).to_yaml())
    command = [sys.executable, "-m", "silversmith", "run", str(path), "--out", str(tmp_path / "r")]
    run = subprocess.Popen(
        [*command, "--processes", "2", "--json"], stderr=subprocess.PIPE, text=True
    )
    while server.stats()["received"] < 40:
        time.sleep(0.02)
    os.kill(children(run.pid)[0], signal.SIGKILL)
    _, said = run.communicate(timeout=30)

    assert run.returncode == 1
    assert "A process of the run ended unexpectedly" in said
    assert "Traceback" not in said


def test_a_wrong_model_is_said_once(tmp_path, simulate):
    server = simulate(model=["other"])

    with pytest.raises(EndpointError, match="simulated"):
        recipe(server.url).run(tmp_path / "run", processes=2)
    assert json.loads((tmp_path / "run" / "manifest.json").read_text())["status"] == "failed"


def test_another_process_on_the_folder_is_still_refused(tmp_path, simulate):
    from filelock import FileLock

    (tmp_path / "run").mkdir()
    with FileLock(tmp_path / "run" / ".lock"), pytest.raises(RunFolderError, match="in use"):
        recipe("http://127.0.0.1:9/v1").run(tmp_path / "run", processes=2)


def test_a_ledger_adds_up_what_the_others_spent(tmp_path):
    Ledger.make(tmp_path / "ledger")
    with Ledger(tmp_path / "ledger") as mine, Ledger(tmp_path / "ledger") as yours:
        mine.write(0, Spent(3, 100, 0.5, 0))
        yours.write(1, Spent(2, 50, 0.25, 1))
        assert mine.others(0) == Spent(2, 50, 0.25, 1)
        assert yours.others(1) == Spent(3, 100, 0.5, 0)


def children(pid):
    tasks = Path(f"/proc/{pid}/task")
    if not tasks.exists():
        pytest.skip("the system does not say which processes a process has started")
    return [
        int(child) for task in tasks.iterdir() for child in (task / "children").read_text().split()
    ]


def alive(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def test_a_member_that_nobody_listens_to_ends(tmp_path, simulate):
    """Whichever it notices first: that what it says is not taken, or that nothing comes."""
    server = simulate()
    wanted = recipe(server.url)
    folder = RunFolder(tmp_path / "run")
    with folder.open(), Journal(folder.journal) as journal:
        journal.begin(())
        Ledger.make(tmp_path / "ledger")
        (setup,) = shares(
            wanted, folder.path, count=1, reuse=(), retry_failed=False,
            first_new=journal.first_new, ledger=tmp_path / "ledger",
        )  # fmt: skip
        ours, theirs = socket.socketpair()
        with ours, theirs:
            member = subprocess.Popen(
                [sys.executable, "-m", "silversmith.pipeline.member", str(theirs.fileno())],
                pass_fds=[theirs.fileno()],
            )
            theirs.close()
            pipe = Connection(os.dup(ours.fileno()))
            pipe.send(sys.path)
            pipe.send(setup)
            while pipe.recv().idle:
                pass
            ours.shutdown(socket.SHUT_RD)
            pipe.send([Dealt(n, bytes(16), SEED, "instruction", n) for n in range(1, 4)])
            while server.stats()["received"] < 6:  # three drafts, three judgements
                time.sleep(0.02)
            time.sleep(0.3)
            pipe.close()
        assert member.wait(timeout=20) == 0
