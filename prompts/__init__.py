"""The words that are sent to models: Jinja templates (`*.j2`), and the one renderer."""

from .renderer import Prompts, Template

__all__ = ["Prompts", "Template"]
