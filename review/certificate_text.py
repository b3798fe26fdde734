"""The certificate for people: Markdown, and the same as a page."""

from __future__ import annotations

import dataclasses
import html
import math
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

import orjson

from ..store import RunFolder
from .certified import FORMAT, Certificate, Rate, certificate_path

__all__ = ["as_html", "as_markdown", "method_in_words", "write_certificate"]

_METHODS = {
    "exact": "exact (hypergeometric)",
    "ppi++": "PPI++, with the judges' scores",
    "stratified": "Korn-Graubard, stratified",
    "stratified exact": "exact, stratified",
    "sequence": "confidence sequence",
    "none": "not seen",
}
_GROUPS_SHOWN = 40
_MARKDOWN = re.compile(r"([\\`*_{}\[\]<>()#+!|~&$-])")
_STYLE = """
body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem;
       color: #1a1a1a; background: #fff; }
table { border-collapse: collapse; margin: 1rem 0; display: block; overflow-x: auto; }
th, td { padding: .3rem .7rem; border-bottom: 1px solid #ccc; text-align: left; }
td { font-variant-numeric: tabular-nums; }
blockquote { margin: 1rem 0; padding: .8rem 1.2rem; border-left: .3rem solid #2a6; }
blockquote p { font-size: 1.2em; margin: 0; }
code { overflow-wrap: anywhere; }
@media (prefers-color-scheme: dark) {
  body { color: #e8e8e8; background: #161616; } th, td { border-color: #444; }
}
"""


def write_certificate(folder: Path, certificate: Certificate) -> tuple[Path, Path, Path]:
    """Write `certificate.json`, `.md` and `.html` into a run's folder, each in one step.

    Raises:
        RunFolderError: one cannot be written.
    """
    run, path = RunFolder(folder), certificate_path(folder)
    fields = {"format": FORMAT, **dataclasses.asdict(certificate)}
    text = orjson.dumps(fields, option=orjson.OPT_INDENT_2).decode() + "\n"
    paths = (path, path.with_suffix(".md"), path.with_suffix(".html"))
    for each, content in zip(
        paths, (text, as_markdown(certificate), as_html(certificate)), strict=True
    ):
        run.write_text(each, content)
    return paths


def as_markdown(certificate: Certificate, *, heading: int = 1) -> str:
    """The certificate in Markdown.

    Args:
        heading: the level of its title; the others follow.
    """
    return "\n".join(_lines(certificate, heading)) + "\n"


def as_html(certificate: Certificate) -> str:
    """The certificate as a page of its own, which loads nothing and runs nothing."""
    from markdown_it import MarkdownIt

    body = (
        MarkdownIt("commonmark", {"html": False}).enable("table").render(as_markdown(certificate))
    )
    title = html.escape(f"Certificate of {certificate.dataset[:12]}")
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{title}</title>\n<style>{_STYLE}</style>\n</head>\n<body>\n{body}</body>\n</html>\n"
    )


def method_in_words(rate: Rate) -> str:
    """How a rate's interval was found."""
    return _METHODS[rate.method]


