"""`ask`, as generators and judges get it: render, send, keep, validate, ask again."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, Protocol

import orjson
from pydantic import BaseModel

from ..checks.control_tokens import find_control_token
from ..errors import RecipeError, ReplyError
from ..generators import Generator
from ..judges import Judge
from ..models import ModelSpec, Purpose, Reply, Request, parse_reply, strict_schema
from ..models.logprobs import tokens_of
from ..prompts import Prompts, Template
from ..records import Draft, PlainText, Usage, Weighed
from ..store import ReplyKey
from .recipe import Recipe

__all__ = ["Answered", "Asker", "Desk", "Question", "Questions"]

SHOWN_OF_BAD_REPLY = 4_000
SEEDS_APART = 1 << 24
"""Between the seeds of two questions for one sample, so that the same one may be asked again for
another answer, and no draw's seed is that of another's."""


@dataclass(frozen=True)
class Asker:
    """A generator or a judge, with the model that it asks by default.

    Attributes:
        part: the generator or judge.
        model: the name of its model in the recipe, "" where the recipe has none.
        prompts: the templates.
    """

    part: Generator | Judge
    model: str
    prompts: Prompts
    _prints: dict[tuple[str, type[Any]], bytes] = field(default_factory=dict, compare=False)
    _parameters: dict[str, str] = field(default_factory=dict, compare=False)
    _judges: dict[str, Judge] = field(default_factory=dict, compare=False)

    @classmethod
    def of(cls, part: Generator | Judge, recipe: Recipe, prompts: Prompts) -> Asker:
        """The asker of a recipe.

        Raises:
            RecipeError: it names a model that the recipe does not have.
        """
        for name in part.other_models:
            recipe.check_model(part, name)
        return cls(part, "" if part.free else recipe.model_for(part) or "", prompts)

    @property
    def models(self) -> tuple[str, ...]:
        """The names of all models that it asks, its default one first."""
        return tuple(dict.fromkeys((self.model, *self.part.other_models)))

    @property
    def title(self) -> str:
        return f"judge {self.part.title}" if isinstance(self.part, Judge) else self.part.title

    def judge_for(self, strategy: str) -> Judge:
        """The judge for samples of a strategy; for its candidates, where it knows no way for these,
        the one for its finished samples."""
        if strategy not in self._judges:
            judge = self.part
            assert isinstance(judge, Judge)
            known = strategy in judge.strategies
            suited = strategy if known else strategy.removesuffix("_candidates")
            self._judges[strategy] = judge.for_strategy(suited)
        return self._judges[strategy]

    @cached_property
    def templates(self) -> list[Template]:
        """All templates of this kind: `KIND.j2`, and `KIND_*.j2` where it has several."""
        return [self.prompts.template(name) for name in self.prompts.names(self.part.kind)]

    def parameters(self, model: str, spec: ModelSpec) -> str:
        """A model's parameters as a JSON object, as origins state them."""
        known = self._parameters.get(model)
        if known is None:
            data = orjson.dumps(spec.stated_parameters, option=orjson.OPT_SORT_KEYS)
            known = self._parameters[model] = data.decode()
        return known

    def fingerprint(self, model: str, spec: ModelSpec, draft: type[Any], request: Request) -> bytes:
        """Hash of all that makes two replies different: the model, its parameters, the schema
        and the messages; not the address, the key, prices or limits (12 bytes)."""
        static = self._prints.get((model, draft))
        if static is None:
            parts: list[Any] = [spec.identity(), request.schema]
            if request.logprobs:  # a reply without them is no answer to a question for them
                parts.append("logprobs")
            data = orjson.dumps(parts, option=orjson.OPT_SORT_KEYS)
            static = self._prints[model, draft] = hashlib.blake2b(data, digest_size=16).digest()
        return hashlib.blake2b(static + orjson.dumps(request.messages), digest_size=12).digest()


@dataclass(frozen=True, slots=True)
class Question:
    """One request with all that says whether an earlier reply answers it.

    Attributes:
        key: who asks, and what exactly.
        model: the name of the model in the recipe.
        request: what to send.
    """

    key: ReplyKey
    model: str
    request: Request


@dataclass(frozen=True, slots=True)
class Answered:
    """What is known of the last question that was answered."""

    template: Template
    parameters: str
    model: str
    simulated: bool


class Desk(Protocol):
    """Where questions go: to the journal and the models, or to a rehearsal."""

    models: Mapping[str, ModelSpec]

    def attempts(self, questions: Questions, turn: int) -> int:
        """How often a question may be asked in all."""
        ...

    async def answer(self, questions: Questions, question: Question) -> Reply:
        """The reply, kept safely before it is returned.

        Raises:
            EndpointError: the model gave none.
            LimitReached: it would cost more than the user allows.
        """
        ...


