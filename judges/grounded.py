"""Which claims of a response its passage supports, with quotes that are looked up."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from pydantic import BaseModel, Field

from ..checks.content_words import says_something
from ..checks.quotes import Place, find_quote
from ..errors import ReplyError
from ..records import Ask, Judgement, Sample
from .base import Judge

__all__ = ["Grounded"]

_WORDS_WITHOUT_CLAIM = 40
_SHOWN = 200


class Grounded(Judge):
    """Scores the share of the response's claims that the sample's passage supports.

    The model lists the claims, and quotes for each supported one the words that support it. Each
    quote is looked up in the passage: where it is not there, the model is asked once more, and a
    claim whose quote is still not there counts as not supported, whatever the model says. White
    space, case and the shape of quotation marks may differ; words may be left out where the
    quote has dots. Small words alone ("the", "it is") show nothing.

    A sample without a passage fails. A dataset's column is mapped with `--map passage=COLUMN`.
    """

    kind: ClassVar[str] = "grounded"

    class Claim(BaseModel, str_strip_whitespace=True):
        """One claim, and whether it is supported."""

        claim: str = Field(min_length=1, description="One claim of the response.")
        supported: bool = Field(description="Whether the passage supports it.")
        quote: str = Field(description="The words of the passage that support it, or empty.")

    class Claims(BaseModel):
        """The claims of a response."""

        claims: list[Grounded.Claim] = Field(description="Every claim, in the response's order.")

    async def judge(self, sample: Sample, ask: Ask) -> Sequence[Judgement]:
        if not sample.response.strip():
            raise ReplyError("the sample does not end with a response, so there is none to judge")
        if sample.passage is None or not sample.passage.text.strip():
            raise ReplyError(
                "the sample has no passage that could support it: say which column holds it with"
                " `passage` in the map (--map passage=COLUMN), or leave this judge out for such"
                " samples with `only:`"
            )
        text = sample.passage.text

        def fault(reply: Grounded.Claims) -> str | None:
            long = len(sample.response.split()) > _WORDS_WITHOUT_CLAIM
            return "'claims' is empty; list every claim" if long and not reply.claims else None

        reply = await ask(self.Claims, check=fault, sample=sample, mistaken=())
        mistaken = [c.quote for c in reply.claims if c.supported and not _stands(c.quote, text)]
        if mistaken:
            reply = await ask(self.Claims, check=fault, sample=sample, mistaken=tuple(mistaken))
        supported = 0
        lines = []
        for each in reply.claims:
            found = each.supported and _stands(each.quote, text)
            supported += found
            lines.append(f"{_verdict(each, found)}: {each.claim[:_SHOWN]}")
        total = len(reply.claims)
        return [
            Judgement(
                judge=self.title,
                criterion="grounded",
                model="",
                score=supported / total if total else 1.0,
                points=float(supported),
                rationale="\n".join(lines),
                note=f"{supported} of {total} claims" if total else "it makes no claim",
            )
        ]


Grounded.Claims.model_rebuild()


def _verdict(claim: Grounded.Claim, found: bool) -> str:
    if found:
        return f"supported by “{claim.quote[:_SHOWN]}”"
    if claim.supported and not says_something(claim.quote):
        return f"not supported, since “{claim.quote[:_SHOWN]}” shows nothing"
    if claim.supported:
        return f"not supported, since “{claim.quote[:_SHOWN]}” is not in the passage"
    return "not supported"


def _stands(quote: str, text: str) -> bool:
    """Whether a quote says something, and all its parts, between dots that stand for words left
    out, are in the text in their order."""
    parts = [
        part for part in quote.replace("[...]", "…").replace("...", "…").split("…") if part.strip()
    ]
    if not says_something(quote):
        return False
    start = 0
    for part in parts:
        place = find_quote(part, text[start:], any_place=True)
        if not isinstance(place, Place):
            return False
        start += place.end
    return True
