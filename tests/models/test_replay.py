"""Recorded replies in the place of an endpoint."""

import gzip
import hashlib
import json
from pathlib import Path

import pytest

from silversmith.errors import EndpointError, RecipeError
from silversmith.models import ModelSpec, Request, connect
from silversmith.models.base import SIMULATED, Purpose
from silversmith.models.replay import prompt_hash
from silversmith.records import Usage

ASKED = [
    {"role": "system", "content": "You judge."},
    {"role": "user", "content": "Is 2 + 2 = 4?"},
]
COMPLAINT = [
    {"role": "assistant", "content": "well"},
    {"role": "user", "content": "This reply cannot be used: there is no JSON object in the reply."},
]
RATED = Path(__file__).parents[1] / "data/rated_replies/single_rating.jsonl"


@pytest.fixture
def replayed(tmp_path):
    """Opens connections with files of the given lines."""
    made = []

    async def open_(*lines, name="replies.jsonl", **options):
        file = tmp_path / name
        texts = [line if isinstance(line, str) else json.dumps(line) for line in lines]
        file.write_text("".join(text + "\n" for text in texts), encoding="utf-8")
        connection = connect(ModelSpec.parse({"replay": str(file), **options}), "critic")
        made.append(connection)
        await connection.open()
        return connection

    yield open_
    for connection in made:
        if connection._file is not None:
            connection._file.close()


def request(messages=ASKED, **purpose):
    return Request(messages, purpose=Purpose(**purpose) if purpose else None)


async def said(connection, *args, **purpose):
    return (await connection.send(request(*args, **purpose))).text


class TestByPrompt:
    async def test_messages_their_hash_and_the_text_of_the_user_all_name_a_prompt(self, replayed):
        for naming in (
            {"prompt": ASKED},
            {"prompt_hash": prompt_hash(ASKED)},
            {"prompt": "Is 2 + 2 = 4?"},
            {"prompt": [ASKED[0], {"role": "user", "content": [{"type": "text", "text": t}
                                                                for t in ("Is 2 ", "+ 2 = 4?")]}]},
        ):  # fmt: skip
            connection = await replayed({**naming, "reply": "Yes."})
            assert await said(connection) == "Yes."

    async def test_the_hash_is_the_documented_one(self):
        pairs = [["system", "Sagt „Grüße“\n\t\x1f\x7f"], ["user", "\\ / \u2028 \U0001f600"]]
        written = json.dumps(pairs, ensure_ascii=False, separators=(",", ":"))
        messages = [{"role": role, "content": content} for role, content in pairs]
        assert prompt_hash(messages) == hashlib.sha256(written.encode()).hexdigest()

    async def test_all_messages_go_before_the_text_of_one(self, replayed):
        connection = await replayed(
            {"prompt": "Is 2 + 2 = 4?", "reply": "by text"},
            {"prompt": ASKED, "reply": "by messages"},
        )
        assert await said(connection) == "by messages"
        assert await said(connection, ASKED[1:]) == "by text"

    async def test_another_prompt_has_no_reply_and_none_is_made_up(self, replayed):
        connection = await replayed({"prompt": ASKED, "reply": "Yes."})
        other = [{"role": "user", "content": "Is 2 + 2 = 5?"}]
        with pytest.raises(EndpointError) as caught:
            await connection.send(request(other))
        assert "replies.jsonl holds no reply to the prompt" in str(caught.value)
        assert prompt_hash(other) in str(caught.value)
        assert not caught.value.fatal
        assert not caught.value.retryable
        meter = connection.meter
        assert (meter.calls, meter.answered, meter.failed) == (1, 0, 1)

    async def test_recorded_judges_say_word_for_word_what_they_said(self, replayed):
        rows = [json.loads(line) for line in RATED.read_text(encoding="utf-8").splitlines()]
        prompts = [f"Rate answer {row['i']} of {row['model']}." for row in rows]
        connection = await replayed(
            *(
                {"prompt": prompt, "reply": row["text"], "model": row["judge"]}
                for prompt, row in zip(prompts, rows, strict=True)
            )
        )
        for prompt, row in reversed(list(zip(prompts, rows, strict=True))):
            reply = await connection.send(request([{"role": "user", "content": prompt}]))
            assert (reply.text, reply.model) == (row["text"], row["judge"])
        assert connection.meter.answered == len(rows) > 10


