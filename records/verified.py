"""What a verification found."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Verified"]


@dataclass(frozen=True, slots=True)
class Verified:
    """One thing that was looked at.

    Attributes:
        check: what, in a few words.
        sound: whether it is as it should be; None where it could not be looked at.
        says: what was found: how much is sound, or what is wrong, where, and what to do.
    """

    check: str
    sound: bool | None
    says: str

    def __str__(self) -> str:
        """One line."""
        mark = {True: "ok", False: "WRONG", None: "-"}[self.sound]
        return f"{mark:<6} {self.check:<22} {self.says}"
