"""A document's text with its blocks (headings, paragraphs, code): plain text and PDF."""

from __future__ import annotations

import io
import re
import zlib
from dataclasses import dataclass

from ..errors import SeedError
from .values import well_formed

__all__ = ["Block", "decoded", "missing_extra", "newlines", "read_pdf", "read_text"]


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


_NUMBER = re.compile(
    r"(?P<word>(?i:article|section|chapter|part|appendix|annex|schedule)\s+(?:[\dIVXLC]+|[A-Z])\b"
    r"|§\s*\d+)"
    r"|(?P<dotted>\d+(?:\.\d+)+)[.)]?\s+[A-Z\"“]"
    r"|(?:\d+|[IVXLC]+)[.)]\s+[A-Z\"“]"
)
"""How a numbered heading begins."""

_APPENDED = re.compile(r"(?i:appendix|addendum|annex|exhibit|schedule)(?: \w{1,4})?: \S")

_RUN_IN = re.compile(
    r"\s*(?:\d+(?P<deeper>\.\d+)*[.)]?|[IVXLC]+[.)])\s+"
    r"(?:(?:[A-Z][\w'’-]*|a|an|and|by|for|from|in|of|on|or|the|to|with),?\s){0,9}"
    r"[A-Z][\w'’-]*\.(?=\s+[A-Z\"“(])"
)
"""A numbered title in title case with which a paragraph begins, as in contracts."""

_LONGEST_HEADING = 80


def read_text(data: bytes) -> tuple[str, list[Block]]:
    """Plain text, UTF-8, with newlines as `\\n`. Blocks are parted by blank lines. Headings are
    underlined lines; lines that stand alone and are numbered or all in capitals; and numbered
    titles in title case with which a paragraph begins, as in contracts.

    Raises:
        ValueError: it is not UTF-8.
    """
    text = decoded(data)
    return text, _paragraphs(text)


def read_pdf(data: bytes) -> tuple[str, list[Block]]:
    """The text that a PDF holds, with a blank line between pages; blocks as in plain text.

    Raises:
        SeedError: pypdf is not installed.
        ValueError: it is damaged or encrypted.
    """
    try:
        from pypdf import PdfReader
        from pypdf.errors import DependencyError, PyPdfError
    except ImportError as error:
        raise missing_extra("PDF", "pypdf") from error
    try:
        reader = PdfReader(io.BytesIO(data))
        if reader.is_encrypted and not reader.decrypt(""):
            raise ValueError("is encrypted")
        text = "\n\n".join(page.extract_text() for page in reader.pages)
    except DependencyError as error:
        raise ValueError("is encrypted") from error
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
    text = well_formed(newlines(text))
    return text, _paragraphs(text)


def decoded(data: bytes) -> str:
    """UTF-8 as text, without a byte order mark, with newlines as `\\n`.

    Raises:
        ValueError: it is not UTF-8; says in which line.
    """
    try:
        return newlines(data.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        if data.startswith((b"\xff\xfe", b"\xfe\xff")):
            raise ValueError("is UTF-16, not UTF-8; save it as UTF-8") from error
        line = error.object.count(b"\n", 0, error.start) + 1
        wrong = error.object[error.start]
        raise ValueError(
            f"is not UTF-8 (byte 0x{wrong:02x} in line {line}); save it as UTF-8"
        ) from error


def newlines(text: str) -> str:
    """The text with every newline as `\\n`."""
    return text.replace("\r\n", "\n").replace("\r", "\n")


def missing_extra(kind: str, package: str) -> SeedError:
    """What to say where a package of the extra `documents` is missing."""
    return SeedError(f"reading {kind} needs {package}: pip install 'silversmith[documents]'")


def _paragraphs(text: str) -> list[Block]:
    """The blocks of plain text."""
    blocks = []
    start = position = 0
    for line in f"{text}\n".split("\n"):
        if line.strip():
            position += len(line) + 1
            continue
        if start < position:
            blocks += _paragraph(text, start, min(position - 1, len(text)))
        start = position = position + len(line) + 1
    return blocks


def _paragraph(text: str, start: int, end: int) -> list[Block]:
    """A paragraph of plain text: words after a title of their own, or a heading, or words."""
    run_in = _RUN_IN.match(text, start, min(end, start + 2 * _LONGEST_HEADING))
    if run_in is not None:
        level = 2 + (run_in["deeper"] is not None)
        heading = Block(start, run_in.end(), level, " ".join(run_in[0].split()))
        return [heading, Block(run_in.end(), end)]
    if end - start <= 4 * _LONGEST_HEADING:
        title, *below = (line.strip() for line in text[start:end].split("\n"))
        if len(below) == 1 and len(below[0]) >= 3 and set(below[0]) in ({"="}, {"-"}):
            return [Block(start, end, 1 if below[0][0] == "=" else 2, title)]
        if not below and len(title) <= _LONGEST_HEADING and (level := _level_of_line(title)):
            return [Block(start, end, level, title)]
    return [Block(start, end)]


def _level_of_line(line: str) -> int:
    """How deep a heading a line that stands alone is; 0 where it is none. Of a numbered list with
    blank lines between, only items in title case could pass for headings."""
    if line[-1] in ",;:":
        return 0
    if _APPENDED.match(line):
        return 1
    letters = sum(letter.isalpha() for letter in line)
    if line.isupper() and letters >= 4 and letters * 2 > len(line) and line[-1] not in ".!?":
        return 1
    number = _NUMBER.match(line)
    if number is None or (number["word"] and line[-1] == "."):
        return 0
    long_words = [word for word in line.split()[1:] if sum(map(str.isalpha, word)) >= 4]
    capitals = sum(not word[:1].islower() for word in long_words)
    if capitals * 2 < len(long_words):
        return 0
    return 2 + (number["dotted"] or "").count(".")
