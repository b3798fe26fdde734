"""What is wrong with a batch, a database or the machine is said in one sentence."""

from __future__ import annotations

import shutil
import socket
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from silversmith.errors import ReviewError
from silversmith.records import Sample
from silversmith.review.plan_file import read_plan
from silversmith.review.store import open_reviews
from silversmith.review.tables import DATABASE_VERSION


def said(folder: Path | str, *words: str) -> str:
    """What `silversmith review` says where it cannot serve."""
    command = [sys.executable, "-m", "silversmith", "review", str(folder), "--no-browser", *words]
    ended = subprocess.run(
        [*command, *(() if "--port" in words else ("--port", "0"))],
        capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    assert ended.returncode == 1, ended.stderr
    (line,) = ended.stderr.splitlines()
    assert line.startswith("silversmith: ")
    return line


def test_a_batch_with_no_samples(tmp_path: Path) -> None:
    from silversmith.store import ParquetParts

    assert "is no folder" in said(tmp_path / "nothing")
    assert "has no samples in kept/" in said(tmp_path)
    with ParquetParts(tmp_path / "kept"):
        pass
    assert "kept no samples" in said(tmp_path)


def test_a_dataset_that_was_made_anew(
    run_of: Callable[..., Path], some: Any, serve: Any, client: Any
) -> None:
    """It is noticed, what was decided stays, and counts for the old one alone."""
    from silversmith.records import sample_to_json, table_from_json
    from silversmith.review.plan import plan_review
    from silversmith.review.wanted import Wanted
    from silversmith.store import ParquetParts

    samples = some(6)
    folder = run_of(samples)
    page = serve(folder)
    ann = client(page.link)
    before = ann.next()
    ann.decide(before[0])
    shutil.rmtree(folder / "kept")
    samples = [one.with_(messages=Sample.pair("What?", "New!").messages) for one in samples]
    with ParquetParts(folder / "kept") as parts:
        parts.write(table_from_json([sample_to_json(one) for one in samples]))
    # Who is at work sees what the plan was made of, and the owner is told.
    assert ann.get(f"/api/items/{before[1]['item']}")["messages"] == before[1]["messages"]
    assert "were made anew while they are reviewed" in ann.get("/api/owner")["changed"]
    assert ann.decide(before[1])["state"] == "stored"
    page.stop()
    line = said(folder)
    assert "are not those that its plan was drawn from" in line
    assert "--replan" in line
    old = read_plan(folder)
    assert old is not None
    plan_review(folder, Wanted(samples=6, overlap=0, repeats=0, routed=0), anew=True)
    again = client(serve(folder).link)
    assert again.me["progress"]["decided"] == 0
    again.decide(again.next()[0], "reject")
    with open_reviews(folder) as store:
        counts = [(one.plan == old.id, one.dataset == old.dataset) for one in store.verdicts()]
    assert counts == [(True, True), (True, True), (False, False)]


def test_a_plan_of_other_contents_is_not_taken_over(run_of: Callable[..., Path], some: Any) -> None:
    folder = run_of(some(3))
    plan = read_plan(folder)
    assert plan is not None
    shutil.rmtree(folder / "kept")
    from silversmith.records import sample_to_json, table_from_json
    from silversmith.store import ParquetParts

    with ParquetParts(folder / "kept") as parts:
        parts.write(table_from_json([sample_to_json(some(2)[0])]))
    with open_reviews(folder) as store:
        with pytest.raises(ReviewError, match="2 of its samples are not among the kept ones"):
            store.take(plan, folder)
        assert not store.has(plan)


def test_a_database_of_another_version(run_of: Callable[..., Path], some: Any) -> None:
    folder = run_of(some(2))
    with open_reviews(folder):
        pass
    with sqlite3.connect(folder / "review.db") as db:
        db.execute("UPDATE review_notes SET value = '999' WHERE name = 'version'")
    line = said(folder)
    assert "was written by a newer silversmith (database version 999" in line
    with sqlite3.connect(folder / "review.db") as db:
        db.execute("UPDATE review_notes SET value = 'x' WHERE name = 'version'")
    assert "is damaged (its version is 'x')" in said(folder)


def test_an_older_database_is_upgraded_with_all_that_is_in_it(
    run_of: Callable[..., Path], some: Any, serve: Any, client: Any
) -> None:
    folder = run_of(some(4))
    page = serve(folder)
    client(page.link).work(most=2)
    page.stop()
    with sqlite3.connect(folder / "review.db") as db:  # as the first version made it
        db.execute("ALTER TABLE review_log DROP COLUMN pick")
        db.execute("UPDATE review_notes SET value = '1' WHERE name = 'version'")
    ann = client(serve(folder).link)
    assert ann.me["progress"]["decided"] == 2
    assert len(ann.work()) == 2
    with sqlite3.connect(folder / "review.db") as db:
        assert db.execute("SELECT count(*), count(pick) FROM review_log").fetchone() == (4, 4)
        version = db.execute("SELECT value FROM review_notes WHERE name = 'version'").fetchone()
    assert version == (str(DATABASE_VERSION),)


def test_a_file_that_is_no_database(run_of: Callable[..., Path], some: Any) -> None:
    folder = run_of(some(2))
    (folder / "review.db").write_text("something else " * 100)
    assert "is damaged or no database" in said(folder)


def test_a_database_that_cannot_be_had(run_of: Callable[..., Path], some: Any) -> None:
    folder = run_of(some(2))
    assert "mysql is no database for reviews" in said(folder, "--database", "mysql://h/d")
    assert "URL cannot be read" in said(folder, "--database", "not a url")
    line = said(folder, "--database", "postgresql://ann:geheim@127.0.0.1:1/reviews")
    assert "127.0.0.1:1/reviews does not do what is asked" in line
    assert "geheim" not in line
    assert "wants a database on disk" in line or "127.0.0.1" in line


def test_a_folder_remembers_where_its_reviews_are(
    run_of: Callable[..., Path], some: Any, tmp_path: Path
) -> None:
    folder = run_of(some(2))
    with open_reviews(folder, f"sqlite:///{tmp_path}/elsewhere.db"):
        pass
    assert f"are kept in {tmp_path}/elsewhere.db" in said(folder)
    with open_reviews(folder, f"sqlite:///{tmp_path}/elsewhere.db") as store:
        assert store.verdicts() == []


def test_a_port_that_is_taken(run_of: Callable[..., Path], some: Any) -> None:
    folder = run_of(some(2))
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        line = said(folder, "--port", str(port))
    assert f"cannot be served at port {port} of 127.0.0.1" in line
    assert "cannot be served" in said(folder, "--host", "no-such-host.invalid")


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[tuple[Path, Callable[[str], None]]]:
    """A small file system of its own, where the machine lets us make one; and what sets its
    size."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = shutil.which("mount")
    options = ["-t", "tmpfs", "-o", "size=2m", "tmpfs", str(folder)]
    if not mount or subprocess.run([mount, *options], capture_output=True, check=False).returncode:
        pytest.skip("no small file system can be mounted here (needs root)")

    def resize(size: str) -> None:
        subprocess.run([mount, "-o", f"remount,size={size}", str(folder)], check=True)

    yield folder, resize
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


def test_a_full_disk_takes_nothing_and_says_so(
    run_of: Callable[..., Path], some: Any, serve: Any, client: Any, disk: Any
) -> None:
    place, resize = disk
    folder = run_of(some(60))
    page = serve(folder, "--database", f"sqlite:///{place}/review.db")
    ann = client(page.link)
    views = ann.next()
    assert ann.decide(views[0])["state"] == "stored"
    (place / "filler").write_bytes(b"x" * (2 * 1024 * 1024 - _used(place) - 8192))
    lost = None
    for number in range(40):  # until what is there is full as well
        entry = {
            "id": f"{number:032x}", "item": views[1]["item"], "verdict": "reject",
            "text": "x" * 19_000,
        }  # fmt: skip
        status, body, _ = ann.send("POST", "/api/verdicts", {"entries": [entry]})
        if status != 200:
            lost = entry
            break
    assert lost is not None
    assert status == 507
    assert "make room" in body["error"]
    assert ann.send("GET", "/api/me")[0] == 200  # reading goes on
    resize("8m")
    status, body, _ = ann.send("POST", "/api/verdicts", {"entries": [lost]})
    assert (status, body["results"][0]["state"]) == (200, "stored")
    with sqlite3.connect(place / "review.db") as db:
        ids = [name for (name,) in db.execute("SELECT id FROM review_log")]
    assert len(ids) == len(set(ids)) == number + 2


def _used(place: Path) -> int:
    return sum(file.stat().st_blocks * 512 for file in place.iterdir())
