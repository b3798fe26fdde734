"""The lengths of last turns, as compiled code tells them."""

import pyarrow as pa

from silversmith.pipeline.turn_lengths import last_lengths


def test_they_are_those_of_python_whatever_part_of_a_column_is_looked_at() -> None:
    rows = [[], ["a", "bcd"], None, ["\N{GRINNING FACE}\N{LATIN SMALL LETTER E WITH ACUTE}"], [""]]
    told = [None if row is None else [{"content": text} for text in row] for row in rows]
    column = pa.array(told, pa.list_(pa.struct([("content", pa.string())])))
    assert last_lengths(column).tolist() == [-1, 3, -1, 2, 0]
    assert last_lengths(column.slice(1)).tolist() == [3, -1, 2, 0]
    assert last_lengths(column.slice(0, 2)).tolist() == [-1, 3]
