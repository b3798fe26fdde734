"""A damaged journal: what is sound is saved, the rest is said, and only that is asked for again."""

import contextlib
import os
import random
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
import time

import pytest

from silversmith.errors import RunFolderError
from silversmith.store import Journal, RunFolder, recover
from silversmith.store.pages import Pages

SAMPLES = 60
PAGE = 4096


@pytest.fixture(scope="module")
def server(module_simulate, module_work):
    """The server that answered the run in the folder "finished"."""
    server = module_simulate(flawed=0.3, malformed_rate=0.05)
    module_work.write(server.url, samples=SAMPLES)
    module_work.finish("finished")
    return server


@pytest.fixture
def run(server, module_work):
    """A copy of the finished run, to be damaged; the name of its folder."""
    shutil.copytree(module_work.folder / "finished", module_work.folder / "run")
    server.reset()
    yield module_work.folder / "run"
    shutil.rmtree(module_work.folder / "run")


def command(*words):
    words = [sys.executable, "-m", "silversmith", *map(str, words)]
    return subprocess.run(words, capture_output=True, text=True, timeout=60)


def cut(data, rng):
    del data[rng.randrange(PAGE, len(data)) :]


def garbage(data, rng):
    """A page of the tree of results, and whatever follows."""
    start = data.index(b"\r", 5 * PAGE, len(data)) // PAGE * PAGE
    data[start : start + 3 * PAGE] = rng.randbytes(3 * PAGE)


def lost_beginning(data, rng):
    data[:PAGE] = rng.randbytes(PAGE)


def half_of_the_pages(data, rng):
    for start in range(0, len(data), PAGE):
        if rng.random() < 0.5:
            data[start : start + PAGE] = bytes(PAGE)


@pytest.mark.parametrize("damage", [cut, garbage, lost_beginning, half_of_the_pages])
def test_what_is_sound_is_saved(server, module_work, run, damage):
    data = bytearray((run / "journal.db").read_bytes())
    damage(data, random.Random(7))
    (run / "journal.db").write_bytes(data)

    refused = command("run", module_work.recipe, "--out", run)
    assert refused.returncode == 1
    assert "is damaged" in refused.stderr
    assert f"`silversmith recover {run}`" in refused.stderr
    assert server.stats()["received"] == 0

    saved = command("recover", run)
    assert saved.returncode == 0, saved.stderr
    replies, settled = re.match(
        r"Saved ([\d,]+) replies and ([\d,]+) settled", saved.stdout
    ).groups()
    assert (run / "journal.damaged-1.db").read_bytes() == data

    module_work.finish("run")
    assert module_work.dataset("run") == module_work.dataset("finished")
    needed = module_work.manifest("finished")["this_run"]["calls"]
    assert int(settled) <= SAMPLES
    # What is lost is asked for again, beside the first request, which tries out the endpoint.
    assert server.stats()["received"] <= needed - int(replies) + 1
    assert f"at least {needed - int(replies):,}" in saved.stdout or int(replies) == needed


def test_a_sound_journal_is_left_alone(run):
    before = (run / "journal.db").read_bytes()
    done = command("recover", run)
    assert (done.returncode, "is sound" in done.stdout) == (0, True)
    assert (run / "journal.db").read_bytes() == before
    assert not list(run.glob("journal.*-*"))


def test_a_damaged_body_is_found(run):
    """Damage that leaves the structure as it was."""
    data = (run / "journal.db").read_bytes()
    with contextlib.closing(sqlite3.connect(run / "journal.db")) as db:
        (body,) = db.execute("SELECT body FROM replies WHERE n = 50").fetchone()
    at = data.index(body[:40]) + 30
    (run / "journal.db").write_bytes(data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :])
    saved = recover(RunFolder(run))
    assert saved.lost_replies == 1


def test_pages_read_what_sqlite_reads(run):
    """Long rows and the write-ahead log included."""
    path = run / "journal.db"
    db = sqlite3.connect(path, isolation_level=None)
    db.execute("PRAGMA journal_mode=WAL")
    for length in (0, 1, 3_000, 4_060, 4_061, 4_062, 20_000, 5_000_000):
        db.execute("INSERT INTO meta VALUES (?, ?)", (f"long {length}", "ä" * length))
        db.execute("INSERT INTO samples VALUES (NULL, ?)", (bytes(length),))
    db.execute("DELETE FROM samples WHERE n BETWEEN 5 AND 40")
    db.execute("UPDATE samples SET id = x'00' WHERE n = 3")
    assert path.with_name("journal.db-wal").stat().st_size > 5_000_000
    with Pages(path) as pages:
        rows = list(pages.rows())
    samples = {row.rowid: row.values[1] for row in rows if len(row.values) == 2 and row.rowid}
    notes = {row.values for row in rows if row.rowid is None and isinstance(row.values[0], str)}
    wanted = dict(db.execute("SELECT n, id FROM samples"))
    assert {n: samples[n] for n in wanted} == wanted
    assert notes >= set(db.execute("SELECT key, value FROM meta"))
    db.close()


