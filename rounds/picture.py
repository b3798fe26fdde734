"""The history of rounds as a picture (SVG), without a library for plots."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape

from .history import Fared, GroupHistory, History

__all__ = ["history_svg"]

_LEFT, _TOP, _HEIGHT = 64, 40, 110
_GAP_X, _GAP_Y = 80, 100
_LINE, _NARROWEST, _A_ROUND = 34, 320, 76
_LONGEST = 44  # letters of a name that stand above a diagram of the narrowest width
_STYLE = (
    "text{font:12px sans-serif;fill:#222}.t{font-weight:bold}.g{stroke:#ddd}"
    ".i{stroke:#1f6feb;stroke-width:2}.l{stroke:#1f6feb;fill:none;stroke-width:2}.o{fill:#1f6feb}"
    ".b{fill:#57606a}.s{fill:#b35900;font-weight:bold}"
    "@media (prefers-color-scheme:dark){text{fill:#ddd}.g{stroke:#444}.b{fill:#aab4be}"
    ".s{fill:#ffb366}}"
)


def history_svg(history: History, across: int = 2) -> str:
    """A small diagram for all failures, and one for each group: the share that failed in each
    round with its interval, and below it how many samples the round's recipe made and kept.

    Args:
        history: what to draw; what is in its names is text, whatever it looks like.
        across: how many diagrams stand beside each other.
    """
    cells = [history.whole, *history.groups]
    rows = -(-len(cells) // across)
    wide = max(_NARROWEST, _A_ROUND * len(history.numbers))
    width = _LEFT + across * (wide + _GAP_X)
    height = _TOP + rows * (_HEIGHT + _GAP_Y) + 10
    title = "Failures by group and round"
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}"'
        f' width="{width}" height="{height}" role="img">',
        f"<title>{title}</title><style>{_STYLE}</style>",
    ]
    for place, group in enumerate(cells):
        x = _LEFT + place % across * (wide + _GAP_X)
        y = _TOP + place // across * (_HEIGHT + _GAP_Y)
        lines.append(f'<g transform="translate({x} {y})">')
        lines += _cell(group, wide, flagged=place > 0)
        lines.append("</g>")
    return "\n".join([*lines, "</svg>"]) + "\n"


def _cell(group: GroupHistory, wide: int, *, flagged: bool) -> Iterator[str]:
    name = group.title or group.name
    short = name if len(name) <= _LONGEST else f"{name[: _LONGEST - 1]}…"
    flag, style = "", "t"
    if flagged and group.stuck:
        flag, style = " · still open", "s"
    elif flagged and group.closed:
        flag = " · closed"
    yield f'<text class="{style}" x="-40" y="-12">{escape(short)}{flag}</text>'
    for quarter in (0, 0.5, 1):
        yield f'<path class="g" d="M0 {_y(quarter):.1f}H{wide}"/>'
        yield f'<text x="-8" y="{_y(quarter) + 4:.1f}" text-anchor="end">{quarter:.0%}</text>'
    shown = [(at, one) for at, one in enumerate(group.fared) if one.items]
    if len(shown) > 1:
        path = "L".join(f"{_x(group, at, wide):.1f} {_y(one.share or 0):.1f}" for at, one in shown)
        yield f'<path class="l" d="M{path}"/>'
    for at, one in shown:
        yield from _point(_x(group, at, wide), one)
    for at, one in enumerate(group.fared):
        yield from _below(_x(group, at, wide), one)


def _point(x: float, one: Fared) -> Iterator[str]:
    share = one.share or 0.0
    words = (
        f"round {one.number}: {one.failed:,} of {one.items:,} failed,"
        f" {share:.0%} ({one.low:.0%} to {one.high:.0%})"
    )
    yield f'<path class="i" d="M{x:.1f} {_y(one.low):.1f}V{_y(one.high):.1f}"/>'
    yield (
        f'<circle class="o" cx="{x:.1f}" cy="{_y(share):.1f}" r="4"><title>{words}</title></circle>'
    )


def _below(x: float, one: Fared) -> Iterator[str]:
    y = _HEIGHT + 16
    yield f'<text x="{x:.1f}" y="{y}" text-anchor="middle">round {one.number}</text>'
    counts = [f"made {one.made:,}", f"kept {one.kept or 0:,}"] if one.made is not None else []
    if not counts and one.planned:
        counts = [f"planned {one.planned:,}"]
    for line, words in enumerate(counts, 1):
        yield f'<text class="b" x="{x:.1f}" y="{y + 15 * line}" text-anchor="middle">{words}</text>'


def _x(group: GroupHistory, at: int, wide: int) -> float:
    count = len(group.fared)
    return wide / 2 if count == 1 else _LINE + at * (wide - 2 * _LINE) / (count - 1)


def _y(share: float) -> float:
    return (1 - share) * _HEIGHT
