"""What is wrong with a turn that makes a mistake, disputes it, or puts something right."""

from __future__ import annotations

from collections.abc import Sequence

from ..checks.dialogue_acts import find_words, shares_words
from ..checks.number_words import in_figures
from ..checks.texts import split_words
from ..records import Turn
from .dialogue_forms import Amended, Mistaken, Said

__all__ = ["dispute_fault", "reply_fault"]


def dispute_fault(turn: Turn, mistake: Mistaken) -> str | None:
    """What keeps the user's turn from being about this mistake, or None."""
    if shares_words(mistake.right, turn.content) or shares_words(mistake.wrong, turn.content):
        return None
    return f"it must say what cannot be right ({mistake.wrong!r}) or what is"


def reply_fault(reply: Said, turns: Sequence[Turn], mistake: Mistaken | None = None) -> str | None:
    """What is wrong with a mistaken or an amended reply, or None; others have nothing here.

    Args:
        turns: the dialogue, up to the turn that is replied to.
        mistake: the reply before that turn, where the turn disputes it; else what is put right
            may stand in any earlier turn.
    """
    if isinstance(reply, Mistaken):
        return _mistake_fault(reply)
    return _amend_fault(reply, turns, mistake) if isinstance(reply, Amended) else None


def _mistake_fault(reply: Mistaken) -> str | None:
    if find_words(reply.wrong, reply.text) is None:
        return f"'wrong' ({reply.wrong!r}) is not copied from the text"
    if _same(reply.wrong, reply.right):
        return f"'right' ({reply.right!r}) says the same as 'wrong', so that there is no mistake"
    if find_words(reply.right, reply.text) is not None:
        return f"'right' ({reply.right!r}) stands in the text, which must not have it"
    return None


def _amend_fault(reply: Amended, turns: Sequence[Turn], mistake: Mistaken | None) -> str | None:
    earlier = turns[:-1] if mistake is None else turns[-2:-1]
    if not any(find_words(reply.withdrawn, turn.content) for turn in earlier):
        where = "an earlier turn" if mistake is None else "the disputed turn"
        return f"'withdrawn' ({reply.withdrawn!r}) is not copied from {where}"
    if find_words(reply.instead, reply.text) is None:
        return f"'instead' ({reply.instead!r}) is not copied from the text"
    if _same(reply.instead, reply.withdrawn):
        return "'instead' says the same as 'withdrawn'; the claim has to change"
    if mistake is None:
        return None
    if find_words(reply.instead, mistake.text):
        return f"{reply.instead!r} is what the disputed turn says; the claim has to change"
    if not shares_words(mistake.right, reply.text):
        return f"it does not say what is right, {mistake.right!r}"
    return None


def _same(one: str, other: str) -> bool:
    """Whether they say the same but for case, signs, and numbers in figures or in words."""
    return in_figures(split_words(one)) == in_figures(split_words(other))
