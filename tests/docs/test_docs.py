"""The documentation is true to the code."""

import json
import re
import subprocess
import sys
from pathlib import Path

import jsonschema
import pytest
import yaml

import silversmith
from silversmith import Recipe
from silversmith.cli import app
from silversmith.filters import DatasetFilter, Filter
from silversmith.generators import Generator
from silversmith.judges import Judge
from silversmith.pipeline.components import component
from silversmith.records import Sample, sample_to_json
from silversmith.seeds import SeedSource

ROOT = Path(silversmith.__file__).parent
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
ROOMS = {
    "seeds": (SeedSource,),
    "generators": (Generator,),
    "judges": (Judge,),
    "filters": (Filter, DatasetFilter),
}


def blocks(page, language):
    return re.findall(rf"```{language}\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL)


def test_the_reference_is_what_the_code_says():
    check = subprocess.run(
        [sys.executable, str(ROOT / "docs" / "reference.py"), "--check"],
        capture_output=True,
        text=True,
    )
    assert check.returncode == 0, check.stderr


def test_the_published_schemas_take_what_the_program_takes():
    schema = json.loads((ROOT / "docs" / "recipe.schema.json").read_text())
    for path in (ROOT / "recipes").glob("*.yaml"):
        jsonschema.validate(yaml.safe_load(path.read_text()), schema)
    (readme,) = blocks(ROOT / "README.md", "yaml")
    jsonschema.validate(yaml.safe_load(readme), schema)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(yaml.safe_load(readme.replace("draws", "drawz")), schema)

    sample = Sample.pair("Name a fruit.", "An apple.", id="1", strategy="instruction")
    schema = json.loads((ROOT / "docs" / "sample.schema.json").read_text())
    jsonschema.validate(json.loads(sample_to_json(sample)), schema)


def test_the_recipe_of_the_readme_is_a_recipe():
    (text,) = blocks(ROOT / "README.md", "yaml")

    recipe = Recipe(**yaml.safe_load(text))

    assert len(text.splitlines()) <= 15
    assert [g.kind for g in recipe.generators] == ["instruction", "reasoning"]


def test_the_python_of_the_readme_is_a_recipe():
    (text,) = blocks(ROOT / "README.md", "python")
    recipe = text.replace(').run("runs/first")', ")").replace("report = ", "recipe = ")
    scope = {}
    exec(recipe.partition("print(")[0], scope)
    assert scope["recipe"].generators[0].draws == 2


def test_the_readme_has_every_command():
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    for command in app.registered_commands:
        assert f"`silversmith {command.name}" in readme


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page):
    for target, anchor in re.findall(r"\]\(([^)#\s]*)#?([^)\s]*)\)", prose(page)):
        if not target.startswith(("http://", "https://")):
            path = page.parent / target if target else page
            assert path.exists(), target
            assert not anchor or anchor in anchors(path), f"{target}#{anchor}"


def prose(page):
    """A page without its blocks of code."""
    return re.sub(r"^```.*?^```$", "", page.read_text(encoding="utf-8"), flags=re.DOTALL | re.M)


def anchors(page):
    """What links can name in a page, as GitHub makes it of the headings."""
    titles = re.findall(r"^#+ (.*)$", prose(page), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-") for title in titles}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_what_recipes_the_pages_show_can_be_written(page):
    for text in blocks(page, "yaml"):
        values = yaml.safe_load(text)
        if isinstance(values, dict):
            for room, bases in ROOMS.items():
                for place, entry in enumerate(values.get(room, ())):
                    component(room, bases, entry, f"{page.name}: {room}[{place}]")
            if {"seeds", "generators"} <= values.keys():
                Recipe(**values)
