"""Personal data and secrets: found by form and checksum, dropped or redacted, exported redacted."""

import json
import sys
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from silversmith.checks.personal_data import GATES, LABELS, find_personal_data
from silversmith.checks.secrets import find_secrets
from silversmith.cli import main
from silversmith.filters import Columns
from silversmith.filters.personal_data import PersonalData
from silversmith.filters.secrets import Secrets
from silversmith.records import Passage, Sample, Span
from silversmith.records.redaction import PlacedSpan, redact, redacted


def found(text):
    return [(one.label, text[one.start : one.end]) for one in find_personal_data(text, LABELS)]


@pytest.mark.parametrize(
    ("text", "data"),
    [
        ("Write to anna.b+x@uni-jena.de.", [("EMAIL_ADDRESS", "anna.b+x@uni-jena.de")]),
        ("Card 4012 8888 8888 1881 please", [("CREDIT_CARD", "4012 8888 8888 1881")]),
        ("IBAN DE89 3704 0044 0532 0130 00 today", [("IBAN_CODE", "DE89 3704 0044 0532 0130 00")]),
        ("from 93.184.216.34 port 80", [("IP_ADDRESS", "93.184.216.34")]),
        ("SSN: 514-69-0360.", [("US_SSN", "514-69-0360")]),
        ("my ssn is 514690360", [("US_SSN", "514690360")]),
        ("Ring +49 30 901820 or", [("PHONE_NUMBER", "+49 30 901820")]),
        ("(415) 226-8133 ext. 12", [("PHONE_NUMBER", "(415) 226-8133 ext. 12")]),
        ("call me on 467 3395", [("PHONE_NUMBER", "467 3395")]),
        ("born on 1984-04-27", [("DATE_TIME", "1984-04-27")]),
        ("see https://a.org/x?y=1.", [("URL", "https://a.org/x?y=1")]),
    ],
)
def test_what_is_personal(text, data):
    assert found(text) == data


@pytest.mark.parametrize(
    "text",
    [
        "user@example.com, logo@2x.png",
        "Order 4012 8888 8888 1882",  # Luhn's digit is wrong
        "GB82 WEST 1234 5698 7654 33",  # the remainder is not 1
        "version 10.2.3.4, 192.168.0.1, 127.0.0.1, ping 8.8.8.8",
        "000-12-3456 and 666-12-3456 and 078-05-1120",
        "Call 1-800-829-4933, or (555) 123-4567",
        "phone: 10800-2500=8300",
        "In 1990-2000 some 1 000 000 of 12,345,678 were 3.14159265",
        "the range x[::2] at 12:30:45",
    ],
)
def test_what_is_not(text):
    assert [one for one in found(text) if one[0] not in ("DATE_TIME", "URL")] == []


@settings(deadline=None)
@given(st.text("0123456789+-. ()@:/abcdefDE", max_size=40))
def test_a_gate_lets_through_whatever_is_found(text):
    import pyarrow as pa
    from pyarrow import compute

    for one in find_personal_data(text, LABELS):
        gate = compute.match_substring_regex(pa.array([text]), GATES[one.label])
        assert gate[0].as_py(), (text, one)


@pytest.mark.parametrize(
    ("text", "label"),
    [
        ("key AKIAZ3MSJV4WWNKWW5DG", "AWS_ACCESS_KEY"),
        ("api_key = 'a8Kd92mXq0PzLw71TbRc'", "PASSWORD"),
        ("postgres://bob:s3cr3tPa55w@db.host/x", "PASSWORD_IN_URL"),
        ("eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiI0MiJ9.dGhpcyBpcyBub3QgYSByZWFsIHNpZw", "WEB_TOKEN"),
    ],
)
def test_what_is_secret(text, label):
    assert [one.label for one in find_secrets(text)] == [label]
    assert Secrets().reason_to_drop(Sample.pair("Hm?", text)) == f"1 × {label}"


def test_a_token_with_a_checksum_is_found_by_it():
    import zlib

    digits = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
    body = "9kQ2vX7bT4mW1zR8pL5nC3hJ6dF0sG"
    number, checksum = zlib.crc32(body.encode()), ""
    while number:
        number, digit = divmod(number, 62)
        checksum = digits[digit] + checksum
    token = f"ghp_{body}{checksum.rjust(6, '0')}"
    assert [one.label for one in find_secrets(f"token {token} here")] == ["GITHUB_TOKEN"]
    assert find_secrets(f"token {token[:-1]}{'a' if token[-1] != 'a' else 'b'} here") == []


