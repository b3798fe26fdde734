"""The strict schema of a draft."""

from enum import Enum
from typing import Any, Literal

import pytest
from pydantic import BaseModel, Field, RootModel

from silversmith.errors import RecipeError
from silversmith.models import strict_schema


class Kind(Enum):
    CHECK = "check"
    FIX = "fix"


class Step(BaseModel):
    """One step."""

    text: str = Field(min_length=1, description="What is done.")
    kind: Kind = Kind.CHECK


class Tree(BaseModel):
    title: str
    children: list["Tree"] = []


def everything_in(schema: Any):
    """All schemas inside a schema, itself included."""
    yield schema
    for inner in (*schema.get("properties", {}).values(), *schema.get("anyOf", ())):
        yield from everything_in(inner)
    for inner in schema.get("$defs", {}).values():
        yield from everything_in(inner)
    if "items" in schema:
        yield from everything_in(schema["items"])


class Everything(BaseModel):
    """All that a draft may hold."""

    title: str = Field(default="none", title="A title", max_length=10, pattern="^a", examples=["a"])
    steps: list[Step] = Field(min_length=1, max_length=9)
    first: Step = Field(description="The first one.")
    score: int = Field(ge=1, le=5, description="From bad to good.")
    between: int = Field(gt=0, lt=3)
    even: int = Field(ge=0, le=6, multiple_of=2)
    count: int = Field(ge=1)
    share: float = Field(default=0.5, ge=0, le=1)
    note: str | None = None
    kind: Literal["a", "b"]
    only: Literal["x"]
    either: Step | Tree
    tags: set[str]


def test_every_object_is_closed_and_needs_all_it_has():
    for schema in everything_in(strict_schema(Everything)):
        if schema.get("type") == "object":
            assert schema["additionalProperties"] is False
            assert schema["required"] == list(schema["properties"])


def test_only_what_every_endpoint_takes():
    common = {"type", "properties", "required", "additionalProperties", "items", "enum", "const"}
    common |= {"anyOf", "description", "$ref", "$defs"}
    for schema in everything_in(strict_schema(Everything)):
        assert set(schema) <= common
        assert set(schema) == {"$ref"} or "$ref" not in schema


def test_order_of_fields_is_kept():
    assert list(strict_schema(Everything)["properties"]) == list(Everything.model_fields)


def test_a_short_scale_is_an_enum():
    fields = strict_schema(Everything)["properties"]
    assert fields["score"] == {
        "type": "integer",
        "enum": [1, 2, 3, 4, 5],
        "description": "From bad to good.",
    }
    assert fields["between"]["enum"] == [1, 2]
    assert fields["even"]["enum"] == [0, 2, 4, 6]


def test_other_limits_are_put_into_words():
    fields = strict_schema(Everything)["properties"]
    assert fields["count"] == {"type": "integer", "description": "At least 1"}
    assert fields["share"]["description"] == "At least 0, at most 1"
    assert fields["title"]["description"] == "At most 10 characters, matching ^a"
    assert fields["steps"]["description"] == "At least 1 item, at most 9 items"
    assert fields["tags"]["description"] == "No item twice"
    step = fields["steps"]["items"]
    assert step["description"] == "One step."
    assert step["properties"]["text"]["description"] == "What is done. (not empty)"
    assert step["properties"]["kind"] == {"type": "string", "enum": ["check", "fix"]}


def test_what_a_field_says_goes_before_what_its_class_says():
    assert strict_schema(Everything)["properties"]["first"]["description"] == "The first one."


def test_what_may_be_missing_may_be_null():
    assert strict_schema(Everything)["properties"]["note"] == {
        "anyOf": [{"type": "string"}, {"type": "null"}]
    }


def test_a_class_that_holds_itself_keeps_its_definition():
    schema = strict_schema(Tree)
    assert schema["properties"]["children"]["items"] == {"$ref": "#/$defs/Tree"}
    assert schema["$defs"]["Tree"]["properties"] == schema["properties"]


def test_the_same_class_has_the_same_schema():
    assert strict_schema(Step) is strict_schema(Step)


class FreeKeys(BaseModel):
    parts: list["FreePart"]


class FreePart(BaseModel):
    labels: dict[str, int]


class Anything(BaseModel):
    value: Any


class Pair(BaseModel):
    pair: tuple[int, str]


class Bare(RootModel[list[int]]):
    pass


@pytest.mark.parametrize(
    ("draft", "words"),
    [
        (FreeKeys, r"FreeKeys\.parts\.labels .* its keys are free"),
        (Anything, r"Anything\.value .* it has no type"),
        (Pair, r"Pair\.pair .* no single type"),
        (Bare, "Bare .* no object with named fields"),
    ],
)
def test_what_no_strict_schema_can_say_is_named(draft, words):
    with pytest.raises(RecipeError, match=words):
        strict_schema(draft)
