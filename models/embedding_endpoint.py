"""Embeddings by an OpenAI-compatible endpoint (POST /v1/embeddings)."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Sequence
from typing import Any

from ..errors import EndpointError
from . import faults
from .base import SIMULATED
from .embedding import Embedded
from .lean_openai import openai
from .sentences import Sentences
from .spec import ModelSpec

__all__ = ["EndpointEmbedder"]

_TEXTS_AT_ONCE = 64
_CHARACTERS_AT_ONCE = 100_000
_PATIENCE = 600.0


class EndpointEmbedder:
    """A model at its endpoint, or at the first of several.

    Texts go in requests of up to 64. Where the endpoint refuses a request, it is asked again for
    each half, until the texts that it refuses are alone.

    Args:
        spec: the model.
        name: what the recipe calls it, for messages.
    """

    def __init__(self, spec: ModelSpec, name: str = "") -> None:
        self.label = spec.label
        self._spec = spec
        self._name = name

    def identity(self) -> dict[str, Any]:
        """The model and its parameters."""
        return self._spec.identity()

    async def embed(self, texts: Sequence[str]) -> AsyncIterator[Embedded]:
        """In requests of up to 64 texts, several at a time.

        Raises:
            EndpointError: fatal; the sentence says what to do.
        """
        spec = self._spec
        key = self._key()
        url = spec.urls[0]
        client = openai.AsyncOpenAI(
            base_url=url, api_key=key or "none", max_retries=spec.retries, timeout=spec.timeout
        )
        said = str(client.base_url).rstrip("/")
        sentences = Sentences(spec, self._name, said, key, _PATIENCE)
        todo = list(reversed(_portions(texts)))
        under_way: set[asyncio.Task[Embedded | list[list[int]]]] = set()
        try:
            while todo or under_way:
                while todo and len(under_way) < spec.concurrency:
                    ask = self._ask(client, sentences, texts, todo.pop())
                    under_way.add(asyncio.create_task(ask))
                await asyncio.wait(under_way, return_when=asyncio.FIRST_COMPLETED)
                for task in [task for task in under_way if task.done()]:
                    found = task.result()
                    under_way.remove(task)
                    if isinstance(found, Embedded):
                        yield found
                    else:
                        todo += found
        finally:
            for task in under_way:
                task.cancel()
            await asyncio.gather(*under_way, return_exceptions=True)
            await client.close()

    async def _ask(
        self, client: openai.AsyncOpenAI, sentences: Sentences, texts: Sequence[str], at: list[int]
    ) -> Embedded | list[list[int]]:
        """The embeddings of some texts, or the two halves to ask for."""
        import numpy as np

        try:
            answer = await client.embeddings.create(
                model=self._spec.model,
                input=[texts[place] for place in at],
                extra_body=dict(self._spec.parameters),
            )
        except openai.APIStatusError as fault:
            error = sentences.later(fault, self._spec.retries + 1)
            if error.fatal or faults.is_passing(fault):
                raise EndpointError(str(error), status=error.status, fatal=True) from None
            if len(at) == 1:
                return Embedded(at, None, reason=str(error))
            return [at[len(at) // 2 :], at[: len(at) // 2]]
        except openai.APIError as fault:
            error = sentences.later(fault, self._spec.retries + 1)
            raise EndpointError(str(error), status=error.status, fatal=True) from None
        data = sorted(answer.data, key=lambda one: one.index)
        if len(data) != len(at):
            raise EndpointError(
                f"{self.label} gave {len(data)} embeddings for {len(at)} texts; name a model that "
                "gives embeddings",
                fatal=True,
            )
        vectors = np.array([one.embedding for one in data], np.float32)
        tokens = answer.usage.prompt_tokens if answer.usage is not None else 0
        simulated = getattr(answer, "system_fingerprint", None) == SIMULATED
        return Embedded(at, vectors, tokens, simulated)

    def _key(self) -> str:
        variable = self._spec.key_variable
        if variable is None:
            return ""
        key = os.environ.get(variable, "").strip()
        if not key:
            raise EndpointError(
                f"embeddings by {self.label} need a key, and the environment variable {variable}, "
                "which is to hold it, is not set; set it and run the command again",
                fatal=True,
            )
        return key


def _portions(texts: Sequence[str]) -> list[list[int]]:
    """The places of texts, in portions of so many and so long ones."""
    portions: list[list[int]] = []
    length = 0
    for place, text in enumerate(texts):
        full = not portions or len(portions[-1]) == _TEXTS_AT_ONCE
        if full or length + len(text) > _CHARACTERS_AT_ONCE:
            portions.append([])
            length = 0
        portions[-1].append(place)
        length += len(text)
    return portions
