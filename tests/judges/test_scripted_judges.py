"""The judges that compare, ground, check and vote, over their templates with scripted replies."""

from typing import Any

import pytest
from pydantic import BaseModel, ValidationError

from silversmith.checks.model_families import families_of
from silversmith.errors import RecipeError, ReplyError
from silversmith.judges.checklist import Checklist
from silversmith.judges.grounded import Grounded
from silversmith.judges.pairwise import Pairwise
from silversmith.judges.panel import Panel
from silversmith.judges.ranking import Ranking
from silversmith.judges.reference import Reference
from silversmith.measures.experts import Expert, estimate_experts, posterior
from silversmith.pipeline import Recipe
from silversmith.prompts import Prompts
from silversmith.records import Origin, Passage, Sample, Turn

PROMPTS = Prompts()


class Script:
    """Renders the real templates, and answers by a function of what was asked."""

    def __init__(self, kind: str, answer, names: dict[str, str] | None = None) -> None:
        self.kind = kind
        self.answer = answer
        self.names = names or {}
        self.prompts: list[str] = []
        self.asked: list[dict[str, Any]] = []

    async def __call__(self, draft: type[BaseModel], /, **values: Any) -> Any:
        template = PROMPTS.template(values.pop("template", None) or self.kind)
        model, check = values.pop("model", None), values.pop("check", None)
        template.check(values)
        self.prompts.append(template.render(values)[-1]["content"])
        self.asked.append({**values, "model": model, "template": template.name})
        try:
            reply = draft.model_validate(self.answer(self.asked[-1]))
        except ValidationError as error:
            raise ReplyError(str(error)) from error
        if check is not None and (wrong := check(reply)) is not None:
            raise ReplyError(wrong)
        return reply

    def model_name(self, name: str = "") -> str:
        return self.names.get(name, name)


def scores(judgements) -> dict[str, float]:
    return {one.criterion: one.score for one in judgements}


class TestReference:
    SAMPLE = Sample.pair("Capital of France?", "It is Paris.", answer="Paris")

    async def test_grades_by_the_known_answer(self):
        ask = Script("reference", lambda asked: {"comparison": "same", "score": 4})
        (one,) = await Reference().judge(self.SAMPLE, ask)
        assert (one.criterion, one.score, one.points) == ("reference", 0.75, 4.0)
        assert "<reference>\nParis\n</reference>" in ask.prompts[0]

    @pytest.mark.parametrize(
        "sample",
        [
            SAMPLE.with_(answer=None),
            SAMPLE.with_(answer=" "),
            SAMPLE.with_(origin=Origin("reasoning", template="reasoning")),
        ],
    )
    async def test_without_one_it_says_what_to_do(self, sample):
        with pytest.raises(ReplyError, match="--map answer=COLUMN"):
            await Reference().judge(sample, None)


