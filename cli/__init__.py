"""The command line. What is heavy is imported in `main`, so that Ctrl-C finds it at any time."""

from __future__ import annotations

import sys
from typing import Any

from ..errors import SilversmithError
from .streams import heedless

__all__ = ["main"]


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
