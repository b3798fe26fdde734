"""The option `engine` of a recipe's model, and what becomes of it on the server's command line."""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from typing import Any, Literal

import orjson
from pydantic import BaseModel, ConfigDict, Field, model_validator

from ...errors import RecipeError

__all__ = ["EngineOptions", "arguments", "check_names"]

_OURS = {
    "api_key": "each server gets a key of its own",
    "host": "the server listens on loopback alone",
    "model": "it is the model's own name, or `weights`",
    "model_tag": "it is the model's own name, or `weights`",
    "served_model_name": "it is the model's own name",
    "uds": "it listens on a port of loopback",
}


class EngineOptions(BaseModel):
    """How the vLLM server of a model is started. Beside the options below, any option of vLLM's own
    server may stand here by its name (`max_model_len: 8192`, `quantization: fp8`); the installed
    version knows which there are."""

    model_config = ConfigDict(
        extra="allow", frozen=True, use_attribute_docstrings=True, hide_input_in_errors=True
    )

    runner: Literal["server", "ray.data.llm"] = "server"
    """What runs vLLM: its own server, started for the run; or, on a Ray cluster alone, Ray's batch
    inference, which places the replicas itself."""

    python: str | None = None
    """The Python interpreter that has vLLM. By default what the environment variable
    SILVERSMITH_VLLM_PYTHON names, or else the one that runs silversmith."""

    weights: str | None = None
    """Where the model's files are: a folder, or a name on the hub. By default the model's name."""

    keep_alive: float = Field(default=0.0, ge=0, le=7 * 86_400, allow_inf_nan=False)
    """Seconds for which the server waits for a next run after the last one has ended."""

    replicas: int | None = Field(default=None, ge=1, le=64)
    """How many servers, each with its own GPUs. By default as many as the GPUs have room for."""

    port: int | None = Field(default=None, ge=1024, le=65_000)
    """The port of the first server, the next ones following it. By default free ports."""

    @model_validator(mode="before")
    @classmethod
    def _underscores(cls, values: Any) -> Any:
        """vLLM's options may be written as on its command line (`max-model-len`)."""
        if not isinstance(values, Mapping):
            return values
        return {str(key).removeprefix("--").replace("-", "_"): one for key, one in values.items()}

    @model_validator(mode="after")
    def _no_options_of_ours(self) -> EngineOptions:
        for name, value in self.passed.items():
            if name in _OURS:
                raise ValueError(f"`{name}` cannot be set here: {_OURS[name]}")
            try:
                orjson.dumps(value)
            except TypeError as error:
                raise ValueError(f"`{name}` is no plain value: {error}") from None
        return self

    @model_validator(mode="after")
    def _no_server_without_one(self) -> EngineOptions:
        for name in ("python", "keep_alive", "port"):
            if (
                self.runner != "server"
                and getattr(self, name) != type(self).model_fields[name].default
            ):
                raise ValueError(f"`{name}` is for vLLM's own server, and not for {self.runner}")
        return self

    @property
    def passed(self) -> dict[str, Any]:
        """The options that go to vLLM's server as they are."""
        return dict(self.model_extra or {})


def check_names(options: EngineOptions, known: Mapping[str, Sequence[str]], version: str) -> None:
    """See that the installed vLLM has all options that are passed to it.

    Args:
        known: its options by name, with their spellings on the command line.
        version: its version, for the message.

    Raises:
        RecipeError: it lacks one; says the nearest.
    """
    for name in options.passed:
        if name not in known:
            own = [one for one in EngineOptions.model_fields if one != "model_config"]
            near = difflib.get_close_matches(name, [*known, *own], n=1)
            hint = f"; did you mean `{near[0]}`?" if near else ""
            raise RecipeError(f"engine.{name}: vLLM {version} has no such option{hint}")


def arguments(options: Mapping[str, Any], known: Mapping[str, Sequence[str]]) -> list[str]:
    """Options as they stand on the command line of vLLM's server.

    Args:
        options: by name; None leaves an option to vLLM.
        known: as in `check_names`; of one that is not there, nothing comes.
    """
    words: list[str] = []
    for name, value in options.items():
        spellings = known.get(name, ())
        if value is None or not spellings:
            continue
        long = next((one for one in spellings if one.startswith("--")), spellings[0])
        if isinstance(value, bool):
            off = next((one for one in spellings if one.startswith("--no-")), None)
            on = next((one for one in spellings if not one.startswith("--no-")), long)
            if value:
                words.append(on)
            elif off is not None:
                words.append(off)
        elif isinstance(value, Mapping):
            words += [long, orjson.dumps(value).decode()]
        elif isinstance(value, Sequence) and not isinstance(value, str):
            words += [long, *map(_word, value)]
        else:
            # One word, so that a value that begins with a dash is no option.
            words.append(f"{long}={_word(value)}")
    return words


def _word(value: Any) -> str:
    return orjson.dumps(value).decode() if isinstance(value, (dict, list)) else str(value)
