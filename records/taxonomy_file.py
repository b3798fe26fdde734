"""Taxonomies in YAML.

    name: Clauses of free-software licences
    definition: What a clause does for the parties.
    children:
      - name: termination
        children:
          - name: breach
            definition: Rights end because the licensee does not comply.
            must: [It says that rights end, and by which violation.]
            must_not: [It ends the rights of one who sues over patents.]
            examples: ["You may not propagate a covered work except as provided."]
      - {name: cure, parent: termination, definition: Rights come back.}

A category stands under another one by its place under `children`, or by naming it with `parent`.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import NoReturn

import yaml

from ..errors import RecipeError
from .taxonomy import NONE, Category, Taxonomy

__all__ = ["read_taxonomy"]

_TEXTS = ("name", "definition", "parent")
_LISTS = ("must", "must_not", "examples")
_KEYS = (*_TEXTS, *_LISTS, "children")
_LONGEST_NAME = 80


def read_taxonomy(path: Path) -> Taxonomy:
    """The taxonomy in a file.

    Raises:
        RecipeError: the file is missing, is no YAML, or is no tree of categories with
            definitions; says the file, the line and what to do.
    """
    root = _Reader(path).root()
    _attach(path, root)
    categories = tuple(_categories(path, root, ""))
    if not categories:
        _refuse(path, root.line, "the taxonomy has no categories; list them under 'children'")
    return Taxonomy(root.name, root.definition, categories)


@dataclass(eq=False)
class _Entry:
    """A mapping of the file: the root, or a category."""

    line: int
    name: str = ""
    definition: str = ""
    parent: str = ""
    must: tuple[str, ...] = ()
    must_not: tuple[str, ...] = ()
    examples: tuple[str, ...] = ()
    children: list[_Entry] = field(default_factory=list)
    lines: dict[str, int] = field(default_factory=dict)

    def all(self) -> Iterator[_Entry]:
        """The entries under it."""
        for child in self.children:
            yield child
            yield from child.all()


class _Reader:
    """Turns YAML nodes, which know their lines, into entries."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.open: list[yaml.Node] = []
        self.met: set[yaml.Node] = set()

    def root(self) -> _Entry:
        try:
            text = self.path.read_text(encoding="utf-8-sig")
        except FileNotFoundError as error:
            raise RecipeError(
                f"{self.path}: there is no such taxonomy file; paths start from the recipe's folder"
            ) from error
        except (OSError, UnicodeDecodeError) as error:
            raise RecipeError(
                f"{self.path}: this taxonomy cannot be read as UTF-8 text ({error})"
            ) from error
        try:
            node = yaml.compose(text, yaml.SafeLoader)
        except yaml.YAMLError as error:
            mark = getattr(error, "problem_mark", None)
            problem = getattr(error, "problem", None) or str(error)
            _refuse(self.path, mark and mark.line + 1, f"not valid YAML ({problem})")
        except RecursionError:
            _refuse(self.path, None, "the categories are nested too deeply")
        if not isinstance(node, yaml.MappingNode):
            _refuse(self.path, None, "a taxonomy is a mapping with name, definition and children")
        entry = self.entry(node)
        if entry.parent:
            _refuse(self.path, entry.lines["parent"], "the taxonomy itself has no parent")
        return entry

    def entry(self, node: yaml.Node) -> _Entry:
        line = _line(node)
        if node in self.open:
            self.refuse(line, "the category contains itself (by a YAML alias); a tree has no cycle")
        if node in self.met:
            self.refuse(
                line,
                "the category is used in two places (by a YAML alias), and a tree has each once;"
                " write it out where it belongs",
            )
        if not isinstance(node, yaml.MappingNode):
            self.refuse(line, f"a category is a mapping with {', '.join(_KEYS)}")
        self.met.add(node)
        self.open.append(node)
        entry = _Entry(line)
        for key, value in node.value:
            self.take(entry, key, value)
        self.open.pop()
        if not entry.name:
            self.refuse(line, "the category has no name")
        return entry

    def take(self, entry: _Entry, key: yaml.Node, value: yaml.Node) -> None:
        """Read one key of a mapping into its entry."""
        name, line = str(key.value), _line(key)
        if name not in _KEYS:
            near = difflib.get_close_matches(name, _KEYS, 1)
            hint = f"did you mean {near[0]!r}?" if near else f"known: {', '.join(_KEYS)}"
            self.refuse(line, f"unknown key {name!r} of a category; {hint}")
        if name in entry.lines:
            self.refuse(
                line, f"the category has {name!r} twice (before in line {entry.lines[name]})"
            )
        entry.lines[name] = line
        if name in _TEXTS:
            setattr(entry, name, self.text(name, value))
        elif name in _LISTS:
            setattr(entry, name, tuple(self.texts(name, value)))
        elif not isinstance(value, yaml.SequenceNode) or not value.value:
            self.refuse(
                line, "'children' is a list of categories; leave it out where there are none"
            )
        else:
            entry.children = [self.entry(child) for child in value.value]

    def texts(self, key: str, node: yaml.Node) -> Iterator[str]:
        if isinstance(node, yaml.SequenceNode):
            for item in node.value:
                yield self.text(key, item)
        else:
            yield self.text(key, node)

    def text(self, key: str, node: yaml.Node) -> str:
        if not isinstance(node, yaml.ScalarNode):
            self.refuse(_line(node), f"{key!r} has to be text here; put it in quotation marks")
        # As written: a category may be called yes, 404 or 2024-01-01.
        text = "" if node.tag == "tag:yaml.org,2002:null" else node.value.strip()
        if not text:
            self.refuse(_line(node), f"{key!r} is empty; say it in words, or leave the key out")
        if key != "name":
            return text
        if "/" in text or "\n" in text or len(text) > _LONGEST_NAME:
            self.refuse(
                _line(node),
                f"the name {text[:40]!r} cannot be part of a path: leave out '/' and line breaks,"
                f" and use at most {_LONGEST_NAME} characters",
            )
        if text.casefold() == NONE:
            self.refuse(_line(node), f"{text!r} says that no category fits; choose another name")
        return text

    def refuse(self, line: int, what: str) -> NoReturn:
        _refuse(self.path, line, what)


