"""HTML pages as text with its blocks."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from .blocks import Block, missing_extra, newlines
from .values import well_formed

if TYPE_CHECKING:
    from bs4 import Tag

__all__ = ["read_html"]

_WITHOUT_WORDS = ["script", "style", "template", "noscript", "head"]

_BLOCK_TAGS = frozenset(
    {"[document]", "address", "article", "aside", "blockquote", "body", "caption", "dd", "details"}
    | {"dialog", "div", "dl", "dt", "fieldset", "figcaption", "figure", "footer", "form", "h1"}
    | {"h2", "h3", "h4", "h5", "h6", "header", "html", "legend", "li", "main", "nav", "ol", "p"}
    | {"pre", "section", "summary", "table", "tbody", "td", "tfoot", "th", "thead", "tr", "ul"}
)


def read_html(data: bytes) -> tuple[str, list[Block]]:
    """The words of a page, without scripts and styles: a blank line between paragraphs, one line
    for each list item and table row (cells parted by ` | `), `pre` as it is. Its encoding is the
    declared one, else UTF-8, else Windows-1252.

    Raises:
        SeedError: beautifulsoup4 is not installed.
        ValueError: it cannot be parsed.
    """
    try:
        from bs4 import BeautifulSoup, Tag
        from bs4.element import NavigableString, PreformattedString
        from bs4.exceptions import ParserRejectedMarkup
    except ImportError as error:
        raise missing_extra("HTML", "beautifulsoup4") from error
    if not data.strip():
        return "", []
    try:
        soup = BeautifulSoup(data, "html.parser")
    except ParserRejectedMarkup as error:
        raise ValueError(f"cannot be parsed ({error})") from error
    for tag in soup(_WITHOUT_WORDS):
        tag.decompose()
    page = _Page()
    for node in soup.descendants:
        if isinstance(node, Tag):
            if node.name == "br":
                page.break_line()
        elif isinstance(node, NavigableString) and not isinstance(node, PreformattedString):
            page.say(str(node), next(tag for tag in node.parents if tag.name in _BLOCK_TAGS))
    return page.finish()


class _Page:
    """The text of a page as it grows."""

    def __init__(self) -> None:
        self._parts: list[str] = []
        self._length = 0
        self._blocks: list[Block] = []
        self._tag: Tag | None = None
        self._cell: Tag | None = None
        self._words: list[str] = []

    def say(self, words: str, tag: Tag) -> None:
        """Adds words that stand in `tag`; a table's cells are words of their row."""
        cell = tag if tag.name in ("td", "th") else None
        if cell is not None and cell.parent is not None:
            tag = cell.parent
        if tag is not self._tag or cell is not self._cell:
            if not words.strip():
                return
            if tag is not self._tag:
                self._close(tag)
            elif cell is not None and self._cell is not None:
                self._words.append(" | ")
            self._cell = cell
        self._words.append(words if tag.name == "pre" else re.sub(r"\s+", " ", words))

    def break_line(self) -> None:
        """Adds a line break to the words before."""
        self._words.append("\n")

    def finish(self) -> tuple[str, list[Block]]:
        """The text and its blocks."""
        self._close(None)
        return "".join(self._parts), self._blocks

    def _close(self, following: Tag | None) -> None:
        """Ends the block of the tag that is being read, and goes to the one that follows."""
        tag, self._tag = self._tag, following
        words, self._words = well_formed(newlines("".join(self._words))), []
        if tag is None:
            return
        code = tag.name == "pre"
        if code:
            words = words.strip("\n").rstrip()
        else:
            words = "\n".join(" ".join(line.split()) for line in words.split("\n")).strip()
        if not words:
            return
        level = int(tag.name[1]) if re.fullmatch("h[1-6]", tag.name) else 0
        title = " ".join(words.split()) if level else ""
        end = self._length + len(words)
        self._blocks.append(Block(self._length, end, level, title, code))
        gap = _between(tag, following) if following is not None else ""
        self._parts += [words, gap]
        self._length = end + len(gap)


def _between(tag: Tag, following: Tag) -> str:
    """What parts a tag's words from those of the tag after it."""
    close = ({"li"}, {"tr"}, {"dt", "dd"}, {"dd"})
    return "\n" if {tag.name, following.name} in close else "\n\n"
