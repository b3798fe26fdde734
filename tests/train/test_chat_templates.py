"""Chat templates are rendered, and replies found in them, as transformers does it."""

from __future__ import annotations

import importlib.util
import shutil
from pathlib import Path
from typing import Any

import pytest
from jinja2 import TemplateError

from silversmith.errors import ExportError
from silversmith.exports.model_files import load_chat_template

CHATS: dict[str, list[dict[str, Any]]] = {
    "one turn": [
        {"role": "user", "content": "How much is 2 + 2?"},
        {"role": "assistant", "content": "Four."},
    ],
    "a system message and two turns": [
        {"role": "system", "content": "Be brief.\nSay ☃."},
        {"role": "user", "content": " How much is 2 + 2? "},
        {"role": "assistant", "content": "Four.\n\nThat is 4."},
        {"role": "user", "content": "And <b>3</b> + 'é'?"},
        {"role": "assistant", "content": "Seven"},
    ],
    "reasoning": [
        {"role": "user", "content": "How much is 2 + 2?"},
        {"role": "assistant", "content": "4", "reasoning_content": "Two and two."},
    ],
}


def _templates() -> list[Path]:
    """The chat templates of well-known models, as TRL carries them."""
    found = importlib.util.find_spec("trl")
    if found is None or found.origin is None:
        return []
    return sorted((Path(found.origin).parent / "chat_templates").glob("*.jinja"))


@pytest.mark.parametrize("chat", CHATS)
@pytest.mark.parametrize("template", _templates(), ids=lambda path: path.stem)
def test_ours_is_what_transformers_makes(
    model: Path, tmp_path: Path, template: Path, chat: str
) -> None:
    from transformers import AutoTokenizer

    folder = tmp_path / "model"
    shutil.copytree(model, folder)
    shutil.copy(template, folder / "chat_template.jinja")
    theirs = AutoTokenizer.from_pretrained(folder)
    ours = load_chat_template(str(folder))
    messages = CHATS[chat]
    try:
        text = theirs.apply_chat_template(messages, tokenize=False)
    except (TemplateError, LookupError, TypeError, ValueError):
        with pytest.raises(ExportError, match="refuses this conversation"):
            ours.render(messages)
        return
    assert ours.render(messages) == text
    prompt = theirs.apply_chat_template(messages[:-1], tokenize=False, add_generation_prompt=True)
    assert ours.render(messages[:-1], reply_next=True) == prompt
    if ours.marks_replies:
        masked = theirs.apply_chat_template(
            messages, return_dict=True, return_assistant_tokens_mask=True
        )
        found = ours.tokens(*ours.replies(messages))
        assert found == (len(masked["input_ids"]), sum(masked["assistant_masks"]))
