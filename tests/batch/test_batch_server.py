"""The Batch API of the simulated server, as the `openai` package sees it."""

import json
import time

import openai
import pytest

from silversmith.models import Reply


@pytest.fixture(scope="module")
def url(module_simulate):
    return module_simulate(batch_seconds=0.2, batch_limit=20, model=["m", "n"]).url


@pytest.fixture
def client(url):
    with openai.OpenAI(base_url=url, api_key="none", max_retries=0) as client:
        yield client


def line(id_, **changes):
    body = {"model": "m", "messages": [{"role": "user", "content": f"Tell me about {id_}."}]}
    url = "/v1/chat/completions"
    return json.dumps({"custom_id": id_, "method": "POST", "url": url, "body": body, **changes})


def submit(client, *lines, **options):
    data = "\n".join(lines).encode()
    file = client.files.create(file=("requests.jsonl", data), purpose="batch")
    values = {"endpoint": "/v1/chat/completions", "completion_window": "24h", **options}
    return client.batches.create(input_file_id=file.id, **values)


def over(client, batch):
    while batch.status not in ("completed", "failed", "expired", "cancelled"):
        time.sleep(0.02)
        batch = client.batches.retrieve(batch.id)
    return batch


def rows(client, file):
    return [json.loads(row) for row in client.files.content(file).text.splitlines()]


def test_the_life_of_a_batch(client):
    batch = submit(client, *map(line, "abc"), metadata={"made_by": "a test"})
    statuses = [batch.status]
    while statuses[-1] != "completed":
        batch = client.batches.retrieve(batch.id)
        if batch.status != statuses[-1]:
            statuses.append(batch.status)

    assert statuses == ["validating", "in_progress", "finalizing", "completed"]
    assert batch.metadata == {"made_by": "a test"}
    assert batch.created_at <= batch.in_progress_at <= batch.completed_at
    counts = batch.request_counts
    assert (counts.total, counts.completed, counts.failed, batch.error_file_id) == (3, 3, 0, None)
    assert client.files.retrieve(batch.output_file_id).purpose == "batch_output"
    answers = rows(client, batch.output_file_id)
    assert [answer["custom_id"] for answer in answers] == ["a", "b", "c"]
    for answer, id_ in zip(answers, "abc", strict=True):
        asked = client.chat.completions.create(**json.loads(line(id_))["body"])
        reply = Reply.from_body(json.dumps(answer["response"]["body"]).encode())
        assert reply.text == asked.choices[0].message.content  # the same model answers
        assert reply.usage.input_tokens == asked.usage.prompt_tokens > 0


def test_a_request_that_is_wrong_fails_alone(client):
    wrong = line("b", body={"model": "n", "messages": []})
    batch = over(client, submit(client, line("a"), wrong))

    assert (batch.request_counts.completed, batch.request_counts.failed) == (1, 1)
    assert [row["custom_id"] for row in rows(client, batch.output_file_id)] == ["a"]
    (row,) = rows(client, batch.error_file_id)
    assert (row["custom_id"], row["error"]) == ("b", None)
    assert row["response"]["status_code"] == 400
    assert "messages" in row["response"]["body"]["error"]["message"]


@pytest.mark.parametrize(
    ("lines", "code", "number"),
    [
        (["not json"], "invalid_json_line", 1),
        ([line("a"), line("a")], "duplicate_custom_id", 2),
        ([line("a"), line("")], "missing_required_parameter", 2),
        ([line("a", url="/v1/embeddings")], "invalid_url", 1),
        ([line("a", body=[])], "invalid_request", 1),
        ([line("a", body={"model": "unknown"})], "model_not_found", 1),
        ([], "empty_file", None),
        ([line(str(n)) for n in range(21)], "too_many_requests", None),
    ],
)
def test_a_batch_that_is_wrong_fails_as_a_whole(client, lines, code, number):
    batch = over(client, submit(client, *lines))

    assert batch.status == "failed"
    assert [(error.code, error.line) for error in batch.errors.data] == [(code, number)]
    assert (batch.output_file_id, batch.error_file_id) == (None, None)


def test_batches_are_listed_the_newest_first(client):
    made = [submit(client, line("a")).id for _ in range(3)]

    first = client.batches.list(limit=2)
    assert [batch.id for batch in first.data] == made[:0:-1]
    assert first.has_more
    assert [batch.id for batch in client.batches.list(limit=2)][:3] == made[::-1]


def test_a_cancelled_batch_has_what_it_came_to(simulate):
    server = simulate(batch_seconds=0.8)
    with openai.OpenAI(base_url=server.url, api_key="none") as client:
        batch = submit(client, *(line(str(n)) for n in range(20)))
        while client.batches.retrieve(batch.id).request_counts.completed < 3:
            time.sleep(0.01)
        assert client.batches.cancel(batch.id).status == "cancelling"
        batch = over(client, batch)

        done = len(rows(client, batch.output_file_id))
        left = rows(client, batch.error_file_id)
        assert batch.status == "cancelled"
        assert 3 <= done < 20
        assert done + len(left) == 20
        assert {row["error"]["code"] for row in left} == {"batch_cancelled"}


def test_a_batch_that_takes_longer_than_its_window_expires(simulate):
    server = simulate(batch_seconds=0.4, batch_window=0.21)
    with openai.OpenAI(base_url=server.url, api_key="none") as client:
        batch = over(client, submit(client, *(line(str(n)) for n in range(20))))

        assert batch.status == "expired"
        assert len(rows(client, batch.output_file_id)) == 11
        left = rows(client, batch.error_file_id)
        assert {row["error"]["code"] for row in left} == {"batch_expired"}
        assert {row["response"] for row in left} == {None}
        assert server.stats()["batch_requests"] == 20


def test_a_share_of_the_requests_fails(simulate):
    server = simulate(fail_rate=0.3, seed=1)
    with openai.OpenAI(base_url=server.url, api_key="none", max_retries=9) as client:
        batch = over(client, submit(client, *(line(str(n)) for n in range(100))))

        bad = rows(client, batch.error_file_id)
        assert 15 < len(bad) < 45
        assert {row["response"]["status_code"] for row in bad} == {500}
        assert batch.request_counts.failed == len(bad)


def test_what_is_not_there_or_not_simulated(client):
    def refused(call, **values):
        with pytest.raises(openai.APIStatusError) as error:
            call(**values)
        return error.value.status_code, str(error.value)

    assert refused(client.batches.retrieve, batch_id="batch_x")[0] == 404
    assert refused(client.files.content, file_id="file-x")[0] == 404
    assert refused(client.batches.list, limit=1000)[0] == 400
    file = {"file": ("x", b"{}"), "purpose": "vision"}
    assert "'batch' as its 'purpose'" in refused(client.files.create, **file)[1]
    status, words = refused(submit, client=client, endpoint="/v1/embeddings")
    assert (status, "Only /v1/chat/completions is simulated" in words) == (400, True)
    assert refused(submit, client=client, completion_window="1h")[0] == 400
    assert refused(client.files.list)[0] == 404
