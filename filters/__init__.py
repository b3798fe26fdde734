"""One filter per file: keep or drop, with a reason."""

from .base import DatasetFilter, Drop, Filter

__all__ = ["DatasetFilter", "Drop", "Filter"]
