"""What goes wrong between us and an endpoint, in the words of the `openai` package's errors."""

from __future__ import annotations

import email.utils
import math
import time
from typing import Any

import aiohttp
import httpx2
import orjson

from .lean_openai import openai

__all__ = [
    "asked_wait",
    "broken_answer",
    "connection_fault",
    "is_passing",
    "is_web_page",
    "reason",
    "status_fault",
]

_CLASSES: dict[int, type[openai.APIStatusError]] = {
    kind.status_code: kind
    for kind in (
        openai.BadRequestError,
        openai.AuthenticationError,
        openai.PermissionDeniedError,
        openai.NotFoundError,
        openai.ConflictError,
        openai.UnprocessableEntityError,
        openai.RateLimitError,
    )
}
_PASSING = (
    openai.APIConnectionError,
    openai.APIResponseValidationError,
    openai.ConflictError,
    openai.RateLimitError,
    openai.InternalServerError,
)


def status_fault(response: httpx2.Response) -> openai.APIStatusError:
    """The error that stands for a response's status."""
    body = _json_object(response.content)
    return _status_fault(response, response.status_code, _nested_error(body) or body)


def broken_answer(response: httpx2.Response, why: str) -> openai.APIError:
    """The error that stands for a 200 whose body is no completion: what an error object in it
    says, with its own status (500 where it has none), or else why it is none."""
    error = _nested_error(_json_object(response.content))
    if not error:
        return openai.APIResponseValidationError(response, None, message=why)
    code = error.get("code")
    status = code if isinstance(code, int) and 400 <= code <= 599 else 500
    return _status_fault(response, status, error)


def connection_fault(error: Exception, request: httpx2.Request) -> openai.APIConnectionError:
    """The error that stands for a connection that failed or broke."""
    return openai.APIConnectionError(message=_in_words(error), request=request)


def is_passing(fault: BaseException) -> bool:
    """Whether the same request may succeed later."""
    if isinstance(fault, openai.RateLimitError):
        return fault.code != "insufficient_quota" and fault.type != "insufficient_quota"
    if isinstance(fault, openai.APIStatusError) and fault.status_code == 408:
        return True
    return isinstance(fault, _PASSING)


def asked_wait(fault: BaseException | None) -> float | None:
    """Seconds that the endpoint asked to wait (Retry-After in seconds or as a date, RFC 9110
    section 10.2.3, or `retry-after-ms`), or None."""
    if not isinstance(fault, openai.APIStatusError):
        return None
    headers = fault.response.headers
    seconds = _number(headers.get("retry-after-ms"), 1000)
    value = headers.get("retry-after")
    if seconds is None:
        seconds = _number(value, 1)
    if seconds is None and (until := _date(value)) is not None:
        # By the endpoint's own clock where it tells it: ours may be wrong, or jump.
        now = _date(headers.get("date"))
        seconds = until - (time.time() if now is None else now)
    return None if seconds is None or seconds <= 0 else seconds


def reason(fault: openai.APIError) -> str:
    """What went wrong in one or two words, for counting."""
    if isinstance(fault, openai.APITimeoutError):
        return "timeout"
    if isinstance(fault, openai.APIConnectionError):
        return "connection"
    if isinstance(fault, openai.APIStatusError):
        return f"HTTP {fault.status_code}"
    return "unusable body"


def is_web_page(response: httpx2.Response) -> bool:
    """Whether the body is HTML."""
    kind = response.headers.get("content-type", "")
    return "html" in kind or response.content[:200].lstrip().lower().startswith((b"<!", b"<html"))


def _status_fault(
    response: httpx2.Response, status: int, error: dict[str, Any]
) -> openai.APIStatusError:
    kind = openai.InternalServerError if status >= 500 else openai.APIStatusError
    fault = _CLASSES.get(status, kind)(_said(response, error), response=response, body=error)
    fault.status_code = status  # an error inside a 200 has a status of its own
    return fault


def _json_object(body: bytes) -> dict[str, Any]:
    try:
        value = orjson.loads(body)
    except orjson.JSONDecodeError:
        return {}
    return value if isinstance(value, dict) else {}


def _nested_error(body: dict[str, Any]) -> dict[str, Any]:
    """The error in a body as OpenAI nests it, or {}."""
    error = body.get("error")
    if isinstance(error, dict):
        return error
    return {"message": str(error)} if error else {}


def _said(response: httpx2.Response, error: dict[str, Any]) -> str:
    for key in ("message", "detail"):
        if isinstance(error.get(key), str):
            return str(error[key])
    if is_web_page(response):
        return "a web page"
    return response.content.decode("utf-8", "replace") or response.reason_phrase


def _in_words(error: Exception) -> str:
    ours = isinstance(error, aiohttp.ClientError)  # else it is what httpx2 made of one
    cause = error if ours else error.__cause__ or error
    if isinstance(cause, aiohttp.ClientConnectorDNSError):
        return f"the host name {cause.host} is not known"
    if isinstance(cause, aiohttp.ConnectionTimeoutError):
        return "no connection came about in time"
    if isinstance(cause, aiohttp.ClientConnectorCertificateError):
        return f"its certificate is not accepted: {cause.certificate_error}"
    if isinstance(cause, aiohttp.ClientConnectorError):
        refused = isinstance(cause.os_error, ConnectionRefusedError)
        return "the connection was refused" if refused else str(cause)
    if isinstance(cause, aiohttp.ClientPayloadError):
        return "the connection broke off in the middle of the answer"
    if isinstance(cause, (aiohttp.ServerDisconnectedError, ConnectionResetError)):
        return "the connection was closed without an answer"
    return str(cause) or type(cause).__name__


def _date(value: str | None) -> float | None:
    """Seconds since 1970 of an HTTP date."""
    try:
        return email.utils.parsedate_to_datetime(value).timestamp() if value else None
    except (ValueError, OverflowError):
        return None


def _number(value: str | None, divisor: float) -> float | None:
    try:
        number = float(value) / divisor if value is not None else math.nan
    except ValueError:
        return None
    return number if math.isfinite(number) else None
