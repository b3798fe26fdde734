"""What an evaluation says of a model: items, what was answered, and whether that passed."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

__all__ = ["EvaluatedItem"]


@dataclass(frozen=True, slots=True, kw_only=True)
class EvaluatedItem:
    """One item of an evaluation, with what a model answered.

    Attributes:
        source: where it stands, `file#line`.
        prompt: what the model was asked, all turns of it.
        output: what it answered; "" where nothing came.
        failed: whether the evaluation counts the answer as wrong.
        score: what the evaluation gave, or None.
        expected: the right answers, as many as the evaluation knows; perhaps none.
        task: the name of the benchmark or task, or "".
        verdict: what the verifier said: the names of what it found wrong, its explanation.
        kind: the kind of failure, where the log itself names one, or "".
        topic: what the item is about, where the log itself says so, or "".
        turns: how many turns of a person the prompt has.
        texts: what of the item must not come into training data: its question, options, answers.
        known_as: its key, where the prompt is no longer the one that was asked.
    """

    source: str
    prompt: str
    output: str
    failed: bool
    score: float | None = None
    expected: tuple[str, ...] = ()
    task: str = ""
    verdict: str = ""
    kind: str = ""
    topic: str = ""
    turns: int = 1
    texts: tuple[str, ...] = ()
    known_as: str = ""

    @property
    def key(self) -> str:
        """Hash of the task and the prompt (32 hex digits), by which the same item is found again
        in another evaluation."""
        if self.known_as:
            return self.known_as
        data = f"{self.task}\0{' '.join(self.prompt.split())}".encode("utf-8", "surrogatepass")
        return hashlib.blake2b(data, digest_size=16).hexdigest()
