"""Which family a model is of, by its name."""

from __future__ import annotations

import re

__all__ = ["family_of"]

_FIRST_WORD = re.compile(r"[a-z]+")
_SAME = {
    "chatgpt": "gpt",
    "davinci": "gpt",
    "o": "gpt",
    "text": "gpt",
    "codellama": "llama",
    "codestral": "mistral",
    "devstral": "mistral",
    "magistral": "mistral",
    "ministral": "mistral",
    "mixtral": "mistral",
    "pixtral": "mistral",
    "codegemma": "gemma",
    "qvq": "qwen",
    "qwq": "qwen",
    "meta": "llama",
}
"""Names under which members of a family go."""


def family_of(model: str) -> str:
    """The family, as the first word of the model's own name: "gpt" of openai/gpt-5-mini and of
    o3, "llama" of meta-llama/Llama-3.1-8B-Instruct, "qwen" of Qwen/Qwen3-8B; "" for no name.

    A name tells nothing of what a model was trained from: a Llama tuned on GPT's answers is a
    llama here.
    """
    own = model.rsplit("/", 1)[-1].rsplit(":", 1)[0] if "/" in model else model
    found = _FIRST_WORD.search(own.lower())
    return _SAME.get(found.group(), found.group()) if found else ""