class TestBySample:
    async def test_any_of_its_names_will_do_and_the_id_goes_first(self, replayed):
        connection = await replayed(
            {"sample": 17, "reply": "by its own id"},
            {"sample": "data.jsonl#3", "reply": "by its row"},
            {"sample": "ab" * 16, "reply": "by its id"},
        )
        assert await said(connection, sample=("ab" * 16, "data.jsonl#3", "17")) == "by its id"
        assert await said(connection, sample=("cd" * 16, "data.jsonl#3", "17")) == "by its row"
        assert await said(connection, sample=("cd" * 16, "data.jsonl#4", "17")) == "by its own id"

    async def test_a_reply_is_not_given_to_two_rows_of_one_id(self, replayed):
        connection = await replayed({"sample": "17", "reply": "whose?"})
        assert await said(connection, sample=("ab" * 16, "data.jsonl#3", "17")) == "whose?"
        assert await said(connection, sample=("ab" * 16, "data.jsonl#3", "17"), draw=1) == "whose?"
        with pytest.raises(EndpointError, match=r"another row than 'data.jsonl#4' has the id '17'"):
            await said(connection, sample=("cd" * 16, "data.jsonl#4", "17"))

    async def test_the_sample_goes_before_the_prompt(self, replayed):
        connection = await replayed(
            {"prompt": ASKED, "reply": "by prompt"}, {"sample": "s", "reply": "by sample"}
        )
        assert await said(connection, sample=("s",)) == "by sample"
        assert await said(connection, sample=("t",)) == "by prompt"

    async def test_what_a_line_names_must_hold_and_what_names_most_wins(self, replayed):
        connection = await replayed(
            {"sample": "s", "reply": "anyone"},
            {"sample": "s", "asker": "safety", "reply": "safety"},
            {"sample": "s", "asker": "safety", "draw": 1, "reply": "safety of draw 1"},
            {"sample": "s", "turn": 2, "reply": "third question"},
        )
        names = {"sample": ("s",)}
        assert await said(connection, **names, asker="rubric") == "anyone"
        assert await said(connection, **names, asker="safety") == "safety"
        assert await said(connection, **names, asker="safety", draw=1) == "safety of draw 1"
        assert await said(connection, **names, asker="rubric", turn=2) == "third question"

    async def test_a_prompt_beside_the_sample_must_hold_too(self, replayed):
        connection = await replayed({"sample": "s", "prompt": ASKED, "reply": "Yes."})
        assert await said(connection, sample=("s",)) == "Yes."
        with pytest.raises(EndpointError, match="line 1 names it, but with another asker, draw"):
            await said(connection, ASKED[1:], sample=("s",))

    async def test_a_reply_for_another_is_named_and_not_taken(self, replayed):
        lines = ({"sample": "s", "draw": draw, "reply": "Yes."} for draw in range(5))
        connection = await replayed(*lines)
        with pytest.raises(EndpointError) as caught:
            await said(connection, sample=("s", "data.jsonl#1"), asker="rubric", draw=7)
        sentence = str(caught.value)
        assert "no reply to the sample 's' or 'data.jsonl#1', nor to its prompt" in sentence
        assert "(asker 'rubric', draw 7, turn 0, attempt 0)" in sentence
        assert sentence.endswith(
            "lines 1, 2, 3, … name it, but with another asker, draw, turn, attempt or prompt"
        )


class TestAttempts:
    async def test_the_first_gets_the_first_and_the_last_is_said_again(self, replayed):
        connection = await replayed(
            {"sample": "s", "reply": "well"}, {"sample": "s", "reply": '{"score": 4}'}
        )
        again = ASKED + COMPLAINT
        assert await said(connection, sample=("s",)) == "well"
        assert await said(connection, again, sample=("s",), attempt=1) == '{"score": 4}'
        assert await said(connection, again, sample=("s",), attempt=2) == '{"score": 4}'
        assert await said(connection, sample=("s",)) == "well"

    async def test_a_line_may_say_which_attempt_it_is(self, replayed):
        connection = await replayed(
            {"sample": "s", "attempt": 1, "reply": "second"},
            {"sample": "s", "attempt": 0, "reply": "first"},
        )
        assert await said(connection, sample=("s",), attempt=0) == "first"
        assert await said(connection, ASKED + COMPLAINT, sample=("s",), attempt=1) == "second"
        with pytest.raises(EndpointError, match="lines 1, 2 name it, but"):
            await said(connection, ASKED + COMPLAINT, sample=("s",), attempt=2)

    async def test_by_the_first_prompt_or_by_the_whole_one(self, replayed):
        lines = [{"prompt": ASKED, "reply": "well"}, {"prompt": ASKED, "reply": "second"}]
        connection = await replayed(*lines)
        assert await said(connection, ASKED + COMPLAINT, attempt=1) == "second"
        connection = await replayed(*lines, {"prompt": ASKED + COMPLAINT, "reply": "whole"})
        assert await said(connection, ASKED + COMPLAINT, attempt=1) == "whole"
        assert await said(connection) == "well"

    async def test_a_turn_of_a_dialogue_is_no_attempt(self, replayed):
        connection = await replayed({"prompt": ASKED, "reply": "well"})
        with pytest.raises(EndpointError, match="holds no reply"):
            await said(connection, ASKED + COMPLAINT, turn=1)


