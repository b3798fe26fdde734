"""The strategy `domain`, with replies written by hand (tests/data/replies/domain) and with the
simulated model."""

import json
import pickle
from collections import Counter
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pydantic import ValidationError

import silversmith
from silversmith import Recipe
from silversmith.errors import RecipeError, ReplyError
from silversmith.exports import export
from silversmith.exports.trl_dpo import TrlDpo
from silversmith.exports.trl_sft import TrlSft
from silversmith.generators.domain import Domain
from silversmith.pipeline.coverage import coverage_of
from silversmith.records import Attribute, Draw, Passage, Seed, sample_from_row

ROOT = Path(silversmith.__file__).parent
RECIPES = ROOT / "recipes"
REPLIES = ROOT / "tests" / "data" / "replies" / "domain"
TAXONOMIES = {
    "legal": "data/taxonomies/licence_clauses.yaml",
    "software": "data/taxonomies/software_docs.yaml",
}


def recorded(*files):
    cases = [case for file in files for case in json.loads((REPLIES / file).read_text())]
    return pytest.mark.parametrize("case", cases, ids=lambda case: case["name"])


def seed_of(case):
    """The part of a document between the case's words."""
    text = (ROOT / "tests/data/documents" / case["document"]).read_text(encoding="utf-8")
    start = text.index(case["from"])
    end = text.index(case["to"], start)
    passage = Passage(source=case["document"], start=start, end=end, text=text[start:end])
    return Seed(source=f"{case['document']}:{start}-{end}", passage=passage)


def domain(taxonomy="legal", folder=RECIPES, **options):
    made = Domain(taxonomy=TAXONOMIES.get(taxonomy, taxonomy), **options)
    made.prepare(folder)
    return made


def draw_for(generator, seed, leaf):
    """The first draw that is planned for a leaf."""
    draws = map(Draw, range(1000))
    return next(draw for draw in draws if generator.aims(seed, draw)["leaf"] == leaf)


@pytest.fixture
def mpl():
    return seed_of({"document": "legal/MPL-2.0.txt", "from": "5. Term", "to": "*****"})


@recorded("licence.json", "software.json")
async def test_recorded_replies(scripted, case):
    generator = domain(case["document"].split("/")[0], task=case["task"], shown=30)
    seed = seed_of(case)
    ask = scripted("domain", {"<category name=": case["reply"]})
    if case["wrong"] is not None:
        with pytest.raises(ReplyError) as caught:
            await generator.draft(seed, Draw(0), ask)
        assert case["wrong"] in caught.value.reason
        return

    sample = await generator.draft(seed, Draw(0), ask)

    text = sample.passage.text
    assert sample.passage == seed.passage
    assert all(text[span.start : span.end] == span.quote for span in sample.spans)
    assert set(sample.labels) <= set(generator.leaves)
    if "repaired" in case:
        assert [span.quote for span in sample.spans] == case["repaired"]
        assert sample.checks[1].detail.endswith(f"{len(case['repaired'])} repaired")
    nothing = case["reply"] in ({"labels": []}, {"spans": []})
    assert sample.verified is (None if nothing else True)


@recorded("boundary.json")
async def test_recorded_close_cases(scripted, mpl, case):
    generator = domain("software", task="boundary")
    draw = draw_for(generator, mpl, "trouble/warning")
    ask = scripted("domain", {"- The right category is trouble/warning.": case["reply"]})
    if case["wrong"] is not None:
        with pytest.raises(ReplyError) as caught:
            await generator.draft(mpl, draw, ask)
        assert case["wrong"] in caught.value.reason
        return

    sample = await generator.draft(mpl, draw, ask)

    reply = case["reply"]
    chosen, rejected = json.loads(sample.response), json.loads(sample.rejected_response)
    assert chosen == {
        "quote": reply["quote"],
        "reason": reply["reason"],
        "label": "trouble/warning",
    }
    assert rejected["label"] != "trouble/warning"
    assert rejected["label"].startswith("trouble/")
    assert sample.messages[:-1] == sample.rejected[:-1]
    assert reply["passage"] in sample.instruction
    assert f"- {rejected['label']}: " in sample.instruction
    assert sample.labels == ("trouble/warning",)
    assert sample.flaw.kind == "sibling_label"
    assert sample.passage.text == reply["passage"]
    assert sample.passage.source == "written after legal/MPL-2.0.txt"


