"""A document's text with its blocks: headings, paragraphs, lists, code."""

from __future__ import annotations

import re
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from itertools import accumulate
from typing import Any

from ..errors import SeedError
from .values import well_formed

__all__ = ["READERS", "Block", "read_html", "read_markdown", "read_pdf", "read_text"]


@dataclass(frozen=True, slots=True)
class Block:
    """A part of a document's text that should stay whole.

    Attributes:
        start, end: character offsets into the text, end exclusive.
        level: of a heading its depth, from 1; else 0.
        title: of a heading its words.
        code: whether its lines belong together.
        inner: where it may be cut if it must be: blocks that follow each other from `start` to
            `end`.
    """

    start: int
    end: int
    level: int = 0
    title: str = ""
    code: bool = False
    inner: tuple[Block, ...] = ()


def read_text(data: bytes) -> tuple[str, list[Block]]:
    """Plain text, UTF-8, with newlines as `\\n`. Blocks are parted by blank lines. Headings are
    underlined lines, and single lines that are numbered or all in capitals.

    Raises:
        ValueError: it is not UTF-8.
    """
    text = _decoded(data)
    return text, _paragraphs(text)


def read_markdown(data: bytes) -> tuple[str, list[Block]]:
    """Markdown (CommonMark with tables), UTF-8, with newlines as `\\n`.

    Raises:
        ValueError: it is not UTF-8.
    """
    from markdown_it import MarkdownIt
    from markdown_it.tree import SyntaxTreeNode

    text = _decoded(data)
    starts = [0, *accumulate(len(line) + 1 for line in text.split("\n"))]
    starts[-1] = len(text)
    front = _FRONT_MATTER.match(text)
    blocks = [Block(0, front.end(), code=True)] if front is not None else []
    body = "\n" * front[0].count("\n") + text[front.end() :] if front is not None else text
    markdown = MarkdownIt("commonmark").enable("table").disable("inline")
    tree = SyntaxTreeNode(markdown.parse(body))
    for block in _nodes(tree.children, starts):
        blocks += _gap(text, blocks[-1].end if blocks else 0, block.start)
        if block.level and blocks and _TARGET.fullmatch(text, blocks[-1].start, blocks[-1].end):
            block = replace(block, start=blocks.pop().start)
        blocks.append(block)
    blocks += _gap(text, blocks[-1].end if blocks else 0, len(text))
    return text, blocks


def read_html(data: bytes) -> tuple[str, list[Block]]:
    """The words of a page, without scripts and styles: a blank line between paragraphs, one line
    for each list item and table row (cells parted by ` | `), `pre` as it is. Its encoding is the
    declared one, or UTF-8.

    Raises:
        SeedError: beautifulsoup4 is not installed.
        ValueError: it cannot be parsed.
    """
    try:
        from bs4 import BeautifulSoup, NavigableString
        from bs4.element import PreformattedString
        from bs4.exceptions import ParserRejectedMarkup
    except ImportError as error:
        raise _missing("HTML", "beautifulsoup4") from error
    try:
        soup = BeautifulSoup(data, "html.parser")
    except ParserRejectedMarkup as error:
        raise ValueError(f"cannot be parsed ({error})") from error
    for tag in soup(["script", "style", "template", "noscript", "head"]):
        tag.decompose()
    page = _Page()
    for node in soup.descendants:
        if isinstance(node, PreformattedString):
            continue
        if isinstance(node, NavigableString):
            page.say(str(node), next(tag for tag in node.parents if tag.name in _BLOCK_TAGS))
        elif node.name == "br":
            page.say("\n", None)
    return page.finish()


def read_pdf(data: bytes) -> tuple[str, list[Block]]:
    """The text that a PDF holds, a blank line between pages; blocks as in plain text.

    Raises:
        SeedError: pypdf is not installed.
        ValueError: it is damaged or encrypted.
    """
    try:
        from pypdf import PdfReader
        from pypdf.errors import PyPdfError
    except ImportError as error:
        raise _missing("PDF", "pypdf") from error
    import io

    try:
        reader = PdfReader(io.BytesIO(data))
        if reader.is_encrypted and not reader.decrypt(""):
            raise ValueError("is encrypted")
        text = "\n\n".join(page.extract_text() for page in reader.pages)
    except (
        # What pypdf raises on a damaged file is not only its own.
        PyPdfError,
        ArithmeticError,
        AttributeError,
        LookupError,
        NotImplementedError,
        RecursionError,
        TypeError,
        zlib.error,
    ) as error:
        raise ValueError(f"is damaged or no PDF ({error})") from error
    text = well_formed(_newlines(text))
    return text, _paragraphs(text)


READERS: dict[str, Callable[[bytes], tuple[str, list[Block]]]] = {
    ".txt": read_text,
    ".md": read_markdown,
    ".markdown": read_markdown,
    ".html": read_html,
    ".htm": read_html,
    ".pdf": read_pdf,
}
"""How a document is read, by the ending of its name."""


_FRONT_MATTER = re.compile(r"---[ \t]*\n(?:.*\n)*?(?:---|\.\.\.)[ \t]*(?:\n|\Z)")

_TARGET = re.compile(r"\s*\([^()\n]+\)=\s*")
"""The label of MyST Markdown that names the heading after it."""

_UNDERLINED = re.compile(r"[ \t]*(\S.*?)[ \t]*\n[ \t]*(={3,}|-{3,})[ \t]*")

