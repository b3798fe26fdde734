"""One filter per file: keep or drop, with a reason."""

from .base import ColumnFilter, DatasetFilter, Drop, Filter
from .columns import Columns

__all__ = ["ColumnFilter", "Columns", "DatasetFilter", "Drop", "Filter"]
