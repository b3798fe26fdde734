"""What the licences of seeds allow: which forbid a training set, and which are to be named.

A licence is read by its SPDX identifier or usual name (https://spdx.org/licenses). This sorts
names; it is no legal advice, and says nothing of what a model's own terms allow.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from typing import TYPE_CHECKING, Literal

from ..errors import ExportError
from .numbers import counted

if TYPE_CHECKING:
    from pyarrow import parquet

__all__ = [
    "NOT_STATED",
    "Standing",
    "cautions",
    "hub_licence",
    "licences_in",
    "refuse_forbidden",
    "standing",
]

Standing = Literal["forbids", "non-commercial", "share-alike", "open", "not stated", "unknown"]

NOT_STATED = "not stated"
"""How a seed without a licence is counted."""

_WORDS = re.compile(r"[^a-z0-9.]+")
_FORBIDS = re.compile(
    r"-(nd|noderivatives|noderivs)-|-no-(derivatives|derivs|ai|training|tdm)-|-all-rights-reserved-"
    r"|-proprietary-|-noai-|-confidential-"
)
_NON_COMMERCIAL = re.compile(
    r"-(nc|noncommercial)-|-non-commercial-|-research-only-|-academic-only-"
)
_SHARE_ALIKE = re.compile(
    r"-(sa|sharealike|copyleft)-|-share-alike-|^-(a?gpl|lgpl|odbl|gfdl)[-v.\d]"
)
_OPEN = re.compile(
    r"^-(cc0|cc-by|cc-pdm|creative-commons-(attribution|zero)|apache|mit|bsd|isc|unlicense|odc-by|pddl|public-domain|pd|mpl|zlib|0bsd"
    r"|wtfpl|cdla|mit-0|artistic|bsl|ecl|epl|eupl|postgresql|ncsa|ofl|us-gov|usgov)[-v.\d]"
)
_HUB = {  # https://huggingface.co/docs/hub/repositories-licenses, by SPDX identifier
    "apache-2.0", "mit", "bsd", "bsd-2-clause", "bsd-3-clause", "cc0-1.0", "cc-by-2.0", "cc-by-2.5",
    "cc-by-3.0", "cc-by-4.0", "cc-by-sa-3.0", "cc-by-sa-4.0", "cc-by-nc-2.0", "cc-by-nc-3.0",
    "cc-by-nc-4.0", "cc-by-nd-4.0", "cc-by-nc-nd-3.0", "cc-by-nc-nd-4.0", "cc-by-nc-sa-2.0",
    "cc-by-nc-sa-3.0", "cc-by-nc-sa-4.0", "cdla-sharing-1.0", "cdla-permissive-1.0",
    "cdla-permissive-2.0", "wtfpl", "afl-3.0", "epl-1.0", "epl-2.0", "eupl-1.1", "eupl-1.2",
    "agpl-3.0", "gfdl", "gpl-2.0", "gpl-3.0", "lgpl-2.1", "lgpl-3.0", "isc", "mpl-2.0", "ms-pl",
    "ncsa", "odc-by", "odbl", "ofl-1.1", "pddl", "postgresql", "unlicense", "zlib", "artistic-2.0",
    "bsl-1.0", "ecl-2.0", "osl-3.0",
}  # fmt: skip
_ALIASES = {
    "cc0": "cc0-1.0", "mit-license": "mit", "apache-license-2.0": "apache-2.0",
    "apache2": "apache-2.0", "apache-2": "apache-2.0",
    "bsd-3": "bsd-3-clause", "bsd-2": "bsd-2-clause", "gpl-3.0-only": "gpl-3.0",
    "gpl-3.0-or-later": "gpl-3.0", "gpl-2.0-only": "gpl-2.0", "gpl-2.0-or-later": "gpl-2.0",
    "odc-by-1.0": "odc-by", "odbl-1.0": "odbl",
}  # fmt: skip


def standing(licence: str) -> Standing:
    """How a licence stands to its text being worked into a training set.

    "forbids": no derivatives, all rights reserved, or a stated reservation against training (such
    as "no-ai"). "unknown": a name that is not known here, so that nobody has looked.
    """
    if licence in ("", NOT_STATED):
        return "not stated"
    name = _key(licence)
    for pattern, found in (
        (_FORBIDS, "forbids"),
        (_NON_COMMERCIAL, "non-commercial"),
        (_SHARE_ALIKE, "share-alike"),
        (_OPEN, "open"),
    ):
        if pattern.search(name):
            return found  # type: ignore[return-value]
    return "unknown"


def licences_in(parts: Iterable[parquet.ParquetFile]) -> Counter[str]:
    """How many samples have a seed of each licence, from the one column that says so."""
    from pyarrow import compute

    found: Counter[str] = Counter()
    for part in parts:
        if "seed" not in part.schema_arrow.names:
            continue
        for batch in part.iter_batches(columns=["seed.licence"]):
            names = compute.struct_field(batch.column("seed"), "licence")
            for one in names.value_counts().to_pylist():
                if one["values"] is not None:  # a sample without a seed
                    found[one["values"] or NOT_STATED] += one["counts"]
    return found


def refuse_forbidden(found: Mapping[str, int], allowed: Collection[str]) -> None:
    """Refuse what the licence of its seeds forbids.

    Args:
        found: samples by the licence of their seed.
        allowed: licences that are exported all the same, since there is another permission.

    Raises:
        ExportError: one that forbids it is not among the allowed; or an allowed one is not there,
            so that a mistyped name is not taken for a permission.
    """
    names = {_key(name) for name in found}
    if strange := [name for name in allowed if _key(name) not in names]:
        there = ", ".join(sorted(name for name in found if name != NOT_STATED)) or "none"
        raise ExportError(
            f"--allow-licence {strange[0]!r}: no kept sample has a seed of that licence (there are:"
            f" {there})"
        )
    may = {_key(name) for name in allowed}
    for name, samples in sorted(found.items(), key=lambda item: (-item[1], item[0])):
        if standing(name) == "forbids" and _key(name) not in may:
            raise ExportError(
                f"{counted(samples, 'kept sample')} from seeds under {name!r}, which forbids"
                " derived works or training: take these seeds out of the recipe (or their samples,"
                " by `silversmith forget`), or add --allow-licence"
                f" {_quoted(name)} if you hold another permission"
            )


def cautions(found: Mapping[str, int]) -> list[str]:
    """What one has to know of the licences, a sentence each."""
    by: dict[str, Counter[str]] = {}
    for name, samples in found.items():
        by.setdefault(standing(name), Counter())[name] += samples
    said = []
    for kind, text in (
        ("forbids", "from seeds whose licence forbids derived works or training, exported by"
                    " another permission that the exporter has"),
        ("non-commercial", "from seeds for non-commercial use only"),
        ("share-alike", "from seeds whose licence asks that what is derived carries it too"),
        ("unknown", "from seeds under a licence that is not known here: read it"),
        ("not stated", "from seeds without a stated licence"),
    ):  # fmt: skip
        if (under := by.get(kind)) is not None:
            which = "" if kind == "not stated" else f" ({', '.join(sorted(under))})"
            said.append(f"{counted(under.total(), 'sample')} {text}{which}.")
    return said


def hub_licence(found: Mapping[str, int]) -> tuple[str, str]:
    """The hub's identifier for a dataset with these licences and, where that is "other", a name
    for it; "" and "" where no licence is stated at all."""
    stated = sorted(name for name in found if name != NOT_STATED)
    if not stated:
        return "", ""
    if len(stated) == 1 and len(found) == 1:
        key = _key(stated[0]).strip("-")
        key = _ALIASES.get(key, key)
        if key in _HUB:
            return key, ""
    names = [*stated, *([NOT_STATED] if NOT_STATED in found else [])]
    return "other", ", ".join(names)


def _key(licence: str) -> str:
    return f"-{_WORDS.sub('-', licence.lower()).strip('-')}-"


def _quoted(name: str) -> str:
    return f"'{name}'" if re.search(r"[^\w.+-]", name) else name
