"""Which model a recipe means, and how it may be used."""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Self
from urllib.parse import urlsplit

import orjson
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from ..errors import RecipeError
from ..records import Usage
from .replay_file import digest_of
from .simulated import SimulatedOptions
from .vllm.hardware import gpu_count
from .vllm.options import EngineOptions

__all__ = ["ModelSpec", "Prices"]

SHORT_FORMS = "vllm/MODEL, replay:FILE, openai/MODEL, http://HOST:PORT/v1#MODEL or simulated"

MANAGED_CONCURRENCY = 256
"""How many requests a managed server works on at once, where the recipe does not say: a GPU is
not full before, and one that is smaller lets some wait."""

_OURS = {
    "messages": "it is rendered from the templates",
    "model": "it has its own option `model`",
    "stream": "replies are taken whole",
    "n": "a generator has `draws` for that",
    "response_format": "it is made from the form of the draft",
}
_SAMPLING = frozenset({"frequency_penalty", "max_completion_tokens", "max_tokens", "min_p"})
_SAMPLING |= {"presence_penalty", "reasoning_effort", "seed", "stop", "temperature", "top_k"}
_SAMPLING |= {"top_p", "verbosity"}
_PREFIXES = ("openai/", "vllm/", "http://", "https://", "replay:")
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


