"""A file of recorded replies: what its lines say, and where each is found again."""

from __future__ import annotations

import functools
import gzip
import hashlib
import os
import shutil
import tempfile
import zlib
from array import array
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, NamedTuple, Self

from ..errors import EndpointError, RecipeError
from .replay_line import Line, digest, parse_line

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["ReplyFile", "digest_of"]

_PIECE = 1 << 20
_BOM = b"\xef\xbb\xbf"


def digest_of(path: str) -> str:
    """A hash of what is in a file, in 32 hex digits; read once as long as the file stays.

    Raises:
        RecipeError: it cannot be read.
    """
    try:
        state = _regular(path)
        return _digest(path, state.st_mtime_ns, state.st_size)
    except OSError as error:
        raise RecipeError(_unreadable(path, error)) from error


class ReplyFile:
    """The recorded replies of a file, found by 64-bit hashes of what its lines name.

    In memory are three numbers a line (24 bytes); a reply is read when it is wanted. Of a file
    packed with gzip, which cannot be read from its middle, a temporary copy is made.

    Attributes:
        path: the file, for messages.
    """

    def __init__(self, path: str, file: BinaryIO, index: _Index) -> None:
        self.path = path
        self._file = file
        self._index = index

    @classmethod
    def read(cls, path: str) -> Self:
        """Read a whole file once, and check every line.

        Raises:
            EndpointError: fatal; the file cannot be read, a line is wrong, or two lines are
                replies to the same; says which lines.
        """
        try:
            file = _opened(path)
        except (OSError, EOFError, zlib.error) as error:
            raise EndpointError(_unreadable(path, error), fatal=True) from error
        try:
            return cls(path, file, _indexed(path, file))
        except BaseException:
            file.close()
            raise

    @property
    def last(self) -> int:
        """The number of the last line."""
        return int(self._index.numbers.max())

    def lines(self, key: bytes) -> list[Line]:
        """The lines under a key, in the order of the file.

        Raises:
            EndpointError: fatal; the file was changed since it was read.
        """
        import numpy as np

        wanted = np.uint64(digest(key))
        first = int(np.searchsorted(self._index.digests, wanted, "left"))
        last = int(np.searchsorted(self._index.digests, wanted, "right"))
        found = (self._line(place, int(wanted)) for place in range(first, last))
        return [line for line in found if line.key == key]

    def close(self) -> None:
        """Let go of the file."""
        self._file.close()

    def _line(self, place: int, wanted: int) -> Line:
        number = int(self._index.numbers[place])
        try:
            self._file.seek(int(self._index.offsets[place]))
            line = parse_line(self._file.readline(), self.path, number)
        except (OSError, EndpointError) as error:
            raise self._changed(number) from error
        if digest(line.key) != wanted:
            raise self._changed(number)
        return line

    def _changed(self, number: int) -> EndpointError:
        return EndpointError(
            f"{self.path}, line {number}: the file was changed while it was replayed; start again",
            fatal=True,
        )


class _Index(NamedTuple):
    """Hash, offset and number of each line, in the order of the hashes."""

    digests: NDArray[np.uint64]
    offsets: NDArray[np.uint64]
    numbers: NDArray[np.uint64]


def _opened(path: str) -> BinaryIO:
    _regular(path)
    with ExitStack() as stack:
        file: BinaryIO = stack.enter_context(Path(path).open("rb"))
        packed = file.read(2) == b"\x1f\x8b"
        file.seek(0)
        if packed:
            copy = stack.enter_context(tempfile.TemporaryFile())
            with file, gzip.open(file) as plain:
                shutil.copyfileobj(plain, copy, _PIECE)
            file = copy
            file.seek(0)
        stack.pop_all()
        return file


def _indexed(path: str, file: BinaryIO) -> _Index:
    import numpy as np

    digests, offsets, numbers = array("Q"), array("Q"), array("Q")
    once, places = array("Q"), array("Q")
    for offset, number, raw in _raw_lines(file):
        line = parse_line(raw, path, number)
        if line.attempt is not None:
            once.append(digest(repr(line.answers).encode()))
            places.append(len(digests))
        digests.append(digest(line.key))
        offsets.append(offset)
        numbers.append(number)
    if not digests:
        raise EndpointError(f"{path} is empty: it holds no reply to replay", fatal=True)
    _check_once(path, once, places, offsets, numbers, file)
    plain = [np.frombuffer(column, np.uint64) for column in (digests, offsets, numbers)]
    order = np.argsort(plain[0], kind="stable")
    return _Index(*(column[order] for column in plain))


def _raw_lines(file: BinaryIO) -> Iterator[tuple[int, int, bytes]]:
    """Offset, number and bytes of each line that is not blank."""
    offset = 0
    for number, raw in enumerate(file, 1):
        start, offset = offset, offset + len(raw)
        if number == 1 and raw.startswith(_BOM):
            start, raw = len(_BOM), raw[len(_BOM) :]
        if not raw.isspace() and raw:
            yield start, number, raw


def _check_once(
    path: str,
    once: array[int],
    places: array[int],
    offsets: array[int],
    numbers: array[int],
    file: BinaryIO,
) -> None:
    """See that no two lines say to be the same attempt at the same."""
    import numpy as np

    if not once:
        return
    plain = np.frombuffer(once, np.uint64)
    order = np.argsort(plain, kind="stable")
    for i in np.flatnonzero(plain[order][1:] == plain[order][:-1]):
        pair = []
        for place in (places[int(order[i])], places[int(order[i + 1])]):
            file.seek(offsets[place])
            pair.append(parse_line(file.readline(), path, numbers[place]))
        if pair[0].answers == pair[1].answers:
            raise EndpointError(
                f"{path}, lines {pair[0].number} and {pair[1].number}: both are attempt"
                f" {pair[0].attempt} at {pair[0].named}; take one of them out",
                fatal=True,
            )


def _regular(path: str) -> os.stat_result:
    place = Path(path)
    state = place.stat()
    if not place.is_file():
        raise OSError("it is no file")
    return state


@functools.lru_cache(maxsize=16)
def _digest(path: str, modified: int, size: int) -> str:
    with Path(path).open("rb") as file:
        return hashlib.file_digest(file, lambda: hashlib.blake2b(digest_size=16)).hexdigest()


def _unreadable(path: str, error: Exception) -> str:
    if isinstance(error, FileNotFoundError):
        return f"replay: there is no file {path}; name one with recorded replies (JSON Lines)"
    why = error.strerror.lower() if isinstance(error, OSError) and error.strerror else str(error)
    return f"replay: {path} cannot be read ({why})"
