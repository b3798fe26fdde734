"""Chat completions as rows of Ray's vLLM engine processor (`ray.data.llm`), and its rows as chat
completions.

The processor's rows say neither why an answer ended nor how much of a prompt was cached. An answer
counts as whole only where its own tokens show that: the last one ends answers of this model, or the
text ends in a stop string that was asked for. All else is "length", cut off.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import orjson

from ...models.chat_request import BadRequest

__all__ = ["Prompts", "completion_of", "fault_of", "row_of"]

_SAMPLING = frozenset({"bad_words", "frequency_penalty", "ignore_eos", "min_p", "min_tokens"})
_SAMPLING |= {"presence_penalty", "repetition_penalty", "seed", "skip_special_tokens", "stop"}
_SAMPLING |= {"stop_token_ids", "structured_outputs", "temperature", "top_k", "top_p"}
"""Parameters of a request that are vLLM's sampling parameters by the same name."""

_READ = frozenset({"chat_template_kwargs", "logprobs", "max_completion_tokens", "max_tokens"})
_READ |= {"messages", "model", "response_format", "top_logprobs"}

_DEFAULTS = ("repetition_penalty", "temperature", "top_k", "top_p", "min_p")
"""What vLLM's server takes from a model's generation_config.json."""

_CLIENT_FAULTS = frozenset({"ValueError", "VLLMClientError", "VLLMNotFoundError"})
_CLIENT_FAULTS |= {"VLLMUnprocessableEntityError", "VLLMValidationError"}


class Prompts:
    """What a model's files say of its prompts and of the ends of its answers.

    Args:
        weights: a folder, or a name on the hub.
        options: the engine's; `tokenizer`, `trust_remote_code`, `generation_config` and
            `override_generation_config` are heeded.
    """

    def __init__(self, weights: str, options: Mapping[str, Any]) -> None:
        from transformers import AutoTokenizer

        trust = bool(options.get("trust_remote_code", False))
        self._tokenizer: Any = AutoTokenizer.from_pretrained(
            options.get("tokenizer") or weights, trust_remote_code=trust
        )
        generation = _generation_config(weights, options, trust)
        ends = generation.get("eos_token_id")
        self.ends = {one for one in (self._tokenizer.eos_token_id,) if one is not None}
        self.ends |= {ends} if isinstance(ends, int) else set(ends or ())
        named = options.get("generation_config", "auto")
        told = {} if named == "vllm" else dict(generation)
        told.update(options.get("override_generation_config") or {})
        self.defaults = {name: told[name] for name in _DEFAULTS if told.get(name) is not None}
        if told.get("max_new_tokens") is not None:
            self.defaults["max_tokens"] = told["max_new_tokens"]

    def tokens(self, messages: Sequence[Any], more: Mapping[str, Any]) -> list[int]:
        """A conversation's tokens by the model's own chat template, up to where it answers.

        Raises:
            BadRequest: the template refuses it.
        """
        from jinja2 import TemplateError

        try:
            text = self._tokenizer.apply_chat_template(
                list(messages), tokenize=False, add_generation_prompt=True, **more
            )
        except (TemplateError, ValueError, TypeError, KeyError) as error:
            said = " ".join(str(error).split())
            raise BadRequest(f"The chat template refuses it: {said}.", "messages") from None
        return list(self._tokenizer(text, add_special_tokens=False)["input_ids"])


def _generation_config(weights: str, options: Mapping[str, Any], trust: bool) -> dict[str, Any]:
    """What differs from the usual in the model's generation_config.json, or in its config.json
    where it has none, as vLLM looks for it."""
    from transformers import AutoConfig, GenerationConfig

    named = options.get("generation_config", "auto")
    where = weights if named in ("auto", "vllm") else named
    try:
        config = GenerationConfig.from_pretrained(where)
    except OSError:
        config = GenerationConfig.from_model_config(
            AutoConfig.from_pretrained(weights, trust_remote_code=trust)
        )
    return dict(config.to_diff_dict())


