"""Asking for structured output, and reading what comes back."""

import json
from pathlib import Path

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, Field

from silversmith.errors import ReplyError
from silversmith.models import Request, parse_reply, strict_schema, with_form

RECORDED = Path(__file__).parents[1] / "data" / "zeroeval_gsm" / "outputs.jsonl"


class Solution(BaseModel):
    reasoning: str
    answer: str


class Verdict(BaseModel):
    rationale: str
    score: int = Field(ge=1, le=5)
    share: float = 0.0
    sound: bool = True


class Part(BaseModel):
    text: str


class Parts(BaseModel):
    parts: list[Part]


def solution(text: str, finish_reason: str = "stop") -> Solution:
    return parse_reply(text, finish_reason, Solution)


def complaint(text: str, finish_reason: str = "stop", draft=Solution) -> ReplyError:
    with pytest.raises(ReplyError) as failure:
        parse_reply(text, finish_reason, draft)
    assert failure.value.text == text
    assert len(failure.value.reason) < 400
    return failure.value


GOOD = '{"reasoning": "2 + 2", "answer": "4"}'


@pytest.mark.parametrize(
    "text",
    [
        GOOD,
        f"```json\n{GOOD}\n```",
        f"```\n{GOOD}\n```",
        f"```JSON\n{GOOD}",
        f"Sure! Here it is:\n\n{GOOD}\n\nDo you need more?",
        f"<think>The user wants {{braces}}: 4?</think>\n\n{GOOD}",
        f"<THINK>\nfour\n</THINK>{GOOD}",
        f"so it is four</think>\n{GOOD}",
        'maybe {"reasoning": "2 +</think>' + GOOD,
        f"<think>never closed {GOOD}",
        f"[{GOOD}]",
        f"```json\n[\n{GOOD}\n]\n```",
        f"\ufeff{GOOD}",
        '{"reasoning": "2 + 2", "answer": "4",}',
        '{"reasoning": "2 + 2"\n "answer": "4"}',
        '{"reasoning": "2 + 2", "answer": 4}',
        'In LaTeX \\frac{1}{2} and {"x"}. ' + GOOD,
        f'{{"reasoning": "a first try", "answer": "5"}} No: {GOOD}',
        f'{GOOD} By the schema {{"type": "object"}}.',
    ],
)
def test_what_real_models_do(text):
    assert solution(text) == Solution(reasoning="2 + 2", answer="4")


@pytest.mark.parametrize(
    ("text", "reasoning"),
    [
        ('{"reasoning": "one\ntwo\tthree", "answer": "4"}', "one\ntwo\tthree"),
        ('{"reasoning": "a \x01 b", "answer": "4"}', "a \x01 b"),
        (r'{"reasoning": "\(x\) is \sqrt{4}", "answer": "4"}', r"\(x\) is \sqrt{4}"),
        (r'{"reasoning": "a \\ b \" c \/ \u00e9", "answer": "4"}', 'a \\ b " c / \xe9'),
        (r'{"reasoning": "half \ud83d of a pair", "answer": "4"}', "half \ufffd of a pair"),
        ('{"reasoning": "half \ud83d of a pair", "answer": "4"}', "half \ufffd of a pair"),
        ('{"reasoning": "braces } and { inside", "answer": "4",}', "braces } and { inside"),
        ('{"reasoning": "True, None, and a, ]", "answer": "4",}', "True, None, and a, ]"),
        ('{"reasoning": "he wrote </think> there",\n"answer": "4",}', "he wrote </think> there"),
        ('hm</think>{"reasoning": "a <think> b", "answer": "4"}', "a <think> b"),
    ],
)
def test_strings_keep_their_content(text, reasoning):
    assert solution(text) == Solution(reasoning=reasoning, answer="4")


