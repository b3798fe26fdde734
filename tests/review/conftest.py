"""Run folders to review, and the page as it is really served."""

from __future__ import annotations

import http.client
import json
import os
import queue
import secrets
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from silversmith.records import Sample, sample_from_json, sample_to_json, table_from_json
from silversmith.review.plan import plan_review
from silversmith.review.store import open_reviews
from silversmith.review.wanted import Wanted
from silversmith.store import ParquetParts

GALLERY = Path(__file__).resolve().parents[1] / "data" / "review_gallery" / "samples.jsonl"
START_S = 60


def write_run(folder: Path, samples: Sequence[Sample]) -> Path:
    """A run's folder that kept these samples."""
    rows = [sample_to_json(sample) for sample in samples]
    with ParquetParts(folder / "kept") as parts:
        parts.write(table_from_json(rows))
    return folder


def some_samples(count: int) -> list[Sample]:
    """Short samples, all different."""
    return [
        Sample.pair(
            f"What is {n} + {n}?", f"It is {2 * n}.", id=f"{n:032x}", strategy="instruction"
        )
        for n in range(count)
    ]


@pytest.fixture(scope="session")
def gallery() -> list[Sample]:
    """One or two samples of each strategy."""
    return [sample_from_json(line) for line in GALLERY.read_bytes().splitlines()]


@pytest.fixture
def run_of(tmp_path: Path) -> Callable[..., Path]:
    """`run_of(samples, overlap=0.5)`: a run's folder that kept these samples, with a plan that
    shows all of them (or as its options say)."""

    def make(samples: Sequence[Sample], /, **wanted: Any) -> Path:
        folder = write_run(tmp_path / "run", samples)
        options: dict[str, Any] = {"overlap": 0.0, "repeats": 0.0, "routed": 0, "seed": 1}
        plan_review(folder, Wanted(**{"samples": len(samples), **options, **wanted}))
        return folder

    return make


class Page:
    """A running `silversmith review`.

    Attributes:
        link: the owner's.
        url: the address without the token.
    """

    def __init__(self, folder: Path, words: Sequence[str], env: dict[str, str]) -> None:
        command = [sys.executable, "-m", "silversmith", "review", str(folder), "--no-browser"]
        self.process = subprocess.Popen(
            [*command, *(() if "--port" in words else ("--port", "0")), *words],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, **env},
        )
        self.folder = folder
        self.link = self._said("You")
        self.url, _, self.token = self.link.partition("/#")

    def _said(self, word: str) -> str:
        """The rest of the first line that begins with a word."""
        lines: queue.Queue[str] = queue.Queue()
        out = self.process.stdout
        assert out is not None

        def read() -> None:
            for line in out:
                lines.put(line)
            lines.put("")

        threading.Thread(target=read, daemon=True).start()
        while line := lines.get(timeout=START_S):
            if line.startswith(word):
                return line.split()[-1]
        self.process.wait(timeout=10)
        assert self.process.stderr is not None
        raise RuntimeError(f"the page did not start: {self.process.stderr.read()}")

    @property
    def port(self) -> str:
        return self.url.rpartition(":")[2]

    def stop(self, how: signal.Signals = signal.SIGTERM) -> int:
        """End the process; returns its exit status."""
        if self.process.poll() is None:
            self.process.send_signal(how)
        try:
            status = self.process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            status = self.process.wait()
        for stream in (self.process.stdout, self.process.stderr):
            if stream is not None:
                stream.close()
        return status


@pytest.fixture
def serve() -> Iterator[Callable[..., Page]]:
    """Serve a run's folder: `serve(folder, "--lease", "1")`. Stopped when the test ends."""
    started: list[Page] = []

    def start(folder: Path, *words: str, env: dict[str, str] | None = None) -> Page:
        started.append(Page(folder, words, env or {}))
        return started[-1]

    yield start
    for page in started:
        page.stop()


