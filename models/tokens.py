"""How many tokens a text has: counted by the model's own tokenizer where one is at hand, else
estimated from its characters."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, Protocol

from ..errors import RecipeError
from .spec import ModelSpec

if TYPE_CHECKING:
    from tokenizers import Tokenizer

__all__ = ["TokenCounter", "Tokens", "token_counter"]

MESSAGE_TOKENS = 4
"""What a chat template writes around a message: two marks, the role and a line break."""


class Tokens(NamedTuple):
    """At least and at most so many tokens; the same where they were counted."""

    low: float
    high: float


class TokenCounter(Protocol):
    """Counts or estimates tokens of one model.

    Attributes:
        exact: True where tokens are counted, False where they are estimated.
    """

    exact: bool

    def text(self, text: str) -> Tokens:
        """The tokens of a text."""
        ...

    def messages(self, messages: Sequence[Mapping[str, str]]) -> Tokens:
        """The tokens of a prompt, with what a chat template adds."""
        ...


def token_counter(spec: ModelSpec, folder: Path) -> TokenCounter:
    """The best counter for a model.

    Args:
        folder: where a relative `tokenizer` path starts.

    Raises:
        RecipeError: the model's `tokenizer` cannot be loaded.
    """
    if spec.simulated is not None:
        return _Simulated()
    if spec.tokenizer is None:
        return _Estimated()
    return _Counted(_load(spec.tokenizer, folder))


class _Estimated:
    """By the number of characters.

    The bounds were measured with four tokenizers (o200k, cl100k, Claude's, DeepSeek's) on some
    forty texts. ASCII text has 2.7 (sums, compact JSON) to 5.3 characters a token (plain prose; a
    prompt template 3.8 to 4.4). Other characters (Chinese, Japanese, Korean, Russian, Arabic,
    Hindi) come to 0.9 to 4 a token.
    """

    exact = False

    def text(self, text: str) -> Tokens:
        ascii_ = len(text) if text.isascii() else sum(map(str.isascii, text))
        other = len(text) - ascii_
        return Tokens(ascii_ / 5.3 + other / 4, ascii_ / 2.7 + other / 0.9)

    def messages(self, messages: Sequence[Mapping[str, str]]) -> Tokens:
        low, high = self.text("".join(message["content"] for message in messages))
        marks = MESSAGE_TOKENS * (len(messages) + 1)
        return Tokens(low + marks, high + marks)


class _Simulated:
    """The simulated model's own rule: four characters each."""

    exact = True

    def text(self, text: str) -> Tokens:
        tokens = (len(text) + 3) // 4
        return Tokens(tokens, tokens)

    def messages(self, messages: Sequence[Mapping[str, str]]) -> Tokens:
        return self.text("".join(message["content"] for message in messages))


class _Counted:
    """By a tokenizer of the `tokenizers` library."""

    exact = True

    def __init__(self, tokenizer: Tokenizer) -> None:
        self._tokenizer = tokenizer

    def text(self, text: str) -> Tokens:
        tokens = len(self._tokenizer.encode(text, add_special_tokens=False).ids)
        return Tokens(tokens, tokens)

    def messages(self, messages: Sequence[Mapping[str, str]]) -> Tokens:
        tokens = sum(self.text(message["content"]).low for message in messages)
        tokens += MESSAGE_TOKENS * (len(messages) + 1)
        return Tokens(tokens, tokens)


def _load(path: str, folder: Path) -> Tokenizer:
    place = folder / Path(path).expanduser()
    if place.is_dir():
        place = place / "tokenizer.json"
    if not place.is_file():
        raise RecipeError(
            f"tokenizer: there is no file {place}; name a tokenizer.json, or a folder that holds"
            " one, as a downloaded model does"
        )
    try:
        from tokenizers import Tokenizer
    except ImportError as error:
        raise RecipeError(
            "tokenizer: counting tokens needs the extra: pip install 'silversmith[tokenizers]'"
        ) from error
    try:
        return Tokenizer.from_file(str(place))
    except Exception as error:
        raise RecipeError(f"tokenizer: {place} is no tokenizer.json ({error})") from error