class Prices(BaseModel):
    """US dollars per million tokens."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)

    input: float = Field(ge=0, allow_inf_nan=False)
    """Tokens that the model reads."""

    output: float = Field(ge=0, allow_inf_nan=False)
    """Tokens that it writes, reasoning included."""

    cached_input: float | None = Field(default=None, ge=0, allow_inf_nan=False)
    """Tokens that it had read before; by default they cost what `input` says."""


def _model_or_simulated(schema: dict[str, Any]) -> None:
    """The options of the simulated model, or a file to replay, stand for a name."""
    schema["anyOf"] = [{"required": [name]} for name in ("model", "simulated", "replay")]
    schema["required"].remove("model")


class ModelSpec(BaseModel):
    """One model of a recipe."""

    # An option's wrong value may be a key that was pasted there: no error may repeat it.
    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        use_attribute_docstrings=True,
        hide_input_in_errors=True,
        json_schema_extra=_model_or_simulated,
    )

    model: str = Field(min_length=1)
    """The model's name at its endpoint; or a short form: `vllm/MODEL`, `openai/MODEL`,
    `http://HOST:PORT/v1#MODEL`, `replay:FILE`, `simulated`."""

    base_url: str | tuple[str, ...] | None = None
    """Where the endpoint is, up to `/v1`; by default OpenAI's. Or a list of several endpoints that
    serve the same model, with the same key: requests go where there is least to do."""

    api_key_env: str | None = None
    """The name of the environment variable that holds the key. By default OPENAI_API_KEY where
    `base_url` is not set, and no key where it is."""

    parameters: Mapping[str, Any] = Field(default_factory=dict)
    """What goes into every request: temperature, max_tokens ..."""

    prices: Prices | None = None
    """What tokens cost; unknown prices are shown as unknown."""

    tokenizer: str | None = None
    """A tokenizer.json, or a folder that holds one (a downloaded model), for `plan` to count tokens
    with; else it estimates them. Needs the extra: pip install 'silversmith[tokenizers]'."""

    concurrency: int = Field(default=64, ge=1, le=4096)
    """How many requests may be under way at once, at each endpoint: so many from the start, and
    fewer while they only stand in a queue there or overload it. 256 at a managed server."""

    requests_per_minute: float | None = Field(default=None, gt=0, allow_inf_nan=False)
    """How many requests each endpoint allows in a minute. By default what it says itself in its
    headers, or what it turns out to allow."""

    tokens_per_minute: float | None = Field(default=None, gt=0, allow_inf_nan=False)
    """How many tokens, read and written, each endpoint allows in a minute. By default what it says
    itself in its headers."""

    timeout: float = Field(default=120.0, gt=0, allow_inf_nan=False)
    """Seconds after which a request counts as lost."""

    send_seed: bool = False
    """Whether the draw's number is sent as `seed`, for endpoints that can repeat themselves."""

    retries: int = Field(default=8, ge=0)
    """How often a request is repeated after a passing fault. Being refused for the pace (HTTP 429)
    uses up none, nor does going to another endpoint of the list."""

    batch: bool = False
    """Whether requests go through the provider's Batch API: cheaper, and answered within a day."""

    batch_size: int = Field(default=10_000, ge=1, le=50_000)
    """How many requests a batch has at most, and how many samples are in work at a time."""

    batch_wait: float = Field(default=5.0, gt=0, allow_inf_nan=False)
    """Seconds without a further request after which those that wait become a batch."""

    batch_poll: float = Field(default=60.0, gt=0, allow_inf_nan=False)
    """Seconds between two looks at a batch, at most; the first follow each other faster."""

    simulated: SimulatedOptions | None = None
    """The built-in simulated model instead of an endpoint, with its options."""

    replay: str | None = Field(default=None, min_length=1)
    """A file of recorded replies instead of an endpoint (JSON Lines, also as .gz). `model` is then
    the name for those that do not say which model gave them."""

    @classmethod
    def parse(cls, value: Any) -> Self:
        """The model that a recipe names: a mapping of options, or a short form.

        Raises:
            RecipeError: the value is neither, or an option is wrong; says which and what to do.
        """
        if isinstance(value, cls):
            return value
        if isinstance(value, str):
            value = {"model": value, **_long_form(value)}
        if not isinstance(value, Mapping):
            raise RecipeError(f"a model is {SHORT_FORMS}, or a mapping of options")
        try:
            return cls.model_validate(dict(value))
        except ValidationError as error:
            raise RecipeError(_sentence(error)) from None

    engine: EngineOptions | None = None
    """How the managed vLLM server of `vllm/MODEL` is started."""

    @model_validator(mode="before")
    @classmethod
    def _from_short_form(cls, value: Any) -> Any:
        """`model` may be a short form among other options, unless `base_url` says where."""
        if not isinstance(value, dict):
            return value
        if value.get("simulated") is not None:
            return {"model": "simulated", **value}
        name = value.get("model")
        if isinstance(name, str) and name.startswith("vllm/") and value.get("base_url") is None:
            engine = value.get("engine")
            own = {**_long_form(name), "engine": {} if engine is None else engine}
            return {"concurrency": MANAGED_CONCURRENCY, **value, **own}
        if value.get("engine") is not None:
            return {"concurrency": MANAGED_CONCURRENCY, **value}
        if value.get("replay") is not None:
            return {"model": f"replay:{value['replay']}", **value}
        if isinstance(name, str) and value.get("base_url") is None and _is_short_form(name):
            return {**value, **_long_form(name)}
        return value

    @field_validator("base_url")
    @classmethod
    def _plain_url(cls, url: str | tuple[str, ...] | None) -> str | tuple[str, ...] | None:
        if url is None or isinstance(url, str):
            return None if url is None else _checked_url(url)
        urls = tuple(map(_checked_url, url))
        if not urls:
            raise ValueError("the list is empty")
        if len(set(urls)) < len(urls):
            raise ValueError("an address stands twice in the list")
        return urls[0] if len(urls) == 1 else urls

    @field_validator("api_key_env")
    @classmethod
    def _variable_name(cls, name: str | None) -> str | None:
        if name is not None and not _VARIABLE.fullmatch(name):
            raise ValueError("name the environment variable that holds the key, not the key itself")
        return name

    @field_validator("parameters")
    @classmethod
    def _no_parameters_of_ours(cls, parameters: Mapping[str, Any]) -> Mapping[str, Any]:
        for name in parameters:
            if name in _OURS:
                raise ValueError(f"`{name}` cannot be set here: {_OURS[name]}")
        try:
            orjson.dumps(dict(parameters))
        except TypeError as error:
            raise ValueError(f"they do not fit into JSON: {error}") from None
        return parameters

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        if self.simulated is not None and self.base_url is not None:
            raise ValueError("a simulated model has no base_url; leave one of the two away")
        if self.replay is not None:
            for option in ("simulated", "base_url", "prices"):
                if getattr(self, option) is not None:
                    raise ValueError(f"a file to replay needs no `{option}`; leave one away")
            if self.batch:
                raise ValueError("a file to replay has no batch mode; leave one of the two away")
        if self.batch and len(self.urls) > 1:
            raise ValueError("a model in batch mode has one base_url, since its batches are there")
        if self.simulated is not None and self.batch:
            raise ValueError("a simulated model has no batch mode; leave one of the two away")
        for option in ("batch_size", "batch_wait", "batch_poll"):
            default = type(self).model_fields[option].default
            if not self.batch and getattr(self, option) != default:
                raise ValueError(f"`{option}` is for `batch: true`; set that or leave it away")
        if self.send_seed and "seed" in self.parameters:
            raise ValueError("send_seed and parameters.seed contradict each other; use one")
        return self

    @model_validator(mode="after")
    def _managed_alone(self) -> Self:
        if self.engine is not None:
            for option in ("simulated", "replay", "base_url", "api_key_env"):
                if getattr(self, option) is not None:
                    raise ValueError(f"a managed vLLM server has no `{option}`; leave it away")
            if self.batch:
                raise ValueError("a managed vLLM server has no batch mode; leave `batch` away")
        return self

    @property
    def key_variable(self) -> str | None:
        """The environment variable that holds the key, or None where no key is needed."""
        elsewhere = self.base_url or self.simulated is not None or self.engine is not None
        if self.api_key_env is None and not elsewhere and self.replay is None:
            return "OPENAI_API_KEY"
        return self.api_key_env

    @property
    def urls(self) -> tuple[str | None, ...]:
        """Where its endpoints are, one or more; None stands for OpenAI's."""
        return self.base_url if isinstance(self.base_url, tuple) else (self.base_url,)

    @property
    def at_once(self) -> int:
        """How many requests may be under way at once, at all endpoints together."""
        if self.engine is not None:
            return self.concurrency * (self.engine.replicas or max(1, gpu_count()))
        return self.concurrency * len(self.urls)

    @property
    def label(self) -> str:
        """The model in a few words, for people."""
        if self.simulated is not None or self.replay is not None:
            return self.model
        if self.engine is not None:
            return f"{self.model} on vLLM"
        more = f" and {len(self.urls) - 1} more" if len(self.urls) > 1 else ""
        return f"{self.model} at {urlsplit(self.urls[0] or 'https://api.openai.com').netloc}{more}"

    @property
    def stated_parameters(self) -> dict[str, Any]:
        """The parameters as a sample's origin states them, with the name of a file that was
        replayed."""
        if self.replay is None:
            return dict(self.parameters)
        return {**self.parameters, "replay": Path(self.replay).name}

    def in_folder(self, folder: Path) -> Self:
        """The model with the file that it replays, or its weights, where they are a folder, sought
        from `folder`.

        Raises:
            RecipeError: the weights are to be a folder, and there is none.
        """
        if self.engine is not None:
            return self.model_copy(update={"engine": self._engine_in(self.engine, folder)})
        if self.replay is None:
            return self
        file = folder / Path(self.replay).expanduser()
        return self.model_copy(update={"replay": str(file.absolute())})

    def _engine_in(self, engine: EngineOptions, folder: Path) -> EngineOptions:
        if engine.python is not None and "/" in engine.python:
            # Not resolved: the Python of an environment is a link to another one.
            python = (folder / Path(engine.python).expanduser()).absolute()
            engine = engine.model_copy(update={"python": str(python)})
        weights = engine.weights or self.model
        path = (folder / Path(weights).expanduser()).absolute()
        if path.is_dir():
            return engine.model_copy(update={"weights": str(path)})
        if weights.startswith((".", "/", "~")):
            raise RecipeError(
                f"the weights of vllm/{self.model} are to be in {path}: no such folder"
            )
        return engine

    def at(self, urls: Sequence[str], places: int) -> Self:
        """The model of managed servers as one at the addresses at which they were started, each
        with so many places for requests."""
        where = {
            "engine": None,
            "base_url": urls[0] if len(urls) == 1 else tuple(urls),
            "concurrency": min(self.concurrency, places),
        }
        return self.model_copy(update=where)

    def share_of(self, count: int) -> Self:
        """The model as one of `count` processes may use it: its share of concurrency and rates."""
        share: dict[str, Any] = {
            "concurrency": max(1, -(-self.concurrency // count)),
            "requests_per_minute": self.requests_per_minute and self.requests_per_minute / count,
            "tokens_per_minute": self.tokens_per_minute and self.tokens_per_minute / count,
        }
        if self.engine is not None and "max_num_seqs" not in self.engine.passed:
            # The processes share one server, which has places for the requests of all of them.
            values = {**self.engine.model_dump(), "max_num_seqs": self.concurrency}
            share["engine"] = EngineOptions(**values)
        return self.model_copy(update=share)

    def identity(self) -> dict[str, Any]:
        """What makes two replies different: the model, its parameters, the simulation; not where
        it is, what it costs, or how it is used. Of a file to replay, what is in it counts.

        Raises:
            RecipeError: the file to replay cannot be read.
        """
        identity: dict[str, Any] = {
            "model": self.model,
            "parameters": dict(self.parameters),
            "simulated": None if self.simulated is None else self.simulated.model_dump(mode="json"),
        }
        if self.replay is not None:
            identity["replay"] = digest_of(self.replay)
        return {**identity, "send_seed": True} if self.send_seed else identity

    def cost(self, usage: Usage) -> float | None:
        """US dollars for these tokens, or None where the prices are unknown. The simulated model
        costs nothing unless it is given prices, and a recorded reply nothing at all."""
        if self.replay is not None:
            return 0.0
        if self.prices is None:
            return None if self.simulated is None else 0.0
        again = self.prices.cached_input
        cached = usage.cached_tokens * (self.prices.input if again is None else again)
        # Some endpoints report cached tokens beside the input, and not as a part of it.
        fresh = max(0, usage.input_tokens - usage.cached_tokens) * self.prices.input
        return (fresh + cached + usage.output_tokens * self.prices.output) / 1e6


def managed_servers(models: Mapping[str, ModelSpec]) -> int:
    """How many servers the managed ones of a recipe's models are; 1 where there are none."""
    servers = {
        (spec.model, spec.engine.model_dump_json(), spec.concurrency)
        for spec in models.values()
        if spec.engine is not None
    }
    return max(1, len(servers))


def _is_short_form(text: str) -> bool:
    return text == "simulated" or text.startswith(_PREFIXES)


def _long_form(text: str) -> dict[str, Any]:
    """The options that a short form stands for."""
    if text == "simulated":
        return {"simulated": SimulatedOptions()}
    if text.startswith("replay:") and (file := text.removeprefix("replay:").strip()):
        return {"replay": file}
    kind, _, name = text.partition("/")
    if kind == "openai" and name:
        return {"model": name}
    if kind == "vllm" and name:
        return {"model": name, "engine": EngineOptions()}
    if kind in ("http:", "https:"):
        url, _, name = text.partition("#")
        if name:
            return {"model": name, "base_url": url}
    # The text is not repeated where it may hold a password.
    shown = "" if "@" in text else f", not {text!r}"
    raise RecipeError(f"a model is {SHORT_FORMS}{shown}")


def _checked_url(url: str) -> str:
    no_address = "it is no address; write http://HOST:PORT/v1"
    try:
        parts = urlsplit(url)
        host = (parts.hostname or "").encode("idna")
        port = parts.port
    except ValueError:
        raise ValueError(no_address) from None
    if parts.scheme not in ("http", "https") or not host or port == 0:
        raise ValueError(no_address)
    if not url.isprintable() or " " in url:
        raise ValueError(no_address)
    if parts.username or parts.password:
        raise ValueError("it holds a password; put the key into an environment variable instead")
    if parts.query or parts.fragment:
        raise ValueError("it goes up to /v1 and has nothing after ? or #")
    url = url.rstrip("/")
    if url.endswith("/chat/completions"):
        raise ValueError("it goes up to /v1, without /chat/completions")
    return url


def _sentence(error: ValidationError) -> str:
    """The first problem in one sentence that repeats no value."""
    problem = error.errors(include_url=False, include_context=False, include_input=False)[0]
    where = ".".join(str(part) for part in problem["loc"])
    if problem["type"] == "missing":
        return f"a model needs `{where}`: {SHORT_FORMS} with options"
    if problem["type"] == "extra_forbidden":
        return f"a model has no option `{where}`{_hint(where)}"
    words = problem["msg"].removeprefix("Value error, ")
    return f"a model's `{where}` is wrong: {words}" if where else f"a model is wrong: {words}"


def _hint(name: str) -> str:
    if name in ("api_key", "key", "token"):
        return "; keys stay out of recipes: set `api_key_env` to the name of a variable"
    if name in _SAMPLING:
        return f"; write it as `parameters: {{{name}: ...}}`"
    near = difflib.get_close_matches(name, ModelSpec.model_fields, n=1)
    if near:
        return f"; did you mean `{near[0]}`?"
    return f"; it has {', '.join(ModelSpec.model_fields)}"
