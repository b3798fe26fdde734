"""Markdown with its blocks."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from itertools import accumulate, pairwise
from typing import TYPE_CHECKING

from .blocks import Block, decoded

if TYPE_CHECKING:
    from markdown_it.tree import SyntaxTreeNode

__all__ = ["read_markdown"]

_FRONT_MATTER = re.compile(r"---[ \t]*\n[\w-]+:(?:.*\n)*?(?:---|\.\.\.)[ \t]*(?:\n|\Z)")

_TARGET = re.compile(r"\s*\([^()\n]+\)=\s*")
"""The label of MyST Markdown that names the heading after it."""


def read_markdown(data: bytes) -> tuple[str, list[Block]]:
    """Markdown (CommonMark with tables), UTF-8, with newlines as `\\n`. Front matter in YAML stays
    whole; headings in lists and quotations are not headings of the document.

    Raises:
        ValueError: it is not UTF-8.
    """
    from markdown_it import MarkdownIt
    from markdown_it.tree import SyntaxTreeNode

    text = decoded(data)
    starts = [0, *accumulate(len(line) + 1 for line in text.split("\n"))]
    starts[-1] = len(text)
    blocks: list[Block] = []
    body = text
    if (front := _FRONT_MATTER.match(text)) is not None:
        blocks = [Block(0, front.end(), code=True)]
        body = "\n" * front[0].count("\n") + text[front.end() :]
    markdown = MarkdownIt("commonmark").enable("table").disable("inline")
    tree = SyntaxTreeNode(markdown.parse(body))
    for block in _blocks(tree.children, starts):
        blocks += _gap(text, blocks[-1].end if blocks else 0, block.start)
        if block.level and blocks and _TARGET.fullmatch(text, blocks[-1].start, blocks[-1].end):
            block = replace(block, start=blocks.pop().start)
        blocks.append(block)
    blocks += _gap(text, blocks[-1].end if blocks else 0, len(text))
    return text, blocks


def _blocks(nodes: list[SyntaxTreeNode], starts: list[int]) -> Iterator[Block]:
    """The blocks of Markdown nodes, each with those inside it."""
    for node in nodes:
        if node.map is None or node.type == "inline":
            continue
        start, end = (starts[min(line, len(starts) - 1)] for line in node.map)
        if node.type == "heading":
            title = " ".join(child.content for child in node.children)
            yield Block(start, end, int(node.tag[1]), " ".join(title.split()))
        else:
            inner = _stretched(list(_blocks(node.children, starts)), start, end)
            yield Block(start, end, code=node.type == "fence", inner=inner)


def _stretched(inner: list[Block], start: int, end: int) -> tuple[Block, ...]:
    """Blocks inside a block, so that they cover all of it."""
    if len(inner) < 2 and not any(block.inner or block.code for block in inner):
        return ()
    edges = [start, *(block.start for block in inner[1:]), end]
    return tuple(
        replace(block, start=left, end=right, level=0, title="")
        for block, (left, right) in zip(inner, pairwise(edges), strict=True)
    )


def _gap(text: str, start: int, end: int) -> list[Block]:
    """Text that the parser made no block of, such as link definitions."""
    return [Block(start, end)] if text[start:end].strip() else []