@pytest.mark.parametrize(
    ("number", "answer"),
    [
        ("4", "4"),
        ("-4.50", "-4.50"),
        ("0.1000", "0.1000"),
        ("123456789012345678901234567890", "123456789012345678901234567890"),
    ],
)
def test_a_number_for_text_is_kept_as_it_was_written(number, answer):
    assert solution(f'{{"reasoning": "", "answer": {number}}}').answer == answer


def test_numbers_and_truth_in_text():
    text = '{"rationale": "ok", "score": "4", "share": "0.5", "sound": "false"}'
    verdict = parse_reply(text, "stop", Verdict)
    assert (verdict.score, verdict.share, verdict.sound) == (4, 0.5, False)
    python = '{"rationale": "ok", "score": 4, "share": 0.25, "sound": False}'
    verdict = parse_reply(python, "stop", Verdict)
    assert (verdict.score, verdict.share, verdict.sound) == (4, 0.25, False)


def test_numbers_for_text_deep_inside():
    assert parse_reply('{"parts": [{"text": 7}]}', "stop", Parts).parts[0].text == "7"


def test_what_does_not_fit_is_said_by_field():
    wrong = '{"rationale": "ok", "score": 9, "share": "much"}'
    reason = complaint(wrong, draft=Verdict).reason
    assert "score: Input should be less than or equal to 5 (it was 9)" in reason
    assert "share: Input should be a valid number" in reason
    assert "http" not in reason
    assert complaint('{"reasoning": "x"}').reason == "answer: Field required"
    assert "parts.0.text: Field required" in complaint('{"parts": [{}]}', draft=Parts).reason


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "the reply is empty"),
        ("I am sorry, but no.", "no JSON object"),
        ("null", "no JSON object"),
        ('"text"', "no JSON object"),
        (f"[{GOOD}, {GOOD}]", "a list of 2 objects"),
        ('{"reasoning": "say "hi" twice", "answer": "4"}', "the JSON is broken"),
        ('{"reasoning": NaN, "answer": "4"}', "NaN is no JSON"),
        ('{"reasoning": ' + '{"a": ' * 100_000 + "1" + "}" * 100_001, "nested too deeply"),
        ('{"reasoning": "no closing quote, "answer": "4"}', "its end is missing"),
    ],
)
def test_what_cannot_be_read(text, words):
    error = complaint(text)
    assert words in error.reason
    assert not error.truncated


@pytest.mark.parametrize("end", range(1, len(GOOD)))
def test_a_cut_reply_never_passes_as_a_whole_one(end):
    assert complaint(GOOD[:end], "length").truncated
    assert not complaint(GOOD[:end], "stop").truncated
    assert complaint(f"```json\n{GOOD[:end]}", "length").truncated


@pytest.mark.parametrize(
    "text",
    [
        f"{GOOD} Wait, better: " + '{"reasoning": "2 +',
        f"[{GOOD}, " + '{"reasoning": "2 +',
        '{"draft": ' + GOOD,
        '{"reasoning": "It says ' + GOOD,
        f"<think>perhaps {GOOD}, or rather",
    ],
)
def test_a_whole_object_in_a_cut_reply_is_not_what_it_was_about_to_say(text):
    assert complaint(text, "length").truncated


def test_a_whole_reply_at_the_limit_is_whole():
    assert solution(GOOD, "length").answer == "4"
    assert solution(f"```json\n{GOOD}\n", "length").answer == "4"


def test_a_withheld_reply_is_called_so():
    assert "content filter" in complaint("", "content_filter").reason


@pytest.mark.parametrize(
    "piece", ['{"', "{", "[{", '{"a":', "<think>", "</think>", '"', "\\", "{}"]
)
def test_nonsense_in_bulk_ends_soon_and_well(piece):
    complaint(piece * 20_000)


@given(st.text(), st.text())
def test_any_content_survives_a_fence_and_prose(reasoning, answer):
    clean = [text.encode("utf-8", "replace").decode() for text in (reasoning, answer)]
    body = orjson.dumps({"reasoning": clean[0], "answer": clean[1]}).decode()
    read = solution(f"Here:\n```json\n{body}\n```\nDone.")
    assert (read.reasoning, read.answer) == tuple(clean)


