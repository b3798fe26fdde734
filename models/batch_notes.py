"""What was submitted to a provider, written down so that a kill at any moment loses none of it.

A file of requests is noted after its upload and before a batch is made of it; the batch's id
follows as soon as it is known. A note without one says that the provider may hold a batch of
that file: it has to be looked for. A request leaves the notes when its reply is kept elsewhere.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from typing import Protocol

import orjson

from .base import Reply

__all__ = ["BatchNotes", "Notes", "Submission"]


class Notes(Protocol):
    """Where texts are noted durably, by key."""

    def note(self, key: str) -> str | None:
        """The value noted under a key, or None."""
        ...

    def set_note(self, key: str, value: str) -> None:
        """Note a value under a key; it is safe when this returns."""
        ...


@dataclass(eq=False, slots=True)
class Submission:
    """A file of requests at the provider, and what is known of its batch.

    Attributes:
        file: the file's id.
        batch: the batch's id, or "" where it is not known whether there is one.
        ids: its requests, without those whose replies are safe and those that have none.
        open: of these, the ones whose answer has not been collected yet.
        size: how many they were to begin with.
        held: answers that have been collected and are not safe yet.
        status: of the batch, when it was last looked at.
        done: how many of its requests were answered then.
    """

    file: str
    batch: str
    ids: set[str]
    open: set[str]
    size: int
    held: dict[str, Reply] = field(default_factory=dict)
    status: str = ""
    done: int = 0


class BatchNotes:
    """The submissions of one model, and the note that says the same.

    Args:
        notes: where to write, or None to write nowhere.
        key: the note's key.
    """

    def __init__(self, notes: Notes | None, key: str) -> None:
        self._notes = notes
        self._key = key
        self._submissions: list[Submission] = []
        self._by_id: dict[str, Submission] = {}
        noted = notes.note(key) if notes is not None else None
        for file, batch, ids in orjson.loads(noted or "[]"):
            self._add(Submission(file, batch, set(ids), set(ids), len(ids)))

    def __iter__(self) -> Iterator[Submission]:
        return iter(list(self._submissions))

    def of(self, id_: str) -> Submission | None:
        """The submission that a request is part of, or None."""
        return self._by_id.get(id_)

    def add(self, file: str, ids: Collection[str]) -> Submission:
        """Note a file that a batch is about to be made of."""
        submission = Submission(file, "", set(ids), set(ids), len(ids))
        self._add(submission)
        self.save()
        return submission

    def made(self, submission: Submission, batch: str) -> None:
        """Note the batch that was made of a file."""
        submission.batch = batch
        self.save()

    def drop(self, submission: Submission) -> None:
        """Forget a file of which no batch was made, or none that was worked on."""
        for id_ in submission.ids:
            del self._by_id[id_]
        submission.ids.clear()
        self._submissions.remove(submission)
        self.save()

    def forget(self, id_: str) -> None:
        """Forget a request: its reply is safe, or there is none to be had."""
        submission = self._by_id.pop(id_, None)
        if submission is None:
            return
        submission.ids.discard(id_)
        submission.held.pop(id_, None)
        if not submission.ids:
            # Not one by one, which would write the note that often. A request that stays noted
            # for longer does no harm: nobody asks for it any more.
            self.drop(submission)

    def save(self) -> None:
        """Write down what has been forgotten so far."""
        if self._notes is not None:
            rows = [[one.file, one.batch, sorted(one.ids)] for one in self._submissions]
            self._notes.set_note(self._key, orjson.dumps(rows).decode())

    def _add(self, submission: Submission) -> None:
        self._submissions.append(submission)
        for id_ in submission.ids:
            self._by_id[id_] = submission
