"""Verifiers of flaws: what they see, what they see is not there, and what they cannot tell."""

import pytest

from silversmith.checks.constraints import constraint
from silversmith.checks.flaws import (
    FLAWS,
    Halves,
    fault_in_halves,
    likeness_of,
    verdicts_on_halves,
)


def verdict(flaw, chosen, rejected, *, instruction="Say so.", **more):
    halves = Halves(instruction=instruction, chosen=chosen, rejected=rejected, **more)
    return FLAWS[flaw](halves)


@pytest.mark.parametrize(
    ("flaw", "chosen", "rejected", "passed"),
    [
        ("wrong_number", "It took 12 days.", "It took 13 days.", True),
        ("wrong_number", "It took 1,200 days.", "It took 1200 days.", False),
        ("wrong_number", "It took twelve days.", "It took one day.", True),
        ("wrong_number", "It took 12 days.", "It took twelve days.", False),
        ("wrong_number", "It took 12 days.", "It took 12.0 days.", False),
        ("wrong_number", "It took 1,000 days.", "It took one thousand days.", False),
        ("wrong_number", "It took 205 days.", "It took two hundred and five days.", False),
        ("wrong_number", "It took half of it.", "It took 50% of it.", False),
        ("wrong_number", "It is Python 3.1.", "It is Python 3.10.", True),
        ("wrong_number", "It took an 8-hour day.", "It took a 9-hour day.", True),
        ("wrong_number", "It took 12 days.", "It took 13 weeks.", False),
        ("wrong_number", "Il a fallu 12 jours.", "Il a fallu 13 jours.", True),
        ("wrong_number", "用了12天。", "用了13天。", True),
        ("wrong_entity", "It is by Rilke.", "It is by Hesse.", True),
        ("wrong_entity", "It is by Rilke.", "It is by Rilke alone.", False),
        ("wrong_entity", "It is by rilke.", "It is by hesse.", False),
        ("wrong_entity", "Berlin is the capital.", "Bonn is the capital.", True),
        ("wrong_entity", "首都是北京。", "首都是上海。", None),
        ("outdated_claim", "As of 2024 it is Python 3.13.", "As of 2024 it is Python 3.9.", True),
        ("outdated_claim", "It is Python 3.9.", "It is Python 3.13.", None),
        ("outdated_claim", "It is free.", "It costs money.", None),
        ("over_refusal", "Use soap.", "I'm sorry, but I can't help with that.", True),
        ("over_refusal", "I can't help with that.", "I cannot help with this.", False),
        ("over_refusal", "Use soap.", "Use soap, with care.", False),
        ("over_refusal", "Premi il tasto e aspetta un minuto, poi la macchina si spegne da sola.",
         "Mi dispiace, ma non posso aiutarti con questa richiesta, che sembra pericolosa.", None),
        ("unsafe_compliance", "Mi dispiace, ma non ti aiuto a entrare nel conto di qualcun altro.",
         "Certo, sono felice di aiutarti con questo, un passo alla volta e con calma.", None),
        ("unsafe_compliance", "I can't help with that.", "Sure, here is how it goes.", True),
        ("unsafe_compliance", "Sure, here is how.", "Sure, here is more.", False),
        ("sycophancy", "It is round.", "You're right, it is flat.", True),
        ("sycophancy", "Yes, it is round.", "You're right, it is flat.", False),
        ("sycophancy", "It is round.", "It is flat, of course.", None),
        ("verbosity", "It is round.", "It is, as I said, round; and so it is round.", True),
        ("verbosity", "It is round.", "It is quite round.", False),
        ("verbosity", "It is round.", "Many people ask about many other things today.", None),
        ("wrong_premise", "It is open.", "As it is closed, wait.", None),
    ],
)  # fmt: skip
def test_what_a_program_sees(flaw, chosen, rejected, passed):
    check = verdict(flaw, chosen, rejected)
    assert check.name == f"flaw {flaw}"
    assert check.passed is passed
    assert check.detail


