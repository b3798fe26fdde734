"""Prompts begin with what they share, so that a server's prefix cache has it."""

import asyncio
from collections import defaultdict
from difflib import SequenceMatcher
from pathlib import Path

import pytest

import silversmith
from silversmith import Recipe
from silversmith.pipeline.rehearsal import rehearse
from silversmith.pipeline.samples import Askers

RECIPES = sorted((Path(silversmith.__file__).parent / "recipes").glob("*.yaml"))


def prompts(path):
    """The first two messages of each request, by who asks and under which system message."""
    recipe = Recipe.from_yaml(path)
    found = defaultdict(list)
    for one in asyncio.run(rehearse(recipe, Askers.of(recipe))):
        for call in one.calls:
            first, *others = (message["content"] for message in call.request.messages)
            found[call.asker, first].append("".join((first, *others[:1])))
    return found


@pytest.mark.parametrize("path", RECIPES, ids=lambda path: path.stem)
def test_what_two_prompts_share_is_mostly_at_their_beginning(path):
    for (asker, _), texts in prompts(path).items():
        one, other = texts[0], next((text for text in texts if text != texts[0]), texts[0])
        pairs = zip(one, other, strict=False)
        begin = next((n for n, (a, b) in enumerate(pairs) if a != b), len(one))
        late = SequenceMatcher(None, one[begin:], other[begin:], autojunk=False)
        assert late.find_longest_match().size < begin, asker


def test_the_categories_of_a_taxonomy_stand_before_what_differs():
    recipe = Recipe.from_yaml(next(path for path in RECIPES if path.stem == "domain"))
    (called,) = [one for one in recipe.generators if one.kind == "domain"][:1]
    whole = recipe.model_copy(update={"generators": [called.model_copy(update={"shown": 64})]})
    found = asyncio.run(rehearse(whole, Askers.of(whole)))
    texts = [one.calls[0].request.messages[1]["content"] for one in found]
    assert len(texts) > 1
    for text in texts:
        assert text.startswith("<categories")
        shared = text[: text.index("</categories>")]
        assert all(other.startswith(shared) for other in texts)
