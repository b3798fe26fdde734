"""Seeds that no strategy of a recipe can use: a sentence says which, and what is needed."""

import pytest

from silversmith import Recipe
from silversmith.errors import SeedError

TAXONOMY = (
    "name: t\nchildren:\n- {name: a, definition: Of one.}\n- {name: b, definition: Of another.}\n"
)


@pytest.mark.parametrize(
    ("generator", "needed"),
    [
        ("abstention", "abstention needs passages of documents with at least 60 words, and in"),
        ({"domain": "taxonomy.yaml"}, "domain needs passages, or other texts, of at least 8 words"),
        ({"instruction": {"mode": "evolve"}}, "instruction needs tasks"),
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
