"""One filter per file: keep or drop, with a reason."""

from .base import ColumnFilter, DatasetFilter, Drop, Filter, Finding
from .columns import Columns
from .embedded import EmbeddedFilter

__all__ = [
    "ColumnFilter",
    "Columns",
    "DatasetFilter",
    "Drop",
    "EmbeddedFilter",
    "Filter",
    "Finding",
]
