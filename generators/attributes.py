"""The option `attributes`: what is sampled for each draw, as a recipe says it.

A name has a list of values, or values with weights, or the word `ready` for the set of that name
in `attribute_sets.py`. All of them become values with whole-number weights, in one order, so that
what means the same is the same, and has the same samples.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Collection, Mapping
from datetime import date
from fractions import Fraction
from math import gcd, lcm
from typing import Annotated, Any

from pydantic import BeforeValidator

from .attribute_sets import READY

__all__ = ["MOST_SLOTS", "Attributes", "refuse_names"]

MOST_SLOTS = 1_000
"""The largest sum of the weights of an attribute, in smallest whole numbers."""

_NAME = re.compile(r"[a-zA-Z][a-zA-Z0-9_]{0,63}")
_USED = {"seed", "draw", "variant", *(name for name in dir(dict) if name.isidentifier())}
_SURROGATES = re.compile("[\ud800-\udfff]")

_Said = str | int | float
_Input = str | list[str] | dict[str, str | list[_Said] | dict[str, float]]


def refuse_names(
    attributes: Mapping[str, Any], options: Collection[str], own: Collection[str]
) -> None:
    """See that no attribute is called like something that a template or a strategy has already.

    Args:
        attributes: the attributes by name.
        options: the names of the strategy's options.
        own: the names of the attributes that it sets itself.

    Raises:
        ValueError: one is; says which.
    """
    for name in attributes:
        if name in options:
            raise ValueError(
                f"{name!r} is an option of this strategy: set it beside `attributes`, or call the"
                " attribute something else"
            )
        if name in own:
            raise ValueError(
                f"{name!r} is an attribute that this strategy sets itself: call yours something"
                " else"
            )
        if name in _USED:
            raise ValueError(
                f"{name!r} means something else in a template: call the attribute something else"
            )


def _sets(given: object) -> object:
    """Names with their values, in the order of the names; ready-made sets with what they hold."""
    if isinstance(given, str):
        given = [given]
    if isinstance(given, list | tuple) and all(isinstance(name, str) for name in given):
        if double := [name for name in given if given.count(name) > 1]:
            raise ValueError(f"{double[0]!r} is named twice; name each ready-made set once")
        given = dict.fromkeys(given, "ready")
    if not isinstance(given, Mapping):
        raise ValueError(
            "expected names with their values, such as `difficulty: [easy, hard]`, or a list of"
            f" ready-made sets ({', '.join(READY)}), found {_short(given)}"
        )
    return {name: _ready(name, given[name]) for name in sorted(given, key=_name)}


def _name(name: object) -> str:
    if isinstance(name, str) and _NAME.fullmatch(name):
        return name
    likely = re.sub(r"\W+", "_", str(name), flags=re.ASCII).strip("_")
    raise ValueError(
        f"the name {_short(name)} must begin with a letter and have only ASCII letters, digits and"
        " underscores, at most 64" + (f"; say {likely!r}" if _NAME.fullmatch(likely) else "")
    )


def _ready(name: str, values: object) -> object:
    if values != "ready":
        return values
    if name not in READY:
        near = difflib.get_close_matches(name, READY, 1)
        raise ValueError(
            f"there is no ready-made set {name!r}; "
            + (f"did you mean {near[0]!r}? " if near else f"there are {', '.join(READY)}. ")
            + f"Values of your own are a list: `{name}: [one, another]`"
        )
    return list(READY[name])


def _weights(given: object) -> object:
    """Values with their weights as smallest whole numbers, in the order of the values."""
    if isinstance(given, Mapping):
        pairs = [(_text(value), _weight(value, weight)) for value, weight in given.items()]
    elif isinstance(given, list | tuple):
        pairs = [(_text(value), Fraction(1)) for value in given]
    else:
        raise ValueError(
            "expected a list of values, values with weights such as `{easy: 2, hard: 1}`, or the"
            f" word `ready`, found {_short(given)}"
        )
    if not pairs:
        raise ValueError("there are no values; give at least one")
    weights = dict(pairs)
    if len(weights) < len(pairs):
        texts = [value for value, _ in pairs]
        double = next(value for value in texts if texts.count(value) > 1)
        raise ValueError(
            f"the value {_short(double)} stands there twice; say it once, with a weight if it"
            " should occur more often: `{value: 2}`"
        )
    whole = lcm(*(weight.denominator for weight in weights.values()))
    counts = {value: int(weight * whole) for value, weight in sorted(weights.items())}
    common = gcd(*counts.values())
    counts = {value: count // common for value, count in counts.items()}
    slots = sum(counts.values())
    if slots > MOST_SLOTS and len(set(counts.values())) > 1:
        raise ValueError(
            f"in smallest whole numbers the weights add up to {_short(slots)}, and to"
            f" {MOST_SLOTS} at most they may: round them, for instance to two decimals"
        )
    return counts


def _text(value: object) -> str:
    """A value as one line of text."""
    if isinstance(value, bool) or not isinstance(value, str | int | float | date):
        hint = "; put it in quotes if it is meant as a word" if value in (True, False) else ""
        raise ValueError(f"a value is a text or a number, not {_short(value)}{hint}")
    text = _SURROGATES.sub("\ufffd", " ".join(str(value).split()))
    if not text:
        raise ValueError("a value is empty; say it, or leave it out")
    return text


def _weight(value: object, weight: object) -> Fraction:
    if not isinstance(weight, bool) and isinstance(weight, int | float | Fraction):
        try:
            # By its decimals: 0.1 means a tenth, and not the nearest binary number.
            exact = Fraction(str(weight))
        except ValueError:
            exact = Fraction(0)  # nan and inf
        if exact > 0:
            return exact
    raise ValueError(
        f"the weight of {_short(value)} is {_short(weight)}; it must be a number above 0 (leave a"
        " value out that shall not occur)"
    )


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."


Attributes = Annotated[
    dict[str, Annotated[dict[str, int], BeforeValidator(_weights)]],
    BeforeValidator(_sets, json_schema_input_type=_Input),
]
"""Attributes by name, each with its values and their weights."""
