"""Personal data against Presidio's own pattern recognisers: F1 for each type, and the rate.

Needs presidio-analyzer beside silversmith, in an environment of its own: `pip install
presidio-analyzer`. Its recognisers run as they come, without a model of names (a blank spaCy
pipeline splits words), on the types that they cover.
"""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Callable, Collection, Sequence
from pathlib import Path

from silversmith.checks.personal_data import find_personal_data
from silversmith.filters import Columns
from silversmith.filters.personal_data import PersonalData
from silversmith.records import Sample, table_from_samples

__all__ = ["measure"]

_TYPES = {
    "EMAIL_ADDRESS": "EMAIL_ADDRESS", "CREDIT_CARD": "CREDIT_CARD", "IBAN_CODE": "IBAN_CODE",
    "US_SSN": "US_SSN", "IP_ADDRESS": "IP_ADDRESS", "PHONE_NUMBER": "PHONE_NUMBER",
    "DATE_TIME": "DATE_TIME", "DOMAIN_NAME": "URL",
}  # fmt: skip
"""Types of the dataset, and what both call them."""

Spans = Collection[tuple[str, int, int]]


def measure(folder: Path, rows: int) -> Sequence[Sequence[str]]:
    """Exact spans, and CPU seconds of one core over all texts."""
    with open(folder / "presidio" / "synth_v2.jsonl", encoding="utf-8") as lines:
        data = [json.loads(line) for line in lines]
    texts = [row["text"] for row in data]
    gold = [{(_TYPES[t], a, b) for a, b, t in row["spans"] if t in _TYPES} for row in data]
    names = sorted(set(_TYPES.values()))
    theirs_find = _presidio(names)
    ours, our_seconds = _timed(lambda text: _ours(text, names), texts)
    theirs, their_seconds = _timed(theirs_find, texts)
    table = table_from_samples([Sample.pair("", text) for text in texts])
    rule = PersonalData(labels=tuple(names))
    begun = time.process_time()
    for _ in range(5):
        rule.reasons_to_drop(Columns(table))
    filter_seconds = (time.process_time() - begun) / 5
    cells = [["type", "spans", "ours P", "R", "F1", "Presidio P", "R", "F1"]]
    for name in names:
        count = sum(one[0] == name for spans in gold for one in spans)
        figures = [f"{value:.3f}" for found in (ours, theirs) for value in _f1(name, gold, found)]
        cells.append([name, str(count), *figures])
    rates = (our_seconds, filter_seconds, their_seconds)
    ours_rate, filter_rate, their_rate = (f"{len(texts) / s:,.0f} rows/s" for s in rates)
    cells.append(["by text", "", ours_rate, "", "", their_rate, "", ""])
    ratio = f"{their_seconds / our_seconds:.0f} times as fast"
    cells.append(["", "", ratio, "", "", "", "", ""])
    ratio = f"{their_seconds / filter_seconds:.0f} times as fast"
    cells.append(["the filter", "", filter_rate, "", "", ratio, "", ""])
    people = sum(t == "PERSON" for row in data for _, _, t in row["spans"])
    share = people / sum(len(row["spans"]) for row in data)
    cells.append([f"names: {people} spans, {share:.0%} of all; neither finds them", *[""] * 7])
    return cells


def _ours(text: str, labels: Collection[str]) -> Spans:
    return {(one.label, one.start, one.end) for one in find_personal_data(text, labels)}


def _presidio(labels: Sequence[str]) -> Callable[[str], Spans]:
    import spacy
    from presidio_analyzer import AnalyzerEngine, RecognizerRegistry
    from presidio_analyzer.nlp_engine import SpacyNlpEngine

    class Blank(SpacyNlpEngine):
        def __init__(self) -> None:
            super().__init__()
            self.nlp = {"en": spacy.blank("en")}

        def load(self) -> None:
            pass

    registry = RecognizerRegistry()
    registry.load_predefined_recognizers(languages=["en"])
    registry.recognizers = [r for r in registry.recognizers if "Spacy" not in type(r).__name__]
    engine = AnalyzerEngine(registry=registry, nlp_engine=Blank(), supported_languages=["en"])

    def find(text: str) -> Spans:
        found = engine.analyze(text, language="en", entities=list(labels))
        return {(one.entity_type, one.start, one.end) for one in found}

    return find


def _timed(find: Callable[[str], Spans], texts: Sequence[str]) -> tuple[list[Spans], float]:
    find(texts[0])
    begun = time.process_time()
    found = [find(text) for text in texts]
    return found, time.process_time() - begun


def _f1(name: str, gold: Sequence[Spans], found: Sequence[Spans]) -> tuple[float, float, float]:
    counts: Counter[str] = Counter()
    for wanted, got in zip(gold, found, strict=True):
        wanted, got = ({one for one in spans if one[0] == name} for spans in (wanted, got))
        counts["right"] += len(wanted & got)
        counts["wanted"] += len(wanted)
        counts["got"] += len(got)
    precision = counts["right"] / max(counts["got"], 1)
    recall = counts["right"] / max(counts["wanted"], 1)
    return precision, recall, 2 * precision * recall / max(precision + recall, 1e-9)