def row_of(body: bytes, model: str, prompts: Prompts) -> dict[str, Any]:
    """The row for a body of POST /v1/chat/completions: `tokenized_prompt` and `sampling_params` as
    the processor wants them, and `asked`, by which `completion_of` reads the answer.

    Raises:
        BadRequest: something in it is wrong, or is nothing that the processor can give.
    """
    try:
        data = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise BadRequest(f"The body is not JSON: {error}.") from None
    if not isinstance(data, dict) or not isinstance(data.get("messages"), list):
        raise BadRequest("The body is no object with a list of 'messages'.", "messages")
    if data.get("model") != model:
        raise BadRequest(f"There is no model {data.get('model')!r} here: {model}.", status=404)
    if data.get("n", 1) != 1:
        raise BadRequest("Ray's processor gives one answer to a request.", "n")
    for name in data:
        if name not in _SAMPLING | _READ and name != "n":
            raise BadRequest(f"Ray's vLLM processor is not given {name!r}: leave it out.", name)
    sampling = {**prompts.defaults}
    sampling |= {name: data[name] for name in _SAMPLING if data.get(name) is not None}
    limit = data.get("max_completion_tokens") or data.get("max_tokens")
    if limit is not None:
        sampling["max_tokens"] = limit
    # The processor passes an absent limit on as vLLM's 16 tokens, and None as all that there is
    # room for.
    sampling.setdefault("max_tokens", None)
    if data.get("logprobs"):
        sampling["logprobs"] = data.get("top_logprobs") or 0
    if (constraint := _constraint(data.get("response_format"))) is not None:
        sampling["structured_outputs"] = constraint
    stops = sampling.get("stop") or []
    sampling["stop"] = stops = [stops] if isinstance(stops, str) else list(stops)
    if stops:
        # So that the text shows by which of them it ended.
        sampling["include_stop_str_in_output"] = True
    ends = [] if sampling.get("ignore_eos") else sorted(prompts.ends)
    asked = {
        "model": model,
        "ends": [*ends, *(sampling.get("stop_token_ids") or [])],
        "stops": stops,
        "alternatives": sampling.get("logprobs"),
    }
    more = data.get("chat_template_kwargs") or {}
    return {
        "tokenized_prompt": prompts.tokens(data["messages"], more),
        "sampling_params": sampling,
        "asked": asked,
    }


def _constraint(form: Any) -> dict[str, Any] | None:
    if form is None or not isinstance(form, dict) or form.get("type") == "text":
        return None
    if form.get("type") == "json_object":
        return {"json_object": True}
    wanted = form.get("json_schema")
    schema = wanted.get("schema") if isinstance(wanted, dict) else None
    if form.get("type") != "json_schema" or not isinstance(schema, dict):
        raise BadRequest(
            "'response_format' is text, json_object or a json_schema.", "response_format"
        )
    # As text: a table of Ray's would fill up what differs between schemas.
    return {"json": orjson.dumps(schema).decode()}


def completion_of(asked: Mapping[str, Any], row: Mapping[str, Any]) -> dict[str, Any]:
    """The chat completion that a row of the processor's holds.

    Args:
        asked: as `row_of` gave it.
        row: `generated_text`, `generated_tokens`, `num_input_tokens` and `logprobs`.
    """
    tokens = [int(one) for one in row["generated_tokens"]]
    text, finish = str(row["generated_text"]), "length"
    if tokens and tokens[-1] in asked["ends"]:
        finish = "stop"
    elif ends := [stop for stop in asked["stops"] if text.endswith(stop)]:
        text, finish = text[: -len(max(ends, key=len))], "stop"
    choice: dict[str, Any] = {
        "index": 0,
        "message": {"role": "assistant", "content": text},
        "finish_reason": finish,
        "logprobs": None,
    }
    if asked["alternatives"] is not None and row.get("logprobs") is not None:
        pairs = zip(tokens, row["logprobs"], strict=True)
        entries = [_entry(token, found, asked["alternatives"]) for token, found in pairs]
        choice["logprobs"] = {"content": entries}
    read = int(row["num_input_tokens"])
    return {
        "object": "chat.completion",
        "model": asked["model"],
        "choices": [choice],
        "usage": {
            "prompt_tokens": read,
            "completion_tokens": len(tokens),
            "total_tokens": read + len(tokens),
        },
    }


def _entry(token: int, found: Mapping[Any, Mapping[str, Any]], most: int) -> dict[str, Any]:
    by_id = {int(one): value for one, value in found.items()}
    ranked = sorted(by_id.values(), key=lambda one: one["rank"])[:most]
    return {**_piece(by_id[token]), "top_logprobs": [_piece(one) for one in ranked]}


def _piece(one: Mapping[str, Any]) -> dict[str, Any]:
    text = one.get("decoded_token") or ""
    # JSON has no infinity; vLLM's own server writes the same number for it.
    logprob = max(float(one["logprob"]), -9999.0)
    return {"token": text, "logprob": logprob, "bytes": list(text.encode())}


def fault_of(said: str) -> BadRequest:
    """What went wrong with a request, from what the processor says in place of an answer."""
    kind, _, message = said.partition(": ")
    if kind in _CLIENT_FAULTS:
        return BadRequest(message or kind)
    return BadRequest(said, status=500)
