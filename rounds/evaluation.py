"""An evaluation as a round needs it: its items, each once, without anybody's personal data."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from ..checks.personal_data import find_personal_data
from ..checks.secrets import find_secrets
from ..records.evaluation import EvaluatedItem
from ..seeds.logs import Log

__all__ = ["PERSONAL", "Evaluation", "evaluation_of"]

PERSONAL = (
    "EMAIL_ADDRESS", "PHONE_NUMBER", "CREDIT_CARD", "IBAN_CODE", "US_SSN", "IP_ADDRESS",
)  # fmt: skip
"""What is redacted, beside secrets."""

_FRAMED_FROM = 5
"""From how many items on what all prompts of a task begin or end with is a frame around them."""


@dataclass(frozen=True)
class Evaluation:
    """The items of one evaluation of a model.

    Attributes:
        items: each once, by their keys in order, so that the order of the logs has no say.
        logs: what each log held: file, kind, items, failed, unusable.
        unusable: what could not be used, by reason.
        repeated: how many answers were further ones to an item that was there already.
        redacted: how many items had personal data or secrets, and what.
    """

    items: Sequence[EvaluatedItem]
    logs: Sequence[Mapping[str, object]]
    unusable: Mapping[str, int]
    repeated: int
    redacted: Mapping[str, int]

    @property
    def failed(self) -> int:
        return sum(item.failed for item in self.items)


def evaluation_of(logs: Iterable[Log]) -> Evaluation:
    """The items of logs.

    An item that was answered several times (epochs, repeats) has failed where half of its answers
    or more did. What all prompts of a task begin and end with (an instruction, examples) belongs
    to the task and is taken off. Texts of production rows are redacted; of a benchmark the texts
    stay as they are beside the redacted prompt and output, since the filter that keeps them out
    of the data has to know them.
    """
    known: list[Mapping[str, object]] = []
    answers: dict[str, list[EvaluatedItem]] = {}
    unusable: Counter[str] = Counter()
    redacted: Counter[str] = Counter()
    for log in logs:
        unusable.update(one.reason for one in log.unusable)
        known.append(
            {
                "file": log.name,
                "kind": log.kind,
                "items": len(log.items),
                "failed": sum(item.failed for item in log.items),
                "unusable": len(log.unusable),
            }
        )
        for item in log.items:
            answers.setdefault(item.key, []).append(
                _redacted(item, redacted, texts_too=log.kind == "rows")
            )
    items = [_merged(given) for _, given in sorted(answers.items())]
    repeated = sum(len(given) - 1 for given in answers.values())
    return Evaluation(_unframed(items), known, dict(unusable), repeated, dict(redacted))


def _merged(given: Sequence[EvaluatedItem]) -> EvaluatedItem:
    """One item of all answers to it: what it shows is a failure where it has failed."""
    failed = 2 * sum(one.failed for one in given) >= len(given)
    shown = sorted((one for one in given if one.failed == failed), key=_shown_by)
    return replace(shown[0], failed=failed)


def _shown_by(item: EvaluatedItem) -> tuple[str, str]:
    return item.output, item.source


def _redacted(item: EvaluatedItem, found: Counter[str], *, texts_too: bool) -> EvaluatedItem:
    counted: Counter[str] = Counter()

    def clean(text: str) -> str:
        return _without_personal(text, counted)

    changed = replace(
        item,
        prompt=clean(item.prompt),
        output=clean(item.output),
        expected=tuple(map(clean, item.expected)),
        verdict=clean(item.verdict),
        topic=clean(item.topic),
        texts=tuple(map(clean, item.texts)) if texts_too else item.texts,
    )
    for label in counted:
        found[label] += 1
    return changed


def _without_personal(text: str, counted: Counter[str]) -> str:
    spans = [*find_personal_data(text, PERSONAL), *find_secrets(text)]
    done, parts = 0, []
    for one in sorted(spans, key=lambda span: (span.start, -span.end)):
        if one.start < done:
            if one.end > done:  # two finds that overlap: what is beyond the first goes too
                done = one.end
            continue
        parts += [text[done : one.start], f"[{one.label}]"]
        done = one.end
        counted[one.label] += 1
    return "".join([*parts, text[done:]])


def _unframed(items: Sequence[EvaluatedItem]) -> list[EvaluatedItem]:
    """The items with prompts that begin and end where those of their task begin to differ."""
    by_task: dict[str, list[str]] = {}
    for item in items:
        by_task.setdefault(item.task, []).append(item.prompt)
    frames = {
        task: _frame(prompts) if len(prompts) >= _FRAMED_FROM else (0, 0)
        for task, prompts in by_task.items()
    }
    bare = []
    for item in items:
        before, after = frames[item.task]
        inside = item.prompt[before : len(item.prompt) - after].strip()
        if inside and inside != item.prompt:
            texts = tuple(inside if one == item.prompt else one for one in item.texts)
            item = replace(item, prompt=inside, texts=texts, known_as=item.key)
        bare.append(item)
    return bare


def _frame(prompts: Sequence[str]) -> tuple[int, int]:
    """How many characters all prompts begin and end with: whole lines or sentences alone."""
    before = _shared(prompts)
    after = _shared([prompt[::-1] for prompt in prompts])[::-1]
    begins = [before.rfind(end) + len(end) for end in ("\n", ". ", ": ", "? ") if end in before]
    start = max(begins, default=0)
    places = [after.find(end) for end in ("\n", ". ", "? ")]
    ends = [place for place in places if place >= 0]
    stop = len(after) - min(ends) - 1 if ends else 0
    shortest = min(map(len, prompts))
    return (start, stop) if start + stop < shortest else (0, 0)


def _shared(texts: Sequence[str]) -> str:
    """What all texts begin with: what the first and the last of them in order do."""
    first, last = min(texts), max(texts)
    pairs = enumerate(zip(first, last, strict=False))
    return first[: next((at for at, (one, other) in pairs if one != other), len(first))]
