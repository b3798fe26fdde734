"""Seeds from files of instructions: shapes, places, bad input, laziness."""

from __future__ import annotations

import gzip
import json
import os
import threading
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import pytest
from pydantic import ValidationError

from silversmith.errors import SeedError
from silversmith.records import Seed
from silversmith.seeds import BadRow
from silversmith.seeds.tasks import Tasks

DATA = Path(__file__).parents[1] / "data"


@pytest.fixture
def write(tmp_path: Path) -> Callable[[str, bytes | str], str]:
    """Writes a file beside the recipe and gives its name."""

    def put(name: str, content: bytes | str) -> str:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return name

    return put


def read(base: Path, path: str, **options: object) -> list[Seed]:
    return list(Tasks(path=path, **options).read(base))


def read_on(base: Path, path: str) -> tuple[list[Seed], list[BadRow]]:
    bad: list[BadRow] = []
    return list(Tasks(path=path).read(base, bad.append)), bad


def lines(*rows: object) -> str:
    return "".join(json.dumps(row) + "\n" for row in rows)


# What a row may look like


def test_self_instruct_seed_tasks() -> None:
    seeds = read(DATA, "seed_tasks/seed_tasks.jsonl", licence="Apache-2.0")
    assert len(seeds) == 175
    second = seeds[1]
    assert second.source == "seed_tasks/seed_tasks.jsonl#2"
    assert second.instruction == "What is the relation between the given pairs?"
    assert second.input == "Night : Day :: Right : Left"
    assert second.answer == "The relation between the given pairs is that they are opposites."
    assert second.fields["id"] == "seed_task_1"
    assert second.licence == "Apache-2.0"
    assert sum(bool(seed.input.strip()) for seed in seeds) == 125
    assert all(seed.answer for seed in seeds)
    assert len({seed.id for seed in seeds}) == 175


def test_each_instance_is_a_seed(write: Callable[..., str], tmp_path: Path) -> None:
    row = {
        "instruction": "Add them",
        "instances": [{"input": "1 1", "output": "2"}, {"input": "2 2", "output": "4"}],
    }
    seeds = read(tmp_path, write("t.jsonl", lines(row, row)))
    assert [seed.source for seed in seeds] == [
        "t.jsonl#1",
        "t.jsonl#1.2",
        "t.jsonl#2",
        "t.jsonl#2.2",
    ]
    assert [(seed.input, seed.answer) for seed in seeds[:2]] == [("1 1", "2"), ("2 2", "4")]
    assert seeds[0].id != seeds[1].id
    assert seeds[0].fields == row


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        ({"instruction": "a", "input": "b", "output": "c"}, ("a", "b", "c")),
        ({"instruction": "a", "context": "b", "response": "c"}, ("a", "b", "c")),
        ({"prompt": "a", "response": "c"}, ("a", "", "c")),
        ({"prompt": "a", "completion": "c"}, ("a", "", "c")),
        ({"question": "a", "answer": 42}, ("a", "", "42")),
        ({"Question": "a", "Answer": "c"}, ("a", "", "c")),
        ({"problem": "a", "solution": "c", "answer": "d"}, ("a", "", "c")),
        ({"question": "a", "answer": ["c", "d"]}, ("a", "", "")),
        ({"input": "a", "output": "c"}, ("a", "", "c")),
        ({"instruction": " ", "input": "a", "output": "c"}, ("a", "", "c")),
        ({"prompt": "a"}, ("a", "", "")),
        ({"instruction": "a", "instances": []}, ("a", "", "")),
        ({"prompt": [{"role": "user", "content": "a"}]}, ("a", "", "")),
        (
            {"messages": [{"role": "user", "content": "a"}, {"role": "assistant", "content": "c"}]},
            ("a", "", "c"),
        ),
        ({"prompt": "a", "chosen": "c", "rejected": "x"}, ("a", "", "c")),
    ],
)
def test_columns_are_known_by_their_names(
    row: dict[str, object],
    expected: tuple[str, str, str],
    write: Callable[..., str],
    tmp_path: Path,
) -> None:
    (seed,) = read(tmp_path, write("t.jsonl", lines(row)))
    assert (seed.instruction, seed.input, seed.answer) == expected
    assert seed.fields == row


