"""A planned batch in other tools' forms, filled in there, and read back."""

from __future__ import annotations

import csv
import json
import subprocess
import sys
import threading
import xml.etree.ElementTree as ET
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from uuid import uuid4

import pytest

from silversmith.records import Judgement, Sample, sample_to_json, table_from_json
from silversmith.review.plan import plan_review
from silversmith.review.plan_file import read_plan
from silversmith.review.store import open_reviews
from silversmith.review.wanted import Wanted
from silversmith.store import ParquetParts

HOSTILE = '=HYPERLINK("http://x"), <script>alert(1)</script> & "quotes"\nline 2 ☃ \'x'


def silversmith(*words: str | Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "silversmith", *map(str, words)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """Six kept samples, all planned."""
    folder = tmp_path / "run"
    rows = []
    for number in range(6):
        said = Judgement("rubric", "right", "m", 0.9, 4.6, "fine", probability=0.9 - number / 10)
        one = Sample.pair(
            f"question {number}", HOSTILE if number == 0 else f"answer {number}",
            id=f"{number:032x}", strategy="instruction", score=0.9, judgements=(said,),
        )  # fmt: skip
        rows.append(sample_to_json(one))
    with ParquetParts(folder / "kept") as parts:
        parts.write(table_from_json(rows))
    plan_review(folder, Wanted(samples=6, overlap=0, repeats=0, routed=0, seed=1))
    return folder


def items(run: Path) -> dict[int, str]:
    """The item of each sample, by the sample's number."""
    plan = read_plan(run)
    assert plan is not None
    return {int(one.sample, 16): one.item for one in plan.items}


def fill_csv(path: Path, said: dict[str, dict[str, str]]) -> Path:
    with open(path, encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    for row in rows:
        row.update(said.get(row["item"], {}))
    with open(path, "w", encoding="utf-8-sig", newline="") as file:
        writer = csv.DictWriter(file, rows[0])
        writer.writeheader()
        writer.writerows(rows)
    return path


def fill_xlsx(path: Path, said: dict[str, dict[str, str]]) -> Path:
    openpyxl = pytest.importorskip("openpyxl", reason="workbooks need openpyxl")
    book = openpyxl.load_workbook(path)
    sheet = book["samples"]
    names = [cell.value for cell in sheet[1]]
    for row in sheet.iter_rows(min_row=2):
        assert all(cell.data_type in ("s", "n") for cell in row)  # never a formula
        for name, text in said.get(row[0].value, {}).items():
            row[names.index(name)].value = text
    book.save(path)
    return path


def fill_label_studio(path: Path, said: dict[str, dict[str, str]]) -> Path:
    tasks = json.loads(path.read_bytes())
    for number, task in enumerate(tasks):
        task |= {"id": number, "annotations": []}
        if answers := dict(said.get(task["data"]["item"], {})):
            by = answers.pop("reviewer")
            result = [
                {
                    "from_name": name, "to_name": "response",
                    "type": "textarea" if name in ("comment", "fixed_response") else "choices",
                    "value": {"text": [text]}
                    if name in ("comment", "fixed_response")
                    else {"choices": [text]},
                }
                for name, text in answers.items()
            ]  # fmt: skip
            task["annotations"].append(
                {"id": 1, "completed_by": {"id": 7, "email": by}, "result": result,
                 "was_cancelled": False, "lead_time": 12.5,
                 "updated_at": "2026-11-30T12:00:00.000000Z"}
            )  # fmt: skip
    path.write_text(json.dumps(tasks), encoding="utf-8")
    return path


def fill_argilla(path: Path, said: dict[str, dict[str, str]]) -> Path:
    records = json.loads(path.read_bytes())
    for record in records:
        answers = dict(said.get(record["id"], {}))
        by = answers.pop("reviewer", "")
        record["responses"] = {
            name: [{"value": text, "user_id": by, "status": "submitted"}]
            for name, text in answers.items()
        }
    path.write_text(json.dumps(records), encoding="utf-8")
    return path


TOOLS: dict[str, tuple[str, Callable[[Path, dict[str, dict[str, str]]], Path]]] = {
    "csv": ("data.csv", fill_csv),
    "xlsx": ("data.xlsx", fill_xlsx),
    "label-studio": ("tasks.json", fill_label_studio),
    "argilla": ("records.json", fill_argilla),
}


@pytest.mark.parametrize("tool", TOOLS)
def test_a_batch_goes_out_and_its_verdicts_come_back(run: Path, tool: str) -> None:
    if tool == "xlsx":
        pytest.importorskip("openpyxl", reason="workbooks need openpyxl")
    name, fill = TOOLS[tool]
    done = silversmith("export", run, "--format", tool)
    assert done.returncode == 0, done.stderr
    assert "6 items" in done.stdout
    path = run / "exports" / tool / name
    item = items(run)
    said = {
        item[0]: {"verdict": "accept", "reviewer": "ann"},
        item[1]: {
            "verdict": "reject", "reason": "incomplete", "comment": "no ☃", "reviewer": "ann",
        },
        item[2]: {"verdict": "fix", "fixed_response": "a better answer", "reviewer": "ben"},
        item[3]: {"verdict": "skip", "reviewer": "ben"},
    }  # fmt: skip
    fill(path, said)
    done = silversmith("reviews", "import", run, path)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "4 verdicts added, 0 were here already, 2 rows are undecided" in done.stdout
    with open_reviews(run) as reviews:
        found = {one.item: one for one in reviews.verdicts()}
    assert {one: found[one].verdict for one in said} == {
        one: answers["verdict"] for one, answers in said.items()
    }
    assert (found[item[1]].reason, found[item[1]].text) == ("incomplete", "no ☃")
    assert found[item[1]].reviewer.endswith("ann")
    mended = json.loads(found[item[2]].fixed)["messages"]
    assert [turn["content"] for turn in mended] == ["question 2", "a better answer"]

    again = silversmith("reviews", "import", run, path)
    assert again.returncode == 0
    assert "0 verdicts added, 4 were here already" in again.stdout
    fill(path, {item[0]: {"verdict": "reject", "reviewer": "ann"}})
    other = silversmith("reviews", "import", run, path)
    assert other.returncode == 1
    assert "1 conflicts with what was said before, which stays" in other.stdout
    assert "says reject of" in other.stdout
    with open_reviews(run) as reviews:
        assert len(reviews.verdicts()) == 4


def test_what_cannot_be_matched_is_said_row_by_row(run: Path) -> None:
    assert silversmith("export", run, "--format", "csv").returncode == 0
    path = run / "exports" / "csv" / "data.csv"
    item = items(run)
    fill_csv(path, {
        item[0]: {"verdict": "perhaps", "reviewer": "ann"},
        item[1]: {"verdict": "accept"},
        item[2]: {"verdict": "fix", "reviewer": "ann"},
        item[3]: {"verdict": "accept", "reviewer": "ann", "item": "elsewhere"},
    })  # fmt: skip
    done = silversmith("reviews", "import", run, path)
    assert done.returncode == 1
    for words in (
        "'perhaps' is no verdict", "nobody is named who decided",
        "a fix without the answer", "elsewhere is not in the plan", "data.csv#",
    ):  # fmt: skip
        assert words in done.stdout
    done = silversmith("reviews", "import", run, path, "--reviewer", "cem")
    assert "1 verdicts added" in done.stdout


def test_a_table_holds_no_formula_and_no_role(run: Path) -> None:
    assert silversmith("export", run, "--format", "csv").returncode == 0
    with open(run / "exports" / "csv" / "data.csv", encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    assert not any(cell[:1] in ("=", "+", "-", "@") for row in rows for cell in row.values())
    assert {row["suggestion"] for row in rows} == {"accept", "reject"}
    assert not {"role", "weight", "expected"} & set(rows[0])
    assert f"'{HOSTILE}" in {row["response"] for row in rows}


def test_label_studios_interface_names_what_the_tasks_have(run: Path) -> None:
    (run / "guidelines.md").write_text("# <Rules> & $5\n\nBe kind.\n", encoding="utf-8")
    assert silversmith("export", run, "--format", "label-studio").returncode == 0
    folder = run / "exports" / "label-studio"
    config = ET.parse(folder / "config.xml").getroot()
    tasks = json.loads((folder / "tasks.json").read_bytes())
    shown = {one.get("value", "").removeprefix("$") for one in config.iter("Text")}
    assert shown <= set(tasks[0]["data"])
    controls = {one.get("name") for one in config.iter("Choices")}
    assert controls == {"verdict", "reason"}
    predicted = {r["from_name"] for t in tasks for p in t["predictions"] for r in p["result"]}
    assert predicted <= controls
    assert any("Be kind." in one.get("value", "") for one in config.iter("Header"))


def test_label_studio_itself_takes_the_tasks(run: Path) -> None:
    interface = pytest.importorskip(
        "label_studio_sdk.label_interface.interface", reason="label-studio-sdk is not installed"
    )
    assert silversmith("export", run, "--format", "label-studio").returncode == 0
    folder = run / "exports" / "label-studio"
    found = interface.LabelInterface((folder / "config.xml").read_text(encoding="utf-8"))
    found.validate()
    for task in json.loads((folder / "tasks.json").read_bytes()):
        found.validate_task({"data": task["data"]}, validate_regions_only=False)
        for prediction in task["predictions"]:
            assert found.validate_prediction(prediction)


class Me(BaseHTTPRequestHandler):
    """Says who one is, which is all that Argilla's client asks before it works offline."""

    def do_GET(self) -> None:
        who = {"id": str(uuid4()), "username": "ann", "role": "owner"}
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.end_headers()
        self.wfile.write(json.dumps(who).encode())

    def log_message(self, *_: object) -> None:
        return


@pytest.fixture
def me() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Me)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def test_argilla_itself_takes_the_settings_and_records(run: Path, me: str) -> None:
    argilla = pytest.importorskip("argilla", reason="argilla is not installed")
    assert silversmith("export", run, "--format", "argilla").returncode == 0
    folder = run / "exports" / "argilla"
    argilla.Argilla(api_url=me, api_key="nobody")  # its classes want a client to be there
    settings = argilla.Settings.from_json(folder / ".argilla" / "settings.json")
    assert [one.name for one in settings.questions] == [
        "verdict", "reason", "comment", "fixed_response",
    ]  # fmt: skip
    settings.validate()
    records = [
        argilla.Record.from_dict(one) for one in json.loads((folder / "records.json").read_bytes())
    ]
    assert len(records) == 6
    assert records[0].fields["response"]
    assert next(iter(records[0].suggestions)).question_name == "verdict"


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("x.json", "{", "cannot be read as JSON"),
        ("x.json", "[]", "neither Argilla's records nor Label Studio's"),
        ("x.csv", "a,b\n1,2\n", "has no column item, verdict"),
        ("x.json", '[{"data": 1}]', "has no 'data'"),
    ],
)
def test_a_file_of_no_tool(run: Path, name: str, text: str, said: str) -> None:
    path = run.parent / name
    path.write_text(text, encoding="utf-8")
    done = silversmith("reviews", "import", run, path)
    assert done.returncode == 1
    assert said in done.stderr
    assert "Traceback" not in done.stderr


def test_without_a_plan_nothing_goes_over(run: Path) -> None:
    (run / "review-plan.json").unlink()
    done = silversmith("export", run, "--format", "csv")
    assert done.returncode == 1
    assert "--plan" in done.stderr
