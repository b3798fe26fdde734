"""How reliable the members of a panel are: the file that says it, and what it makes of points."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

from ..errors import RecipeError
from ..measures.experts import Expert, posterior

__all__ = ["Experts", "expected_points", "read_experts"]

Experts = Mapping[str, Mapping[str, Expert]]
"""The reliability of each member, by the criterion and the member's name."""


def expected_points(
    points: Mapping[str, float], experts: Mapping[str, Expert]
) -> tuple[float, str]:
    """The points that are expected under a criterion, and how probable each number of points is,
    in words.

    Args:
        points: of each member, by its name.
        experts: at least of these members.
    """
    shares = posterior(points, experts)
    expected = sum(point * share for point, share in shares.items())
    words = ", ".join(f"{point:g} {share:.3f}" for point, share in shares.items())
    return expected, f"by reliability: {words}"


def read_experts(
    path: Path, panel: str, criteria: Sequence[str], members: Sequence[str]
) -> Experts:
    """What a run estimated of a panel's members.

    Raises:
        RecipeError: the file is missing or wrong, or knows nothing of a member or criterion.
    """
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
        found = {
            str(criterion): {
                str(name): Expert.from_json(one) for name, one in entry["members"].items()
            }
            for criterion, entry in data["criteria"].items()
        }
    except OSError as error:
        raise RecipeError(
            f"{panel}: the reliability file {path} cannot be read ({error.strerror}); a run of this"
            " panel writes it"
        ) from error
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise RecipeError(
            f"{panel}: {path} is no file of a panel's reliability ({error}); a run of this panel"
            " writes it"
        ) from error
    for criterion in criteria:
        known = found.get(criterion, {})
        if missing := [name for name in members if name not in known]:
            raise RecipeError(
                f"{panel}: {path} says nothing of {missing[0]!r} under {criterion}; run the panel"
                " without `reliability` to have it estimated"
            )
    return found
