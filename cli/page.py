"""Tables and sentences as a page to hand on, which needs no other file."""

from __future__ import annotations

import html
from collections.abc import Iterable

from rich.table import Column, Table
from rich.text import Text

__all__ = ["page"]

_HEAD = """\
<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>NAME</title>
<style>
:root { color-scheme: light dark; }
body { font: 1rem/1.5 system-ui, sans-serif; max-width: 60rem; margin: 1.5rem auto;
  padding: 0 1rem; }
p { margin: 0.4rem 0; overflow-wrap: anywhere; white-space: pre-wrap; }
.wide { overflow-x: auto; margin: 0 0 1.5rem; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
th, td { padding: 0.15rem 1rem 0.15rem 0; text-align: left; white-space: pre;
  vertical-align: top; }
th { border-bottom: 1px solid; }
.right { text-align: right; }
svg { max-width: 100%; height: auto; }
.narrow { display: none; }
@media (max-width: 40rem) { .narrow { display: block; } .broad { display: none; } }
.warning { color: light-dark(#a00000, #ff9090); font-weight: bold; }
</style></head>
<body><h1>NAME</h1>
"""


def page(name: str, parts: Iterable[Table | Text], picture: str = "", narrow: str = "") -> str:
    """The page.

    Args:
        name: its heading.
        parts: in their order.
        picture: an SVG that stands before them, or "".
        narrow: the same for a narrow screen.
    """
    pictures = {"broad": picture, "narrow": narrow or picture} if picture else {}
    body = [f'<div class="{kind}">{one}</div>\n' for kind, one in pictures.items()]
    body += [_table(part) if isinstance(part, Table) else _sentence(part) for part in parts]
    return _HEAD.replace("NAME", html.escape(name)) + "".join(body) + "</body></html>\n"


def _sentence(text: Text) -> str:
    if not text.plain:
        return ""
    warning = ' class="warning"' if "red" in str(text.style) else ""
    return f"<p{warning}>{html.escape(text.plain)}</p>\n"


def _table(table: Table) -> str:
    columns = table.columns
    head = "".join(_cell("th", column, column.header) for column in columns)
    rows = zip(*(column.cells for column in columns), strict=True)
    body = (
        "".join(_cell("td", column, cell) for column, cell in zip(columns, row, strict=True))
        for row in rows
    )
    lines = "".join(f"<tr>{cells}</tr>\n" for cells in body)
    label = html.escape(str(columns[0].header))
    return (
        f'<div class="wide" role="region" aria-label="{label}" tabindex="0"><table>\n'
        f"<thead><tr>{head}</tr></thead>\n"
        f"<tbody>\n{lines}</tbody></table></div>\n"
    )


def _cell(tag: str, column: Column, content: object) -> str:
    right = ' class="right"' if column.justify == "right" else ""
    return f"<{tag}{right}>{html.escape(str(content))}</{tag}>"
