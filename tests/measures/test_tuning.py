"""Rules of thumb for fine-tuning: what they say, and what they rest on."""

import pytest

from silversmith.errors import RecipeError
from silversmith.measures.tuning import advise, parameters_of, workload


@pytest.mark.parametrize(
    ("said", "parameters"), [("8B", 8e9), ("8", 8e9), ("0.5b", 5e8), ("500M", 5e8), ("1T", 1e12)]
)
def test_sizes_of_models(said, parameters):
    assert parameters_of(said) == parameters


@pytest.mark.parametrize("said", ["", "big", "0B", "-8B", "8BB"])
def test_what_is_no_size_is_refused(said):
    with pytest.raises(RecipeError, match="is no model size: write 8B"):
        parameters_of(said)


def test_adapters_want_fewer_samples_and_more_quality_than_full_training():
    lora, full = (advise(way, 8e9, 4) for way in ("lora", "full"))
    assert (lora.budget, full.budget) == (4_000, 12_000)
    assert lora.quality > full.quality
    assert lora.epochs > full.epochs
    assert lora.general_share < full.general_share
    assert lora.capacity_tokens == pytest.approx(8e7)
    assert full.capacity_tokens is None


def test_more_strategies_and_smaller_models_want_more_samples():
    assert advise("qlora", None, 3).budget == 3_000
    assert advise("qlora", 1e9, 3).budget > advise("qlora", 8e9, 3).budget
    assert advise("qlora", 70e9, 3).budget < advise("qlora", 8e9, 3).budget
    assert advise("lora", 70e9, 1).budget == 1_000


def test_every_figure_has_its_reason_and_each_reason_a_source():
    reasons = advise("lora", 70e9, 2).reasons
    assert len(reasons) == 7
    for source in ("LIMA", "DEITA", "AlpaGasus", "Scialom", "Biderman", "Muennighoff", "Schulman"):
        assert any(source in reason for reason in reasons)


def test_the_work_of_a_training():
    advice = advise("full", 8e9, 1)
    load = workload(advice, 300, 1_000, gpu_hour=2.5)
    assert load.tokens == 300 * 1_000 * 2
    assert load.flops == pytest.approx(6 * 8e9 * load.tokens)
    assert load.cost == pytest.approx(load.gpu_hours * 2.5)
    adapters = workload(advise("lora", 8e9, 1), 300, 1_000)
    assert adapters.flops == pytest.approx(4 * 8e9 * adapters.tokens)
    assert adapters.cost is None
    assert workload(advise("lora"), 300, 1_000).gpu_hours is None
