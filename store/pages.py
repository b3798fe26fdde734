"""Rows out of a SQLite file that SQLite itself no longer reads.

Every page that is whole gives its rows, whatever has become of the pages above it, and so does
every whole page of the write-ahead log. Follows https://sqlite.org/fileformat2.html, the
sections "B-tree Pages", "Record Format", "The Freelist" and "The WAL File Format".
"""

from __future__ import annotations

import os
import struct
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import NamedTuple, Self

__all__ = ["Pages", "Row", "Value"]

Value = None | int | float | str | bytes

_MAGIC = b"SQLite format 3\0"
_USUAL_PAGE = 4096
_TABLE_LEAF, _INDEX_LEAF, _INDEX_NODE = 0x0D, 0x0A, 0x02
_INTEGERS = {1: 1, 2: 2, 3: 3, 4: 4, 5: 6, 6: 8}
_WAL_HEADER, _FRAME_HEADER = 32, 24


class Row(NamedTuple):
    """A row as it is stored.

    Attributes:
        rowid: its number, or None in a table without rowids.
        values: its columns; a column that is an alias of the rowid is None.
    """

    rowid: int | None
    values: tuple[Value, ...]


class Pages:
    """A database file and its write-ahead log, read as they lie there and never changed; a
    context manager.

    Raises:
        OSError: the file cannot be read.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._wal_path = path.with_name(path.name + "-wal")

    def __enter__(self) -> Self:
        self._file = open(self._path, "rb")
        wal = self._wal_path.read_bytes() if self._wal_path.exists() else b""
        header = os.pread(self._file.fileno(), 100, 0)
        self._size = _page_size(header, wal)
        self._log = list(_frames(wal, self._size))
        self._latest = dict(self._log)
        end = os.fstat(self._file.fileno()).st_size
        self._count = -(-end // self._size)
        self._longest = end + len(wal)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._file.close()

    def rows(self) -> Iterator[Row]:
        """All rows that can be read: first those of the file, then those of the log, the oldest
        first, so that the last one with a rowid is the newest."""
        free = self._free()
        for number in range(1, self._count + 1):
            if number not in free:
                yield from self._rows_in(number, self._in_file(number))
        for number, page in self._log:
            if number not in free:
                yield from self._rows_in(number, page)

    def _in_file(self, number: int) -> bytes:
        return os.pread(self._file.fileno(), self._size, (number - 1) * self._size)

    def _page(self, number: int) -> bytes:
        """The newest state of a page; b"" where there is none."""
        if number < 1:
            return b""
        return self._latest.get(number) or self._in_file(number)

    def _free(self) -> set[int]:
        """The pages that hold nothing any more, as far as their list can be followed."""
        free: set[int] = set()
        first = self._page(1)
        trunk = int.from_bytes(first[32:36], "big") if first.startswith(_MAGIC) else 0
        while trunk and trunk not in free and len(page := self._page(trunk)) == self._size:
            free.add(trunk)
            trunk, count = struct.unpack_from(">II", page)
            count = min(count, self._size // 4 - 2)
            free.update(struct.unpack_from(f">{count}I", page, 8))
        return free

    def _rows_in(self, number: int, page: bytes) -> Iterator[Row]:
        """The rows of a page that holds some; nothing of any other page."""
        start = 100 if number == 1 else 0
        page = page.ljust(self._size, b"\0")
        kind = page[start]
        if kind not in (_TABLE_LEAF, _INDEX_LEAF, _INDEX_NODE):
            return
        cells = int.from_bytes(page[start + 3 : start + 5], "big")
        pointers = start + (12 if kind == _INDEX_NODE else 8)
        if pointers + 2 * cells > self._size:
            return
        for place in struct.unpack_from(f">{cells}H", page, pointers):
            child = 4 if kind == _INDEX_NODE else 0
            try:
                row = self._cell(page, place + child, kind == _TABLE_LEAF)
            except (IndexError, ValueError, struct.error):
                continue  # it points nowhere, or holds no record
            yield row

    def _cell(self, page: bytes, place: int, in_table: bool) -> Row:
        """One row.

        Raises:
            ValueError, IndexError, struct.error: there is none.
        """
        length, place = _varint(page, place)
        rowid = None
        if in_table:
            rowid, place = _varint(page, place)
        if not 0 < length <= self._longest:
            raise ValueError("a row longer than all there is")
        usable = self._size
        most = usable - 35 if in_table else (usable - 12) * 64 // 255 - 23
        if length <= most:
            payload = page[place : place + length]
        else:
            least = (usable - 12) * 32 // 255 - 23
            local = least + (length - least) % (usable - 4)
            local = local if local <= most else least
            (overflow,) = struct.unpack_from(">I", page, place + local)
            payload = page[place : place + local] + self._overflow(overflow, length - local)
        if len(payload) != length:
            raise ValueError("the row's end is missing")
        return Row(rowid, _record(payload))

    def _overflow(self, number: int, length: int) -> bytes:
        """What a row that is longer than its page has elsewhere."""
        parts = []
        while length > 0:
            page = self._page(number)
            if len(page) < min(self._size, length + 4):
                raise ValueError("the row goes on in a page that is not there")
            parts.append(page[4 : 4 + length])
            length -= len(parts[-1])
            number = int.from_bytes(page[:4], "big")
        return b"".join(parts)


def _page_size(header: bytes, wal: bytes) -> int:
    size = 0
    if header.startswith(_MAGIC):
        size = int.from_bytes(header[16:18], "big")
    elif len(wal) >= _WAL_HEADER:
        size = int.from_bytes(wal[8:12], "big")
    size = 65536 if size == 1 else size
    return size if 512 <= size <= 65536 and size & (size - 1) == 0 else _USUAL_PAGE


def _frames(wal: bytes, size: int) -> Iterator[tuple[int, bytes]]:
    """The pages in a write-ahead log, in the order in which they were written.

    A frame counts where its checksum, which goes on from the one before it, is right. Those at
    the end with another salt were left over from before the log was last begun anew.
    """
    if len(wal) < _WAL_HEADER:
        return
    order = ">" if wal[3] & 1 else "<"
    before = struct.unpack_from(">II", wal, 24)
    header_is_sound = before == _checksum(wal[:24], (0, 0), order)
    salt = wal[16:24] if header_is_sound else None
    step = _FRAME_HEADER + size
    for start in range(_WAL_HEADER, len(wal) - step + 1, step):
        frame = wal[start : start + step]
        said = struct.unpack_from(">II", frame, 16)
        page = frame[_FRAME_HEADER:]
        sound = said == _checksum(frame[:8] + page, before, order)
        before = said
        if sound and salt in (None, frame[8:16]):
            salt = frame[8:16]
            yield int.from_bytes(frame[:4], "big"), page


def _checksum(data: bytes, before: tuple[int, int], order: str) -> tuple[int, int]:
    one, two = before
    words = iter(struct.unpack(f"{order}{len(data) // 4}I", data))
    for even, odd in zip(words, words, strict=True):
        one = (one + even + two) & 0xFFFFFFFF
        two = (two + odd + one) & 0xFFFFFFFF
    return one, two


def _varint(data: bytes, place: int) -> tuple[int, int]:
    """A number of variable length, and where it ends."""
    value = 0
    for _ in range(8):
        byte = data[place]
        place += 1
        value = value << 7 | byte & 0x7F
        if byte < 0x80:
            return value, place
    value = value << 8 | data[place]
    return value - (1 << 64) if value >> 63 else value, place + 1


def _record(payload: bytes) -> tuple[Value, ...]:
    """The values of a record.

    Raises:
        ValueError, IndexError: the bytes are none.
    """
    end, place = _varint(payload, 0)
    types = []
    while place < end:
        kind, place = _varint(payload, place)
        types.append(kind)
    values: list[Value] = []
    for kind in types:
        length = _length(kind)
        data = payload[place : place + length]
        place += length
        values.append(_value(kind, data))
    if place != len(payload):
        raise ValueError("a record of another length")
    return tuple(values)


def _length(kind: int) -> int:
    if kind >= 12:
        return (kind - 12) // 2
    if kind in (0, 8, 9):
        return 0
    return 8 if kind == 7 else _INTEGERS.get(kind, 1 << 62)


def _value(kind: int, data: bytes) -> Value:
    if kind >= 12:
        return data.decode("utf-8") if kind % 2 else data
    if kind in _INTEGERS:
        return int.from_bytes(data, "big", signed=True)
    if kind == 7:
        return float(struct.unpack(">d", data)[0])
    return None if kind == 0 else kind - 8