def _lines(one: Certificate, heading: int) -> Iterator[str]:
    top, sub = "#" * heading, "#" * (heading + 1)
    yield f"{top} Certificate"
    yield ""
    yield f"> {one.says}"
    yield ""
    yield f"{sub} Acceptance rate"
    yield ""
    yield from _table(_RATES, [_rate_row("all", one.overall), *_exact(one)])
    for group in one.groups:
        shown = sorted(group.rates, key=lambda rate: -rate.size)[:_GROUPS_SHOWN]
        names = {rate.name for rate in shown}
        rows = [_rate_row(rate.name or "none", rate) for rate in group.rates if rate.name in names]
        yield from _table((f"by {group.by}", *_RATES[1:]), rows)
        if len(group.rates) > len(shown):
            yield f"The {len(shown)} largest of {len(group.rates):,}; the JSON has all."
            yield ""
    yield (
        f"All intervals are {one.level:.0%} intervals, each on its own; those of parts are wider,"
        " as fewer samples were seen."
    )
    yield ""
    yield f"{sub} What people found"
    yield ""
    yield (
        f"Of {one.planned:,} samples drawn by lot, {one.seen:,} were decided: {one.accepted:,}"
        f" acceptable, {one.not_accepted:,} not, {one.disputed:,} disputed, {one.skipped:,}"
        " skipped."
    )
    yield ""
    if one.defects:
        rows = [
            (_plain(each.reason), f"{each.samples:,}", f"{each.samples / one.seen:.1%}")
            for each in one.defects
        ]
        yield from _table(("defect", "samples", "of those decided"), rows)
    yield from _agreement(one, sub)
    yield from _attention(one, sub)
    yield f"{sub} What one must know"
    yield ""
    yield from (f"- {note}" for note in one.notes)
    yield ""
    yield f"{sub} What it speaks of"
    yield ""
    design = "one simple random sample"
    if one.design == "stratified":
        how = "by Neyman's rule" if one.allocation == "neyman" else "in proportion to their sizes"
        design = f"a sample of each stratum, {how}"
    yield from (
        f"- Dataset `{one.dataset}`, {one.population:,} samples",
        f"- Plan `{one.plan}`: {design}, seed {one.seed}",
        f"- Made {one.made} by silversmith {_plain(one.version)}",
    )


_RATES = ("", "kept", "seen", "acceptable", "rate", "interval", "method")


def _exact(one: Certificate) -> list[Sequence[str]]:
    return [] if one.exact is None else [_rate_row("all, without scores", one.exact)]


def _rate_row(name: str, rate: Rate) -> Sequence[str]:
    return (
        _plain(name), f"{rate.size:,}", f"{rate.seen:,}", f"{rate.good:,}",
        "–" if rate.value is None else f"{rate.value:.1%}",
        f"{math.floor(rate.low * 1000 + 1e-9) / 10:.1f} to"
        f" {math.ceil(rate.high * 1000 - 1e-9) / 10:.1f}%",
        method_in_words(rate),
    )  # fmt: skip


def _agreement(one: Certificate, sub: str) -> Iterator[str]:
    if one.people is None and not one.judges:
        return
    yield f"{sub} Agreement"
    yield ""
    if one.people is not None:
        text = (
            f"People with each other, on {one.people.items:,} samples that several of them decided:"
            f" {one.people.percent:.1%} the same"
        )
        if one.people.alpha is not None and one.people.low is not None:
            text += (
                f", Krippendorff's alpha {one.people.alpha:.2f}"
                f" ({one.people.low:.2f} to {one.people.high:.2f})"
            )
        else:
            text += "; Krippendorff's alpha is not defined, as all said the same"
        yield text + "."
        yield ""
    if one.judges:
        rows = [
            (
                _plain(each.judge),
                f"{each.items:,}",
                "–" if each.area is None else f"{each.area:.2f}",
                "–" if each.low is None else f"{each.low:.2f} to {each.high:.2f}",
            )
            for each in one.judges
        ]
        yield from _table(("judge", "samples", "area under the curve", "interval"), rows)
        yield (
            "The area is how often an acceptable sample is scored above one that is not; 0.5 is"
            " chance. Only kept samples are here, whose scores are alike: it would be higher with"
            " the dropped ones among them."
        )
        yield ""


def _attention(one: Certificate, sub: str) -> Iterator[str]:
    if not one.attention:
        return
    yield f"{sub} Attention"
    yield ""
    rows = [
        (
            _plain(each.reviewer),
            f"{each.decisions:,}",
            f"{each.median_seconds:.0f} s",
            f"{each.same:,} of {each.repeats:,}" if each.repeats else "–",
            f"{each.right:,} of {each.gold:,}" if each.gold else "–",
        )
        for each in one.attention
    ]
    columns = ("person", "decisions", "median time", "repeats decided alike", "gold decided right")
    yield from _table(columns, rows)


def _table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    yield "| " + " | ".join(columns) + " |"
    yield "|" + "---|" * len(columns)
    yield from ("| " + " | ".join(row) + " |" for row in rows)
    yield ""


def _plain(text: str) -> str:
    """Words of people and of data, so that nothing in them is taken for Markdown."""
    return _MARKDOWN.sub(r"\\\1", " ".join(text.split()))