ECHO = (
    "The microphone is probably hearing speaker output. Add echo cancellation to the pipeline"
    " before the transport. If it still happens, the model will interrupt itself."
    + " It goes on so."
    * 30
)
ASKED = {
    "label": "trouble/error and remedy",
    "question": "What stops the bot's AEC loop?",
    "terms": ["AEC"],
    "assumptions": ["There is a pipeline."],
    "answer": "Add echo cancellation before the transport.",
    "quotes": ["Add echo cancellation"],
}


@pytest.mark.parametrize(
    ("task", "reply", "wrong"),
    [
        ("classify", {"labels": [{"quote": "the", "label": ASKED["label"]}]}, "'the' says nothing"),
        ("classify", {"labels": [{"quote": ECHO, "label": ASKED["label"]}]}, "quote the shortest"),
        (
            "spans",
            {"spans": [{"quote": "to the", "within": "", "label": ASKED["label"]}]},
            "'to the' says nothing",
        ),
        ("qa", {**ASKED, "quotes": ["it"]}, "'it' says nothing"),
        ("qa", {**ASKED, "question": "What does the passage say on AEC?"}, "says 'the passage'"),
        ("qa", {**ASKED, "answer": "I'm sorry, but I can't help with that."}, "answer declines"),
        ("qa", {**ASKED, "answer": ASKED["question"]}, "the question once more"),
    ],
)
async def test_replies_that_say_nothing_are_sent_back(scripted, task, reply, wrong):
    passage = Passage(source="a.md", start=0, end=len(ECHO), text=ECHO)
    ask = scripted("domain", {"": reply})
    with pytest.raises(ReplyError) as caught:
        await domain("software", task=task, shown=30).draft(
            Seed(source="a.md", passage=passage), Draw(0), ask
        )
    assert wrong in caught.value.reason


async def test_the_reply_that_they_are_made_of_is_taken(scripted):
    passage = Passage(source="a.md", start=0, end=len(ECHO), text=ECHO)
    ask = scripted("domain", {"": ASKED})
    sample = await domain("software", task="qa", shown=30).draft(
        Seed(source="a.md", passage=passage), Draw(0), ask
    )
    assert sample.verified


