"""What a template's source defines, needs and refers to, read without rendering it."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from jinja2 import Environment, meta, nodes
from jinja2.visitor import NodeTransformer

from ..errors import TemplateError

__all__ = ["RENDERED", "Part", "Reference", "Source", "listed", "read_source", "refuse_lost"]

RENDERED = ("system", "user")
"""The blocks that become messages."""

_Referring = nodes.Extends | nodes.Include | nodes.Import | nodes.FromImport
_VERBS: dict[str, type[nodes.Node]] = {
    "extends": nodes.Extends,
    "includes": nodes.Include,
    "imports": nodes.Import,
    "imports from": nodes.FromImport,
}


@dataclass(frozen=True, slots=True)
class Reference:
    """A place where a source names another template; `verb` says how, such as
    extends."""

    verb: str
    name: str
    line: int


@dataclass(frozen=True, slots=True)
class Part:
    """A block's own body without the blocks nested in it, or a whole file.

    Attributes:
        line: where it starts.
        needs: the variables that it looks up, with the line of the first use. One that
            the part itself sets, tests by `is defined` or gives a `default` is not needed.
        blocks: the blocks that it renders: nested in it, or named as `self.NAME()`.
        parent: whether it calls `super()`.
        references: the templates that it names, a parent first.
    """

    line: int
    needs: Mapping[str, int]
    blocks: frozenset[str]
    parent: bool
    references: tuple[Reference, ...]


@dataclass(frozen=True, slots=True)
class Source:
    """One template file.

    Attributes:
        file: the file's name for Jinja, such as `silversmith/rubric.j2`.
        path: where it lies.
        text: the source, with newlines as "\\n".
        extends: its parent, or None.
        whole: the file as one part, which is what an include renders.
        blocks: every block by name, nested ones too.
        top: the names of the blocks that stand at the top level.
        stray: the line of the first thing at the top level that is neither a block nor
            extends, or None; in a prompt it would be lost.
    """

    file: str
    path: Path
    text: str
    extends: Reference | None
    whole: Part
    blocks: Mapping[str, Part]
    top: tuple[str, ...]
    stray: int | None


def read_source(environment: Environment, file: str, path: Path, text: str) -> Source:
    """Read a template's source.

    Raises:
        TemplateError: it names another template by an expression, or extends two.
        jinja2.TemplateSyntaxError: it does not parse.
    """
    tree = environment.parse(text, file, str(path))
    top = tuple(node.name for node in tree.body if isinstance(node, nodes.Block))
    stray = next(_stray_lines(tree), None)
    taker = _BlockTaker(environment, path)
    taker.visit(tree)
    own = _part(environment, path, tree.body, 1)
    parents = [ref for ref in own.references if ref.verb == "extends"]
    if len(parents) > 1:
        raise TemplateError(f"{path}:{parents[1].line}: a template can extend only one other")
    parts = (own, *taker.blocks.values())
    whole = Part(
        line=1,
        needs={name: line for part in parts for name, line in part.needs.items()},
        blocks=frozenset(taker.blocks),
        parent=False,
        references=tuple(ref for part in parts for ref in part.references),
    )
    parent = parents[0] if parents else None
    return Source(file, path, text, parent, whole, taker.blocks, top, stray)


def refuse_lost(chain: Sequence[Source]) -> None:
    """Refuse what would never be rendered, in a template and its parents (the youngest first).

    Raises:
        TemplateError: something stands outside of the blocks, a block has a name that no parent
            renders, or there is no block `user`.
    """
    for place, child in enumerate(chain):
        if child.stray is not None:
            raise TemplateError(
                f"{child.path}:{child.stray}: what stands outside of the blocks is never "
                "rendered; move it into {% block user %} or {% block system %}"
            )
        known = {*RENDERED, *(name for parent in chain[place + 1 :] for name in parent.blocks)}
        for name in child.top:
            if name not in known:
                near = difflib.get_close_matches(name, known, 1)
                raise TemplateError(
                    f"{child.path}:{child.blocks[name].line}: the block {name!r} is never "
                    f"rendered: {'no parent has it' if child.extends else 'the name is wrong'}"
                    f"; {f'did you mean {near[0]!r}?' if near else listed(known)}"
                )
    if not any("user" in source.blocks for source in chain):
        raise TemplateError(f"{chain[0].path}: a template needs a {{% block user %}}")


def listed(names: Iterable[str]) -> str:
    """What there is to choose from, for the end of a sentence."""
    return f"there are: {', '.join(sorted(names))}"


class _BlockTaker(NodeTransformer):
    """Takes the blocks out of a tree, inner ones first, so that each is read by itself."""

    def __init__(self, environment: Environment, path: Path) -> None:
        self.environment = environment
        self.path = path
        self.blocks: dict[str, Part] = {}

    def visit_Block(self, node: nodes.Block) -> None:
        inner = frozenset(block.name for block in node.find_all(nodes.Block))
        stored = {n.name for n in node.find_all(nodes.Name) if n.ctx != "load"}
        scoped = [block.name for block in node.find_all(nodes.Block) if block.scoped]
        self.generic_visit(node)
        for name in scoped:  # a scoped block sees what the blocks around it have set
            part = self.blocks[name]
            needs = {k: line for k, line in part.needs.items() if k not in stored}
            self.blocks[name] = Part(part.line, needs, part.blocks, part.parent, part.references)
        self.blocks[node.name] = _part(self.environment, self.path, node.body, node.lineno, inner)


def _part(
    environment: Environment,
    path: Path,
    body: list[nodes.Node],
    line: int,
    inner: frozenset[str] = frozenset(),
) -> Part:
    tree = nodes.Template(body, lineno=line).set_environment(environment)
    loads = [name for name in tree.find_all(nodes.Name) if name.ctx == "load"]
    lines = {name.name: name.lineno for name in reversed(loads)}
    own = {
        get.attr
        for get in tree.find_all(nodes.Getattr)
        if isinstance(get.node, nodes.Name) and get.node.name == "self"
    }
    needs = meta.find_undeclared_variables(cast(nodes.Template, tree)) - _optional(tree)
    return Part(
        line=line,
        needs={name: lines[name] for name in sorted(needs - {"super"}, key=lines.__getitem__)},
        blocks=inner | own,
        parent="super" in lines,
        references=tuple(
            _reference(verb, cast(_Referring, node), path)
            for verb, kind in _VERBS.items()
            for node in tree.find_all(kind)
        ),
    )


def _optional(tree: nodes.Node) -> set[str]:
    """The variables that a template sets in some branch, or asks about before it uses them."""
    sets: list[nodes.Node] = [node.target for node in tree.find_all(nodes.Assign)]
    sets += [node.target for node in tree.find_all(nodes.AssignBlock)]
    asked = [test.node for test in tree.find_all(nodes.Test) if test.name == "defined"]
    asked += [f.node for f in tree.find_all(nodes.Filter) if f.name in ("d", "default") and f.node]
    names = [name for node in sets for name in (node, *node.find_all(nodes.Name))]
    return {node.name for node in (*names, *asked) if isinstance(node, nodes.Name)}


def _reference(verb: str, node: _Referring, path: Path) -> Reference:
    named = node.template
    if not isinstance(named, nodes.Const) or not isinstance(named.value, str):
        raise TemplateError(
            f"{path}:{node.lineno}: a template {verb} another by its name in quotes, such as "
            f'"silversmith/instruction.j2"; an expression or a list is not possible'
        )
    return Reference(verb, named.value, node.lineno)


def _stray_lines(tree: nodes.Template) -> Iterator[int]:
    for node in tree.body:
        if isinstance(node, nodes.Output):
            for piece in node.nodes:
                if not isinstance(piece, nodes.TemplateData):
                    yield piece.lineno
                elif text := piece.data.lstrip():
                    yield piece.lineno + piece.data[: -len(text)].count("\n")
        elif not isinstance(node, (nodes.Block, nodes.Extends)):
            yield node.lineno
