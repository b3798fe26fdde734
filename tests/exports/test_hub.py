"""What was exported, pushed to a stand-in of the hub on this machine."""

from __future__ import annotations

import base64
import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from pyarrow import parquet

from silversmith.records import Origin, Sample, sample_to_json, table_from_json

TOKEN = "hf_" + "a" * 34


class Hub(ThreadingHTTPServer):
    """Speaks the few words of the hub's API that a push needs (https://huggingface.co/docs/hub/api).

    Attributes:
        files: what was committed, by repository and place.
        private: whether a repository is, by name.
    """

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Answers)
        self.files: dict[str, dict[str, bytes]] = {}
        self.private: dict[str, bool] = {}
        self.refuses = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


class _Answers(BaseHTTPRequestHandler):
    server: Hub

    def do_GET(self) -> None:
        name = self.path.removeprefix("/api/datasets/").partition("?")[0]
        self._reply(200, {"id": name, "private": self.server.private.get(name, True)})

    def do_POST(self) -> None:
        length = self.headers.get("Content-Length")
        body = self.rfile.read(int(length)) if length else self._chunks()
        if self.headers.get("Authorization") != f"Bearer {TOKEN}":
            return self._reply(401, {"error": "Invalid username or password."})
        if self.server.refuses:
            return self._reply(self.server.refuses, {"error": "You don't have the rights"})
        if self.path == "/api/repos/create":
            return self._create(json.loads(body))
        if self.path == "/api/validate-yaml":
            return self._reply(200, {"warnings": [], "errors": []})
        name, _, what = self.path.removeprefix("/api/datasets/").partition("/preupload/")
        if what:
            wanted = [
                {"path": one["path"], "uploadMode": "regular", "shouldIgnore": False}
                for one in json.loads(body)["files"]
            ]
            return self._reply(200, {"files": wanted})
        name = name.partition("/commit/")[0]
        for line in body.splitlines():
            entry = json.loads(line)
            if entry["key"] == "file":
                value = entry["value"]
                self.server.files[name][value["path"]] = base64.b64decode(value["content"])
        commit = f"{self.server.url}/datasets/{name}/commit/{'0' * 40}"
        return self._reply(200, {"success": True, "commitUrl": commit, "commitOid": "0" * 40})

    def _create(self, asked: dict[str, Any]) -> None:
        name = f"{asked['organization']}/{asked['name']}"
        url = f"{self.server.url}/datasets/{name}"
        if name in self.server.private:
            error = "You already created this dataset repo"
            return self._reply(409, {"error": error, "url": url})
        self.server.private[name] = asked.get("private", False) or (
            asked.get("visibility") == "private"
        )
        self.server.files[name] = {}
        return self._reply(200, {"url": url})

    def _chunks(self) -> bytes:
        parts = []
        while size := int(self.rfile.readline(), 16):
            parts.append(self.rfile.read(size))
            self.rfile.readline()
        self.rfile.readline()
        return b"".join(parts)

    def _reply(self, status: int, body: dict[str, Any]) -> None:
        data = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_: object) -> None:
        """Nothing is printed."""


@pytest.fixture
def hub() -> Iterator[Hub]:
    server = Hub()
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def run(tmp_path: Path) -> Path:
    folder = tmp_path / "run"
    (folder / "kept").mkdir(parents=True)
    samples = [
        Sample.pair(f"question {n}", f"answer {n} ☃", id=f"s{n}", origin=Origin("instruction"))
        for n in range(20)
    ]
    table = table_from_json([sample_to_json(sample) for sample in samples])
    parquet.write_table(table, folder / "kept" / "part-00000.parquet")
    return folder


def push(run: Path, url: str, to: str, token: str = TOKEN) -> subprocess.CompletedProcess[str]:
    words = ["export", run, "--format", "trl-sft", "--split", "train=0.8,test=0.2", "--push-to", to]
    given = {
        name: value for name, value in os.environ.items() if not name.startswith(("HF_", "HUGGING"))
    }
    given |= {
        "HF_ENDPOINT": url,
        "HF_HOME": str(run.parent / "hf"),
        "HF_HUB_DISABLE_IMPLICIT_TOKEN": "0",
        "NO_PROXY": "*",
        **({"HF_TOKEN": token} if token else {}),
    }
    command = [sys.executable, "-m", "silversmith", *map(str, words)]
    return subprocess.run(command, capture_output=True, text=True, env=given, timeout=300)


def test_a_push_writes_every_file_into_a_private_repository(run: Path, hub: Hub) -> None:
    done = push(run, hub.url, "ann/replies")
    assert done.returncode == 0, done.stderr
    assert f"Pushed to {hub.url}/datasets/ann/replies (private)" in done.stdout
    assert hub.private == {"ann/replies": True}
    there = run / "exports" / "trl-sft"
    here = {path.relative_to(there).as_posix() for path in there.rglob("*") if path.is_file()}
    assert set(hub.files["ann/replies"]) == here
    assert {"train.jsonl", "test.jsonl", "README.md"} <= here
    for name, content in hub.files["ann/replies"].items():
        assert content == (there / name).read_bytes()


def test_a_repository_that_exists_stays_as_it_is(run: Path, hub: Hub) -> None:
    hub.private["ann/open"], hub.files["ann/open"] = False, {}
    done = push(run, hub.url, "ann/open")
    assert "(public: everybody can read it)" in done.stdout
    assert hub.private["ann/open"] is False


@pytest.mark.parametrize(
    ("token", "status", "says"),
    [("hf_wrong", 0, "knows no such token"), ("", 0, "knows no such token"), (TOKEN, 403, "right")],
)
def test_a_push_that_the_hub_refuses(
    run: Path, hub: Hub, token: str, status: int, says: str
) -> None:
    hub.refuses = status
    done = push(run, hub.url, "ann/replies", token)
    assert done.returncode == 1
    assert says in done.stderr
    assert "the export itself is whole in" in " ".join(done.stderr.split())
    assert "Traceback" not in done.stderr
    assert TOKEN not in done.stderr + done.stdout
    assert (run / "exports" / "trl-sft" / "train.jsonl").exists()


def test_a_hub_that_cannot_be_reached(run: Path, hub: Hub) -> None:
    url = hub.url
    hub.server_close()
    done = push(run, url, "ann/replies")
    assert done.returncode == 1
    assert "ann/replies was not written" in " ".join(done.stderr.split())
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("name", ["replies", "../x/y", "ann/re plies", "ann/a--b"])
def test_what_is_no_repository_is_refused_before_anything_is_written(run: Path, name: str) -> None:
    done = push(run, "http://127.0.0.1:9", name)
    assert done.returncode == 1
    assert "is no repository of the hub" in done.stderr
    assert not (run / "exports").exists()
