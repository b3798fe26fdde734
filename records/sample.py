"""A sample: one annotation, with all that is known of where it came from.

The fields here are the columns of the Parquet files (`arrow.py` derives the types); what does
not apply to a strategy is None or empty. Free-form values are JSON strings.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from .seed import Passage

__all__ = [
    "Attribute",
    "Candidate",
    "Check",
    "Constraint",
    "Decision",
    "Draw",
    "Edge",
    "Failure",
    "Flaw",
    "Flow",
    "Judgement",
    "Mention",
    "Node",
    "Origin",
    "RedactedSpan",
    "Redaction",
    "Review",
    "Sample",
    "SeedRef",
    "Span",
    "Step",
    "Turn",
    "Usage",
]


@dataclass(frozen=True, slots=True)
class Mention:
    """An entity that a message takes up from an earlier one: `entity` is what the message with
    the index `turn` calls it, `words` what this one calls it (the same, a short form, "it")."""

    entity: str
    turn: int
    words: str


@dataclass(frozen=True, slots=True)
class Turn:
    """One message: role is system, user or assistant; act is its dialogue act; `depends_on`
    lists the indices of earlier messages that it needs, `entities` what it takes up from them."""

    role: str
    content: str
    act: str = ""
    depends_on: tuple[int, ...] = ()
    entities: tuple[Mention, ...] = ()


@dataclass(frozen=True, slots=True)
class Step:
    """One step of reasoning; `verdict` is what a check said of it ("right", "wrong" or "")."""

    text: str
    verdict: str = ""


@dataclass(frozen=True, slots=True)
class Constraint:
    """A constraint that the answer must meet; `arguments` is a JSON object."""

    kind: str
    arguments: str = "{}"
    satisfied: bool | None = None


@dataclass(frozen=True, slots=True)
class Check:
    """What a check that needs no model said of a sample; `passed` is None where it could not
    tell, and `detail` says what it found."""

    name: str
    passed: bool | None = None
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Span:
    """A labelled quote; `start` and `end` are character offsets into the passage's text."""

    label: str
    start: int
    end: int
    quote: str


@dataclass(frozen=True, slots=True)
class Node:
    """A node of a troubleshooting flow; kind is check, fix or end."""

    id: str
    kind: str
    text: str


@dataclass(frozen=True, slots=True)
class Edge:
    """A way from one node of a flow to another, under a condition."""

    source: str
    target: str
    condition: str = ""


@dataclass(frozen=True, slots=True)
class Flow:
    """A troubleshooting flow: a graph of checks and fixes."""

    nodes: tuple[Node, ...] = ()
    edges: tuple[Edge, ...] = ()


@dataclass(frozen=True, slots=True)
class Flaw:
    """The named flaw of a rejected answer; `where` quotes or describes the place."""

    kind: str
    where: str = ""


@dataclass(frozen=True, slots=True)
class Candidate:
    """One of several answers drafted for the same planned sample."""

    text: str
    model: str = ""
    score: float | None = None


@dataclass(frozen=True, slots=True)
class Attribute:
    """A sampled attribute of the draw, such as ("persona", "nurse on a night shift")."""

    name: str
    value: str


@dataclass(frozen=True, slots=True)
class SeedRef:
    """The seed that a sample was drafted from."""

    id: str
    source: str
    licence: str = ""
    failure_group: str = ""


@dataclass(frozen=True, slots=True)
class Origin:
    """How a text was made.

    Attributes:
        generator: the generator's name.
        template, template_hash: the template, and the hash of it with all its parents.
        model: the model as the endpoint named it.
        parameters: the request's parameters, a JSON object.
        draw: the number of the draw, from 0.
        simulated: True where a simulated model wrote it; such a sample is not for training.
    """

    generator: str
    template: str = ""
    template_hash: str = ""
    model: str = ""
    parameters: str = "{}"
    draw: int = 0
    simulated: bool = False


@dataclass(frozen=True, slots=True)
class Judgement:
    """What a judge said of a sample under one criterion.

    Attributes:
        judge, criterion, model: who judged what; model is "" for a judge that needs none.
        score: from 0 (worst) to 1 (best).
        points: the score on the criterion's own scale, as the judge gave it.
        rationale: the judge's reasons, or "".
        probability: calibrated probability that the sample is acceptable, or None.
        note: how the score came about where that is not the usual way, or "": what the
            log-probabilities said, that there were none, what each order of a pair said.
        simulated: whether a simulated model gave it, so that it is only to look at.
    """

    judge: str
    criterion: str
    model: str
    score: float
    points: float
    rationale: str = ""
    probability: float | None = None
    note: str = ""
    simulated: bool = False