def test_map_settles_odd_names(write: Callable[..., str], tmp_path: Path) -> None:
    name = write("t.csv", "ask,with,said,output\nadd,1 1,2,junk\n")
    (seed,) = read(tmp_path, name, map={"instruction": "ask", "input": "with", "answer": "said"})
    assert (seed.instruction, seed.input, seed.answer) == ("add", "1 1", "2")


def test_map_of_an_unknown_field_is_wrong() -> None:
    with pytest.raises(ValidationError, match="'instructoin' is no field; known: messages, system"):
        Tasks(path="t.csv", map={"instructoin": "ask"})


def test_map_to_a_column_that_is_not_there(write: Callable[..., str], tmp_path: Path) -> None:
    name = write("t.jsonl", lines({"ask": "a"}))
    with pytest.raises(SeedError, match=r"t\.jsonl:1: there is no column 'q' .*; columns: ask;"):
        read(tmp_path, name, map={"instruction": "q"})


# Files


def test_bom_blank_lines_and_crlf(write: Callable[..., str], tmp_path: Path) -> None:
    name = write("t.jsonl", b'\xef\xbb\xbf{"prompt": "a"}\r\n\r\n   \r\n{"prompt": "b"}')
    seeds = read(tmp_path, name)
    assert [(s.instruction, s.source) for s in seeds] == [("a", "t.jsonl#1"), ("b", "t.jsonl#4")]


def test_gzip(tmp_path: Path) -> None:
    (tmp_path / "t.jsonl.gz").write_bytes(gzip.compress(b'{"prompt": "a"}\n'))
    assert [seed.source for seed in read(tmp_path, "t.jsonl.gz")] == ["t.jsonl.gz#1"]


@pytest.mark.parametrize(
    "content",
    [
        '[{"prompt": "a"}, {"prompt": "b"}]',
        '\n[\n  {"prompt": "a"},\n  {"prompt": "b"}\n]\n',
        '{"version": [1, 2], "data": [{"prompt": "a"}, {"prompt": "b"}]}',
        '{\n "data": [{"prompt": "a"}, {"prompt": "b"}]\n}',
        '{"prompt": "a"}\n{"prompt": "b"}\n',
    ],
)
def test_json_files(content: str, write: Callable[..., str], tmp_path: Path) -> None:
    seeds = read(tmp_path, write("t.json", content))
    assert [(s.instruction, s.source) for s in seeds] == [("a", "t.json#1"), ("b", "t.json#2")]


def test_a_json_file_of_one_row(write: Callable[..., str], tmp_path: Path) -> None:
    (seed,) = read(tmp_path, write("t.json", '{"question": "a", "answer": "b"}'))
    assert (seed.instruction, seed.answer) == ("a", "b")


def test_csv_gives_the_line_where_a_row_starts(write: Callable[..., str], tmp_path: Path) -> None:
    content = '\ufeffquestion,answer\r\n"two\r\nlines",b\r\n\r\n"say ""hi""",d\r\n'
    seeds = read(tmp_path, write("t.csv", content))
    assert [(s.instruction, s.source) for s in seeds] == [
        ("two\r\nlines", "t.csv#2"),
        ('say "hi"', "t.csv#5"),
    ]


@pytest.mark.parametrize("delimiter", [";", "\t"])
def test_csv_with_another_delimiter(
    delimiter: str, write: Callable[..., str], tmp_path: Path
) -> None:
    content = f"question{delimiter}answer\na, b{delimiter}c\n"
    (seed,) = read(tmp_path, write("t.csv", content))
    assert (seed.instruction, seed.answer) == ("a, b", "c")


def test_csv_with_a_long_cell(write: Callable[..., str], tmp_path: Path) -> None:
    (seed,) = read(tmp_path, write("t.csv", f"question\n{'long ' * 60_000}\n"))
    assert len(seed.instruction) == 300_000


