"""What flows through the house: seeds, samples, judgements, decisions."""

from .arrow import load_columns, sample_schema, table_from_json
from .ask import Ask, Draft
from .codec import sample_from_json, sample_from_row, sample_to_json
from .component import Component
from .sample import (
    Attribute,
    Candidate,
    Check,
    Constraint,
    Decision,
    Draw,
    Edge,
    Failure,
    Flaw,
    Flow,
    Judgement,
    Node,
    Origin,
    Review,
    Sample,
    SeedRef,
    Span,
    Step,
    Turn,
    Usage,
)
from .seed import Passage, Seed

__all__ = [
    "Ask",
    "Attribute",
    "Candidate",
    "Check",
    "Component",
    "Constraint",
    "Decision",
    "Draft",
    "Draw",
    "Edge",
    "Failure",
    "Flaw",
    "Flow",
    "Judgement",
    "Node",
    "Origin",
    "Passage",
    "Review",
    "Sample",
    "Seed",
    "SeedRef",
    "Span",
    "Step",
    "Turn",
    "Usage",
    "load_columns",
    "sample_from_json",
    "sample_from_row",
    "sample_schema",
    "sample_to_json",
    "table_from_json",
]
