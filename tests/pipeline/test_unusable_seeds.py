"""Seeds that no strategy of a recipe can use: a sentence says which, and what is needed."""

import pytest

from silversmith import Recipe
from silversmith.cli import planned, summary
from silversmith.errors import SeedError
from silversmith.pipeline.forecast import forecast

TAXONOMY = (
    "name: t\nchildren:\n- {name: a, definition: Of one.}\n- {name: b, definition: Of another.}\n"
)


@pytest.mark.parametrize(
    ("generator", "needed"),
    [
        ("abstention", "abstention needs passages of documents with at least 60 words, and in"),
        ({"domain": "taxonomy.yaml"}, "domain needs passages, or other texts, of at least 8 words"),
        ({"instruction": {"mode": "evolve"}}, "instruction needs tasks"),
        ({"reasoning": {"solve": True}}, "reasoning needs tasks with a known answer"),
        (
            {"conversation": {"context_tokens": 5000, "system": "You do not decide. " * 400}},
            "conversation needs seeds of which the text and `system` take at most 1,000 tokens",
        ),
        ({"instruction": {"seeds": "tasks"}}, r"needs seeds with a text \(seeds: tasks\)"),
    ],
)
def test_a_document_with_no_usable_passage(tmp_path, generator, needed):
    (tmp_path / "note.md").write_text("# Note\n\nBack at five.\n")
    (tmp_path / "taxonomy.yaml").write_text(TAXONOMY)
    recipe = Recipe(
        models={"writer": "simulated"},
        seeds=[{"documents": "note.md"}],
        generators=[generator],
        folder=tmp_path,
    )
    with pytest.raises(SeedError, match=rf"None of the seeds \(.*note\.md:.*\) can be.*{needed}"):
        recipe.run(tmp_path / "run")


PASSAGE = """# Loan desk

The loan desk of the town library lends tools as well as books. It is open from Tuesday to Saturday,
and on Saturday it closes at 14:00. Tools may be kept for ten days; after that a fee of 2 euros a
day is due. The deposit for a drill is 40 euros. It is given back when the drill comes back clean
and complete. Whoever returns it dirty pays the cleaning.
"""


@pytest.fixture
def mixed(tmp_path):
    """A recipe of which one document and one generator find nothing that suits them."""
    folder = tmp_path / "texts"
    folder.mkdir()
    (folder / "desk.md").write_text(PASSAGE)
    (folder / "note.md").write_text("# Note\n\nBack at five.\n")
    return Recipe(
        models={"writer": "simulated"},
        seeds=[{"documents": "texts"}],
        generators=["abstention", {"reasoning": {"name": "solved", "solve": True}}],
        folder=tmp_path,
    )


def test_a_document_that_suits_nothing_and_a_generator_that_nothing_suits_are_named(
    mixed, tmp_path, capsys
):
    report = mixed.run(tmp_path / "run")
    assert report.manifest["seeds"]["unused"] == 1
    assert report.manifest["seeds"]["unused_listed"] == ["texts/note.md:0-21"]
    assert report.manifest["idle"] == {"solved": "tasks with a known answer"}
    summary.show(report)
    said = capsys.readouterr().out
    assert "1 seed suits no generator of the recipe; the first: texts/note.md:0-21" in said
    assert "no seed suits solved, which needs tasks with a known answer" in said


async def test_a_plan_names_them_too(mixed, capsys):
    planned.show(await forecast(mixed))
    said = capsys.readouterr().out
    assert "1 of them suit no generator (the first: " in said
    assert "No seed suits solved, which needs tasks with a known answer." in said


def test_a_limit_says_nothing_of_generators_whose_seeds_had_no_turn(mixed, tmp_path):
    report = mixed.model_copy(update={"limit": 1}).run(tmp_path / "run")
    assert report.balance.planned == 1
    assert report.manifest["idle"] == {}
