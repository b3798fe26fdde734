"""The built-in simulated model: a stand-in that answers every request at once and without a key.

It writes schema-valid text from the words of the prompt, plants flaws in a set share of its drafts
so that judges and filters have work, and as a judge it looks for such flaws. All of it is marked
as simulated and is not for training.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson
from pydantic import BaseModel, ConfigDict, Field

from ..records import Usage
from .base import SIMULATED, Reply, Request, SchemaForm
from .logprobs import MOST_ALTERNATIVES
from .meter import Meter
from .simulated_demands import Demands
from .simulated_dialogue import Player
from .simulated_draft import FLAWS, Draft, FlawKind
from .simulated_fields import Content, asks_for_verdict
from .simulated_judge import Verdict
from .simulated_logprobs import logprobs
from .simulated_prompt import Dice, Prompt
from .simulated_schema import Form, compile_schema

__all__ = [
    "SimulatedAnswer",
    "SimulatedConnection",
    "SimulatedModel",
    "SimulatedOptions",
    "completion_body",
]

_NO_NAMES: frozenset[str] = frozenset()
_ASKS_SCORE = re.compile(r"\bscore:\s*[<\[({]", re.IGNORECASE)
_ASKS_YES_OR_NO = re.compile(r"\b(yes or no|yes/no)\b", re.IGNORECASE)
_SCALE = re.compile(r"\b(\d{1,3})\s*(?:to|-|–|and|\.\.)\s*(\d{1,3})\b")
_SCHEMAS_KEPT = 256


class SimulatedOptions(BaseModel):
    """How the simulated model behaves."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)

    flawed: float = Field(default=0.2, ge=0, le=1)
    """The share of drafts with a planted flaw: wrong arithmetic, an unsupported claim, a
    duplicate, a refusal, or an answer that is too short."""

    seed: int = 0
    """Another seed gives other replies to the same requests."""

    malformed: float = Field(default=0.02, ge=0, le=1)
    """The share of structured replies that are broken JSON, cut off in the middle."""


@dataclass(frozen=True, slots=True)
class SimulatedAnswer:
    """One reply and what was done to it.

    Attributes:
        text: the reply.
        flaw: what was planted in the draft, or None.
        malformed: True where the JSON was broken on purpose.
    """

    text: str
    flaw: FlawKind | None = None
    malformed: bool = False


