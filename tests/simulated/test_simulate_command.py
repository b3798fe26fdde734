"""Wrong options of `silversmith simulate`: one sentence each."""

from __future__ import annotations

import re
import sys

import pytest

from silversmith.cli import main


@pytest.fixture
def refused(monkeypatch, capsys):
    """The exit status of a command that ends at once, and what it said on standard error."""

    def run(*words):
        monkeypatch.setenv("COLUMNS", "200")
        monkeypatch.setattr(sys, "argv", ["silversmith", "simulate", *words])
        with pytest.raises(SystemExit) as end:
            main()
        said = capsys.readouterr()
        assert said.out == ""
        return end.value.code, re.sub(r"\x1b\[[0-9;]*m", "", said.err)

    return run


@pytest.mark.parametrize("option", ["--fail-rate", "--malformed-rate", "--hang-rate", "--flawed"])
@pytest.mark.parametrize("value", ["1.5", "-0.1", "nan"])
def test_a_share_lies_between_0_and_1(option, value, refused):
    status, said = refused(option, value)
    assert status == 2
    assert f"{option}': {float(value)} is no share: give a number from 0 to 1" in said


@pytest.mark.parametrize(("option", "value"), [("--latency-ms", "-1"), ("--rate-limit", "inf")])
def test_an_amount_is_a_number_from_0_up(option, value, refused):
    status, said = refused(option, value)
    assert status == 2
    assert f"{float(value)} is no amount: give a number from 0 up" in said


def test_the_variable_that_holds_the_key_must_be_set(refused, monkeypatch):
    monkeypatch.setenv("SILVERSMITH_TEST_KEY", "")
    status, said = refused("--api-key-env", "SILVERSMITH_TEST_KEY")
    assert status == 2
    assert "the environment variable SILVERSMITH_TEST_KEY is not set or empty" in said


def test_a_port_that_is_taken(simulate, refused):
    port = simulate().url.split(":")[2].removesuffix("/v1")
    status, said = refused("--port", port)
    assert status == 1
    sentence = f"Port {port} of 127.0.0.1 is in use; choose another one, or 0 for any free port."
    assert said == f"silversmith: {sentence}\n"


def test_an_address_that_is_not_here(refused):
    status, said = refused("--host", "192.0.2.1", "--port", "0")
    assert status == 1
    assert said.startswith("silversmith: The server cannot listen on port 0 of 192.0.2.1: ")
    assert said.count("\n") == 1
