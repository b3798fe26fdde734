"""What each row filter takes, and all of them together, on one core."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from silversmith.filters import Columns, Filter
from silversmith.filters.blocklist import Blocklist
from silversmith.filters.format_defects import FormatDefects
from silversmith.filters.gibberish import Gibberish
from silversmith.filters.hedging import Hedging
from silversmith.filters.language import Language
from silversmith.filters.length import Length
from silversmith.filters.personal_data import PersonalData
from silversmith.filters.refusal import Refusal
from silversmith.filters.repetition import Repetition
from silversmith.filters.secrets import Secrets
from silversmith.records import Sample, table_from_samples

from ._material import instruction_rows

__all__ = ["TOGETHER", "measure"]

_BATCH = 2_000
_TIMES = 5
TOGETHER: Sequence[Filter] = (
    Length(min_words=1, max_words=2_000),
    Refusal(),
    Hedging(),
    Repetition(),
    Gibberish(),
    FormatDefects(),
    Blocklist(words=("casino", "viagra", "porn*", "click here")),
)
_APART: Sequence[Filter] = (
    Repetition(limits="gopher"),
    PersonalData(),
    Secrets(),
    Language(keep=("en",)),
)


def measure(folder: Path, rows: int) -> Sequence[Sequence[str]]:
    """Seconds of CPU, the least of five runs over the same batches."""
    samples = [
        Sample.pair(f"{row['instruction']}\n\n{row['input']}".strip(), row["output"], id=str(n))
        for n, row in enumerate(instruction_rows(folder, rows))
    ]
    tables = [table_from_samples(samples[i : i + _BATCH]) for i in range(0, rows, _BATCH)]
    words = sum(len(f"{s.prompt} {s.response}".split()) for s in samples) / rows
    cells = [["filter", "us a row", "rows a second", "dropped"]]

    def line(name: str, seconds: float, dropped: str = "") -> None:
        micros = f"{seconds / rows * 1e6:.2f}"
        cells.append([name, micros, f"{rows / seconds:,.0f}", dropped])

    for rule in (*TOGETHER, *_APART):
        dropped: set[Any] = set()

        def alone(rule: Filter = rule, dropped: set[Any] = dropped) -> None:
            for at, table in enumerate(tables):
                dropped.update((at, row) for row in rule.reasons_to_drop(Columns(table)))

        limits = getattr(rule, "limits", "")
        name = f"{rule.kind} ({limits})" if limits == "gopher" else rule.kind
        line(name, _least(alone), f"{len(dropped) / rows:.2%}")

    def together() -> None:
        for table in tables:
            columns = Columns(table)
            for rule in TOGETHER:
                rule.reasons_to_drop(columns)

    line(f"the first {len(TOGETHER)}, in one pass", _least(together))
    line("Gopher's rules in plain Python", _least(lambda: _plain(samples), 2))
    cells.append([f"({words:.0f} words a row)", "", "", ""])
    return cells


def _least(run: Callable[[], None], times: int = _TIMES) -> float:
    best = float("inf")
    for _ in range(times):
        begun = time.process_time()
        run()
        best = min(best, time.process_time() - begun)
    return best


def _plain(samples: Sequence[Sample]) -> None:
    """Gopher's rules about repeated runs of words, as one writes them down, on the same texts."""
    for sample in samples:
        words = sample.response.split()
        if len(words) < 50:
            continue
        for size in range(2, 5):
            grams = Counter(" ".join(words[i : i + size]) for i in range(len(words) - size + 1))
            ((gram, count),) = grams.most_common(1)
            len(gram) * count / len(sample.response)
        for size in range(5, 11):
            met, repeated, at = set(), 0, 0
            while at <= len(words) - size:
                gram = "".join(words[at : at + size])
                if gram in met:
                    repeated += len(gram)
                    at += size
                else:
                    met.add(gram)
                    at += 1
