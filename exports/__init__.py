"""Training formats, one file each, and the function that writes them."""

from .base import Export
from .card import require_certificate
from .writing import ExportReport, export

__all__ = ["Export", "ExportReport", "export", "require_certificate"]
