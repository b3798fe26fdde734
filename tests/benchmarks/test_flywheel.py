"""The grammar, the teacher and the examination of the flywheel's benchmark; what it trains is in
tests/train."""

from __future__ import annotations

import json
import random
import subprocess
import sys
import urllib.error
import urllib.request
from collections import Counter
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from silversmith.checks.traces import check_trace
from silversmith.seeds.files import find_files
from silversmith.seeds.logs import Scoring, read_log

BENCHMARKS = Path(__file__).resolve().parents[2] / "benchmarks"


@pytest.fixture(autouse=True)
def _importable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(BENCHMARKS))


def drafting(material: str, seed: int = 0, tag: str = "failures") -> dict[str, Any]:
    """A request for a draft, as the strategy `reasoning` sends it."""
    fields = {name: {} for name in ("problem", "setup", "steps", "answer")}
    return {
        "messages": [{"role": "user", "content": f"Write.\n\n<{tag}>\n{material}\n</{tag}>"}],
        "response_format": {"json_schema": {"schema": {"properties": fields}}},
        "seed": seed,
    }


def solving(problem: str, seed: int = 0) -> dict[str, Any]:
    """A request for a solution, as `agreement` sends it."""
    request = drafting(problem, seed, "problem")
    del request["response_format"]["json_schema"]["schema"]["properties"]["problem"]
    return request


def test_what_the_grammar_writes_it_reads_and_solves() -> None:
    from looping.grammar import FAMILIES, made, read

    dice = random.Random(5)
    for family in FAMILIES.values():
        for problem in (made(family, dice) for _ in range(300)):
            found = read(problem.text)
            assert found is not None
            assert (found.family.name, found.numbers) == (family.name, problem.numbers)
            values = [step.value for step in problem.steps]
            assert all(0 < value <= 40 for value in values), problem
            assert all(s.left % s.right == 0 for s in problem.steps if s.sign == "/"), problem
            assert str(problem.answer) == problem.solution.rpartition("Answer: ")[2]


def test_some_problems_are_solved_by_hand() -> None:
    from looping.grammar import read

    for text, answer in (
        ("Ada has 12 coins, gets 3 more and then loses 6. How many coins are left?", 9),
        ("Ben pays with 20 euros and buys 3 cups at 4 euros each. How many euros come back?", 8),
        ("Ada has 5 nuts, and Ben has 4 nuts more. How many nuts do Ada and Ben have together?",
         14),
        ("Ada owns 3 pairs of nuts and 5 single nuts. How many nuts does Ada own?", 11),
        ("Of 9 eggs 3 are broken, and 2 guests share the others. How many eggs has each guest?", 3),
    ):  # fmt: skip
        problem = read(text)
        assert problem is not None, text
        assert problem.answer == answer
    assert read("Ada has 12 coins, gets 3 more and then loses 6. How many balls are left?") is None
    assert read("Say ready.") is None


def test_a_hasty_reading_is_wrong_and_its_sums_are_right() -> None:
    from looping.grammar import FAMILIES, made

    dice = random.Random(6)
    for family in FAMILIES.values():
        problems = [made(family, dice) for _ in range(100)]
        wrong = [family.wrong(**problem.numbers) for problem in problems]
        assert all(steps[-1].value >= 0 for steps in wrong)
        same = sum(
            steps[-1].value == problem.answer
            for steps, problem in zip(wrong, problems, strict=True)
        )
        assert same < 10, family.name


def test_the_teacher_writes_what_the_failures_speak_of() -> None:
    from looping.grammar import FAMILIES, read
    from looping.teacher import Teacher

    about = "The model works out calculations wrongly and arrives at another number.\nWords: "
    for words, family in (("euros, cost, pays", "purchase"), ("pairs, single", "pairs")):
        drafts = [json.loads(Teacher().reply(drafting(about + words, seed))) for seed in range(20)]
        for draft in drafts:
            problem = read(draft["problem"])
            assert problem is not None
            assert problem.family.name == family
            assert draft["answer"] == str(problem.answer)
            trace = check_trace(draft["problem"], "", draft["steps"], draft["answer"])
            assert trace.fault is None
        assert len({draft["problem"] for draft in drafts}) > 15
    told = [json.loads(Teacher().reply(drafting(about, seed)))["problem"] for seed in range(400)]
    counts = Counter(problem.family.name for text in told if (problem := read(text)))
    assert set(counts) == set(FAMILIES)
    assert max(counts.values()) < 2.5 * 400 / len(FAMILIES)


def test_the_teacher_is_wrong_as_often_as_planned_and_slips_are_seen() -> None:
    from looping.grammar import read
    from looping.teacher import Teacher

    teacher = Teacher(slips=0.2, misreadings=0.1)
    seen = Counter()
    for seed in range(1_000):
        draft = json.loads(teacher.reply(drafting("pairs, single", seed)))
        problem = read(draft["problem"])
        assert problem is not None
        fault = check_trace(draft["problem"], "", draft["steps"], draft["answer"]).fault
        seen[draft["answer"] == str(problem.answer), fault is None] += 1
    assert seen[True, False] == 0  # what is right is not found fault with
    assert 150 < seen[False, False] < 250  # slips
    assert 60 < seen[False, True] < 140  # misreadings, of which every sum is right


