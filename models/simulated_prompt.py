"""What the simulated model reads out of a request: its dice, the tagged parts of the prompt, and
a JSON schema that stands in the prompt."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from functools import cached_property
from hashlib import blake2b
from random import Random
from typing import Any, TypeVar

__all__ = ["Dice", "Prompt"]

T = TypeVar("T")


class Dice:
    """Chance that comes out the same for the same seed, in every process and Python version."""

    __slots__ = ("roll",)

    def __init__(self, seed: int) -> None:
        self.roll = Random(seed).random

    def below(self, limit: int) -> int:
        """An integer from 0 to `limit` - 1."""
        return int(self.roll() * limit)

    def pick(self, choices: Sequence[T]) -> T:
        """One of the choices."""
        return choices[int(self.roll() * len(choices))]


class Prompt:
    """The messages of a request.

    Args:
        messages: role and content (text) each. What stands in assistant messages counts for
            the dice only.
    """

    def __init__(self, messages: Sequence[Mapping[str, str]]) -> None:
        texts: list[tuple[str, str]] = []
        hashed: list[bytes] = []
        for message in messages:
            content = message.get("content") or ""
            # A lone surrogate cannot be encoded; it must not come back in a reply either.
            data = content.encode("utf-8", "replace")
            role = message.get("role", "user")
            texts.append((role, content if content.isascii() else data.decode()))
            hashed += (role.encode("utf-8", "replace"), b"\x1f", data, b"\x1e")
        self._hashed = b"".join(hashed)
        self.size = sum(len(content) for _, content in texts)
        self.user = [content for role, content in texts if role == "user"]
        self.rest = [content for role, content in texts if role not in ("user", "assistant")]

    def dice(self, *seeds: int) -> Dice:
        """The dice of this request under these seeds."""
        digest = blake2b(repr(seeds).encode() + self._hashed, digest_size=8)
        return Dice(int.from_bytes(digest.digest(), "little"))

    @property
    def last(self) -> str:
        """The last message of the user, or else of the system."""
        return self.user[-1] if self.user else self.rest[-1] if self.rest else ""

    def tagged(self, *names: str) -> str | None:
        """What stands between `<name ...>` and `</name>` in what the user says, for the first of
        the names that is there; None where none of them is."""
        for name in names:
            opening, closing = f"<{name}", f"</{name}>"
            for text in self.user or self.rest:
                end = text.find(closing)
                # A prompt may speak of its tags before it uses them: the nearest one opens.
                start = text.rfind(opening, 0, end) if end >= 0 else -1
                if start >= 0 and text[start + len(opening)] in "> \n\t":
                    return text[text.find(">", start, end) + 1 : end].strip()
        return None

    def named(self, tag: str) -> list[str]:
        """The names in all `<tag name="...">` of what the user says."""
        return [name for text in self.user for name in re.findall(rf'<{tag} name="([^"]+)"', text)]

    @cached_property
    def source(self) -> str:
        """The words to write from: the tagged seed, or else the last message."""
        names = ("passage", "task", "document", "instruction", "response", "goal", "turn")
        return self.tagged(*names) or self.last

    def schema(self) -> dict[str, Any] | None:
        """The JSON schema that the prompt asks to follow, or None; the last one in a message
        counts, and the user's messages come before the system's."""
        for text in (*reversed(self.user), *reversed(self.rest)):
            if '"properties"' in text and (found := _last_schema(text)) is not None:
                return found
        return None


def _last_schema(text: str) -> dict[str, Any] | None:
    decoder = json.JSONDecoder()
    found = None
    start = text.find("{")
    while start >= 0:
        try:
            value, end = decoder.raw_decode(text, start)
        except (ValueError, RecursionError):
            start = text.find("{", start + 1)
            continue
        if isinstance(value, dict) and isinstance(value.get("properties"), dict):
            found = value
        start = text.find("{", end)
    return found
