"""Arithmetic statements in running text, recomputed; and quantities with their units."""

from .statements import Statement, Verdict, find_statements, step_verdicts

__all__ = ["Statement", "Verdict", "find_statements", "step_verdicts"]
