"""How well the checks that need no model agree with recorded verdicts: one module a dataset.

A module here has one function, and `benchmarks/verifiers.py` finds it:

    def measure(data: Path) -> Iterable[Figure]:

`data` is the folder that holds the datasets' folders. A module whose dataset is not there lets
the FileNotFoundError through, and is passed over.
"""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Figure"]


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure.

    Attributes:
        dataset: the dataset's name.
        measure: what was measured, in words.
        value: the figure.
        n: over how many cases.
        note: what one must know to read it, or "".
        form: how to write the value, such as "{:.2%}" or "{:.3f}".
        target: the least value that it should have, or None.
    """

    dataset: str
    measure: str
    value: float
    n: int
    note: str = ""
    form: str = "{:.2%}"
    target: float | None = None
