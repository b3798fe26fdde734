"""Tables of figures for the terminal."""

from __future__ import annotations

from collections.abc import Sequence

__all__ = ["cell", "table"]


def cell(value: float | None, form: str) -> str:
    """A figure in a format such as "{:,.0f}", or a dash where it is unknown."""
    return "–" if value is None else form.format(value)


def table(rows: Sequence[Sequence[str]]) -> str:
    """Rows of cells under each other, the first column to the left and all others to the right."""
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return "\n".join(
        "  ".join(
            text.rjust(width) if column else text.ljust(width)
            for column, (text, width) in enumerate(zip(row, widths, strict=True))
        )
        for row in rows
    )
