"""A process that says whether pairs of mathematical expressions are equal; `symbolic.py` starts it.

It is a script of its own and imports nothing of silversmith. math-verify
(https://github.com/huggingface/Math-Verify) keeps its time limits by signals and so needs a main
thread, and an expression can take for ever or all memory: here it costs this process alone, which
ends when its CPU time for one pair is over, when its memory is full, and when its input ends.

One JSON line in, {"one": ..., "two": ..., "seconds": ...}, and one out: true, false, or null where
it cannot be told. Expressions are read as LaTeX, by a grammar, and never evaluated as Python code.
"""

from __future__ import annotations

import json
import logging
import os
import resource
import signal
import sys
from typing import Any

MEMORY = 2 << 30


def main() -> None:
    """Answer until the input ends."""
    answers = os.fdopen(os.dup(1), "w")
    quiet = os.open(os.devnull, os.O_WRONLY)
    os.dup2(quiet, 1)  # the libraries print; only answers may stand in this pipe
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    logging.disable(logging.CRITICAL)
    compare = _loaded()
    print("ready", file=answers, flush=True)
    for line in sys.stdin:
        asked = json.loads(line)
        signal.setitimer(signal.ITIMER_PROF, asked["seconds"])  # ends the process by its signal
        try:
            equal = compare(asked["one"], asked["two"])
        except MemoryError:
            sys.exit(1)
        except Exception:  # noqa: BLE001 - sympy raises anything; all of it means "cannot tell"
            equal = None
        signal.setitimer(signal.ITIMER_PROF, 0)
        print(json.dumps(equal), file=answers, flush=True)


def _loaded() -> Any:
    # Neither library is typed.
    from latex2sympy2_extended.latex2sympy2 import (  # type: ignore[import-untyped]
        NormalizationConfig,
    )
    from math_verify import LatexExtractionConfig, parse, verify  # type: ignore[import-untyped]

    target = [
        LatexExtractionConfig(
            normalization_config=NormalizationConfig(
                basic_latex=True, units=False, malformed_operators=True, nits=True, boxed="none",
                equations=False,
            )
        )
    ]  # fmt: skip

    def read(text: str) -> Any:
        return parse(
            f"${text}$",
            extraction_config=target,
            fallback_mode="no_fallback",
            parsing_timeout=0,
            raise_on_error=True,
        )

    def compare(one: str, two: str) -> bool | None:
        left, right = read(one), read(two)
        if not left or not right:
            return None
        equal = verify(
            left, right, timeout_seconds=0, raise_on_error=True, allow_set_relation_comp=True
        )
        return bool(equal)

    return compare


if __name__ == "__main__":
    main()
