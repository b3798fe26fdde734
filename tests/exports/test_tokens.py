"""Rows counted by a model's own tokenizer and chat template."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from silversmith.errors import ExportError
from silversmith.exports import export
from silversmith.exports.chat_template import ChatTemplate
from silversmith.exports.conversations import conversations
from silversmith.exports.model_files import load_chat_template
from silversmith.exports.token_report import TokenCount, packed
from silversmith.exports.trl_sft import TrlSft
from silversmith.exports.trl_sft_turns import TrlSftTurns
from silversmith.records import Turn

from .test_exports import pair, write_run

CHATML = (
    "{% for message in messages %}{{ '<|im_start|>' + message['role'] + '\n' }}"
    "{% if message['role'] == 'assistant' %}{% generation %}{{ message['content'] }}<|im_end|>"
    "{% endgeneration %}{% else %}{{ message['content'] }}<|im_end|>{% endif %}{{ '\n' }}"
    "{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}"
)
LLAMA = (  # as of Llama 2: the system message in the first turn, and alternating roles
    "{% if messages[0]['role'] == 'system' %}{% set system = messages[0]['content'] %}"
    "{% set rest = messages[1:] %}{% else %}{% set rest = messages %}{% endif %}"
    "{{ bos_token }}{% for m in rest %}"
    "{% if (m['role'] == 'user') != (loop.index0 % 2 == 0) %}"
    "{{ raise_exception('roles must alternate') }}{% endif %}"
    "{% if m['role'] == 'user' %}{{ '[INST] ' }}"
    "{% if loop.first and system is defined %}"
    "{{ '<<SYS>>\n' + system + '\n<</SYS>>\n\n' }}{% endif %}"
    "{{ m['content'] | trim + ' [/INST]' }}"
    "{% else %}{{ ' ' + m['content'] | trim + ' ' + eos_token }}{% endif %}{% endfor %}"
)
CHAT = [
    {"role": "system", "content": "Be brief."},
    {"role": "user", "content": "How much is 2 + 2?"},
    {"role": "assistant", "content": "Four, that is 4."},
    {"role": "user", "content": "And ☃ in French?"},
    {"role": "assistant", "content": "quatre"},
]


def model(folder: Path, template: str = CHATML, **config: Any) -> Path:
    """A folder as a downloaded model has it: one token for each character and each mark."""
    from tokenizers import AddedToken, Regex, Tokenizer, models, pre_tokenizers

    vocabulary = {chr(n): n for n in range(32, 127)} | {"\n": 0, "[UNK]": 1}
    tokenizer = Tokenizer(models.WordLevel(vocabulary, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.Split(Regex(r"[\s\S]"), "isolated")
    marks = ["<|im_start|>", "<|im_end|>", "<s>", "</s>"]
    tokenizer.add_special_tokens([AddedToken(mark, special=True) for mark in marks])
    tokenizer.enable_truncation(16)  # as some files ask; what is counted is the whole
    folder.mkdir(parents=True, exist_ok=True)
    tokenizer.save(str(folder / "tokenizer.json"))
    tokens = {"bos_token": "<s>", "eos_token": {"content": "</s>"}, **config}
    (folder / "tokenizer_config.json").write_text(json.dumps(tokens))
    (folder / "chat_template.jinja").write_text(template)
    return folder


@pytest.fixture
def chatml(tmp_path: Path) -> ChatTemplate:
    return load_chat_template(str(model(tmp_path / "chatml")))


def test_a_conversation_is_rendered_by_the_model_s_template(chatml: ChatTemplate) -> None:
    assert chatml.render(CHAT[:2], reply_next=True) == (
        "<|im_start|>system\nBe brief.<|im_end|>\n<|im_start|>user\nHow much is 2 + 2?<|im_end|>\n"
        "<|im_start|>assistant\n"
    )


@pytest.mark.parametrize("template", [CHATML, CHATML.replace("{% generation %}", "").replace(
    "{% endgeneration %}", "")])  # fmt: skip
def test_what_the_assistant_says_is_found_with_marks_and_without(
    tmp_path: Path, template: str
) -> None:
    chat = load_chat_template(str(model(tmp_path / "model", template)))
    text, spans = chat.replies(CHAT)
    said = [text[start:end].rstrip("\n") for start, end in spans]
    assert said == ["Four, that is 4.<|im_end|>", "quatre<|im_end|>"]
    tokens, learned = chat.tokens(text.replace("☃", "*"), spans)
    marks = 2 * len(CHAT)
    assert tokens == len(text) - sum(map(len, ["<|im_start|>", "<|im_end|>"])) * len(CHAT) + marks
    assert learned in (len("Four, that is 4.") + len("quatre") + 2, 26)  # with the line breaks


def test_a_mistake_that_is_masked_is_not_learned(chatml: ChatTemplate) -> None:
    masked = [*CHAT[:2], {**CHAT[2], "weight": 0}, *CHAT[3:]]
    text, spans = chatml.replies(masked)
    assert [text[start:end] for start, end in spans] == ["quatre<|im_end|>"]


def test_special_tokens_and_refusals_of_the_template(tmp_path: Path) -> None:
    chat = load_chat_template(str(model(tmp_path / "llama", LLAMA)))
    assert chat.render(CHAT[:3]) == (
        "<s>[INST] <<SYS>>\nBe brief.\n<</SYS>>\n\nHow much is 2 + 2? [/INST] Four, that is 4. </s>"
    )
    with pytest.raises(ExportError, match=r"refuses this conversation .roles must alternate"):
        chat.render([CHAT[1], CHAT[1]])


@pytest.mark.parametrize(
    "template",
    [
        "{{ messages.__class__.__mro__ }}",
        "{{ ''.__class__.__base__.__subclasses__() }}",
        "{% set x = messages.append(1) %}",
        "{% for i in range(1000000000) %}x{% endfor %}",
        "{{ cycler.__init__.__globals__.os.system('true') }}",
    ],
)
def test_a_template_is_somebody_else_s_program(tmp_path: Path, template: str) -> None:
    chat = load_chat_template(str(model(tmp_path / "model", template)))
    with pytest.raises(ExportError, match="refuses this conversation"):
        chat.render(CHAT)


def test_rows_too_long_are_left_out_and_named(tmp_path: Path, chatml: ChatTemplate) -> None:
    long = pair("b").with_(messages=(Turn("user", "?"), Turn("assistant", "no " * 400)))
    run = write_run(tmp_path / "run", [pair("a"), long, pair("c")])
    report = export(run, TrlSft(), tokens=TokenCount(chatml, 200))
    assert report.rows == 2
    assert report.left_out == {"longer than 200 tokens": 1}
    told = report.tokens
    assert told is not None
    assert (told.longer, told.longer_ids, told.rows) == (1, ("b",), 2)
    assert "left out: 1 row longer than 200 (such as of sample b)" in str(report)
    kept = export(run, TrlSft(), tokens=TokenCount(chatml, 200, keep_longer=True))
    assert (kept.rows, kept.left_out) == (3, {})
    assert "cuts them" in kept.card.read_text()


def test_of_a_dialogue_only_the_turns_that_are_too_long_are_left_out(
    tmp_path: Path, chatml: ChatTemplate
) -> None:
    turns = [Turn(one["role"], one["content"]) for one in CHAT]
    run = write_run(tmp_path / "run", [pair("a").with_(messages=tuple(turns))])
    report = export(run, TrlSftTurns(), tokens=TokenCount(chatml, 90))
    assert (report.rows, report.left_out) == (1, {})
    assert report.tokens is not None
    assert report.tokens.longer_ids == ("a",)
    # The completion alone: the answer, its end, and the line break after it.
    assert report.tokens.learned == len("Four, that is 4.") + 2


def test_a_row_that_the_template_refuses_is_left_out(tmp_path: Path) -> None:
    chat = load_chat_template(str(model(tmp_path / "llama", LLAMA)))
    twice = (Turn("user", "Hi."), Turn("user", "Are you there?"), Turn("assistant", "Yes."))
    odd = pair("b").with_(messages=twice)
    run = write_run(tmp_path / "run", [pair("a"), odd])
    report = export(run, TrlSft(), tokens=TokenCount(chat))
    assert report.left_out == {"refused by the chat template": 1}
    assert "roles must alternate" in str(report)


def greedy(lengths: list[int], length: int) -> int:
    """Best fit, the longest first, one by one."""
    rooms: list[int] = []
    for size in sorted((one for one in lengths if one <= length), reverse=True):
        fits = [room for room in rooms if room >= size]
        if fits:
            rooms.remove(min(fits))
        rooms.append((min(fits) if fits else length) - size)
    return len(rooms)


@pytest.mark.parametrize("seed", range(20))
def test_packing_is_best_fit_with_the_longest_first(seed: int) -> None:
    chance = random.Random(seed)
    length = chance.randint(1, 50)
    lengths = [chance.randint(1, 60) for _ in range(200)]
    found = packed(lengths, length)
    assert (found.sequences if found else 0) == greedy(lengths, length)
    if found:
        fitting = sum(one for one in lengths if one <= length)
        assert found.filled == pytest.approx(fitting / found.sequences / length, abs=1e-4)


@pytest.mark.parametrize(
    ("row", "parts"),
    [
        ({"messages": CHAT}, [("replies", 5)]),
        ({"prompt": CHAT[:2], "completion": CHAT[2:3]}, [("completion", 3)]),
        ({"prompt": CHAT[:2], "chosen": CHAT[2:3], "rejected": CHAT[4:]}, [("completion", 3)] * 2),
        ({"prompt": "a", "completions": ["b", "c"], "labels": [True, False]}, [("completion", 2)]),
        ({"prompt": CHAT[:2], "answer": "4"}, [("nothing", 2)]),
        ({"instruction": "a", "input": "b", "output": "c"}, [("completion", 2)]),
        ({"conversations": [{"from": "human", "value": "a"}, {"from": "gpt", "value": "b"}]},
         [("replies", 2)]),
        ({"input": {"messages": CHAT[:2]}, "preferred_output": CHAT[2:3],
          "non_preferred_output": CHAT[4:]}, [("completion", 3)] * 2),
        ({"messages": CHAT[:2], "chosen": CHAT[2], "rejected": CHAT[4]}, [("completion", 3)] * 2),
        ({"chosen": CHAT[:3], "rejected": [*CHAT[:2], CHAT[4]]}, [("completion", 3)] * 2),
        ({"text": "a"}, []),
    ],
)  # fmt: skip
def test_every_format_s_rows_are_conversations(
    row: dict[str, Any], parts: list[tuple[str, int]]
) -> None:
    assert [(one.learned, len(one.messages)) for one in conversations(row)] == parts


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda f: (f / "tokenizer.json").unlink(), "there is no .*tokenizer.json"),
        (lambda f: (f / "tokenizer.json").write_text("{}"), "is no tokenizer.json"),
        (lambda f: (f / "tokenizer_config.json").write_text("["), "cannot be read as JSON"),
        (lambda f: (f / "chat_template.jinja").unlink(), "it has no chat template"),
        (lambda f: (f / "chat_template.jinja").write_text("{% if %}"), "does not parse .line 1"),
    ],
)
def test_a_model_s_folder_that_is_none(
    tmp_path: Path, spoil: Callable[[Path], object], said: str
) -> None:
    folder = model(tmp_path / "model")
    spoil(folder)
    with pytest.raises(ExportError, match=said):
        load_chat_template(str(folder))


def test_a_hub_that_cannot_be_reached_is_one_sentence(
    call: Callable[..., tuple[Any, str, str]], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "cache"))
    write_run(tmp_path / "run", [pair("a")])
    status, _, err = call("export", "run", "-f", "trl-sft", "--tokenizer", "nobody/nothing")
    assert status == 1
    assert "the hub has not given it" in err
    assert len(err.strip().splitlines()) == 1


def test_a_context_without_a_tokenizer_is_wrong_usage(
    call: Callable[..., tuple[Any, str, str]], tmp_path: Path
) -> None:
    write_run(tmp_path / "run", [pair("a")])
    status, _, err = call("export", "run", "-f", "trl-sft", "--context", "100")
    assert status == 2
    assert "add --tokenizer" in err