@dataclass(frozen=True, slots=True)
class Decision:
    """What the filters decided; `because_of` is the id of the sample that was preferred."""

    kept: bool
    filter: str = ""
    reason: str = ""
    because_of: str = ""


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a sample could not be drafted or judged.

    Attributes:
        stage: "draft", or "judge NAME".
        reason: one sentence.
        reply: the last raw reply of the model, or "".
        transient: True where no reply came (endpoint down, timeout), so that the next run of
            the same command asks again.
    """

    stage: str
    reason: str
    reply: str = ""
    transient: bool = False


@dataclass(frozen=True, slots=True)
class Review:
    """What people decided: tier is silver or gold, verdict is accept, reject or fix."""

    tier: str = "silver"
    verdict: str = ""


@dataclass(frozen=True, slots=True)
class RedactedSpan:
    """What was redacted, such as an e-mail address; `start` and `end` are character offsets into
    the original text, `end` exclusive."""

    label: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Redaction:
    """A text of a sample as it is exported, beside the original, which stays as it is.

    Attributes:
        where: which text: `messages[1]`, `rejected[1]`, `answer`, `steps[0]`, `candidates[0]` or
            `passage`, counted from 0.
        text: the text with a label such as `[EMAIL_ADDRESS]` in the place of each span.
        spans: what was replaced, in order.
    """

    where: str
    text: str
    spans: tuple[RedactedSpan, ...] = ()


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens as the endpoint reported them; cached and reasoning tokens are included in
    input and output."""

    calls: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    cached_tokens: int = 0
    reasoning_tokens: int = 0

    def __add__(self, other: Usage) -> Usage:
        return Usage(
            self.calls + other.calls,
            self.input_tokens + other.input_tokens,
            self.output_tokens + other.output_tokens,
            self.cached_tokens + other.cached_tokens,
            self.reasoning_tokens + other.reasoning_tokens,
        )


@dataclass(frozen=True, slots=True)
class Draw:
    """Which of the planned samples of a seed this is.

    Attributes:
        number: from 0; with the generator and the seed it makes the sample's id.
        attributes: what was sampled for this draw (persona, difficulty, ...), by name.
    """

    number: int
    attributes: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """One annotation.

    A generator fills what it drafted (`messages`, `rejected`, `steps` ...); the engine fills
    `id`, `strategy`, `seed`, `origin`, `attributes` and `usage`; judges add `judgements`.
    """

    messages: tuple[Turn, ...]
    rejected: tuple[Turn, ...] = ()
    flaw: Flaw | None = None
    candidates: tuple[Candidate, ...] = ()
    answer: str | None = None
    steps: tuple[Step, ...] = ()
    constraints: tuple[Constraint, ...] = ()
    spans: tuple[Span, ...] = ()
    labels: tuple[str, ...] = ()
    flow: Flow | None = None
    passage: Passage | None = None
    attributes: tuple[Attribute, ...] = ()
    checks: tuple[Check, ...] = ()
    id: str = ""
    strategy: str = ""
    seed: SeedRef | None = None
    origin: Origin | None = None
    rejected_origin: Origin | None = None
    judgements: tuple[Judgement, ...] = ()
    score: float | None = None
    decision: Decision | None = None
    failure: Failure | None = None
    review: Review | None = None
    usage: Usage = Usage()
    row: str | None = None
    redactions: tuple[Redaction, ...] = ()

    @classmethod
    def pair(cls, instruction: str, response: str, *, system: str = "", **fields: Any) -> Sample:
        """A sample of one instruction and one response, under an optional system message."""
        head = (Turn("system", system),) if system else ()
        turns = (*head, Turn("user", instruction), Turn("assistant", response))
        return cls(messages=turns, **fields)

    @property
    def system(self) -> str:
        """The system message, or ""."""
        return next((turn.content for turn in self.messages if turn.role == "system"), "")

    @property
    def instruction(self) -> str:
        """The last user message, or ""."""
        return next((t.content for t in reversed(self.messages) if t.role == "user"), "")

    @property
    def earlier(self) -> tuple[Turn, ...]:
        """The turns before the last user message, without the system message."""
        last = max((i for i, turn in enumerate(self.messages) if turn.role == "user"), default=0)
        return tuple(turn for turn in self.messages[:last] if turn.role != "system")

    @property
    def response(self) -> str:
        """The last assistant message, or ""."""
        return next((t.content for t in reversed(self.messages) if t.role == "assistant"), "")

    @property
    def rejected_response(self) -> str:
        """The last assistant message of the rejected half, or ""."""
        return next((t.content for t in reversed(self.rejected) if t.role == "assistant"), "")

    @property
    def prompt(self) -> str:
        """All that comes before the last assistant message, as text."""
        turns = self.messages
        if turns and turns[-1].role == "assistant":
            turns = turns[:-1]
        return "\n\n".join(turn.content for turn in turns)

    @property
    def verified(self) -> bool | None:
        """Whether all checks that could tell were passed; None where none could."""
        told = [check.passed for check in self.checks if check.passed is not None]
        return all(told) if told else None

    @property
    def simulated(self) -> bool:
        """True where any part of it was written by a simulated model."""
        return any(o is not None and o.simulated for o in (self.origin, self.rejected_origin))

    def with_(self, **changes: Any) -> Sample:
        """A copy with some fields changed."""
        return replace(self, **changes)