class TestWhatTheTunedModelLearns:
    async def annotated(self, scripted, seed, task, name, **options):
        cases = [*json.loads((REPLIES / "licence.json").read_text())]
        cases += json.loads((REPLIES / "software.json").read_text())
        (case,) = [case for case in cases if case["name"] == name]
        ask = scripted("domain", {"": case["reply"]})
        kind = case["document"].split("/")[0]
        generator = domain(kind, task=task, shown=30, **options)
        return await generator.draft(seed or seed_of(case), Draw(0), ask)

    async def test_to_mark_spans_by_the_definitions(self, scripted, mpl):
        name = "the three ways in which section 5 ends or restores rights"
        sample = await self.annotated(scripted, mpl, "spans", name)
        assert [turn.role for turn in sample.messages] == ["user", "assistant"]
        assert "- termination/cure: Says when rights that ended come back" in sample.instruction
        assert "Must not: It only says that rights end." in sample.instruction
        assert f"<passage>\n{mpl.passage.text}\n</passage>" in sample.instruction
        spans = json.loads(sample.response)["spans"]
        assert [span["label"] for span in spans] == [
            "termination/breach",
            "termination/cure",
            "termination/patent retaliation",
        ]
        assert all(span["quote"] in mpl.passage.text for span in spans)

    async def test_to_say_that_nothing_fits(self, scripted, mpl):
        sample = await self.annotated(scripted, mpl, "classify", "nothing fits, which is an answer")
        assert sample.response == '{"labels": []}'
        assert (sample.labels, sample.spans) == ((), ())

    async def test_to_spell_out_what_a_question_takes_for_granted(self, scripted, mpl):
        sample = await self.annotated(
            scripted, mpl, "qa", "a question as a lawyer asks it", assumptions_heading="Given that:"
        )
        answer, _, assumptions = sample.response.partition("\n\nGiven that:\n")
        assert answer.startswith("It is not gone.")
        assert len(assumptions.splitlines()) == 3
        assert sample.instruction.startswith("We shipped MPL'd code")
        assert sample.labels == ("termination/cure",)

    async def test_to_lead_from_an_issue_to_a_fix(self, scripted):
        name = "from a missing key to the place where it is read"
        sample = await self.annotated(scripted, None, "troubleshooting", name)
        assert sample.instruction.startswith("i exported OPENAI_API_KEY")
        assert len(sample.flow.nodes) == 8
        if "numbered steps" in sample.instruction:
            assert sample.response.startswith("1. Check: Look at the command")
        else:
            assert len(json.loads(sample.response)["edges"]) == 9
        assert [check.name for check in sample.checks][2:] == [
            "flow_is_a_graph",
            "flow_connected",
            "flow_ends",
            "flow_conditions",
        ]

    async def test_the_words_of_the_users_own_application(self, scripted, mpl, tmp_path):
        (tmp_path / "prompts").mkdir()
        (tmp_path / "prompts" / "domain_asked.j2").write_text(
            '{% extends "silversmith/domain_asked.j2" %}\n'
            "{% block system %}You label clauses.{% endblock %}\n"
            "{% block request %}\nLabels?\n{% endblock %}\n"
        )
        (tmp_path / "own.yaml").write_text("name: x\nchildren: [{name: a, definition: d}]")
        generator = domain("own.yaml", folder=tmp_path, task="classify")
        sample = await generator.draft(
            mpl, Draw(0), scripted("domain", {"": {"labels": [{"quote": "notice", "label": "a"}]}})
        )
        assert sample.system == "You label clauses."
        assert sample.instruction.startswith("Labels?\n\nCategories:\n- a: d\n")


