"""Labels in datasets: columns of people's, columns of judges', and judgements in samples."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field
from typing import Any

from ..errors import CheckError, SeedError
from ..measures.findings import Split
from ..measures.ratings import LabelColumns, Ratings, label_of, spelled
from ..records.columns import name_columns
from ..seeds import BadRow
from .item_groups import LENGTH, Lengths, Names
from .label_rows import LabelRow, label_rows

__all__ = ["Asked", "Labelled", "read_labels"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What is asked of a dataset.

    Attributes:
        data: a file, a dataset's folder, a run's folder (its kept and dropped samples), or a hub
            id.
        humans: columns of people's labels; of a judge pass also those of the rows judged.
        judges: columns of labels, or names of judges (`NAME` or `NAME.CRITERION`); empty for all
            judges whose judgements are in the data.
        labels: a file with the people's columns, or "" where they are in the data.
        on: the column that says which row of the data a row of `labels` belongs to.
        splits: `length`, `strategy`, or other columns.
        length_of: columns whose text counts for the length; by default the answer.
        same: labels that are to count as others, such as {"Tie": "0"}.
        missing: labels that are to count as none.
        order: labels from the lowest to the highest, where they are no numbers of a scale.
        nominal: whether labels are names, even where they are numbers.
        scaled: whether judgements count with their score from 0 to 1 in place of their points, and
            those of samples that fail what must hold not at all.
        mapping: which column holds which field, for the answer's length.
        split: which split of the dataset to read, or "".
        skip_bad_rows: whether rows that cannot be read are passed over, and counted.
    """

    data: str
    humans: Sequence[str]
    judges: Sequence[str] = ()
    labels: str = ""
    on: str = "id"
    splits: Sequence[str] = ()
    length_of: Sequence[str] = ()
    same: Mapping[str, str] = field(default_factory=dict)
    missing: Sequence[str] = ()
    order: Sequence[str] = ()
    nominal: bool = False
    scaled: bool = False
    mapping: Mapping[str, str] = field(default_factory=dict)
    split: str = ""
    skip_bad_rows: bool = False


Panel = frozenset[tuple[str, str]]
"""Judges, each with its model."""


@dataclass(frozen=True, slots=True)
class Labelled:
    """The labels of a dataset.

    Attributes:
        ratings: of people and judges.
        judges: the judges' names among the raters.
        splits: the items' groups, as asked for.
        notes: sentences on labels that match no row, rows passed over, and the like.
        judged: judge, criterion and model of the judgements of rows that a person labelled.
        panels: the sets of judges that such rows were judged by, each with its model, or with ""
            where it asked none.
    """

    ratings: Ratings
    judges: tuple[str, ...]
    splits: tuple[Split, ...]
    notes: tuple[str, ...]
    judged: Set[tuple[str, str, str]] = frozenset()
    panels: Set[Panel] = frozenset()


def read_labels(asked: Asked) -> Labelled:
    """The labels of a dataset, as arrays: twelve bytes a label, whatever else is in the rows.

    Raises:
        SeedError: the data cannot be read; a column is in no row; a value is no label; labels
            match no row; the answers' length is not known.
    """
    reader = _Reader(asked)
    for row in reader.rows(asked.data):
        reader.take(row)
    return reader.labelled()


Label = float | str | None


