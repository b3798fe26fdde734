"""Runs and judge passes on recorded replies."""

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

import pyarrow.parquet as pq
import pytest
from pydantic import BaseModel

from silversmith import Recipe
from silversmith.cli import main
from silversmith.errors import RecipeError, ReplyError, RunFolderError
from silversmith.generators import Generator
from silversmith.judges import Judge
from silversmith.records import Ask, Draw, Judgement, Sample, Seed
from silversmith.store import Journal

DATA = Path(__file__).parents[1] / "data"
ZEROEVAL = DATA / "zeroeval_gsm/outputs.jsonl"
PAIRS = [
    json.loads(line)
    for line in (DATA / "pandalm_verdicts/testset.jsonl").read_text("utf-8").splitlines()
]
JUDGED = [pair for pair in PAIRS if pair["gpt35"] != "garbage"]
SCORES = {"1": 1.0, "Tie": 0.5, "2": 0.0}


class Preference(Judge):
    """Which of two responses is better, as PandaLM asked it."""

    kind = "preference"

    class Verdict(BaseModel):
        verdict: Literal["1", "2", "Tie"]
        reason: str

    async def judge(self, sample: Sample, ask: Ask) -> Sequence[Judgement]:
        reply = await ask(self.Verdict, sample=sample, other=json.loads(sample.row)["response2"])
        return [
            Judgement(self.title, "better", "", SCORES[reply.verdict], 0.0, reply.reason),
        ]


TEMPLATE = """{% block user %}{{ sample.instruction }}

1: {{ sample.response }}

2: {{ other }}{% endblock %}"""


def line(pair, **naming):
    """What GPT-3.5 said of a pair."""
    verdict = {"verdict": pair["gpt35"], "reason": pair["gpt35_reason"]}
    return {**naming, "model": "gpt-3.5-turbo", "reply": verdict}


@pytest.fixture
def project(tmp_path):
    """A folder with the pairs as a dataset and the judge's template; writes replies."""
    folder = tmp_path / "project"
    (folder / "prompts").mkdir(parents=True)
    (folder / "prompts/preference.j2").write_text(TEMPLATE)
    write(folder / "pairs.jsonl", ({"id": pair["idx"], **pair} for pair in PAIRS))
    return folder


def write(file, rows):
    file.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")


def judge_pass(project, *, replies="replay:replies.jsonl", **changes):
    values = {
        "folder": project,
        "models": {"critic": replies},
        "seeds": [{"dataset": "pairs.jsonl"}],
        "generators": [{"existing": {"map": {"response": "response1"}}}],
        "judges": [Preference()],
    }
    return Recipe(**{**values, **changes})


def rows(folder, name="kept"):
    place = folder / name
    return pq.read_table(place).to_pylist() if any(place.glob("*.parquet")) else []


def scores(folder):
    return {json.loads(row["row"])["idx"]: row["score"] for row in rows(folder)}


EXPECTED = {pair["idx"]: SCORES[pair["gpt35"]] for pair in JUDGED}