@pytest.mark.parametrize(
    "text",
    ["AKIAIOSFODNN7EXAMPLE", "sk_live_xxxxxxxxxxxxxxxxxxxxxxxx", "password = 'your_password_here'"],
)
def test_keys_of_documentation_are_none(text):
    assert find_secrets(text) == []


def test_a_reason_says_what_was_found_and_not_the_data():
    sample = Sample.pair("Mail bob@corp.fr", "Or eve@corp.fr, or ring +33 1 70 18 99 00")
    assert PersonalData().reason_to_drop(sample) == "2 × EMAIL_ADDRESS, 1 × PHONE_NUMBER"


def test_redacted_texts_stand_beside_the_original():
    sample = Sample.pair("Who?", "Ask 😀 bob@corp.fr or eve@corp.fr.")
    spans = PersonalData(action="redact").redactions(Columns.of([sample]))[0]
    (redaction,) = redact(sample, spans)
    assert redaction.where == "messages[1]"
    assert redaction.text == "Ask 😀 [EMAIL_ADDRESS] or [EMAIL_ADDRESS]."
    texts = [sample.response[one.start : one.end] for one in redaction.spans]
    assert texts == ["bob@corp.fr", "eve@corp.fr"]


def test_what_was_written_about_a_redacted_text_is_redacted_too():
    text = "Call Ann at ann@corp.fr before noon."
    sample = Sample.pair(
        "When?", "Before noon.", row=json.dumps({"mail": "ann@corp.fr"}),
        passage=Passage(source="p", start=0, end=36, text=text),
        spans=(Span("mail", 12, 23, "ann@corp.fr"), Span("when", 24, 35, "before noon")),
    )  # fmt: skip
    spans = PersonalData(action="redact").redactions(Columns.of([sample]))[0]
    export = redacted(sample.with_(redactions=redact(sample, spans)))
    assert "ann@" not in repr(export)
    for span in export.spans:
        assert export.passage.text[span.start : span.end] == span.quote
    assert [span.quote for span in export.spans] == ["[EMAIL_ADDRESS]", "before noon"]


@given(st.lists(st.tuples(st.integers(0, 20), st.integers(1, 9)), max_size=5))
def test_overlapping_spans_become_one_and_nothing_else_is_lost(pieces):
    text = "".join(chr(ord("a") + n) for n in range(26)) + "0123"
    sample = Sample.pair("Hm?", text)
    spans = [PlacedSpan("messages[1]", "X", start, start + size) for start, size in pieces]
    redactions = redact(sample, spans)
    if not spans:
        assert redactions == ()
        return
    hidden = {at for _, _, start, end in spans for at in range(start, end)}
    left = "".join(char for at, char in enumerate(text) if at not in hidden)
    assert redactions[0].text.replace("[X]", "") == left
    assert redact(sample.with_(redactions=redactions), spans) == redactions


def test_names_need_a_model():
    with pytest.raises(ValidationError, match="spacy_model"):
        PersonalData(labels=("PERSON",))


def test_a_filter_pass_redacts_and_the_export_has_no_trace(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    rows = [
        {"instruction": "Who can help?", "output": "Write to bob@corp.fr about it."},
        {"instruction": "Name a fruit.", "output": "An apple."},
    ]
    Path("data.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    Path("f.yaml").write_text("filters: [{personal_data: redact}, exact_duplicates]\n")

    def call(*words):
        monkeypatch.setattr(sys, "argv", ["silversmith", *words])
        with pytest.raises(SystemExit) as end:
            main()
        assert not end.value.code

    call("filter", "data.jsonl", "--filters", "f.yaml", "--out", "run", "--quiet")
    first, second = pq.read_table("run/kept").to_pylist()
    assert first["messages"][1]["content"] == rows[0]["output"]
    assert first["redactions"][0]["text"] == "Write to [EMAIL_ADDRESS] about it."
    assert second["redactions"] == []
    for form in ("trl-sft", "jsonl"):
        call("export", "run", "--format", form)
        written = Path(f"run/exports/{form}/data.jsonl").read_text()
        assert "[EMAIL_ADDRESS]" in written
        assert "corp.fr" not in written
        assert "An apple." in written
    capsys.readouterr()
