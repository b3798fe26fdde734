"""What the simulated model writes where annotations of a text are asked for."""

from __future__ import annotations

from typing import Literal

import pytest
from pydantic import BaseModel, Field

from silversmith.checks.flows import faults_of_flow
from silversmith.models.simulated import SimulatedModel, SimulatedOptions
from silversmith.models.structured import parse_reply, strict_schema
from silversmith.records import Edge, Flow, Node


class Label(BaseModel):
    quote: str
    label: str


class Labels(BaseModel):
    labels: list[Label]


class OwnText(BaseModel):
    passage: str
    quote: str
    misleading_quote: str


class Item(BaseModel):
    id: str
    kind: Literal["check", "fix", "end"]
    text: str


class Way(BaseModel):
    source: str
    target: str
    condition: str


class Graph(BaseModel):
    issue: str
    nodes: list[Item] = Field(max_length=24)
    edges: list[Way] = Field(max_length=48)


CATEGORIES = '<category name="notice">\n</category>\n<category name="fees/interest">\n</category>'


def replies(form, messages, count=60, **options):
    model = SimulatedModel(SimulatedOptions(malformed=0, **options))
    texts = [model.answer(messages, strict_schema(form), seed).text for seed in range(count)]
    return [parse_reply(text, "stop", form) for text in texts]


def test_labels_are_those_that_the_prompt_lists_with_words_of_the_passage(drafting, passage):
    made = replies(Labels, drafting(CATEGORIES), flawed=0)
    assert {label.label for reply in made for label in reply.labels} == {"notice", "fees/interest"}
    assert all(label.quote in passage for reply in made for label in reply.labels)
    assert {len(reply.labels) for reply in made} == {0, 1, 2, 3}


def test_a_flawed_draft_has_a_label_that_is_not_listed(drafting):
    made = replies(Labels, drafting(CATEGORIES), flawed=1)
    labels = {label.label for reply in made for label in reply.labels}
    assert labels - {"notice", "fees/interest"}


def test_quotes_of_a_text_of_its_own_stand_in_that_text(drafting):
    for reply in replies(OwnText, drafting(), flawed=0):
        assert reply.quote in reply.passage
        assert reply.misleading_quote in reply.passage


@pytest.mark.parametrize(("flawed", "broken"), [(0, False), (1, True)])
def test_a_flow_is_sound_unless_a_flaw_is_planted(drafting, flawed, broken):
    faults = []
    for reply in replies(Graph, drafting(), flawed=flawed):
        nodes = tuple(Node(node.id, node.kind, node.text) for node in reply.nodes)
        edges = tuple(Edge(edge.source, edge.target, edge.condition) for edge in reply.edges)
        faults += faults_of_flow(Flow(nodes, edges))
    assert any("leads back" in fault for fault in faults) is broken
    assert len(faults) < 40
