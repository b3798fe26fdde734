"""Candidates for one planned sample: each is judged, and two of them make the pair."""

import json
from collections.abc import Sequence

import pyarrow.parquet as pq
import pytest

from silversmith import Recipe
from silversmith.errors import RecipeError, RunFolderError
from silversmith.generators import Generator
from silversmith.generators.contrast import Contrast
from silversmith.judges import Judge
from silversmith.records import Ask, Candidate, Draw, Judgement, Sample, Seed, Turn

STUDENT = {"simulated": {"flawed": 0.5, "malformed": 0, "seed": 3}}
CRITIC = {"simulated": {"malformed": 0}}


@pytest.fixture
def seeds(tmp_path):
    path = tmp_path / "tasks.jsonl"
    rows = ({"instruction": f"Explain why the tide at pier {n} is late."} for n in range(12))
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def recipe(seeds, **changes):
    values = {
        "models": {"writer": "simulated", "critic": CRITIC, "student": STUDENT},
        "seeds": [{"tasks": str(seeds)}],
        "generators": [{"contrast": {"method": "candidates", "rejected_model": "student"}}],
        "judges": ["rubric"],
    }
    return Recipe(**{**values, **changes})


def rows(folder, name="kept"):
    return pq.read_table(folder / name).to_pylist()


def calls(report):
    return report.manifest["this_run"]["calls"]


class TestPairs:
    def test_chosen_and_rejected_are_candidates_that_were_judged(self, seeds, tmp_path):
        report = recipe(seeds).run(tmp_path / "run")
        kept = rows(tmp_path / "run")
        assert len(kept) >= 4
        for row in kept:
            by_text = {c["text"]: c for c in row["candidates"]}
            chosen = by_text[row["messages"][-1]["content"]]
            rejected = by_text[row["rejected"][-1]["content"]]
            assert chosen["score"] == row["score"] == max(c["score"] for c in row["candidates"])
            assert row["score"] - rejected["score"] >= 0.2 - 1e-9
            assert row["messages"][:-1] == row["rejected"][:-1]
            assert [j["criterion"] for j in row["judgements"]] == [
                "accuracy", "instruction_following", "helpfulness", "safety",
            ]  # fmt: skip
            assert {c["model"] for c in row["candidates"]} == {row["rejected_origin"]["model"]}
            assert row["rejected_origin"]["template"] == "contrast_answer"
            assert row["rejected_origin"]["simulated"]
        assert report.balance.planned == 12

    def test_usage_counts_every_candidate_and_every_verdict(self, seeds, tmp_path):
        report = recipe(seeds).run(tmp_path / "run")
        samples = rows(tmp_path / "run") + rows(tmp_path / "run", "failed")
        assert sum(row["usage"]["calls"] for row in samples) == calls(report)
        for row in rows(tmp_path / "run"):
            assert row["usage"]["calls"] == 4 + len(row["candidates"])

    def test_without_a_margin_a_sample_fails_at_pairing_and_says_why(self, seeds, tmp_path):
        one = {"method": "candidates", "rejected_model": "student", "margin": 1.0}
        report = recipe(seeds, generators=[{"contrast": one}], max_failed_share=1).run(
            tmp_path / "run"
        )
        assert report.balance.failed == 12
        for row in rows(tmp_path / "run", "failed"):
            assert row["failure"]["stage"] == "pair"
            assert "none is worse than the best by the margin of 1" in row["failure"]["reason"]
            assert not row["failure"]["transient"]
            assert row["usage"]["calls"] > 4

    def test_another_margin_asks_for_nothing(self, seeds, tmp_path):
        first = recipe(seeds).run(tmp_path / "run")
        one = {"method": "candidates", "rejected_model": "student", "margin": 0.01}
        again = recipe(seeds, generators=[{"contrast": one}]).run(tmp_path / "run")
        assert calls(again) == 0
        assert again.balance.kept > first.balance.kept

    def test_a_resumed_run_finds_every_reply(self, seeds, tmp_path):
        whole = recipe(seeds).run(tmp_path / "whole")
        stopped = recipe(seeds, limits={"max_calls": 40}).run(tmp_path / "run")
        assert stopped.status == "limit reached"
        rest = recipe(seeds).run(tmp_path / "run")
        assert calls(stopped) + calls(rest) == calls(whole)
        assert rows(tmp_path / "run") == rows(tmp_path / "whole")
        assert rows(tmp_path / "run", "failed") == rows(tmp_path / "whole", "failed")


class TestRecipe:
    def test_candidates_without_a_judge(self, seeds):
        with pytest.raises(RecipeError, match=r"generators\[0\]\.contrast: it draws several cand"):
            recipe(seeds, judges=[])

    def test_the_rejected_model_is_one_of_the_recipes(self, seeds, tmp_path):
        wrong = [{"contrast": {"method": "corrupt", "rejected_model": "studnet"}}]
        with pytest.raises(RecipeError, match="no model 'studnet'; did you mean 'student'"):
            recipe(seeds, generators=wrong).run(tmp_path / "run")

    def test_another_rejected_model_is_a_change_that_is_told(self, seeds, tmp_path):
        recipe(seeds).run(tmp_path / "run")
        models = {"writer": "simulated", "critic": CRITIC, "student": "simulated"}
        with pytest.raises(RunFolderError, match="contrast: the model changed"):
            recipe(seeds, models=models).run(tmp_path / "run")

    def test_each_half_says_which_model_wrote_it(self, seeds, tmp_path):
        one = {"method": "corrupt", "flaws": ["vagueness"], "rejected_model": "student"}
        student = {"simulated": {"flawed": 0, "seed": 3}, "parameters": {"temperature": 1.0}}
        models = {"writer": "simulated", "critic": "simulated", "student": student}
        recipe(seeds, models=models, generators=[{"contrast": one}]).run(tmp_path / "run")
        for row in rows(tmp_path / "run"):
            assert row["origin"]["parameters"] == "{}"
            assert row["rejected_origin"]["parameters"] == '{"temperature":1.0}'


