"""The judge that asks no model, alone and in front of one that costs money."""

import json
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from silversmith.checks.sandbox import SandboxUnavailable, run_tests
from silversmith.errors import RecipeError, ReplyError
from silversmith.judges.verified import Verified
from silversmith.pipeline import Recipe
from silversmith.records import Constraint, Origin, Passage, Sample, Span, Step

NOTHING = {"must_hold": 1.0}


async def no_ask(*words, **values):
    raise AssertionError("a model was asked")


async def scores(sample: Sample, **options) -> dict[str, float]:
    return {j.criterion: j.score for j in await Verified(**options).judge(sample, no_ask)}


async def test_what_cannot_be_told_breaks_nothing_and_gets_no_score():
    judge = Verified()
    (one,) = await judge.judge(Sample.pair("Say hello.", "Hello!"), no_ask)
    assert (one.criterion, one.score) == ("must_hold", 1.0)
    assert one.rationale == "nothing that must hold could be told"
    assert judge.score([one]) is None
    assert not judge.settles([one])


async def test_a_wrong_sum_in_the_response_breaks_what_must_hold():
    judge = Verified()
    judgements = await judge.judge(Sample.pair("2 + 3?", "2 + 3 = 6, so 6."), no_ask)
    assert {j.criterion: j.score for j in judgements} == {"arithmetic": 0.0, "must_hold": 0.0}
    assert "comes to 5" in judgements[0].rationale
    assert judge.settles(judgements)
    assert judge.score(judgements) == 0.0


async def test_what_need_not_hold_counts_and_does_not_settle():
    judge = Verified(checks=["arithmetic", "answer"], must_hold=["answer"])
    sample = Sample.pair("2 + 3?", "2 + 3 = 6.\n#### 5", answer="5")
    judgements = await judge.judge(sample, no_ask)
    assert {j.criterion: j.score for j in judgements} == {
        "arithmetic": 0.0,
        "answer": 1.0,
        "must_hold": 1.0,
    }
    assert not judge.settles(judgements)
    assert judge.score(judgements) == 0.5


class TestAnswer:
    @pytest.mark.parametrize(
        ("known", "response", "passes"),
        [
            ("#### 1,500", "So it costs $1500.", 1.0),
            (r"\boxed{\frac{1}{2}}", r"Thus \boxed{0.5}", 1.0),
            ("x^2 - 1", r"The answer is \boxed{(x-1)(x+1)}", 1.0),
            ("(B)", "Answer: B", 1.0),
            ("42", "The answer is 41", 0.0),
        ],
    )
    async def test_is_compared_by_value(self, known, response, passes):
        found = await scores(Sample.pair("q", response, answer=known), checks=["answer"])
        assert found["answer"] == passes

    @pytest.mark.parametrize("known", ["Because the sky scatters blue light.", "Paris", "a b c d"])
    async def test_words_prove_nothing(self, known):
        sample = Sample.pair("q", "Answer: something else", answer=known)
        assert await scores(sample, checks=["answer"]) == NOTHING

    async def test_one_that_was_drafted_with_the_response_proves_nothing(self):
        origin = Origin("reasoning", template="reasoning")
        sample = Sample.pair("q", "Answer: 4", answer="4", origin=origin)
        assert await scores(sample, checks=["answer"]) == NOTHING


class TestConstraints:
    KEPT = Constraint("punctuation:no_comma")
    WORDS = Constraint(
        "length_constraints:number_words", '{"num_words": 3, "relation": "at least"}'
    )

    async def test_the_share_that_is_met(self):
        sample = Sample.pair("q", "one two", constraints=(self.KEPT, self.WORDS))
        judgements = await Verified().judge(sample, no_ask)
        assert judgements[0].score == 0.5
        assert "it has 2 words" in judgements[0].rationale

    async def test_those_that_only_a_reader_can_tell_are_left_to_readers(self):
        sample = Sample.pair(
            "q", "one, two", constraints=(Constraint("text", '{"text": "be nice"}'),)
        )
        assert await scores(sample, checks=["constraints"]) == NOTHING

    async def test_the_columns_of_ifeval_are_read(self):
        row = {
            "prompt": "q",
            "instruction_id_list": ["en:punctuation:no_comma", "length_constraints:number_words"],
            "kwargs": [{}, {"num_words": 1, "relation": "at least", "keyword": None}],
        }
        sample = Sample.pair("q", "one, two", row=json.dumps(row))
        found = await scores(sample, checks=["constraints"])
        assert found == {"constraints": 0.5, "must_hold": 0.0}

    async def test_columns_that_do_not_fit_are_an_error(self):
        row = {"instruction_id_list": ["punctuation:no_comma"], "kwargs": []}
        with pytest.raises(ReplyError, match="1 constraints in 'instruction_id_list'"):
            await scores(Sample.pair("q", "r", row=json.dumps(row)), checks=["constraints"])


