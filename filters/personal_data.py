"""Keeps personal data out of what is trained on."""

from __future__ import annotations

import importlib
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Literal, Self

from pydantic import PrivateAttr, model_validator

from ..checks.personal_data import GATES, LABELS, Found, find_personal_data
from ..errors import RecipeError
from ..records.redaction import PlacedSpan
from .base import ColumnFilter
from .columns import Columns
from .finding import counted, found_in

__all__ = ["PersonalData"]

Label = Literal[
    "EMAIL_ADDRESS", "PHONE_NUMBER", "CREDIT_CARD", "IBAN_CODE", "US_SSN", "IP_ADDRESS",
    "DATE_TIME", "URL", "PERSON",
]  # fmt: skip


class PersonalData(ColumnFilter):
    """Drops samples with personal data, or keeps them and has it redacted in what is exported.

    All texts of a sample are searched: messages of both halves, answer, steps, candidates and
    passage. What is found, and what is passed over because nobody is behind it, is in
    `silversmith.checks.personal_data`; numbers with a checksum are only found if it is right.

    With `action: redact` the sample keeps its texts as they are; beside them, in `redactions`,
    stand the texts with a mark such as `[EMAIL_ADDRESS]` in the place of each find, and where the
    finds are. Exports take the redacted texts.
    """

    kind: ClassVar[str] = "personal_data"
    scalar: ClassVar[str] = "action"

    action: Literal["drop", "redact"] = "drop"
    """What becomes of a sample with personal data."""

    labels: tuple[Label, ...] = (
        "EMAIL_ADDRESS",
        "PHONE_NUMBER",
        "CREDIT_CARD",
        "IBAN_CODE",
        "US_SSN",
        "IP_ADDRESS",
    )
    """What to look for. DATE_TIME and URL are on request, since most of them concern nobody; so is
    PERSON, which needs `spacy_model`."""

    spacy_model: str = ""
    """The name or the folder of a spaCy model with a recogniser of named entities, for PERSON:
    what it labels PERSON or PER. spaCy and the model are the user's to install."""

    _names: Any = PrivateAttr(default=None)

    @model_validator(mode="after")
    def _can_look(self) -> Self:
        if not self.labels:
            raise ValueError("`labels` is empty, so nothing would be found")
        if ("PERSON" in self.labels) != bool(self.spacy_model):
            raise ValueError(
                "names of people need both: PERSON among `labels`, and `spacy_model`, which finds"
                " them"
            )
        return self

    def reasons_to_drop(self, columns: Columns) -> Mapping[int, str]:
        """What was found, with how often; never the data itself."""
        if self.action == "redact":
            return {}
        return {row: counted(spans) for row, spans in self._found(columns).items()}

    def redactions(self, columns: Columns) -> Mapping[int, Sequence[PlacedSpan]]:
        return self._found(columns) if self.action == "redact" else {}

    def _found(self, columns: Columns) -> Mapping[int, Sequence[PlacedSpan]]:
        gates = [GATES[label] for label in LABELS if label in self.labels]
        return found_in(columns, "" if self.spacy_model else "|".join(gates), self._find)

    def _find(self, text: str) -> list[Found]:
        found = find_personal_data(text, self.labels)
        if self.spacy_model:
            found += self._people(text)
        return found

    def _people(self, text: str) -> list[Found]:
        if self._names is None:
            try:
                spacy = importlib.import_module("spacy")  # the user's own, no dependency of ours
                self._names = spacy.load(self.spacy_model)
            except ImportError as error:
                raise RecipeError(
                    "personal_data.spacy_model: spaCy is not installed: pip install spacy"
                ) from error
            except OSError as error:
                raise RecipeError(
                    f"personal_data.spacy_model: there is no model {self.spacy_model!r}: name one"
                    " that is installed, or its folder"
                ) from error
        return [
            Found("PERSON", one.start_char, one.end_char)
            for one in self._names(text).ents
            if one.label_ in ("PERSON", "PER")
        ]