class Questions:
    """All that one asker asks for one sample; it is the `ask` that is handed out.

    Attributes:
        sample: the sample's number in the journal.
        draw: the draw's number.
        recorded: replies that this folder has for the sample.
        borrowed: replies that other folders have for it.
        names: the sample's names, as `Purpose` wants them.
        usage: tokens of the replies that it got, those that did not validate included.
        last: the last question that was answered, or None.
        answered: the last one of each template and model, by their names.
    """

    def __init__(
        self,
        desk: Desk,
        asker: Asker,
        sample: int,
        draw: int,
        recorded: Mapping[ReplyKey, bytes],
        borrowed: Mapping[ReplyKey, bytes],
    ) -> None:
        self.desk = desk
        self.asker = asker
        self.sample = sample
        self.draw = draw
        self.recorded = recorded
        self.borrowed = borrowed
        self.names: tuple[str, ...] = ()
        self.usage = Usage()
        self.last: Answered | None = None
        self.answered: dict[tuple[str, str], Answered] = {}
        self._turn = 0

    async def __call__(
        self,
        draft: type[Draft],
        /,
        *,
        template: str | None = None,
        model: str | None = None,
        check: Callable[[Draft], str | None] | None = None,
        **values: Any,
    ) -> Draft:
        """Ask the model once; see `records.Ask`."""
        turn, self._turn = self._turn, self._turn + 1
        chosen = self.asker.prompts.template(template or self.asker.part.kind)
        chosen.check(values)
        name = model or self.asker.model
        spec = self._spec(name)
        plain = issubclass(draft, PlainText)
        first = Request(
            messages=chosen.render(values),
            schema=None if plain else strict_schema(draft),
            schema_name=self.asker.part.kind.replace("-", "_"),
            parameters=spec.parameters,
            seed=self.draw + turn * SEEDS_APART,
            purpose=Purpose(self.names, self.asker.part.title, self.draw, turn),
            logprobs=issubclass(draft, Weighed),
        )
        request = first
        attempts = self.desk.attempts(self, turn)
        for attempt in range(attempts):
            print_ = self.asker.fingerprint(name, spec, draft, request)
            key = ReplyKey(self.asker.title, turn, attempt, print_)
            reply = await self.desk.answer(self, Question(key, name, request))
            self.usage += reply.usage
            self.last = self.answered[chosen.name, name] = Answered(
                chosen, self.asker.parameters(name, spec), reply.model, reply.simulated
            )
            try:
                parsed = _parsed(reply, draft)
                wrong = self._stray_token(reply.text, parsed, first)
                if wrong is None and check is not None:
                    wrong = check(parsed)
                if wrong is None:
                    return parsed
                raise ReplyError(wrong, text=reply.text)
            except ReplyError as error:
                if attempt == attempts - 1:
                    raise
                request = _asked_again(first, reply.text, error, attempt + 1)
        raise AssertionError("at least one attempt is made")

    def model_name(self, name: str = "") -> str:
        """What the endpoint calls a model; see `records.Ask`."""
        spec = self.desk.models.get(name or self.asker.model)
        return spec.model if spec is not None else ""

    def _stray_token(self, text: str, draft: BaseModel, request: Request) -> str | None:
        """What is wrong with a draft that holds a control token which was not in what it was
        drafted from; None where it holds none. One behind the draft's JSON does no harm."""
        if find_control_token(text) is None or not isinstance(self.asker.part, Generator):
            return None
        token = find_control_token(draft.model_dump_json())
        if token is None or any(token in message["content"] for message in request.messages):
            return None
        return f"it holds {token!r}, a control token of a chat template; leave that out"

    def _spec(self, name: str) -> ModelSpec:
        if name not in self.desk.models:
            known = ", ".join(self.desk.models)
            raise RecipeError(
                f"{self.asker.title} asks the model {name!r}, which the recipe does not have"
                f" (models: {known})"
                if name
                else f"{self.asker.title} asks a model, but the recipe names none: add"
                " `models: {writer: …}`"
            )
        return self.desk.models[name]


def _parsed(reply: Reply, draft: type[Draft]) -> Draft:
    """The draft that a reply holds.

    Raises:
        ReplyError: it holds none.
    """
    if not issubclass(draft, PlainText):
        parsed = parse_reply(reply.text, reply.finish_reason, draft)
        if isinstance(parsed, Weighed):
            parsed.weigh(reply.text, tokens_of(reply))
        return parsed
    if not reply.text.strip():
        raise ReplyError("the reply is empty", text=reply.text)
    return draft(text=reply.text)


def _asked_again(first: Request, text: str, error: ReplyError, attempt: int) -> Request:
    """The request with the unusable reply and what is wrong with it."""
    advice = (
        "It was cut off at the token limit: answer again, shorter."
        if error.truncated
        else "Answer again, with that put right."
    )
    said = text[:SHOWN_OF_BAD_REPLY] or "(nothing)"
    return replace(
        first,
        purpose=first.purpose and replace(first.purpose, attempt=attempt),
        messages=[
            *first.messages,
            {"role": "assistant", "content": said},
            {"role": "user", "content": f"This reply cannot be used: {error.reason}. {advice}"},
        ],
    )
