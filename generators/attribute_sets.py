"""Ready-made attributes, which a recipe names by a word.

They describe who asks, for what and how, in words that a model can act on. The ways of asking
are those in which people really write to assistants, and which models left to themselves do not
come up with: in fragments, with typos, with the request at the end, with something left out.
"""

from __future__ import annotations

from collections.abc import Mapping

__all__ = ["READY"]

READY: Mapping[str, tuple[str, ...]] = {
    "difficulty": (
        "easy: somebody new to the field can answer it from what they know",
        "moderate: it takes somebody who works in the field, or two things put together",
        "hard: an expert has to think it through, and the first idea is incomplete or wrong",
    ),
    "length": (
        "a word, a number or one sentence",
        "one short paragraph",
        "several paragraphs",
        "a worked-out text in sections or numbered steps",
    ),
    "persona": (
        "a school pupil with homework due tomorrow",
        "a university student who is new to the field",
        "somebody in their first week at a job, who does not know its terms yet",
        "an experienced practitioner who wants a second opinion",
        "a manager who has to decide today and has little time",
        "a customer without any background in it, for whom something does not work",
        "a teacher who has to explain it to others",
        "a journalist who checks facts before a text goes out",
        "a freelancer who works alone and has nobody to ask",
        "a support agent who needs words to pass on to a customer",
        "an auditor who needs it exact and wants to know what it rests on",
        "a hobbyist who does it for fun, with what happens to be at hand",
    ),
    "phrasing": (
        "a plain request in one or two sentences",
        "typed in a hurry on a phone: no capitals, a typo or two, hardly any punctuation",
        "fragments and keywords, as typed into a search box",
        "several steps in one message, each of which needs the result of the one before",
        "a request with a second, smaller one as an afterthought; both need an answer",
        "under-specified: a detail that matters is left open, and the response asks for it or says "
        "what it assumes",
        "the story first, with more of it than is needed, and the request at the very end",
        "a few words around a pasted text, log, table or piece of code that stands there in full",
        "by somebody who writes in a foreign language: simple words, small mistakes of grammar",
        "with exact wishes for the form of the response, such as a format, a length or words to "
        "leave out",
    ),
    "task": (
        "an explanation of how or why something works",
        "the steps to get something done",
        "a comparison that ends in a recommendation",
        "a decision in a situation that is described",
        "a summary, a correction or a rewriting of a text that is there in full",
        "what would change if one condition were different",
        "what is wrong with something that is there or described, and how to mend it",
        "something made to a specification, such as a message, a plan, a table or a piece of code",
    ),
    "tone": (
        "neutral and to the point",
        "friendly and chatty",
        "formal and polite",
        "impatient or annoyed",
        "worried and unsure",
        "curious, and thinking aloud",
    ),
}
"""The values of each set; all of them weigh the same."""
