"""Embeddings by the simulated model and by its server."""

import json
import urllib.error
import urllib.request
from base64 import b64decode

import numpy as np
import pytest
from openai import OpenAI

from silversmith.models.simulated_embedding import simulated_vectors


def post(url, body):
    request = urllib.request.Request(
        f"{url}/embeddings", json.dumps(body).encode(), {"Content-Type": "application/json"}
    )
    try:
        with urllib.request.urlopen(request, timeout=20) as reply:
            return reply.status, json.load(reply)
    except urllib.error.HTTPError as error:
        return error.code, json.load(error)


def test_similar_texts_are_near_each_other_and_others_are_not():
    one, near, far, turned = simulated_vectors(
        [
            "how do I reset my router",
            "how do I restart my router",
            "bake bread with rye",
            "ROUTER my reset I do how",
        ]
    )
    assert one @ near > 0.7 > abs(one @ far)
    assert one @ turned == pytest.approx(1, abs=1e-6)
    assert np.allclose(np.linalg.norm(simulated_vectors(["", "a b", "…"]), axis=1), 1)


def test_the_same_text_has_the_same_vector_in_every_process():
    assert simulated_vectors(["silver smith"], 8)[0].round(3).tolist() == [
        -0.40799999237060547,
        -0.40799999237060547,
        0.40799999237060547,
        0.0,
        0.0,
        -0.40799999237060547,
        -0.40799999237060547,
        0.40799999237060547,
    ]


def test_the_openai_client_reads_what_the_server_answers(simulate):
    server = simulate()
    with OpenAI(base_url=server.url, api_key="none") as client:
        reply = client.embeddings.create(model="any", input=["one text", "another"])
        narrow = client.embeddings.create(model="any", input="one text", dimensions=32)
    assert [one.index for one in reply.data] == [0, 1]
    assert np.allclose(reply.data[0].embedding, simulated_vectors(["one text"])[0], atol=1e-6)
    assert len(narrow.data[0].embedding) == 32
    assert reply.usage.prompt_tokens == 4
    assert reply.model == "any"
    assert server.stats()["ok"] == 2


def test_it_owns_up_to_being_simulated_and_packs_numbers_where_asked(simulate):
    url = simulate().url
    status, plain = post(url, {"model": "m", "input": ["a text"]})
    assert (status, plain["system_fingerprint"]) == (200, "silversmith-simulated")
    _, packed = post(url, {"model": "m", "input": "a text", "encoding_format": "base64"})
    numbers = np.frombuffer(b64decode(packed["data"][0]["embedding"]), "<f4")
    assert np.allclose(numbers, plain["data"][0]["embedding"])


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"input": []}, "'input' must have 1 to 2,048 texts."),
        ({"input": [1]}, "'input' must be a text or a list of texts."),
        ({"input": ["a", ""]}, "input[1] is empty."),
        ({"input": "x" * 40_000}, "input[0] has more than 8,192 tokens."),
        ({"model": None}, "The name of a model is missing."),
        ({"dimensions": 0}, "'dimensions' must be an integer from 1 to 4096."),
        ({"encoding_format": "int8"}, "'encoding_format' must be 'float' or 'base64'."),
    ],
)
def test_what_openai_refuses_is_refused(simulate, change, said):
    status, reply = post(simulate().url, {"model": "m", "input": "text", **change})
    assert (status, reply["error"]["message"]) == (400, said)


def test_keys_models_and_faults_are_as_for_completions(simulate):
    server = simulate(model="known", fail_rate=1.0)
    assert post(server.url, {"model": "known", "input": "text"})[0] == 500
    server = simulate(model="known")
    assert post(server.url, {"model": "other", "input": "text"})[0] == 404
    server = simulate(rate_limit=1)
    statuses = [post(server.url, {"model": "m", "input": "text"})[0] for _ in range(3)]
    assert 429 in statuses
