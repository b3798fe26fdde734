"""Where the reviews of a run's folder are, without opening them."""

from __future__ import annotations

import os
from pathlib import Path

__all__ = ["DATABASE_VARIABLE", "has_reviews"]

DATABASE_VARIABLE = "SILVERSMITH_REVIEW_DATABASE"
"""The environment variable with the URL of the database, where it is not the run folder's own."""


def has_reviews(folder: Path, url: str = "") -> bool:
    """Whether there is a database of reviews to ask: one in the folder, or one that is named."""
    return bool(url or os.environ.get(DATABASE_VARIABLE)) or (folder / "review.db").exists()
