"""A programmatic teacher behind an OpenAI-compatible endpoint: it writes problems of the grammar
and solves them, and a known share of its solutions is wrong."""

from __future__ import annotations

import contextlib
import json
import math
import random
import re
import threading
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from looping.grammar import FAMILIES, Family, Problem, made, read

__all__ = ["NAME", "Teacher", "spoken_of", "teaching"]

NAME = "teacher"
"""What the endpoint calls the model."""

_MATERIAL = re.compile(r"<(task|failures|problem)>\n(.*?)\n</\1>", re.DOTALL)
_DOCUMENT_FREQUENCY = Counter(word for family in FAMILIES.values() for word in family.words)
_FARTHEST = 5
"""How far a wrong sum lies from the right one, at most."""


@dataclass(frozen=True)
class Teacher:
    """Who drafts. The same request has the same reply, whenever it comes.

    A draft is of the family that the seed's words speak of, and of any family where they speak of
    none. A problem that is sent back is solved anew.

    Attributes:
        slips: the share of solutions with a calculation that comes out wrong, as whoever
            recomputes it sees; the answer follows from it.
        misreadings: the share of solutions to another question than the problem's, of which each
            calculation is right.
    """

    slips: float = 0.0
    misreadings: float = 0.0

    def reply(self, body: Mapping[str, Any]) -> str:
        """What it says to a request, as JSON in the form that is asked for.

        Raises:
            ValueError: the request asks to solve what is no problem of the grammar.
        """
        messages = body["messages"]
        dice = _dice(messages, body.get("seed"))
        told = next(message["content"] for message in messages if message["role"] == "user")
        material = "\n".join(found[2] for found in _MATERIAL.finditer(told))
        fields = _fields(body)
        if "steps" not in fields:  # whether it takes a schema at all
            return json.dumps(dict.fromkeys(fields, "ready"))
        if "problem" in fields:
            problem = _sent_back(messages) or made(dice.choice(spoken_of(material)), dice)
            return json.dumps({"problem": problem.text, **self._solution(problem, dice)})
        given = read(material)
        if given is None:
            raise ValueError(f"the teacher cannot read this problem: {material[:200]!r}")
        return json.dumps(self._solution(given, dice))

    def _solution(self, problem: Problem, dice: random.Random) -> dict[str, Any]:
        """Steps and answer, right or with one of the flaws."""
        chance = dice.random()
        steps = problem.steps
        off = 0
        if chance < self.slips:
            off = dice.choice([-1, 1]) * dice.randint(1, _FARTHEST)
            off = abs(off) if steps[-1].value + off < 0 else off
        elif chance < self.slips + self.misreadings:
            steps = problem.family.wrong(**problem.numbers)
        answer = steps[-1].value + off
        lines = [str(step) for step in steps[:-1]] or [steps[-1].words]
        lines.append(f"{steps[-1].left} {steps[-1].sign} {steps[-1].right} = {answer}")
        return {"setup": "", "steps": lines, "answer": str(answer)}


def spoken_of(text: str) -> Sequence[Family]:
    """The families whose words a text has most of, the rarer ones counting for more; all families
    where it has none that tells them apart."""
    there = set(re.findall("[a-z]+", text.lower()))
    weights = {
        name: math.fsum(
            math.log(len(FAMILIES) / _DOCUMENT_FREQUENCY[word]) for word in family.words & there
        )
        for name, family in FAMILIES.items()
    }
    most = max(weights.values())
    return [FAMILIES[name] for name, weight in weights.items() if weight >= most - 1e-9]


@contextlib.contextmanager
def teaching(teacher: Teacher) -> Iterator[str]:
    """The teacher behind a free port of this machine; the base URL."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            self._send(200, {"object": "list", "data": [{"id": NAME, "object": "model"}]})

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            try:
                text = teacher.reply(body)
            except ValueError as error:
                self._send(400, {"error": {"message": str(error), "type": "bad_request"}})
                return
            self._send(200, _completion(text, body))

        def _send(self, status: int, value: Mapping[str, Any]) -> None:
            data = json.dumps(value).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, format: str, *args: Any) -> None:
            """Nothing: a run says itself how it went."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/v1"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _dice(messages: Sequence[Mapping[str, Any]], seed: Any) -> random.Random:
    said = json.dumps([messages, seed], sort_keys=True).encode()
    return random.Random(blake2b(said, digest_size=16).digest())


def _fields(body: Mapping[str, Any]) -> Mapping[str, Any]:
    form = body.get("response_format") or {}
    return (form.get("json_schema") or {}).get("schema", {}).get("properties") or {}


def _sent_back(messages: Sequence[Mapping[str, Any]]) -> Problem | None:
    """The problem of a draft that comes back with what is wrong with it."""
    drafts = [message["content"] for message in messages if message["role"] == "assistant"]
    return read(json.loads(drafts[-1])["problem"]) if drafts else None


def _completion(text: str, body: Mapping[str, Any]) -> dict[str, Any]:
    """The body of a chat completion; tokens are counted as words."""
    prompt = sum(len(message["content"].split()) for message in body["messages"])
    reply = len(text.split())
    return {
        "id": "chatcmpl-teacher",
        "object": "chat.completion",
        "created": 0,
        "model": NAME,
        "choices": [
            {
                "index": 0,
                "message": {"role": "assistant", "content": text},
                "finish_reason": "stop",
            }
        ],
        "usage": {
            "prompt_tokens": prompt,
            "completion_tokens": reply,
            "total_tokens": prompt + reply,
        },
    }