class Three(Generator):
    """Three candidates without a model; makes no pair of them unless it is told to."""

    kind = "three"
    chooses: bool = False

    @property
    def draws_candidates(self) -> bool:
        return True

    async def draft(self, seed: Seed, draw: Draw, ask: Ask) -> Sample:
        # A dialogue: an earlier answer is no response to what is asked last.
        asked = (Turn("user", "Hi"), Turn("assistant", "Hello."), Turn("user", seed.instruction))
        return Sample(messages=asked, candidates=tuple(Candidate(w * 3) for w in "abc"))

    def pair(self, sample: Sample) -> Sample:
        if not self.chooses:
            return super().pair(sample)
        best = max(sample.candidates, key=lambda c: c.score or 0)
        return sample.with_(messages=(*sample.messages, Turn("assistant", best.text)))


class Late(Judge):
    """The later the letter, the better."""

    kind = "late"

    async def judge(self, sample: Sample, ask: Ask) -> Sequence[Judgement]:
        score = "abc".index(sample.response[0]) / 2
        return [Judgement(self.title, "lateness", "", score, score)]


class TestStrangers:
    def run(self, seeds, folder, **options):
        report = recipe(
            seeds, generators=[Three(**options)], judges=[Late()], limit=2, max_failed_share=1
        ).run(folder)
        return report, rows(folder) or rows(folder, "failed")

    def test_a_pair_may_be_a_best_one_alone(self, seeds, tmp_path):
        report, (row, _) = self.run(seeds, tmp_path / "run", chooses=True)
        assert report.balance.kept == 2
        assert row["messages"][-1]["content"] == "ccc"
        assert row["score"] == 1.0
        assert [c["score"] for c in row["candidates"]] == [0.0, 0.5, 1.0]
        assert [j["score"] for j in row["judgements"]] == [1.0]
        assert row["rejected_origin"] is None

    def test_a_generator_that_makes_no_pair_is_told_of(self, seeds, tmp_path):
        report, (row, _) = self.run(seeds, tmp_path / "run")
        assert report.balance.failed == 2
        assert row["failure"]["stage"] == "pair"
        assert row["failure"]["reason"] == "three made none of its candidates the response"


class TestRubricFiles:
    def write(self, folder, name, meaning):
        (folder / "rubrics").mkdir(exist_ok=True)
        (folder / "rubrics" / f"{name}.yaml").write_text(
            f"- {{name: wit, description: Is it witty, scale: {{1: dull, 5: {meaning}}}}}\n"
        )

    def recipe(self, seeds, *kinds):
        return recipe(seeds, generators=list(kinds), folder=seeds.parent, limit=4)

    def test_the_strategys_own_criteria_are_asked(self, seeds, tmp_path):
        self.write(tmp_path, "contrast", "funny")
        self.recipe(seeds, {"contrast": {"flaws": "vagueness"}}).run(tmp_path / "run")
        criteria = {j["criterion"] for row in rows(tmp_path / "run") for j in row["judgements"]}
        assert criteria == {"wit"}

    def test_a_change_of_the_file_is_a_change_of_the_judge_alone(self, seeds, tmp_path):
        self.write(tmp_path, "contrast", "funny")
        one = {"contrast": {"flaws": "vagueness"}}
        first = self.recipe(seeds, one).run(tmp_path / "run")
        self.write(tmp_path, "contrast", "very funny")
        with pytest.raises(RunFolderError, match="judge rubric: the rubric of contrast changed"):
            self.recipe(seeds, one).run(tmp_path / "run")
        again = self.recipe(seeds, one).run(tmp_path / "run", again=True)
        assert calls(again) == calls(first) / 2
        assert calls(self.recipe(seeds, one).run(tmp_path / "run")) == 0

    def test_the_file_of_a_strategy_that_the_recipe_does_not_have_changes_nothing(
        self, seeds, tmp_path
    ):
        one = {"contrast": {"flaws": "vagueness"}}
        self.write(tmp_path, "reasoning", "funny")
        self.recipe(seeds, one).run(tmp_path / "run")
        self.write(tmp_path, "reasoning", "very funny")
        assert calls(self.recipe(seeds, one).run(tmp_path / "run")) == 0

    def test_one_more_strategy_is_no_change(self, seeds, tmp_path):
        one = {"contrast": {"flaws": "vagueness"}}
        self.recipe(seeds, one).run(tmp_path / "run")
        more = self.recipe(seeds, one, "instruction").run(tmp_path / "run")
        assert more.status == "done"

    def test_candidates_have_criteria_of_their_own_where_there_are_some(self, seeds, tmp_path):
        self.write(tmp_path, "contrast_candidates", "funny")
        run = recipe(seeds, folder=tmp_path)
        run.run(tmp_path / "run")
        criteria = {j["criterion"] for row in rows(tmp_path / "run") for j in row["judgements"]}
        assert criteria == {"wit"}
        self.write(tmp_path, "contrast_candidates", "very funny")
        with pytest.raises(RunFolderError, match="the rubric of contrast_candidates changed"):
            run.run(tmp_path / "run")


def test_options_without_a_part_in_it_stay_out_of_a_samples_id():
    assert {"margin", "rejected_model", "model", "draws"} <= Contrast.not_in_id
