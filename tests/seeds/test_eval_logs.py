"""Evaluation logs, as the packages write them and as production does."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from typing import Any

import pytest

from silversmith.errors import SeedError
from silversmith.seeds.files import File
from silversmith.seeds.logs import Log, Scoring, read_log

DATA = Path(__file__).parent.parent / "data" / "eval_logs"
SAMPLES = "samples_grade_school_2026-11-30T22-13-53.484707.jsonl"


def read(path: Path, **scoring: Any) -> Log:
    return read_log(File(path, path.name), Scoring(**scoring))


def rows(tmp_path: Path, *items: dict[str, Any], name: str = "log.jsonl") -> Path:
    path = tmp_path / name
    path.write_text("".join(json.dumps(one) + "\n" for one in items))
    return path


@pytest.mark.parametrize(
    ("name", "kind", "items", "failed"),
    [
        ("inspect_first.eval", "inspect_ai", 40, 32),
        ("inspect_second.eval", "inspect_ai", 40, 13),
        ("inspect.json", "inspect_ai", 6, 5),
        (SAMPLES, "lm-evaluation-harness", 40, 32),
        ("openai_evals.jsonl", "OpenAI evals", 8, 4),
    ],
)
def test_a_log_is_known_by_what_is_in_it(
    tmp_path: Path, name: str, kind: str, items: int, failed: int
) -> None:
    moved = tmp_path / f"renamed{Path(name).suffix}"
    moved.write_bytes((DATA / name).read_bytes())
    log = read(moved)
    assert (log.kind, len(log.items), log.unusable) == (kind, items, [])
    assert sum(item.failed for item in log.items) == failed
    for item in log.items:
        assert item.prompt
        assert item.output
        assert item.expected
        assert any(text in item.prompt for text in item.texts)


def test_both_harnesses_say_the_same_of_the_same_answers() -> None:
    inspect, harness = read(DATA / "inspect_first.eval"), read(DATA / SAMPLES)
    failed = {item.texts[0] for item in inspect.items if item.failed}
    assert {item.texts[0] for item in harness.items if item.failed} == failed
    assert {item.task for item in (*inspect.items, *harness.items)} == {"grade_school"}


def test_an_answer_that_passes_a_later_filter_has_the_wrong_form(tmp_path: Path) -> None:
    lines = [json.loads(line) for line in (DATA / SAMPLES).read_text().splitlines()]
    one = next(line for line in lines if line["doc_id"] == 0)
    log = read(
        rows(
            tmp_path,
            {**one, "filter": "strict-match", "exact_match": 0.0},
            {**one, "filter": "flexible-extract", "exact_match": 1.0},
        )
    )
    assert len(log.items) == 1
    assert log.items[0].failed
    assert "format" in log.items[0].verdict


def test_options_of_multiple_choice(tmp_path: Path) -> None:
    row = {
        "doc_id": 3,
        "doc": {"question": "Which of these is a metal at room temperature?"},
        "target": "1",
        "arguments": {
            "gen_args_0": {"arg_0": "Question: which metal?\nAnswer:", "arg_1": " wood"},
            "gen_args_1": {"arg_0": "Question: which metal?\nAnswer:", "arg_1": " iron"},
        },
        "resps": [[["-1.5", "False"]], [["-9.0", "False"]]],
        "filter": "none",
        "metrics": ["acc", "acc_norm"],
        "acc": 0.0,
        "acc_norm": 1.0,
    }
    row["doc"]["choices"] = ["wood", "iron"]  # type: ignore[index]
    path = rows(tmp_path, row)
    (item,) = read(path).items
    assert (item.output, item.expected, item.failed) == ("wood", ("iron",), True)
    assert not read(path, metric="acc_norm").items[0].failed
    with pytest.raises(SeedError, match=r"log.jsonl:1: there is no metric 'f1'; metrics: acc"):
        read(path, metric="f1")


def test_an_older_eval_file_is_packed_with_deflate(tmp_path: Path) -> None:
    value = json.loads((DATA / "inspect.json").read_text())
    path = tmp_path / "old.eval"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        header = {name: value[name] for name in ("version", "status", "eval")}
        archive.writestr("header.json", json.dumps(header))
        for number, sample in enumerate(value["samples"]):
            archive.writestr(f"samples/{number}_epoch_1.json", json.dumps(sample))
    assert len(read(path).items) == 6


def test_samples_that_were_not_scored_are_counted(tmp_path: Path) -> None:
    value = json.loads((DATA / "inspect.json").read_text())
    value["samples"][0]["scores"] = {}
    value["samples"][0]["error"] = {"message": "connection reset"}
    value["samples"][1]["input"] = " "
    path = tmp_path / "log.json"
    path.write_text(json.dumps(value))
    log = read(path)
    assert len(log.items) == 4
    reasons = [one.reason for one in log.unusable]
    assert reasons == ["was not scored (connection reset)", "has no prompt"]


def promptfoo(version: int = 3) -> dict[str, Any]:
    def result(answer: str, passed: bool, **more: Any) -> dict[str, Any]:
        return {
            "prompt": {"raw": "Answer in JSON.\nWhere is the Eiffel Tower?", "label": "p"},
            "vars": {"question": "Where is the Eiffel Tower?"},
            "response": {"output": answer},
            "score": float(passed),
            "success": passed,
            "testCase": {"assert": [{"type": "is-json"}, {"type": "contains", "value": "Paris"}]},
            "gradingResult": {
                "pass": passed,
                "score": float(passed),
                "reason": "",
                "componentResults": [
                    {
                        "pass": passed,
                        "score": float(passed),
                        "reason": "Expected output to be valid JSON",
                        "assertion": {"type": "is-json"},
                    }
                ],
            },
            **more,
        }

    error = {
        "prompt": {"raw": "x y"},
        "error": "API error: 500",
        "vars": {},
        "success": False,
        "gradingResult": None,
        "testCase": {},
    }
    found = [result('{"city": "Paris"}', True), result("In Paris.", False), error]
    return {
        "evalId": "eval-1",
        "results": {"version": version, "timestamp": "", "prompts": [], "results": found},
        "config": {"description": "capitals"},
    }


def test_results_of_promptfoo(tmp_path: Path) -> None:
    path = tmp_path / "results.json"
    path.write_text(json.dumps(promptfoo()))
    log = read(path)
    assert [item.failed for item in log.items] == [False, True]
    failed = log.items[1]
    assert failed.verdict == "is-json: Expected output to be valid JSON"
    assert failed.texts == ("Where is the Eiffel Tower?", "Paris")
    assert [one.reason for one in log.unusable] == ["was not graded (API error: 500)"]
    lines = rows(tmp_path, *promptfoo()["results"]["results"], name="results.jsonl")
    assert [(item.prompt, item.failed) for item in read(lines).items] == [
        (item.prompt, item.failed) for item in log.items
    ]


def test_logs_of_another_version_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "results.json"
    path.write_text(json.dumps(promptfoo(7)))
    with pytest.raises(SeedError, match="promptfoo of version 7, and this silversmith knows 2 and"):
        read(path)
    value = json.loads((DATA / "inspect.json").read_text())
    path.write_text(json.dumps({**value, "version": 3}))
    with pytest.raises(SeedError, match="inspect_ai of version 3, and this silversmith knows 2"):
        read(path)
    totals = {"results": {"gsm8k": {"exact_match": 0.2}}, "n-samples": {}, "lm_eval_version": "0.4"}
    path.write_text(json.dumps(totals))
    with pytest.raises(SeedError, match="totals of lm-evaluation-harness and no samples"):
        read(path)


@pytest.mark.parametrize("size", [4, 40, 4000])
def test_a_broken_eval_file_is_one_sentence(tmp_path: Path, size: int) -> None:
    path = tmp_path / "cut.eval"
    path.write_bytes((DATA / "inspect_first.eval").read_bytes()[:size])
    with pytest.raises(SeedError, match=r"cut\.eval: "):
        read(path)


def test_a_byte_that_changed_in_an_eval_file_is_noticed(tmp_path: Path) -> None:
    data = bytearray((DATA / "inspect_first.eval").read_bytes())
    data[5_000:5_040] = bytes(40)
    path = tmp_path / "bent.eval"
    path.write_bytes(data)
    with pytest.raises(SeedError, match=r"bent\.eval: cannot be read as a log of inspect_ai"):
        read(path)


@pytest.mark.parametrize(
    ("row", "failed"),
    [
        ({"score": 0}, True),
        ({"score": 0.5}, False),
        ({"score": "0.2"}, True),
        ({"passed": True}, False),
        ({"correct": "no"}, True),
        ({"feedback": "thumbs_down"}, True),
        ({"thumbs": "👍"}, False),
        ({"vote": -1}, True),
        ({"thumbs_down": True}, True),
        ({"thumbs_down": 0}, False),
        ({"wrong_response": "nonsense"}, True),
    ],
)
def test_scores_and_thumbs(tmp_path: Path, row: dict[str, Any], failed: bool) -> None:
    (item,) = read(rows(tmp_path, {"prompt": "Say hello.", "output": "Hi", **row})).items
    assert item.failed is failed


def test_columns_of_other_names(tmp_path: Path) -> None:
    path = rows(tmp_path, {"q": "Why?", "a": "So.", "gold": ["Because."], "stars": 2, "who": "x"})
    with pytest.raises(SeedError, match=r"no column says whether the answer was right .*--map"):
        read(path)
    columns = {"prompt": "q", "output": "a", "score": "stars"}
    with pytest.raises(SeedError, match=r"the score 2, which is not from 0 to 1: say with --pass"):
        read(path, columns=columns)
    (item,) = read(path, columns=columns, pass_from=4).items
    assert (item.prompt, item.output, item.expected) == ("Why?", "So.", ("Because.",))
    assert item.failed
    assert read(path, columns={"prompt": "q"}, all_failed=True).items[0].failed
    with pytest.raises(SeedError, match="there is no column 'x' for --map score=x; columns: q, a"):
        read(path, columns={"score": "x"})
    with pytest.raises(SeedError, match="--map stars: there is no such field; known: prompt"):
        read(path, columns={"stars": "score"})


def test_conversations_keep_all_turns(tmp_path: Path) -> None:
    messages = [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": "My name is Ann."},
        {"role": "assistant", "content": "Hello."},
        {"role": "user", "content": [{"type": "text", "text": "What is my name?"}]},
    ]
    (item,) = read(rows(tmp_path, {"messages": messages, "output": "?", "score": 0})).items
    assert item.turns == 2
    assert item.texts == ("What is my name?",)
    assert "My name is Ann." in item.prompt


def test_rows_without_a_prompt_or_a_score_are_counted(tmp_path: Path) -> None:
    path = rows(
        tmp_path,
        {"prompt": "", "output": "x", "score": 0},
        {"prompt": "Say hi.", "output": "x", "score": None},
        {"prompt": 7, "output": "x", "score": 1},
        {"prompt": "Say hi.", "output": "x", "score": "meh"},
        {"prompt": "Say hi.", "output": "x", "score": 0},
    )
    log = read(path)
    assert len(log.items) == 1
    assert [one.where for one in log.unusable] == [f"log.jsonl:{n}" for n in (1, 2, 3, 4)]
    with pytest.raises(SeedError, match=r"holds no item .* \(log.jsonl:1 has no prompt\)"):
        read(rows(tmp_path, {"prompt": "", "output": "x", "score": 0}))
