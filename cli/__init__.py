"""The command line. What is heavy is imported in `main`, so that Ctrl-C finds it at any time."""

from __future__ import annotations

import atexit
import gc
import sys
from typing import Any

from ..errors import SilversmithError
from .streams import heedless

__all__ = ["main", "program"]


def program() -> None:
    """`main`, where the process is ours from its start to its end."""
    # A run makes many objects that are freed without the garbage collector, and what a library
    # loads stays: looking for cycles that often is a tenth of a run's CPU, and half of its exit.
    gc.set_threshold(50_000, 20, 50)
    sys.setswitchinterval(0.0005)
    atexit.register(gc.freeze)
    main()


def main() -> None:
    """Run a command; an error of ours is one sentence on standard error."""
    with heedless():
        try:
            _run()
        except SilversmithError as error:
            print(f"silversmith: {error}", file=sys.stderr)
            raise SystemExit(error.exit_status) from None
        except KeyboardInterrupt:
            print("silversmith: interrupted", file=sys.stderr)
            raise SystemExit(130) from None


def _run() -> None:
    from .commands import app

    try:
        app()
    finally:
        sys.stdout.flush()


def __getattr__(name: str) -> Any:
    if name != "app":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from .commands import app

    return app
