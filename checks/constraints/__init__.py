"""Constraints that can be verified: the 25 kinds of IFEval (Zhou et al., arXiv 2311.07911)."""

from .base import VerifiableConstraint
from .catalogue import KINDS, conflict, constraint, draw_constraints, kinds_of
from .subject_words import subject_words

__all__ = [
    "KINDS",
    "VerifiableConstraint",
    "conflict",
    "constraint",
    "draw_constraints",
    "kinds_of",
    "subject_words",
]
