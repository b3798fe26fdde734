"""The reliability diagram as a picture (SVG), without a library for plots."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape

from .reliability import Bin, Reliability

__all__ = ["reliability_svg"]

_SIZE, _LEFT, _TOP = 320, 56, 40
_WIDTH, _HEIGHT = _LEFT + _SIZE + 24, _TOP + _SIZE + 56
_STYLE = (
    "text{font:12px sans-serif;fill:#222}.t{font-weight:bold}.g{stroke:#ddd}"
    ".d{stroke:#888;stroke-dasharray:4 4}.i{stroke:#1f6feb;stroke-width:2}"
    ".o{fill:#1f6feb}"
    "@media (prefers-color-scheme:dark){text{fill:#ddd}.g{stroke:#444}}"
)


def reliability_svg(found: Reliability, title: str) -> str:
    """A point a bin, with the interval of its share; on the dashed line, what was predicted came
    true. The area of a point goes with the number of samples.

    Args:
        found: what to draw.
        title: one line above it; what is in it is text, whatever it looks like.
    """
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}"'
        f' width="{_WIDTH}" height="{_HEIGHT}" role="img">',
        f"<title>{escape(title)}</title><style>{_STYLE}</style>",
        f'<text class="t" x="{_LEFT}" y="22">{escape(title)}</text>',
        *_axes(),
        *(line for each in found.bins for line in _point(each, found.n)),
        "</svg>",
    ]
    return "\n".join(lines) + "\n"


def _axes() -> Iterator[str]:
    for tenth in range(0, 11, 2):
        at, label = tenth / 10, f"{tenth / 10:.1f}"
        yield f'<path class="g" d="M{_x(at):.1f} {_y(0):.1f}V{_y(1):.1f}"/>'
        yield f'<path class="g" d="M{_x(0):.1f} {_y(at):.1f}H{_x(1):.1f}"/>'
        yield f'<text x="{_x(at):.1f}" y="{_y(0) + 18:.1f}" text-anchor="middle">{label}</text>'
        yield f'<text x="{_x(0) - 8:.1f}" y="{_y(at) + 4:.1f}" text-anchor="end">{label}</text>'
    yield f'<path class="d" d="M{_x(0):.1f} {_y(0):.1f}L{_x(1):.1f} {_y(1):.1f}"/>'
    yield (
        f'<text x="{_x(0.5):.1f}" y="{_y(0) + 42:.1f}" text-anchor="middle">predicted'
        " probability</text>"
    )
    yield (
        f'<text transform="translate(14 {_y(0.5):.1f}) rotate(-90)" text-anchor="middle">share'
        " acceptable to people</text>"
    )


def _point(each: Bin, n: int) -> Iterator[str]:
    x, radius = _x(each.predicted), 3 + 9 * (each.n / n) ** 0.5
    words = (
        f"{each.n:,} samples: predicted {each.predicted:.2f}, acceptable {each.observed:.2f}"
        f" ({each.low:.2f} to {each.high:.2f})"
    )
    yield f'<path class="i" d="M{x:.1f} {_y(each.low):.1f}V{_y(each.high):.1f}"/>'
    yield (
        f'<circle class="o" cx="{x:.1f}" cy="{_y(each.observed):.1f}" r="{radius:.1f}">'
        f"<title>{words}</title></circle>"
    )


def _x(share: float) -> float:
    return _LEFT + share * _SIZE


def _y(share: float) -> float:
    return _TOP + (1 - share) * _SIZE
