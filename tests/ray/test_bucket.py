"""Seeds and storage in a bucket, on an S3 server of this machine: no file system is shared."""

import signal
import time

import pytest

s3fs = pytest.importorskip("s3fs", reason="s3fs is not installed: make test-ray sets it up")
moto = pytest.importorskip("moto.server", reason="moto is not installed: make test-ray does it")

SEEDS = 40
FILTERS = [{"score": {"min": 0.5}}, "exact_duplicates", {"near_duplicates": {"threshold": 0.7}}]


@pytest.fixture(scope="module")
def aws():
    """The environment in which `s3://bucket` is there."""
    server = moto.ThreadedMotoServer(ip_address="127.0.0.1", port=0)
    server.start()
    host, port = server.get_host_and_port()
    env = {
        "AWS_ENDPOINT_URL": f"http://{host}:{port}",
        "AWS_ACCESS_KEY_ID": "id",
        "AWS_SECRET_ACCESS_KEY": "key",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_EC2_METADATA_DISABLED": "true",
        "NO_PROXY": "*",
    }
    with pytest.MonkeyPatch.context() as patch:
        for name, value in env.items():
            patch.setenv(name, value)
        s3fs.S3FileSystem.clear_instance_cache()
        s3fs.S3FileSystem().mkdir("bucket")
        yield env
    server.stop()


@pytest.fixture(scope="module")
def nodes(aws):
    """Two nodes whose workers have that environment."""
    from .conftest import start

    cluster = start(2, **aws)
    yield cluster
    cluster.shutdown()


@pytest.fixture
def bucket(aws):
    """The bucket, empty."""
    files = s3fs.S3FileSystem(skip_instance_cache=True)
    for one in files.ls("bucket", refresh=True):
        files.rm(one, recursive=True)
    return files


@pytest.fixture
def here(place, nodes, bucket, simulate):
    """A recipe with its seeds in two files of the bucket; its folder has none."""
    place.address = nodes.address
    place.server = simulate(latency_ms=200, flawed=0.3)
    place.seeds(SEEDS, again=5)
    lines = (place.path / "seeds.jsonl").read_text().splitlines(keepends=True)
    (place.path / "seeds.jsonl").unlink()
    bucket.pipe_file("bucket/seeds/a.jsonl", "".join(lines[:25]).encode())
    bucket.pipe_file("bucket/seeds/b.jsonl", "".join(lines[25:]).encode())
    engine = {"storage": "s3://bucket/runs/one", "seeds_per_block": 10, "upload_seconds": 1}
    place.recipe(
        place.server.url,
        seeds=[{"tasks": "s3://bucket/seeds/*.jsonl"}],
        filters=FILTERS,
        engine={"ray": engine},
    )
    return place


def names(bucket, folder):
    return [one.removeprefix("bucket/") for one in bucket.find(f"bucket/{folder}", refresh=True)]


def compare(here):
    here.run("run", "recipe.yaml", "--out", "alone", "--set", "engine=null")
    assert here.dataset("r") == here.dataset("alone")
    assert here.manifest("r")["books"] == here.manifest("alone")["books"]


def test_a_run_in_a_bucket_is_the_run_of_one_machine(here, bucket):
    here.run("run", "recipe.yaml", "--out", "r")

    done = [name for name in names(bucket, "runs/one") if name.endswith("block.json")]
    assert len(done) == 5
    assert not [one for one in (here.path / "r").rglob("*") if one.name == "block.json"]
    assert not names(bucket, "runs/one/nodes")
    compare(here)
    assert here.dataset("r")["kept"]

    # All of it is there, so that the same command asks for nothing.
    asked = here.server.stats()["received"]
    here.run("run", "recipe.yaml", "--out", "r")
    assert here.server.stats()["received"] == asked

    # Its samples are filtered again, on the cluster.
    (here.path / "filters.yaml").write_text("filters:\n  - near_duplicates: {threshold: 0.3}\n")
    words = ("filter", "r", "--filters", "filters.yaml", "--out")
    here.run(*words, "spread", "--on", "ray")
    here.run(*words, "by-itself")
    assert here.dataset("spread") == here.dataset("by-itself")


def test_a_killed_driver_goes_on_from_the_bucket(here, bucket):
    run = here.begin("run", "recipe.yaml", "--out", "r", "--quiet")
    deadline = time.monotonic() + 600
    while here.server.stats()["received"] < 50:
        assert run.poll() is None, run.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.05)
    run.send_signal(signal.SIGKILL)
    run.communicate()
    blocks = {
        name: bucket.info(f"bucket/{name}", refresh=True)["ETag"]
        for name in names(bucket, "runs/one/blocks")
        if name.endswith("block.json") and b'"done"' in bucket.cat_file(f"bucket/{name}")
    }

    here.run("run", "recipe.yaml", "--out", "r", "--quiet")

    made = here.server.stats()["received"]
    for name, tag in blocks.items():
        assert bucket.info(f"bucket/{name}", refresh=True)["ETag"] == tag
    compare(here)
    assert made < 1.5 * (here.server.stats()["received"] - made)


@pytest.mark.parametrize(
    ("what", "said"),
    [
        (
            {"AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": ""},
            "s3://bucket/seeds/*.jsonl: cannot be read (Unable to locate credentials)",
        ),
        ({}, "s3://nowhere/run/nodes/"),
    ],
)
def test_a_bucket_that_cannot_be_reached(here, what, said):
    words = ("--set", "engine.ray.storage=s3://nowhere/run")

    told = here.run("run", "recipe.yaml", "--out", "r", *words, status=1, **what)

    assert said in told
    assert here.server.stats()["received"] == 0
