"""Seeds from documents: passages of text, Markdown, HTML and PDF."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Self

from pydantic import Field, model_validator

from ..errors import SeedError
from ..records import Seed
from .base import BadRow, OnBadRow, SeedSource, bad_row
from .blocks import Block, read_pdf, read_text
from .files import File, at_hand, find_files, reason_of
from .markdown import read_markdown
from .pages import read_html
from .passages import passages

__all__ = ["Documents"]

_READERS: dict[str, Callable[[bytes], tuple[str, list[Block]]]] = {
    ".txt": read_text,
    ".md": read_markdown,
    ".markdown": read_markdown,
    ".html": read_html,
    ".htm": read_html,
    ".pdf": read_pdf,
}
"""How a document is read, by the ending of its name."""


class Documents(SeedSource):
    """Passages of documents (.txt, .md, .html, .pdf), cut along headings and paragraphs.

    A seed's source is `file:start-end`. The offsets count characters of the document's text: of
    text and Markdown the decoded file, without a byte order mark and with every newline as one
    `\\n`; of HTML and PDF the text that was extracted. Nothing of a text but white space is lost
    between its passages. HTML and PDF need the extra: pip install 'silversmith[documents]'.

    A document is loaded whole. One that cannot be read, or that holds no text (a scan), counts
    as a bad row.
    """

    kind = "documents"

    path: str = Field(min_length=1)
    """A file, a folder (with all below it, in the order of names) or a pattern such as
    `docs/**/*.md`. In a folder, hidden files and those of other kinds are passed over."""

    max_chars: int = Field(default=2000, ge=100)
    """Characters in the longest passage."""

    min_chars: int = Field(default=200, ge=0)
    """A passage with fewer characters is joined with a neighbour under the same heading, where
    there is one and both fit."""

    @model_validator(mode="after")
    def _bounds(self) -> Self:
        if self.min_chars > self.max_chars // 2:
            raise ValueError("min_chars must be at most half of max_chars")
        return self

    def read(
        self, base: Path, on_bad_row: Callable[[BadRow], None] | None = None
    ) -> Iterator[Seed]:
        any_seed = False
        for seed in self.read_files(self.files(base), on_bad_row):
            any_seed = True
            yield seed
        if not any_seed:
            raise SeedError(f"{self.path}: holds no document that can be used")

    def files(self, base: Path) -> Sequence[File]:
        return find_files(self.path, base, tuple(_READERS))

    def read_files(
        self, files: Sequence[File], on_bad_row: Callable[[BadRow], None] | None = None
    ) -> Iterator[Seed]:
        for one in files:
            with at_hand(one) as file:
                yield from self._seeds(file, on_bad_row)

    def _seeds(self, file: File, on_bad_row: OnBadRow | None) -> Iterator[Seed]:
        try:
            text, blocks = _READERS[file.path.suffix.lower()](file.path.read_bytes())
        except OSError as error:
            bad_row(file.name, f"cannot be read ({reason_of(error)})", on_bad_row)
            return
        except ValueError as error:
            bad_row(file.name, str(error), on_bad_row)
            return
        if not text.strip():
            bad_row(file.name, "holds no text", on_bad_row)
            return
        for passage in passages(
            file.name, text, blocks, max_chars=self.max_chars, min_chars=self.min_chars
        ):
            yield Seed(
                source=f"{file.name}:{passage.start}-{passage.end}",
                passage=passage,
                licence=self.licence,
            )
