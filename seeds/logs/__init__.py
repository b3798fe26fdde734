"""Readers of evaluation logs, one kind of log per file; which it is, its content tells."""

from .log import Log, Scoring
from .recognising import read_log

__all__ = ["Log", "Scoring", "read_log"]
