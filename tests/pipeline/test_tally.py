"""What became of each strategy, and how alike the halves of its pairs are."""

import json
import re
from pathlib import Path

import pytest

from silversmith import Recipe
from silversmith.pipeline.books import Balance
from silversmith.pipeline.pair_lengths import _sign_test
from silversmith.pipeline.tally import tally
from silversmith.records import Check, Flaw, Sample, Turn, sample_to_json, table_from_json
from silversmith.store import ParquetParts

TASKS = Path(__file__).parents[2] / "recipes" / "data" / "seed_tasks.jsonl"


def pair(chosen, rejected, flaw, *checks, strategy="contrast"):
    asked = Turn("user", "Why?")
    return Sample(
        messages=(asked, Turn("assistant", chosen)),
        rejected=(asked, Turn("assistant", rejected)),
        flaw=Flaw(flaw),
        checks=checks,
        strategy=strategy,
    )


def plain(strategy, *checks):
    return Sample.pair("Why?", "Because.", strategy=strategy, checks=checks)


@pytest.fixture
def write(tmp_path):
    def written(**folders):
        for name in ("kept", "dropped", "failed"):
            with ParquetParts(tmp_path / name) as parts:
                for sample in folders.get(name, ()):
                    parts.write(table_from_json([sample_to_json(sample)]))
        return tmp_path

    return written


YES, NO, UNKNOWN = Check("a", True), Check("b", False), Check("c", None)


def test_each_strategy_has_books_that_balance(write):
    folder = write(
        kept=[plain("instruction"), plain("domain", YES), plain("domain", YES, UNKNOWN)],
        dropped=[plain("domain", YES), plain("domain")],
        failed=[Sample(messages=(), strategy="instruction")],
    )
    found = tally(folder, {"instruction": 4, "domain": 4}, Balance(8, 3, 2, 1, 2)).strategies
    figures = {
        one.strategy: (one.planned, one.kept, one.dropped, one.failed, one.pending) for one in found
    }
    assert figures == {"instruction": (4, 1, 0, 1, 2), "domain": (4, 2, 2, 0, 0)}


def test_verified_is_what_all_checks_that_could_tell_have_passed(write):
    kept = [
        plain("domain", YES, UNKNOWN),
        plain("domain", YES, NO),
        plain("domain", UNKNOWN),
        plain("domain"),
    ]
    (books,) = tally(write(kept=kept), {"domain": 4}, Balance(4, 4, 0, 0, 0)).strategies
    assert (books.verified, books.refuted) == (1, 1)
    assert [sample.verified for sample in kept] == [True, False, None, None]


def test_what_is_pending_and_of_unknown_strategy_has_a_line_of_its_own(write):
    folder = write(kept=[plain("contrast")])
    found = tally(folder, {"existing": 3}, Balance(3, 1, 0, 0, 2)).strategies
    assert [(one.strategy, one.planned, one.pending) for one in found] == [
        ("contrast", 1, 0),
        ("", 2, 2),
    ]


def test_books_that_do_not_add_up_are_refused(write):
    folder = write(kept=[plain("contrast")])
    with pytest.raises(AssertionError, match="by strategy 1 are planned, in all 2"):
        tally(folder, {"contrast": 2}, Balance(2, 2, 0, 0, 0))


def test_the_difference_in_length_of_pairs(write):
    kept = [
        pair("a" * 100, "b" * 110, "wrong_number", Check("flaw wrong_number", True)),
        pair("a" * 200, "b" * 190, "vagueness", Check("flaw vagueness", None)),
        pair("a" * 300, "b" * 330, "wrong_number", Check("flaw wrong_number", True)),
        plain("instruction"),
    ]
    whole, vague, wrong = tally(write(kept=kept), {}, Balance(4, 4, 0, 0, 0)).pairs
    assert (whole.strategy, whole.flaw, whole.pairs, whole.proven) == ("contrast", "", 3, 2)
    assert (whole.chosen, whole.rejected, whole.difference) == (200.0, 210.0, 10.0)
    # Variances of the halves: 6,666.7 and 8,266.7; the root of their mean is 86.4.
    assert whole.standardised == pytest.approx(10 / 86.41, abs=5e-4)
    assert whole.rejected_longer == pytest.approx(2 / 3, abs=5e-4)
    assert whole.rejected_shorter == pytest.approx(1 / 3, abs=5e-4)
    assert whole.told_by_length == pytest.approx(2 / 3, abs=5e-4)
    assert (whole.chance, whole.cue) == (1.0, False)
    assert (vague.flaw, vague.pairs, vague.difference, vague.standardised) == (
        "vagueness", 1, -10.0, None,
    )  # fmt: skip
    assert (wrong.flaw, wrong.difference) == ("wrong_number", 20.0)


BY_FLAW = Check("halves alike in length", None, "not demanded: the flaw is one of length")


def lengths_of(write, kept):
    rows = tally(write(kept=kept), {}, Balance(len(kept), len(kept), 0, 0, 0)).pairs
    return {(one.strategy, one.flaw): one for one in rows}