class TestWhatIsPlanned:
    def test_the_draws_of_a_seed_go_through_all_leaves_and_tasks(self, mpl):
        generator = domain()
        leaves, tasks = 21, 5
        aims = [generator.aims(mpl, Draw(number)) for number in range(leaves * tasks)]
        assert len({(each["leaf"], each["task"]) for each in aims}) == leaves * tasks
        first = Counter(each["task"] for each in aims[:tasks])
        assert set(first.values()) == {1}
        assert len({each["leaf"] for each in aims[:leaves]}) == leaves

    def test_the_first_draws_of_many_seeds_are_spread_over_the_leaves(self):
        generator = domain(task="spans")
        seeds = [Seed(source="s", instruction=f"Text {number}") for number in range(2100)]
        counts = Counter(generator.aims(seed, Draw(0))["leaf"] for seed in seeds)
        assert set(counts) == set(generator.leaves)
        assert min(counts.values()) > 60
        assert max(counts.values()) < 150

    async def test_what_is_asked_about_has_the_leaf_its_siblings_and_what_is_near(
        self, scripted, mpl
    ):
        generator = domain(task="classify", shown=8)
        draw = draw_for(generator, mpl, "risk/indemnity")
        ask = scripted("domain", {"": {"labels": []}})
        sample = await generator.draft(mpl, draw, ask)
        (prompt,) = ask.prompts
        assert prompt.count("<category name=") == 8
        asked = [
            line[2:].partition(": ")[0]
            for line in sample.instruction.splitlines()
            if line.startswith("- ")
        ]
        assert {"risk/indemnity", "risk/liability limit", "termination/breach"} <= set(asked)
        assert asked == [leaf for leaf in generator.leaves if leaf in asked]
        assert "- Look at risk/indemnity and what is next to it" in prompt
        assert sample.attributes == (
            Attribute("leaf", "risk/indemnity"),
            Attribute("task", "classify"),
        )

    async def test_attributes_shape_what_is_written_and_not_what_is_there(self, scripted, mpl):
        draw = Draw(0, {"tone": "dry"})
        ask = scripted("domain", {"": {"labels": []}})
        sample = await domain(task="classify").draft(mpl, draw, ask)
        assert "tone" not in ask.prompts[0]
        assert [attribute.name for attribute in sample.attributes] == ["leaf", "task"]

        cases = json.loads((REPLIES / "licence.json").read_text())
        reply = next(case["reply"] for case in cases if case["task"] == "qa")
        ask = scripted("domain", {"- tone: dry": reply})
        sample = await domain(task="qa", shown=30).draft(mpl, draw, ask)
        assert sample.attributes[0] == Attribute("tone", "dry")

    def test_the_planned_leaf_cannot_be_an_attribute_of_the_recipe(self):
        with pytest.raises(ValidationError, match="'leaf' is an attribute that this strategy sets"):
            Domain(taxonomy="x.yaml", attributes={"leaf": ["a", "b"]})

    async def test_an_annotator_sees_what_the_tuned_model_will_see(self, scripted):
        """Not the heading, which could decide and is not in the user message."""
        text = "The microphone hears the speaker. Add echo cancellation to the pipeline first."
        passage = Passage(source="a.md", start=9, end=9 + len(text), text=text, heading="Fixes")
        seed = Seed(source="a.md:9", passage=passage)
        for task, heading in (("classify", 0), ("spans", 0), ("qa", 1), ("troubleshooting", 1)):
            ask = scripted("domain", {})
            with pytest.raises(LookupError):
                await domain("software", task=task).draft(seed, Draw(0), ask)
            assert ask.prompts[0].count('heading="Fixes"') == heading
            assert ask.prompts[0].count(text) == 1

    def test_a_text_of_a_few_words_is_no_passage(self):
        assert not domain().accepts(Seed(source="s", instruction="A heading alone"))

    async def test_a_text_that_is_no_document_will_do(self, scripted):
        text = "the app says wrong key since this morning, what now"
        seed = Seed(source="tickets.csv#3", instruction=text)
        ask = scripted(
            "domain", {"<passage": {"labels": [{"quote": "wrong key", "label": "credentials"}]}}
        )
        sample = await domain("software", task="classify").draft(seed, Draw(0), ask)
        assert sample.passage == Passage(source="tickets.csv#3", start=0, end=len(text), text=text)


