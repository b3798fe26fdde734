"""Control tokens of chat templates in a text: `<|im_end|>`, `[/INST]` and their like.

A model that is served with the wrong template writes them into its replies, and a tokenizer takes
them in training data for what they are: the end of a turn, or the begin of somebody else's.
"""

from __future__ import annotations

import re

__all__ = ["find_control_token"]

_TOKEN = re.compile(
    r"<\|[A-Za-z_]\w{0,40}\|>|<｜[^｜\s]{1,40}｜>|\[/?INST\]|<</?SYS>>|<(?:start|end)_of_turn>"
)


def find_control_token(text: str) -> str | None:
    """The first control token of a chat template in a text, or None."""
    if "<" not in text and "INST]" not in text:
        return None
    found = _TOKEN.search(text)
    return found.group() if found is not None else None
