"""How the simulated server behaves."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field

from .chat_request import Logprobs

__all__ = ["ServerOptions"]


class ServerOptions(BaseModel):
    """The options of `silversmith simulate`."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)

    host: str = "127.0.0.1"
    """The address to listen on."""

    port: int = Field(default=0, ge=0, le=65535)
    """The port to listen on; 0 takes any free one."""

    latency_ms: float = Field(default=0.0, ge=0, allow_inf_nan=False)
    """How long each answer takes, in milliseconds."""

    max_concurrency: int = Field(default=0, ge=0)
    """How many requests are answered at a time, further ones queue; 0 sets no limit."""

    rate_limit: float = Field(default=0.0, ge=0, allow_inf_nan=False)
    """How many requests are taken within any second, further ones get HTTP 429 with
    "Retry-After: 1"; 0 sets no limit."""

    fail_rate: float = Field(default=0.0, ge=0, le=1)
    """The share of requests that get HTTP 500."""

    hang_rate: float = Field(default=0.0, ge=0, le=1)
    """The share of requests that are never answered; they occupy no place of
    `max_concurrency`."""

    malformed_rate: float = Field(default=0.0, ge=0, le=1)
    """The share of structured replies that are broken JSON; the same request gets the same."""

    flawed: float = Field(default=0.2, ge=0, le=1)
    """The share of drafts with a planted flaw."""

    seed: int = 0
    """Decides on replies, flaws and faults."""

    models: tuple[str, ...] = ()
    """The models that it answers for, others get HTTP 404; by default any name will do."""

    api_key: str | None = Field(default=None, repr=False)
    """The key that requests must carry, or None."""

    batch_seconds: float = Field(default=0.0, ge=0, allow_inf_nan=False)
    """How long each batch takes, in seconds."""

    batch_window: float = Field(default=0.0, ge=0, allow_inf_nan=False)
    """The time in seconds after which a batch expires, with the answers that it has by then; 0
    sets none."""

    batch_limit: int = Field(default=0, ge=0)
    """How many requests a batch may have, longer ones fail; 0 allows OpenAI's 50,000."""

    batch_tokens: int = Field(default=0, ge=0)
    """How many tokens batches under way may have together, further ones fail; 0 sets no limit."""

    logprobs: Logprobs = "given"
    """What becomes of a request for log-probabilities: they are given, refused with HTTP 400, or
    passed over in silence, as by different servers."""

    response_format: bool = True
    """False answers HTTP 400 to `response_format`, as a server without structured output."""
