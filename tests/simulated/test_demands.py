"""The simulated model meets the demands that a prompt says a program will check."""

import json
from pathlib import Path

import pytest

import silversmith
from silversmith.checks.demands import Demand, fault_in
from silversmith.checks.pairs import Likeness
from silversmith.models.simulated import SimulatedModel, SimulatedOptions

SOUND = SimulatedModel(SimulatedOptions(flawed=0, malformed=0))
SEEDS = range(20)
PASSAGE = "The desk lends drills against a deposit of 40 euros. It closes at two on Saturday."


def written(demands, fields, seed):
    lines = "\n".join(f"- {demand.words}" for demand in demands)
    asked = f"<passage>\n{PASSAGE}\n</passage>\n\nA program will check this:\n{lines}\n"
    schema = {
        "type": "object",
        "properties": {name: {"type": "string"} for name in fields},
        "required": fields,
    }
    return json.loads(SOUND.reply([{"role": "user", "content": asked}], schema, seed)[0])


@pytest.mark.parametrize(
    "demand",
    [
        Demand("chosen", "contains", "extension 2725"),
        Demand("chosen", "declines"),
        Demand("chosen", "abstains"),
        Demand("chosen", "in_language", "German"),
        Demand("chosen", "in_language", "Japanese"),
        Demand("chosen", "in_language", "Russian"),
        Demand("chosen", "at_most_words", "30"),
        Demand("chosen", "over_words", "120"),
        Demand("chosen", "is_json"),
        Demand("chosen", "has_list"),
        Demand("chosen", "ends_with", "— Maren"),
        Demand("chosen", "quotes", "passage"),
    ],
    ids=lambda demand: demand.words,
)
def test_each_demand_is_met(demand):
    for seed in SEEDS:
        texts = written([demand], ["chosen"], seed)
        assert fault_in([demand], {**texts, "passage": PASSAGE}) is None


def test_a_quote_comes_from_one_field_and_not_from_the_other():
    demands = [
        Demand("rejected", "contains", "HALYARD-4827"),
        Demand("where", "quotes", "rejected"),
        Demand("where", "differs", "chosen"),
    ]
    for seed in SEEDS:
        texts = written(demands, ["chosen", "rejected", "where"], seed)
        assert fault_in(demands, texts) is None


def test_without_demands_nothing_changes():
    before = written([], ["chosen", "rejected"], 0)
    assert before["chosen"] != before["rejected"]
    assert "HALYARD" not in before["chosen"]


@pytest.mark.parametrize("kind", ["hierarchy", "abstention", "refusal"])
def test_the_ready_made_recipes_come_through(kind, tmp_path):
    path = Path(silversmith.__file__).parent / "recipes" / f"{kind}.yaml"
    balance = silversmith.Recipe.from_yaml(path).run(tmp_path / "run").balance
    assert balance.planned == balance.kept + balance.dropped + balance.failed
    assert balance.kept > 0.7 * balance.planned


@pytest.mark.parametrize("longer", ["chosen", "rejected", ""])
@pytest.mark.parametrize(
    "others",
    [
        [],
        [Demand("rejected", "declines"), Demand("rejected", "is_json")],
        [Demand("rejected", "contains", "HALYARD-4827"), Demand("rejected", "ends_with", "— Max")],
        [Demand("rejected", "abstains"), Demand("rejected", "at_most_words", "400")],
        [Demand("rejected", "agrees"), Demand("rejected", "no_digits")],
    ],
    ids=lambda others: " and ".join(demand.kind for demand in others) or "nothing else",
)
def test_a_length_that_is_asked_for_is_kept_to_beside_all_else(others, longer):
    likeness = Likeness(1.5, longer)
    fine = 0
    for seed in SEEDS:
        texts = written([*others, Said(likeness.words())], ["chosen", "rejected"], seed)
        assert fault_in(others, texts) is None
        fine += bool(likeness.check(texts["chosen"], texts["rejected"]).passed)
    assert fine >= 0.9 * len(SEEDS)


def test_a_length_that_is_measured_counts_more_than_one_to_compare_with():
    given = "The desk lends drills against a deposit. " * 9
    said = Said(Likeness(1.35, "rejected").words(given))
    lengths = [len(written([said], ["rejected"], seed)["rejected"]) for seed in SEEDS]
    assert all(350 < length < 460 for length in lengths)


class Said:
    """A demand on the rejected half that is no more than words."""

    def __init__(self, words):
        self.words = f"rejected: {words}"