@pytest.mark.parametrize("part", [0.2, 0.8])
def test_a_killed_run_whose_log_is_cut(module_work, server, part):
    """As a power cut leaves it: what the log's end held is asked for again."""
    run = module_work.start("killed", "--quiet", "--set", "models.writer.concurrency=2")
    while server.stats()["received"] < 40 and run.poll() is None:
        time.sleep(0.01)
    run.send_signal(signal.SIGKILL)
    run.wait()
    folder = module_work.folder / "killed"
    try:
        os.truncate(
            folder / "journal.db-wal", int(part * (folder / "journal.db-wal").stat().st_size)
        )
        again = command("run", module_work.recipe, "--out", folder)
        if again.returncode:
            assert "is damaged" in again.stderr
            assert command("recover", folder).returncode == 0
            module_work.finish("killed")
        assert module_work.dataset("killed") == module_work.dataset("finished")
    finally:
        shutil.rmtree(folder)
        server.reset()


def test_an_empty_and_a_missing_journal_are_not_taken_for_a_new_run(server, module_work, run):
    (run / "journal.db").write_bytes(b"")
    empty = command("run", module_work.recipe, "--out", run)
    (run / "journal.db").unlink()
    missing = command("run", module_work.recipe, "--out", run)
    nothing = command("recover", run)
    assert [empty.returncode, missing.returncode, nothing.returncode] == [1, 1, 1]
    assert "is empty" in empty.stderr
    assert "is gone, which held the replies of" in missing.stderr
    assert "holds no journal" in nothing.stderr
    assert server.stats()["received"] == 0


def test_where_nothing_can_be_read_nothing_is_changed(run):
    (run / "journal.db").write_bytes(b"hello " * 1000)
    done = command("recover", run)
    assert done.returncode == 1
    assert "Nothing can be read" in done.stderr
    assert (run / "journal.db").read_bytes() == b"hello " * 1000
    assert not list(run.glob("journal.*[!b]"))


def test_a_recovery_that_was_cut_short_is_ended(module_work, run):
    """At each of its steps: the fresh journal is there, the log and the journal are moved."""
    data = bytearray((run / "journal.db").read_bytes())
    half_of_the_pages(data, random.Random(3))
    (run / "journal.db").write_bytes(data)
    (run / "journal.db-wal").write_bytes(b"some log")
    whole = recover(RunFolder(run))
    fresh = (run / "journal.db").read_bytes()

    def state(*places):
        for path in run.glob("journal.*"):
            path.unlink()
        for name, content in zip(("journal.db", "journal.damaged-1.db"), places, strict=True):
            if content is not None:
                (run / name).write_bytes(content)
        (run / "journal.recovered.db").write_bytes(fresh)

    for places in ((data, None), (None, data)):
        state(*places)
        refused = command("run", module_work.recipe, "--out", run)
        assert refused.returncode == 1
        assert "was cut short" in refused.stderr
        assert recover(RunFolder(run)) == whole
        assert (run / "journal.db").read_bytes() == fresh
        assert (run / "journal.damaged-1.db").read_bytes() == data
        assert not (run / "journal.recovered.db").exists()


async def test_a_number_is_never_given_to_another_sample(run):
    """Not even where the names of samples are lost while their results are not."""
    with contextlib.closing(sqlite3.connect(run / "journal.db")) as db, db:
        db.execute("DELETE FROM samples WHERE n > 50")
    with Journal(run / "journal.db") as journal:
        assert journal.enrol(0, bytes(16)) == SAMPLES + 1


def test_a_newer_version_is_not_recovered(run):
    with contextlib.closing(sqlite3.connect(run / "journal.db")) as db, db:
        db.execute("UPDATE meta SET value = '99' WHERE key = 'schema_version'")
    data = bytearray((run / "journal.db").read_bytes())
    data[10 * PAGE : 12 * PAGE] = bytes(2 * PAGE)
    (run / "journal.db").write_bytes(data)
    with pytest.raises(RunFolderError, match="newer silversmith"):
        recover(RunFolder(run))