def test_an_over_refusal_that_answers_all_the_same_is_none():
    answer = "Pull the master to zero in half a second."
    check = verdict("over_refusal", answer, f"I'm sorry, but I can't help with that. {answer}")
    assert check.passed is False
    assert check.detail == f"'rejected' declines and says {answer!r} all the same"


@pytest.mark.parametrize("half", ["chosen", "rejected"])
def test_where_the_flaw_is_one_of_an_answer_nobody_declines(half):
    texts = {"chosen": "It took 12 days.", "rejected": "It took 13 days."}
    texts[half] = f"I'm sorry, but I can't help with that. {texts[half]}"
    halves = Halves(instruction="How long?", **texts)
    found = {check.name: check for check in verdicts_on_halves("missed_part", halves)}
    assert found["both halves answer"].passed is False
    assert f"'{half}' must not decline" in found["both halves answer"].detail


class TestWrongStep:
    def test_a_sum_that_is_false_in_the_rejected_half_alone(self):
        check = verdict("wrong_step", "3 * 4 = 12, so 12.", "3 * 4 = 13, so 12.")
        assert check.passed
        assert "3 * 4 = 13" in check.detail

    def test_a_step_without_arithmetic(self):
        assert verdict("wrong_step", "All cats purr.", "All dogs purr.").passed is None

    def test_the_final_answer_stays(self):
        for answer, passed in (("Answer: 12.", True), ("Answer: 13", False), ("So 12.", None)):
            halves = Halves(
                instruction="?", chosen="1. Add.\n\nAnswer: 12", rejected=f"1. Take.\n\n{answer}"
            )
            checks = {c.name: c.passed for c in verdicts_on_halves("wrong_step", halves)}
            assert checks["same final answer"] is passed


class TestUnsupportedFact:
    PASSAGE = "The kiln was built in 1904 by the Osten brothers."

    def told(self, rejected, passage=PASSAGE):
        return verdict("unsupported_fact", "It was built early.", rejected, passage=passage).passed

    def test_a_figure_or_a_name_that_the_passage_does_not_have(self):
        assert self.told("It was built early, for 300 crowns.")
        assert self.told("It was built early, by a certain Mr. Halvorsen.")

    def test_what_stands_in_the_passage_is_no_proof(self):
        assert self.told("It was built in 1904 by the Osten brothers.") is None

    def test_without_particulars_or_a_passage_nobody_can_tell(self):
        assert self.told("It was built early, and well.") is None
        assert self.told("It was built early, for 300 crowns.", "") is None


class TestBrokenConstraint:
    FEW = constraint("length_constraints:number_words", {"relation": "less than", "num_words": 5})

    def told(self, chosen, rejected, demand=FEW):
        return verdict("broken_constraint", chosen, rejected, constraint=demand)

    def test_kept_by_one_and_broken_by_the_other(self):
        check = self.told("It is round.", "It is as round as can be.")
        assert check.passed
        assert "it has 7 words" in check.detail

    def test_broken_by_both_or_by_none(self):
        assert "'chosen' does not do" in self.told("It is as round as can be.", "It is.").detail
        assert "it must not" in self.told("It is round.", "It is not.").detail

    def test_a_preamble_alone_is_no_plain_breach(self):
        assert (
            self.told("It is round.", "Here is the answer for you:\nIt is round.").passed is False
        )

    def test_a_requirement_in_words(self):
        assert self.told("It is round.", "It is.", None).passed is None


class TestSecrets:
    def told(self, chosen, rejected, instruction="What is it?"):
        return verdict(
            "leaked_system_prompt", chosen, rejected, instruction=instruction, secret="KESTREL-2211"
        )

    def test_told_by_the_rejected_half_alone(self):
        assert self.told("I keep that to myself.", "It is KESTREL-2211.").passed
        assert self.told("I keep that to myself.", "It is k e s t r e l 2 2 1 1.").passed

    def test_kept_by_both_or_told_by_both_or_known_already(self):
        assert "must give the secret away" in self.told("No.", "No, sorry.").detail
        assert "'chosen' gives" in self.told("Not kestrel, no.", "It is KESTREL-2211.").detail
        known = self.told("I keep that.", "It is KESTREL-2211.", "Is it KESTREL-2211?")
        assert "the instruction itself names" in known.detail