class TestGrounded:
    TEXT = "Rain falls from clouds. Snow falls when it is cold, mostly in the north."
    SAMPLE = Sample.pair(
        "What falls?",
        "Rain and snow fall. Hail too.",
        passage=Passage(source="a", start=0, end=len(TEXT), text=TEXT),
    )

    @staticmethod
    def claim(claim: str, quote: str = "", supported: bool = True) -> dict[str, Any]:
        return {"claim": claim, "supported": supported, "quote": quote}

    async def test_the_share_that_is_supported(self):
        claims = [
            self.claim("Rain falls.", "rain  falls from clouds"),
            self.claim("Hail.", "", False),
        ]
        ask = Script("grounded", lambda asked: {"claims": claims})
        (one,) = await Grounded().judge(self.SAMPLE, ask)
        assert (one.score, one.points, one.note) == (0.5, 1.0, "1 of 2 claims")
        assert len(ask.prompts) == 1

    async def test_a_quote_that_is_not_there_supports_nothing(self):
        ask = Script("grounded", lambda asked: {"claims": [self.claim("Hail.", "Hail falls.")]})
        (one,) = await Grounded().judge(self.SAMPLE, ask)
        assert one.score == 0.0
        assert "is not in the passage" in one.rationale
        assert "- Hail falls." in ask.prompts[1]  # it was asked once more, with what was wrong

    @pytest.mark.parametrize("quote", ["", "the", "...", "in the"])
    async def test_a_quote_that_could_stand_anywhere_shows_nothing(self, quote):
        ask = Script("grounded", lambda asked: {"claims": [self.claim("Hail.", quote)]})
        (one,) = await Grounded().judge(self.SAMPLE, ask)
        assert one.score == 0.0
        assert "shows nothing" in one.rationale

    async def test_asked_again_it_may_find_the_words(self):
        def answer(asked):
            return {"claims": [self.claim("Snow.", "Snow falls" if asked["mistaken"] else "Snow!")]}

        (one,) = await Grounded().judge(self.SAMPLE, Script("grounded", answer))
        assert one.score == 1.0

    async def test_words_may_be_left_out_where_there_are_dots(self):
        for quote, score in (("Snow falls ... in the north", 1.0), ("in the north ... Snow", 0.0)):
            ask = Script("grounded", lambda asked, q=quote: {"claims": [self.claim("Snow.", q)]})
            (one,) = await Grounded().judge(self.SAMPLE, ask)
            assert one.score == score

    async def test_a_long_response_makes_claims(self):
        long = self.SAMPLE.with_(messages=(Turn("user", "q"), Turn("assistant", "word " * 50)))
        with pytest.raises(ReplyError, match="list every claim"):
            await Grounded().judge(long, Script("grounded", lambda asked: {"claims": []}))

    async def test_without_a_passage_it_says_what_to_do(self):
        with pytest.raises(ReplyError, match="--map passage=COLUMN"):
            await Grounded().judge(Sample.pair("q", "r"), None)


def pair(response: str = "good", rejected: str = "bad") -> Sample:
    head = Turn("user", "q")
    return Sample(
        messages=(head, Turn("assistant", response)), rejected=(head, Turn("assistant", rejected))
    )


def by_text(better):
    """A comparing model that prefers by a key of the text, whatever the order."""

    def answer(asked):
        a, b = better(asked["a"]), better(asked["b"])
        return {"rationale": "r", "verdict": "tie" if a == b else "A" if a > b else "B"}

    return answer


class TestPairwise:
    async def test_asks_in_both_orders(self):
        ask = Script("pairwise", by_text(lambda text: text == "good"))
        judge = Pairwise()
        judgements = await judge.judge(pair(), ask)
        assert scores(judgements) == {
            "preferred": 1.0,
            "preferred_first": 1.0,
            "preferred_second": 1.0,
        }
        assert [(one["a"], one["b"]) for one in ask.asked] == [("good", "bad"), ("bad", "good")]
        assert judge.score(judgements) == 1.0

    async def test_a_reversal_is_a_tie_and_is_kept_as_one(self):
        ask = Script("pairwise", lambda asked: {"rationale": "r", "verdict": "A"})
        judgements = await Pairwise().judge(pair(), ask)
        assert scores(judgements) == {
            "preferred": 0.5,
            "preferred_first": 1.0,
            "preferred_second": 0.0,
        }
        assert "a reversal, so a tie" in judgements[0].note

    async def test_a_win_and_a_tie_is_a_tie(self):
        answers = iter(["A", "tie"])
        ask = Script("pairwise", lambda asked: {"rationale": "r", "verdict": next(answers)})
        assert scores(await Pairwise().judge(pair(), ask))["preferred"] == 0.5

    async def test_without_ties_there_is_none_to_choose(self):
        ask = Script("pairwise", lambda asked: {"rationale": "r", "verdict": "tie"})
        with pytest.raises(ReplyError):
            await Pairwise(ties=False).judge(pair(), ask)

    @pytest.mark.parametrize(
        ("said", "outcome"),
        [
            ("So: [[B]]", 0.0),
            ("[[C]]", 0.5),
            ("8 9\nThe second is longer.", 0.0),
            ("**Preferred response:** 2", 0.0),
            ("1", 1.0),
            ("Overall score of the first: good.\n\nI prefer Response 2.", 0.0),
        ],
    )
    async def test_verdicts_in_words(self, said, outcome):
        ask = Script("pairwise", lambda asked: {"text": said})
        judgements = await Pairwise(format="auto").judge(pair(), ask)
        assert scores(judgements)["preferred_first"] == outcome

    async def test_no_verdict_is_none(self):
        ask = Script("pairwise", lambda asked: {"text": "Both have their points."})
        with pytest.raises(ReplyError):
            await Pairwise(format="auto").judge(pair(), ask)

    async def test_the_same_text_twice_costs_nothing(self):
        judgements = await Pairwise().judge(pair("same", "same "), None)
        assert scores(judgements)["preferred"] == 0.5

    async def test_one_answer_alone_cannot_be_compared(self):
        with pytest.raises(ReplyError, match="no second answer"):
            await Pairwise().judge(Sample.pair("q", "r"), None)

    async def test_a_group_meets_all_against_all(self):
        ask = Script("pairwise", by_text(len))
        group = [Sample.pair("q", "x" * n) for n in (1, 3, 2)]
        found = await Pairwise().judge_group(group, ask)
        assert [scores(one)["preferred"] for one in found] == [0.0, 1.0, 0.5]
        assert [scores(one)["consistent"] for one in found] == [1.0, 1.0, 1.0]
        assert len(ask.asked) == 6


