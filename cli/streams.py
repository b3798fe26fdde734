"""Standard output and error whose reader may go away: `| head -1`, a closed terminal."""

from __future__ import annotations

import errno
import os
import select
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, TextIO, cast

from ..errors import SilversmithError

__all__ = ["has_room", "heedless"]

_READER_IS_GONE = {errno.EPIPE, errno.EIO, errno.ECONNRESET}


@contextmanager
def heedless() -> Iterator[None]:
    """Meanwhile, what nobody reads any more goes into nothing: a command is worth the same when
    its reader has left, and is brought to its end, with its own exit status."""
    _fill_standard_places()
    before = sys.stdout, sys.stderr
    with open(os.devnull, "w") as nothing:
        out, err = (_Heedless(stream or nothing) for stream in before)
        sys.stdout, sys.stderr = cast(TextIO, out), cast(TextIO, err)
        try:
            yield
        finally:
            out.flush()
            err.flush()
            sys.stdout, sys.stderr = before


def _fill_standard_places() -> None:
    """Where a command is started without standard input, output or error, the next files that
    are opened would take their numbers, and be written to as if they were these."""
    while (number := os.open(os.devnull, os.O_RDWR)) <= 2:
        continue
    os.close(number)


def has_room(stream: Any) -> bool:
    """Whether a line can be written without waiting for a reader who does not read."""
    try:
        return bool(select.select([], [stream], [], 0)[1])
    except (OSError, ValueError):
        return True  # no pipe and no terminal: a file never waits


class _Heedless:
    """A text stream that does not mind when its reader is gone.

    Raises:
        SilversmithError: standard output cannot be written for another reason (a full disk).
    """

    def __init__(self, stream: TextIO) -> None:
        self.stream = stream

    def write(self, text: str) -> int:
        try:
            return self.stream.write(text)
        except OSError as error:
            self._give_up(error)
            return len(text)

    def flush(self) -> None:
        try:
            self.stream.flush()
        except OSError as error:
            self._give_up(error)

    def _give_up(self, error: OSError) -> None:
        """Let what is still buffered, and what is to come, go where it hurts nobody."""
        nothing = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nothing, self.stream.fileno())
        os.close(nothing)
        # What standard error does not take, nobody can be told.
        if self.stream.fileno() == 1 and error.errno not in _READER_IS_GONE:
            raise SilversmithError(
                f"Standard output cannot be written ({error.strerror}): make room, or send it"
                " elsewhere"
            ) from error

    def __getattr__(self, name: str) -> Any:
        return getattr(self.stream, name)
