"""Taxonomies in YAML: what they say, and what is refused with its line."""

from pathlib import Path

import pytest

import silversmith
from silversmith.errors import RecipeError
from silversmith.records.taxonomy import Category
from silversmith.records.taxonomy_file import read_taxonomy

SHIPPED = Path(silversmith.__file__).parent / "recipes" / "data" / "taxonomies"

TREE = """\
name: Clauses
definition: What a clause does.
children:
  - name: termination
    children:
      - name: breach
        definition: Rights end.
        must: [It says that rights end.]
        must_not:
          - It is about patents.
        examples: ["Your rights end."]
      - name: 404
        definition: yes
  - name: other
    definition: Anything else.
"""


@pytest.fixture
def read(tmp_path):
    def read(text: str):
        path = tmp_path / "taxonomy.yaml"
        path.write_text(text, encoding="utf-8")
        return read_taxonomy(path)

    return read


def paths(taxonomy):
    return [each.path for each in taxonomy.categories]


def test_a_tree_has_paths_in_its_order(read):
    taxonomy = read(TREE)

    assert (taxonomy.name, taxonomy.definition) == ("Clauses", "What a clause does.")
    assert paths(taxonomy) == ["termination", "termination/breach", "termination/404", "other"]
    assert [leaf.path for leaf in taxonomy.leaves] == [
        "termination/breach",
        "termination/404",
        "other",
    ]
    assert taxonomy.by_path["termination/breach"] == Category(
        "termination/breach",
        "Rights end.",
        must=("It says that rights end.",),
        must_not=("It is about patents.",),
        examples=("Your rights end.",),
    )


def test_words_stay_words_that_yaml_takes_for_something_else(read):
    leaf = read(TREE).by_path["termination/404"]
    assert (leaf.name, leaf.parent, leaf.definition) == ("404", "termination", "yes")


def test_siblings_are_the_nearest_leaves(read):
    taxonomy = read(TREE)
    by_path = taxonomy.by_path

    near = taxonomy.siblings(by_path["termination/breach"])
    assert [leaf.path for leaf in near] == ["termination/404"]
    far = taxonomy.siblings(by_path["other"])
    assert [leaf.path for leaf in far] == ["termination/breach", "termination/404"]


def test_the_only_leaf_has_no_siblings(read):
    taxonomy = read("name: x\nchildren:\n  - {name: a, children: [{name: b, definition: d}]}")
    assert taxonomy.siblings(taxonomy.leaves[0]) == ()


def test_a_flat_list_with_parents_is_a_tree(read):
    taxonomy = read("""\
name: x
children:
  - {name: leaf, parent: middle, definition: d}
  - {name: middle, parent: top}
  - {name: top, children: [{name: first, definition: d}]}
""")
    assert paths(taxonomy) == ["top", "top/first", "top/middle", "top/middle/leaf"]


