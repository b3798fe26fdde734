"""Arithmetic word problems from a grammar, a teacher that solves them, and a small model."""