class Client:
    """Speaks to the page as its scripts do; raises nothing for a refusal.

    Args:
        link: a person's link.
    """

    def __init__(self, link: str) -> None:
        parts = urlsplit(link)
        self.host = parts.netloc
        self.cookie = ""
        self.csrf = ""
        self.status, self.body, headers = self.send("POST", "/api/login", {"token": parts.fragment})
        if self.status == 200:
            self.cookie = headers["set-cookie"].partition(";")[0]
            self.set_cookie = headers["set-cookie"]
            self.me = self.get("/api/me")
            self.csrf = self.me["csrf"]

    def send(
        self, method: str, path: str, body: Any = None, **headers: str
    ) -> tuple[int, Any, dict[str, str]]:
        """Status, body, headers."""
        whole = {"content-type": "application/json", "x-csrf-token": self.csrf}
        if self.cookie:
            whole["cookie"] = self.cookie
        whole |= {name.replace("_", "-"): value for name, value in headers.items()}
        connection = http.client.HTTPConnection(self.host, timeout=30)
        try:
            data = None if body is None else json.dumps(body).encode()
            connection.request(method, path, data, whole)
            reply = connection.getresponse()
            text = reply.read()
            found = {name.lower(): value for name, value in reply.getheaders()}
        finally:
            connection.close()
        kind = found.get("content-type", "")
        return reply.status, json.loads(text) if kind == "application/json" else text, found

    def get(self, path: str) -> Any:
        return self.send("GET", path)[1]

    def post(self, path: str, body: Any) -> Any:
        return self.send("POST", path, body)[1]

    def next(self, have: list[str] | None = None) -> list[dict[str, Any]]:
        """The next items."""
        return list(self.post("/api/next", {"have": have or []})["items"])

    def decide(self, view: dict[str, Any], verdict: str = "accept", **fields: Any) -> Any:
        """Send a verdict; returns what the server says of it."""
        entry = {
            "id": secrets.token_hex(16), "item": view["item"], "verdict": verdict,
            "shown": view.get("shown", ""), "seconds": 2.5, **fields,
        }  # fmt: skip
        self.last = entry
        return self.post("/api/verdicts", {"entries": [entry]})["results"][0]

    def work(self, most: int = 10_000, verdict: str = "accept") -> list[str]:
        """Decide until nothing is left; returns the items."""
        done: list[str] = []
        while views := self.next():
            for view in views:
                if len(done) == most:
                    return done
                self.decide(view, verdict)
                done.append(view["item"])
        return done


@pytest.fixture
def client() -> type[Client]:
    """`client(link)`: a reviewer without a browser."""
    return Client


@pytest.fixture
def some() -> Callable[[int], list[Sample]]:
    """`some(30)`: so many short samples."""
    return some_samples


@pytest.fixture(scope="module")
def gallery_page(
    gallery: list[Sample], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Callable[..., str]]:
    """The gallery, served once for a whole module and shown whole to each of many people:
    `gallery_page("Ann")` is a new person's link. The last sample has money and markup."""
    from silversmith.review.people import add_reviewer

    folder = write_run(tmp_path_factory.mktemp("gallery"), [*gallery, with_markup()])
    plan_review(
        folder,
        Wanted(samples=len(gallery) + 1, overlap=1.0, overlap_reviewers=50, repeats=0, routed=0),
    )
    page = Page(folder, (), {})

    def person(name: str, *, owner: bool = False) -> str:
        with open_reviews(folder) as store:
            write = store.database.write
            token = write(lambda c: add_reviewer(c, name, owner=owner)).result()
        return f"{page.url}/#{token}"

    yield person
    page.stop()


def with_markup() -> Sample:
    """A sample whose response has what is and what is not to be drawn."""
    text = (
        "From $5 to $10. A *word*, `x < y`, [site](https://example.org), [bad](javascript:alert(1))"
        ".\n\n<b>not bold</b>"
    )
    return Sample.pair("Costs?", text, id="f" * 32, strategy="instruction")


@pytest.fixture
def invite() -> Callable[..., str]:
    """`invite(folder, "Ben")`: a reviewer's link, by the command that an owner gives."""

    def add(folder: Path, name: str, *words: str) -> str:
        command = [sys.executable, "-m", "silversmith", "reviewers", "add", name]
        done = subprocess.run(
            [*command, "--run", str(folder), *words], capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    return add