class TestRanking:
    @pytest.mark.parametrize(("n", "most"), [(2, 1), (3, 3), (5, 6), (8, 12), (16, 32)])
    async def test_finds_the_best_with_few_comparisons(self, n, most):
        lengths = [(7 * i) % n + 1 for i in range(n)]
        ask = Script("ranking", by_text(len))
        found = await Ranking().judge_group([Sample.pair("q", "x" * k) for k in lengths], ask)
        values = [one[0].score for one in found]
        assert values[lengths.index(max(lengths))] == max(values) == 1.0
        assert sum(value == 1.0 for value in values) == 1
        assert len(ask.asked) <= 2 * most
        comparisons = len(ask.asked) // 2
        assert f"{comparisons} of {n * (n - 1) // 2} comparisons in {2 * comparisons} calls" in (
            found[0][0].note
        )

    async def test_nobody_meets_twice(self):
        ask = Script("ranking", by_text(len))
        await Ranking(rounds=20).judge_group([Sample.pair("q", "x" * k) for k in range(1, 7)], ask)
        met = [(one["a"], one["b"]) for one in ask.asked]
        assert len(met) == len(set(met)) <= 30

    async def test_a_judge_that_takes_the_first_finds_all_equal(self):
        ask = Script("ranking", lambda asked: {"rationale": "r", "verdict": "A"})
        found = await Ranking().judge_group([Sample.pair("q", "x" * k) for k in (1, 2, 3, 4)], ask)
        assert {one[0].score for one in found} == {0.5}

    async def test_one_order_alone_takes_turns(self):
        ask = Script("ranking", by_text(len))
        group = [Sample.pair("q", "x" * k) for k in range(1, 9)]
        await Ranking(both_orders=False).judge_group(group, ask)
        assert len(ask.asked) == 12
        longer_first = sum(len(one["a"]) > len(one["b"]) for one in ask.asked)
        assert 2 <= longer_first <= 10

    async def test_one_answer_alone_has_no_rank(self):
        with pytest.raises(ReplyError, match="one answer only"):
            await Ranking().judge(Sample.pair("q", "r"), None)