class TestGeneralData:
    @pytest.fixture
    def folder(self, tmp_path):
        (tmp_path / "t.yaml").write_text("name: x\nchildren: [{name: a, definition: d}]")
        (tmp_path / "general.jsonl").write_text(
            '{"prompt": "Name a fruit.", "response": "An apple."}\n\n'
            '{"messages": [{"role": "user", "content": "Hi"},'
            ' {"role": "assistant", "content": "Hello"}]}\n'
        )
        return tmp_path

    def mixed(self, folder, share, general="general.jsonl"):
        return domain(
            "t.yaml",
            folder=folder,
            task="spans",
            general=general,
            general_share=share,
            general_licence="MIT",
        )

    async def test_a_row_is_taken_as_it_is_without_asking(self, scripted, folder, mpl):
        generator = self.mixed(folder, 0.999)
        samples = [
            await generator.draft(mpl, Draw(number), scripted("domain", {})) for number in range(20)
        ]
        assert {(s.instruction, s.response, s.seed.source) for s in samples} == {
            ("Name a fruit.", "An apple.", "general.jsonl#1"),
            ("Hi", "Hello", "general.jsonl#3"),
        }
        for sample in samples:
            assert (sample.strategy, sample.seed.licence) == ("general", "MIT")
            assert (sample.origin.generator, sample.origin.model) == ("domain", "")
            assert sample.attributes == (Attribute("task", "general"),)

    async def test_a_parquet_file(self, scripted, folder, mpl):
        rows = [{"prompt": f"Number {n}?", "response": f"It is {n}."} for n in range(7)]
        pq.write_table(pa.Table.from_pylist(rows), folder / "general.parquet", row_group_size=3)
        samples = await self.drawn(scripted, mpl, self.mixed(folder, 0.999, "general.parquet"))
        assert {(s.instruction, s.response, s.seed.source) for s in samples} == {
            (f"Number {n}?", f"It is {n}.", f"general.parquet#{n + 1}") for n in range(7)
        }

    async def test_what_a_run_has_kept(self, scripted, folder, mpl):
        (folder / "tasks.jsonl").write_text('{"instruction": "Name a fruit.", "output": "Apple"}\n')
        run = Recipe(
            models={"writer": "simulated"},
            seeds=[{"tasks": "tasks.jsonl"}],
            generators=[{"instruction": {"draws": 3}}],
            folder=folder,
        ).run(folder / "run")
        assert run.balance.kept == 3
        samples = await self.drawn(scripted, mpl, self.mixed(folder, 0.999, "run/kept"))
        assert len({sample.instruction for sample in samples}) == 3
        assert all(s.seed.source.startswith("run/kept/") and s.response for s in samples)

    async def drawn(self, scripted, seed, generator):
        ask = scripted("domain", {})
        return [await generator.draft(seed, Draw(number), ask) for number in range(60)]

    def test_parquet_that_is_none_or_holds_no_sample(self, folder):
        pq.write_table(pa.table({"colour": ["red"]}), folder / "colours.parquet")
        (folder / "text.parquet").write_text("no table")
        (folder / "empty").mkdir()
        for name, reason in (
            ("colours.parquet", "colours.parquet#1: the columns"),
            ("text.parquet", "text.parquet is no Parquet"),
            ("empty", "holds no Parquet files; name a file of JSON Lines or Parquet"),
            ("none.parquet", "does not exist; paths start from"),
        ):
            with pytest.raises(RecipeError, match=reason):
                self.mixed(folder, 0.1, name)

    def test_another_row_is_a_change(self, folder):
        hashes = set()
        for colour in ("red", "green"):
            rows = [{"prompt": "Which colour?", "response": colour}]
            pq.write_table(pa.Table.from_pylist(rows), folder / "general.parquet")
            hashes.add(self.mixed(folder, 0.1, "general.parquet").contents[1])
        assert len(hashes) == 2

    def test_the_share_is_of_all_that_is_planned(self, folder):
        generator = self.mixed(folder, 0.1)
        seeds = [Seed(source="s", instruction=f"Text {number}") for number in range(500)]
        tasks = Counter(generator.aims(s, Draw(n))["task"] for s in seeds for n in range(4))
        assert 150 < tasks["general"] < 250
        assert tasks["general"] + tasks["spans"] == 2000

    @pytest.mark.parametrize(
        ("row", "reason"),
        [
            ("{", "line 4: not valid JSON"),
            ("[1]", "line 4: a row is an object"),
            ('{"prompt": "Name a fruit."}', "line 4: "),
            ('{"colour": "red"}', "line 4: the columns"),
        ],
    )
    def test_a_row_that_is_no_sample_is_refused_with_its_line(self, folder, row, reason):
        with (folder / "general.jsonl").open("a") as file:
            file.write(row + "\n")
        with pytest.raises(RecipeError, match=reason):
            self.mixed(folder, 0.1)

    def test_an_empty_or_missing_file(self, folder):
        (folder / "general.jsonl").write_text("\n")
        with pytest.raises(RecipeError, match="holds no rows"):
            self.mixed(folder, 0.1)
        (folder / "general.jsonl").unlink()
        with pytest.raises(RecipeError, match="does not exist; paths start from"):
            self.mixed(folder, 0.1)

    @pytest.mark.parametrize("options", [{"general": "x.jsonl"}, {"general_share": 0.1}])
    def test_the_share_and_the_file_need_each_other(self, options):
        with pytest.raises(ValidationError, match="need each other"):
            Domain(taxonomy="t.yaml", **options)