@given(st.text(alphabet='{}[]",:\\abc 1\nTN'))
def test_any_text_is_read_or_refused(text):
    try:
        solution(text)
    except ReplyError as error:
        assert error.reason  # noqa: PT017


RECORDED_ANSWERS = {
    ("gpt-4o-mini-2024-07-18", 0): "18",
    ("gpt-4o-mini-2024-07-18", 188): "50",  # LaTeX and prose before the JSON
    ("gpt-4o-mini-2024-07-18", 504): "2",
    ("command-r", 0): "18",
    ("Phi-3.5-mini-instruct", 0): "$18",
    ("Phi-3.5-mini-instruct", 8): "315",  # no comma between the lines
    ("Phi-3.5-mini-instruct", 24): "26",  # two objects, the second corrects the first
    ("Phi-3.5-mini-instruct", 268): "1375",
}
RECORDED_COMPLAINTS = {
    ("command-r", 28): "its end is missing",  # a curly closing quote
    ("command-r", 956): "its end is missing",
    ("Phi-3.5-mini-instruct", 12): "its end is missing",
    ("Phi-3.5-mini-instruct", 30): "its end is missing",  # a second object inside a first string
    ("Phi-3.5-mini-instruct", 84): "its end is missing",
    ("Phi-3.5-mini-instruct", 591): "answer: Field required",
    ("Phi-3.5-mini-instruct", 810): "reasoning: Field required",  # one object split into two
    ("Phi-3.5-mini-instruct", 1137): "the JSON is broken",  # quotes inside a string
}


@pytest.mark.parametrize("row", [json.loads(line) for line in RECORDED.open(encoding="utf-8")])
def test_recorded_replies(row):
    reply = (row["model"], row["i"])
    if reply in RECORDED_ANSWERS:
        assert solution(row["output"]).answer == RECORDED_ANSWERS[reply]
    else:
        assert RECORDED_COMPLAINTS[reply] in complaint(row["output"]).reason


MESSAGES = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Go."}]


def body_of(request: Request, form) -> dict:
    return orjson.loads(orjson.dumps(with_form(request, form)))


def test_forms_of_asking():
    request = Request(MESSAGES, strict_schema(Solution), "a name: long", {"temperature": 0})
    by_schema = body_of(request, "json_schema")
    assert by_schema["messages"] == MESSAGES
    assert by_schema["temperature"] == 0
    assert by_schema["response_format"] == {
        "type": "json_schema",
        "json_schema": {"name": "a_name__long", "strict": True, "schema": strict_schema(Solution)},
    }
    by_object = body_of(request, "json_object")
    assert by_object["response_format"] == {"type": "json_object"}
    by_prompt = body_of(request, "prompt")
    assert "response_format" not in by_prompt
    assert by_prompt["messages"] == by_object["messages"]
    told = by_prompt["messages"][1]["content"]
    assert told.startswith("Go.\n\n")
    assert orjson.loads(told[told.index("{") :]) == strict_schema(Solution)
    assert MESSAGES[1]["content"] == "Go."


def test_free_text_is_asked_for_without_any_form():
    for form in ("json_schema", "json_object", "prompt"):
        assert with_form(Request(MESSAGES), form) == {"messages": MESSAGES}


def test_without_a_user_the_schema_follows_the_last_message():
    request = Request(MESSAGES[:1], strict_schema(Solution))
    assert "JSON schema" in with_form(request, "prompt")["messages"][0]["content"]


def test_a_schema_of_another_class_is_not_mixed_up():
    for draft in (Solution, Verdict, Parts, Solution):
        sent = body_of(Request(MESSAGES, dict(strict_schema(draft))), "json_schema")
        assert sent["response_format"]["json_schema"]["schema"] == strict_schema(draft)
