"""Requests as rows of Ray's vLLM engine processor, and its rows as chat completions."""

import orjson
import pytest

from silversmith.models import Reply
from silversmith.models.chat_request import BadRequest
from silversmith.models.logprobs import tokens_of
from silversmith.pipeline.cluster.processor_rows import completion_of, fault_of, row_of

END = 2


class Words:
    """A model's prompts: a token for each word."""

    ends = frozenset({END})

    def __init__(self, **defaults):
        self.defaults = defaults

    def tokens(self, messages, more):
        assert not more
        return [len(word) for one in messages for word in one["content"].split()]


def asked(prompts=None, **options):
    body = {"model": "m", "messages": [{"role": "user", "content": "Say ready"}], **options}
    return row_of(orjson.dumps(body), "m", prompts or Words())


def answered(row, tokens, text, **more):
    answer = {"generated_text": text, "generated_tokens": tokens, "num_input_tokens": 2, **more}
    return Reply.from_body(orjson.dumps(completion_of(row["asked"], answer)))


def test_a_request_is_a_row():
    row = asked(
        temperature=0.5,
        max_tokens=9,
        response_format={"type": "json_schema", "json_schema": {"name": "a", "schema": {"b": 1}}},
    )
    assert row["tokenized_prompt"] == [3, 5]
    assert row["sampling_params"] == {
        "temperature": 0.5,
        "max_tokens": 9,
        "stop": [],
        "structured_outputs": {"json": '{"b":1}'},
    }


def test_what_the_model_itself_says_holds_where_the_request_says_nothing():
    prompts = Words(temperature=0.6, top_p=0.95)
    sampling = asked(prompts, top_p=0.5)["sampling_params"]
    assert (sampling["temperature"], sampling["top_p"]) == (0.6, 0.5)
    assert sampling["max_tokens"] is None


def test_an_answer_is_whole_only_where_its_tokens_show_it():
    row = asked(max_tokens=3)
    assert answered(row, [7, 8, END], "a b").finish_reason == "stop"
    assert answered(row, [7, 8, 9], "a b c").finish_reason == "length"
    # It ran into the end of the context, with room left in `max_tokens`.
    assert answered(row, [7, 8], "a b").finish_reason == "length"
    assert answered(row, [], "").finish_reason == "length"
    assert answered(asked(ignore_eos=True), [7, END], "a").finish_reason == "length"
    assert answered(asked(stop_token_ids=[8]), [7, 8], "a").finish_reason == "stop"


def test_an_answer_that_ends_in_a_stop_string_is_whole_and_without_it():
    row = asked(stop=["##", "#"], max_tokens=2)
    assert row["sampling_params"]["include_stop_str_in_output"]
    reply = answered(row, [7, 8], "a ##")
    assert (reply.text, reply.finish_reason) == ("a ", "stop")
    assert answered(row, [7, 8], "a # b").finish_reason == "length"
    assert asked(stop="x")["sampling_params"]["stop"] == ["x"]


def test_tokens_are_counted_and_carry_log_probabilities():
    row = asked(logprobs=True, top_logprobs=2)
    assert row["sampling_params"]["logprobs"] == 2
    found = [
        # The chosen one came third.
        {5: piece(-0.5, 1, "4"), 6: piece(-1.5, 2, "3"), 7: piece(-2.0, 3, "2")},
        {END: piece(-0.1, 1, ""), 9: piece(float("-inf"), 2, "x")},
    ]
    reply = answered(row, [7, END], "2", logprobs=found)
    assert (reply.usage.input_tokens, reply.usage.output_tokens) == (2, 2)
    (token,) = tokens_of(reply)
    assert (token.text, dict(token.alternatives)) == ("2", {"4": -0.5, "3": -1.5})


def piece(logprob, rank, text):
    return {"logprob": logprob, "rank": rank, "decoded_token": text}


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"n": 2}, "one answer"),
        ({"model": "other"}, "no model 'other' here: m"),
        ({"tools": []}, "not given 'tools': leave it out"),
        ({"guided_json": {}}, "not given 'guided_json'"),
        ({"messages": "x"}, "'messages'"),
        ({"response_format": {"type": "json_schema"}}, "'response_format'"),
    ],
)
def test_what_the_processor_cannot_give_is_refused_and_not_left_out_in_silence(options, said):
    with pytest.raises(BadRequest, match=said):
        asked(**options)


def test_a_request_that_is_at_fault_is_told_from_an_engine_that_is():
    wrong = fault_of("VLLMValidationError: the prompt is too long")
    assert (wrong.status, str(wrong)) == (400, "the prompt is too long")
    assert fault_of("RuntimeError: it burns: all").status == 500
