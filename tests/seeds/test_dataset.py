"""Seeds from datasets: files, folders, splits, values, and what the hub answers."""

from __future__ import annotations

import datetime
import decimal
import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from silversmith.errors import SeedError
from silversmith.records import Judgement, Sample, Seed, sample_to_json, table_from_json
from silversmith.seeds import BadRow
from silversmith.seeds.dataset import Dataset

DATA = Path(__file__).parents[1] / "data"

ROWS = [{"prompt": f"question {i}", "response": f"answer {i}"} for i in range(600)]


def read(base: Path, path: str, **options: Any) -> list[Seed]:
    return list(Dataset(path=path, **options).read(base))


def jsonl(path: Path, rows: list[dict[str, Any]]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))


# Files


def test_jsonl_is_read_as_it_is_needed(tmp_path: Path) -> None:
    jsonl(tmp_path / "d.jsonl", ROWS[:2])
    os.truncate(tmp_path / "d.jsonl", 5 * 2**30)
    seeds = Dataset(path="d.jsonl", licence="MIT").read(tmp_path)
    first = next(seeds)
    assert (first.instruction, first.answer, first.source) == (
        "question 0",
        "answer 0",
        "d.jsonl#1",
    )
    assert first.fields == ROWS[0]
    assert first.licence == "MIT"


def test_a_row_of_no_known_shape_is_a_seed_too(tmp_path: Path) -> None:
    rows = [
        {"a": 1, "b": [2]},
        {"messages": [{"role": "tool", "content": "x"}]},
        {"prompt": ""},
    ]
    jsonl(tmp_path / "d.jsonl", rows)
    seeds = read(tmp_path, "d.jsonl")
    assert [dict(seed.fields) for seed in seeds] == rows
    assert [seed.text for seed in seeds] == ["", "", ""]


def test_map(tmp_path: Path) -> None:
    jsonl(tmp_path / "d.jsonl", [{"ask": "a", "said": "b"}])
    (seed,) = read(tmp_path, "d.jsonl", map={"prompt": "ask", "response": "said"})
    assert (seed.instruction, seed.answer) == ("a", "b")
    with pytest.raises(
        SeedError, match=r"^d\.jsonl:1: there is no column 'q', .*; columns: ask, said"
    ):
        read(tmp_path, "d.jsonl", map={"prompt": "q"})


def test_broken_rows(tmp_path: Path) -> None:
    (tmp_path / "d.jsonl").write_text('{"prompt": "a"}\n{broken\n{"prompt": "b"}\n')
    with pytest.raises(SeedError, match=r"^d\.jsonl:2: is not JSON"):
        read(tmp_path, "d.jsonl")
    bad: list[BadRow] = []
    seeds = list(Dataset(path="d.jsonl").read(tmp_path, bad.append))
    assert [seed.instruction for seed in seeds] == ["a", "b"]
    assert [row.where for row in bad] == ["d.jsonl:2"]


@pytest.mark.parametrize("ending", ["parquet", "arrow", "feather"])
def test_columns(ending: str, tmp_path: Path) -> None:
    table = pa.Table.from_pylist(ROWS)
    path = tmp_path / f"d.{ending}"
    if ending == "parquet":
        pq.write_table(table, path, row_group_size=250)
    else:
        new = pa.ipc.new_stream if ending == "arrow" else pa.ipc.new_file
        with new(str(path), table.schema) as out:
            out.write_table(table)
    seeds = read(tmp_path, path.name)
    assert [dict(seed.fields) for seed in seeds] == ROWS
    assert [seed.source for seed in seeds[::599]] == [f"d.{ending}#1", f"d.{ending}#600"]


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="peak memory is read from /proc")
@pytest.mark.parametrize("ending", ["parquet", "arrow"])
def test_columns_are_read_a_few_rows_at_a_time(ending: str, tmp_path: Path) -> None:
    big = pa.table({"prompt": [os.urandom(10_000).hex() for _ in range(4_000)]})
    for name, table in (("small", big.slice(0, 2_000)), ("big", big)):
        if ending == "parquet":
            pq.write_table(table, tmp_path / f"{name}.parquet", use_dictionary=False)
        else:
            with pa.ipc.new_stream(str(tmp_path / f"{name}.arrow"), table.schema) as out:
                out.write_table(table, max_chunksize=500)
    watch = (
        "import re, sys; from pathlib import Path; from silversmith.seeds.dataset import Dataset\n"
        "for path in sys.argv[2:]:\n"
        "    count = sum(1 for _ in Dataset(path=path).read(Path(sys.argv[1])))\n"
        "    peak = re.search(r'VmHWM:\\s+(\\d+) kB', Path('/proc/self/status').read_text())\n"
        "    print(count, int(peak[1]) // 1024)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", watch, str(tmp_path), f"small.{ending}", f"big.{ending}"],
        capture_output=True,
        text=True,
        check=True,
    )
    before, after = (list(map(int, line.split())) for line in done.stdout.splitlines())
    assert [before[0], after[0]] == [2_000, 4_000]
    assert after[1] - before[1] < 20, "MiB more for 40 MB more of text"


