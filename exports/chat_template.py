"""A model's own chat template and tokenizer: what a conversation becomes before it is trained on.

A template is rendered as `apply_chat_template` of transformers 5 renders it
(`transformers/utils/chat_template_utils.py`): in Jinja's sandbox, with loop controls, the
`{% generation %}` tag, `tojson`, `raise_exception`, `strftime_now` and the special tokens; without
needing transformers, which takes seconds to import. A template comes with a model, so it is
somebody else's program: nothing but plain values is handed to it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

import jinja2
from jinja2 import nodes
from jinja2.ext import Extension, loopcontrols
from jinja2.sandbox import ImmutableSandboxedEnvironment

from ..errors import ExportError

if TYPE_CHECKING:
    from jinja2.parser import Parser
    from tokenizers import Tokenizer

__all__ = ["ChatTemplate", "Message"]

Message = Mapping[str, Any]

_REASONING = ("reasoning_content", "thinking", "reasoning")
_FAULTS = (jinja2.TemplateError, ArithmeticError, AttributeError, LookupError, RecursionError,
           RuntimeError, TypeError, ValueError)  # fmt: skip


class ChatTemplate:
    """A chat template with its tokenizer.

    Attributes:
        name: what the user called the tokenizer, without its folder.
        hash: SHA-256 of tokenizer and template, in hex digits.
        marks_replies: whether the template marks by `{% generation %}` what the assistant says.
    """

    def __init__(
        self, name: str, tokenizer: Tokenizer, template: str, special: Mapping[str, str], hash_: str
    ) -> None:
        self.name = name
        self.hash = hash_
        self._tokenizer = tokenizer
        self._special = dict(special)
        environment = ImmutableSandboxedEnvironment(
            trim_blocks=True, lstrip_blocks=True, extensions=[_Replies, loopcontrols]
        )
        environment.filters["tojson"] = _tojson
        environment.globals["raise_exception"] = _refuse
        environment.globals["strftime_now"] = lambda form: datetime.now().strftime(form)
        try:
            self._template = environment.from_string(template)
            self.marks_replies = any(
                isinstance(node, nodes.CallBlock)
                and isinstance(node.call, nodes.Call)
                and isinstance(node.call.node, nodes.ExtensionAttribute)
                for node in environment.parse(template).find_all(nodes.CallBlock)
            )
        except jinja2.TemplateSyntaxError as error:
            raise ExportError(
                f"The chat template of {name} does not parse (line {error.lineno}: {error.message})"
            ) from error

    def render(self, messages: Sequence[Message], *, reply_next: bool = False) -> str:
        """The text of a conversation.

        Args:
            messages: role and content each, and what else the template reads.
            reply_next: end with what begins the assistant's next turn.

        Raises:
            ExportError: the template refuses the conversation, or fails on it.
        """
        return self._render(messages, reply_next)[0]

    def replies(self, messages: Sequence[Message]) -> tuple[str, list[tuple[int, int]]]:
        """The text of a conversation, and the parts of it that the assistant says: where the
        template marks them, what is marked; else for each of its turns what follows the text up to
        the beginning of that turn. Turns that are not to be learned (`weight` 0 of OpenAI, `train`
        false of Axolotl) are none of them.

        Raises:
            ExportError: as `render`.
        """
        text, marked = self._render(messages, reply_next=False)
        spoken = [i for i, message in enumerate(messages) if message["role"] == "assistant"]
        if self.marks_replies and len(marked) == len(spoken):
            learned = zip(spoken, marked, strict=True)
            return text, [span for i, span in learned if _is_learned(messages[i])]
        if self.marks_replies:
            return text, marked
        spans = []
        for index in spoken:
            message = messages[index]
            if not _is_learned(message):
                continue
            start = _common(self.render(messages[:index], reply_next=True), text) if index else 0
            end = _common(self.render(messages[: index + 1]), text)
            if end <= start:  # some templates write the last turn in another way than the others
                said = str(message["content"]).strip()
                end = max(start, text.find(said, start) + len(said))
            spans.append((start, end))
        return text, spans

    def tokens(self, text: str, spans: Sequence[tuple[int, int]] = ()) -> tuple[int, int]:
        """How many tokens a text has, and how many of them reach into the spans."""
        encoding = self._tokenizer.encode(text, add_special_tokens=False)
        if not spans:
            return len(encoding.ids), 0
        inside = 0
        rest = iter(spans)
        start, end = next(rest)
        for first, last in encoding.offsets:
            while first >= end and (following := next(rest, None)) is not None:
                start, end = following
            inside += first < end and last > start  # a token on the edge counts, as it does there
        return len(encoding.ids), inside

    def after(self, prompt: str, text: str) -> tuple[int, int]:
        """How many tokens a text has, and how many of them differ from those of the prompt that it
        begins with: what `completion_only_loss` of TRL learns."""
        ids = self._tokenizer.encode(text, add_special_tokens=False).ids
        head = self._tokenizer.encode(prompt, add_special_tokens=False).ids
        return len(ids), len(ids) - _common(head, ids)

    def _render(
        self, messages: Sequence[Message], reply_next: bool
    ) -> tuple[str, list[tuple[int, int]]]:
        tracked: list[tuple[int, int]] = []
        pieces: list[str] = []
        values = {
            **self._special,
            "messages": [_with_reasoning(message) for message in messages],
            "tools": None,
            "documents": None,
            "add_generation_prompt": reply_next,
            _PIECES: pieces,
            _TRACKED: tracked,
        }
        try:
            for piece in self._template.generate(values):
                pieces.append(piece)  # noqa: PERF402 - the tag looks at it while it grows
        except _FAULTS as error:
            raise ExportError(
                f"the chat template of {self.name} refuses this conversation ({error})"
            ) from error
        return "".join(pieces), tracked


_PIECES, _TRACKED = "__pieces__", "__tracked__"


class _Replies(Extension):
    """The tag `{% generation %}`, which marks what the assistant says."""

    tags: set[str] = {"generation"}  # noqa: RUF012 - as the base class has it

    def parse(self, parser: Parser) -> nodes.Node:
        line = next(parser.stream).lineno
        body = parser.parse_statements(("name:endgeneration",), drop_needle=True)
        call = self.call_method("_mark", [nodes.ContextReference()])
        return nodes.CallBlock(call, [], [], body).set_lineno(line)

    def _mark(self, context: Any, caller: Any) -> str:
        said: str = caller()
        start = sum(map(len, context[_PIECES]))
        context[_TRACKED].append((start, start + len(said)))
        return said


def _tojson(
    value: Any,
    ensure_ascii: bool = False,
    indent: int | None = None,
    separators: tuple[str, str] | None = None,
    sort_keys: bool = False,
) -> str:
    """Jinja's own would escape what HTML minds."""
    return json.dumps(
        value, ensure_ascii=ensure_ascii, indent=indent, separators=separators, sort_keys=sort_keys
    )


def _refuse(message: str) -> None:
    raise jinja2.TemplateError(message)


def _with_reasoning(message: Message) -> dict[str, Any]:
    """The message with its reasoning under each name that templates read."""
    plain = {key: value for key, value in message.items() if value is not None}
    said = next((plain[key] for key in _REASONING if key in plain), None)
    return plain if said is None else {"thinking": said, **plain, "reasoning_content": said}


def _is_learned(message: Message) -> bool:
    return message.get("weight") != 0 and message.get("train") is not False


def _common(one: Sequence[Any], other: Sequence[Any]) -> int:
    """How long the part is with which both begin."""
    if other[: len(one)] == one:
        return len(one)
    low, high = 0, min(len(one), len(other))
    while low < high:  # the longest common beginning, by halves
        middle = (low + high + 1) // 2
        if one[:middle] == other[:middle]:
            low = middle
        else:
            high = middle - 1
    return low
