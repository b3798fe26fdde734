"""One judge per file: a sample in, judgements out."""

from .base import Judge

__all__ = ["Judge"]
