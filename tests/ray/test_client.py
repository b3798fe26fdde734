"""A cluster elsewhere, by its client server; and no cluster at all."""

import socket

LOOPBACK = "127.0.0.2"


def test_by_the_client_server_of_a_cluster(place, simulate, own_cluster):
    server = simulate(latency_ms=5, flawed=0.3)
    place.seeds(25, again=5)
    place.recipe(server.url)
    with socket.create_server((LOOPBACK, 0)) as free:
        port = free.getsockname()[1]
    own_cluster(2, client_port=port)

    place.run("run", "recipe.yaml", "--out", "spread", "--on", f"ray://{LOOPBACK}:{port}")

    place.run("run", "recipe.yaml", "--out", "alone", "--set", "engine=null")
    assert place.dataset("spread") == place.dataset("alone")


def test_where_no_cluster_runs_a_ray_of_its_own_does(place, simulate):
    server = simulate(latency_ms=5, flawed=0.3)
    place.seeds(12)
    place.recipe(server.url)
    place.address = "local"

    place.run("run", "recipe.yaml", "--out", "spread", "--on", "ray")

    place.run("run", "recipe.yaml", "--out", "alone", "--set", "engine=null")
    assert place.dataset("spread") == place.dataset("alone")
