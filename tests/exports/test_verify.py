"""What was exported, tampered with in every way, and found out."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from silversmith.exports import export
from silversmith.exports.checksums import SUMS, read_sums, sums_text
from silversmith.exports.jsonl import Jsonl
from silversmith.exports.provenance import PROVENANCE, ExportedFile, read_provenance
from silversmith.exports.sealing import seal
from silversmith.exports.trl_sft import TrlSft
from silversmith.exports.verifying import verify_export
from silversmith.records import Check, Judgement, Origin, Sample, SeedRef, Turn

from .test_exports import write_run

Tamper = Callable[[Path], object]


def sample(number: int, said: str = "question") -> Sample:
    return Sample.pair(
        f"{said} {number}?",
        f"answer {number}",
        id=f"id{number}",
        strategy="instruction",
        origin=Origin("instruction", "instruction", "0123456789abcdef", "a-model"),
        seed=SeedRef(f"seed{number // 2}", f"/data/tasks.jsonl#{number}", "MIT"),
        checks=(Check("length", True),),
        judgements=(Judgement("rubric", "helpfulness", "a-judge", 0.9, 4.0),),
    )


@pytest.fixture
def run(tmp_path: Path) -> Path:
    return write_run(tmp_path / "run", [sample(n) for n in range(4)], [sample(4), sample(5)])


@pytest.fixture
def exported(run: Path) -> Path:
    return export(run, TrlSft()).path.parent


def wrong(folder: Path, run: Path | None) -> dict[str, str]:
    """What a verification finds wrong: by check, what it says."""
    return {one.check: one.says for one in verify_export(folder, run) if one.sound is False}


def lines(path: Path) -> list[str]:
    return path.read_text(encoding="utf-8").splitlines(keepends=True)


def change(path: Path, how: Callable[[str], str]) -> None:
    text = path.read_text(encoding="utf-8")
    changed = how(text)
    assert changed != text
    path.write_text(changed, encoding="utf-8")


def sealed_anew(folder: Path) -> None:
    """The checksums written again, as one would who wants to hide what he did."""
    (folder / SUMS).write_text(sums_text(folder, read_sums(folder)), encoding="utf-8")


def test_what_was_exported_is_sound(exported: Path, run: Path) -> None:
    found = list(verify_export(exported, run))
    assert [one.check for one in found if one.sound] == [
        "checksums", "provenance", "data.jsonl", "card", "secrets", "samples", "figures",
    ]  # fmt: skip
    assert not wrong(exported, run)
    assert not wrong(exported, None)


def test_sha256sum_reads_the_checksums(exported: Path) -> None:
    done = subprocess.run(
        ["sha256sum", "--check", "--strict", SUMS], cwd=exported, capture_output=True, text=True
    )
    assert done.returncode == 0
    assert done.stdout.count(": OK") == 4


def test_a_folder_elsewhere_is_verified_by_itself(exported: Path, tmp_path: Path) -> None:
    there = tmp_path / "there"
    shutil.copytree(exported, there)
    found = {one.check: one.sound for one in verify_export(there, None)}
    assert found["checksums"] is True
    assert found["run"] is None


@pytest.mark.parametrize(
    ("file", "how"),
    [
        ("data.jsonl", lambda text: text.replace("answer 3", "answer 8")),
        ("__ids__/data.txt", lambda text: text.replace("id3", "id9")),
        ("README.md", lambda text: text.replace("6 rows", "60 rows")),
        (PROVENANCE, lambda text: text.replace('"a-model"', '"b-model"')),
    ],
)
def test_a_changed_byte_is_found_by_the_checksums(
    exported: Path, run: Path, file: str, how: Callable[[str], str]
) -> None:
    change(exported / file, how)
    assert wrong(exported, run)["checksums"] == f"{file} was changed"


def test_a_missing_and_an_extra_file(exported: Path, run: Path) -> None:
    (exported / "README.md").unlink()
    (exported / "more.jsonl").write_text("{}\n")
    found = wrong(exported, run)
    assert found["checksums"] == "README.md is missing; more.jsonl was not exported"
    assert "cannot be read" in found["card"]


@pytest.mark.parametrize("file", [SUMS, PROVENANCE])
def test_without_checksums_or_provenance_nothing_is_vouched_for(
    exported: Path, run: Path, file: str
) -> None:
    (exported / file).unlink()
    assert any("is missing" in says for says in wrong(exported, run).values())


# Who tampers may write the checksums anew; the files still have to fit each other and the run.


def test_a_removed_row(exported: Path, run: Path) -> None:
    change(exported / "data.jsonl", lambda text: "".join(text.splitlines(keepends=True)[:-1]))
    sealed_anew(exported)
    found = wrong(exported, run)
    assert "checksums" not in found
    assert found["data.jsonl"] == "5 rows, and the provenance says 6"


def test_swapped_ids(exported: Path, run: Path) -> None:
    ids = exported / "__ids__" / "data.txt"
    change(ids, lambda text: text.replace("id1", "x").replace("id2", "id1").replace("x", "id2"))
    sealed_anew(exported)
    assert wrong(exported, run)["samples"].startswith(
        "data.jsonl, row 2 has not the prompt of its sample id2"
    )


def test_swapped_rows(exported: Path, run: Path) -> None:
    first, second, *others = lines(exported / "data.jsonl")
    (exported / "data.jsonl").write_text("".join([second, first, *others]))
    sealed_anew(exported)
    assert wrong(exported, run)["samples"].startswith(
        "data.jsonl, row 1 has not the prompt of its sample id0"
    )


def test_an_id_of_no_kept_sample(exported: Path, run: Path) -> None:
    change(exported / "__ids__" / "data.txt", lambda text: text.replace("id5", "id7"))
    sealed_anew(exported)
    assert "row 6: the sample id7 is not among those kept" in wrong(exported, run)["samples"]


def test_a_row_that_is_no_json(exported: Path, run: Path) -> None:
    change(exported / "data.jsonl", lambda text: text.replace('{"messages"', '{"messages', 1))
    sealed_anew(exported)
    assert "data.jsonl, line 1: is no JSON" in wrong(exported, run)["data.jsonl"]


def test_a_figure_of_the_card(exported: Path, run: Path) -> None:
    change(exported / "README.md", lambda text: text.replace("| a-model | 6 |", "| a-model | 5 |"))
    sealed_anew(exported)
    assert "is not what the provenance says" in wrong(exported, run)["card"]


def test_figures_of_card_and_provenance(exported: Path, run: Path) -> None:
    """Changed in both alike, so that only the run can tell."""
    provenance = read_provenance(exported)
    seal(exported, provenance.model_copy(update={"licences": {"CC0-1.0": 6}}), ())
    assert "licences are 6 CC0-1.0, and now 6 MIT" in wrong(exported, run)["figures"]
    assert not wrong(exported, None)


def test_books_that_do_not_balance(exported: Path, run: Path) -> None:
    provenance = read_provenance(exported)
    seal(exported, provenance.model_copy(update={"kept": 7}), ())
    assert "7 kept samples are not the 6 exported" in wrong(exported, run)["provenance"]


def test_a_key_in_the_card(exported: Path, run: Path) -> None:
    with open(exported / "README.md", "a", encoding="utf-8") as card:
        card.write("\nkey: hf_abcdefghijklmnopqrstuvwxyz\n")
    assert "holds what looks like a key" in wrong(exported, run)["secrets"]


def test_samples_that_went_since(exported: Path, run: Path) -> None:
    shutil.rmtree(run / "kept")
    write_run(run, [sample(n) for n in range(5)])
    assert "row 6: the sample id5 is not among those kept" in wrong(exported, run)["samples"]


def split_by_hand(folder: Path, in_test: set[int]) -> None:
    """Two files of the rows, those with these numbers in the second."""
    rows, ids = lines(folder / "data.jsonl"), lines(folder / "__ids__" / "data.txt")
    files = []
    for split, mine in (("train", False), ("test", True)):
        numbers = [n for n in range(len(rows)) if (n in in_test) is mine]
        (folder / f"{split}.jsonl").write_text("".join(rows[n] for n in numbers))
        (folder / "__ids__" / f"{split}.txt").write_text("".join(ids[n] for n in numbers))
        files.append(
            ExportedFile(
                path=f"{split}.jsonl", split=split, rows=len(numbers), ids=f"__ids__/{split}.txt"
            )
        )
    seal(folder, read_provenance(folder).model_copy(update={"files": tuple(files)}), ())


def test_splits_share_no_seed(exported: Path, run: Path) -> None:
    split_by_hand(exported, {2, 3})
    found = {one.check: one for one in verify_export(exported, run)}
    assert (found["splits"].sound, found["splits"].says) == (True, "3 seeds, none in two splits")
    # What the whole file was is removed with it, since nobody has changed it.
    assert not (exported / "data.jsonl").exists()
    assert not wrong(exported, run)


def test_a_row_that_was_moved_between_splits(exported: Path, run: Path) -> None:
    split_by_hand(exported, {3})
    assert wrong(exported, run) == {"splits": "seed seed1 is in train and test"}


def test_rows_that_carry_their_ids(run: Path) -> None:
    folder = export(run, Jsonl()).path.parent
    assert not wrong(folder, run)
    change(folder / "data.jsonl", lambda text: text.replace('"id":"id4"', '"id":"id8"'))
    sealed_anew(folder)
    assert "row 5: the sample id8 is not among those kept" in wrong(folder, run)["samples"]


def test_the_folder_of_a_seed_s_file_stays_out(exported: Path) -> None:
    texts = [path.read_text() for path in exported.rglob("*") if path.is_file()]
    assert read_provenance(exported).sources == {"tasks.jsonl": 6}
    assert not any("/data/" in text for text in texts)
    assert json.loads((exported / PROVENANCE).read_text())["format"] == "silversmith provenance 1"


# The command


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of the simulated model, exported."""
    folder = tmp_path_factory.mktemp("runs") / "made"
    for words in (
        ("run", "instruction", "--limit", "6", "--out", folder, "--quiet"),
        ("export", folder, "--format", "trl-sft", "--allow-simulated"),
    ):
        command = [sys.executable, "-m", "silversmith", *map(str, words)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=300)
        assert done.returncode == 0, done.stdout + done.stderr
    return folder


