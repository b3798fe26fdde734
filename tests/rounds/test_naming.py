"""A model names groups, and nothing of the evaluation gets through it."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator, Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

Call = Callable[..., tuple[Any, str, str]]
Arithmetic = Callable[..., list[dict[str, Any]]]
Write = Callable[[Path, Sequence[dict[str, Any]]], Path]

CLEAN = "A baker packs rolls into trays of unequal size and asks how many trays are full."


def named(specification: str) -> dict[str, Any]:
    return {
        "title": "divides wrongly",
        "description": "It forgets what is left over.",
        "kind": "wrong_arithmetic",
        "specifications": [CLEAN, f"{CLEAN} Then one breaks.", specification],
    }


class Scripted:
    """A server that gives the next reply of a list, the last one again and again."""

    def __init__(self) -> None:
        self.replies: list[dict[str, Any]] = []
        self.asked: list[dict[str, Any]] = []
        script = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                length = int(self.headers["content-length"])
                asked = json.loads(self.rfile.read(length))
                reply: dict[str, Any] = {"ready": True}
                if "Say ready." not in asked["messages"][0]["content"]:  # no probe
                    script.asked.append(asked)
                    reply = script.replies[min(len(script.asked), len(script.replies)) - 1]
                message = {"role": "assistant", "content": json.dumps(reply)}
                body = json.dumps(
                    {
                        "id": "1", "object": "chat.completion", "created": 0, "model": "m",
                        "choices": [{"index": 0, "message": message, "finish_reason": "stop"}],
                        "usage": {"prompt_tokens": 3, "completion_tokens": 2, "total_tokens": 5},
                    }
                ).encode()  # fmt: skip
                self.send_response(200)
                self.send_header("content-type", "application/json")
                self.send_header("content-length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *words: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.model = f"http://127.0.0.1:{self.server.server_port}/v1#m"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()


@pytest.fixture
def scripted() -> Iterator[Scripted]:
    one = Scripted()
    yield one
    one.server.shutdown()
    one.server.server_close()


def test_what_repeats_an_item_is_asked_for_again(
    call: Call,
    run: Path,
    tmp_path: Path,
    arithmetic: Arithmetic,
    write: Write,
    scripted: Scripted,
) -> None:
    rows = arithmetic([0, 0.6, 0], items=60)
    failed = next(row for row in rows if not row["score"])
    scripted.replies = [named(f"Ask this: {failed['prompt']}"), named("Something with boats.")]
    log = write(tmp_path / "log.jsonl", rows)
    words = ("next", run, "--failures", log, "--out", "round", "--model", scripted.model)
    status, out, err = call(*words, "--samples", 9)
    assert status == 0, err
    assert "A model was asked 2 times for names (10 tokens)" in out
    assert "divides wrongly" in out
    again = scripted.asked[-1]["messages"]
    assert "it repeats words of a failure" in again[-1]["content"]
    seeds = [json.loads(x) for x in (tmp_path / "round/seeds.jsonl").read_text().splitlines()]
    assert len(seeds) == 3
    assert "boats" in seeds[2]["instruction"]
    assert not [seed for seed in seeds if failed["prompt"] in seed["instruction"]]


def test_a_group_that_no_reply_is_usable_for_keeps_its_own_name(
    call: Call,
    run: Path,
    tmp_path: Path,
    arithmetic: Arithmetic,
    write: Write,
    scripted: Scripted,
) -> None:
    scripted.replies = [named("Write to ann.smith@example-mail.net about it.")]
    log = write(tmp_path / "log.jsonl", arithmetic([0, 0.6, 0], items=60))
    words = ("next", run, "--failures", log, "--out", "round", "--model", scripted.model)
    status, out, err = call(*words)
    assert status == 0, err
    assert "keeps that name alone: it holds personal data or a secret" in out
    assert len(scripted.asked) == 3
    assert "ann.smith" not in (tmp_path / "round/seeds.jsonl").read_text()


def test_the_model_sees_nobodys_data(
    call: Call, run: Path, tmp_path: Path, write: Write, scripted: Scripted
) -> None:
    rows = [
        {"prompt": f"Order {n} of ann.smith@example-mail.net?", "output": "No.", "thumbs": "down"}
        for n in range(4)
    ]
    scripted.replies = [named("Something with boats.")]
    log = write(tmp_path / "log.jsonl", rows)
    words = ("next", run, "--failures", log, "--out", "round", "--model", scripted.model)
    assert call(*words)[0] == 0
    sent = json.dumps(scripted.asked)
    assert "[EMAIL_ADDRESS]" in sent
    assert "ann.smith" not in sent
