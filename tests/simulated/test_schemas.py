"""Whatever schema is sent, the simulated model's reply fits it."""

from __future__ import annotations

import json
from typing import Annotated, Any, Literal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import BaseModel, Field

from silversmith.errors import EndpointError
from silversmith.models.simulated import SimulatedModel, SimulatedOptions
from silversmith.models.structured import strict_schema

SOUND = SimulatedModel(SimulatedOptions(flawed=0, malformed=0))
FLAWED = SimulatedModel(SimulatedOptions(flawed=1, malformed=0))


class Turn(BaseModel):
    role: Literal["user", "assistant"]
    content: str


class Dialogue(BaseModel):
    persona: str
    turns: list[Turn] = Field(min_length=4, max_length=6)


class Length(BaseModel):
    kind: Literal["length"]
    words: int = Field(ge=10, le=20)


class Keyword(BaseModel):
    kind: Literal["keyword"]
    word: str = Field(min_length=3, max_length=12)


class Constrained(BaseModel):
    instruction: str
    response: str
    constraint: Annotated[Length | Keyword, Field(discriminator="kind")] | None = None


class Node(BaseModel):
    text: str
    children: list[Node] = []
    parent: Node | None = None


class Mixed(BaseModel):
    names: dict[str, int]
    pair: tuple[int, str]
    share: float = Field(gt=0, lt=1)
    labels: set[Literal["a", "b", "c"]] = Field(min_length=2)
    anything: Any
    even: int = Field(multiple_of=2, ge=-9, lt=9)


class Solved(BaseModel):
    problem: str
    steps: list[str] = Field(min_length=3, max_length=3)
    answer: float


@pytest.mark.parametrize("model", [SOUND, FLAWED], ids=["sound", "flawed"])
@pytest.mark.parametrize("form", [Dialogue, Constrained, Node, Mixed, Solved])
def test_pydantic_models_validate(form, model, drafting, misfit):
    schema = form.model_json_schema()
    for seed in range(60):
        text, finish = model.reply(drafting(), schema, seed)
        form.model_validate_json(text)
        assert misfit(json.loads(text), schema) is None
        assert finish == "stop"


@pytest.mark.parametrize("form", [Dialogue, Constrained, Solved])
def test_the_limits_that_a_strict_schema_has_in_words_are_kept(form, drafting):
    for seed in range(60):
        form.model_validate_json(SOUND.reply(drafting(), strict_schema(form), seed)[0])


def leaf_schemas() -> st.SearchStrategy[dict[str, Any]]:
    low = st.integers(-50, 50)
    lengths = st.tuples(st.integers(0, 30), st.integers(0, 60))
    return st.one_of(
        st.sampled_from([{"type": "boolean"}, {"type": "null"}, {"type": "string"}, {}]),
        st.lists(st.sampled_from([1, 2, "x", "yes", None, True]), min_size=1, max_size=4).map(
            lambda values: {"enum": values}
        ),
        st.sampled_from([3, "word", None]).map(lambda value: {"const": value}),
        lengths.map(lambda pair: {"type": "string", "minLength": pair[0], "maxLength": sum(pair)}),
        st.tuples(low, st.integers(0, 40)).map(
            lambda pair: {"type": "integer", "minimum": pair[0], "maximum": sum(pair)}
        ),
        st.tuples(low, st.integers(1, 40)).map(
            lambda pair: {
                "type": "number",
                "exclusiveMinimum": pair[0],
                "exclusiveMaximum": sum(pair),
            }
        ),
        low.map(lambda bound: {"type": ["integer", "null"], "exclusiveMaximum": bound}),
    )


NAMES = st.sampled_from(
    ["instruction", "response", "steps", "answer", "score", "rationale", "quote", "role", "other"]
)


def nested(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    sizes = st.tuples(st.integers(0, 3), st.integers(0, 3))
    return st.one_of(
        st.dictionaries(NAMES, inner, max_size=4).map(
            lambda fields: {
                "type": "object",
                "properties": fields,
                "required": list(fields),
                "additionalProperties": False,
            }
        ),
        st.tuples(inner, sizes).map(
            lambda pair: {
                "type": "array",
                "items": pair[0],
                "minItems": pair[1][0],
                "maxItems": sum(pair[1]),
            }
        ),
        st.lists(inner, min_size=1, max_size=3).map(lambda parts: {"anyOf": parts}),
    )


@settings(max_examples=200, deadline=None)
@given(schema=st.recursive(leaf_schemas(), nested, max_leaves=12), seed=st.integers(0, 99))
def test_any_schema_is_followed(schema, seed, judged, misfit):
    for model in (SOUND, FLAWED):
        text, _ = model.reply(judged("Count the ships.", "There are 4 ships."), schema, seed)
        assert misfit(json.loads(text), schema) is None


@pytest.mark.parametrize(
    ("schema", "reason"),
    [
        ({"enum": []}, "an enum is empty"),
        ({"type": "integer", "minimum": 3, "maximum": 2}, "lies between 3 and 2"),
        ({"$ref": "#/$defs/Gone"}, "points nowhere"),
        ({"$ref": "https://example.org/a.json"}, "points outside"),
        ({"type": "array", "minItems": 3, "maxItems": 1}, "at least 3 and at most 1"),
        ({"$ref": "#"}, "contains itself without an end"),
        ({"type": "colour"}, "is no type"),
        ({"type": "object", "properties": []}, "no valid schema"),
        ({"type": "object", "properties": {}, "required": 5}, "no valid schema"),
        ({"type": "array", "minItems": "two"}, "no valid schema"),
        ({"type": "integer", "multipleOf": 0}, "no valid schema"),
        ({"enum": 7}, "no valid schema"),
        ({"type": "object", "properties": {"a": False}}, "neither an object nor true"),
        (
            {"type": "object", "properties": {"a": {"$ref": "#"}}, "required": ["a"]},
            "contains itself without an end",
        ),
    ],
)
def test_a_schema_that_nothing_fits_is_refused_with_the_reason(schema, reason, drafting):
    with pytest.raises(EndpointError, match=reason) as caught:
        SOUND.reply(drafting(), schema, 0)
    assert caught.value.status == 400
    assert not caught.value.retryable