@pytest.fixture
def finished(made: Path, tmp_path: Path) -> Path:
    """A copy of it to tamper with."""
    return shutil.copytree(made, tmp_path / "made")


def test_a_run_with_its_exports_is_verified_line_by_line(finished: Path, call) -> None:
    status, out, _ = call("verify", finished)
    assert status == 0, out
    for check in ("books", "recipe", "kept/", "journal", "checksums", "samples", "figures"):
        assert f"  ok     {check} " in out
    assert out.splitlines()[-1] == "All is as it was written"
    status, out, _ = call("verify", finished / "exports" / "trl-sft", "--json")
    assert status == 0
    assert all(one["sound"] is not False for one in json.loads(out))


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-100])


def spoil_manifest(run: Path) -> None:
    manifest = json.loads((run / "manifest.json").read_text())
    manifest["books"]["kept"] += 1
    (run / "manifest.json").write_text(json.dumps(manifest))


def newer(run: Path) -> None:
    manifest = json.loads((run / "manifest.json").read_text())
    (run / "manifest.json").write_text(json.dumps({**manifest, "schema_version": 99}))


def spoil_journal(run: Path) -> None:
    data = bytearray((run / "journal.db").read_bytes())
    data[4096:8192] = b"\xff" * 4096
    (run / "journal.db").write_bytes(data)


