"""The page about formats says what the code does."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import silversmith
from silversmith.exports import Export
from silversmith.pipeline.components import component, component_class, kinds

from .test_formats import CODE, DIALOGUE, LISTED, PAIR, SUM

PAGE = (Path(silversmith.__file__).parent / "docs" / "formats.md").read_text(encoding="utf-8")


def formats() -> list[str]:
    from silversmith.exports import HandOver

    return [
        kind
        for kind in kinds("exports", (Export, HandOver))
        if issubclass(component_class("exports", (Export, HandOver), kind, "--format"), Export)
    ]


@pytest.mark.parametrize("kind", formats())
def test_the_page_has_every_format(kind: str) -> None:
    assert re.search(rf"^\| `{kind}`[ ,]", PAGE, re.MULTILINE)


@pytest.mark.parametrize(
    ("kind", "shown"), re.findall(r"^`([\w-]+)`:\n\n```json\n(.*)\n```$", PAGE, re.M)
)
def test_a_row_of_the_page_has_the_columns_of_a_row(kind: str, shown: str) -> None:
    export = component("exports", (Export,), kind, "--format")
    rows = [
        row
        for sample in (SUM, CODE, LISTED, PAIR, DIALOGUE)
        if export.reason_for_no_row(sample) is None
        for row in export.rows(sample)
    ]
    assert {_shape(json.loads(shown))} <= {_shape(row) for row in rows}


def _shape(value: Any) -> object:
    """Keys and types, of lists what they hold in whatever order and number."""
    if isinstance(value, dict):
        return tuple((name, _shape(one)) for name, one in value.items())
    if isinstance(value, list):
        return frozenset(_shape(one) for one in value)
    return type(value).__name__


def test_options_and_splits_on_the_command_line(
    call: Callable[..., tuple[Any, str, str]], tmp_path: Path
) -> None:
    from .test_formats import write_run

    run = write_run(tmp_path / "run", [SUM, CODE, LISTED, PAIR])
    status, said, _ = call(
        "export", run, "-f", "axolotl", "--set", "reasoning=text", "--split", "train=3,test=1"
    )
    assert status == 0
    assert "(train 3, test 1)" in said
    status, _, said = call("export", run, "-f", "trl-sft", "--set", "reasonin=text")
    assert status == 1
    assert "did you mean 'reasoning'" in said
    status, _, said = call("export", run, "-f", "alpaca", "--set", "reasoning=thinking")
    assert status == 1
    assert "'text' or 'think'" in said
    for words in (("-f", "csv", "--split", "a=1,b=1"), ("-f", "jsonl", "--split-seed", "-1")):
        status, _, said = call("export", run, *words)
        assert status == 2