def test_a_folder_is_read_in_the_order_of_names(write: Callable[..., str], tmp_path: Path) -> None:
    write("d/b.jsonl", lines({"prompt": "2"}))
    write("d/a.csv", "prompt\n1\n")
    write("d/sub/a.json", "[" + json.dumps({"prompt": "3"}) + "]")
    write("d/.hidden.jsonl", lines({"prompt": "no"}))
    write("d/notes.txt", "no")
    seeds = read(tmp_path, "d")
    assert [(s.instruction, s.source) for s in seeds] == [
        ("1", "d/a.csv#2"),
        ("2", "d/b.jsonl#1"),
        ("3", "d/sub/a.json#1"),
    ]
    assert [seed.source for seed in read(tmp_path, "d/*.jsonl")] == ["d/b.jsonl#1"]


def test_sources_are_relative_to_the_recipe(write: Callable[..., str], tmp_path: Path) -> None:
    write("data/t.jsonl", lines({"prompt": "a"}))
    recipes = tmp_path / "recipes"
    recipes.mkdir()
    assert read(recipes, "../data/t.jsonl")[0].source == "../data/t.jsonl#1"
    assert read(tmp_path, str(tmp_path / "data" / "t.jsonl"))[0].source == "data/t.jsonl#1"


def test_the_same_content_elsewhere_is_the_same_seed(
    write: Callable[..., str], tmp_path: Path
) -> None:
    row = {"prompt": "a", "response": "b"}
    (one,) = read(tmp_path, write("one.jsonl", lines(row)))
    (two,) = read(tmp_path, write("two.jsonl", "\n" + lines(row)))
    assert one.id == two.id
    assert one.source != two.source


# Values


def test_lone_surrogates_become_replacement_characters(
    write: Callable[..., str], tmp_path: Path
) -> None:
    (seed,) = read(tmp_path, write("t.jsonl", '{"prompt": "a\\ud800b", "n": NaN, "i": 1e400}\n'))
    assert seed.instruction == "a\ufffdb"
    assert len(seed.id) == 32


def test_integers_beyond_64_bits_do_not_break_the_seed(
    write: Callable[..., str], tmp_path: Path
) -> None:
    content = f'{{"prompt": "a", "n": {2**70}}}\n{{"prompt": "\\ud800", "n": {2**70}}}\n'
    seeds = read(tmp_path, write("t.jsonl", content))
    assert [seed.fields["n"] for seed in seeds] == [float(2**70)] * 2
    assert len({seed.id for seed in seeds}) == 2


def test_a_template_in_a_seed_stays_text(write: Callable[..., str], tmp_path: Path) -> None:
    (seed,) = read(tmp_path, write("t.jsonl", lines({"prompt": "{{ 7 * 7 }} {% raw %}"})))
    assert seed.instruction == "{{ 7 * 7 }} {% raw %}"


# Bad input, each with one sentence