class TestChecklist:
    @staticmethod
    def answer(asked):
        if asked["template"] == "checklist":
            return {"criteria": ["Is it short?", "Is it green?", "Does it rhyme?"]}
        met = iter([True, False, True])
        return {f"item_{n}": {"rationale": f"because {n}", "met": next(met)} for n in (1, 2, 3)}

    async def test_drafts_without_the_response_and_then_answers(self):
        ask = Script("checklist", self.answer)
        (one,) = await Checklist().judge(Sample.pair("Write a line.", "A fine line."), ask)
        assert one.score == pytest.approx(2 / 3)
        assert one.note == "2 of 3 met"
        assert "no: Is it green? because 2" in one.rationale
        assert "A fine line." not in ask.prompts[0]
        assert "item_3: Does it rhyme?" in ask.prompts[1]

    async def test_candidates_share_the_criteria(self):
        ask = Script("checklist", self.answer)
        found = await Checklist().judge_group([Sample.pair("q", "a"), Sample.pair("q", "b")], ask)
        assert len(found) == 2
        assert len(ask.asked) == 3

    @pytest.mark.parametrize(
        ("criteria", "said"),
        [
            (["a?", "A?", "b?"], "the same"),
            ([f"{n}?" for n in range(9)], "at most 8"),
            (["a?"], "3"),
        ],
    )
    async def test_a_list_that_is_none_is_asked_for_again(self, criteria, said):
        ask = Script("checklist", lambda asked: {"criteria": criteria})
        with pytest.raises(ReplyError, match=said):
            await Checklist().judge(Sample.pair("q", "a"), ask)


SCALE = {"name": "style", "description": "Good?", "scale": {1: "bad", 5: "good"}}


NAMES = {"a": "openai/gpt-5-mini", "b": "Qwen/Qwen3-8B", "c": "claude-haiku"}


class TestPanel:
    def judge(self, **options) -> Panel:
        return Panel(models=["a", "b", "c"], criteria=[SCALE], **options)

    def ask(self, a: int, b: int, c: int) -> Script:
        points = {"a": a, "b": b, "c": c}
        return Script(
            "panel",
            lambda asked: {"style": {"rationale": "r", "score": points[asked["model"]]}},
            NAMES,
        )

    @pytest.mark.parametrize(
        ("combine", "points"), [("mean", 3.0), ("median", 2.0), ("majority", 2.0)]
    )
    async def test_members_become_one_score(self, combine, points):
        judge = self.judge(combine=combine)
        judgements = await judge.judge(Sample.pair("q", "r"), self.ask(2, 2, 5))
        assert judgements[0].points == points
        assert judge.score([j for j in judgements if j.judge == "panel"]) == (points - 1) / 4
        assert [(j.judge, j.model, j.points) for j in judgements[2:]] == [
            ("panel/a", "openai/gpt-5-mini", 2.0),
            ("panel/b", "Qwen/Qwen3-8B", 2.0),
            ("panel/c", "claude-haiku", 5.0),
        ]

    async def test_disagreement_is_kept_and_can_go_to_people(self):
        judge = self.judge(people_below=0.5)
        judgements = await judge.judge(Sample.pair("q", "r"), self.ask(2, 2, 5))
        assert judgements[1].criterion == "agreement"
        assert judgements[1].score == 0.25
        assert judgements[1].note == "for people: least under style"
        agreed = await judge.judge(Sample.pair("q", "r"), self.ask(4, 4, 4))
        assert (agreed[1].score, agreed[1].note) == (1.0, "")

    async def test_a_member_of_the_drafters_family_is_left_out(self):
        sample = Sample.pair("q", "r", origin=Origin("g", model="gpt-5-2026-01-01"))
        judge = self.judge(exclude_own_family=True)
        judgements = await judge.judge(sample, self.ask(1, 4, 4))
        assert judgements[0].points == 4.0
        assert "a left out, as gpt-5-2026-01-01 is of the family gpt" in judgements[0].note
        assert [j.judge for j in judgements[2:]] == ["panel/b", "panel/c"]

    async def test_who_drafted_it_may_stand_in_a_column(self):
        judge = self.judge(exclude_own_family=True, written_by="by")
        sample = Sample.pair("q", "r").with_(row='{"by": "Qwen/Qwen3-32B"}')
        judgements = await judge.judge(sample, self.ask(1, 5, 1))
        assert judgements[0].points == 1.0
        assert "b left out" in judgements[0].note
        with pytest.raises(ReplyError, match=r"its column 'by' names none.*`drafter: MODEL`"):
            await judge.judge(sample.with_(row='{"by": null}'), self.ask(1, 5, 1))
        judge = self.judge(exclude_own_family=True)
        with pytest.raises(
            ReplyError, match=r"not known .none is named.: say `written_by: COLUMN`"
        ):
            await judge.judge(Sample.pair("q", "r"), self.ask(1, 5, 1))

    async def test_a_panel_of_one_family_cannot_judge_it(self):
        judge = Panel(
            models=["a"], prompts=["panel", "panel_critical"], exclude_own_family=True,
            drafter="gpt-4o",
        )  # fmt: skip
        with pytest.raises(ReplyError, match="every member of the panel is of the family"):
            await judge.judge(Sample.pair("q", "r"), self.ask(1, 1, 1))

    async def test_prompts_are_members_too(self):
        judge = Panel(prompts=["panel", "panel_critical"], criteria=[SCALE])
        ask = Script("panel", lambda asked: {"style": {"rationale": "r", "score": 3}})
        await judge.judge(Sample.pair("q", "r"), ask)
        assert [one["template"] for one in ask.asked] == ["panel", "panel_critical"]
        assert "strongest thing that can be said against" in ask.prompts[1]

    @pytest.mark.parametrize(
        ("options", "said"),
        [
            ({"models": ["a"]}, "two members or more"),
            ({"models": ["a", "a"]}, "names one of them twice"),
            ({"prompts": ["panel", "strict"]}, "must be called panel or panel_NAME"),
        ],
    )
    def test_a_panel_that_is_none_is_refused(self, options, said):
        with pytest.raises(RecipeError, match=said):
            Recipe(
                models={"a": "simulated", "b": "simulated"},
                seeds=[{"tasks": "x"}],
                generators=["instruction"],
                judges=[{"panel": options}],
            )

    @pytest.mark.parametrize(
        ("text", "said"),
        [
            (None, "cannot be read"),
            ("{", "is no file of a panel's reliability"),
            ('{"criteria": {"style": {"members": {}}}}', "says nothing of 'a' under style"),
        ],
    )
    def test_a_reliability_file_that_does_not_fit_is_refused(self, tmp_path, text, said):
        if text is not None:
            (tmp_path / "r.json").write_text(text)
        with pytest.raises(RecipeError, match=said):
            self.judge(reliability="r.json").prepare(tmp_path)