@pytest.mark.parametrize(
    ("text", "line", "reason"),
    [
        ("name: x\nchildren:\n  - &a\n    name: a\n    children: [*a]", 3, "contains itself"),
        (
            "name: x\nchildren:\n  - &a {name: a, definition: d}\n  - {name: b, children: [*a]}",
            3,
            "used in two places",
        ),
        (
            "name: x\nchildren:\n  - {name: a, parent: b, definition: d}\n"
            "  - {name: b, parent: a, definition: d}",
            3,
            "form a cycle (a under b under a)",
        ),
        ("name: x\nchildren:\n  - {name: a, parent: a, definition: d}", 3, "(a under a)"),
        (
            "name: x\nchildren:\n  - {name: a, definition: d}\n  - {name: A, definition: d}",
            4,
            "are called 'A' (the first one in line 3)",
        ),
        (
            "name: x\nchildren:\n  - {name: a, children: [{name: b, definition: d}]}\n"
            "  - {name: b, parent: a, definition: d}",
            4,
            "two categories under 'a' are called 'b'",
        ),
        ("name: x\nchildren:\n  - name: a", 3, "'a' is empty: it has neither a definition"),
        ("name: x\nchildren:\n  - {name: a, definition: ' '}", 3, "'definition' is empty"),
        ("name: x\nchildren:\n  - {name: a, definition: }", 3, "'definition' is empty"),
        ("name: x\nchildren:\n  - definition: d", 3, "has no name"),
        ("name: x\nchildren:\n  - {name: a, defintion: d}", 3, "did you mean 'definition'?"),
        ("name: x\nchildren:\n  - {name: a, colour: d}", 3, "known: name, definition"),
        ("name: x\nchildren:\n  - name: a\n    name: b", 4, "has 'name' twice (before in line 3)"),
        ("name: x\nchildren:\n  - {name: a/b, definition: d}", 3, "cannot be part of a path"),
        ("name: x\nchildren:\n  - {name: None, definition: d}", 3, "no category fits"),
        ("name: x\nchildren:\n  - {name: a, definition: d, must: {b: c}}", 3, "'must' has to be"),
        ("name: x\nchildren: []", 2, "'children' is a list"),
        ("name: x\nchildren: {name: a}", 2, "'children' is a list"),
        ("name: x\nchildren: [a]", 2, "a category is a mapping"),
        ("name: x", 1, "has no categories"),
        ("name: x\nparent: y\nchildren: [{name: a, definition: d}]", 2, "has no parent"),
        (
            "name: x\nchildren:\n  - {name: alpha, definition: d}\n"
            "  - {name: c, parent: alfa, definition: d}",
            4,
            "no category 'alfa' to stand under; did you mean 'alpha'?",
        ),
        (
            "name: x\nchildren:\n  - name: a\n    children:\n"
            "      - {name: b, parent: c, definition: d}\n  - {name: c, definition: d}",
            5,
            "'b' stands under 'a' already",
        ),
        (
            "name: x\nchildren:\n  - {name: a, children: [{name: q, definition: d}]}\n"
            "  - {name: b, children: [{name: q, definition: d}]}\n"
            "  - {name: c, parent: q, definition: d}",
            5,
            "2 categories are called 'q' (lines 3, 4)",
        ),
        ("name: [x", 1, "not valid YAML"),
    ],
)
def test_what_is_no_tree_is_refused_with_its_line(read, tmp_path, text, line, reason):
    with pytest.raises(RecipeError) as caught:
        read(text)
    said = str(caught.value)
    assert said.startswith(f"{tmp_path / 'taxonomy.yaml'}, line {line}: ")
    assert reason in said
    assert "\n" not in said


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "a taxonomy is a mapping with name, definition and children"),
        ("- name: a", "a taxonomy is a mapping with name, definition and children"),
        ("name: x\nchildren: " + "[{name: a, children: " * 700, "nested too deeply"),
    ],
)
def test_what_is_no_taxonomy_at_all(read, text, reason):
    with pytest.raises(RecipeError, match=reason):
        read(text)


def test_a_missing_file_and_one_that_is_no_text(tmp_path):
    with pytest.raises(RecipeError, match="no such taxonomy file"):
        read_taxonomy(tmp_path / "nowhere.yaml")
    (tmp_path / "bytes.yaml").write_bytes(b"name: \xff\xfe")
    with pytest.raises(RecipeError, match="cannot be read as UTF-8"):
        read_taxonomy(tmp_path / "bytes.yaml")


@pytest.mark.parametrize("path", sorted(SHIPPED.glob("*.yaml")), ids=lambda path: path.stem)
def test_the_taxonomies_that_ship_say_where_their_leaves_end(path):
    taxonomy = read_taxonomy(path)
    assert len(taxonomy.leaves) >= 15
    for leaf in taxonomy.leaves:
        assert leaf.must, leaf.path
        assert leaf.must_not, leaf.path
        assert leaf.examples, leaf.path