def test_pairs_whose_flaw_is_one_of_length_are_told_apart_from_those_whose_flaw_is_not(write):
    kept = [pair("a" * 100, "b" * 250, "verbosity", BY_FLAW) for _ in range(30)]
    kept += [pair("a" * 100, "b" * (90 if n % 2 else 110), "vagueness") for n in range(30)]
    rows = lengths_of(write, kept)

    whole, verbose = rows["contrast", ""], rows["contrast", "verbosity"]
    assert (whole.pairs, whole.by_flaw, whole.difference, whole.cue) == (60, 30, 0.0, False)
    assert (verbose.by_flaw, verbose.difference, verbose.cue) == (30, 150.0, False)


@pytest.mark.parametrize(
    ("halves", "told", "cue"),
    [
        ([(100, 60)] * 17, 1.0, True),
        ([(100, 60)] * 5, 1.0, False),  # chance does that in one of sixteen cases
        ([(100, 98)] * 400, 0.5, False),  # nobody learns from 2 %
        ([(100, 109), (100, 92)] * 200, 0.5, False),
        ([(100, 109), (100, 92), (100, 92)] * 200, 2 / 3, True),
        ([(100, 109), (100, 108), (100, 20)] * 40, 2 / 3, True),
        ([(200, 230), (90, 60), (500, 100), (100, 101)] * 40, 0.625, True),
    ],
)
def test_a_length_that_tells_the_chosen_half_is_noticed(write, halves, told, cue):
    kept = [pair("a" * one, "b" * other, "vagueness") for one, other in halves]
    row = lengths_of(write, kept)["contrast", "vagueness"]

    assert row.told_by_length == pytest.approx(told, abs=1e-3)
    assert row.cue is cue


def test_the_sign_test_goes_on_as_the_exact_one_where_that_takes_too_long():
    from scipy.stats import binomtest

    for longer, shorter in ((3, 14), (0, 17), (470, 530), (1880, 2120), (50_300, 49_700)):
        expected = binomtest(longer, longer + shorter).pvalue
        assert _sign_test(longer, shorter) == pytest.approx(expected, rel=0.01)


def test_a_run_of_several_strategies_tells_of_each(tmp_path):
    recipe = Recipe(
        models={"writer": {"simulated": {"flawed": 0.3}}},
        seeds=[{"tasks": str(TASKS)}],
        generators=["instruction", "contrast"],
        judges=["rubric"],
        filters=[{"score": {"min": 0.6}}],
        limit=60,
    )
    report = recipe.run(tmp_path / "run")
    manifest = json.loads((tmp_path / "run" / "manifest.json").read_text())
    instruction, contrast = manifest["strategies"]
    assert [instruction["strategy"], contrast["strategy"]] == ["instruction", "contrast"]
    for one in (instruction, contrast):
        parts = sum(one[name] for name in ("kept", "dropped", "failed", "pending"))
        assert one["planned"] == parts == 30
        assert one["dropped"]
    assert contrast["verified"] == contrast["kept"]
    assert manifest["pairs"][0]["pairs"] == contrast["kept"]
    assert report.balance.kept == instruction["kept"] + contrast["kept"]


def test_the_terminal_shows_strategies_and_lengths(tmp_path, capsys):
    from silversmith.cli.summary import show

    recipe = Recipe(
        models={"writer": "simulated"},
        seeds=[{"tasks": str(TASKS)}],
        generators=["instruction", "contrast"],
        limit=20,
    )
    show(recipe.run(tmp_path / "run"))
    out = capsys.readouterr().out
    assert "strategy     planned  kept  dropped  failed  verified" in out
    head = r"^rejected half +pairs +proven +longer by +in s\.d\. +shorter +longer$"
    assert re.search(head, out, re.MULTILINE)
    lengths = r"^contrast +\d+ +\d+ +[+-]\d+ chars +[+-]\d+\.\d\d +\d+% +\d+%$"
    assert re.search(lengths, out, re.MULTILINE)


def test_the_terminal_warns_where_length_tells_the_chosen_half(tmp_path, capsys):
    from silversmith.cli.summary import show

    rows = [
        {"prompt": f"Question {n}?", "chosen": f"{n} " + "Good. " * 40, "rejected": f"No, {n}."}
        for n in range(20)
    ]
    data = tmp_path / "pairs.jsonl"
    data.write_text("".join(json.dumps(row) + "\n" for row in rows))
    recipe = Recipe(
        models={},
        seeds=[{"dataset": str(data)}],
        generators=["existing"],
        filters=["exact_duplicates"],
    )
    show(recipe.run(tmp_path / "run"))
    out = " ".join(capsys.readouterr().out.split())

    assert "LENGTH TELLS THE CHOSEN HALF FROM THE REJECTED ONE in" in out
    assert "(the rejected half is shorter in 100% of 20 pairs, by 23" in out
