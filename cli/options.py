"""Options that several commands share, and how their words become values."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

__all__ = [
    "Again",
    "Json",
    "Limit",
    "MaxCalls",
    "MaxCost",
    "MaxTokens",
    "Model",
    "On",
    "Out",
    "Processes",
    "Quiet",
    "RetryFailed",
    "Reuse",
    "Set",
    "SkipBadRows",
    "changes",
    "cluster",
    "mapping",
    "names",
    "same",
    "settings",
    "shares",
    "strategies",
]

Out = Annotated[
    Path | None, typer.Option("--out", help="The run's folder.", show_default="runs/NAME")
]
Model = Annotated[
    list[str] | None,
    typer.Option(
        "--model",
        help="Use this model for all of the recipe's models, or NAME=MODEL for one of them:"
        " vllm/MODEL, openai/MODEL, http://host:port/v1#MODEL, or simulated.",
    ),
]
Limit = Annotated[
    int | None, typer.Option("--limit", min=1, help="Plan only the first so many samples.")
]
MaxCost = Annotated[
    float | None, typer.Option("--max-cost", min=0, help="Stop at so many US dollars, resumable.")
]
MaxTokens = Annotated[
    int | None, typer.Option("--max-tokens", min=0, help="Stop at so many tokens, resumable.")
]
MaxCalls = Annotated[
    int | None, typer.Option("--max-calls", min=0, help="Stop at so many requests, resumable.")
]
Set = Annotated[
    list[str] | None,
    typer.Option(
        "--set", help="Change a value of the recipe, such as filters.score.min=0.7 (repeatable)."
    ),
]
Again = Annotated[
    bool,
    typer.Option(
        "--again", help="Ask again for what a changed generator, template or model makes stale."
    ),
]
Reuse = Annotated[
    list[Path] | None,
    typer.Option("--reuse", help="Take replies from another run's folder (repeatable)."),
]
RetryFailed = Annotated[
    bool, typer.Option("--retry-failed", help="Ask again for samples whose replies were unusable.")
]
SkipBadRows = Annotated[
    bool, typer.Option("--skip-bad-rows", help="Pass over unreadable rows, and count them.")
]
Processes = Annotated[
    int,
    typer.Option(
        "--processes",
        min=1,
        max=32,
        help="Draft and judge in so many processes, for endpoints that are faster than one core.",
    ),
]
On = Annotated[
    str,
    typer.Option(
        "--on",
        metavar="ray[://HOST:PORT]",
        help="Work on a Ray cluster: `ray` for the one that RAY_ADDRESS names or that runs on this"
        " machine, ray://HOST:PORT for one elsewhere.",
        show_default=False,
    ),
]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Show only the books at the end.")]
Json = Annotated[bool, typer.Option("--json", help="Print the manifest on standard output.")]


def changes(
    *,
    limit: int | None = None,
    max_cost: float | None = None,
    max_tokens: int | None = None,
    max_calls: int | None = None,
    set_: list[str] | None = None,
    skip_bad_rows: bool = False,
) -> dict[str, Any]:
    """What the options change in a recipe, by dotted path."""
    values = {
        "limit": limit,
        "limits.max_cost": max_cost,
        "limits.max_tokens": max_tokens,
        "limits.max_calls": max_calls,
        "skip_bad_rows": skip_bad_rows or None,
    }
    given = {place: value for place, value in values.items() if value is not None}
    return {**settings(set_ or []), **given}


def cluster(word: str) -> str | None:
    """The address of the cluster that `--on` names, "" for the nearest; None without one."""
    if not word:
        return None
    if word != "ray" and not word.startswith("ray://"):
        raise typer.BadParameter(f"--on wants ray or ray://HOST:PORT, found {word!r}")
    return word.removeprefix("ray").removeprefix("://")


def settings(words: list[str]) -> dict[str, Any]:
    """`a.b=value` pairs, the values read as YAML."""
    import yaml

    changes: dict[str, Any] = {}
    for word in words:
        place, equals, value = word.partition("=")
        if not equals or not place.strip():
            raise typer.BadParameter(f"--set wants PLACE=VALUE, found {word!r}")
        try:
            changes[place.strip()] = yaml.safe_load(value)
        except yaml.YAMLError as error:
            raise typer.BadParameter(f"--set {place}: {value!r} is not a value ({error})") from None
    return changes


def mapping(words: list[str] | None) -> dict[str, str]:
    """`field=column` pairs of `--map`."""
    pairs: dict[str, str] = {}
    for word in words or []:
        name, equals, column = word.partition("=")
        if not (equals and name and column):
            raise typer.BadParameter(f"--map wants FIELD=COLUMN, found {word!r}")
        pairs[name] = column
    return pairs


def names(words: list[str] | None, option: str) -> tuple[str, ...]:
    """Names parted by commas, of an option that may be given several times."""
    found = tuple(name.strip() for word in words or () for name in word.split(","))
    if "" in found:
        raise typer.BadParameter(f"{option} wants NAME,NAME, found an empty name")
    return found


def same(words: list[str] | None) -> dict[str, str]:
    """`label=label` pairs of `--same`."""
    pairs: dict[str, str] = {}
    for word in words or ():
        label, equals, other = word.partition("=")
        if not (equals and label and other):
            raise typer.BadParameter(f"--same wants LABEL=LABEL, found {word!r}")
        pairs[label] = other
    return pairs


def shares(words: str, option: str) -> tuple[float, ...]:
    """Numbers between 0 and 1, parted by commas; "" for none."""
    found = []
    for word in filter(None, (word.strip() for word in words.split(","))):
        try:
            number = float(word)
        except ValueError:
            number = -1.0
        if not 0.0 < number < 1.0:
            raise typer.BadParameter(f"{option} wants numbers between 0 and 1, found {word!r}")
        found.append(number)
    return tuple(found)


def strategies(words: list[str] | None) -> dict[str, str]:
    """`kind=strategy` pairs of `--strategy`; a strategy alone is that of all kinds, "" here."""
    pairs: dict[str, str] = {}
    for word in words or ():
        kind, equals, strategy = word.partition("=")
        if not equals:
            kind, strategy = "", word
        if not strategy.strip():
            raise typer.BadParameter(f"--strategy wants KIND=STRATEGY or STRATEGY, found {word!r}")
        pairs[kind.strip().replace(" ", "_").replace("-", "_")] = strategy.strip()
    return pairs
