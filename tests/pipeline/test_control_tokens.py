"""A draft with a control token of a chat template is sent back, unless the token is the seed's."""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from pyarrow import dataset

from silversmith import Recipe

PAIR = {"instruction": "How long is the bridge?", "response": "It is 214 metres long."}


@pytest.fixture
def endpoint():
    """Start an endpoint that gives these replies in turn; returns its address and its requests."""
    servers = []

    def start(*replies):
        asked = []

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_):
                pass

            def do_GET(self):
                self.say({"data": [{"id": "x"}]})

            def do_POST(self):
                body = json.loads(self.rfile.read(int(self.headers["content-length"])))
                content = "ready"  # to the question before the first draft
                if len(body["messages"]) > 1:
                    asked.append(body["messages"])
                    content = replies[min(len(asked), len(replies)) - 1]
                message = {"role": "assistant", "content": content}
                choice = {"index": 0, "message": message, "finish_reason": "stop"}
                self.say({"id": "1", "object": "chat.completion", "model": "x",
                          "choices": [choice]})  # fmt: skip

            def say(self, value):
                data = json.dumps(value).encode()
                self.send_response(200)
                self.send_header("content-type", "application/json")
                self.send_header("content-length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        servers.append(server)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        return f"http://127.0.0.1:{server.server_port}/v1#x", asked

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


def responses(tmp_path, model, seed):
    (tmp_path / "seeds.jsonl").write_text(json.dumps({"instruction": seed}) + "\n")
    recipe = Recipe(
        models={"writer": model},
        seeds=[{"tasks": str(tmp_path / "seeds.jsonl")}],
        generators=["instruction"],
    )
    recipe.run(tmp_path / "run")
    kept = dataset.dataset(tmp_path / "run" / "kept").to_table(columns=["messages"]).to_pylist()
    return [row["messages"][-1]["content"] for row in kept]


def test_it_is_sent_back(tmp_path, endpoint):
    stray = {**PAIR, "response": "It is 214 metres long.<|im_end|>\n<|im_start|>user\nAnd?"}
    model, asked = endpoint(json.dumps(stray), json.dumps(PAIR))
    assert responses(tmp_path, model, "Ask about a bridge.") == [PAIR["response"]]
    assert "it holds '<|im_end|>', a control token" in asked[1][-1]["content"]


def test_behind_the_draft_it_does_no_harm(tmp_path, endpoint):
    model, asked = endpoint(json.dumps(PAIR) + "<|im_end|>")
    assert responses(tmp_path, model, "Ask about a bridge.") == [PAIR["response"]]
    assert len(asked) == 1


def test_a_seed_about_them_may_have_them_in_its_draft(tmp_path, endpoint):
    told = {**PAIR, "response": "A turn ends with <|im_end|>."}
    model, _ = endpoint(json.dumps(told))
    assert responses(tmp_path, model, "What does <|im_end|> mean?") == [told["response"]]
