"""Parameters that constrain answers, and endpoints that pass them over in silence."""

import pytest
from aiohttp import web

from silversmith.errors import EndpointError
from silversmith.models.heeded import Constraint, constraints


def test_what_can_be_seen_in_an_answer():
    found = list(
        constraints({"guided_choice": ["yes", "no"], "structured_outputs": {"regex": "[ab]+"}})
    )
    assert [(one.name, one.kind) for one in found] == [
        ("structured_outputs", "regex"), ("guided_choice", "choice"),
    ]  # fmt: skip
    assert list(constraints({"temperature": 1, "guided_grammar": "x"})) == []


@pytest.mark.parametrize(
    ("kind", "value", "answer", "holds"),
    [
        ("choice", ["yes", "no"], "yes", True), ("choice", ["yes", "no"], "Ready.", False),
        ("regex", "[ab]+", "abba", True), ("regex", "[ab]+", "Ready.", False),
        ("json", {}, '{"a": 1}', True), ("json", {}, '{"a": ', True), ("json", {}, "Ready.", False),
        ("json", {}, "<think>Hm.</think>\n[1]", True),
    ],
)  # fmt: skip
def test_whether_a_constraint_holds(kind, value, answer, holds):
    assert Constraint("p", kind, value).holds(answer) == holds


async def test_a_parameter_that_is_passed_over_ends_the_run_before_it_begins(connect, endpoint):
    endpoint.always(endpoint.completion("Ready."))
    connection = connect(base_url=endpoint.url, parameters={"guided_choice": ["yes", "no"]})
    with pytest.raises(EndpointError) as caught:
        await connection.open("prompt")
    assert caught.value.fatal
    assert (
        "takes the parameter `guided_choice` without heeding it (it answered 'Ready.'); newer"
        " versions of vLLM want `structured_outputs: {choice: ...}`" in str(caught.value)
    )


async def test_one_that_is_heeded_goes_on(connect, endpoint):
    endpoint.always(endpoint.completion("no"))
    connection = connect(
        base_url=endpoint.url, parameters={"structured_outputs": {"choice": ["yes", "no"]}}
    )
    await connection.open("prompt")
    assert endpoint.bodies[-1]["structured_outputs"] == {"choice": ["yes", "no"]}


async def test_log_probabilities_are_found_though_the_tokens_make_up_another_text(
    connect, endpoint
):
    body = endpoint.body("Ready \N{REPLACEMENT CHARACTER}")
    given = {"token": "Ready", "bytes": [82], "logprob": -1.0, "top_logprobs": [{"token": "a"}]}
    body["choices"][0]["logprobs"] = {"content": [given]}

    async def answer(request):
        return web.json_response(body)

    endpoint.always(answer)
    connection = connect(base_url=endpoint.url)
    await connection.open("prompt")
    assert await connection.alternatives() == 20
