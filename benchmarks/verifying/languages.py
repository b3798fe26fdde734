"""Languages: `language_of` against the verdicts of IFEval's verifier on replies that were to be in
one language, and on replies to English prompts without such a demand.

It may say that it cannot tell; how often it does is a figure of its own.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from silversmith.checks.language_codes import LANGUAGE_NAMES
from silversmith.checks.languages import language_of
from verifying import Figure

__all__ = ["measure"]

_KIND = "en:language:response_language"


def measure(data: Path) -> Iterable[Figure]:
    """Agreement where it can tell, and the share of replies of which it can."""
    folder = data / "ifeval"
    prompts = {row["key"]: row for row in _rows(folder / "prompts.jsonl")}
    agreed: list[bool | None] = []
    for row in _rows(folder / "responses_verdicts.jsonl"):
        prompt = prompts[row["key"]]
        for kind, arguments, verdict in zip(
            prompt["instruction_id_list"], prompt["kwargs"], row["strict"], strict=True
        ):
            if kind == _KIND:
                found = language_of(row["response"])
                wanted = LANGUAGE_NAMES[arguments["language"]]
                agreed.append(None if found is None else (found == wanted) is bool(verdict))
    told = [each for each in agreed if each is not None]
    note = "against langdetect, IFEval's verifier, on replies that demand a language"
    yield Figure("languages", "agreement where told", sum(told) / len(told), len(told), note)
    yield Figure("languages", "told at all", len(told) / len(agreed), len(agreed))


def _rows(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