class TestAJudgePass:
    def test_rows_are_scored_as_the_recorded_judge_did(self, project, tmp_path):
        write(project / "replies.jsonl", (line(pair, sample=pair["idx"]) for pair in JUDGED))

        report = judge_pass(project).run(tmp_path / "run")

        assert (report.balance.kept, report.balance.failed) == (len(JUDGED), 2)
        assert scores(tmp_path / "run") == EXPECTED
        for row in rows(tmp_path / "run"):
            (judgement,) = row["judgements"]
            assert judgement["model"] == "gpt-3.5-turbo"
            assert judgement["rationale"] == json.loads(row["row"])["gpt35_reason"]

    def test_what_nobody_recorded_fails_and_says_what_was_sought(self, project, tmp_path):
        write(project / "replies.jsonl", (line(pair, sample=pair["idx"]) for pair in JUDGED))
        judge_pass(project).run(tmp_path / "run")
        failed = rows(tmp_path / "run", "failed")
        assert [json.loads(row["row"])["idx"] for row in failed] == [161, 172]
        for row in failed:
            own = json.loads(row["row"])["id"]
            names = f"'{row['id']}' or '{row['seed']['source']}' or '{own}'"
            assert row["failure"]["stage"] == "judge preference"
            assert f"replies.jsonl holds no reply to the sample {names}" in row["failure"]["reason"]
            assert row["judgements"] in (None, [])

    def test_a_row_may_be_named_by_its_line_or_by_the_samples_id(self, project, tmp_path):
        at = {pair["idx"]: number for number, pair in enumerate(PAIRS, 1)}
        lines = [line(pair, sample=f"pairs.jsonl#{at[pair['idx']]}") for pair in JUDGED]
        write(project / "replies.jsonl", lines)
        judge_pass(project).run(tmp_path / "by-line")
        assert scores(tmp_path / "by-line") == EXPECTED

        ids = {json.loads(row["row"])["idx"]: row["id"] for row in rows(tmp_path / "by-line")}
        lines = [line(pair, sample=ids[pair["idx"]]) for pair in JUDGED]
        write(project / "replies.jsonl", lines)
        judge_pass(project).run(tmp_path / "by-id")
        assert scores(tmp_path / "by-id") == EXPECTED

    def test_or_by_its_prompt(self, project, tmp_path):
        def prompt(pair):
            asked = "\n\n".join(filter(None, (pair["instruction"], pair["input"])))
            return f"{asked}\n\n1: {pair['response1']}\n\n2: {pair['response2']}"

        write(project / "replies.jsonl", (line(pair, prompt=prompt(pair)) for pair in JUDGED))
        judge_pass(project).run(tmp_path / "run")
        assert scores(tmp_path / "run") == EXPECTED

    def test_it_costs_nothing_and_keeps_within_a_limit(self, project, tmp_path):
        lines = [line(pair, sample=pair["idx"]) for pair in JUDGED]
        lines[0]["usage"] = {"prompt_tokens": 100, "completion_tokens": 20}
        write(project / "replies.jsonl", lines)
        report = judge_pass(project, limits={"max_cost": 0.01}).run(tmp_path / "run")
        (used,) = report.manifest["usage"]
        assert (used["calls"], used["input_tokens"], used["output_tokens"]) == (10, 100, 20)
        assert report.manifest["cost"] == used["cost"] == used["unmetered"] == 0
        again = judge_pass(project, limits={"max_cost": 0.01}).run(tmp_path / "run")
        assert again.manifest["this_run"]["calls"] == 0
        assert again.manifest["cost"] == 0

    def test_a_reply_that_cannot_be_used_is_what_the_sample_fails_with(self, project, tmp_path):
        lines = [line(pair, sample=pair["idx"]) for pair in JUDGED]
        lines[3]["reply"] = "I cannot decide between the two."
        lines[5]["reply"] = "Well, the second one."
        lines.append(line(JUDGED[5], sample=JUDGED[5]["idx"]))
        write(project / "replies.jsonl", lines)
        judge_pass(project).run(tmp_path / "run")
        failed = {json.loads(row["row"])["idx"]: row["failure"] for row in rows(
            tmp_path / "run", "failed"
        )}  # fmt: skip
        assert JUDGED[5]["idx"] not in failed
        failure = failed[JUDGED[3]["idx"]]
        assert failure["reason"] == "there is no JSON object in the reply"
        assert failure["reply"] == "I cannot decide between the two."

    def test_other_replies_want_the_users_word_and_change_what_they_say(self, project, tmp_path):
        lines = [line(pair, sample=pair["idx"]) for pair in JUDGED]
        write(project / "replies.jsonl", lines)
        judge_pass(project).run(tmp_path / "run")
        write(project / "replies.jsonl", [
            *lines,
            *({"sample": n, "reply": {"verdict": "Tie", "reason": ""}} for n in (161, 172)),
        ])  # fmt: skip
        with pytest.raises(RunFolderError, match=r"the model changed.*about \$0\.00"):
            judge_pass(project).run(tmp_path / "run")
        judge_pass(project).run(tmp_path / "run", again=True)
        assert scores(tmp_path / "run") == {**EXPECTED, 161: 0.5, 172: 0.5}

    def test_the_command_takes_a_file_from_where_the_user_stands(
        self, project, tmp_path, monkeypatch
    ):
        verdict = {"rationale": "It is short.", "score": 3}
        named = {"asker": "rubric", "reply": {"accuracy": verdict}}
        lines = [{"sample": pair["idx"], **named} for pair in PAIRS]
        (tmp_path / "elsewhere").mkdir()
        write(tmp_path / "elsewhere/mine.jsonl", lines)
        (project / "judges.yaml").write_text(
            "models: {critic: {model: openai/m, parameters: {temperature: 1}}}\n"
            "judges: [{rubric: [accuracy]}]\n"
        )
        monkeypatch.chdir(tmp_path / "elsewhere")
        words = [
            "judge", project / "pairs.jsonl", "--judges", project / "judges.yaml",
            "--map", "response=response1", "--model", "replay:mine.jsonl",
            "--out", "run", "--quiet",
        ]  # fmt: skip
        monkeypatch.setattr(sys, "argv", ["silversmith", *map(str, words)])
        with pytest.raises(SystemExit) as end:
            main()
        assert not end.value.code
        judged = rows(Path("run"))
        assert len(judged) == len(PAIRS)
        assert {row["judgements"][0]["model"] for row in judged} == {"replay:mine.jsonl"}