def test_the_same_request_has_the_same_reply_and_a_draft_that_comes_back_its_problem() -> None:
    from looping.teacher import Teacher

    teacher = Teacher(slips=1.0)
    first = teacher.reply(drafting("pairs, single", 3))
    assert teacher.reply(drafting("pairs, single", 3)) == first
    assert teacher.reply(drafting("pairs, single", 4)) != first
    again = drafting("pairs, single", 3)
    again["messages"] += [
        {"role": "assistant", "content": first},
        {"role": "user", "content": "This reply cannot be used: the left side comes to 7."},
    ]
    mended = json.loads(Teacher().reply(again))
    assert mended["problem"] == json.loads(first)["problem"]
    assert mended["answer"] != json.loads(first)["answer"]
    text = mended["problem"]
    assert json.loads(Teacher().reply(solving(text)))["answer"] == mended["answer"]


def test_the_endpoint_says_what_it_cannot_read() -> None:
    from looping.teacher import Teacher, teaching

    with teaching(Teacher()) as url:
        request = urllib.request.Request(
            f"{url}/chat/completions", json.dumps(solving("How high is the moon?")).encode()
        )
        with pytest.raises(urllib.error.HTTPError) as refused:
            urllib.request.urlopen(request, timeout=30)
        assert refused.value.code == 400
        assert "cannot read this problem: 'How high is the moon?'" in refused.value.read().decode()


def test_an_examination_is_a_log_that_next_reads(tmp_path: Path) -> None:
    from looping.examination import Examination, items, write_log
    from looping.grammar import FAMILIES

    problems = items(3, seed=1)
    others = items(3, seed=1, without=problems)
    assert not {one.text for one in problems} & {one.text for one in others}

    def answers(prompts: list[str]) -> list[str]:
        told = [problem.solution for problem in problems]
        told[0] = told[0].replace("Answer: ", "Answer: 1")
        told[1] = "1. Add"
        return told

    examined = Examination.of(problems, answers)
    first = problems[0].family.name
    assert examined.rates() == {name: 2 / 3 if name == first else 0 for name in FAMILIES}
    assert examined.failures([first]).tolist() == [1, 1, 0]
    write_log(examined, tmp_path / "log.jsonl")
    (file,) = find_files(str(tmp_path / "log.jsonl"), Path(), (".jsonl",))
    log = read_log(file, Scoring(), None)
    assert [item.prompt for item in log.items] == [problem.text for problem in problems]
    assert [item.failed for item in log.items] == [True, True] + [False] * (len(problems) - 2)
    assert log.items[0].expected == (str(problems[0].answer),)


def test_the_commands_go_from_failures_to_rows(tmp_path: Path) -> None:
    from looping import commands
    from looping.examination import Examination, items, write_log
    from looping.teacher import Teacher, teaching

    problems = items(12, seed=1)
    failing = ("purchase", "broken ones")
    examined = Examination(
        problems,
        ["Answer: 99" if one.family.name in failing else one.solution for one in problems],
    )
    write_log(examined, tmp_path / "base.jsonl")
    with teaching(Teacher(slips=0.3, misreadings=0.1)) as url:
        general = commands.general_run(tmp_path, url, 24)
        said = commands.next_round(general, tmp_path / "base.jsonl", tmp_path / "1", 24)
        assert "24 failed" in said
        recipe = tmp_path / "1" / "recipe.yaml"
        commands.run(recipe, tmp_path / "1" / "run", url, 24)
        drafts = commands.draft_unchecked(recipe, tmp_path / "drafts", url, 24, 3)
    assert len(set(commands.families(commands.exported(general)))) > 6
    told = Counter(commands.families(commands.exported(tmp_path / "1" / "run")))
    assert sum(told[name] for name in failing) > 0.7 * sum(told.values()), told
    rows = commands.exported(drafts)
    assert 0.1 < commands.wrong_share(rows) < 0.8
    filters = [
        {"judgement": {"judge": "verified", "criterion": "must_hold", "min": 1}},
        "looping.unchecked:Agreed",
    ]
    kept = commands.exported(commands.filter_run(drafts, tmp_path / "filtered", filters))
    assert len(kept) < len(rows)
    assert commands.wrong_share(kept) < commands.wrong_share(rows)


@pytest.mark.skipif(find_spec("trl") is not None, reason="here it could be run")
def test_without_trl_it_says_what_is_needed(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, str(BENCHMARKS / "flywheel.py"), str(tmp_path / "work")],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert "trl cannot be imported: `make .venv-train/.installed`" in done.stderr
    assert not (tmp_path / "work").exists()
