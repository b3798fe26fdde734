"""What to say to the user when an endpoint does not do what is asked of it."""

from __future__ import annotations

from ..errors import EndpointError
from . import faults
from .lean_openai import openai
from .spec import ModelSpec

__all__ = ["Sentences"]

SECRET_FROM = 4
"""Keys of this length or more are blotted out of messages."""

LONGEST_QUOTE = 200
"""Characters of what the endpoint says that a sentence repeats."""

HOPELESS = frozenset({401, 402, 403, 404, 405})
"""Statuses that every other request would meet as well."""


class Sentences:
    """Turns the faults of one endpoint into errors: one sentence that names the model, the
    address and what to do, and never the key, even where the endpoint repeats it."""

    def __init__(self, spec: ModelSpec, name: str, url: str, key: str, patience: float) -> None:
        self._who = f"model {name or 'in use'} ({spec.model} at {url})"
        self._url = url
        self._variable = spec.key_variable
        self._timeout = spec.timeout
        self._key = key if len(key) >= SECRET_FROM else ""
        self._patience = patience

    def at_first(self, fault: openai.APIError, tries: int) -> EndpointError:
        """The error for a fault that ended the first request of all: always fatal."""
        return self._error(fault, self._hopeless(fault) or self._first(fault, tries), fatal=True)

    def later(self, fault: openai.APIError, tries: int) -> EndpointError:
        """The error for a fault that ended a request after some have succeeded."""
        if sentence := self._hopeless(fault):
            return self._error(fault, sentence, fatal=True)
        if faults.is_passing(fault):
            times = "once" if tries == 1 else f"{tries} times"
            return self._error(
                fault, f"{self._who} was asked {times} without success: {self._what(fault)}"
            )
        return self._error(fault, f"{self._who} refuses this request: {self._what(fault)}")

    def unheeded(self, parameter: str, kind: str, answer: str) -> EndpointError:
        """The error for a parameter that is taken and passed over."""
        known = f"structured_outputs: {{{kind}: ...}}"
        instead = f"; newer versions of vLLM want `{known}`" if "guided" in parameter else ""
        shown = self._blotted(" ".join(answer.split()))[:LONGEST_QUOTE]
        return EndpointError(
            f"{self._who} takes the parameter `{parameter}` without heeding it (it answered"
            f" {shown!r}){instead}; take it out of `parameters` (drafts and verdicts have their own"
            " form)",
            fatal=True,
        )

    def _error(
        self, fault: openai.APIError, sentence: str, *, fatal: bool = False
    ) -> EndpointError:
        return EndpointError(
            self._blotted(sentence),
            status=fault.status_code if isinstance(fault, openai.APIStatusError) else None,
            fatal=fatal,
            retryable=faults.is_passing(fault),
            retry_after=faults.asked_wait(fault),
        )

    def _hopeless(self, fault: openai.APIError) -> str:
        """What to say of a fault that no request can get past, or ""."""
        if not isinstance(fault, openai.APIStatusError):
            return ""
        status, what = fault.status_code, self._what(fault)
        asked = faults.asked_wait(fault) or 0.0
        if asked > self._patience:
            return f"{self._who} asks to wait {asked:.0f} s ({what}); run the command again later"
        if isinstance(fault, openai.RateLimitError) and not faults.is_passing(fault):
            return f"{self._who} has no quota left ({what}); raise the account's limit"
        if 300 <= status < 400:
            place = fault.response.headers.get("location", "another address")
            return f"{self._who} redirects to {place}; set base_url to where it leads"
        if status not in HOPELESS or _is_moderation(fault):
            return ""
        if status in (401, 403):
            return self._about_the_key(status, what)
        if status == 402:
            return f"{self._who} wants to be paid ({what}); top up the account"
        if status == 404 and _is_about_the_model(fault):
            return f"{self._who} is not known there ({what}); correct the model's name"
        return f"{self._who} has no chat completions there ({what}); {self._about_the_url()}"

    def _about_the_key(self, status: int, what: str) -> str:
        if self._variable is None:
            return (
                f"{self._who} wants a key ({what}); set api_key_env to the name of the "
                "environment variable that holds it"
            )
        verb = "does not accept" if status == 401 else "allows no access with"
        return (
            f"{self._who} {verb} the key in {self._variable} ({what}); put a valid key into "
            "that variable"
        )

    def _about_the_url(self) -> str:
        if self._url.endswith("/v1"):
            return "correct its base_url"
        return "its base_url is probably to end in /v1"

    def _first(self, fault: openai.APIError, tries: int) -> str:
        what = self._what(fault)
        if isinstance(fault, openai.APITimeoutError):
            return f"{self._who} gives no answer: {what}; is it overloaded, or `timeout` too short?"
        if isinstance(fault, openai.APIConnectionError):
            return f"{self._who} cannot be reached: {what}; is it running, and its base_url right?"
        if isinstance(fault, openai.APIResponseValidationError):
            return f"{self._who} gives no chat completion: {what}; {self._about_the_url()}"
        if faults.is_passing(fault):
            return f"{self._who} was asked {tries} times without success: {what}; is it well?"
        return f"{self._who} refuses a first small request: {what}; correct its `parameters`"

    def _what(self, fault: openai.APIError) -> str:
        if isinstance(fault, openai.APITimeoutError):
            return f"nothing came within {self._timeout:g} s"
        if isinstance(fault, openai.APIStatusError):
            return f"HTTP {fault.status_code}: {self._said(fault)}"
        if isinstance(fault, openai.APIResponseValidationError) and faults.is_web_page(
            fault.response
        ):
            return "it answers with a web page"
        return self._said(fault)

    def _said(self, fault: openai.APIError) -> str:
        """What the endpoint says, in one line of bounded length; blotted before it is cut, lest
        a piece of the key remain."""
        line = self._blotted(" ".join(fault.message.split()))
        return line if len(line) <= LONGEST_QUOTE else line[: LONGEST_QUOTE - 3] + "..."

    def _blotted(self, text: str) -> str:
        return text.replace(self._key, "***") if self._key else text


def _is_about_the_model(fault: openai.APIStatusError) -> bool:
    return fault.code == "model_not_found" or "model" in fault.message.lower()


def _is_moderation(fault: openai.APIStatusError) -> bool:
    """A 403 that concerns one prompt, as OpenRouter answers to a flagged one."""
    words = fault.message.lower()
    return fault.status_code == 403 and ("flagged" in words or "moderation" in words)
