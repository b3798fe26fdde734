"""The shapes that rows of datasets come in, and the sample or task that such a row already is.

Known shapes, in the order in which they are looked for: our own samples; prompt, chosen and
rejected (TRL's preference forms, text or messages, explicit or implicit prompt); messages with
role and content, or with from and value (ShareGPT); instruction with instances (Self-Instruct);
a prompt with a list of candidates; and pairs: instruction, input and output (Alpaca), prompt and
response or completion (text or messages), question and answer, problem and solution, input and
output.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import orjson

from ..errors import SeedError
from .codec import sample_from_row
from .columns import FIELDS, ColumnMap, columns_of, filled, name_columns, text_of
from .messages import all_objects, is_messages, read_messages, read_transcript
from .sample import Candidate, Sample, Turn
from .seed import Passage, Seed

__all__ = [
    "ColumnMap",
    "Task",
    "is_ours",
    "row_json",
    "sample_from_fields",
    "sample_from_seed",
    "tasks_from_fields",
]

_OURS = frozenset({"messages", "strategy", "origin", "judgements"})

_KNOWN = (
    "messages; conversations with from and value; instruction, input and output;"
    " prompt and candidates;"
    " prompt and response or completion; question and answer; problem and solution;"
    " prompt, chosen and rejected"
)


class Task(NamedTuple):
    """What a seed needs of a row; `input` and `answer` may be ""."""

    instruction: str
    input: str = ""
    answer: str = ""


def sample_from_fields(
    fields: Mapping[str, Any], mapping: Mapping[str, str] | None = None, **known: Any
) -> Sample:
    """The sample that a row of a dataset already is.

    `rejected` holds the whole rejected conversation, prompt included. `answer` is a final or
    reference answer that stands beside the response. `row` is the row as JSON. `strategy` is
    "contrast" for a pair of chosen and rejected, the row's own for our samples, else
    "instruction".

    Args:
        fields: the row as it was read.
        mapping: field to column, as `ColumnMap`; what is not in it goes by the columns' names.
        known: further fields of the sample (`id`, `seed`); of ours, only where it has none.

    Raises:
        SeedError: no known shape, or a part of it is empty or of the wrong form; says which.
    """
    if is_ours(fields, mapping):
        ours = _our_sample(fields)
        missing = {name: value for name, value in known.items() if not getattr(ours, name)}
        return ours.with_(**missing) if missing else ours
    columns = columns_of(fields, mapping)
    rejected: tuple[Turn, ...] = ()
    candidates: tuple[Candidate, ...] = ()
    beside = columns.get("answer")
    if "chosen" in columns and "rejected" in columns:
        turns, rejected = _preference(fields, columns)
    elif "messages" in columns:
        turns = read_messages(fields[columns["messages"]], columns["messages"])
    elif "candidates" in columns and ("response" not in columns or columns["response"] == beside):
        turns = _prompt(fields, columns)
        if not any(turn.role == "user" for turn in turns):
            raise _no_shape(fields, f"hold candidates ({columns['candidates']}) but no prompt")
        candidates = _candidates(fields, columns["candidates"])
    else:
        turns = _pair(fields, columns)
        beside = None if beside == columns.get("response") else beside
    if not candidates and not any(turn.role == "assistant" for turn in turns):
        raise SeedError(f"column {columns['messages']!r} has no message of the assistant")
    system = text_of(fields, columns.get("system"))
    if system.strip() and turns[0].role != "system":
        head = (Turn("system", system),)
        turns, rejected = head + turns, head + rejected if rejected else ()
    answer = fields[beside] if beside is not None else None
    return Sample(
        messages=turns,
        rejected=rejected,
        candidates=candidates,
        passage=_passage(fields, columns.get("passage")),
        answer=text_of(fields, beside) if isinstance(answer, (str, int, float)) else None,
        strategy="contrast" if rejected else "instruction",
        row=row_json(fields),
        **known,
    )


def _candidates(fields: Mapping[str, Any], column: str) -> tuple[Candidate, ...]:
    """Two or more answers to one prompt: texts, or objects with `text` and perhaps `model`."""
    found = fields[column]
    if not isinstance(found, list) or len(found) < 2:
        raise SeedError(f"column {column!r} is not a list of two or more answers")
    made = []
    for number, one in enumerate(found, 1):
        text = one.get("text") if isinstance(one, Mapping) else one
        if not isinstance(text, str) or not text.strip():
            raise SeedError(f"column {column!r}: the answer number {number} is empty or is no text")
        model = one.get("model") if isinstance(one, Mapping) else None
        made.append(Candidate(text, model if isinstance(model, str) else ""))
    return tuple(made)


def _passage(fields: Mapping[str, Any], column: str | None) -> Passage | None:
    text = fields[column] if column is not None else None
    if not isinstance(text, str) or not text.strip():
        return None
    return Passage(source=str(column), start=0, end=len(text), text=text)


def sample_from_seed(
    seed: Seed, mapping: Mapping[str, str] | None = None, /, **known: Any
) -> Sample:
    """The sample that the row of a seed already is. Of a row with several `instances`, each of
    which was a seed of its own, it is the seed's one.

    Raises:
        SeedError: as `sample_from_fields`.
    """
    fields = seed.fields
    instances = fields.get("instances")
    if seed.instruction and all_objects(instances) and len(instances) > 1:
        one = {**fields, "instances": [{"input": seed.input, "output": seed.answer}]}
        return sample_from_fields(one, mapping, **known).with_(row=row_json(fields))
    return sample_from_fields(fields, mapping, **known)


def tasks_from_fields(
    fields: Mapping[str, Any], mapping: Mapping[str, str] | None = None
) -> tuple[Task, ...]:
    """The tasks in a row: one, or one for each of its `instances`; none where the row has no
    recognisable instruction. Of a conversation it is the first user message with its reply, of a
    preference pair the prompt with the chosen answer. An answer that is no text, such as a list
    of accepted answers, counts as none.

    Raises:
        SeedError: the shape is known, but a part of it is empty or of the wrong form; says which.
    """
    if is_ours(fields, mapping):
        return (_first_exchange(_our_sample(fields).messages),)
    columns = columns_of(fields, mapping)
    if "chosen" in columns and "rejected" in columns:
        return (_first_exchange(_preference(fields, columns)[0]),)
    if "messages" in columns:
        return (_first_exchange(read_messages(fields[columns["messages"]], columns["messages"])),)
    return _tasks(fields, columns)


def row_json(fields: Mapping[str, Any]) -> str:
    """The row as one JSON object.

    Raises:
        SeedError: it holds something that JSON cannot.
    """
    try:
        return orjson.dumps(fields, default=str, option=orjson.OPT_NON_STR_KEYS).decode()
    except TypeError as error:
        raise SeedError(f"the row cannot be written as JSON ({error})") from error


def is_ours(fields: Mapping[str, Any], mapping: Mapping[str, str] | None = None) -> bool:
    """Whether a row is a sample of ours, with our columns, and is to be read as one."""
    return not mapping and fields.keys() >= _OURS


def _our_sample(fields: Mapping[str, Any]) -> Sample:
    try:
        sample = sample_from_row(dict(fields))
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise SeedError(f"the row has a sample's columns but is none ({error})") from error
    if not sample.messages:
        why = f" ({sample.failure.reason})" if sample.failure is not None else ""
        raise SeedError(f"the row is a sample without messages{why}")
    return sample.with_(row=row_json(fields))


def _pair(fields: Mapping[str, Any], columns: Mapping[str, str]) -> tuple[Turn, ...]:
    """A prompt and a response."""
    instances = fields.get("instances")
    if "response" in columns and not (instances and all_objects(instances)):
        turns = _answered(fields, columns["response"], _prompt(fields, columns))
        if not any(turn.role == "user" for turn in turns):
            raise _no_shape(fields, f"hold an answer ({columns['response']}) but no prompt")
        return turns
    tasks = _tasks(fields, columns)
    if not tasks:
        raise _no_shape(fields, "make no known shape")
    if len(tasks) > 1:
        raise SeedError(f"the row holds {len(tasks)} instances, and so is no single sample")
    if not tasks[0].answer.strip():
        raise _no_shape(fields, f"hold a prompt ({columns['instruction']}) but no answer")
    return (Turn("user", _joined(tasks[0])), Turn("assistant", tasks[0].answer))


def _tasks(fields: Mapping[str, Any], columns: Mapping[str, str]) -> tuple[Task, ...]:
    """The tasks of a row that is no conversation."""
    response = columns.get("response")
    answer = _task_answer(fields, response) if response is not None else ""
    if "instruction" not in columns:
        return ()
    column = columns["instruction"]
    if is_messages(fields[column]):
        return (
            Task(_first_exchange(read_messages(fields[column], column)).instruction, "", answer),
        )
    task = Task(filled(fields, column), text_of(fields, columns.get("input")), answer)
    instances = fields.get("instances")
    if not instances or not all_objects(instances):
        return (task,)
    return tuple(_instance(task.instruction, one) for one in instances)


def _task_answer(fields: Mapping[str, Any], column: str) -> str:
    if is_messages(fields[column]):
        return read_messages(fields[column], column)[-1].content
    holds_text = isinstance(fields[column], (str, int, float))
    return text_of(fields, column) if holds_text else ""


def _instance(instruction: str, instance: Mapping[str, Any]) -> Task:
    fields = {"instruction": instruction, **instance}
    columns = columns_of(fields, None)
    texts = (text_of(fields, columns.get(field)) for field in ("input", "response"))
    return Task(instruction, *texts)


def _prompt(fields: Mapping[str, Any], columns: Mapping[str, str]) -> tuple[Turn, ...]:
    """What comes before the answer; nothing where no column holds it."""
    if "instruction" not in columns:
        return ()
    column = columns["instruction"]
    if is_messages(fields[column]):
        return read_messages(fields[column], column)
    task = Task(filled(fields, column), text_of(fields, columns.get("input")))
    return (Turn("user", _joined(task)),)


def _answered(fields: Mapping[str, Any], column: str, prompt: tuple[Turn, ...]) -> tuple[Turn, ...]:
    """The prompt with the answer in `column`, which may hold the whole conversation itself."""
    if is_messages(fields[column]):
        turns = read_messages(fields[column], column)
        if turns[-1].role != "assistant":
            raise SeedError(f"column {column!r} does not end with a message of the assistant")
    else:
        text = filled(fields, column)
        turns = () if prompt else read_transcript(text, column)
        turns = turns or (Turn("assistant", text),)
    opening = next(turn.role for turn in turns if turn.role != "system")
    return turns if opening == "user" else (*prompt, *turns)


def _preference(
    fields: Mapping[str, Any], columns: Mapping[str, str]
) -> tuple[tuple[Turn, ...], tuple[Turn, ...]]:
    """The chosen conversation, and the rejected one, both from their start. The forms are those of https://huggingface.co/docs/trl/dataset_formats#preference."""
    prompt = _prompt(fields, columns)
    chosen = _answered(fields, columns["chosen"], prompt)
    rejected = _answered(fields, columns["rejected"], prompt)
    if chosen[0].role == "assistant":
        return _implicit_prompt(fields, columns)
    return chosen, rejected


