"""A taxonomy: the tree of categories by which a domain's texts are labelled."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

__all__ = ["NONE", "Category", "Taxonomy"]

NONE = "none"
"""What stands in the place of a path where no category fits; no category may be called so."""


@dataclass(frozen=True, slots=True)
class Category:
    """A category of a taxonomy.

    Attributes:
        path: its name behind the names of all that it stands under, such as
            "conditions/notices".
        definition: what belongs to it; never empty for a leaf.
        must: what has to be true of a text that belongs to it, each in a sentence.
        must_not: what may not be true of such a text; often what makes it a sibling's.
        examples: texts that belong to it.
        leaf: whether nothing stands under it; texts are labelled with leaves.
    """

    path: str
    definition: str = ""
    must: tuple[str, ...] = ()
    must_not: tuple[str, ...] = ()
    examples: tuple[str, ...] = ()
    leaf: bool = True

    @property
    def name(self) -> str:
        """The last name of its path."""
        return self.path.rpartition("/")[2]

    @property
    def parent(self) -> str:
        """The path of the category above it, or ""."""
        return self.path.rpartition("/")[0]


@dataclass(frozen=True)
class Taxonomy:
    """A tree of categories.

    Attributes:
        name: what it is of.
        definition: what its labels say about a text, and how to decide; or "".
        categories: all of them, each before those under it, in the file's order. No two have the
            same path, and at least one is a leaf.
    """

    name: str
    definition: str
    categories: tuple[Category, ...]

    @cached_property
    def leaves(self) -> tuple[Category, ...]:
        """The categories that texts are labelled with."""
        return tuple(each for each in self.categories if each.leaf)

    @cached_property
    def by_path(self) -> Mapping[str, Category]:
        """The categories by their paths."""
        return {each.path: each for each in self.categories}

    def siblings(self, leaf: Category) -> tuple[Category, ...]:
        """The leaves that are nearest to a leaf in the tree: those under the same category; where
        there are none, those under the one above it, and so on. Empty for the only leaf."""
        above = leaf.parent
        while True:
            inside = f"{above}/" if above else ""
            near = tuple(
                each
                for each in self.leaves
                if each.path != leaf.path and each.path.startswith(inside)
            )
            if near or not above:
                return near
            above = above.rpartition("/")[0]
