"""The planned samples for Label Studio."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, ClassVar
from xml.sax.saxutils import quoteattr

import orjson

from ..errors import ExportError
from ..review.records import Returned
from .handover import VERDICTS, Batch, Handed, HandOver

__all__ = ["LabelStudio"]


class LabelStudio(HandOver):
    """`tasks.json`, which Label Studio imports, with the judges' suggestion as a prediction;
    `config.xml`, the labelling interface; and `guidelines.md`. Its JSON export is read back.
    https://labelstud.io/guide/tasks, https://labelstud.io/guide/export"""

    kind: ClassVar[str] = "label-studio"

    def write(self, rows: Iterable[Handed], batch: Batch, folder: Path) -> list[Path]:
        """Write the tasks, the interface and the guidelines."""
        tasks, config, guidelines = (
            folder / "tasks.json", folder / "config.xml", folder / "guidelines.md",
        )  # fmt: skip
        guidelines.write_text(batch.guidelines, encoding="utf-8")
        config.write_text(_config(batch), encoding="utf-8")
        tasks.write_bytes(orjson.dumps([_task(row) for row in rows]))
        return [tasks, config, guidelines]

    def read(self, path: Path) -> Iterator[Returned]:
        """The annotations in a JSON export, one for each person."""
        try:
            tasks = orjson.loads(path.read_bytes())
        except (OSError, orjson.JSONDecodeError) as error:
            raise ExportError(f"{path}: cannot be read as JSON ({error})") from error
        if not isinstance(tasks, list):
            raise ExportError(f"{path}: is no list of tasks, as Label Studio's JSON export is")
        for number, task in enumerate(tasks, start=1):
            where = f"{path}, task {number}"
            if not isinstance(task, Mapping) or not isinstance(task.get("data"), Mapping):
                raise ExportError(f"{where}: has no 'data'; export as JSON, not as JSON-MIN or CSV")
            yield from _annotated(where, task)


def _config(batch: Batch) -> str:
    def choices(name: str, values: Iterable[str], more: str = "") -> list[str]:
        return [
            f'  <Choices name="{name}" toName="response" choice="single"{more}>',
            *(f"    <Choice value={quoteattr(value)}/>" for value in values),
            "  </Choices>",
        ]

    lines = ["<View>", '  <Collapse bordered="true">', '    <Panel value="Guidelines">']
    paragraphs = [one for one in batch.guidelines.splitlines() if one.strip()]
    # A `$` would be read as the name of a field.
    said = [one.replace("$", "\uff04") for one in paragraphs]
    lines += [f'      <Header value={quoteattr(one)} size="5"/>' for one in said]
    lines += ["    </Panel>", "  </Collapse>"]
    for name in ("prompt", "response", "rejected", "annotations", "rationale"):
        lines.append(f'  <Header value="{name}"/>')
        lines.append(f'  <Text name="{name}" value="${name}" valueType="text"/>')
    lines += choices("verdict", VERDICTS, ' required="true" showInline="true"')
    if batch.reasons:
        lines += choices("reason", batch.reasons)
    for name, title in (("comment", "Why"), ("fixed_response", "The answer as it should be")):
        lines.append(
            f'  <TextArea name="{name}" toName="response" placeholder="{title}" maxSubmissions="1"'
            ' editable="true"/>'
        )
    return "\n".join([*lines, "</View>"]) + "\n"


def _task(row: Handed) -> dict[str, Any]:
    data = {
        "item": row.item, "sample": row.sample.id, "strategy": row.sample.strategy,
        "prompt": row.prompt, "response": row.response, "rejected": row.rejected,
        "annotations": row.annotations, "rationale": row.rationale, "score": row.score,
    }  # fmt: skip
    task: dict[str, Any] = {"data": data}
    if row.suggestion:
        result = {
            "id": "verdict", "from_name": "verdict", "to_name": "response", "type": "choices",
            "value": {"choices": [row.suggestion]},
        }  # fmt: skip
        prediction: dict[str, Any] = {"model_version": "judges", "result": [result]}
        if row.score is not None:
            prediction["score"] = row.score
        task["predictions"] = [prediction]
    return task


def _annotated(where: str, task: Mapping[str, Any]) -> Iterator[Returned]:
    data = task["data"]
    item, sample = str(data.get("item") or ""), str(data.get("sample") or "")
    annotations = [a for a in task.get("annotations") or () if isinstance(a, Mapping)]
    if not annotations:
        yield Returned(where=where, item=item, sample=sample, reviewer="", verdict="")
    for one in annotations:
        said = {
            result.get("from_name"): _value(result.get("value") or {})
            for result in one.get("result") or ()
            if isinstance(result, Mapping)
        }
        verdict = "skip" if one.get("was_cancelled") else said.get("verdict", "")
        seconds = one.get("lead_time")
        yield Returned(
            where=where, item=item, sample=sample, reviewer=_person(one.get("completed_by")),
            verdict=verdict, reason=said.get("reason", ""), text=said.get("comment", ""),
            response=said.get("fixed_response", ""),
            when=str(one.get("updated_at") or one.get("created_at") or ""),
            seconds=float(seconds) if isinstance(seconds, (int, float)) else 0.0,
        )  # fmt: skip


def _value(value: Mapping[str, Any]) -> str:
    found = value.get("choices") or value.get("text") or [""]
    return str(found if isinstance(found, str) else found[-1])


def _person(by: Any) -> str:
    if isinstance(by, Mapping):
        by = by.get("email") or by.get("username") or by.get("id")
    return "" if by is None else by if isinstance(by, str) else f"label-studio {by}"
