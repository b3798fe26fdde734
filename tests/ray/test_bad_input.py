"""Each mistake gets one sentence, before anything is asked."""

import platform
import socket

import pytest

from silversmith.errors import ClusterError
from silversmith.pipeline.cluster import nodes
from silversmith.pipeline.cluster.storage import Storage

ASK_NOBODY = "http://127.0.0.1:9/v1"


@pytest.fixture
def here(place, cluster):
    place.address = cluster.address
    place.seeds(5)
    place.recipe(ASK_NOBODY)
    return place


def test_an_address_where_nobody_is(here):
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]

    said = here.run("run", "recipe.yaml", "--on", f"ray://127.0.0.1:{port}", status=1)

    assert f"No Ray cluster answers at 127.0.0.1:{port}" in said
    said = here.run("run", "recipe.yaml", "--on", "ray", status=1, RAY_ADDRESS=f"127.0.0.1:{port}")
    assert f"No Ray cluster answers at 127.0.0.1:{port}" in said


def test_a_machine_without_the_key(here, simulate, own_cluster):
    server = simulate()
    model = {"model": "simulated", "base_url": server.url, "api_key_env": "SECRET_OF_MINE"}
    here.recipe(server.url, models={"writer": model})
    key = {"SECRET_OF_MINE": "sk-do-not-show"}

    said = here.run("run", "recipe.yaml", "--on", "ray", status=1, **key)

    assert "has no SECRET_OF_MINE in its environment" in said
    assert "node " in said
    assert "sk-do-not-show" not in said
    assert server.stats()["received"] == 0

    here.address = own_cluster(1, **key).address
    here.run("run", "recipe.yaml", "--on", "ray", **key)


def test_a_folder_that_is_not_shared(here):
    """What `/proc/self/cwd` means is for each process to say."""
    said = here.run("run", "recipe.yaml", "--on", "ray", "--out", "/proc/self/cwd/r", status=1)

    assert "/proc/self/cwd/r is not shared by all machines" in said


def test_machines_with_other_versions():
    node = {"NodeID": "ab" * 28, "NodeManagerHostname": "far", "NodeManagerAddress": "10.0.0.7"}
    seen = nodes.Seen("3.9.1", "2.60.0", "", frozenset())

    with pytest.raises(ClusterError, match=r"far \(10.0.0.7, node abababab\) has Python 3.9.1"):
        nodes.check_one(seen, node, (), Storage("/tmp"), "nonce")
    seen = nodes.Seen(platform.python_version(), "2.9.0", "", frozenset())
    with pytest.raises(ClusterError, match=r"has Ray 2.9.0"):
        nodes.check_one(seen, node, (), Storage("/tmp"), "nonce")


def test_what_one_machine_alone_can_do(here):
    for words, what in (
        (("--set", "target=5"), "`target`"),
        (("--reuse", "elsewhere"), "--reuse"),
        (("--processes", 2), "--processes"),
    ):
        said = here.run("run", "recipe.yaml", "--on", "ray", *words, status=1)
        assert what in said
        assert "leave --on ray away" in said


def test_a_folder_goes_on_in_the_way_it_began(here, simulate):
    server = simulate()
    here.recipe(server.url)
    here.run("run", "recipe.yaml", "--out", "alone", "--set", "engine=null")
    here.run("run", "recipe.yaml", "--out", "spread", "--on", "ray")

    said = here.run("run", "recipe.yaml", "--out", "alone", "--on", "ray", status=1)
    assert "alone holds a run on one machine" in said
    said = here.run("run", "recipe.yaml", "--out", "spread", "--set", "engine=null", status=1)
    assert "spread holds a run on a cluster" in said


def test_a_file_of_seeds_that_is_broken(here):
    with open(here.path / "seeds.jsonl", "a") as file:
        file.write("{broken\n")

    said = here.run("run", "recipe.yaml", "--on", "ray", status=1)

    assert "seeds.jsonl:6" in said
    assert "--skip-bad-rows" in said


def test_another_engine(here):
    said = here.run("run", "recipe.yaml", "--set", "engine=dask", status=1)

    assert "engine: expected `ray`, `ray://HOST:PORT`, or `{ray: OPTIONS}`" in said


def test_a_bucket_of_an_unknown_kind(here):
    engine = {"ray": {"storage": "nowhere://bucket/run"}}
    here.recipe(ASK_NOBODY, engine=engine)

    said = here.run("run", "recipe.yaml", status=1)

    assert "nowhere://bucket/run" in said
