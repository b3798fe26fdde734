"""Units of measure: which are of one kind, and how many of one make another.

Factors are exact, by the International System (BIPM, SI brochure, 9th edition) and the
international yard and pound. A month is no fixed number of days, and so is of a kind of its own
with the year.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction

__all__ = ["SCALES", "Unit", "unit_of", "unit_word"]


@dataclass(frozen=True, slots=True)
class Unit:
    """A unit: `kind` names what it measures as sorted (dimension, exponent) pairs, and one of it
    is `factor` base units of that kind."""

    kind: tuple[tuple[str, int], ...]
    factor: Fraction


SCALES: dict[str, int] = {
    "hundred": 100,
    "thousand": 1_000,
    "thousands": 1_000,
    "million": 1_000_000,
    "millions": 1_000_000,
    "billion": 1_000_000_000,
    "billions": 1_000_000_000,
    "trillion": 1_000_000_000_000,
    "dozen": 12,
    "dozens": 12,
}
"""Words that multiply the number before them."""


def unit_word(word: str) -> tuple[str, Fraction] | None:
    """The dimension and factor of a single word or symbol such as "km" or "hours", or None.

    Symbols are read with their case first ("M" is no metre), words without it."""
    found = _WORDS.get(word)
    if found is None and len(word) > 1:
        low = word.lower()
        found = _WORDS.get(low)
        if found is None and low.endswith("s") and len(low) > 3:
            found = _WORDS.get(low[:-1])
    return found


def unit_of(text: str) -> Unit | None:
    """The unit that a text names: "km", "square feet", "m^2", "km/h", "miles per hour", "m³".

    Returns:
        None where any part of it is no unit of measure.
    """
    kind: dict[str, int] = {}
    factor = Fraction(1)
    side, power = 1, 1
    parts = _PART.findall(text.translate(_SUPERSCRIPTS))
    if not 0 < len(parts) <= 8:
        return None
    for place, part in enumerate(parts):
        low = part.lower()
        if low in ("/", "per"):
            side = -1
            continue
        if low in _POWERS:
            power = _POWERS[low]
            continue
        if part in "*·⋅.^" or part.isdigit():
            continue
        found = _SPEEDS.get(low) or _square(low) or _single(part)
        if found is None:
            return None
        exponent = side * power
        if parts[place + 1 : place + 2] == ["^"] and parts[place + 2 : place + 3]:
            digits = parts[place + 2]
            exponent *= int(digits) if digits.isdigit() and len(digits) == 1 else 1
        power = 1
        dimensions, one = found
        for name, each in dimensions:
            kind[name] = kind.get(name, 0) + each * exponent
        factor *= one**exponent
    named = tuple(sorted((name, each) for name, each in kind.items() if each))
    return Unit(named, factor) if named else None


_PART = re.compile(r"[A-Za-zµμ°'′\"″$€£¥¢Ω]+|[/*·⋅.^]|[0-9]+|\S")
_SUPERSCRIPTS = {ord("²"): "^2", ord("³"): "^3"}
_POWERS = {"square": 2, "sq": 2, "cubic": 3, "cu": 3}

Found = tuple[tuple[tuple[str, int], ...], Fraction]


def _single(word: str) -> Found | None:
    known = unit_word(word)
    if known is None:
        return None
    dimension, factor = known
    base, _, exponent = dimension.partition("^")
    return ((base, int(exponent or 1)),), factor


def _square(low: str) -> Found | None:
    """Short forms such as "sqft"."""
    if low.startswith("sq") and (known := unit_word(low[2:])) and known[0] == "length":
        return (("length", 2),), known[1] ** 2
    return None


def _table(dimension: str, rows: str) -> dict[str, tuple[str, Fraction]]:
    """Rows "names = factor", the names divided by spaces."""
    table = {}
    for row in rows.split(";"):
        names, _, factor = row.partition("=")
        for name in names.split():
            table[name] = (dimension, Fraction(factor.strip()))
    return table


_WORDS: dict[str, tuple[str, Fraction]] = {
    **_table(
        "length",
        "m metre meter = 1; km kilometre kilometer kms = 1000; cm centimetre centimeter cms = 0.01;"
        "mm millimetre millimeter = 0.001; dm decimetre decimeter = 0.1;"
        "µm μm um micrometre micrometer = 0.000001; nm nanometre nanometer = 1e-9;"
        "in inch inches = 0.0254; ft foot feet = 0.3048; yd yard = 0.9144; mi mile = 1609.344",
    ),
    **_table(
        "mass",
        "g gram gramme = 1; kg kilogram kilogramme kgs kilo = 1000; mg milligram = 0.001;"
        "µg μg microgram = 0.000001; t tonne = 1000000; lb lbs pound = 453.59237;"
        "oz ounce = 28.349523125",
    ),
    **_table(
        "time",
        "s sec secs second = 1; ms millisecond = 0.001; min mins minute = 60; h hr hrs hour = 3600;"
        "d day = 86400; wk wks week = 604800; fortnight = 1209600",
    ),
    **_table("calendar", "month = 1; year yr yrs = 12; decade = 120; century centuries = 1200"),
    **_table(
        "length^3",
        "l L litre liter = 0.001; ml mL millilitre milliliter = 0.000001; cl centilitre = 0.00001;"
        "dl decilitre = 0.0001; gal gallon = 0.003785411784; qt quart = 0.000946352946;"
        "pt pint = 0.000473176473; cup = 0.0002365882365; tbsp tablespoon = 0.00001478676478125;"
        "tsp teaspoon = 0.00000492892159375",
    ),
    **_table("length^2", "ha hectare = 10000; acre = 4046.8564224"),
    **_table(
        "data",
        "bit = 0.125; byte B = 1; kB KB kilobyte = 1000; MB megabyte = 1000000;"
        "GB gigabyte = 1000000000; TB terabyte = 1000000000000; KiB = 1024; MiB = 1048576;"
        "GiB = 1073741824",
    ),
    **_table("money", "cent ¢ = 0.01; dollar $ usd = 1"),
    **_table("euro", "eurocent = 0.01; euro € eur = 1"),
    **_table("pound sterling", "£ gbp = 1; pence penny = 0.01"),
    **_table("temperature", "°C celsius = 1"),
    **_table("fahrenheit", "°F fahrenheit = 1"),
    **_table("kelvin", "K kelvin = 1"),
    **_table("angle", "° degree deg = 1; radian rad = 57.29577951308232"),
    **_table("energy", "J joule = 1; kJ kilojoule = 1000; Wh = 3600; kWh = 3600000"),
    **_table("power", "W watt = 1; kW kilowatt = 1000; MW megawatt = 1000000"),
    **_table("force", "N newton = 1; kN kilonewton = 1000"),
    **_table("voltage", "V volt = 1; mV millivolt = 0.001; kV kilovolt = 1000"),
    **_table("current", "A amp ampere = 1; mA milliamp milliampere = 0.001"),
    **_table("resistance", "Ω ohm = 1; kΩ kiloohm = 1000"),
    **_table("frequency", "Hz hertz = 1; kHz = 1000; MHz = 1000000; GHz = 1000000000"),
}
_SPEED = (("length", 1), ("time", -1))
_SPEEDS: dict[str, Found] = {
    "mph": (_SPEED, Fraction("1609.344") / 3600),
    "kph": (_SPEED, Fraction(1000, 3600)),
    "kmh": (_SPEED, Fraction(1000, 3600)),
}
