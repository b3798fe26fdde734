"""Which family a model is of, by its name."""

from __future__ import annotations

import re

__all__ = ["families_of"]

_FAMILIES = {
    "gpt": r"gpt|chatgpt|davinci|o[134](?=-|$)|codex",
    "claude": r"claude",
    "gemini": r"gemini|gemma|palm|bard",
    "llama": r"llama|vicuna|alpaca",
    "qwen": r"qwen|qwq",
    "mistral": r"mistral|mixtral|ministral|magistral|codestral|devstral|pixtral|zephyr",
    "deepseek": r"deepseek",
    "phi": r"phi",
    "command": r"command|c4ai|aya",
    "grok": r"grok",
    "glm": r"glm|chatglm",
    "kimi": r"kimi|moonshot",
    "yi": r"yi",
    "olmo": r"olmo|tulu",
    "granite": r"granite",
    "falcon": r"falcon",
    "internlm": r"internlm",
    "minimax": r"minimax",
    "nemotron": r"nemotron",
}
_KNOWN = [
    (name, re.compile(rf"(?<![a-z])(?:{words})(?![a-z])")) for name, words in _FAMILIES.items()
]


def families_of(model: str) -> frozenset[str]:
    """The families of a model: usually one, two where one model was distilled into another
    ("DeepSeek-R1-Distill-Qwen-7B"), none for "".

    Models of one vendor and lineage are one family, whatever their size and version. A name that
    is not known is a family of its own, without what looks like a size or version. What stands
    before a slash is who serves or made the model, and counts only where the rest says nothing.
    """
    name = model.strip().lower()
    last = name.rpartition("/")[2]
    for part in (last, name):
        if found := frozenset(family for family, words in _KNOWN if words.search(part)):
            return found
    own = re.match(r"[^\W\d_]+", last)
    return frozenset([own[0]] if own else [last] if last else [])
