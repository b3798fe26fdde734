"""How a judge model may say its verdict."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator

__all__ = ["VerdictFormat"]


def _known(format: str) -> str:
    if format == "json":
        return format
    from ..checks.verdicts import FORMATS  # many patterns, which few recipes need

    if format not in FORMATS:
        raise ValueError(f"there is no verdict format {format!r}; there are {', '.join(FORMATS)}")
    return format


VerdictFormat = Annotated[str, AfterValidator(_known)]
"""`json` (structured output), `auto`, or one of the formats of `checks.verdicts`."""
