"""The files of a model that say how a conversation becomes tokens: in a folder, or on the hub."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ..errors import ExportError
from .chat_template import ChatTemplate

__all__ = ["load_chat_template"]

_FILES = (
    "tokenizer.json",
    "tokenizer_config.json",
    "chat_template.jinja",
    "special_tokens_map.json",
)
_SPECIAL = (
    "bos_token", "eos_token", "unk_token", "sep_token", "pad_token", "cls_token", "mask_token",
)  # fmt: skip


def load_chat_template(where: str) -> ChatTemplate:
    """The tokenizer and the chat template of a model.

    Args:
        where: a folder with `tokenizer.json` and `tokenizer_config.json` (or
            `chat_template.jinja`), as a downloaded model has them; or the model's id on the hub.

    Raises:
        ExportError: something is missing or unreadable; says what and what to do.
    """
    folder = Path(where).expanduser()
    if not folder.is_dir():
        folder = _from_hub(where)
    try:
        from tokenizers import Tokenizer
    except ImportError as error:
        raise ExportError(
            "--tokenizer needs the extra: pip install 'silversmith[tokenizers]'"
        ) from error
    path = folder / "tokenizer.json"
    if not path.is_file():
        raise ExportError(
            f"--tokenizer {where}: there is no {path}; name the folder of a model with a fast"
            " tokenizer"
        )
    try:
        tokenizer = Tokenizer.from_file(str(path))
    except Exception as error:
        raise ExportError(f"{path} is no tokenizer.json ({error})") from error
    # Its file may ask for texts to be cut or filled up, which would hide how long they are.
    tokenizer.no_truncation()
    tokenizer.no_padding()
    config = _json(folder / "tokenizer_config.json")
    template = _template(folder, config)
    if template is None:
        raise ExportError(
            f"--tokenizer {where}: it has no chat template (neither chat_template.jinja nor"
            " 'chat_template' in tokenizer_config.json); name the tokenizer of a chat model, or put"
            " its template beside it as chat_template.jinja"
        )
    special = {**_json(folder / "special_tokens_map.json"), **config}
    digest = hashlib.sha256(path.read_bytes() + template.encode()).hexdigest()
    name = folder.resolve().name if Path(where).expanduser().is_dir() else where
    words = {key: _token(special[key]) for key in _SPECIAL if special.get(key) is not None}
    return ChatTemplate(name, tokenizer, template, words, digest)


def _from_hub(where: str) -> Path:
    """The folder into which the files of a model on the hub were put."""
    if where.count("/") > 1 or where.startswith((".", "/", "~")) or "\\" in where:
        raise ExportError(
            f"--tokenizer {where}: there is no such folder; name one that holds a tokenizer.json"
        )
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HfHubHTTPError, HFValidationError, LocalEntryNotFoundError

    try:
        return Path(snapshot_download(where, allow_patterns=list(_FILES)))
    except (HfHubHTTPError, HFValidationError, LocalEntryNotFoundError, OSError) as error:
        first = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        raise ExportError(
            f"--tokenizer {where}: there is no such folder, and the hub has not given it ({first});"
            " download the model's tokenizer files and name their folder"
        ) from error


def _template(folder: Path, config: Mapping[str, Any]) -> str | None:
    path = folder / "chat_template.jinja"
    try:
        if path.is_file():
            return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ExportError(f"{path} cannot be read ({error})") from error
    found = config.get("chat_template")
    if isinstance(found, list):  # several, each with a name
        by_name = {one["name"]: one["template"] for one in found}
        return by_name.get("default")
    return found if isinstance(found, str) else None


def _json(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        raise ExportError(f"{path} cannot be read as JSON ({error})") from error
    if not isinstance(found, dict):
        raise ExportError(f"{path} holds no JSON object")
    return found


def _token(value: Any) -> str:
    return str(value["content"]) if isinstance(value, Mapping) else str(value)
