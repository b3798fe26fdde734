"""The same on PostgreSQL, with a cluster of the tests' own and two servers on one database."""

from __future__ import annotations

import os
import secrets
import shutil
import subprocess
import tempfile
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from silversmith.records import Sample
from silversmith.review.store import open_reviews
from silversmith.review.tables import DATABASE_VERSION

psycopg = pytest.importorskip("psycopg")


def _programs() -> Path | None:
    """The folder of `initdb` and `postgres`, which Debian keeps off the path."""
    places = [Path(found).resolve().parent] if (found := shutil.which("initdb")) else []
    places += sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    return next((place for place in places if (place / "postgres").exists()), None)


@pytest.fixture(scope="module")
def cluster() -> Iterator[str]:
    """A PostgreSQL server on a socket in a folder of its own; gives the folder's path."""
    programs = _programs()
    if programs is None:
        pytest.skip("PostgreSQL's server is not installed (Debian's package postgresql)")
    # PostgreSQL does not run as root; a socket's path is at most 107 bytes long.
    as_other = ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"]
    if os.geteuid() != 0:
        as_other = []
    elif subprocess.run([*as_other, "true"], capture_output=True, check=False).returncode:
        pytest.skip("there is no user postgres to run PostgreSQL as")
    with tempfile.TemporaryDirectory(prefix="pg", dir="/tmp") as name:
        folder = Path(name)
        if as_other:
            shutil.chown(folder, "postgres", "postgres")
        data = folder / "data"
        done = subprocess.run(
            [*as_other, str(programs / "initdb"), "-D", str(data), "-A", "trust", "-U", "ann",
             "--no-sync", "-E", "UTF8", "--locale=C"],
            capture_output=True, text=True, check=False, cwd=folder,
        )  # fmt: skip
        if done.returncode:
            pytest.skip(f"PostgreSQL's initdb does not work here: {done.stderr.strip()[-200:]}")
        server = subprocess.Popen(
            [*as_other, str(programs / "postgres"), "-D", str(data), "-k", str(folder),
             "-c", "listen_addresses=", "-c", "fsync=off"],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=folder,
        )  # fmt: skip
        try:
            for _ in range(100):
                try:
                    psycopg.connect(host=name, user="ann", dbname="postgres").close()
                    break
                except psycopg.OperationalError:
                    server.poll()
                    threading.Event().wait(0.1)
            yield name
        finally:
            server.terminate()
            server.wait(timeout=30)


@pytest.fixture
def url(cluster: str) -> str:
    """The URL of a new database."""
    name = f"reviews_{secrets.token_hex(4)}"
    with psycopg.connect(host=cluster, user="ann", dbname="postgres", autocommit=True) as db:
        db.execute(f"CREATE DATABASE {name}")
    return f"postgresql://ann:a-password@/{name}?host={cluster}"


def test_a_review_by_two_servers_on_one_database(
    run_of: Callable[..., Path], some: Any, serve: Any, client: Any, url: str
) -> None:
    folder = run_of(some(60), overlap=0.5)
    env = {"SILVERSMITH_REVIEW_DATABASE": url}
    pages = [serve(folder, "--as", name, env=env) for name in ("ann", "ben")]
    people = [client(page.link) for page in pages]
    done: list[list[str]] = [[], []]
    threads = [
        threading.Thread(target=lambda i=i: done[i].extend(people[i].work())) for i in range(2)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    # What the other server had locked just then is passed over, and the page looks again later.
    for person, decided in zip(people, done, strict=True):
        decided.extend(person.work())
    with open_reviews(folder, url) as store:
        found = store.verdicts()
    assert len(found) == 60 + 30
    counts = Counter(one.item for one in found)
    assert Counter(counts.values()) == {1: 30, 2: 30}
    assert Counter(one.reviewer for one in found) == {
        "ann": len(done[0]),
        "ben": len(done[1]),
    }
    # The folder remembers where they are, without the password.
    noted = (folder / "review-database.txt").read_text()
    assert "a-password" not in noted
    assert "reviews_" in noted


def test_sent_twice_at_once_it_counts_once(
    run_of: Callable[..., Path], some: Any, serve: Any, client: Any, url: str
) -> None:
    folder = run_of(some(8))
    pages = [serve(folder, "--as", "ann", "--database", url) for _ in range(2)]
    first = client(pages[1].link)
    assert first.status == 200
    view = first.next()[0]
    entry = {"id": "b" * 32, "item": view["item"], "verdict": "accept"}
    states: list[str] = []

    def send(page: Any) -> None:
        other = type(first).__new__(type(first))
        other.__dict__.update(first.__dict__)
        other.host = page.url.removeprefix("http://")
        for _ in range(10):
            found = other.post("/api/verdicts", {"entries": [entry]})
            states.extend(one["state"] for one in found["results"])

    threads = [threading.Thread(target=send, args=(page,)) for page in pages]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert states == ["stored"] * 20
    with open_reviews(folder, url) as store:
        assert len(store.verdicts()) == 1


def test_versions_and_forgetting(
    run_of: Callable[..., Path], gallery: list[Sample], url: str
) -> None:
    from silversmith.review.plan_file import read_plan
    from silversmith.review.records import Forgotten, Verdict

    folder = run_of(gallery)
    plan = read_plan(folder)
    assert plan is not None
    with open_reviews(folder, url) as store:
        store.take(plan, folder)
        given = [
            Verdict(
                id=f"given-{n}", plan=plan.id, dataset=plan.dataset, item=item.item,
                sample=item.sample, content=item.content, reviewer="Cem", verdict="accept",
                when="2026-01-01T00:00:00Z",
            )
            for n, item in enumerate(plan.items)
        ]  # fmt: skip
        assert store.add(given) == len(given)
        assert store.add(given) == 0
        assert store.verdicts() == given
        assert store.forget(reviewers=["Cem"], dry=True).verdicts == len(given)
        gone = store.forget(samples=[gallery[0].id])
        assert gone == Forgotten(verdicts=1, reviewers=0, other=1)
        assert len(store.verdicts()) == len(given) - 1
    with psycopg.connect(url, autocommit=True) as db:
        db.execute("ALTER TABLE review_log DROP COLUMN pick")
        db.execute("UPDATE review_notes SET value = '1' WHERE name = 'version'")
    with open_reviews(folder, url) as store:
        assert len(store.verdicts()) == len(given) - 1
    with psycopg.connect(url, autocommit=True) as db:
        found = db.execute("SELECT value FROM review_notes WHERE name = 'version'").fetchone()
        assert found == (str(DATABASE_VERSION),)
        db.execute("UPDATE review_notes SET value = '999' WHERE name = 'version'")
    with pytest.raises(Exception, match="newer silversmith"):
        open_reviews(folder, url)