def _attach(path: Path, root: _Entry) -> None:
    """Move each entry with a `parent` under it."""
    entries = list(root.all())
    above = {id(child): entry for entry in (root, *entries) for child in entry.children}
    for entry in entries:
        if not entry.parent:
            continue
        line = entry.lines["parent"]
        if above[id(entry)] is not root:
            _refuse(
                path,
                line,
                f"{entry.name!r} stands under {above[id(entry)].name!r} already, and has no other"
                " parent",
            )
        found = [each for each in entries if each.name == entry.parent]
        if not found:
            others = [each.name for each in entries if each is not entry]
            near = difflib.get_close_matches(entry.parent, others, 1)
            hint = f"; did you mean {near[0]!r}?" if near else ""
            _refuse(path, line, f"there is no category {entry.parent!r} to stand under{hint}")
        if len(found) > 1:
            _refuse(
                path,
                line,
                f"{len(found)} categories are called {entry.parent!r} (lines"
                f" {', '.join(str(each.line) for each in found)}); list this one under the"
                " 'children' of the one that is meant",
            )
        above[id(entry)] = found[0]
    for entry in entries:
        _refuse_cycle(path, entry, above)
    for entry in entries:
        if entry.parent:
            root.children.remove(entry)
            above[id(entry)].children.append(entry)


def _refuse_cycle(path: Path, entry: _Entry, above: dict[int, _Entry]) -> None:
    names = [entry.name]
    higher = above[id(entry)]
    while id(higher) in above:
        names.append(higher.name)
        if higher is entry:
            _refuse(
                path,
                entry.lines.get("parent", entry.line),
                f"the categories form a cycle ({' under '.join(names)}); a tree has none",
            )
        if len(names) > len(above):
            return  # a cycle further up, which is refused where it is
        higher = above[id(higher)]


def _categories(path: Path, entry: _Entry, above: str) -> Iterator[Category]:
    """The categories under an entry, each before those under it."""
    lines: dict[str, int] = {}
    for child in entry.children:
        folded = child.name.casefold()
        if folded in lines:
            where = f"under {above!r}" if above else "at the top"
            _refuse(
                path,
                child.line,
                f"two categories {where} are called {child.name!r} (the first one in line"
                f" {lines[folded]}); rename one",
            )
        lines[folded] = child.line
        if not child.children and not child.definition:
            _refuse(
                path,
                child.line,
                f"the category {child.name!r} is empty: it has neither a definition nor children;"
                " say in a sentence what belongs to it",
            )
        own = f"{above}/{child.name}" if above else child.name
        yield Category(
            own,
            child.definition,
            child.must,
            child.must_not,
            child.examples,
            leaf=not child.children,
        )
        yield from _categories(path, child, own)


def _line(node: yaml.Node) -> int:
    return int(node.start_mark.line) + 1


def _refuse(path: Path, line: int | None, what: str) -> NoReturn:
    raise RecipeError(f"{path}{f', line {line}' if line else ''}: {what}")
