"""What is asked of the two players of a dialogue: the scene, and the forms of their turns."""

from __future__ import annotations

import functools
from typing import Annotated, Any

from pydantic import BaseModel, Field, StringConstraints, create_model

__all__ = [
    "Amended",
    "Carried",
    "Fact",
    "Linked",
    "LinkedReaction",
    "Mistaken",
    "Reaction",
    "Said",
    "Scene",
    "SceneWithSystem",
    "scene_form",
]

Words = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]


class Fact(BaseModel):
    """Something that only the user knows."""

    fact: Words = Field(description="One sentence, said of the person.")
    words: Words = Field(
        description="The decisive words of that sentence, copied from it: a name, a number with "
        "its unit, a term."
    )


class Scene(BaseModel):
    """Who talks about what; the system message apart."""

    rule: Words = Field(
        description="The sentence of the system message that says what the assistant does not do, "
        "word for word."
    )
    persona: Words = Field(description="Who the person is and how they write, in two sentences.")
    goal: Words = Field(
        description="What the person wants to have, know or have decided at the end, one sentence."
    )
    facts: list[Fact] = Field(min_length=1, description="What the person knows of their case.")
    other_subjects: list[Words] = Field(
        min_length=1, description="Other matters that they may bring up, a few words each."
    )
    off_limits: list[Words] = Field(
        min_length=1, description="Requests of theirs that the rule excludes, a sentence each."
    )


class _System(BaseModel):
    system: Words = Field(
        description="The system message: what the assistant is there for, how it speaks, and its "
        "rule, addressed to it as 'you'."
    )


class SceneWithSystem(Scene, _System):  # pydantic puts the fields of the last base first
    """Who talks about what, under which system message."""


@functools.cache
def scene_form(base: type[Scene], *, facts: int, subjects: int, requests: int) -> type[Scene]:
    """The form of a scene with at least so many facts, other subjects and requests to decline."""
    least = {"facts": facts, "other_subjects": subjects, "off_limits": requests}
    fields: dict[str, Any] = {
        name: (base.model_fields[name].annotation, _at_least(base, name, count))
        for name, count in least.items()
    }
    return create_model(base.__name__, __base__=base, **fields)


class Said(BaseModel):
    """A turn that stands alone."""

    text: Words = Field(description="The turn, as it is sent.")


class Carried(BaseModel):
    """A particular thing that a turn takes up from an earlier one."""

    entity: Words = Field(description="What the earlier turn calls it, copied from there.")
    turn: int = Field(description="The number of that turn.")
    words: Words = Field(description="What your turn calls it, copied from your text.")


class Linked(Said):
    """A turn with what it needs of earlier ones."""

    depends_on: list[int] = Field(description="The numbers of the earlier turns that it needs.")
    entities: list[Carried] = Field(description="The particular things that it takes up.")


class _Reacting(BaseModel):
    reply_helped: bool = Field(description="Did the assistant's last turn help the person?")
    goal_reached: bool = Field(description="Does the person have all that the goal names?")


class Reaction(Said, _Reacting):
    """The user's turn that needs no earlier one, and what they think of the last reply."""


class LinkedReaction(Linked, _Reacting):
    """The user's turn with what it needs, and what they think of the last reply."""


class Mistaken(Linked):
    """The assistant's turn with a planned mistake."""

    wrong: Words = Field(description="The mistaken words, copied from your text.")
    right: Words = Field(description="What should stand there; it is not in your text.")


class Amended(Linked):
    """The assistant's turn that puts something right."""

    withdrawn: Words = Field(
        description="The words of an earlier turn that no longer hold, copied from there."
    )
    instead: Words = Field(description="What takes their place, copied from your text.")


def _at_least(base: type[Scene], name: str, count: int) -> Any:
    return Field(min_length=count, description=base.model_fields[name].description)
