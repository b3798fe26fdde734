"""What loading the `openai` package costs, and that nothing of it is missed."""

import subprocess
import sys

import pytest

READ = "len([name for name in sys.modules if name.startswith('openai.types')])"


def python(code):
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return done.stdout.split()


def test_a_connection_leaves_most_types_unread():
    few, client, many = python(
        f"import sys, silversmith.models.endpoint, openai; few = {READ};"
        f"openai.AsyncOpenAI(api_key='k').auth_headers; client = {READ};"
        f"openai.types.responses.Response; print(few, client, {READ})"
    )
    assert int(client) <= int(few) + 20 < int(many) / 2


@pytest.mark.parametrize(
    "asked",
    [
        "print(openai.types.Completion.model_fields['choices'])",
        "print(openai.types.chat.ChatCompletion.model_json_schema())",
        "import openai.types.beta.threads as one; print(one.Message)",
        "from openai.types.responses import Response; print(Response)",
        "from openai.types.shared import ChatModel; print(ChatModel)",
        "from openai.types import *; print(Batch)",
        "import openai.types.responses.response as one; print(one.__file__, one.Response)",
        "import inspect, openai.types.chat as one; print(len(inspect.getsource(one)))",
    ],
)
def test_whoever_asks_for_a_type_finds_it_as_ever(asked):
    as_ever = python(f"import openai; {asked}")
    assert python(f"import silversmith.models.endpoint, openai; {asked}") == as_ever


def test_what_is_not_there_is_said_as_ever():
    code = "import {}\ntry: openai.types.Nothing\nexcept AttributeError as error: print(error)"
    ours = code.format("silversmith.models.endpoint, openai")
    assert python(ours) == python(code.format("openai"))


def test_threads_that_ask_at_one_time_all_find_it():
    (found,) = python(
        "import sys, silversmith.models.endpoint, openai, threading\n"
        "found, start = [], threading.Barrier(8)\n"
        "def ask():\n"
        "    start.wait()\n"
        "    found.append(openai.types.responses.Response)\n"
        "threads = [threading.Thread(target=ask) for _ in range(8)]\n"
        "[one.start() for one in threads], [one.join() for one in threads]\n"
        "print(len(found))"
    )
    assert found == "8"
