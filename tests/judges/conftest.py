"""The command line in this process."""

import sys

import pytest

from silversmith.cli import main


@pytest.fixture
def call(tmp_path, monkeypatch, capsys):
    """Runs `silversmith WORDS` in a folder of its own; returns status, output and errors."""
    monkeypatch.chdir(tmp_path)

    def run(*words):
        monkeypatch.setattr(sys, "argv", ["silversmith", *map(str, words)])
        status = 0
        try:
            main()
        except SystemExit as end:
            status = end.code or 0
        said = capsys.readouterr()
        return status, said.out, said.err

    return run
