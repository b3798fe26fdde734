"""A run on a cluster has the samples of a run on one machine."""

import pytest

ONE_MACHINE = ("--set", "engine=null")
GENERATOR = '''
from pydantic import BaseModel

from silversmith.generators import Generator
from silversmith.records import Sample

from beside import shout


class Echo(Generator):
    """The seed's words, and what the model makes of them."""

    kind = "echo"

    class Draft(BaseModel):
        instruction: str

    async def draft(self, seed, draw, ask):
        reply = await ask(self.Draft, seed=seed, draw=draw)
        return Sample.pair(shout(seed.text), reply.instruction)
'''
TEMPLATE = """{% extends "silversmith/_draft.j2" %}
{% block system %}You say tasks in other words.{% endblock %}
{% block brief %}Say this in other words.{% endblock %}
{% block variety %}{% endblock %}
{% block material %}{{ seed.text }}{% endblock %}
"""


@pytest.fixture
def here(place, cluster):
    place.address = cluster.address
    return place


def test_a_panel_weighs_its_members_by_the_reliability_that_all_blocks_show(here, simulate):
    server = simulate(latency_ms=5, flawed=0.4)
    one = {"model": "simulated", "base_url": server.url, "concurrency": 16}
    voted = {"models": ["one", "two", "three"], "combine": "dawid_skene"}
    here.seeds(40)
    here.recipe(
        server.url,
        models={"writer": one, **{name: {**one, "parameters": {"temperature": heat}}
                for name, heat in (("one", 0.1), ("two", 0.5), ("three", 1))}},
        generators=[{"instruction": {"model": "writer"}}],
        judges=[{"panel": {**voted, "criteria": ["accuracy"]}}],
    )  # fmt: skip
    here.run("run", "recipe.yaml", "--out", "alone", *ONE_MACHINE)

    here.run("run", "recipe.yaml", "--out", "spread", "--on", "ray")

    notes = [one["judgements"][0]["note"] for one in here.dataset("alone")["kept"]]
    assert notes
    assert all(note.startswith("by reliability") for note in notes)
    assert here.dataset("spread") == here.dataset("alone")


def test_samples_books_and_money_are_those_of_one_machine(here, simulate):
    """Seeds that occur again, in other blocks and in another source; documents; rows that cannot
    be read; a limit in the middle of a seed."""
    server = simulate(latency_ms=5, flawed=0.3, malformed_rate=0.05)
    here.seeds(25, again=8)
    with open(here.path / "seeds.jsonl", "a") as file:
        file.write("{broken\n")
    (here.path / "more").mkdir()
    text = (here.path / "seeds.jsonl").read_text().splitlines()
    (here.path / "more" / "a.jsonl").write_text("\n".join(text[3:9]) + "\n")
    (here.path / "more" / "b.jsonl").write_text("")
    (here.path / "notes").mkdir()
    for number in range(3):
        words = f"Part {number % 2}. " + "The valve opens at 4 bar and closes at 2 bar. " * 12
        (here.path / "notes" / f"{number}.md").write_text(f"# Valve\n\n{words}\n")
    here.recipe(
        server.url,
        models={
            "writer": {
                "model": "simulated", "base_url": server.url, "concurrency": 16,
                "prices": {"input": 1, "output": 2},
            }
        },
        seeds=[{"tasks": "seeds.jsonl"}, {"tasks": "more/"}, {"documents": "notes/"}],
        generators=[{"instruction": {"draws": 2}}, "abstention"],
        skip_bad_rows=True,
        limit=81,
    )  # fmt: skip
    here.run("run", "recipe.yaml", "--out", "alone", *ONE_MACHINE)

    here.run("run", "recipe.yaml", "--out", "spread", "--on", "ray")

    assert here.dataset("spread") == here.dataset("alone")
    alone, spread = here.manifest("alone"), here.manifest("spread")
    for name in ("books", "funnel", "usage", "failures", "idle", "simulated"):
        assert spread[name] == alone[name], name
    assert spread["cost"] == pytest.approx(alone["cost"])
    assert {**spread["seeds"], "bad_rows_listed": None} == {
        **alone["seeds"], "bad_rows_listed": None
    }  # fmt: skip
    assert [one["reason"] for one in spread["seeds"]["bad_rows_listed"]]
    assert spread["books"]["planned"] == 81

    # The same command again has nothing left to ask for.
    asked = server.stats()["received"]
    here.run("run", "recipe.yaml", "--out", "spread", "--on", "ray")
    assert server.stats()["received"] == asked
    assert here.dataset("spread") == here.dataset("alone")

    # Another filter costs nothing either.
    here.run("run", "recipe.yaml", "--out", "spread", "--set", "filters.score.min=0.9")
    here.run("run", "recipe.yaml", "--out", "alone", "--set", "filters.score.min=0.9", *ONE_MACHINE)
    assert server.stats()["received"] == asked
    assert here.dataset("spread") == here.dataset("alone")


def test_plug_ins_and_templates_travel(here, simulate):
    """From the recipe's folder, which the workers' Python does not look into."""
    server = simulate()
    here.seeds(12)
    (here.path / "plug").mkdir()
    (here.path / "plug" / "echo.py").write_text(GENERATOR)
    (here.path / "plug" / "beside.py").write_text("def shout(text):\n    return text.upper()\n")
    (here.path / "prompts").mkdir()
    (here.path / "prompts" / "echo.j2").write_text(TEMPLATE)
    here.recipe(server.url, generators=["echo:Echo"], judges=[], filters=[])
    env = {"PYTHONPATH": str(here.path / "plug")}

    here.run("run", "recipe.yaml", "--out", "spread", "--on", "ray", **env)

    here.run("run", "recipe.yaml", "--out", "alone", *ONE_MACHINE, **env)
    assert here.manifest("spread")["books"]["kept"] == 12
    assert here.dataset("spread") == here.dataset("alone")


def test_a_judge_pass_over_what_exists(here, simulate):
    server = simulate(latency_ms=5)
    here.seeds(25)
    here.recipe(server.url)
    words = ("judge", "seeds.jsonl", "--judges", "recipe.yaml")

    here.run(*words, "--out", "spread", "--on", "ray")

    here.run(*words, "--out", "alone", "--set", "engine=null")
    assert here.dataset("spread") == here.dataset("alone")
    assert here.manifest("spread")["books"]["planned"] > 20


def test_further_seeds_go_on_and_other_seeds_are_refused(here, simulate):
    server = simulate()
    here.seeds(14)
    here.recipe(server.url)
    here.run("run", "recipe.yaml", "--out", "spread", "--on", "ray")
    asked = server.stats()["received"]

    here.seeds(25)
    here.run("run", "recipe.yaml", "--out", "spread", "--on", "ray")

    assert server.stats()["received"] <= asked + 2 * 11 + 2 * 2
    assert here.manifest("spread")["books"]["planned"] == 25
    lines = (here.path / "seeds.jsonl").read_text().splitlines()
    (here.path / "seeds.jsonl").write_text("\n".join(lines[1:]) + "\n")
    said = here.run("run", "recipe.yaml", "--out", "spread", "--on", "ray", status=1)
    assert "The seeds are not those that the run began with" in said