def test_our_own_samples(tmp_path: Path) -> None:
    judgement = Judgement("rubric", "accuracy", "critic", 0.75, 4.0)
    sample = Sample.pair(
        "ask", "reply", id="ab" * 16, strategy="reasoning", judgements=(judgement,)
    )
    pq.write_table(table_from_json([sample_to_json(sample)]), tmp_path / "part-0.parquet")
    (seed,) = read(tmp_path, ".")
    assert (seed.instruction, seed.answer) == ("ask", "reply")
    assert seed.fields["judgements"][0]["score"] == 0.75


def test_values_that_json_has_no_word_for(tmp_path: Path) -> None:
    row = {
        "prompt": "a",
        "when": datetime.datetime(2024, 2, 3, 4, 5, 6, tzinfo=datetime.UTC),
        "day": datetime.date(2024, 2, 3),
        "price": decimal.Decimal("1.50"),
        "image": {"bytes": b"\x89PNG", "path": None},
        "tags": ["x"],
        "nothing": None,
    }
    pq.write_table(pa.Table.from_pylist([row]), tmp_path / "d.parquet")
    (seed,) = read(tmp_path, "d.parquet")
    image = seed.fields["image"]["bytes"]
    assert image.startswith("<4 bytes, blake2b ")
    assert seed.fields == {
        "prompt": "a",
        "when": "2024-02-03T04:05:06+00:00",
        "day": "2024-02-03",
        "price": "1.50",
        "image": {"bytes": image, "path": None},
        "tags": ["x"],
        "nothing": None,
    }
    json.dumps(seed.fields)
    assert len(seed.id) == 32


