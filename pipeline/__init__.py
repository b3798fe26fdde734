"""A recipe and what runs it."""

from .books import Balance, Books
from .engine import RunOptions
from .recipe import Limits, Recipe
from .report import RunReport

__all__ = ["Balance", "Books", "Limits", "Recipe", "RunOptions", "RunReport"]
