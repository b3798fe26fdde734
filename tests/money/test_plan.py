"""Plans: real prompts of seeds from everywhere, ranges that hold, nothing asked."""

import json

import pytest
import yaml
from tokenizers import Tokenizer, models, pre_tokenizers, trainers

from silversmith.errors import RecipeError, TemplateError
from silversmith.filters import DatasetFilter
from silversmith.models import ModelSpec
from silversmith.models.tokens import token_counter
from silversmith.pipeline import survey
from silversmith.pipeline.forecast import forecast


async def plan(recipe, out=None):
    return (await forecast(recipe, out)).as_dict()


def inside(value, range_):
    return range_["low"] <= value <= range_["high"]


def tasks(path, instructions):
    path.write_text("".join(json.dumps({"instruction": one}) + "\n" for one in instructions))
    return [{"tasks": str(path)}]


async def test_what_a_run_takes_lies_in_the_range_of_its_plan(recipe, tmp_path):
    # Flawed drafts are shorter than those of a rehearsal: a plan's low end is no floor.
    one = recipe(
        models={
            "writer": {
                "simulated": {"flawed": 0},
                "prices": {"input": 2, "output": 10},
                "parameters": {"max_tokens": 600},
            }
        },
        limit=None,
        generators=[{"instruction": {"draws": 2}}, "reasoning"],
        filters=[{"score": {"min": 0.5}}, "exact_duplicates"],
    )

    before = await plan(one)
    report = await one.run_async(tmp_path / "run")

    usage = report.manifest["usage"]
    assert before["samples"] == report.balance.planned == 525
    assert inside(sum(u["calls"] for u in usage), before["calls"])
    assert inside(sum(u["input_tokens"] for u in usage), before["input_tokens"])
    assert inside(sum(u["output_tokens"] for u in usage), before["output_tokens"])
    assert inside(report.manifest["cost"], before["cost"])
    for stage in before["stages"]:
        (used,) = [u for u in usage if u["asker"] == stage["asker"]]
        assert stage["rehearsed"] >= 100
        assert stage["counted"]
        assert inside(used["cost"], stage["cost"])
        assert used["input_tokens"] == pytest.approx(stage["input_tokens"]["low"], rel=0.1)

    disk = before["footprint"]
    assert disk["journal"] == pytest.approx(
        (tmp_path / "run" / "journal.db").stat().st_size, rel=0.2
    )
    written = sum(f.stat().st_size for f in (tmp_path / "run").glob("*/*.parquet"))
    assert disk["parquet"] == pytest.approx(written, rel=0.6)


async def test_the_rehearsed_seeds_come_from_everywhere(recipe, tmp_path):
    short = [f"Say hello to guest {n}." for n in range(1000)]
    long = [f"Report {n}: " + "the pump was checked and found in order. " * 40 for n in range(1000)]
    one = recipe(seeds=tasks(tmp_path / "s.jsonl", short + long), judges=[], limit=None)

    before = await plan(one)
    report = await one.run_async(tmp_path / "run")

    (used,) = report.manifest["usage"]
    assert inside(used["input_tokens"], before["input_tokens"])
    assert before["input_tokens"]["low"] == pytest.approx(used["input_tokens"], rel=0.2)


async def test_twenty_thousand_seeds_are_counted_one_by_one(recipe, tmp_path):
    seeds = tasks(tmp_path / "s.jsonl", [f"Name {n} things." for n in range(20_000)])

    before = await plan(recipe(seeds=seeds, generators=[{"instruction": {"draws": 3}}], limit=None))

    assert (before["seeds"], before["samples"], before["complete"]) == (20_000, 60_000, True)


async def test_a_source_without_end_is_not_read_to_its_end(recipe, tmp_path, monkeypatch):
    monkeypatch.setattr(survey, "SEEDS_READ", 500)
    seeds = tasks(tmp_path / "s.jsonl", [f"Name {n} things." for n in range(20_000)])

    before = await plan(recipe(seeds=seeds, limit=None))

    assert not before["complete"]
    assert 500 <= before["samples"] < 1_000
    assert before["times"] * before["samples"] == pytest.approx(20_000, rel=0.1)