def _implicit_prompt(
    fields: Mapping[str, Any], columns: Mapping[str, str]
) -> tuple[tuple[Turn, ...], tuple[Turn, ...]]:
    """Two texts without a prompt: as in TRL, it is what both begin with, here up to a word's end;
    but only where no other column holds text that could be the prompt."""
    halves = (columns["chosen"], columns["rejected"])
    left, right = (fields[column] for column in halves)
    if isinstance(left, str) and isinstance(right, str):
        pairs = enumerate(zip(left, right, strict=False))
        same = next((i for i, (a, b) in pairs if a != b), min(len(left), len(right)))
        while same and not left[same - 1].isspace():
            same -= 1
        others = any(isinstance(v, str) for name, v in fields.items() if name not in halves)
        prompt = left[:same].strip()
        if prompt and not others and left[same:].strip() and right[same:].strip():
            head = Turn("user", prompt)
            return (
                (head, Turn("assistant", left[same:])),
                (head, Turn("assistant", right[same:])),
            )
    raise _no_shape(fields, "hold a chosen and a rejected answer but no prompt")


def _first_exchange(turns: tuple[Turn, ...]) -> Task:
    for number, turn in enumerate(turns):
        if turn.role == "user":
            after = turns[number + 1 :]
            reply = after[0].content if after and after[0].role == "assistant" else ""
            return Task(turn.content, "", reply)
    raise SeedError("the row has no message of the user")


def _joined(task: Task) -> str:
    return f"{task.instruction}\n\n{task.input}" if task.input.strip() else task.instruction


def _no_shape(fields: Mapping[str, Any], what: str) -> SeedError:
    return SeedError(
        f"the columns ({name_columns(fields)}) {what}; known shapes: {_KNOWN};"
        f" say which column holds what with --map field=column (fields: {', '.join(FIELDS)})"
    )
