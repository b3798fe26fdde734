"""The key: nowhere but in the environment and in the requests, whatever happens."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import zlib
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from silversmith.store.pages import Pages

KEY = "sk-canary-5b2e9d417f60a8c3"
ECHOING = {
    "error_500": 0.05,
    "bad_gateway": 0.03,
    "error_object": 0.03,
    "no_choices": 0.02,
    "hang": 0.03,
    "reset": 0.03,
    "truncated": 0.03,
    "limited": 0.01,
    "echo": 0.3,
    "huge": 0.02,
}
ENV = {"CANARY": KEY, "OPENAI_LOG": "debug"}


def everything_in(folder):
    """All bytes below a folder, with what is compressed in it."""
    for path in folder.rglob("*"):
        if path.is_file():
            yield path, path.read_bytes()
        if path.suffix == ".parquet":
            yield path, json.dumps(pq.read_table(path).to_pylist(), default=str).encode()
        if path.suffix == ".db":
            yield path, b"\n".join(rows_of(path))


def rows_of(journal):
    with Pages(journal) as pages:
        for row in pages.rows():
            for value in row.values:
                if isinstance(value, bytes):
                    with contextlib.suppress(zlib.error):
                        yield zlib.decompress(value)
                yield str(value).encode()


def assert_no_key(*said):
    for text in said:
        assert KEY not in text
        assert KEY[:12] not in text


def command_lines():
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):
            yield path.read_bytes().decode(errors="replace")


@pytest.fixture
def endpoint(simulate, faulty):
    """An endpoint that wants the key, and repeats it where it can."""
    return faulty(simulate(api_key_env="CANARY", env=ENV).url, **ECHOING)


def test_it_is_nowhere_after_failures_of_every_kind(work, endpoint):
    work.write(endpoint.url, samples=40, api_key_env="CANARY", timeout=1.0, retries=3)
    # With one attempt at a question, an echo in the place of a reply fails the sample.
    everything = ("--set", "max_failed_share=1.0", "--set", "attempts=1")
    run = work.start("out", *everything, env=ENV)
    endpoint.wait(40, run)
    assert_no_key(*command_lines(), work.manifest("out")["status"])
    run.send_signal(signal.SIGKILL)
    heard = [*run.communicate()]
    for options in ((), ("--retry-failed", "--json")):
        run = work.start("out", *everything, *options, env=ENV)
        heard += run.communicate(timeout=100)
        assert "Traceback" not in heard[-1]
    faults = endpoint.stats()["faults"]
    assert faults.keys() >= {"error_500", "error_object", "echo"}
    assert work.dataset("out")["failed"]

    wrong = {**ENV, "CANARY": KEY + "-wrong"}
    run = work.start("other", env=wrong)
    heard += run.communicate(timeout=60)
    assert run.returncode == 1
    assert "does not accept the key in CANARY" in heard[-1]

    out = work.folder / "out"
    spoil(out / "journal.db")
    for words in (["run", work.recipe, "--out", out], ["recover", out]):
        command = [sys.executable, "-m", "silversmith", *map(str, words)]
        env = {**os.environ, **ENV}
        ended = subprocess.run(command, env=env, capture_output=True, text=True)
        heard += [ended.stdout, ended.stderr]
    assert "Saved" in heard[-2]

    assert_no_key(*heard)
    places = list(everything_in(work.folder))
    assert {".db", ".json", ".yaml", ".parquet"} <= {path.suffix for path, _ in places}
    assert any(b"***" in data for _, data in places)  # where it was repeated to us
    for path, data in places:
        assert KEY[:12].encode() not in data, path


def spoil(journal):
    data = bytearray(journal.read_bytes())
    data[:100] = bytes(100)
    journal.write_bytes(data)
