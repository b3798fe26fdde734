"""Where the reviews of a run's folder are."""

from __future__ import annotations

import os
from pathlib import Path

from .records import Verdict

__all__ = ["DATABASE_VARIABLE", "has_reviews", "verdicts_in"]

DATABASE_VARIABLE = "SILVERSMITH_REVIEW_DATABASE"
"""The environment variable with the URL of the database, where it is not the run folder's own."""


def has_reviews(folder: Path, url: str = "") -> bool:
    """Whether there is a database of reviews to ask: one in the folder, or one that is named."""
    return bool(url or os.environ.get(DATABASE_VARIABLE)) or (folder / "review.db").exists()


def verdicts_in(folder: Path, url: str = "") -> list[Verdict]:
    """The verdicts that stand; none where there are no reviews. No database is made for asking.

    Raises:
        ReviewError: the database cannot be used.
    """
    if not has_reviews(folder, url):
        return []
    from .store import open_reviews

    with open_reviews(folder, url) as reviews:
        return reviews.verdicts()
