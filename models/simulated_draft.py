"""What the simulated model writes: questions, answers, steps and rejected answers made of the
words of the seed, with or without a planted flaw."""

from __future__ import annotations

import functools
import re
from functools import cached_property
from typing import Literal

from .simulated_demands import Demands
from .simulated_flow import SimulatedFlow
from .simulated_length import cut
from .simulated_material import Material
from .simulated_phrases import (
    AGAIN,
    CLAIMS,
    DECLINE,
    DUPLICATE_TOPICS,
    NAMED,
    NAMES,
    OFF_TOPIC,
    OPENERS,
    QUESTIONS,
    REFUSAL,
    SENTENCES,
    STUBS,
    SYSTEMS,
    VAGUE,
)
from .simulated_prompt import Dice, Prompt
from .simulated_sum import worked_out

__all__ = ["FLAWS", "Draft", "FlawKind"]

FlawKind = Literal["wrong_arithmetic", "unsupported_claim", "duplicate", "refusal", "too_short"]
"""What can be wrong with a draft."""

FLAWS: tuple[FlawKind, ...] = (
    "wrong_arithmetic",
    "unsupported_claim",
    "duplicate",
    "refusal",
    "too_short",
)

_FLAW_MARKS = {
    "number": ("number", "arithmetic", "calculat", "step", "figure"),
    "refusal": ("refus",),
    "off_topic": ("constraint", "format", "missed", "incomplete", "topic"),
    "vague": ("vague", "general"),
    "repeated": ("verbos", "repeat", "too long"),
    "entity": ("entity",),
    "claim": ("fact", "claim", "halluc", "support", "invent", "premise"),
}
_COUNTED = ("entries", "boxes", "pages", "cases", "tickets", "parts", "letters", "samples")
_WHOLES = ("list", "shelf", "register", "folder", "box file", "catalogue")
_BARE_NUMBER = re.compile(r"-?\d{1,12}")
_RESULT = re.compile(r"-?\d+(?=\.?$)")
_CLAIMS_TRIED = 8
_DIGITS = re.compile(r"\d{1,9}(?:\.\d{1,9})?")

_WANTED = {"number": _DIGITS, "entity": re.compile(r"(?<=\w )[A-Z][a-z]{2,}(?: [A-Z][a-z]+)*")}
"""What an edit for a kind of flaw changes."""