class TestReplies:
    async def test_the_body_says_which_line_it_is_and_who_said_it(self, replayed):
        connection = await replayed(
            "",
            {"sample": "a", "reply": "Yes.", "model": "gpt-4", "finish_reason": "length"},
            {"sample": "b", "reply": {"score": 4}},
        )
        first = await connection.send(request(sample=("a",)))
        assert json.loads(first.body)["replayed"] == "replies.jsonl#2"
        assert (first.model, first.finish_reason, first.usage) == ("gpt-4", "length", Usage(1))
        assert not first.simulated
        second = await connection.send(request(sample=("b",)))
        assert json.loads(second.text) == {"score": 4}
        assert second.model == "replay:replies.jsonl"

    async def test_a_recipe_may_say_whose_replies_they_are(self, replayed):
        connection = await replayed({"sample": "a", "reply": "Yes."}, model="gpt-4-0613")
        assert (await connection.send(request(sample=("a",)))).model == "gpt-4-0613"

    async def test_tokens_are_those_of_the_body(self, replayed, endpoint):
        connection = await replayed({"sample": "a", "body": endpoint.body("Yes.")})
        reply = await connection.send(request(sample=("a",)))
        assert (reply.text, reply.model, reply.usage) == ("Yes.", "tiny-2025", Usage(1, 11, 7))
        assert connection.meter.usage == Usage(1, 11, 7)

    async def test_a_recorded_simulation_stays_one(self, replayed, endpoint):
        body = endpoint.body("Yes.", system_fingerprint=SIMULATED)
        connection = await replayed({"sample": "a", "body": body})
        assert (await connection.send(request(sample=("a",)))).simulated

    async def test_what_is_no_text_becomes_a_replacement_character(self, replayed):
        connection = await replayed('{"sample": "a", "reply": "cut \\ud83d here"}')
        assert await said(connection, sample=("a",)) == "cut \ufffd here"

    async def test_a_packed_file_is_read_the_same(self, replayed, tmp_path):
        lines = [{"sample": n, "reply": f"reply {n}"} for n in range(300)]
        packed = tmp_path / "replies.jsonl.gz"
        packed.write_bytes(gzip.compress("\n".join(map(json.dumps, lines)).encode()))
        connection = connect(ModelSpec.parse(f"replay:{packed}"))
        await connection.open()
        for n in (299, 0, 123):
            assert await said(connection, sample=(str(n),)) == f"reply {n}"
        await connection.close()


