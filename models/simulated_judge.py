"""How the simulated judge looks at an answer: what it finds wrong, and the share of the scale
that it gives. It finds what the simulated model plants, and errors like it in other texts; the
checks for real use are in `checks/`, and this is none of them."""

from __future__ import annotations

import re
from functools import cached_property

from .simulated_phrases import INVENTED_SOURCES
from .simulated_prompt import Dice, Prompt

__all__ = ["Verdict", "find_flaw", "wrong_arithmetic"]

_REFUSAL = re.compile(
    r"\W*(i['’]m (very |so )?sorry\b|i am (very |so )?sorry\b|sorry,|i apologi[sz]e"
    r"|i (can['’]t|cannot|can not|won['’]t|am unable|am not able)\b|as an ai\b)",
    re.IGNORECASE,
)
_MAY_REFUSE = "the right response is a refusal"
"""Words of a criterion under which a refusal is no flaw by itself."""
_NUMBER = r"\d+(?:\.\d+)?"
_EQUATION = re.compile(
    rf"(?<![\w.,)*/+×÷=-])(?<![-+*/×÷=] )({_NUMBER}(?:\s*[-+*/×÷]\s*{_NUMBER})+)\s*=\s*"
    rf"(-?{_NUMBER})(?![\d,%]|\s*[-+*/×÷=(]|\.\d)"
)
_TERM = re.compile(rf"{_NUMBER}|[-+*/×÷]")
_LIST_NUMBER = re.compile(r"\d+[.)]")
_LAST_NUMBER = re.compile(r"-?\d+(?:\.\d+)?(?=\D*$)")


def wrong_arithmetic(text: str) -> str | None:
    """The first statement such as "12 * 4 = 50" that is not true, or None.

    Sums, differences, products and quotients of plain decimal numbers are recomputed, with
    the usual precedence; a quotient may be rounded to the places that are shown.
    """
    if "=" not in text:
        return None
    for match in _EQUATION.finditer(text):
        terms, shown = match.groups()
        value = _evaluate(_TERM.findall(terms))
        if value is None:
            continue
        places = len(shown.partition(".")[2])
        slack = 0.5 * 10.0**-places if "/" in terms or "÷" in terms else 0.0
        if abs(value - float(shown)) > slack + 1e-9 * max(1.0, abs(value)):
            return match.group()
    return None


def _evaluate(tokens: list[str]) -> float | None:
    """The value of number, operator, number ...; None for a division by zero."""
    total, product, sign = 0.0, float(tokens[0]), 1.0
    for operator, number in zip(tokens[1::2], map(float, tokens[2::2]), strict=True):
        if operator in "*×":
            product *= number
        elif operator in "/÷":
            if number == 0:
                return None
            product /= number
        else:
            total += sign * product
            sign, product = (1.0 if operator == "+" else -1.0), number
    return total + sign * product


def find_flaw(
    response: str,
    instruction: str | None = None,
    rejected: str | None = None,
    reference: str | None = None,
    *,
    may_refuse: bool = False,
) -> str | None:
    """What is wrong with the answer, as a sentence; None where nothing was found.

    Args:
        response: the answer to look at.
        instruction: what was asked, where the prompt shows it.
        rejected: the worse answer of a pair, where there is one.
        reference: a known answer; it is compared where it is a bare number.
        may_refuse: whether a refusal can be right.
    """
    if not may_refuse and _REFUSAL.match(response):
        return "The response refuses to answer."
    words = sum(_LIST_NUMBER.fullmatch(word) is None for word in response.split()[:20])
    is_data = response[:1] in ("{", "[")  # an annotation in JSON may be as short as it likes
    if words < 5 and not is_data and not (reference and response.strip() == reference.strip()):
        return f"The response is too short to be of use: {words} words."
    if (statement := wrong_arithmetic(response)) is not None:
        return f"The response states {statement}, which is wrong."
    for source in INVENTED_SOURCES:
        if source in response:
            return f"The response relies on the {source}, which nothing supports."
    if instruction is not None and len(instruction.split()) < 2:
        return "The instruction is almost empty."
    if rejected is not None and rejected.strip() == response.strip():
        return "The two responses are the same."
    return _contradiction(response, reference) if reference else None


def _contradiction(response: str, reference: str) -> str | None:
    final = reference.rpartition("####")[2].strip()
    given = _LAST_NUMBER.search(response)
    if given is None or not _LAST_NUMBER.fullmatch(final) or float(given.group()) == float(final):
        return None
    return f"The response ends in {given.group()}, and the reference says {final}."


class Verdict:
    """What the simulated judge says of one request."""

    def __init__(self, prompt: Prompt, dice: Dice) -> None:
        self._prompt = prompt
        self._dice = dice

    @cached_property
    def compared(self) -> str | None:
        """The better of two answers, "A", "B" or "tie"; None where there are not two. Of two that
        are alike it mostly calls it a tie, and else takes the first, as some judges do."""
        texts = (self._prompt.tagged("answer_a"), self._prompt.tagged("answer_b"))
        if texts[0] is None or texts[1] is None:
            return None
        instruction = self._prompt.tagged("instruction")
        a, b = (find_flaw(text, instruction) is None for text in texts if text is not None)
        if a != b:
            return "A" if a else "B"
        return "tie" if self._dice.roll() < 0.7 else "A"

    def claim(self, index: int) -> str:
        """A sentence of the answer."""
        claims = [one for one in re.split(r"(?<=[.!?])\s+", self.response.strip()) if one]
        return claims[index % len(claims)] if claims else self.response

    def support(self, index: int) -> str:
        """Words of the passage for a claim of the answer; "" for a flawed answer's."""
        passage = self._prompt.tagged("passage") or ""
        sentences = [one for one in re.split(r"(?<=[.!?])\s+", passage.strip()) if one]
        return sentences[index % len(sentences)] if sentences and self.sound else ""

    @cached_property
    def response(self) -> str:
        """The answer that is judged."""
        tagged = self._prompt.tagged("response", "answer", "chosen")
        return self._prompt.last if tagged is None else tagged

    @cached_property
    def flaw(self) -> str | None:
        """What is wrong with it, or None."""
        prompt = self._prompt
        return find_flaw(
            self.response,
            prompt.tagged("instruction", "question"),
            prompt.tagged("rejected_response", "rejected"),
            prompt.tagged("reference", "known_answer"),
            may_refuse=any(_MAY_REFUSE in text for text in prompt.user),
        )

    @property
    def sound(self) -> bool:
        """True where nothing was found."""
        return self.flaw is None

    def share(self) -> float:
        """Where on the scale the score lies, from 0 (worst) to 1 (best): up to 0.2 for a flawed
        answer and from 0.86 for a sound one, with a spread that is the same each time."""
        roll = self._dice.roll()
        return 0.86 + 0.14 * min(1.0, 1.6 * roll) if self.sound else 0.2 * roll

    def rationale(self) -> str:
        """The reasons, one or two sentences."""
        if self.flaw is not None:
            return self.flaw
        opening = self._dice.pick(
            (
                "Nothing wrong was found.",
                "The response does what was asked.",
                "The response keeps to the subject.",
            )
        )
        return f"{opening} It has {len(self.response.split())} words and its sums are right."