class TestExperts:
    def test_a_reliable_member_outvotes_two_that_guess(self):
        import random

        dice = random.Random(5)
        items, names, labels = [], [], []
        for item in range(3000):
            truth = dice.choice([1.0, 5.0])
            for name, right in (("good", 0.97), ("poor", 0.75), ("worse", 0.7)):
                items.append(item)
                names.append(name)
                labels.append(truth if dice.random() < right else 6.0 - truth)
        experts = estimate_experts(items, names, labels)
        assert experts["good"].accuracy > 0.9 > 0.8 > experts["poor"].accuracy
        shares = posterior({"good": 5.0, "poor": 1.0, "worse": 1.0}, experts)
        assert shares[5.0] > 0.8
        assert sum(shares.values()) == pytest.approx(1)
        again = {name: Expert.from_json(one.as_json()) for name, one in experts.items()}
        assert again == experts


@pytest.mark.parametrize(
    ("model", "families"),
    [
        ("gpt-5-mini-2025-08-07", {"gpt"}),
        ("openai/gpt-oss-120b", {"gpt"}),
        ("o3-mini", {"gpt"}),
        ("meta-llama/Llama-3.1-70B-Instruct", {"llama"}),
        ("lmsys/vicuna-13b-v1.5", {"llama"}),
        ("Qwen/Qwen3-8B", {"qwen"}),
        ("deepseek-ai/DeepSeek-R1-Distill-Qwen-7B", {"deepseek", "qwen"}),
        ("google/gemma-3-27b-it", {"gemini"}),
        ("anthropic/claude-sonnet-4.5", {"claude"}),
        ("mistralai/Mixtral-8x7B-Instruct-v0.1", {"mistral"}),
        ("HuggingFaceTB/SmolLM2-1.7B", {"smollm"}),
        ("simulated", {"simulated"}),
        ("", set()),
    ],
)
def test_families_go_by_names(model, families):
    assert families_of(model) == families