_NUMBERED = re.compile(
    r"(?:(?:article|section|chapter|part|appendix|annex|schedule|§)\s*)?"
    r"((?:\d+\.)*\d+|[IVXLC]+)(?:[.):]\s+|\s+[–—-]\s+)[A-Z\"“'].{0,78}",
    re.IGNORECASE,
)

_BLOCK_TAGS = frozenset(
    "[document] address article aside blockquote body caption dd details dialog div dl dt fieldset"
    " figcaption figure footer form h1 h2 h3 h4 h5 h6 header html legend li main nav ol p pre"
    " section summary table tbody td tfoot th thead tr ul".split()
)


def _decoded(data: bytes) -> str:
    try:
        return _newlines(data.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        if data.startswith((b"\xff\xfe", b"\xfe\xff")):
            raise ValueError("is UTF-16, not UTF-8; save it as UTF-8") from error
        line = data.count(b"\n", 0, error.start) + 1
        raise ValueError(
            f"is not UTF-8 (byte 0x{error.object[error.start]:02x} in line {line});"
            " save it as UTF-8"
        ) from error


def _newlines(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _paragraphs(text: str) -> list[Block]:
    return [
        _heading_or_not(text, match.start(), match.end())
        for match in re.finditer(r"[^\n]*\S[^\n]*(?:\n[^\n]*\S[^\n]*)*", text)
    ]


def _heading_or_not(text: str, start: int, end: int) -> Block:
    """What a paragraph of plain text is."""
    underlined = _UNDERLINED.fullmatch(text, start, end)
    if underlined is not None:
        return Block(start, end, 1 if underlined[2][0] == "=" else 2, underlined[1])
    line = text[start:end].strip()
    if "\n" in line or len(line) > 80 or line[-1] in ",;:":
        return Block(start, end)
    numbered = _NUMBERED.fullmatch(line)
    if numbered is not None and len(line.split()) <= 10:
        return Block(start, end, 2 + numbered[1].count("."), line)
    letters = sum(letter.isalpha() for letter in line)
    if line.isupper() and letters >= 4 and letters * 2 > len(line) and line[-1] not in ".!?":
        return Block(start, end, 1, line)
    return Block(start, end)


def _nodes(nodes: list[Any], starts: list[int]) -> Iterator[Block]:
    """The blocks of Markdown nodes, each with those inside it."""
    for node in nodes:
        if node.map is None or node.type == "inline":
            continue
        first, last = node.map
        start, end = starts[first], starts[min(last, len(starts) - 1)]
        if node.type == "heading":
            title = " ".join(child.content for child in node.children)
            yield Block(start, end, int(node.tag[1]), " ".join(title.split()))
        else:
            inner = list(_nodes(node.children, starts)) if node.nester_tokens else []
            yield Block(start, end, code=node.type == "fence", inner=_without_gaps(inner, start, end))


def _without_gaps(inner: list[Block], start: int, end: int) -> tuple[Block, ...]:
    """The blocks stretched so that they cover all from start to end; headings inside a list or a
    quotation are no headings of the document."""
    if len(inner) < 2 and not any(block.inner or block.code for block in inner):
        return ()
    edges = [start, *(block.start for block in inner[1:]), end]
    return tuple(
        replace(block, start=left, end=right, level=0, title="")
        for block, left, right in zip(inner, edges, edges[1:], strict=True)
    )


def _gap(text: str, start: int, end: int) -> list[Block]:
    """Text that the parser made no block of, such as link definitions."""
    return [Block(start, end)] if text[start:end].strip() else []


def _missing(kind: str, package: str) -> SeedError:
    return SeedError(f"reading {kind} needs {package}: pip install 'silversmith[documents]'")


class _Page:
    """The text of a page as it grows, and the block of the tag that is being read."""

    def __init__(self) -> None:
        self._parts: list[str] = []
        self._length = 0
        self._blocks: list[Block] = []
        self._tag: Any = None
        self._words: list[str] = []

    def say(self, words: str, tag: Any) -> None:
        """Adds the words in a tag; with no tag, to the one that is being read."""
        if tag is not None and tag is not self._tag:
            if not words.strip():
                return
            self._close(tag)
            self._tag = tag
        self._words.append(words if tag is None or self._is_code() else re.sub(r"\s+", " ", words))

    def finish(self) -> tuple[str, list[Block]]:
        """The text and its blocks."""
        self._close(None)
        return "".join(self._parts), self._blocks

    def _is_code(self) -> bool:
        return self._tag is not None and self._tag.name == "pre"

    def _close(self, following: Any) -> None:
        """Ends the block that is being read."""
        words = well_formed(_newlines("".join(self._words)))
        self._words = []
        if self._is_code():
            words = words.strip("\n").rstrip()
        else:
            words = re.sub(r" *\n *", "\n", re.sub(r" {2,}", " ", words)).strip()
        if not words:
            return
        start = self._length
        level = int(self._tag.name[1]) if re.fullmatch("h[1-6]", self._tag.name) else 0
        title = " ".join(words.split()) if level else ""
        self._blocks.append(
            Block(start, start + len(words), level, title, code=self._is_code())
        )
        gap = _between(self._tag, following)
        self._parts += [words, gap]
        self._length += len(words) + len(gap)


def _between(tag: Any, following: Any) -> str:
    """What parts a tag's text from that of the tag after it."""
    if following is None:
        return ""
    cells = ("td", "th")
    if tag.name in cells and following.name in cells:
        return " | " if tag.parent is following.parent else "\n"
    same = tag.name == following.name and tag.name in ("li", "dt", "dd")
    return "\n" if same or (tag.name, following.name) == ("dt", "dd") else "\n\n"
