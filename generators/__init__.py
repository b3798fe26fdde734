"""One annotation strategy per file: a seed in, a sample out."""

from .base import Generator

__all__ = ["Generator"]