async def test_a_limit_counts_what_it_lets_through(recipe):
    before = await plan(recipe(generators=[{"instruction": {"draws": 2}}, "reasoning"], limit=10))

    assert [stage["samples"] for stage in before["stages"]] == [7, 3, 10]
    assert before["complete"]


def test_a_plan_asks_no_one_and_says_what_it_does_not_know(simulate, silversmith, recipe, tmp_path):
    server = simulate()
    values = yaml.safe_load(recipe(name="job", filters=["near_duplicates"]).to_yaml())
    url = {"base_url": server.url, "model": "m"}
    values["models"] = {
        "writer": {**url, "prices": {"input": 2, "output": 10}, "parameters": {"max_tokens": 500}},
        "critic": url,
    }
    job = tmp_path / "job.yaml"
    job.write_text(yaml.safe_dump(values))

    shown = silversmith("plan", str(job))
    told = json.loads(silversmith("plan", str(job), "--json").stdout)

    assert server.stats()["received"] == 0
    assert shown.returncode == 0
    assert "cost unknown (no prices: critic), and $" in shown.stdout
    assert "Nothing limits the replies of critic" in shown.stdout
    assert "Tokens are estimated from characters for critic, writer" in shown.stdout
    assert "the filter near_duplicates takes at most about" in shown.stdout
    drafts, verdicts = told["stages"]
    assert drafts["reply_limit"] == 500
    assert drafts["calls"] == {"low": 60, "high": 180}
    assert drafts["output_tokens"]["high"] == 60 * 3 * 500
    assert 0 < drafts["cost"]["low"] < drafts["cost"]["high"]
    assert verdicts["cost"] is None
    assert verdicts["output_tokens"]["high"] is None
    assert told["cost"] is None
    assert told["unpriced"] == ["critic"]


@pytest.fixture
def tokenizer(tmp_path):
    """A small tokenizer of the real library, in a model's folder."""
    made = Tokenizer(models.BPE())
    made.pre_tokenizer = pre_tokenizers.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(vocab_size=400, initial_alphabet=alphabet, show_progress=False)
    made.train_from_iterator(["the cat sat on the mat and the dog sat on the log"] * 9, trainer)
    (tmp_path / "model").mkdir()
    made.save(str(tmp_path / "model" / "tokenizer.json"))
    return made


async def test_a_tokenizer_counts(recipe, tmp_path, tokenizer):
    spec = {"model": "m", "base_url": "http://127.0.0.1:9/v1", "tokenizer": "model"}
    text = 'The cat and Zürich\'s 東京 dog: {"x": 1}'

    counter = token_counter(ModelSpec.parse(spec), tmp_path)
    before = await plan(recipe(models={"writer": spec}, folder=tmp_path))
    estimated = await plan(recipe(models={"writer": {**spec, "tokenizer": None}}))

    assert counter.text(text).low == counter.text(text).high == len(tokenizer.encode(text).ids)
    assert all(stage["counted"] for stage in before["stages"])
    assert not any(stage["counted"] for stage in estimated["stages"])
    # This one knows few words, and takes far more tokens than any real one.
    assert before["input_tokens"]["low"] > 1.5 * estimated["input_tokens"]["low"]


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("nowhere", r"tokenizer: there is no file .*nowhere; name a tokenizer\.json"),
        ("notes.json", r"tokenizer: .*notes\.json is no tokenizer\.json"),
    ],
)
async def test_a_wrong_tokenizer_is_said(recipe, tmp_path, name, said):
    (tmp_path / "notes.json").write_text('{"hello": 1}')
    spec = {"model": "m", "base_url": "http://127.0.0.1:9/v1", "tokenizer": name}

    with pytest.raises(RecipeError, match=said):
        await forecast(recipe(models={"writer": spec}, folder=tmp_path))


