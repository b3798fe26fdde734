"""Training formats, one file each, and the function that writes them."""

from .base import Export
from .card import require_certificate
from .handover import HandOver, hand_over, kind_of
from .splits import Splits
from .writing import ExportReport, export

__all__ = [
    "Export",
    "ExportReport",
    "HandOver",
    "Splits",
    "export",
    "hand_over",
    "kind_of",
    "require_certificate",
]
