"""A reply is read from the body alone, as the journal keeps it."""

import orjson
import pytest

from silversmith.errors import ReplyError
from silversmith.models import Reply


def reply(message: dict, **rest) -> Reply:
    choice = {"message": message, "finish_reason": rest.pop("finish_reason", "stop")}
    return Reply.from_body(orjson.dumps({"choices": [choice], **rest}))


@pytest.mark.parametrize(
    ("message", "text"),
    [
        ({"content": "Hi!"}, "Hi!"),
        ({"content": None}, ""),
        ({}, ""),
        ({"content": None, "refusal": "I will not."}, "I will not."),
        ({"content": "", "refusal": "I will not."}, "I will not."),
        ({"content": None, "reasoning_content": "Let me see"}, ""),
        ({"content": None, "tool_calls": [{"function": {"name": "f"}}]}, ""),
        ({"content": [{"type": "text", "text": "Hi"}, {"type": "x"}, {"text": "!"}]}, "Hi!"),
    ],
)
def test_text(message, text):
    assert reply(message).text == text


def test_what_is_missing_is_empty():
    bare = reply({"content": "Hi!"}, finish_reason=None, usage=None)
    assert (bare.finish_reason, bare.model, bare.simulated) == ("stop", "", False)
    assert (bare.usage.calls, bare.usage.input_tokens) == (1, 0)


def test_odd_token_counts_count_as_none():
    usage = {"prompt_tokens": None, "completion_tokens": "7", "prompt_tokens_details": None}
    assert reply({"content": ""}, usage=usage).usage.output_tokens == 0


def test_lone_surrogates_are_replaced():
    body = b'{"choices": [{"message": {"content": "\\ud83d wave \\ud83d\\udc4b"}}]}'
    read = Reply.from_body(body)
    assert read.text == "\ufffd wave \U0001f44b"
    assert orjson.dumps(read.text)
    assert Reply.from_body(read.body) == read


def test_numbers_that_are_no_json_elsewhere_in_the_body():
    body = b'{"choices": [{"logprobs": -Infinity, "message": {"content": "Hi!"}}]}'
    assert Reply.from_body(body).text == "Hi!"


def test_raw_line_breaks_inside_strings():
    body = b'{"choices": [{"message": {"content": "one\ntwo"}}]}'
    assert Reply.from_body(body).text == "one\ntwo"


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b'{"choices": [{"message": {"content": "Hal',
        b"<html>",
        b"[]",
        b'"text"',
        b'{"choices": []}',
        b'{"choices": {"0": 1}}',
        b'{"error": {"message": "no"}, "choices": [{"message": {"content": "x"}}]}',
        b"[" * 100_000,
    ],
)
def test_what_is_no_completion(body):
    with pytest.raises(ReplyError):
        Reply.from_body(body)
