"""`silversmith doctor`: what is installed, reachable and wrong."""

import json
import shutil
from collections import namedtuple
from pathlib import Path

import pytest

KEY = "sk-canary-51b2c3d4e5f60718"
Usage = namedtuple("Usage", "total used free")


@pytest.fixture(autouse=True)
def _alone(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("NO_PROXY", "*")
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setattr("silversmith.cli.doctored.USUAL_PORTS", ())
    monkeypatch.delenv("SILVERSMITH_VLLM_PYTHON", raising=False)


def found(out):
    return {one["name"]: one for one in json.loads(out)}


def write(models):
    Path("tasks.jsonl").write_text(json.dumps({"instruction": "Name a tree."}))
    values = {"models": models, "seeds": [{"tasks": "tasks.jsonl"}], "generators": ["instruction"]}
    Path("recipe.yaml").write_text(json.dumps(values))


def test_a_machine_on_which_runs_go(call, monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    status, out, err = call("doctor", "--json")
    assert (status, err) == (0, "")
    assert KEY not in out
    said = found(out)
    assert said["OPENAI_API_KEY"]["said"] == "set"
    assert said["Python"]["verdict"] == said["silversmith"]["verdict"] == "ok"
    assert "GiB free" in said["disk"]["said"]
    assert said["local"]["said"].startswith("none answers")
    assert said["installed"]["about"] == "vLLM"


def test_it_fits_into_80_columns_and_ends_in_a_word(call):
    status, out, _ = call("doctor")
    assert status == 0
    assert out.rstrip().endswith("nothing is wrong")
    paths = ("/", "http")  # what cannot be broken
    long = [line for line in out.splitlines() if len(line.rstrip()) > 80]
    assert [line for line in long if not any(one in line for one in paths)] == []


def test_a_server_that_answers_is_tried_out(call, simulate):
    server = simulate(model="tiny")
    port = server.url.split(":")[2].split("/")[0]
    status, out, _ = call("doctor", "--ports", port, "--json")
    assert status == 0
    said = found(out)["OpenAI-compatible"]["said"]
    assert said == (
        f"{server.url}#tiny (1 model): structured output by schema, log-probabilities of 20,"
        " several answers at once"
    )


def test_a_recipe_whose_key_is_missing(call, monkeypatch):
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    write({"writer": "openai/gpt-5-mini"})
    status, out, err = call("doctor", "recipe.yaml")
    assert status == 1
    assert "OPENAI_API_KEY, which is to hold it, is not set" in " ".join(out.split())
    assert "1 thing is wrong: model writer" in out
    assert err == ""


def test_a_recipe_whose_models_answer(call, simulate):
    write({"writer": f"{simulate().url}#tiny"})
    status, out, _ = call("doctor", "recipe.yaml", "--json")
    assert status == 0
    assert "asked for structured output by json_schema" in found(out)["model writer"]["said"]


def test_a_recipe_that_wants_a_vllm_that_is_not_there(call):
    write({"writer": "vllm/Qwen/Qwen3-8B"})
    status, out, _ = call("doctor", "recipe.yaml", "--json")
    assert status == 1
    said = found(out)["for writer"]
    assert said["verdict"] == "wrong"
    assert "-m pip install vllm" in said["said"]


def test_a_template_that_does_not_parse(call):
    write({"writer": "simulated"})
    Path("prompts").mkdir()
    Path("prompts/instruction.j2").write_text("{% block user %}{{ seed.text }")
    status, out, _ = call("doctor", "recipe.yaml", "--json")
    assert status == 1
    assert "instruction.j2:1" in found(out)["recipe"]["said"]


def test_a_full_disk(call, monkeypatch):
    monkeypatch.setattr(shutil, "disk_usage", lambda path: Usage(2**40, 2**40, 2**20))
    status, out, _ = call("doctor", "--json")
    assert status == 1
    assert found(out)["disk"]["said"].endswith("make room")


def test_ports_that_are_none(call):
    status, _, err = call("doctor", "--ports", "80,many")
    assert status == 2
    assert "'many'" in err
