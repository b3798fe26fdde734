"""`ask`: all that a generator or a judge knows of models."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple, Protocol, TypeVar

from pydantic import BaseModel, PrivateAttr

__all__ = ["Ask", "Draft", "PlainText", "Token", "Weighed"]

Draft = TypeVar("Draft", bound=BaseModel)


class Token(NamedTuple):
    """One token of a reply, with what might have stood in its place.

    Attributes:
        text: the token as text.
        alternatives: the most likely tokens in this place, this one among them where it was one
            of them, with their natural log-probabilities.
    """

    text: str
    alternatives: Mapping[str, float]


class Weighed(BaseModel):
    """A form of reply of which the log-probabilities of the tokens are wanted too. They are empty
    where the endpoint gives none."""

    _tokens: tuple[Token, ...] = PrivateAttr(default=())
    _text: str = PrivateAttr(default="")

    def weigh(self, text: str, tokens: tuple[Token, ...]) -> None:
        """Take the reply's text and its tokens; the engine calls it."""
        self._text, self._tokens = text, tokens

    @property
    def reply_text(self) -> str:
        """The reply as it came."""
        return self._text

    @property
    def reply_tokens(self) -> tuple[Token, ...]:
        """The reply's tokens, which make up its text; or none."""
        return self._tokens


class PlainText(BaseModel):
    """A reply that is free text: no form is asked for, and nothing is read from it but its text.
    For models that cannot give structured output."""

    text: str
    """The reply as it came."""


class Ask(Protocol):
    """Renders a template, sends it, and returns the validated reply.

    The engine behind it keeps every raw reply in the journal before it is used, asks again with
    the reason when a reply does not validate, meters, and answers from the journal on a resumed
    run.
    """

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
        """Ask the model once.

        Args:
            draft: the form of the reply; its JSON schema is sent along.
            template: the template's name without `.j2`; by default the asker's kind.
            model: the name of a model in the recipe; by default the asker's `model` option.
            check: says what is wrong with a reply that validates, or None; what it says is
                sent back to the model, as a validation error is.
            values: what the template may use; never rendered as a template themselves.

        Raises:
            ReplyError: no usable reply after the recipe's number of attempts.
            EndpointError: the endpoint gave no reply.
            TemplateError: the template needs a value that it was not given.
        """
        ...

    def model_name(self, name: str = "") -> str:
        """What the endpoint calls a model of the recipe; by default the asker's. "" where the
        recipe has no such model."""
        ...
