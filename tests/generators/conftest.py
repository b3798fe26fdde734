"""An `ask` for tests: it renders the real template and answers from a script."""

from collections.abc import Callable
from typing import Any

import pytest
from pydantic import BaseModel

from silversmith.errors import ReplyError
from silversmith.prompts import Prompts
from silversmith.records import Passage, Seed

PROMPTS = Prompts()


class ScriptedAsk:
    """Replies by words of the prompt; a prompt that no script knows is an error.

    Attributes:
        prompts: the user messages that were sent.
        systems: the system messages.
    """

    def __init__(self, kind: str, script: dict[str, dict[str, Any]]) -> None:
        self.kind = kind
        self.script = script
        self.prompts: list[str] = []
        self.systems: list[str] = []

    async def __call__(
        self,
        draft: type[BaseModel],
        /,
        *,
        template: str | None = None,
        model: str | None = None,
        check: Callable[[Any], str | None] | None = None,
        **values: Any,
    ) -> Any:
        chosen = PROMPTS.template(template or self.kind)
        chosen.check(values)
        *system, user = chosen.render(values)
        self.systems.append(system[0]["content"] if system else "")
        self.prompts.append(user["content"])
        for words, reply in self.script.items():
            if words in user["content"]:
                made = draft.model_validate(reply)
                if check is not None and (reason := check(made)) is not None:
                    raise ReplyError(reason)
                return made
        raise LookupError(f"no reply for: {user['content']}")


@pytest.fixture
def scripted() -> type[ScriptedAsk]:
    return ScriptedAsk


@pytest.fixture
def task() -> Seed:
    return Seed(
        source="tasks.jsonl#2",
        instruction="What is the relation between the given pairs?",
        input="Night : Day :: Right : Left",
        answer="They are opposites.",
    )


@pytest.fixture
def passage() -> Seed:
    text = 'Instructor "patches" LLM clients to add a `response_model` parameter.'
    return Seed(
        source="faq.md:484-553",
        passage=Passage(source="faq.md", start=484, end=553, text=text, heading='FAQ > "How"'),
    )
