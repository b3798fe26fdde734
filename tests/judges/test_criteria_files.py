"""Each strategy's own criteria: in files beside the recipe, or in silversmith's."""

from pathlib import Path

import pytest

from silversmith.errors import RecipeError
from silversmith.judges.criteria_files import read_criteria_files
from silversmith.judges.rubric import Rubric

OURS = Path(__file__).parents[2] / "judges" / "rubrics"
PLAIN = """\
- name: kind
  description: Is it kind?
  scale: {1: unkind, 5: kind}
- accuracy
"""


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "rubrics").mkdir()
    return tmp_path


def prepared(folder, **options):
    judge = Rubric(**options)
    judge.prepare(folder)
    return judge


def names(judge):
    return [each.name for each in judge.criteria]


def test_a_strategy_has_its_own_criteria(tmp_path):
    judge = prepared(tmp_path)
    assert "contrast" in names(judge.for_strategy("contrast"))
    assert names(judge.for_strategy("contrast_candidates"))[0] == "accuracy"
    assert judge.for_strategy("never_heard_of") is judge


def test_criteria_in_the_recipe_hold_for_every_strategy(tmp_path):
    judge = prepared(tmp_path, criteria=["clarity"])
    assert judge.for_strategy("contrast") is judge
    assert not judge.strategies


def test_a_file_beside_the_recipe_takes_the_place_of_ours(folder):
    (folder / "rubrics" / "contrast.yaml").write_text(PLAIN)
    (folder / "rubrics" / "limericks.yaml").write_text(PLAIN)
    judge = prepared(folder)
    assert names(judge.for_strategy("contrast")) == ["kind", "accuracy"]
    assert names(judge.for_strategy("limericks")) == ["kind", "accuracy"]


def test_name_weight_and_model_are_the_judges_own(folder):
    (folder / "rubrics" / "limericks.yaml").write_text(PLAIN)
    judge = prepared(folder, name="strict", model="critic", weight=2.0).for_strategy("limericks")
    assert (judge.title, judge.model, judge.weight) == ("strict", "critic", 2.0)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("- name: [\n", "line 2: not valid YAML"),
        ("criteria: [accuracy]\n", "a rubric is a list of criteria"),
        ("", "a rubric is a list of criteria"),
        (PLAIN + "- acuracy\n", "line 5: there is no built-in criterion 'acuracy'; did you mean"),
        (PLAIN + "- name: fun\n  scale: {1: a, 5: b}\n", "line 5: description: field required"),
        (
            "- name: fun\n  description: Is it?\n  scale: {1: dull}\n",
            "line 1: scale: a scale needs",
        ),
        (PLAIN + "- {name: a, describtion: b}\n", "line 5: description: field required"),
        (PLAIN.replace("kind?", "kind?\n  wieght: 2"), "line 1: unknown field 'wieght'"),
        (
            PLAIN.replace("unkind", "no"),
            "line 1: scale: the point 1 is described by a bare yes, no",
        ),
        (PLAIN + "- accuracy\n", "two criteria are called 'accuracy'"),
    ],
)
def test_a_file_that_is_wrong_is_named_with_its_line(folder, text, words):
    path = folder / "rubrics" / "limericks.yaml"
    path.write_text(text)
    with pytest.raises(RecipeError) as caught:
        prepared(folder)
    assert str(caught.value).startswith(str(path))
    assert words in str(caught.value)


def test_a_file_that_is_no_text(folder):
    (folder / "rubrics" / "limericks.yaml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(RecipeError, match="cannot be read as UTF-8 text"):
        prepared(folder)


@pytest.mark.parametrize("path", sorted(OURS.glob("*.yaml")), ids=lambda path: path.stem)
def test_ours_can_be_asked(path, tmp_path):
    criteria = read_criteria_files(tmp_path)[path.stem]
    assert 1 <= len(criteria) <= 12
    for each in criteria:
        assert each.lowest < each.highest
