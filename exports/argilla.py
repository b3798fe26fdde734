"""The planned samples for Argilla."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, ClassVar

import orjson

from ..errors import ExportError
from ..review.records import Returned
from .handover import VERDICTS, Batch, Handed, HandOver

__all__ = ["Argilla"]

_FIELDS = ("prompt", "response", "rejected", "annotations")


class Argilla(HandOver):
    """A folder that `argilla.Dataset.from_disk` opens: settings with guidelines and questions, and
    records with the judges' suggestion and scores. Read back is what
    `dataset.records(with_responses=True).to_json("records.json")` writes."""

    kind: ClassVar[str] = "argilla"

    def write(self, rows: Iterable[Handed], batch: Batch, folder: Path) -> list[Path]:
        """Write the dataset as Argilla has it on disk."""
        model = folder / ".argilla"
        model.mkdir(exist_ok=True)
        records = folder / "records.json"
        records.write_bytes(orjson.dumps([_record(row) for row in rows]))
        settings = _settings(batch)
        (model / "settings.json").write_bytes(orjson.dumps(settings, option=orjson.OPT_INDENT_2))
        name = {"name": f"review-{batch.plan.id}"}
        (model / "dataset.json").write_bytes(orjson.dumps(name))
        return [records, model / "settings.json", model / "dataset.json"]

    def read(self, path: Path) -> Iterator[Returned]:
        """The responses in records, one verdict for each person."""
        try:
            records = orjson.loads(path.read_bytes())
        except (OSError, orjson.JSONDecodeError) as error:
            raise ExportError(f"{path}: cannot be read as JSON ({error})") from error
        if not isinstance(records, list):
            raise ExportError(f"{path}: is no list of records, as Argilla's to_json writes it")
        for number, record in enumerate(records, start=1):
            where = f"{path}, record {number}"
            if not isinstance(record, Mapping) or not isinstance(record.get("fields"), Mapping):
                raise ExportError(f"{where}: has no 'fields', as Argilla's records have")
            yield from _responses(where, record)


def _settings(batch: Batch) -> dict[str, Any]:
    def choice(name: str, title: str, values: Iterable[str], required: bool) -> dict[str, Any]:
        options = [{"value": value, "text": value} for value in values]
        kind = {"type": "label_selection", "options": options, "visible_options": len(options)}
        return {"name": name, "title": title, "required": required, "settings": kind}

    def text(name: str, title: str) -> dict[str, Any]:
        kind = {"type": "text", "use_markdown": False}
        return {"name": name, "title": title, "required": False, "settings": kind}

    questions = [choice("verdict", "Verdict", VERDICTS, True)]
    if batch.reasons:
        questions.append(choice("reason", "What is wrong", batch.reasons, False))
    questions += [text("comment", "Why"), text("fixed_response", "The answer as it should be")]
    plain = {"type": "text", "use_markdown": False}
    return {
        "guidelines": batch.guidelines,
        "allow_extra_metadata": True,
        "distribution": {"strategy": "overlap", "min_submitted": 1},
        "fields": [
            {"name": name, "title": name, "required": name == "response", "settings": plain}
            for name in _FIELDS
        ],
        "questions": questions,
        "metadata": [
            {"name": "item", "title": "item", "settings": {"type": "terms"}},
            {"name": "sample", "title": "sample", "settings": {"type": "terms"}},
            {"name": "strategy", "title": "strategy", "settings": {"type": "terms"}},
            {"name": "score", "title": "score", "settings": {"type": "float"}},
        ],
        "vectors": [],
    }


def _record(row: Handed) -> dict[str, Any]:
    metadata: dict[str, Any] = {
        "item": row.item, "sample": row.sample.id, "strategy": row.sample.strategy,
        "rationale": row.rationale,
    }  # fmt: skip
    if row.score is not None:
        metadata["score"] = row.score
    suggestions = {}
    if row.suggestion:
        told = {"value": row.suggestion, "agent": "judges"}
        suggestions["verdict"] = told if row.score is None else {**told, "score": row.score}
    texts = (row.prompt, row.response, row.rejected, row.annotations)
    return {
        "id": row.item,
        "fields": dict(zip(_FIELDS, texts, strict=True)),
        "metadata": metadata,
        "suggestions": suggestions,
        "responses": {},
        "vectors": {},
    }


def _responses(where: str, record: Mapping[str, Any]) -> Iterator[Returned]:
    metadata = record.get("metadata") or {}
    item = str(metadata.get("item") or record.get("id") or "")
    sample = str(metadata.get("sample") or "")
    by_person: dict[str, dict[str, str]] = {}
    for question, responses in (record.get("responses") or {}).items():
        for one in responses or ():
            said = by_person.setdefault(str(one.get("user_id") or ""), {})
            said[question] = str(one.get("value") or "")
            if one.get("status") == "discarded":
                said["verdict"] = "skip"
    if not by_person:
        yield Returned(where=where, item=item, sample=sample, reviewer="", verdict="")
    for person, said in by_person.items():
        yield Returned(
            where=where, item=item, sample=sample, reviewer=f"argilla {person}" if person else "",
            verdict=said.get("verdict", ""), reason=said.get("reason", ""),
            text=said.get("comment", ""), response=said.get("fixed_response", ""),
        )  # fmt: skip
