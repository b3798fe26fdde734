"""Whether an endpoint heeds the parameters by which a recipe constrains answers.

vLLM took `guided_json`, `guided_regex` and `guided_choice` until version 0.12, and takes
`structured_outputs: {json | regex | choice: ...}` since; what it does not know, it passes over in
silence (https://docs.vllm.ai/en/latest/features/structured_outputs), as do other servers. An answer
to a plain question shows whether a constraint holds.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from .salvage import without_thinking

__all__ = ["Constraint", "constraints"]


@dataclass(frozen=True)
class Constraint:
    """One parameter that constrains answers.

    Attributes:
        name: the parameter.
        kind: "json", "regex" or "choice".
        value: what answers are to be.
    """

    name: str
    kind: str
    value: Any

    def holds(self, answer: str) -> bool:
        """Whether an answer is as it must be; one that was cut off before its end counts as JSON
        where it begins like it."""
        text = without_thinking(answer)[0].strip()
        if self.kind == "choice":
            return text in map(str, self.value if isinstance(self.value, list) else [])
        if self.kind == "regex":
            try:
                return re.fullmatch(str(self.value), text, re.DOTALL) is not None
            except re.error:
                return True  # of another dialect
        try:
            orjson.loads(text)
        except orjson.JSONDecodeError:
            return text.startswith(("{", "["))
        return True


def constraints(parameters: Mapping[str, Any]) -> Iterator[Constraint]:
    """The parameters that constrain answers in a way that can be seen."""
    for kind in ("json", "regex", "choice"):
        if (value := parameters.get(f"guided_{kind}")) is not None:
            yield Constraint(f"guided_{kind}", kind, value)
        wanted = parameters.get("structured_outputs")
        if isinstance(wanted, Mapping) and (value := wanted.get(kind)) is not None:
            yield Constraint("structured_outputs", kind, value)
