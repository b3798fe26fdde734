"""Signals, closed terminals and pipes: nothing lost, the right exit status, no traceback."""

import contextlib
import fcntl
import os
import pty
import signal
import subprocess
import sys
import termios
import time

import pytest

SAMPLES = 40


@pytest.fixture(scope="module")
def server(module_simulate):
    return module_simulate(latency_ms=100)


@pytest.fixture(scope="module")
def undisturbed(server, module_work):
    """The files of a run that nothing happened to."""
    module_work.write(server.url, samples=SAMPLES, concurrency=8)
    module_work.finish("undisturbed")
    return module_work.dataset("undisturbed")


@pytest.fixture
def running(work, server):
    """Start a run that takes about a second, and return it once it is under way."""
    work.write(server.url, samples=SAMPLES, concurrency=8)

    def start(*options, **how):
        server.reset()
        run = work.start("out", *(options or ["--quiet"]), **how)
        while server.stats()["received"] < 10 and run.poll() is None:
            time.sleep(0.01)
        assert run.poll() is None
        return run

    return start


def test_interrupted_twice_and_again_while_it_ends(work, running, undisturbed):
    for pause in (0.0, 0.02):
        run = running()
        run.send_signal(signal.SIGINT)
        time.sleep(pause)
        for _ in range(3):
            run.send_signal(signal.SIGINT)
        _, said = run.communicate(timeout=20)
        assert run.returncode == 130
        assert "the same command goes on" in said
        assert "Traceback" not in said
    assert work.manifest("out")["status"] in ("interrupted", "running")
    assert work.finish("out").startswith(f"{SAMPLES} planned = ")
    assert work.dataset("out") == undisturbed


def test_told_to_hang_up_unless_nohup(work, running, undisturbed):
    run = running()
    run.send_signal(signal.SIGHUP)
    _, said = run.communicate(timeout=20)
    assert run.returncode == 130
    assert "the same command goes on" in said
    assert work.manifest("out")["status"] == "interrupted"
    assert work.manifest("out")["books"]["pending"] > 0

    run = running(preexec_fn=lambda: signal.signal(signal.SIGHUP, signal.SIG_IGN))
    run.send_signal(signal.SIGHUP)
    run.communicate(timeout=20)
    assert run.returncode == 0
    assert work.dataset("out") == undisturbed


def test_a_terminal_that_is_closed(work, running, undisturbed):
    ours, theirs = pty.openpty()

    def take_terminal():
        os.setsid()
        fcntl.ioctl(theirs, termios.TIOCSCTTY, 0)

    run = running("--json", stdin=theirs, stdout=theirs, stderr=theirs, preexec_fn=take_terminal)
    os.close(theirs)
    assert b"drafted" in os.read(ours, 10_000)
    os.close(ours)
    assert run.wait(timeout=20) == 130
    assert work.manifest("out")["status"] == "interrupted"
    work.finish("out")
    assert work.dataset("out") == undisturbed


def test_readers_that_leave(work, running):
    """`silversmith run ... | head -1`, and the same with standard error."""
    run = running("--json")
    run.stdout.close()
    assert "rror" not in run.stderr.read()
    assert run.wait(timeout=20) == 0
    assert work.manifest("out")["status"] == "done"

    run = work.start("out", "--set", "filters.score.min=0.6")
    run.stdout.close()
    run.stderr.close()
    assert run.wait(timeout=20) == 0
    assert work.manifest("out")["books"]["pending"] == 0


def full_pipe():
    """A pipe that takes nothing any more: its ends."""
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    with contextlib.suppress(BlockingIOError):
        while True:
            os.write(writing, b"x" * 4096)
    os.set_blocking(writing, True)
    return reading, writing


def test_pipes_that_nobody_reads(work, running):
    """Progress that nobody reads is left out; the result waits for its reader, the books do not."""
    progress, error = full_pipe()
    result, output = full_pipe()
    # One request at a time, so that there is progress to tell before the end.
    slowly = ("--set", "models.writer.concurrency=1", "--limit", "30")
    run = running(*slowly, "--json", stdout=output, stderr=error)
    os.close(output)
    os.close(error)
    while work.manifest("out")["status"] != "done":
        time.sleep(0.05)
    assert run.poll() is None
    with open(result, "rb") as reader:
        assert b'"status": "done"' in reader.read()
    assert run.wait(timeout=20) == 0
    os.close(progress)


def test_a_full_disk_behind_standard_output(work):
    work.write("simulated", samples=5)  # in process
    with open("/dev/full", "w") as full:
        run = subprocess.run(
            work.words("out"), stdout=full, stderr=subprocess.PIPE, text=True, timeout=60
        )
    assert run.returncode == 1
    assert "silversmith: Standard output cannot be written (No space left" in run.stderr
    assert "Traceback" not in run.stderr
    assert work.manifest("out")["status"] == "done"


def test_closed_from_the_start(work):
    work.write("simulated", samples=5)
    command = f'exec "{sys.executable}" -m silversmith run "{work.recipe}" --out "$1" >&- 2>&-'
    assert subprocess.run(["sh", "-c", command, "sh", work.folder / "out"]).returncode == 0
    assert work.manifest("out")["status"] == "done"
