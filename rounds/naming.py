"""Groups of failures, named and turned into specifications of tasks by a model."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Annotated, Literal

from pydantic import BaseModel, Field, StringConstraints

from ..checks.personal_data import find_personal_data
from ..checks.secrets import find_secrets
from ..errors import EndpointError, ReplyError
from ..models import Connection, ModelSpec, Request, connect, parse_reply, strict_schema
from ..prompts import Prompts
from .evaluation import PERSONAL
from .groups import Group
from .kinds import KINDS
from .leaks import Leaks

__all__ = ["Naming", "name_groups"]

ATTEMPTS = 3
_EXAMPLES, _LONGEST = 8, 1_200
_WANTED, _FEWEST = 12, 3

Line = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=600)]


class Named(BaseModel, str_strip_whitespace=True):
    """What a model says of a group."""

    title: str = Field(min_length=1, max_length=80, description="Two to eight words.")
    description: Line = Field(description="What the model does wrong, and when.")
    kind: Literal[
        "wrong_arithmetic", "broken_format", "hallucinated_fact", "unwanted_refusal",
        "unwanted_compliance", "lost_context", "missing_domain_knowledge", "bias", "other",
    ]  # fmt: skip
    specifications: list[Line] = Field(min_length=_FEWEST, max_length=2 * _WANTED)


@dataclass(frozen=True)
class Naming:
    """What came of asking.

    Attributes:
        groups: as they were given, with what the model said of them.
        unnamed: the names of groups that keep their own name alone, each with the reason.
        calls, tokens: what it took.
    """

    groups: Sequence[Group]
    unnamed: Mapping[str, str]
    calls: int
    tokens: int


def name_groups(
    groups: Sequence[Group], spec: ModelSpec, leaks: Leaks, prompts: Prompts | None = None
) -> Naming:
    """Ask a model for a title, a description and specifications of each group.

    It is shown the failures, redacted. What it writes is refused, and asked for again, where it
    holds a part of an item or anybody's data; a group of which it says nothing usable keeps its own
    name and is described by the verifiers alone.

    Raises:
        EndpointError: the model cannot be reached at all.
    """
    return asyncio.run(_named(groups, spec, leaks, prompts or Prompts()))


async def _named(
    groups: Sequence[Group], spec: ModelSpec, leaks: Leaks, prompts: Prompts
) -> Naming:
    connection = connect(spec, "namer")
    await connection.open()
    try:
        asked = [_Asking(one, spec, connection, leaks, prompts) for one in groups]
        named = await asyncio.gather(*(one.group_named() for one in asked))
    finally:
        await connection.close()
    unnamed = {one.group.name: one.fault for one in asked if one.fault}
    return Naming(named, unnamed, sum(o.calls for o in asked), sum(o.tokens for o in asked))


class _Asking:
    """The questions about one group."""

    def __init__(
        self,
        group: Group,
        spec: ModelSpec,
        connection: Connection,
        leaks: Leaks,
        prompts: Prompts,
    ) -> None:
        self.group = group
        self.fault = ""
        self.calls = self.tokens = 0
        self._spec = spec
        self._connection = connection
        self._leaks = leaks
        self._messages = prompts.template("failure_group").render(_values(group))

    async def group_named(self) -> Group:
        said: list[dict[str, str]] = []
        for attempt in range(ATTEMPTS):
            try:
                text, finish = await self._ask([*self._messages, *said], attempt)
                named = parse_reply(text, finish, Named)
                self._require_clean(named, text)
            except ReplyError as error:
                self.fault = error.reason
                said = [
                    {"role": "assistant", "content": error.text[:4_000] or "(nothing)"},
                    {
                        "role": "user",
                        "content": f"This reply cannot be used: {error.reason}. Answer again, with"
                        " that put right.",
                    },
                ]
            except EndpointError as error:
                if error.fatal:
                    raise
                self.fault = str(error)
                return self.group
            else:
                self.fault = ""
                return replace(
                    self.group,
                    title=named.title,
                    description=named.description,
                    named_kind=named.kind,
                    specifications=tuple(dict.fromkeys(named.specifications)),
                )
        return self.group

    async def _ask(self, messages: Sequence[Mapping[str, str]], attempt: int) -> tuple[str, str]:
        self.calls += 1
        reply = await self._connection.send(
            Request(
                messages=messages,
                schema=strict_schema(Named),
                schema_name="failure_group",
                parameters=self._spec.parameters,
                seed=attempt,
            )
        )
        self.tokens += reply.usage.input_tokens + reply.usage.output_tokens
        return reply.text, reply.finish_reason

    def _require_clean(self, named: Named, text: str) -> None:
        for one in (named.title, named.description, *named.specifications):
            found = self._leaks.find(one)
            if found is not None:
                raise ReplyError(f'it repeats words of a failure ("{found[1][:120]}")', text=text)
            if find_personal_data(one, PERSONAL) or find_secrets(one):
                raise ReplyError("it holds personal data or a secret", text=text)


def _values(group: Group) -> dict[str, object]:
    return {
        "kinds": {name: kind.fails for name, kind in KINDS.items()},
        "told": "; ".join(f"{by} ({count})" for by, count in group.by.items()),
        "topic": group.topic,
        "examples": [
            {
                "prompt": _short(item.prompt),
                "expected": _short(" / ".join(item.expected)),
                "output": _short(item.output),
            }
            for item in group.examples[:_EXAMPLES]
        ],
        "wanted": _WANTED,
    }


def _short(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"
