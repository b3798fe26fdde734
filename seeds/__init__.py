"""Readers of seeds, one kind of source per file."""

from .base import BadRow, OnBadRow, SeedSource, bad_row

__all__ = ["BadRow", "OnBadRow", "SeedSource", "bad_row"]
