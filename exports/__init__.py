"""Training formats, one file each, and the function that writes them."""

from .base import Export
from .writing import ExportReport, export

__all__ = ["Export", "ExportReport", "export"]
