"""How a run goes, while it goes: a live view in a terminal, a plain line now and then in a pipe.
Both go to standard error, so that standard output holds only the result."""

from __future__ import annotations

import sys
import threading
from collections import Counter, deque
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from .streams import has_room

if TYPE_CHECKING:
    from rich.console import Group

    from ..pipeline import Books, Recipe

__all__ = ["View", "plain_line", "watching"]

REFRESH_PER_SECOND = 4
LINE_SECONDS = 5.0
RATE_SECONDS = 10.0
FAILURES_SHOWN = 4
REASONS_SHOWN = 3


@contextmanager
def watching(books: Books, recipe: Recipe, *, quiet: bool) -> Iterator[None]:
    """Show the books while the body runs."""
    if quiet:
        yield
    elif sys.stderr.isatty():
        from rich.console import Console
        from rich.live import Live

        view = View(books, recipe)
        with Live(
            get_renderable=view.render,
            console=Console(stderr=True, highlight=False),
            refresh_per_second=REFRESH_PER_SECOND,
        ):
            yield
    else:
        done = threading.Event()
        thread = threading.Thread(target=_print_lines, args=(books, recipe, done), daemon=True)
        thread.start()
        try:
            yield
        finally:
            done.set()
            thread.join()


class View:
    """The live view; it keeps the last seconds to tell rates.

    Args:
        books: the counters.
        recipe: what runs.
    """

    def __init__(self, books: Books, recipe: Recipe) -> None:
        self._books = books
        self._recipe = recipe
        self._past: deque[tuple[float, int, int]] = deque()

    def rates(self) -> tuple[float, float]:
        """Samples and replies per second over the last seconds."""
        books = self._books
        now = books.seconds
        self._past.append((now, books.judged + books.failed, books.calls))
        while len(self._past) > 2 and now - self._past[0][0] > RATE_SECONDS:
            self._past.popleft()
        then, samples, calls = self._past[0]
        span = max(now - then, 0.001)
        return (books.judged + books.failed - samples) / span, (books.calls - calls) / span

    def render(self) -> Group:
        """The view as it stands now."""
        from rich.console import Group
        from rich.progress_bar import ProgressBar
        from rich.table import Table
        from rich.text import Text

        books = self._books
        bars = Table.grid(padding=(0, 1))
        bars.add_column(style="bold")
        bars.add_column(width=30)
        bars.add_column(justify="right")
        total = books.expected
        for name, done in self._stages():
            bar = ProgressBar(total=total, completed=done, width=30, pulse=total is None)
            share = f"{done:,} of {total:,}" if total is not None else f"{done:,}"
            bars.add_row(name, bar, share)
        lines = [Text(text, style="dim") for text in self._numbers()]
        failures = [
            Text(f"{count:>6,} × {reason}", style="red", no_wrap=True, overflow="ellipsis")
            for reason, count in books.failures.most_common(FAILURES_SHOWN)
            if books.stage != "done"  # the end in words has them
        ]
        title = Text(f"{self._recipe.name}: {books.stage}", style="bold")
        return Group(title, bars, *lines, *failures)

    def _stages(self) -> list[tuple[str, int]]:
        books = self._books
        before = books.reused
        stages = [("drafted", before + books.drafted)]
        if self._recipe.judges:
            stages.append(("judged", before + books.judged))
        if books.failed:
            stages.append(("failed", books.failed))
        return stages

    def _numbers(self) -> Iterator[str]:
        books = self._books
        samples, calls = self.rates()
        tokens = books.usage.input_tokens + books.usage.output_tokens
        yield f"{samples:,.1f} samples/s · {calls:,.1f} replies/s · {tokens:,} tokens"
        if repeated := _repeated(books):
            yield repeated
        money = f"${books.cost:,.4f} spent" if books.cost is not None else "cost unknown"
        yield f"{money} · {_clock(books.seconds)} gone{_left(books, samples)}"


def plain_line(books: Books, samples_per_second: float) -> str:
    """One line on how a run stands."""
    if books.stage == "filtering" and not books.settled:  # a dataset that exists already
        return f"[{_clock(books.seconds)}] filtering: {books.planned:,} rows read"
    of = f" of {books.expected:,}" if books.expected is not None else ""
    money = f"${books.cost:,.4f}" if books.cost is not None else "cost unknown"
    tokens = books.usage.input_tokens + books.usage.output_tokens
    return (
        f"[{_clock(books.seconds)}] {books.stage}: {books.settled:,}{of} samples settled,"
        f" {books.failed:,} failed, {samples_per_second:,.1f} samples/s, {books.calls:,} replies,"
        f" {tokens:,} tokens, {money}{_left(books, samples_per_second)}"
        + (f", {repeated}" if (repeated := _repeated(books)) else "")
    )


def _repeated(books: Books) -> str:
    """How many requests were sent again, and for which reasons requests failed."""
    if not books.retries:
        return ""
    reasons: Counter[str] = Counter()
    for meter in list(books.meters.values()):
        reasons.update(meter.reasons)
    listed = ", ".join(f"{n:,} × {reason}" for reason, n in reasons.most_common(REASONS_SHOWN))
    return f"{books.retries:,} requests repeated" + (f" ({listed})" if listed else "")


def _print_lines(books: Books, recipe: Recipe, done: threading.Event) -> None:
    view = View(books, recipe)
    view.rates()
    while not done.wait(LINE_SECONDS):
        line = plain_line(books, view.rates()[0])
        if has_room(sys.stderr):
            print(line, file=sys.stderr, flush=True)


def _left(books: Books, samples_per_second: float) -> str:
    if books.expected is None or samples_per_second <= 0:
        return ""
    left = max(0, books.expected - books.settled) / samples_per_second
    return f" · about {_clock(left)} left"


def _clock(seconds: float) -> str:
    whole = int(seconds)
    hours, minutes = divmod(whole // 60, 60)
    return f"{hours}:{minutes:02}:{whole % 60:02}" if hours else f"{minutes}:{whole % 60:02}"
