"""How much memory a model needs: its weights, and each token of context."""

from __future__ import annotations

import math
import os
import re
import subprocess
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import orjson

__all__ = ["Need", "need_of", "need_of_files", "with_options"]

_BYTES = {"float32": 4, "float": 4, "bfloat16": 2, "float16": 2, "half": 2, "fp8": 1}
_SHRINKS = {"fp8": 0.52, "bitsandbytes": 0.3, "int8_per_channel_weight_only": 0.52}
"""What is left of 16-bit weights that vLLM quantises as it loads them."""

# The first of these forms that a model has is the one that vLLM loads.
_WEIGHTS: tuple[Callable[[str], bool], ...] = (
    lambda name: name.endswith(".safetensors") and not name.startswith("consolidated"),
    lambda name: name.endswith(".safetensors"),
    lambda name: name.startswith("pytorch_model") and name.endswith(".bin"),
    lambda name: name.endswith(".gguf"),
)

_ASK_SECONDS = 60.0
_SIZE = re.compile(r"(?<![\w.])(\d+(?:\.\d+)?)(?:x(\d+(?:\.\d+)?))?[bB](?![a-zA-Z0-9])")


@dataclass(frozen=True)
class Need:
    """What a model needs.

    Attributes:
        weights: bytes of its weights, or None where nobody knows.
        token: bytes of the cache for one token of one sequence, or None.
        heads: attention heads, which the GPUs of one server share evenly; None where unknown.
        context: the longest sequence that it was made for, in tokens; None where unknown.
        guessed: whether `weights` is only taken from the model's name.
    """

    weights: int | None = None
    token: int | None = None
    heads: int | None = None
    context: int | None = None
    guessed: bool = False


def need_of(name: str, python: str) -> Need:
    """What a model needs: by its files, where `name` is a folder; by what the hub, or its copy on
    this machine, says of it; or else by its name.

    Args:
        python: an interpreter with vLLM, and so with the hub's client.
    """
    if Path(name).is_dir():
        return need_of_files(Path(name))
    told = _from_hub(name, python)
    need = _of_config(told.get("config") or {})
    if size := weights_in(told.get("sizes") or {}):
        return replace(need, weights=size)
    return replace(need, weights=_by_name(name), guessed=True)


def need_of_files(folder: Path) -> Need:
    """What the model in a folder needs."""
    try:
        config = orjson.loads((folder / "config.json").read_bytes())
    except (OSError, orjson.JSONDecodeError):
        config = {}
    sizes = {file.name: file.stat().st_size for file in folder.iterdir() if file.is_file()}
    size = weights_in(sizes)
    return replace(_of_config(config if isinstance(config, dict) else {}), weights=size or None)


def weights_in(sizes: Mapping[str, int]) -> int:
    """Bytes of the weights among files, each weight counted once: some models come in several
    forms."""
    for fits in _WEIGHTS:
        if size := sum(size for name, size in sizes.items() if "/" not in name and fits(name)):
            return size
    return 0


def with_options(need: Need, options: Mapping[str, Any]) -> Need:
    """The need where options of vLLM's change it: weights that are quantised as they are loaded,
    a cache of 8 bits."""
    shrink = _SHRINKS.get(str(options.get("quantization")))
    weights = need.weights
    if shrink is not None and weights is not None:
        weights = int(weights * shrink)
    token = need.token
    if token is not None and str(options.get("kv_cache_dtype", "")).startswith("fp8"):
        token //= 2
    return replace(need, weights=weights, token=token)


def _of_config(config: Mapping[str, Any]) -> Need:
    inner = config.get("text_config")
    text: Mapping[str, Any] = {**config, **inner} if isinstance(inner, dict) else config
    heads = _number(text, "num_attention_heads", "n_head")
    layers = _number(text, "num_hidden_layers", "n_layer")
    hidden = _number(text, "hidden_size", "n_embd")
    context = _number(text, "max_position_embeddings", "n_positions")
    width = _BYTES.get(str(text.get("dtype") or text.get("torch_dtype") or "bfloat16"), 2)
    width = min(width, 2)  # vLLM computes 32-bit models in 16 bits
    token = None
    if layers and (rank := _number(text, "kv_lora_rank")):  # multi-head latent attention
        token = layers * (rank + (_number(text, "qk_rope_head_dim") or 0)) * width
    elif layers and heads and hidden:
        size = _number(text, "head_dim") or hidden // heads
        token = 2 * layers * (_number(text, "num_key_value_heads") or heads) * size * width
    return Need(None, token, heads, context)


def _number(config: Mapping[str, Any], *names: str) -> int | None:
    for name in names:
        value = config.get(name)
        if isinstance(value, int) and value > 0:
            return value
    return None


def _by_name(name: str) -> int | None:
    """Bytes of 16-bit weights by what a name says (`Qwen3-8B`, `Mixtral-8x7B`); 4-bit ones where
    it says so."""
    found = _SIZE.findall(name.rpartition("/")[2].replace("_", "-").replace("-", " "))
    if not found:
        return None
    count, times = max(found, key=lambda one: float(one[0]))
    billions = float(count) * (float(times) if times else 1.0)
    words = name.lower()
    size = 0.6 if any(one in words for one in ("awq", "gptq", "int4", "4bit", "w4a16")) else 2.0
    if "fp8" in words or "w8a8" in words:
        size = 1.05
    return math.ceil(billions * 1e9 * size)


def _from_hub(name: str, python: str) -> dict[str, Any]:
    script = Path(__file__).with_name("introspection.py")
    words: Sequence[str] = [python, str(script), "--model", name]
    try:
        done = subprocess.run(
            words,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=_ASK_SECONDS,
            stdin=subprocess.DEVNULL,
            env={**os.environ, "HF_HUB_DOWNLOAD_TIMEOUT": "10"},
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return {}
    lines = [line for line in done.stdout.splitlines() if line.startswith("{")]
    told: dict[str, Any] = orjson.loads(lines[-1]) if lines else {}
    return told
