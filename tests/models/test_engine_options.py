"""The option `engine`, and what a server's log says."""

from pathlib import Path

import pytest

from silversmith.errors import RecipeError
from silversmith.models import ModelSpec, connect
from silversmith.models.vllm.log import cause, last_lines, stage
from silversmith.models.vllm.options import EngineOptions, arguments, check_names

KNOWN = {
    "max_model_len": ["--max-model-len"],
    "enforce_eager": ["--enforce-eager", "--no-enforce-eager"],
    "disable_log": ["--disable-log"],
    "structured_outputs_config": ["--structured-outputs-config"],
    "lora_modules": ["--lora-modules"],
    "quantization": ["--quantization", "-q"],
}


def test_options_as_words_of_a_command_line():
    options = {
        "max_model_len": 512,
        "enforce_eager": False,
        "disable_log": True,
        "structured_outputs_config": {"backend": "guidance"},
        "lora_modules": ["a=b", "c=-d"],
        "quantization": "-x",
        "unknown": 1,
    }
    assert arguments(options, KNOWN) == [
        "--max-model-len=512", "--no-enforce-eager", "--disable-log",
        "--structured-outputs-config", '{"backend":"guidance"}', "--lora-modules", "a=b", "c=-d",
        "--quantization=-x",
    ]  # fmt: skip
    assert arguments({"enforce_eager": True, "disable_log": False}, KNOWN) == ["--enforce-eager"]
    assert arguments({"max_model_len": None}, KNOWN) == []


def test_options_may_be_written_as_on_vllms_command_line():
    assert EngineOptions(**{"max-model-len": 9, "--enforce-eager": True}).passed == {
        "max_model_len": 9,
        "enforce_eager": True,
    }


@pytest.mark.parametrize(
    ("option", "hint"), [("max_model_length", "max_model_len"), ("replica", "replicas")]
)
def test_an_option_that_nobody_knows(option, hint):
    with pytest.raises(RecipeError, match=f"no such option; did you mean `{hint}`"):
        check_names(EngineOptions(**{option: 1}), KNOWN, "0.32.0")


@pytest.mark.parametrize(
    ("values", "said"),
    [
        (
            {"engine": {"host": "0.0.0.0"}},
            "`host` cannot be set here: the server listens on loopback",
        ),
        ({"engine": {"api_key": "sk-x"}}, "each server gets a key of its own"),
        ({"engine": {"keep_alive": -1}}, "greater than or equal to 0"),
        ({"base_url": "http://127.0.0.1:1/v1", "engine": {}}, "has no `base_url`"),
        ({"batch": True, "engine": {}}, "no batch mode"),
        ({"api_key_env": "KEY", "engine": {}}, "has no `api_key_env`"),
    ],
)
def test_what_does_not_go_together(values, said):
    with pytest.raises(RecipeError, match=said) as caught:
        ModelSpec.parse({"model": "tiny", **values})
    assert "sk-x" not in str(caught.value)


def test_weights_are_sought_from_the_recipes_folder(tmp_path):
    (tmp_path / "tiny").mkdir()
    spec = ModelSpec.parse("vllm/./tiny").in_folder(tmp_path)
    assert spec.engine.weights == str(tmp_path / "tiny")
    assert spec.in_folder(Path("/")).engine.weights == str(tmp_path / "tiny")
    assert ModelSpec.parse("vllm/Qwen/Qwen3-8B").in_folder(tmp_path).engine.weights is None
    own = {"model": "vllm/./tiny", "engine": {"python": "venv/bin/python"}}
    python = ModelSpec.parse(own).in_folder(tmp_path).engine.python
    assert python == str(tmp_path / "venv/bin/python")
    own["engine"]["python"] = "python3"
    assert ModelSpec.parse(own).in_folder(tmp_path).engine.python == "python3"
    with pytest.raises(RecipeError, match="no such folder"):
        ModelSpec.parse("vllm/./missing").in_folder(tmp_path)


def test_a_managed_model_is_the_same_wherever_and_however_it_is_served():
    one = ModelSpec.parse("vllm/tiny")
    other = ModelSpec.parse({"model": "vllm/tiny", "engine": {"replicas": 2, "keep_alive": 9}})
    assert one.identity() == other.identity() == ModelSpec.parse("http://h:1/v1#tiny").identity()
    assert ModelSpec.parse(one.model_dump(mode="json")) == one
    assert one.concurrency == other.concurrency == 256
    (found,) = one.at(["http://127.0.0.1:1/v1"], 64).urls
    assert found == "http://127.0.0.1:1/v1"
    assert one.at([found, found + "2"], 64).at_once == 128


def test_how_far_a_start_has_got():
    assert stage("") == "starting"
    assert stage("Fetching 8 files:  25%|##  | 2/8") == "downloading the model, 25%"
    log = "Starting to load model x...\nLoading safetensors checkpoint shards:  50% Completed | 2/4"
    assert stage(log) == "loading the model, 2 of 4 files"
    assert stage(log + "\nLoading weights took 3.1 seconds") == "warming up"


def test_why_a_server_ended():
    log = (
        "(EngineCore pid=7) ERROR 11-30 18:00:00 [core.py:99] ValueError: No available memory\n"
        "(APIServer pid=6) Traceback (most recent call last):\n"
        '(APIServer pid=6)   File "x.py", line 1, in <module>\n'
        "(APIServer pid=6)     ^^^^^\n"
        "(APIServer pid=6) RuntimeError: Engine core initialization failed.\n"
    )
    assert cause(log) == "ValueError: No available memory"
    assert last_lines(log)[-1] == "RuntimeError: Engine core initialization failed."
    assert not any("^^^" in line or "File" in line for line in last_lines(log))
    usage = "usage: api_server.py [-h]\napi_server.py: error: argument --dtype: invalid choice: 'x'"
    assert cause(usage) == "api_server.py: error: argument --dtype: invalid choice: 'x'"


def test_what_ray_places_has_no_server_and_is_for_a_cluster():
    spec = ModelSpec.parse({"model": "vllm/tiny", "engine": {"runner": "ray.data.llm"}})
    with pytest.raises(RecipeError, match=r"models\.writer: .* is for a Ray cluster"):
        connect(spec, "writer")
    with pytest.raises(RecipeError, match="`port` is for vLLM's own server"):
        ModelSpec.parse({"model": "vllm/a", "engine": {"runner": "ray.data.llm", "port": 9000}})
    with pytest.raises(RecipeError, match=r"engine\.runner"):
        ModelSpec.parse({"model": "vllm/a", "engine": {"runner": "ray"}})
