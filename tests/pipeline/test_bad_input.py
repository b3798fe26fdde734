"""Bad input: one clear sentence that says what is wrong, where, and what to do."""

import json
import os
import re
import shutil
import socket
import sqlite3
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from silversmith.cli import main

SEEDS = [{"instruction": f"Name {n} kinds of cheese and say where each is made."} for n in range(9)]


@pytest.fixture
def say(tmp_path, monkeypatch, capsys):
    """Run a command in an empty folder; returns (exit status, what it said on standard error)."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "seeds.jsonl").write_text("".join(json.dumps(s) + "\n" for s in SEEDS))

    def run(*words):
        monkeypatch.setattr(sys, "argv", ["silversmith", *map(str, words)])
        status = 0
        try:
            main()
        except SystemExit as end:
            status = end.code or 0
        said = capsys.readouterr().err.strip()
        assert "Traceback" not in said
        return status, said

    return run


def recipe(text="", **changes):
    values = {
        "models": "{writer: simulated}",
        "seeds": "[{tasks: seeds.jsonl}]",
        "generators": "[instruction]",
        "judges": "[rubric]",
        "filters": "[{length: {min_words: 2}}]",
    } | changes
    lines = [f"{key}: {value}" for key, value in values.items() if value is not None]
    Path("recipe.yaml").write_text("\n".join([*lines, text]) + "\n")
    return "recipe.yaml"


def one_sentence(said):
    lines = [line for line in said.splitlines() if line.startswith("silversmith: ")]
    assert len(lines) == 1, said
    return lines[0]


def test_a_missing_recipe(say):
    status, said = say("run", "nowhere.yaml")
    assert status == 1
    assert "nowhere.yaml does not exist" in one_sentence(said)
    assert "quickstart" in said


def test_a_missing_seed_file(say):
    status, said = say("run", recipe(seeds="[{tasks: gone.jsonl}]"))
    assert status == 1
    assert "gone.jsonl" in one_sentence(said)


def test_an_empty_seed_file(say):
    Path("empty.jsonl").write_text("")
    status, said = say("run", recipe(seeds="[{tasks: empty.jsonl}]"))
    assert status == 1
    assert "empty.jsonl" in one_sentence(said)


def test_a_broken_line_is_named_and_can_be_passed_over(say):
    lines = [json.dumps({"instruction": f"Explain the number {n} to me."}) for n in range(10_000)]
    lines[2] = '{"instruction": "broken'
    Path("broken.jsonl").write_text("\n".join(lines) + "\n")
    path = recipe(seeds="[{tasks: broken.jsonl}]")

    status, said = say("run", path, "--limit", 20, "--quiet")
    assert status == 1
    assert re.search(r"broken\.jsonl(:|, line )3\b", one_sentence(said))

    status, _ = say("run", path, "--limit", 20, "--quiet", "--skip-bad-rows")
    manifest = json.loads(Path("runs/recipe/manifest.json").read_text())
    assert status == 0
    assert manifest["books"]["planned"] == 20
    assert manifest["seeds"]["bad_rows"] == 1
    assert manifest["seeds"]["bad_rows_listed"][0]["where"].endswith(("broken.jsonl:3",))


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"generatorz": "[]"}, "recipe.yaml, line 6: generatorz: unknown key .* 'generators'"),
        ({"filters": "[{length: {min_word: 2}}]"}, "line 5: .*min_word: unknown .* 'min_words'"),
        ({"filters": "[{lenght: {min_words: 2}}]"}, "no filter 'lenght'; did you mean 'length'"),
        ({"generators": "[instructoin]"}, "no generator 'instructoin'; did you mean 'instruction'"),
        ({"generators": "[{instruction: {draws: many}}]"}, "line 3: .*draws: .*'many'"),
        ({"generators": "[{instruction: {model: writter}}]"}, "no model 'writter'.*'writer'"),
        ({"judges": "rubric"}, "judges: expected a list"),
        ({"limit": "0"}, "limit: .*greater than or equal to 1"),
        ({"models": "{writer: {model: x, api_key: abc}}"}, "api_key"),
        ({"models": "{a: simulated, b: simulated}"}, "which model"),
        ({"seeds": None}, "seeds: is required"),
        ({"seeds": "["}, "not valid YAML"),
    ],
)
def test_a_wrong_recipe(say, change, expected):
    status, said = say("run", recipe(**change))
    assert status == 1
    assert re.search(expected, one_sentence(said)), said


def test_a_template_with_a_missing_variable_stops_before_any_call(say):
    Path("prompts").mkdir()
    Path("prompts/instruction.j2").write_text(
        '{% extends "silversmith/instruction.j2" %}\n'
        "{% block user %}\n{% if seed.answer %}{{ sead.answer }}{% endif %} x\n{% endblock %}\n"
    )
    status, said = say("run", recipe())
    assert status == 1
    assert re.search(r"instruction\.j2(:|, line )3\b.*'sead'.*'seed'", one_sentence(said))
    assert not Path("runs/recipe/journal.db").exists()


def test_a_seed_that_looks_like_a_template_is_text(say):
    Path("seeds.jsonl").write_text(json.dumps({"instruction": "Say {{ 1/0 }} {% bad %} twice"}))
    status, _ = say("run", recipe(), "--quiet")
    assert status == 0


def test_no_key_in_the_environment(say, monkeypatch):
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    status, said = say("run", recipe(models="{writer: openai/gpt-5-mini}"), "--quiet")
    assert status == 1
    assert "OPENAI_API_KEY" in one_sentence(said)


def test_an_endpoint_that_is_down(say):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    model = f'{{writer: "http://127.0.0.1:{port}/v1#some-model"}}'
    status, said = say("run", recipe(models=model), "--quiet")
    assert status == 1
    assert f"127.0.0.1:{port}" in one_sentence(said)
    manifest = json.loads(Path("runs/recipe/manifest.json").read_text())
    assert manifest["status"] == "failed"


def test_an_endpoint_that_answers_html(say):
    class Page(BaseHTTPRequestHandler):
        def do_POST(self):
            self.rfile.read(int(self.headers["Content-Length"]))
            body = b"<html><body>Welcome to the intranet</body></html>"
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            return

    server = HTTPServer(("127.0.0.1", 0), Page)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        model = f'{{writer: "http://127.0.0.1:{server.server_port}/v1#some-model"}}'
        status, said = say("run", recipe(models=model), "--quiet")
    finally:
        server.shutdown()
        server.server_close()
    assert status == 1
    assert str(server.server_port) in one_sentence(said)


def test_a_run_folder_of_another_recipe(say):
    say("run", recipe(judges=None), "--quiet", "--out", "out")
    status, said = say("run", recipe(generators="[reasoning]", judges=None), "--out", "out")
    assert status == 1
    assert "another recipe" in one_sentence(said)


def test_a_corrupt_journal(say):
    say("run", recipe(), "--quiet", "--out", "out")
    journal = Path("out/journal.db")
    data = bytearray(journal.read_bytes())
    data[4096:] = os.urandom(len(data) - 4096)
    journal.write_bytes(data)
    status, said = say("run", recipe(), "--quiet", "--out", "out")
    assert status == 1
    assert "journal" in one_sentence(said)
    assert "damaged" in said


def test_a_journal_that_is_no_database(say):
    Path("out").mkdir()
    Path("out/journal.db").write_text("hello " * 1000)
    status, said = say("run", recipe(), "--quiet", "--out", "out")
    assert status == 1
    assert "damaged" in one_sentence(said)


def test_a_folder_written_by_a_newer_version(say):
    say("run", recipe(), "--quiet", "--out", "out")
    db = sqlite3.connect("out/journal.db")
    db.execute("UPDATE meta SET value = '99' WHERE key = 'schema_version'")
    db.commit()
    db.close()
    status, said = say("run", recipe(), "--quiet", "--out", "out")
    assert status == 1
    assert "newer silversmith" in one_sentence(said)

    manifest = json.loads(Path("out/manifest.json").read_text())
    Path("out/manifest.json").write_text(json.dumps(manifest | {"schema_version": 99}))
    status, said = say("run", recipe(), "--quiet", "--out", "out")
    assert "newer silversmith" in one_sentence(said)


def test_a_filter_on_scores_without_a_judge(say):
    status, said = say("run", recipe(judges=None, filters="[{score: {min: 0.5}}]"), "--quiet")
    assert status == 1
    assert "score" in one_sentence(said)


def test_a_full_disk(tmp_path):
    """On a small file system of its own, where the machine lets us make one."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = shutil.which("mount")
    made = (
        mount
        and not subprocess.run(
            [mount, "-t", "tmpfs", "-o", "size=600k", "tmpfs", str(disk)], capture_output=True
        ).returncode
    )
    if not made:
        pytest.skip("no small file system can be mounted here (needs root)")
    run = [sys.executable, "-m", "silversmith", "run", "quickstart", "--quiet", "--out"]
    try:
        full = subprocess.run([*run, str(disk / "run")], capture_output=True, text=True)
        assert full.returncode == 1
        assert "make room" in one_sentence(full.stderr)
        assert "Traceback" not in full.stderr
        subprocess.run([mount, "-o", "remount,size=40m", str(disk)], check=True)
        rest = subprocess.run([*run, str(disk / "run")], capture_output=True, text=True)
        assert rest.returncode == 0, rest.stderr
        assert "+ 0 pending" in rest.stdout
    finally:
        subprocess.run(["umount", "--lazy", str(disk)], check=True)


def test_two_processes_on_one_folder(say, tmp_path):
    from filelock import FileLock

    Path("out").mkdir()
    with FileLock(tmp_path / "out" / ".lock"):
        status, said = say("run", recipe(), "--quiet", "--out", "out")
    assert status == 1
    assert "in use by another silversmith" in one_sentence(said)