@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        ("t.jsonl", "", r"^t\.jsonl: is empty"),
        ("t.json", "", r"^t\.json: is empty"),
        ("t.csv", "", r"^t\.csv: is empty"),
        ("t.jsonl", "\n \n", r"^t\.jsonl: holds no row"),
        ("t.csv", "prompt\n", r"^t\.csv: holds no row"),
        ("t.json", "[]", r"^t\.json: holds no row"),
        ("t.jsonl", '{"prompt": "a"}\n{"prompt": \n', r"^t\.jsonl:2: is not JSON: Expecting value"),
        ("t.jsonl", '{"prompt": "a"} x\n', r"^t\.jsonl:1: is not JSON: Extra data \(column 17\)"),
        (
            "t.jsonl",
            '["a"]\n',
            r"^t\.jsonl:1: holds an array where a row is a JSON object; .*\.json",
        ),
        (
            "t.jsonl",
            b'{"prompt": "caf\xe9"}\n',
            r"^t\.jsonl:1: is not UTF-8 \(byte 0xe9 at byte 16\)",
        ),
        ("t.jsonl", '{"prompt": "a"}\n'.encode("utf-16"), r"^t\.jsonl:1: is UTF-16, not UTF-8"),
        ("t.jsonl", "[" * 100_000, r"^t\.jsonl:1: nests too deeply"),
        (
            "t.jsonl",
            '{"foo": 1, "bar": 2}\n',
            r"^t\.jsonl:1: no instruction .* \(foo, bar\); .*map",
        ),
        ("t.jsonl", '{"prompt": "  "}\n', r"^t\.jsonl:1: column 'prompt' is empty"),
        (
            "t.jsonl",
            '{"prompt": {"a": 1}}\n',
            r"^t\.jsonl:1: column 'prompt' holds an object, not text",
        ),
        (
            "t.json",
            '[{"prompt": "a"},\n {"prompt" "b"}]',
            r"^t\.json:2: is not JSON: Expecting ':'",
        ),
        ("t.json", '"text"', r"^t\.json: holds text where an array of rows is expected"),
        ("t.json", "[1]", r"^t\.json, row 1: is a number where a row is a JSON object"),
        ("t.json", '{"a": [{}], "b": [{}]}', r"^t\.json: holds several arrays of rows \(a, b\)"),
        ("t.json", b'[{"prompt": "caf\xe9"}]', r"^t\.json: is not UTF-8"),
        ("t.csv", "a,b\n1,2,3\n", r"^t\.csv:2: has 3 cells where the header has 2"),
        ("t.csv", "a,b\n1\n", r"^t\.csv:2: has 1 cells where the header has 2"),
        ("t.csv", 'prompt\na\n"b\nc\n', r"^t\.csv:3: is no CSV: a closing quote is missing"),
        ("t.csv", 'prompt\n"a" b\n', r"^t\.csv:2: is no CSV"),
        ("t.csv", "a,a\n1,2\n", r"^t\.csv:1: two columns are called 'a'"),
        ("t.csv", b"prompt\ncaf\xe9\n", r"^t\.csv:2: is not UTF-8"),
        ("t.csv", b"caf\xe9\nx\n", r"^t\.csv:1: the header is not UTF-8"),
        ("t.csv", "prompt\na\n".encode("utf-16"), r"^t\.csv: is UTF-16, not UTF-8"),
        ("t.jsonl.gz", b"no gzip", r"^t\.jsonl\.gz: cannot be read \(Not a gzipped file"),
        (
            "t.jsonl.gz",
            gzip.compress(b'{"prompt": "a"}\n' * 9, mtime=0)[:-9],
            r"^t\.jsonl\.gz: cannot be read",
        ),
        ("t.txt", "a", r"^t\.txt: files of this kind cannot be read here; known: \.jsonl, "),
        ("d/t.txt", "a", r"^d: the folder holds no file that can be read here \(\.jsonl"),
    ],
)
def test_bad_input_is_one_sentence(
    name: str, content: bytes | str, sentence: str, write: Callable[..., str], tmp_path: Path
) -> None:
    path = write(name, content).split("/")[0]
    with pytest.raises(SeedError, match=sentence) as caught:
        read(tmp_path, path)
    assert "\n" not in str(caught.value)


def test_a_missing_file(tmp_path: Path) -> None:
    with pytest.raises(
        SeedError, match=r"^none\.jsonl: there is no such file or folder \(looked in"
    ):
        read(tmp_path, "none.jsonl")
    with pytest.raises(SeedError, match=r"^\*\.jsonl: no file .* fits this pattern"):
        read(tmp_path, "*.jsonl")


def test_a_link_in_a_circle(tmp_path: Path) -> None:
    (tmp_path / "loop.jsonl").symlink_to(tmp_path / "pool.jsonl")
    (tmp_path / "pool.jsonl").symlink_to(tmp_path / "loop.jsonl")
    with pytest.raises(SeedError, match=r"^loop\.jsonl: there is no such file"):
        read(tmp_path, "loop.jsonl")