@pytest.mark.parametrize(
    ("tamper", "said"),
    [
        (lambda run: cut(next((run / "kept").glob("*.parquet"))), "cannot be read"),
        (lambda run: next((run / "kept").glob("*.parquet")).unlink(), "has no Parquet files"),
        (lambda run: shutil.copy(
            next((run / "kept").glob("*.parquet")), run / "dropped" / "part-00009.parquet"
        ), "is there twice"),
        (spoil_manifest, "they do not balance"),
        (newer, "written by a newer silversmith"),
        (lambda run: (run / "manifest.json").unlink(), "manifest.json is missing"),
        (lambda run: (run / "recipe.yaml").open("a").write("# more\n"), "it was changed"),
        (spoil_journal, "journal.db is damaged"),
        (lambda run: (run / "journal.db").unlink(), "journal.db is gone"),
        (lambda run: (run / "certificate.json").write_text("{"), "certificate.json"),
    ],
)  # fmt: skip
def test_what_is_wrong_with_a_run_is_said(finished: Path, call, tamper: Tamper, said: str) -> None:
    tamper(finished)
    status, out, err = call("verify", finished)
    assert status == 1
    assert said in "\n".join(line for line in out.splitlines() if "WRONG" in line)
    assert out.splitlines()[-1].endswith("are wrong")
    assert not err


def test_what_is_no_folder_of_ours(call, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    status, _, err = call("verify", tmp_path / "empty")
    assert status == 1
    assert "is neither a run's folder nor one that `silversmith export` wrote" in err


def test_a_mended_sample_need_not_have_its_old_texts(run: Path) -> None:
    def mend(one: Sample) -> Sample:
        if one.id != "id2":
            return one
        return one.with_(messages=(Turn("user", "Asked better?"), *one.messages[1:]))

    folder = export(run, TrlSft(), review=mend).path.parent
    assert "row 3 has not the prompt of its sample id2" in wrong(folder, run)["samples"]
    assert not [one for one in verify_export(folder, run, {"id2"}) if one.sound is False]


def test_signs_that_look_like_the_end_of_a_line_are_none(tmp_path: Path) -> None:
    odd = replace(sample(1), id="a\u2028b", messages=sample(1, said="\u2028\x85 ok").messages)
    folder = export(write_run(tmp_path / "odd", [odd, sample(2)]), TrlSft()).path.parent
    assert not wrong(folder, tmp_path / "odd")


def test_what_was_left_out_is_counted(run: Path) -> None:
    empty = replace(sample(9), messages=(Turn("user", "and?"),))
    shutil.rmtree(run / "kept")
    write_run(run, [sample(0), empty])
    folder = export(run, TrlSft()).path.parent
    assert read_provenance(folder).left_out == {"no answer": 1}
    assert not wrong(folder, run)
