"""Supervised fine-tuning with LLaMA-Factory.

The rows are its ShareGPT formatting with the roles of OpenAI's messages, which
`dataset_info.json` beside them says (data/README.md of https://github.com/hiyouga/LLaMA-Factory).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, ClassVar, Literal

import orjson

from ..records import Sample, Turn
from .base import Export
from .turns import answered, chat, without_mistake

__all__ = ["ROLES", "Llamafactory", "dataset_info", "dataset_name", "out_of_turn"]

ROLES = {
    "role_tag": "role",
    "content_tag": "content",
    "user_tag": "user",
    "assistant_tag": "assistant",
    "system_tag": "system",
}

_ALTERNATE = "its turns are not by user and assistant in turn, which LLaMA-Factory skips"


class Llamafactory(Export):
    """`{"messages": [{"role", "content"}, ...]}`, one row a sample, with `dataset_info.json` beside
    it. Of a sample with a rejected half, the chosen half."""

    kind: ClassVar[str] = "llamafactory"

    reasoning: Literal["text", "think"] = "think"
    """Where the reasoning goes: text or think; its templates for reasoning models look for tags."""

    def reason_for_no_row(self, sample: Sample) -> str | None:
        """LLaMA-Factory learns every answer, and skips what does not alternate."""
        return without_mistake(sample) or out_of_turn(answered(sample)[:-1])

    def rows(self, sample: Sample) -> Iterable[dict[str, Any]]:
        """One row."""
        yield {"messages": chat(sample, answered(sample), self.reasoning)}

    def beside(self, name: str, files: Mapping[str, str]) -> Mapping[str, bytes]:
        """`dataset_info.json`."""
        return dataset_info(name, files, columns={"messages": "messages"})


def out_of_turn(prompt: Sequence[Turn]) -> str | None:
    """Why LLaMA-Factory would skip a row with this prompt, or None: after a system message, user
    and assistant must alternate, the user first and last."""
    roles = [turn.role for turn in prompt]
    roles = roles[1:] if roles[:1] == ["system"] else roles
    wanted = ["assistant" if index % 2 else "user" for index in range(len(roles))]
    return None if len(roles) % 2 and roles == wanted else _ALTERNATE


def dataset_name(name: str, split: str, splits: int) -> str:
    """What LLaMA-Factory calls a split of a run's rows.

    Args:
        name: of the run.
        split: its name.
        splits: how many there are.
    """
    base = re.sub(r"[^\w.-]+", "_", name)  # a comma would part it in LLaMA-Factory's `dataset`
    return base if splits == 1 or split == "train" else f"{base}_{split}"


def dataset_info(
    name: str, files: Mapping[str, str], columns: Mapping[str, str], *, ranking: bool = False
) -> Mapping[str, bytes]:
    """The file that names the datasets: `NAME`, and of further splits `NAME_validation` ...

    Args:
        name: of the run.
        files: the file of each split.
        columns: as LLaMA-Factory's `columns`.
        ranking: whether the rows are pairs.
    """
    entries = {
        dataset_name(name, split, len(files)): {
            "file_name": file,
            "formatting": "sharegpt",
            **({"ranking": True} if ranking else {}),
            "columns": dict(columns),
            "tags": ROLES,
        }
        for split, file in files.items()
    }
    return {"dataset_info.json": orjson.dumps(entries, option=orjson.OPT_INDENT_2)}
