"""A full disk: a clear end, nothing lost, and the same command goes on when there is room."""

import os
import random
import shutil
import subprocess
import sys
import time

import pytest

SAMPLES = 200


@pytest.fixture
def disk(tmp_path):
    """A small file system of its own, where the machine lets us make one; returns its folder and
    what sets its size."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = shutil.which("mount")
    options = ["-t", "tmpfs", "-o", "size=300k", "tmpfs", str(folder)]
    if not mount or subprocess.run([mount, *options], capture_output=True).returncode:
        pytest.skip("no small file system can be mounted here (needs root)")

    def resize(size):
        subprocess.run([mount, "-o", f"remount,size={size}", str(folder)], check=True)

    yield folder, resize
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


@pytest.fixture(scope="module")
def server(module_simulate):
    return module_simulate()


@pytest.fixture
def recipe(work, server):
    work.write(server.url, samples=SAMPLES)
    server.reset()
    return work


def run(work, out, *options):
    command = [*work.words(out), "--quiet", *options]
    return subprocess.run(command, capture_output=True, text=True, timeout=60)


def assert_it_said_so(ended):
    assert ended.returncode == 1
    (line,) = ended.stderr.splitlines()
    assert line.startswith("silversmith: ")
    assert "make room" in line
    assert "what is in the journal is safe" in line


def test_while_the_journal_is_written(recipe, server, disk):
    folder, resize = disk
    assert_it_said_so(run(recipe, folder / "run"))
    assert 10 < server.stats()["received"] < 2 * SAMPLES
    assert_it_said_so(run(recipe, folder / "run"))  # still full

    resize("40m")
    assert run(recipe, folder / "run").returncode == 0
    # Asked again: what was in flight at the two ends, and each time what tries out the endpoint.
    stats = server.stats()
    assert stats["answered_again"] <= 2 * (16 + 1)
    recipe.finish("undisturbed")
    assert recipe.dataset(folder / "run") == recipe.dataset("undisturbed")


def test_while_parquet_is_written(recipe, server, disk):
    folder, resize = disk
    resize("40m")
    chance = random.Random(1)
    book = "\n\n".join(" ".join(chance.randbytes(4).hex() for _ in range(100)) for _ in range(600))
    (recipe.folder / "book.txt").write_text(book)
    text = recipe.recipe.read_text().replace("{tasks: seeds.jsonl}", "{documents: book.txt}")
    recipe.recipe.write_text(text)
    assert run(recipe, folder / "run").returncode == 0
    before = recipe.dataset(folder / "run")
    parquet = sum(path.stat().st_size for path in (folder / "run").glob("*/*.parquet"))
    assert parquet > 300_000
    server.reset()

    with open(folder / "ballast", "wb") as ballast:
        os.posix_fallocate(ballast.fileno(), 0, room(folder) - 200_000)
    stricter = ("--set", "filters.score.min=0.9")
    assert_it_said_so(run(recipe, folder / "run", *stricter))
    assert recipe.dataset(folder / "run") == before
    assert not (folder / "run" / ".writing").exists()

    (folder / "ballast").unlink()
    assert run(recipe, folder / "run", *stricter).returncode == 0
    assert server.stats()["received"] == 0
    after = recipe.dataset(folder / "run")
    assert 0 < len(after["kept"]) < len(before["kept"])
    assert len(after["kept"]) + len(after["dropped"]) == len(before["kept"] + before["dropped"])


def room(folder):
    space = os.statvfs(folder)
    return space.f_bavail * space.f_frsize


@pytest.mark.skipif(sys.platform != "linux", reason="needs /dev/full")
def test_while_the_manifest_is_written(recipe, server):
    """Its new version goes to a device that is always full."""
    out = recipe.folder / "out"
    started = recipe.start("out")
    while server.stats()["received"] < 50:
        time.sleep(0.01)
    (out / "manifest.json.part").symlink_to("/dev/full")
    _, said = started.communicate(timeout=60)
    assert started.returncode == 1
    assert f"silversmith: {out / 'manifest.json'} could not be written (No space left" in said
    assert "make room" in said
    assert "Traceback" not in said
    assert recipe.manifest("out")["status"] == "running"

    received = server.stats()["received"]
    assert run(recipe, "out").returncode == 0
    assert recipe.manifest("out")["status"] == "done"
    assert server.stats()["received"] == received
