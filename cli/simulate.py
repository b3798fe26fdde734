"""`silversmith simulate`."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Annotated, cast

import typer

if TYPE_CHECKING:
    from ..models.chat_request import Logprobs

__all__ = ["NAME", "command"]

NAME = "simulate"


def _share(value: float) -> float:
    if not 0 <= value <= 1:
        raise typer.BadParameter(f"{value} is no share: give a number from 0 to 1")
    return value


def _amount(value: float) -> float:
    if not 0 <= value < float("inf"):
        raise typer.BadParameter(f"{value} is no amount: give a number from 0 up")
    return value


def _of_logprobs(value: str) -> str:
    if value not in ("given", "refused", "ignored"):
        raise typer.BadParameter(f"{value!r} is not one of given, refused, ignored")
    return value


def command(
    port: Annotated[
        int, typer.Option(min=0, max=65535, help="Port to listen on; 0 takes any free one.")
    ] = 8000,
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    latency_ms: Annotated[
        float, typer.Option(callback=_amount, help="Milliseconds that each answer takes.")
    ] = 0.0,
    max_concurrency: Annotated[
        int,
        typer.Option(min=0, help="Answer this many requests at a time, queue others; 0: no limit."),
    ] = 0,
    rate_limit: Annotated[
        float,
        typer.Option(
            callback=_amount,
            help="Take this many requests a second, answer others HTTP 429; 0: no limit.",
        ),
    ] = 0.0,
    fail_rate: Annotated[
        float, typer.Option(callback=_share, help="Share of requests that get HTTP 500 (0 to 1).")
    ] = 0.0,
    malformed_rate: Annotated[
        float, typer.Option(callback=_share, help="Share of replies that are broken JSON (0 to 1).")
    ] = 0.0,
    hang_rate: Annotated[
        float,
        typer.Option(callback=_share, help="Share of requests that are never answered (0 to 1)."),
    ] = 0.0,
    batch_seconds: Annotated[
        float, typer.Option(callback=_amount, help="Seconds that each batch takes.")
    ] = 0.0,
    batch_window: Annotated[
        float,
        typer.Option(callback=_amount, help="Seconds after which a batch expires; 0: never."),
    ] = 0.0,
    batch_limit: Annotated[
        int, typer.Option(min=0, help="Refuse batches of more requests; 0: OpenAI's 50,000.")
    ] = 0,
    batch_tokens: Annotated[
        int,
        typer.Option(min=0, help="Refuse batches while this many tokens are queued; 0: no limit."),
    ] = 0,
    flawed: Annotated[
        float,
        typer.Option(
            callback=_share,
            help="Share of drafts with a planted flaw, for judges and filters to find (0 to 1).",
        ),
    ] = 0.2,
    seed: Annotated[
        int, typer.Option(help="Another seed gives other replies, flaws and faults.")
    ] = 0,
    model: Annotated[
        list[str] | None,
        typer.Option(help="Answer only for this model (may be repeated); by default for any name."),
    ] = None,
    no_response_format: Annotated[
        bool,
        typer.Option(
            "--no-response-format",
            help="Refuse response_format, as servers without structured output do.",
        ),
    ] = False,
    logprobs: Annotated[
        str,
        typer.Option(
            callback=_of_logprobs,
            help="What becomes of a request for log-probabilities: given, refused (HTTP 400) or"
            " ignored.",
        ),
    ] = "given",
    api_key_env: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="Ask for the key that is in this environment variable."),
    ] = None,
) -> None:
    """Serve a simulated model over HTTP, with set latency, limits and faults.

    It speaks the OpenAI API: POST /v1/chat/completions and /v1/embeddings, GET /v1/models, and
    /v1/files and /v1/batches for batches. GET /stats counts what happened, POST /reset starts the
    counts anew. The same request gets the same reply. Ctrl-C ends it.
    """
    key = None if api_key_env is None else os.environ.get(api_key_env, "")
    if key == "":
        raise typer.BadParameter(
            f"the environment variable {api_key_env} is not set or empty",
            param_hint="--api-key-env",
        )
    from ..models.server import ServerOptions, serve

    serve(
        ServerOptions(
            host=host,
            port=port,
            latency_ms=latency_ms,
            max_concurrency=max_concurrency,
            rate_limit=rate_limit,
            fail_rate=fail_rate,
            hang_rate=hang_rate,
            malformed_rate=malformed_rate,
            batch_seconds=batch_seconds,
            batch_window=batch_window,
            batch_limit=batch_limit,
            batch_tokens=batch_tokens,
            flawed=flawed,
            seed=seed,
            models=tuple(model or ()),
            api_key=key,
            response_format=not no_response_format,
            logprobs=cast("Logprobs", logprobs),
        )
    )
