"""Verdicts in judges' replies: found, read, or said why not."""

from .reading import FORMATS, Detected, detect_format, find_verdict
from .verdict import Verdict

__all__ = ["FORMATS", "Detected", "Verdict", "detect_format", "find_verdict"]