async def test_a_plan_in_a_folder_is_of_what_is_left(recipe, tmp_path):
    folder = tmp_path / "run"
    stopped = await recipe(limits={"max_calls": 50}).run_async(folder)

    before = await plan(recipe(), folder)
    report = await recipe().run_async(folder)

    settled = 60 - stopped.balance.pending
    assert (before["samples"], before["settled"]) == (60, settled)
    drafts, verdicts = before["stages"]
    assert verdicts["samples"] == 60 - settled
    assert drafts["samples"] < verdicts["samples"]  # some were drafted and wait for their judge
    assert inside(report.manifest["this_run"]["calls"], before["calls"])
    assert before["to_finish"] == stopped.manifest["to_finish"]
    done = await plan(recipe(), folder)
    assert done["settled"] == 60
    assert done["calls"] == {"low": 0, "high": 0}
    assert done["to_finish"] is None


async def test_one_more_judge_is_all_that_is_left_to_ask(recipe, tmp_path):
    await recipe(limit=20).run_async(tmp_path / "run")
    second = {"rubric": {"name": "second", "criteria": ["clarity"]}}

    before = await plan(recipe(limit=20, judges=["rubric", second]), tmp_path / "run")

    left = {stage["asker"]: stage["samples"] for stage in before["stages"]}
    assert left["instruction"] == left["judge rubric"] == 0
    assert left["judge second"] == 20


async def test_what_has_changed_is_said_and_asked_for_again(recipe, tmp_path, silversmith):
    await recipe(limit=20).run_async(tmp_path / "run")
    changed = recipe(limit=20, generators=[{"instruction": {"system": "You are terse."}}])

    before = await plan(changed, tmp_path / "run")

    assert before["changed"] == ("instruction",)
    assert [stage["samples"] for stage in before["stages"]] == [20, 20]
    path = tmp_path / "job.yaml"
    path.write_text(changed.to_yaml())
    shown = silversmith("plan", str(path), "--out", str(tmp_path / "run")).stdout
    assert "Changed since then: instruction; a run there wants --again." in shown


async def test_a_folder_of_another_recipe_is_planned_as_a_new_one(recipe, tmp_path):
    await recipe(limit=5, judges=[]).run_async(tmp_path / "run")

    before = await plan(recipe(limit=5, generators=["reasoning"], judges=[]), tmp_path / "run")

    assert "holds a run of another recipe" in before["refused"]
    assert before["settled"] == 0


async def test_a_target_asks_for_as_many_at_least_and_for_all_draws_at_most(recipe):
    before = await plan(recipe(target=10, judges=[], limit=50))

    assert before["target"] == 10
    assert before["calls"] == {"low": 10, "high": 150}


async def test_a_stage_that_no_rehearsal_reached_is_unknown(recipe, tmp_path, monkeypatch):
    (tmp_path / "picky.py").write_text(
        "from silversmith.errors import ReplyError\n"
        "from silversmith.generators import Generator\n"
        "class Picky(Generator):\n"
        "    kind = 'picky'\n"
        "    async def draft(self, seed, draw, ask):\n"
        "        raise ReplyError('not good enough')\n"
    )
    monkeypatch.syspath_prepend(tmp_path)

    before = await plan(recipe(generators=["picky:Picky"], folder=tmp_path))

    _, judge = before["stages"]
    assert judge["rehearsed"] == 0
    assert judge["calls"] == {"low": 0, "high": None}


async def test_a_mistake_in_a_template_is_found(recipe, tmp_path):
    (tmp_path / "prompts").mkdir()
    (tmp_path / "prompts" / "instruction.j2").write_text(
        '{% extends "silversmith/instruction.j2" %}{% block user %}{{ sead.text }}{% endblock %}'
    )

    with pytest.raises(TemplateError, match="sead"):
        await forecast(recipe(folder=tmp_path))


class Loudest(DatasetFilter):
    """A filter of somebody's own that does not say what memory it needs."""

    kind = "loudest"

    def drops(self, table):
        return []


async def test_a_filter_that_says_nothing_of_its_memory_is_shown_so(recipe):
    before = await plan(recipe(filters=["exact_duplicates", Loudest()]))

    exact, loudest = before["footprint"]["memory"]
    assert exact["bytes"] > 60 * 200
    assert loudest == {"filter": "loudest", "bytes": None}