class _Reader:
    def __init__(self, asked: Asked) -> None:
        self.asked = asked
        self.columns = LabelColumns(asked.humans)
        self.judges: dict[str, int] = {}
        self.judged: set[tuple[str, str, str]] = set()
        self.panels: set[Panel] = set()
        self.met: set[str] = set()
        self.first_columns = ""
        self.bad_rows = 0
        self.same = {spelled(label_of(a)): label_of(b) for a, b in asked.same.items()}
        self.same.update({spelled(label_of(word)): None for word in asked.missing})
        self.unused = set(self.same)
        self.names = [Names(by) for by in asked.splits if by != LENGTH]
        self.lengths = Lengths()
        self.matched: set[str] = set()
        self.repeated = 0
        self.beside = self._read_beside() if asked.labels else None

    def rows(self, data: str) -> Iterator[LabelRow]:
        asked = self.asked
        columns = {*asked.humans, *asked.judges, *asked.splits, *asked.length_of, asked.on}
        passing = self._pass_over if asked.skip_bad_rows else None
        split = asked.split if data == asked.data else ""
        return label_rows(data, columns, split=split, on_bad_row=passing)

    def _pass_over(self, row: BadRow) -> None:
        self.bad_rows += 1

    def _read_beside(self) -> dict[str, list[Label]]:
        """The labels of a file of their own, by the key of their row."""
        asked = self.asked
        found: dict[str, list[Label]] = {}
        for row in self.rows(asked.labels):
            key = self._text(row, asked.on)
            if not key:
                raise SeedError(
                    f"{row.where}: has nothing in {asked.on!r}, which says whose labels these are;"
                    f" columns: {name_columns(row.fields)} (name another with --on)"
                )
            if key in found:
                raise SeedError(
                    f"{row.where}: has the {asked.on!r} of an earlier row, {key!r}; keep one"
                )
            found[key] = [self._label(row, name) for name in asked.humans]
            self.first_columns = self.first_columns or name_columns(row.fields)
        self._check(asked.humans, asked.labels, "--human")
        self.first_columns = ""
        self.met.clear()
        return found

    def take(self, row: LabelRow) -> None:
        """Read one row."""
        asked = self.asked
        self.first_columns = self.first_columns or name_columns(row.fields)
        if self.beside is None:
            labels = [self._label(row, name) for name in asked.humans]
        else:
            labels = self._labels_beside(row, self.beside)
        if any(label is not None for label in labels):
            self._note_judges(row)
        labels += [None] * len(self.judges)
        for name, label in self._judged(row):
            if name not in self.judges:
                self.judges[name] = self.columns.add(name)
                labels.append(None)
            labels[self.judges[name]] = label
        self.columns.append(labels)
        for names in self.names:
            names.append(self._text(row, names.by))
        if LENGTH in asked.splits:
            self._measure(row)

    def _labels_beside(self, row: LabelRow, beside: Mapping[str, list[Label]]) -> list[Label]:
        # A sample is known by its own id, and by the one that its row came with.
        for fields in (row.fields, row.own):
            key = self._text(row, self.asked.on, fields)
            if key in self.matched:
                self.repeated += 1
                break
            if key in beside:
                self.matched.add(key)
                return list(beside[key])
        return [None] * len(self.asked.humans)

    def _judged(self, row: LabelRow) -> Iterator[tuple[str, Label]]:
        """The labels of judges: in columns, and in judgements, there on the criterion's scale."""
        wanted = self.asked.judges
        if self.asked.scaled and row.broken:
            return
        for name in wanted:
            if name in row.fields:
                yield name, self._label(row, name)
        here: set[str] = set()
        for one in row.judgements:
            judge, criterion = str(one.get("judge")), str(one.get("criterion") or "")
            name = f"{judge}.{criterion}" if criterion else judge
            if wanted and judge not in wanted and name not in wanted:
                continue
            self.met.update((judge, name))
            if name in here:  # several models under one judge
                name = f"{name} by {one.get('model')}"
            here.add(name)
            value = one.get("score") if self.asked.scaled else one.get("points")
            yield name, self._read(row, name, value)

    def _note_judges(self, row: LabelRow) -> None:
        if row.broken:
            return
        names = ("judge", "criterion", "model")
        who = [tuple(str(one.get(name) or "") for name in names) for one in row.judgements]
        self.judged.update((judge, criterion, model) for judge, criterion, model in who)
        asked = {judge for judge, _, model in who if model}
        self.panels.add(
            frozenset((judge, model) for judge, _, model in who if model or judge not in asked)
        )

    def _label(self, row: LabelRow, name: str) -> Label:
        if name not in row.fields:
            return None
        self.met.add(name)
        return self._read(row, name, row.fields[name])

    def _read(self, row: LabelRow, name: str, value: Any) -> Label:
        try:
            label = label_of(value)
        except CheckError as error:
            raise SeedError(f"{row.where}: column {name!r} {error}") from error
        if self.same and (word := spelled(label)) in self.same:
            self.unused.discard(word)
            return self.same[word]
        return label

    def _text(self, row: LabelRow, name: str, fields: Mapping[str, Any] | None = None) -> str:
        """A value that is no label, such as a key or a group's name."""
        fields = row.fields if fields is None else fields
        if name not in fields:
            return ""
        self.met.add(name)
        try:
            return spelled(label_of(fields[name]))
        except CheckError as error:
            raise SeedError(f"{row.where}: column {name!r} {error}") from error

    def _measure(self, row: LabelRow) -> None:
        if names := self.asked.length_of:
            self.met.update(name for name in names if name in row.fields)
            texts = (row.fields.get(name) for name in names)
            self.lengths.append(sum(len(text) for text in texts if isinstance(text, str)))
            return
        try:
            self.lengths.append(row.answer_length(self.asked.mapping))
        except SeedError as error:
            self.lengths.append_none(f"{row.where}: {error}")

    def labelled(self) -> Labelled:
        """All that was read, checked."""
        asked = self.asked
        if self.beside is None:
            self._check(asked.humans, asked.data, "--human")
        else:
            self._check([asked.on], asked.data, "--on")
        self._check(asked.judges, asked.data, "--judge")
        self._check([names.by for names in self.names], asked.data, "--split")
        self._check(asked.length_of, asked.data, "--length-of")
        try:
            ratings = self.columns.ratings(asked.order)
            ratings = ratings.as_names() if asked.nominal else ratings
        except CheckError as error:
            raise SeedError(f"{asked.data}: {error}") from error
        notes = [*self._unmatched(), *self._without_labels(ratings)]
        if self.bad_rows:
            notes.append(f"Rows that could not be read and were passed over: {self.bad_rows:,}.")
        if self.unused:
            words = ", ".join(repr(word) for word in sorted(self.unused))
            notes.append(f"No label is {words}, which --same or --missing name.")
        splits = [names.split(notes) for names in self.names]
        if LENGTH in asked.splits:
            splits.append(self.lengths.split(asked.data, notes))
        return Labelled(
            ratings, tuple(self.judges), tuple(splits), tuple(notes), self.judged, self.panels
        )

    def _check(self, names: Sequence[str], data: str, option: str) -> None:
        for name in names:
            if name not in self.met:
                judges = f"; judges: {', '.join(self.judges)}" if self.judges else ""
                raise SeedError(
                    f"{data}: no row has a column {name!r}, which {option} names; columns:"
                    f" {self.first_columns}{judges}"
                )

    def _unmatched(self) -> Iterator[str]:
        if self.beside is None:
            return
        asked = self.asked
        lost = [key for key in self.beside if key not in self.matched]
        if not self.matched:
            raise SeedError(
                f"{asked.labels}: none of its {len(lost):,} rows has a {asked.on!r} that occurs in"
                f" {asked.data} (the first is {lost[0]!r}); name the column that does with --on"
            )
        if lost:
            yield (
                f"{len(lost):,} of {len(self.beside):,} rows of {asked.labels} match no row of"
                f" {asked.data} by {asked.on!r}, and count for nothing; the first is {lost[0]!r}."
            )
        if self.repeated:
            yield (
                f"{self.repeated:,} rows of {asked.data} have the {asked.on!r} of an earlier row:"
                " the labels count for the first one."
            )

    def _without_labels(self, ratings: Ratings) -> Iterator[str]:
        for number, name in enumerate(self.asked.humans):
            if not (ratings.codes[:, number] >= 0).any():
                yield f"{name} holds no label in any row."