class TestBadFiles:
    @pytest.mark.parametrize(
        ("line", "sentence"),
        [
            ('{"sample": "a", "reply": "Yes', "cut off or is not JSON"),
            ('["a", "Yes"]', "it is no JSON object"),
            ({"sample": "a"}, "it needs either `reply` (a text) or `body`"),
            ({"sample": "a", "reply": "x", "body": {}}, "it needs either `reply`"),
            ({"sample": "a", "reply": 7}, "`reply` is neither a text nor a JSON object"),
            ({"sample": "a", "body": {"error": {}, "choices": []}}, "`body` holds no reply"),
            ({"reply": "Yes."}, "add `sample`, `prompt` or `prompt_hash`"),
            ({"sample": True, "reply": "x"}, "`sample` is not the id of a sample"),
            ({"sample": "a", "draw": -1, "reply": "x"}, "`draw` is no whole number from 0"),
            ({"sample": "a", "turn": "1", "reply": "x"}, "`turn` is no whole number"),
            ({"sample": "a", "asker": ["x"], "reply": "x"}, "`asker` is no text"),
            ({"sample": "a", "usage": 12, "reply": "x"}, "`usage` is no object"),
            ({"prompt": [{"role": "user"}], "reply": "x"}, "`prompt` is neither a text nor a list"),
            ({"prompt_hash": "ABC", "reply": "x"}, "`prompt_hash` is no SHA-256"),
            ({"prompt": "p", "prompt_hash": "a" * 64, "reply": "x"}, "both `prompt` and"),
        ],
    )
    async def test_a_line_that_is_wrong_is_named(self, replayed, line, sentence):
        with pytest.raises(EndpointError) as caught:
            await replayed({"sample": "good", "reply": "Yes."}, "", line)
        assert caught.value.fatal
        assert "replies.jsonl, line 3: " in str(caught.value)
        assert sentence in str(caught.value)

    async def test_two_lines_for_the_same_attempt_are_named(self, replayed):
        twice = {"sample": "s", "asker": "safety", "attempt": 0, "reply": "Yes."}
        other = {**twice, "asker": "rubric"}
        with pytest.raises(EndpointError) as caught:
            await replayed(twice, other, {**twice, "reply": "No."})
        assert "lines 1 and 3: both are attempt 0 at sample 's'" in str(caught.value)

    async def test_a_file_without_a_line(self, replayed):
        with pytest.raises(EndpointError, match="is empty: it holds no reply"):
            await replayed("", "  ")

    async def test_a_file_that_is_not_there(self, tmp_path):
        spec = ModelSpec.parse(f"replay:{tmp_path}/none.jsonl")
        with pytest.raises(EndpointError, match=r"there is no file .*none\.jsonl"):
            await connect(spec).open()
        with pytest.raises(RecipeError, match=r"there is no file .*none\.jsonl"):
            spec.identity()
        with pytest.raises(EndpointError, match="cannot be read"):
            await connect(ModelSpec.parse(f"replay:{tmp_path}")).open()

    async def test_a_packed_file_that_is_cut_off(self, tmp_path):
        whole = gzip.compress(b'{"sample": 1, "reply": "Yes."}\n' * 99)
        (tmp_path / "cut.gz").write_bytes(whole[:-20])
        with pytest.raises(EndpointError, match=r"cut\.gz cannot be read"):
            await connect(ModelSpec.parse(f"replay:{tmp_path}/cut.gz")).open()

    async def test_a_file_that_is_changed_meanwhile(self, replayed, tmp_path):
        connection = await replayed({"sample": "a", "reply": "x"}, {"sample": "b", "reply": "y"})
        (tmp_path / "replies.jsonl").write_text('{"sample": "zz", "reply": "other"}\n' * 2)
        with pytest.raises(EndpointError, match="was changed while it was replayed") as caught:
            await said(connection, sample=("b",))
        assert caught.value.fatal


class TestSpec:
    def test_forms(self):
        short = ModelSpec.parse("replay:replies/gpt-4.jsonl.gz")
        assert short.replay == "replies/gpt-4.jsonl.gz"
        assert short.label == "replay:replies/gpt-4.jsonl.gz"
        assert ModelSpec.parse({"replay": "replies/gpt-4.jsonl.gz"}) == short
        assert ModelSpec.parse({"model": "replay:replies/gpt-4.jsonl.gz"}) == short
        assert ModelSpec.parse(short.model_dump(mode="json")) == short
        assert short.key_variable is None
        assert ModelSpec.parse({"model": "gpt-4", "replay": "r.jsonl"}).label == "gpt-4"

    @pytest.mark.parametrize(
        ("options", "sentence"),
        [
            ({"simulated": {}}, "needs no `simulated`"),
            ({"base_url": "http://h/v1"}, "needs no `base_url`"),
            ({"prices": {"input": 1, "output": 1}}, "needs no `prices`"),
            ({"batch": True}, "has no batch mode"),
        ],
    )
    def test_options_that_contradict_it(self, options, sentence):
        with pytest.raises(RecipeError, match=sentence):
            ModelSpec.parse({"replay": "r.jsonl", **options})

    def test_nothing_is_paid(self):
        assert ModelSpec.parse("replay:r.jsonl").cost(Usage(1, 10**6, 10**6)) == 0

    def test_origins_tell_that_it_was_replayed(self):
        spec = ModelSpec.parse({"replay": "deep/r.jsonl", "parameters": {"temperature": 0}})
        assert spec.stated_parameters == {"temperature": 0, "replay": "r.jsonl"}
        assert ModelSpec.parse("openai/m").stated_parameters == {}

    def test_a_path_starts_in_the_folder_that_is_given(self, tmp_path):
        spec = ModelSpec.parse("replay:r.jsonl").in_folder(tmp_path)
        assert spec.replay == str(tmp_path / "r.jsonl")
        assert spec.in_folder(Path("/elsewhere")) == spec
        assert ModelSpec.parse("openai/m").in_folder(tmp_path) == ModelSpec.parse("openai/m")

    def test_other_replies_are_another_model(self, tmp_path):
        file = tmp_path / "r.jsonl"
        spec = ModelSpec.parse(f"replay:{file}")
        file.write_text('{"sample": 1, "reply": "Yes."}\n')
        first = spec.identity()
        assert spec.identity() == first
        file.write_text('{"sample": 1, "reply": "No, it is not."}\n')
        assert spec.identity() != first