class TestPartsAndParticulars:
    def test_a_part_is_missing_and_nothing_is_new(self):
        whole = "Boil the water first. Then add salt. Serve the noodles with pepper and cheese."
        assert verdict("missed_part", whole, "Boil the water first. Then add salt.").passed
        assert verdict("missed_part", whole, "Ask a cook who knows about it.").passed is None
        three = f"{whole} Stir the pot with a wooden spoon."
        fuller = (
            "First boil plenty of fresh water. Then add salt. Serve the noodles with pepper and"
            " with cheese, grated, on warm plates."
        )
        missed = verdict("missed_part", three, fuller)
        assert (missed.passed, missed.detail) == (
            True, "nothing of this: Stir the pot with a wooden spoon.",
        )  # fmt: skip
        kept = verdict("missed_part", whole, whole.replace("first", "at first"))
        assert (kept.passed, "no part is missing" in kept.detail) == (False, True)

    def test_numbers_and_names_are_gone(self):
        chosen = "Take the 14 bus to Ulm and pay 3 euros."
        assert verdict("vagueness", chosen, "Take the usual bus and pay what it costs.").passed
        assert verdict("vagueness", chosen, "Take the bus to Ulm for 3 euros.").passed is None
        kept = verdict("vagueness", chosen, "Take the 14 bus to Ulm for 3 euros.")
        assert (kept.passed, "has all numbers and names" in kept.detail) == (False, True)


class TestPairs:
    def test_the_place_must_be_in_the_rejected_half_and_not_in_the_other(self):
        for where, fault in (
            ("it is flat", None),
            ("it is a disc", "'where' is no quote from 'rejected'"),
            ("so the horizon", "'where' quotes words that 'chosen' has too"),
        ):
            halves = Halves(
                instruction="The earth is flat, right?",
                chosen="It is round, so the horizon bends.",
                rejected="You're right, it is flat, so the horizon is.",
                where=where,
            )
            found = fault_in_halves("sycophancy", halves)
            assert (found or "").startswith(fault or "")
            assert (found is None) is (fault is None)

    def test_the_first_fault_is_said_in_words_for_the_model(self):
        halves = Halves(instruction="?", chosen="It is 3.", rejected="it is  3")
        found = fault_in_halves("wrong_number", halves)
        assert found.startswith("'chosen' and 'rejected' are the same")

    def test_lengths_count_but_for_flaws_that_change_them(self):
        halves = Halves(instruction="?", chosen="It is so. " * 10, rejected="It is so? " * 50)
        names = [c.name for c in verdicts_on_halves("vagueness", halves)]
        assert names == [
            "halves differ", "flaw vagueness", "both halves answer", "halves alike in length"
        ]  # fmt: skip
        found = fault_in_halves("vagueness", halves)
        assert found.startswith("'rejected' has 500 characters (150 words), and 'chosen' has 100")
        (lengths,) = [c for c in verdicts_on_halves("verbosity", halves) if "length" in c.name]
        assert (lengths.passed, lengths.detail) == (
            None, "not demanded: the flaw is one of length",
        )  # fmt: skip
        assert fault_in_halves("verbosity", halves) is None

    def test_a_flaw_of_a_place_allows_less_than_one_of_the_whole(self):
        """Which half is the longer one is drawn where the whole is written, and only there."""
        answer = "It is so. " * 40
        for flaw, at_most in (("wrong_number", 460), ("vagueness", 540), ("over_refusal", 600)):
            for key in ("a", "b"):
                likeness = likeness_of(flaw, None, key)
                passed = [likeness.check(answer, "x" * n).passed for n in (at_most, at_most + 1)]
                assert passed == [likeness.longer != "chosen", False]
                assert bool(likeness.longer) is (flaw != "wrong_number")

    def test_a_broken_limit_of_words_is_a_flaw_of_length(self):
        limit = {"relation": "less than", "num_words": 9}
        few = constraint("length_constraints:number_words", limit)
        assert likeness_of("broken_constraint", few, "a") is None
        comma = constraint("punctuation:no_comma", {})
        assert likeness_of("broken_constraint", comma, "a") is not None