@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        ("d.parquet", b"no parquet", r"^d\.parquet: cannot be read \(Parquet"),
        ("d.parquet", b"", r"^d\.parquet: cannot be read \("),
        ("d.arrow", b"no arrow", r"^d\.arrow: cannot be read \("),
        ("d.jsonl", b"", r"^d\.jsonl: is empty"),
        ("d.xlsx", b"x", r"^d\.xlsx: files of this kind cannot be read here; known: .*\.parquet"),
    ],
)
def test_bad_files(name: str, content: bytes, sentence: str, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(SeedError, match=sentence) as caught:
        read(tmp_path, name)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("path", ["none.jsonl", "./none", "/none/at/all", "none/*.parquet"])
def test_missing_files_are_not_looked_for_on_the_hub(path: str, tmp_path: Path) -> None:
    with pytest.raises(SeedError, match=r"there is no such file or folder|fits this pattern"):
        read(tmp_path, path)


# Folders


def test_a_folder_with_a_licence_beside(tmp_path: Path) -> None:
    seeds = read(DATA, "seed_tasks")
    assert len(seeds) == 175
    assert seeds[0].source == "seed_tasks/seed_tasks.jsonl#1"
    assert seeds[1].input == "Night : Day :: Right : Left"


def test_splits_of_a_folder(tmp_path: Path) -> None:
    jsonl(tmp_path / "d" / "train-1.jsonl", ROWS[:2])
    jsonl(tmp_path / "d" / "train-2.jsonl", ROWS[2:3])
    jsonl(tmp_path / "d" / "test.jsonl", ROWS[3:5])
    assert [s.source for s in read(tmp_path, "d")] == [
        "d/train-1.jsonl#1",
        "d/train-1.jsonl#2",
        "d/train-2.jsonl#1",
    ]
    assert [s.instruction for s in read(tmp_path, "d", split="test")] == [
        "question 3",
        "question 4",
    ]
    with pytest.raises(SeedError, match=r"^d: has no split 'dev'; its splits: train, test$"):
        read(tmp_path, "d", split="dev")


def test_splits_without_train(tmp_path: Path) -> None:
    for split in ("test", "validation"):
        jsonl(tmp_path / "d" / f"{split}.jsonl", ROWS[:1])
    with pytest.raises(SeedError, match=r"^d: has the splits .*test.*; say which with `split:`$"):
        read(tmp_path, "d")


def test_configurations_of_a_dataset_card(tmp_path: Path) -> None:
    jsonl(tmp_path / "d" / "x.jsonl", ROWS[:1])
    jsonl(tmp_path / "d" / "y.jsonl", ROWS[1:2])
    (tmp_path / "d" / "README.md").write_text(
        "---\nconfigs:\n- config_name: one\n  data_files: x.jsonl\n"
        "- config_name: two\n  data_files: y.jsonl\n---\n# A card\n"
    )
    assert [s.source for s in read(tmp_path, "d", name="two")] == ["d/y.jsonl#1"]
    with pytest.raises(
        SeedError, match=r"^d: say with `name:` which configuration: \['one', 'two'\]$"
    ):
        read(tmp_path, "d")


def test_saved_to_disk(tmp_path: Path) -> None:
    import datasets

    whole = datasets.Dataset.from_list(ROWS)
    whole.select(range(10, 20)).save_to_disk(str(tmp_path / "one"))
    parts = datasets.DatasetDict({"train": whole.select(range(3)), "test": whole.select(range(2))})
    parts.save_to_disk(str(tmp_path / "two"))
    seeds = read(tmp_path, "one")
    assert [dict(seed.fields) for seed in seeds] == ROWS[10:20]
    assert seeds[0].source == "one#1"
    assert len(read(tmp_path, "two")) == 3
    assert len(read(tmp_path, "two", split="test")) == 2


def test_what_only_datasets_reads(tmp_path: Path) -> None:
    (tmp_path / "d").mkdir()
    (tmp_path / "d" / "x.txt").write_text("one line\nanother\n")
    assert [s.fields["text"] for s in read(tmp_path, "d")] == ["one line", "another"]


@pytest.mark.parametrize("name", ["x.unknown", ".hidden"])
def test_a_folder_without_data(name: str, tmp_path: Path) -> None:
    (tmp_path / "d").mkdir()
    (tmp_path / "d" / name).write_text("x")
    with pytest.raises(SeedError, match=r"^d: holds no data file that can be read$"):
        read(tmp_path, "d")


def test_nothing_is_written_to_a_cache(tmp_path: Path) -> None:
    jsonl(tmp_path / "d" / "train.jsonl", ROWS)
    pq.write_table(pa.Table.from_pylist(ROWS), tmp_path / "d.parquet")
    (tmp_path / "t").mkdir()
    (tmp_path / "t" / "x.txt").write_text("one line\n")
    count = (
        "import sys; from pathlib import Path; from silversmith.seeds.dataset import Dataset\n"
        "base = Path(sys.argv[1])\n"
        "print([len(list(Dataset(path=p).read(base))) for p in ('d', 'd.parquet', 't')])"
    )
    home = tmp_path / "home"
    env = {**os.environ, "HF_HOME": str(home), "HF_HUB_OFFLINE": "1"}
    done = subprocess.run(
        [sys.executable, "-c", count, str(tmp_path)], env=env, capture_output=True, text=True
    )
    assert done.stdout == "[600, 600, 1]\n", done.stderr
    assert [path for path in home.rglob("*") if path.is_file()] == []


# The hub


class Hub(BaseHTTPRequestHandler):
    """Answers about datasets as the hub does, going by their names."""

    def do_GET(self) -> None:
        answers = {
            "absent": (404, "RepoNotFound"),
            "private": (401, "RepoNotFound"),
            "gated": (403, "GatedRepo"),
            "old": (404, "RevisionNotFound"),
            "broken": (503, ""),
        }
        found = next((answer for word, answer in answers.items() if f"/{word}" in self.path), None)
        if found is None:
            self.close_connection = True
            self.connection.close()
            return
        self.send_response(found[0])
        if found[1]:
            self.send_header("X-Error-Code", found[1])
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        """Nothing: the test's output stays clean."""


@pytest.fixture
def hub() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Hub)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def test_what_the_hub_answers_is_one_sentence(hub: str, tmp_path: Path) -> None:
    ask = (
        "import json, sys; from pathlib import Path\n"
        "from silversmith.errors import SeedError; from silversmith.seeds.dataset import Dataset\n"
        "said = {}\n"
        "for path in sys.argv[1:]:\n"
        "    try:\n"
        "        list(Dataset(path=path, revision='v1').read(Path('here')))\n"
        "    except SeedError as error:\n"
        "        said[path] = str(error)\n"
        "print(json.dumps(said))\n"
    )
    paths = ["org/absent", "org/private", "org/gated", "org/old", "org/broken", "org/dead", "a b"]
    env = {**os.environ, "HF_ENDPOINT": hub, "HF_HOME": str(tmp_path)}
    env = {name: value for name, value in env.items() if name != "HF_HUB_OFFLINE"}
    done = subprocess.run(
        [sys.executable, "-c", ask, *paths], env=env, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout)
    here = f"there is no such file or folder in {Path('here').absolute()}, and"
    login = "no such dataset on the hub (a private one needs a login: HF_TOKEN)"
    assert said["org/absent"] == f"org/absent: {here} {login}"
    assert said["org/private"] == f"org/private: {here} {login}"
    assert "asks for a login" in said["org/gated"]
    assert said["org/old"] == "org/old: has no revision 'v1' on the hub"
    assert said["org/broken"] == "org/broken: the hub answers with status 503"
    assert f"{here} the hub cannot be reached (" in said["org/dead"]
    assert said["a b"] == f"a b: {here} it is no id of a dataset on the hub"
    assert not any("\n" in sentence for sentence in said.values())