class Draft:
    """One draft; what was written once stays the same.

    Args:
        prompt: what was asked.
        dice: the request's dice.
        flaw: what to do wrong, or None.
        names: the properties that are asked for.
        steps: how many steps may be written, at least and at most.
    """

    def __init__(
        self,
        prompt: Prompt,
        dice: Dice,
        flaw: FlawKind | None,
        names: frozenset[str],
        steps: tuple[int, int],
    ) -> None:
        asks = not names.isdisjoint(("instruction", "question", "problem", "prompt", "query"))
        self.flaw = flaw
        self._known = None if asks else prompt.tagged("known_answer")
        self._names = names
        self._prompt = prompt
        self._least, self._most = steps
        self._text: str | None = None
        self._asked = ""
        if flaw == "duplicate":
            # The same draft whatever the seed: its dice know only the topic's number.
            number = dice.below(len(DUPLICATE_TOPICS))
            dice, self._text, self._known = Dice(number), DUPLICATE_TOPICS[number], None
        self.dice = dice

    @cached_property
    def material(self) -> Material:
        """The words to write with."""
        return Material(self._prompt.source if self._text is None else self._text, self.dice)

    @property
    def has_steps(self) -> bool:
        """True where the answer is the end of a list of steps."""
        return "steps" in self._names

    @cached_property
    def flow(self) -> SimulatedFlow:
        """A troubleshooting flow."""
        broken = self.flaw in ("wrong_arithmetic", "unsupported_claim")
        return SimulatedFlow(self.dice, self.material, broken=broken)

    def items(self, name: str) -> int | None:
        """How many items an array of this name has, or None for any number."""
        if name == "steps":
            return len(self.steps)
        if name == "edits":
            return 1
        if name in ("nodes", "edges") and self._names >= {"nodes", "edges"}:
            return len(self.flow.nodes if name == "nodes" else self.flow.edges)
        if name in ("labels", "spans") and self._labels:
            return self.dice.pick((0, 1, 1, 2, 2, 3))
        return None

    @cached_property
    def _labels(self) -> list[str]:
        """The categories that the prompt lists, beginning anywhere."""
        labels = self._prompt.named("category")
        start = self.dice.below(len(labels)) if labels else 0
        return labels[start:] + labels[:start]

    def label(self, index: int) -> str:
        """A category, another one for each index; a made-up one in a flawed draft."""
        if self.flaw == "unsupported_claim" or not self._labels:
            return self.material.word()
        return self._labels[index % len(self._labels)]

    def quote(self) -> str:
        """Words of the passage, or of the one that the draft holds itself."""
        if "passage" in self._names:
            return self.dice.pick(self.answer.split(". ")).rstrip(".")
        return self.material.quote()

    def term(self) -> str:
        """A word of the last question, if possible one that stands in the material too."""
        words = [word.strip("\"'.,;:?!") for word in (self._asked or self.question).split()]
        return max(words, key=lambda word: (word in self._prompt.source, len(word)))

    @property
    def system(self) -> str:
        """A system message."""
        return self.material.fill(SYSTEMS)

    @property
    def question(self) -> str:
        """An instruction; where steps are asked for, a sum in words."""
        self._asked = self._chain[0] if self.has_steps else self.material.fill(QUESTIONS)
        return self._asked

    @cached_property
    def answer(self) -> str:
        """An answer in prose, 40 to 120 words where it is not flawed."""
        if self.flaw == "refusal":
            return REFUSAL
        if self.flaw == "too_short":
            return self.dice.pick(STUBS)
        return " ".join(self._sentences())

    def _sentences(self) -> list[str]:
        dice, material = self.dice, self.material
        first = self.material.fill(OPENERS)
        if self._known:
            first = f"{' '.join(self._known.split()[:40]).rstrip('.')}."
        written = [first]
        # Counted in characters, since that is cheap: 45 words and more, of six each.
        length, wanted, own = len(first), 270 + dice.below(230), True
        while length < wanted:
            sentence = material.sentence() if own else material.fill(SENTENCES)
            if sentence in written:
                sentence = material.fill(SENTENCES)
            length += len(sentence)
            written.append(sentence)
            # Mostly own words: drafts of one seed must not be near duplicates of each other.
            own = dice.roll() < 0.25
        kind = _kind_of_flaw(self._named_flaw()) if "chosen" in self._names else ""
        if self.flaw == "wrong_arithmetic" or dice.roll() < 0.2 or kind == "number":
            written.append(self._sum(wrong=self.flaw == "wrong_arithmetic"))
        if kind == "entity":
            written.append(NAMED.format(dice.pick(NAMES)))
        if self.flaw == "unsupported_claim":
            written.insert(1 + dice.below(len(written)), self.material.fill(CLAIMS))
        return written

    def _sum(self, *, wrong: bool) -> str:
        a, b = self.dice.below(40) + 3, self.dice.below(12) + 2
        result = a * b + (self.dice.below(9) + 1 if wrong else 0)
        return f"Counting {a} in each of {b} parts gives {a} * {b} = {result}."

    @cached_property
    def final(self) -> str:
        """The final answer that the steps lead to."""
        if self.flaw == "refusal":
            return REFUSAL
        if self.flaw == "too_short":
            return STUBS[0]
        known = self._known
        return known if known and self._target is None else str(self._chain[2])

    @cached_property
    def number(self) -> int:
        """The final answer as a number."""
        return self._chain[2]

    @property
    def setup(self) -> str:
        """What is given and wanted, before the steps."""
        if self.flaw == "refusal":
            return REFUSAL
        return "" if self.flaw == "too_short" else self._chain[3]

    @cached_property
    def steps(self) -> list[str]:
        """Steps of arithmetic, within the limits."""
        steps = self._chain[1]
        if self.flaw == "refusal":
            return [REFUSAL] * max(1, self._least)
        if self.flaw == "too_short":
            return ["Done."] * max(1, self._least)
        if self.flaw == "unsupported_claim":
            place = self.dice.below(len(steps))
            return [
                *steps[:place],
                f"{steps[place]} {self.material.fill(CLAIMS)}",
                *steps[place + 1 :],
            ]
        return steps

    @cached_property
    def _target(self) -> int | None:
        final = (self._known or "").rpartition("####")[2].strip().replace(",", "")
        return int(final) if _BARE_NUMBER.fullmatch(final) else None

    @cached_property
    def _chain(self) -> tuple[str, list[str], int, str]:
        """A sum in words, its steps, the result and the set-up; a wrong step is carried on
        with."""
        given = self._prompt.tagged("problem")
        told = worked_out(given, wrong=self.flaw == "wrong_arithmetic")
        if given is not None and told is not None:
            return given, *told
        dice = self.dice
        count = max(self._least, min(self._most, 2 + dice.below(4)), 1)
        wrong = dice.below(count) if self.flaw == "wrong_arithmetic" else -1
        a, b = dice.below(30) + 4, dice.below(9) + 2
        if count == 1 and self._target is not None:
            a, b = self._target, 1
        noun, whole = dice.pick(_COUNTED), dice.pick(_WHOLES)
        about = self.material.phrase()
        story = [f"The {whole} for {about} holds {b} groups of {a} {noun} each."]
        steps: list[str] = []
        value = 0
        for number in range(count):
            if number == 0:
                value, sign, lead = a, "*", f"There are {b} groups of {a} {noun}"
            elif number == count - 1 and self._target is not None:
                b, sign = abs(self._target - value), "+" if self._target >= value else "-"
                lead = f"{b} {noun} are {'added' if sign == '+' else 'taken away'}"
            elif number % 3 == 2:
                b, sign = dice.below(3) + 2, "*"
                lead = f"The {whole} is copied {b} times"
            else:
                b, sign = dice.below(min(90, max(2, value // 2))) + 1, dice.pick(("+", "-"))
                lead = f"{b} {noun} are {'added' if sign == '+' else 'taken away'}"
            result = value * b if sign == "*" else value + b if sign == "+" else value - b
            result += dice.below(9) + 1 if number == wrong else 0
            steps.append(f"{lead}: {value} {sign} {b} = {result}.")
            if number:
                story.append(f"{'Then' if number > 1 else 'Later'} {lead[0].lower()}{lead[1:]}.")
            value = result
        story.append(f"How many {noun} does the {whole} hold in the end?")
        setup = f"Given are the {noun} of the {whole}, group by group; wanted is their number."
        return " ".join(story), steps, value, setup

    @cached_property
    def rejected(self) -> str:
        """The answer with the flaw that the prompt names put in, and about as long."""
        return self._rejected[0]

    @cached_property
    def flaw_place(self) -> str:
        """The place of the flaw, a part of `rejected`."""
        return self._rejected[1]

    @cached_property
    def _rejected(self) -> tuple[str, str]:
        base = self.answer
        if self._names.isdisjoint(("chosen", "response", "answer")):
            base = self._prompt.tagged("response", "chosen", "answer") or base
        if base in (DECLINE, REFUSAL):
            base = " ".join(self._sentences())
        wanted = _kind_of_flaw(self._named_flaw())
        head, _, last = base.rstrip(".").rpartition(". ")
        if wanted == "number":
            if found := _DIGITS.search(base):
                changed = str(int(float(found.group())) + self.dice.below(7) + 1)
                text = base[: found.start()] + changed + base[found.end() :]
                start = text.rfind(". ", 0, found.start()) + 1
                end = text.find(". ", found.start() + len(changed))
                return text, text[start : end + 1 if end >= 0 else len(text)].strip()
            place = self._sum(wrong=True)
        elif wanted == "refusal":
            refused = [DECLINE]
            while sum(map(len, refused)) < 0.6 * len(base):
                refused.append(self.material.fill(OFF_TOPIC))
            return " ".join(refused), DECLINE
        elif wanted == "repeated":
            return f"{base} {AGAIN} {base}", AGAIN
        elif wanted == "vague":
            said = [self.material.fill(VAGUE)]
            while sum(map(len, said)) < 0.7 * len(base):
                said.append(self.material.fill(VAGUE))
            return " ".join(said), said[0]
        elif wanted == "off_topic":
            place = self.material.fill(OFF_TOPIC)
        else:
            place = self.material.fill(CLAIMS)
        # In the place of the last sentence, so that length does not give the flaw away.
        return (f"{head}. {place}" if head and last else place), place

    @cached_property
    def edit(self) -> tuple[str, str]:
        """Words of the good answer, and what stands there instead in the rejected one."""
        if self.has_steps:
            step = self.dice.pick(self.steps)
            return step, _RESULT.sub(lambda found: str(int(found.group()) + 1), step)
        base = self.answer
        if self._names.isdisjoint(("chosen", "response", "answer")):
            base = self._prompt.tagged("response", "chosen", "answer") or base
        sentences = [part for line in base.splitlines() for part in line.split(". ")]
        once = [part for part in sentences if part.strip() and base.count(part) == 1] or [base]
        wanted = _kind_of_flaw(self._named_flaw())
        pattern = _WANTED.get(wanted)
        for sentence in reversed(once):
            if pattern is not None and (found := pattern.search(sentence)):
                there = found.group()
                other = [name for name in NAMES if there not in name]
                new = self.dice.pick(other) if wanted == "entity" else str(int(float(there)) + 1)
                return sentence, sentence[: found.start()] + new + sentence[found.end() :]
        # The sentence and the claim that go together best for the length that is asked for.
        asked = Demands(self._prompt).length("edits", chosen=base)
        more = asked - len(base) if asked is not None else 0
        claims = [self.material.fill(CLAIMS).rstrip(".") for _ in range(_CLAIMS_TRIED)]
        sentence, claim = min(
            ((sentence, claim) for sentence in reversed(once) for claim in claims),
            key=lambda pair: abs(len(pair[1]) - len(pair[0].rstrip(".")) - more),
        )
        if len(claim) > (room := len(sentence.rstrip(".")) + more):
            claim = cut(claim, max(room, len(claim) // 2)).rstrip(".")
        return sentence, claim + ("." if sentence.endswith(".") else "")

    def _named_flaw(self) -> str:
        """The words in which the prompt names the flaw of the rejected answer, or ""."""
        for text in self._prompt.user:
            for mark in ("flaw is ", "flaw: "):
                _, found, words = text.partition(mark)
                if found:
                    return words[:400].partition("\n")[0]
        return self._prompt.tagged("flaw") or ""


@functools.lru_cache(maxsize=256)
def _kind_of_flaw(words: str) -> str:
    """The kind of flaw: by the name before a colon, or else by the description behind it."""
    for part in words.lower().partition(":")[::2]:
        for kind, marks in _FLAW_MARKS.items():
            if any(mark in part for mark in marks):
                return kind
    return "claim"
