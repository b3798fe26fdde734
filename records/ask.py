"""`ask`: all that a generator or a judge knows of models."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol, TypeVar

from pydantic import BaseModel

__all__ = ["Ask", "Draft"]

Draft = TypeVar("Draft", bound=BaseModel)


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
