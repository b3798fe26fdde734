"""Readers of seeds, one kind of source per file."""

from .base import BadRow, SeedSource

__all__ = ["BadRow", "SeedSource"]