class SimulatedModel:
    """Answers any chat request; the same request has the same answer, in every process."""

    def __init__(self, options: SimulatedOptions | None = None) -> None:
        self.options = options or SimulatedOptions()
        self._forms: dict[bytes, Form] = {}

    def reply(
        self,
        messages: Sequence[Mapping[str, str]],
        schema: Mapping[str, Any] | None = None,
        seed: int = 0,
    ) -> tuple[str, str]:
        """The text of the answer and its finish reason; see `answer`."""
        return self.answer(messages, schema, seed).text, "stop"

    def answer(
        self,
        messages: Sequence[Mapping[str, str]],
        schema: Mapping[str, Any] | None = None,
        seed: int = 0,
        *,
        choice: int = 0,
        json_object: bool = False,
    ) -> SimulatedAnswer:
        """The answer to a request.

        Args:
            messages: role and content (text) each.
            schema: the JSON schema to follow. Without one, a schema that stands in the prompt
                is followed, with the words and fences around it that real models add.
            seed: the request's seed.
            choice: the number of the choice, where several are asked for.
            json_object: True asks for bare JSON, of whatever form.

        Raises:
            EndpointError: status 400; no value fits the schema.
        """
        prompt = Prompt(messages)
        dice = prompt.dice(self.options.seed, seed, choice)
        breaks = dice.roll() < self.options.malformed
        flaw = dice.pick(FLAWS) if dice.roll() < self.options.flawed else None
        in_prompt = schema is None
        if schema is None:
            schema = prompt.schema()
        if schema is None and json_object:
            schema = {"type": "object", "properties": {"response": {"type": "string"}}}
        if schema is None:
            return _prose(prompt, dice, flaw)
        form = self._form(schema)
        judging = asks_for_verdict(form.names, prompt)
        flaw = None if judging else flaw
        draft = Draft(prompt, dice, flaw, form.names, form.steps)
        verdict = Verdict(prompt, dice) if judging else None
        demands = None if judging else Demands(prompt)
        player = None if judging else Player.of(prompt, dice, draft, form.names)
        content = Content(dice, draft, verdict, demands, player)
        text = orjson.dumps(form.write(content, 0, 0)).decode()
        if breaks:
            # Cut within the outermost bracket; a bare value becomes a bracket that stays open.
            text = text[: max(1, len(text) * 3 // 5)] if text[0] in "{[" else f'{{"value": {text}'
        if in_prompt and not json_object:
            text = dice.pick((text, f"```json\n{text}\n```", f"Here is the JSON:\n\n{text}\n"))
        return SimulatedAnswer(text, flaw, breaks)

    def _form(self, schema: Mapping[str, Any]) -> Form:
        key = orjson.dumps(schema, default=dict)
        form = self._forms.get(key)
        if form is None:
            if len(self._forms) >= _SCHEMAS_KEPT:
                self._forms.clear()
            form = self._forms[key] = compile_schema(orjson.loads(key))
        return form


def _prose(prompt: Prompt, dice: Dice, flaw: FlawKind | None) -> SimulatedAnswer:
    """An answer without a schema: a verdict line where the prompt shows one, or a paragraph."""
    text = "\n".join((*prompt.user, *prompt.rest))
    if "[[A]]" in text and (better := Verdict(prompt, dice).compared) is not None:
        letter = {"A": "A", "B": "B", "tie": "C"}[better]
        return SimulatedAnswer(f"The better one is sound.\n\n[[{letter}]]")
    if _ASKS_SCORE.search(text):
        verdict = Verdict(prompt, dice)
        scale = _SCALE.search(text)
        low, high = (int(scale[1]), int(scale[2])) if scale else (1, 5)
        score = low + round(verdict.share() * (high - low))
        return SimulatedAnswer(f"{verdict.rationale()}\nScore: {score}")
    if prompt.tagged("response") is not None and _ASKS_YES_OR_NO.search(text):
        verdict = Verdict(prompt, dice)
        return SimulatedAnswer(f"{'Yes' if verdict.sound else 'No'}. {verdict.rationale()}")
    draft = Draft(prompt, dice, flaw, _NO_NAMES, (2, 5))
    return SimulatedAnswer(draft.answer, flaw)


def completion_body(
    answers: Sequence[SimulatedAnswer],
    *,
    model: str,
    prompt_characters: int,
    max_tokens: int | None = None,
    alternatives: int | None = None,
) -> tuple[dict[str, Any], str, str]:
    """A chat completion as an OpenAI-compatible endpoint gives it.

    Tokens are estimated, at four characters each. The body has no time of day in it, so that
    the same request has the same bytes.

    Args:
        answers: one for each choice.
        model: the model's name in the body.
        prompt_characters: the length of all messages.
        max_tokens: where to cut each answer, or None.
        alternatives: for how many alternatives of each token to give the log-probability, or None.

    Returns:
        The completion, and the text and the finish reason of the first choice.
    """
    choices: list[dict[str, Any]] = []
    written = 0
    for number, answer in enumerate(answers):
        text, finish = answer.text, "stop"
        if max_tokens is not None and len(text) > 4 * max_tokens:
            text, finish = text[: 4 * max_tokens], "length"
        written += (len(text) + 3) // 4
        choices.append(
            {
                "index": number,
                "message": {"role": "assistant", "content": text, "refusal": None},
                "logprobs": None if alternatives is None else logprobs(text, alternatives),
                "finish_reason": finish,
            }
        )
    read = (prompt_characters + 3) // 4
    first = choices[0]
    body = {
        "id": "chatcmpl-simulated",
        "object": "chat.completion",
        "created": 0,
        "model": model,
        "system_fingerprint": SIMULATED,
        "choices": choices,
        "usage": {
            "prompt_tokens": read,
            "completion_tokens": written,
            "total_tokens": read + written,
        },
    }
    return body, first["message"]["content"], first["finish_reason"]


class SimulatedConnection:
    """The simulated model in process, in the place of an endpoint."""

    def __init__(self, options: SimulatedOptions | None = None) -> None:
        self.meter = Meter()
        self._model = SimulatedModel(options)

    @property
    def form(self) -> SchemaForm:
        """Always by schema."""
        return "json_schema"

    async def open(self, form: SchemaForm | None = None) -> None:
        """There is nothing to reach."""

    async def send(self, request: Request) -> Reply:
        """The simulated reply.

        Raises:
            EndpointError: status 400; no value fits the request's schema.
        """
        parameters = request.parameters
        limit = parameters.get("max_completion_tokens", parameters.get("max_tokens"))
        body, text, finish = completion_body(
            [self._model.answer(request.messages, request.schema, request.seed)],
            model="simulated",
            prompt_characters=sum(len(m.get("content") or "") for m in request.messages),
            max_tokens=limit,
            alternatives=MOST_ALTERNATIVES if request.logprobs else None,
        )
        tokens = body["usage"]
        usage = Usage(1, tokens["prompt_tokens"], tokens["completion_tokens"])
        self.meter.calls += 1
        self.meter.answer(usage)
        return Reply(
            body=orjson.dumps(body),
            text=text,
            finish_reason=finish,
            model="simulated",
            usage=usage,
            simulated=True,
        )

    async def close(self) -> None:
        """There is nothing to let go of."""