class Solve(Generator):
    """A word problem, answered as ZeroEval asks for it."""

    kind = "solve"

    class Solution(BaseModel):
        reasoning: str
        answer: str

    async def draft(self, seed: Seed, draw: Draw, ask: Ask) -> Sample:
        reply = await ask(self.Solution, seed=seed)
        if not reply.answer:
            raise ReplyError("the answer is empty")
        return Sample.pair(seed.instruction, reply.reasoning).with_(answer=reply.answer)


class TestARun:
    def recipe(self, folder, **changes):
        values = {
            "folder": folder,
            "models": {"writer": {"replay": "replies.jsonl", "parameters": {"temperature": 0}}},
            "seeds": [{"tasks": "tasks.jsonl"}],
            "generators": [Solve(**changes)],
        }
        return Recipe(**values)

    @pytest.fixture
    def folder(self, tmp_path):
        (tmp_path / "prompts").mkdir()
        (tmp_path / "prompts/solve.j2").write_text(
            "{% block user %}{{ seed.instruction }}{% endblock %}"
        )
        write(tmp_path / "tasks.jsonl", [{"instruction": "What is 2 + 2?"}])
        return tmp_path

    def test_origins_tell_file_model_and_that_it_is_a_replay(self, folder):
        write(folder / "replies.jsonl", [
            {"prompt": "What is 2 + 2?", "draw": 0, "model": "small",
             "reply": {"reasoning": "2 + 2 = 4", "answer": "4"}},
            {"prompt": "What is 2 + 2?", "draw": 1,
             "reply": {"reasoning": "Two and two make 4.", "answer": "4"}},
        ])  # fmt: skip
        self.recipe(folder, draws=2).run(folder / "run")
        kept = rows(folder / "run")
        assert [row["messages"][-1]["content"] for row in kept] == [
            "2 + 2 = 4", "Two and two make 4.",
        ]  # fmt: skip
        assert [row["origin"]["model"] for row in kept] == ["small", "replay:replies.jsonl"]
        for row in kept:
            assert json.loads(row["origin"]["parameters"]) == {
                "temperature": 0, "replay": "replies.jsonl",
            }  # fmt: skip
            assert not row["origin"]["simulated"]
        with Journal(folder / "run/journal.db") as journal:
            (first,) = journal.replies_by_id(bytes.fromhex(kept[0]["id"])).values()
        assert json.loads(first)["replayed"] == "replies.jsonl#1"

    def test_real_replies_are_read_again_for_nothing(self, folder):
        recorded = [json.loads(line) for line in ZEROEVAL.read_text("utf-8").splitlines()]
        names = [f"{one['model']}/{one['i']}" for one in recorded]
        write(folder / "tasks.jsonl", (
            {"id": name, "instruction": f"Solve {name}."} for name in names
        ))  # fmt: skip
        write(folder / "replies.jsonl", (
            {"sample": name, "model": one["model"], "reply": one["output"]}
            for name, one in zip(names, recorded, strict=True)
        ))  # fmt: skip
        report = self.recipe(folder).run(folder / "run")
        assert (report.balance.kept, report.balance.failed, report.balance.pending) == (8, 8, 0)
        assert [row["answer"] for row in rows(folder / "run")] == [
            "$18", "315", "26", "1375", "18", "18", "50", "2",
        ]  # fmt: skip
        outputs = {one["output"] for one in recorded}
        for row in rows(folder / "run", "failed"):
            assert row["failure"]["reply"] in outputs
            assert "JSON" in row["failure"]["reason"] or "required" in row["failure"]["reason"]
        assert report.manifest["cost"] == 0

    def test_each_sample_has_its_own_reply(self, folder):
        tasks = [{"id": n, "instruction": f"What is {n} + 1?"} for n in range(200)]
        write(folder / "tasks.jsonl", tasks)
        write(folder / "replies.jsonl", (
            {"sample": n, "reply": {"reasoning": f"{n} + 1 = {n + 1}", "answer": str(n + 1)}}
            for n in reversed(range(200))
        ))  # fmt: skip
        self.recipe(folder).run(folder / "run")
        answers = [row["answer"] for row in rows(folder / "run")]
        assert answers == [str(n + 1) for n in range(200)]

    def test_a_file_that_is_not_there_is_said_before_anything(self, folder):
        with pytest.raises(RecipeError, match=r"there is no file .*replies\.jsonl"):
            self.recipe(folder).run(folder / "run")