async def test_steps_are_recomputed_where_the_sample_has_them():
    steps = (Step("3 * 4 = 12"), Step("12 + 1 = 14"))
    found = await scores(Sample.pair("q", "Answer: 14", steps=steps), checks=["arithmetic"])
    assert found["arithmetic"] == 0.0


async def test_every_quote_must_stand_where_it_says():
    passage = Passage(source="a.txt", start=0, end=21, text="Rain falls. Snow too.")
    right = Span("x", 0, 11, "Rain falls.")
    sample = Sample.pair("q", "r", passage=passage, spans=(right,))
    assert (await scores(sample))["citations"] == 1.0
    moved = Span("y", 0, 9, "Snow too.")
    found = await Verified().judge(sample.with_(spans=(right, moved)), no_ask)
    assert found[0].score == 0.5
    assert "does not stand at 0" in found[0].rationale


def _sandbox() -> bool:
    try:
        return run_tests("x = 1", "assert x == 1").passed is True
    except SandboxUnavailable:
        return False


@pytest.mark.skipif(not _sandbox(), reason="this machine cannot isolate a process")
class TestCode:
    async def test_runs_under_the_samples_own_tests(self):
        tests = Constraint("python_tests", json.dumps({"tests": "assert double(2) == 4"}))
        for body, passes in (("2 * x", 1.0), ("x", 0.0)):
            said = f"Here:\n```python\ndef double(x):\n    return {body}\n```\nDone."
            found = await scores(Sample.pair("q", said, constraints=(tests,)), checks=["code"])
            assert found == {"code": passes, "must_hold": passes}

    async def test_runs_under_the_tests_in_a_column(self):
        row = json.dumps({"tests": ["assert double(2) == 4", "assert double(0) == 0"]})
        sample = Sample.pair("q", "def double(x):\n    return 2 * x", row=row)
        assert (await scores(sample, tests="tests"))["code"] == 1.0
        with pytest.raises(ReplyError, match="no column 'asserts'"):
            await scores(sample, tests="asserts")


def test_a_check_that_is_left_out_cannot_be_one_that_must_hold():
    with pytest.raises(RecipeError, match="'code', which `checks` leaves out"):
        Recipe(
            seeds=[{"tasks": "x.jsonl"}],
            generators=["instruction"],
            judges=[{"verified": {"checks": ["answer"], "must_hold": ["code"]}}],
        )


ROWS = [
    {"instruction": "2 + 3?", "output": "2 + 3 = 5, so it is five then."},
    {"instruction": "2 + 4?", "output": "2 + 4 = 7, so it is seven then."},
    {"instruction": "Name a fruit.", "output": "An apple is a fruit that people eat."},
]


def test_a_refuted_sample_costs_no_call_and_is_dropped_with_its_reason(call, simulate):
    server = simulate(malformed_rate=0)
    Path("data.jsonl").write_text("".join(json.dumps(row) + "\n" for row in ROWS))
    Path("judges.yaml").write_text(
        f"models: {{critic: '{server.url}#m'}}\n"
        "judges: [{rubric: [accuracy]}, verified]\n"  # it comes first all the same
        "filters: [{score: {criteria: {accuracy: 0.1}}}]\n"
    )
    before = server.stats()["ok"]
    status, out, err = call("judge", "data.jsonl", "--judges", "judges.yaml", "--json")
    assert status == 0, err
    manifest = json.loads(out)
    assert manifest["books"] == {"planned": 3, "kept": 2, "dropped": 1, "failed": 0, "pending": 0}
    assert manifest["this_run"]["calls"] == 2
    assert server.stats()["ok"] - before >= 2
    (dropped,) = pq.read_table("runs/data-judged/dropped").to_pylist()
    assert dropped["score"] == 0.0
    assert [j["judge"] for j in dropped["judgements"]] == ["verified", "verified"]
    assert "not judged under accuracy" in dropped["decision"]["reason"]
    assert "comes to 6" in dropped["decision"]["reason"]


def test_it_needs_no_model(call):
    Path("data.jsonl").write_text("".join(json.dumps(row) + "\n" for row in ROWS))
    Path("judges.yaml").write_text("judges: [verified]\n")
    status, out, err = call("judge", "data.jsonl", "--judges", "judges.yaml", "--json")
    assert status == 0, err
    assert json.loads(out)["books"]["kept"] == 3
    kept = pq.read_table("runs/data-judged/kept").to_pylist()
    assert [row["score"] for row in kept] == [1.0, 0.0, None]
