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


@pytest.fixture
def running(work, simulate):
    """Start a run that takes about two seconds and return it once it is under way."""
    server = simulate(latency_ms=100)
    work.write(server.url, samples=60, concurrency=8)

    def start(*options, **how):
        run = work.start("out", *(options or ["--quiet"]), **how)
        while server.stats()["received"] < 20 and run.poll() is None:
            time.sleep(0.01)
        assert run.poll() is None
        return run

    return start


def assert_it_goes_on(work):
    """The same command ends the run, and the files are those of an undisturbed one."""
    assert work.manifest("out")["status"] in ("interrupted", "running")
    assert work.finish("out").startswith("60 planned = ")
    work.finish("undisturbed")
    assert work.dataset("out") == work.dataset("undisturbed")


def test_interrupted_twice_in_a_row(work, running):
    run = running()
    run.send_signal(signal.SIGINT)
    run.send_signal(signal.SIGINT)
    _, said = run.communicate(timeout=20)
    assert run.returncode == 130
    assert "the same command goes on" in said
    assert "Traceback" not in said
    assert_it_goes_on(work)


def test_interrupted_and_again_while_it_ends(running):
    for pause in (0.002, 0.02, 0.1):
        run = running()
        run.send_signal(signal.SIGINT)
        time.sleep(pause)
        for _ in range(3):
            run.send_signal(signal.SIGTERM)
        _, said = run.communicate(timeout=20)
        assert run.returncode == 130
        assert "Traceback" not in said


def test_told_to_hang_up_unless_nohup(work, running):
    run = running()
    run.send_signal(signal.SIGHUP)
    _, said = run.communicate(timeout=20)
    assert run.returncode == 130
    assert "the same command goes on" in said
    assert work.manifest("out")["status"] == "interrupted"
    assert work.manifest("out")["books"]["pending"] > 0

    run = running(preexec_fn=lambda: signal.signal(signal.SIGHUP, signal.SIG_IGN))
    run.send_signal(signal.SIGHUP)
    said, _ = run.communicate(timeout=20)
    assert run.returncode == 0
    assert said.startswith("60 planned = ")


def test_a_terminal_that_is_closed(work, running):
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
    assert_it_goes_on(work)


def test_readers_that_leave(work, running):
    """`silversmith run ... | head -1`, and the same with standard error."""
    run = running("--json")
    run.stdout.close()
    assert run.stderr.read() == ""
    assert run.wait(timeout=20) == 0
    assert work.manifest("out")["status"] == "done"

    run = work.start("other", "--set", "models.writer.model=nobody", "--json")
    run.stdout.close()
    run.stderr.close()
    assert run.wait(timeout=20) == 0
    assert work.manifest("other")["books"]["pending"] == 0


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
    run = running(
        "--set", "models.writer.concurrency=2", "--json", stdout=output, stderr=error
    )  # so slow that there would be progress to tell
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
    work.write("simulated", samples=5)
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
