"""Annotations of a domain's texts by the user's own taxonomy."""

from __future__ import annotations

import hashlib
from dataclasses import asdict
from pathlib import Path
from typing import Any, ClassVar, get_args

from pydantic import Field, PrivateAttr, field_validator, model_validator

from ..checks import count_words
from ..checks.labels import nearest_leaves
from ..errors import RecipeError
from ..prompts import Prompts, Template
from ..records import Ask, Attribute, Draw, Origin, Passage, Sample, Seed
from ..records.taxonomy import Category, Taxonomy
from ..records.taxonomy_file import read_taxonomy
from .base import Generator
from .combinations import Combinations
from .domain_tasks import ANNOTATIONS, TASKS, Asked, TaskName, Work
from .general_rows import GeneralRows

__all__ = ["Domain"]

_SHORTEST = 8  # words of a seed
_ASKED = "domain_asked"


class Domain(Generator):
    """Samples that teach a model a domain: its categories, its questions, its way of finding
    faults. Needs passages of documents, or other texts of at least 8 words.

    Each draw is planned for a leaf of the taxonomy and a task; the draws of a seed go through all
    pairs of them before one comes again. What is asked about a passage is that leaf, its siblings
    (which are the hard negatives), and the leaves whose definitions have most in common with the
    passage. An annotation says what is there: where the planned leaf is not in the passage, the
    sample says so by its labels, or by none, and is kept. Attributes of a draw shape what is
    written (questions, issues, close cases); an annotation of a given text has none.

    The user message of a sample is what the tuned model will be asked, with the definitions
    (Sainz et al. 2024, GoLLIE). Its words are in `prompts/domain_asked.j2`; a file of that name
    in `prompts/` beside the recipe puts those of the real application in their place.
    """

    kind = "domain"
    scalar: ClassVar[str] = "taxonomy"
    own_attributes: ClassVar[frozenset[str]] = frozenset({"leaf"})

    taxonomy: str = Field(min_length=1)
    """The taxonomy, a YAML file."""

    task: tuple[TaskName, ...] = get_args(TaskName)
    """What to make, one or several in turn: `classify` (categories of a passage, each with the
    words that decide), `spans` (pieces of a passage with their categories), `qa` (a
    practitioner's question with what it takes for granted spelled out), `troubleshooting` (from
    an issue to a fix, a graph of checks) and `boundary` (a new text that nearly fits a sibling of
    its category, with the right label and the sibling's as the rejected one)."""

    shown: int = Field(default=10, ge=2, le=100)
    """How many leaves are asked about at once, at most."""

    assumptions_heading: str = Field(default="This assumes:", min_length=1)
    """What stands before the assumptions in the answers of `qa`."""

    general: str = ""
    """A dataset of general instruction data (messages, or prompt and response): a file of JSON
    Lines or Parquet, or a folder of Parquet files such as the `kept` of a run."""

    general_share: float = Field(default=0.0, ge=0, lt=1)
    """The share of this generator's samples that are rows of `general`, taken as they are, so
    that a model tuned on the domain forgets less. Each planned sample is one of them with this
    probability, decided by its seed and draw."""

    general_licence: str = ""
    """The licence of `general`; carried into its samples."""

    _taxonomy: Taxonomy | None = PrivateAttr(default=None)
    _plan: Combinations | None = PrivateAttr(default=None)
    _asked: Template | None = PrivateAttr(default=None)
    _rows: GeneralRows | None = PrivateAttr(default=None)

    @field_validator("task", mode="before")
    @classmethod
    def _one_or_several(cls, task: Any) -> Any:
        return (task,) if isinstance(task, str) else task

    @model_validator(mode="after")
    def _goes_together(self) -> Domain:
        if not self.task or len(set(self.task)) < len(self.task):
            raise ValueError(f"'task' names tasks once each, of {', '.join(get_args(TaskName))}")
        if bool(self.general) != bool(self.general_share):
            raise ValueError("'general' (a dataset) and 'general_share' (above 0) need each other")
        return self

    def prepare(self, folder: Path) -> None:
        path = folder / self.taxonomy
        taxonomy = read_taxonomy(path)
        if "boundary" in self.task and len(taxonomy.leaves) < 2:
            raise RecipeError(
                f"{path}: the task 'boundary' needs two leaves, and this taxonomy has one"
            )
        self._taxonomy = taxonomy
        leaves = {leaf.path: 1 for leaf in taxonomy.leaves}
        self._plan = Combinations({"leaf": leaves, "task": dict.fromkeys(self.task, 1)})
        self._asked = Prompts(folder / "prompts").template(_ASKED)
        self._asked.check(Asked.names())
        if self.general:
            self._rows = GeneralRows(folder / self.general, self.general, self.general_licence)

    def __getstate__(self) -> dict[Any, Any]:
        """Without what `prepare` read, which another process reads itself."""
        unread = dict.fromkeys(self.__private_attributes__)
        return {**super().__getstate__(), "__pydantic_private__": unread}

    @property
    def contents(self) -> Any:
        taxonomy = asdict(self._taxonomy) if self._taxonomy is not None else None
        return [taxonomy, self._rows.hash if self._rows is not None else ""]

    @property
    def leaves(self) -> tuple[str, ...]:
        """The paths of the taxonomy's leaves, in its order; for a table of coverage."""
        return () if self._taxonomy is None else tuple(x.path for x in self._taxonomy.leaves)

    @property
    def needs(self) -> str:
        return f"passages, or other texts, of at least {_SHORTEST} words"

    def accepts(self, seed: Seed) -> bool:
        return count_words(seed.text) >= _SHORTEST

    def aims(self, seed: Seed, draw: Draw) -> dict[str, str]:
        """What a draw is planned for, as attributes: its `leaf` (a path) and its `task`; for a
        row of general data the task `general` alone."""
        if self._general_row(seed, draw) is not None:
            return {"task": "general"}
        if self._plan is None:
            raise RecipeError(f"{self.title}: the taxonomy has not been read; call prepare first")
        return self._plan.at(bytes.fromhex(seed.id), draw.number)

    async def draft(self, seed: Seed, draw: Draw, ask: Ask) -> Sample:
        aims = self.aims(seed, draw)
        row = self._general_row(seed, draw)
        if row is not None and self._rows is not None:
            return self._rows.sample(row).with_(
                attributes=(Attribute("task", "general"),),
                origin=Origin(self.title, draw=draw.number),
            )
        if aims["task"] in ANNOTATIONS:
            draw = Draw(draw.number)
        work = self._work(seed, draw, aims["leaf"], ask)
        sample = await TASKS[aims["task"]](work)
        told = {**draw.attributes, **aims}
        return sample.with_(
            passage=sample.passage or work.passage,
            attributes=tuple(Attribute(name, value) for name, value in told.items()),
        )

    def _general_row(self, seed: Seed, draw: Draw) -> int | None:
        """The row that this draw is, or None where it is of the domain."""
        if self._rows is None:
            return None
        # By a hash: draws are computed apart from each other, and so cannot be counted.
        digest = hashlib.blake2b(f"{seed.id}/{draw.number}".encode(), digest_size=16).digest()
        if int.from_bytes(digest[:8], "big") >= self.general_share * 2**64:
            return None
        return int.from_bytes(digest[8:], "big") % len(self._rows)

    def _work(self, seed: Seed, draw: Draw, leaf: str, ask: Ask) -> Work:
        assert self._taxonomy is not None  # `aims` has looked
        assert self._asked is not None
        text = seed.text
        passage = seed.passage or Passage(source=seed.source, start=0, end=len(text), text=text)
        target = self._taxonomy.by_path[leaf]
        return Work(
            ask=ask,
            seed=seed,
            draw=draw,
            taxonomy=self._taxonomy,
            target=target,
            categories=_categories(self._taxonomy, target, passage.text, self.shown),
            passage=passage,
            asked=self._asked,
            assumptions_heading=self.assumptions_heading,
        )


def _categories(taxonomy: Taxonomy, target: Category, text: str, most: int) -> tuple[Category, ...]:
    """What is asked about: all leaves, or the planned one, its nearest siblings, and those that
    are nearest to the text; in the taxonomy's order, so that their places give nothing away."""
    if len(taxonomy.leaves) <= most:
        return taxonomy.leaves
    near = nearest_leaves(text, taxonomy)
    siblings = {leaf.path for leaf in taxonomy.siblings(target)}
    close = [leaf for leaf in near if leaf.path in siblings][: most // 2]
    paths = list(dict.fromkeys(leaf.path for leaf in (target, *close, *near)))[:most]
    return tuple(leaf for leaf in taxonomy.leaves if leaf.path in paths)