def test_a_missing_quote_does_not_swallow_a_big_file(
    write: Callable[..., str], tmp_path: Path
) -> None:
    name = write("t.csv", 'prompt\na\n"b\n' + "text and more text\n" * 1_000_000)
    with pytest.raises(
        SeedError, match=r"^t\.csv:3: a cell is longer .*is a closing quote missing"
    ):
        read(tmp_path, name)


# Going on after bad rows


def test_bad_rows_are_told_and_passed_over(write: Callable[..., str], tmp_path: Path) -> None:
    content = b'{"prompt": "a"}\n{broken\n\n{"prompt": "\xff"}\n[]\n{"x": 1}\n{"prompt": "b"}\n'
    seeds, bad = read_on(tmp_path, write("t.jsonl", content))
    assert [seed.instruction for seed in seeds] == ["a", "b"]
    assert [row.where for row in bad] == [f"t.jsonl:{line}" for line in (2, 4, 5, 6)]
    assert bad[3].reason.startswith("no instruction among the columns (x)")


def test_bad_csv_rows_are_told_and_passed_over(write: Callable[..., str], tmp_path: Path) -> None:
    content = b'prompt,n\na,1\n"b" c,2\nd\n\xff,3\ne,4\n'
    seeds, bad = read_on(tmp_path, write("t.csv", content))
    assert [seed.instruction for seed in seeds] == ["a", "e"]
    assert [row.where for row in bad] == ["t.csv:3", "t.csv:4", "t.csv:5"]


def test_no_usable_row_is_an_error_even_then(write: Callable[..., str], tmp_path: Path) -> None:
    bad: list[BadRow] = []
    name = write("t.jsonl", "{\n{\n")
    said = r"^t\.jsonl: holds no row that can be used: t\.jsonl:1 is not JSON"
    with pytest.raises(SeedError, match=said):
        list(Tasks(path=name).read(tmp_path, bad.append))
    assert len(bad) == 2


# Laziness


def test_the_first_seed_of_a_huge_file_comes_at_once(tmp_path: Path) -> None:
    path = tmp_path / "huge.jsonl"
    path.write_text(lines({"prompt": "first"}, {"prompt": "second"}))
    os.truncate(path, 5 * 2**30)  # a sparse file: zeros without an end in sight
    tracemalloc.start()
    try:
        seeds = Tasks(path="huge.jsonl").read(tmp_path)
        assert [next(seeds).instruction for _ in range(2)] == ["first", "second"]
        assert tracemalloc.get_traced_memory()[1] < 2**20
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize(("name", "head"), [("t.jsonl", ""), ("t.csv", "prompt,pad\n")])
def test_memory_stays_flat(name: str, head: str, tmp_path: Path) -> None:
    row = "question," + "x" * 10_000 if head else lines({"prompt": "q", "pad": "x" * 10_000})[:-1]
    with open(tmp_path / name, "w") as out:
        out.write(head)
        out.writelines(f"{row}\n" for _ in range(20_000))
    seeds = Tasks(path=name).read(tmp_path)
    tracemalloc.start()
    try:
        assert sum(1 for _ in zip(seeds, range(3_000), strict=False)) == 3_000
        assert tracemalloc.get_traced_memory()[1] < 2**20
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize(
    ("name", "content"), [("t.jsonl", b'{"prompt": "a"}\n'), ("t.csv", b"prompt\na\n" + b"b\n" * 9)]
)
def test_a_seed_comes_before_the_end_of_a_pipe(name: str, content: bytes, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / name)
    have_one = threading.Event()
    in_time = []

    def write() -> None:
        with open(tmp_path / name, "wb", buffering=0) as pipe:
            pipe.write(content)
            in_time.append(have_one.wait(timeout=10))

    writer = threading.Thread(target=write)
    writer.start()
    seeds = Tasks(path=name).read(tmp_path)
    assert next(seeds).instruction == "a"
    have_one.set()
    writer.join()
    assert in_time == [True]
