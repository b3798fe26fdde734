"""The file of requests of a simulated batch, read and checked as OpenAI's endpoint does it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import orjson

__all__ = ["CHAT", "MOST_REQUESTS", "Line", "batch_error", "read_lines"]

CHAT = "/v1/chat/completions"
"""The only endpoint for batches."""

MOST_REQUESTS = 50_000
"""How many requests OpenAI allows in a batch."""

ERRORS_LISTED = 20

Line = dict[str, Any]
"""One request (`custom_id`, `method`, `url`, `body`), or what became of one."""


def read_lines(
    data: bytes, models: Sequence[str], most: int
) -> tuple[list[Line], list[dict[str, Any]]]:
    """The requests in a file, and what is wrong with them: code, message and line each.

    Args:
        data: JSON Lines.
        models: the models that requests may name; empty for any.
        most: how many requests a batch may have.
    """
    rows = data.splitlines()
    if not rows:
        return [], [batch_error("empty_file", "The batch file has no requests.")]
    if len(rows) > most:
        words = f"The batch file has {len(rows)} requests; {most} are allowed."
        return [], [batch_error("too_many_requests", words)]
    errors: list[dict[str, Any]] = []
    lines = [_parsed(row) for row in rows]
    met: set[str] = set()
    for number, line in enumerate(lines, 1):
        problem = _problem(line, met, models)
        if problem is not None and len(errors) < ERRORS_LISTED:
            errors.append(batch_error(*problem, number))
    return lines, errors


def batch_error(code: str, message: str, line: int | None = None) -> dict[str, Any]:
    """One of the errors of a batch that is refused."""
    return {"code": code, "message": message, "line": line, "param": None}


def _parsed(row: bytes) -> Line:
    try:
        line = orjson.loads(row)
    except orjson.JSONDecodeError:
        return {}
    return line if isinstance(line, dict) else {}


def _problem(line: Line, met: set[str], models: Sequence[str]) -> tuple[str, str] | None:
    """What is wrong with a request: code and sentence."""
    id_, body = line.get("custom_id"), line.get("body")
    if not line:
        return "invalid_json_line", "This line is not parseable as valid JSON."
    if not isinstance(id_, str) or not id_:
        return "missing_required_parameter", "Each request needs a 'custom_id'."
    if id_ in met:
        return "duplicate_custom_id", f"The custom_id {id_!r} is not unique."
    met.add(id_)
    if (line.get("method"), line.get("url")) != ("POST", CHAT):
        return "invalid_url", f"Each request must be a POST of {CHAT}."
    if not isinstance(body, dict):
        return "invalid_request", "Each request needs a 'body'."
    if models and body.get("model") not in models:
        return "model_not_found", f"The model {body.get('model')!r} does not exist."
    return None