class TestContents:
    def test_a_changed_taxonomy_is_a_change(self, tmp_path):
        path = tmp_path / "t.yaml"
        path.write_text("name: x\nchildren: [{name: a, definition: d}]")
        before = domain("t.yaml", folder=tmp_path, task="spans").contents
        path.write_text("# a comment\nname: x\nchildren: [{name: a, definition: d}]")
        assert domain("t.yaml", folder=tmp_path, task="spans").contents == before
        path.write_text("name: x\nchildren: [{name: a, definition: other}]")
        assert domain("t.yaml", folder=tmp_path, task="spans").contents != before

    def test_close_cases_need_two_leaves(self, tmp_path):
        (tmp_path / "t.yaml").write_text("name: x\nchildren: [{name: a, definition: d}]")
        with pytest.raises(RecipeError, match="'boundary' needs two leaves"):
            domain("t.yaml", folder=tmp_path)

    def test_another_process_gets_the_options_and_reads_the_files_itself(self, mpl):
        generator = domain(task="spans")
        sent = pickle.loads(pickle.dumps(generator))
        assert sent.model_dump() == generator.model_dump()
        with pytest.raises(RecipeError, match="call prepare first"):
            sent.aims(mpl, Draw(0))
        sent.prepare(RECIPES)
        assert sent.aims(mpl, Draw(0)) == generator.aims(mpl, Draw(0))

    @pytest.mark.parametrize("task", [[], ["spans", "spans"], ["chess"], "chess"])
    def test_tasks_that_cannot_be(self, task):
        with pytest.raises(ValidationError):
            Domain(taxonomy="t.yaml", task=task)


@pytest.mark.parametrize("name", ["domain", "domain_legal"])
def test_the_recipe_that_ships(tmp_path, name):
    """Books that balance, labels of the taxonomy, quotes of the source, and both exports."""
    import pyarrow.parquet as pq

    recipe = Recipe.from_yaml(RECIPES / f"{name}.yaml")
    report = recipe.run(tmp_path / "run")

    books = report.balance
    assert report.status == "done"
    assert books.planned == books.kept + books.dropped + books.failed
    assert books.kept > 0.8 * books.planned
    generator = recipe.generators[0]
    samples = [
        sample_from_row(row)
        for path in (tmp_path / "run" / "kept").glob("*.parquet")
        for row in pq.read_table(path).to_pylist()
    ]
    of_domain = [sample for sample in samples if sample.strategy == "domain"]
    for sample in of_domain:
        text = sample.passage.text
        assert all(text[span.start : span.end] == span.quote for span in sample.spans)
        assert set(sample.labels) <= set(generator.leaves)
        assert sample.verified is not False
    tasks = Counter({a.name: a.value for a in s.attributes}["task"] for s in samples)
    assert set(generator.task) <= set(tasks)
    table = coverage_of(tmp_path / "run", generator.leaves)
    assert [row.leaf for row in table] == list(generator.leaves)
    assert sum(row.kept for row in table) == len(of_domain)
    assert sum(row.labelled > 0 for row in table) > len(generator.leaves) / 2
    sft = export(tmp_path / "run", TrlSft(), allow_simulated=True)
    dpo = export(tmp_path / "run", TrlDpo(), allow_simulated=True)
    assert (sft.rows, dpo.rows) == (len(samples), tasks["boundary"])
