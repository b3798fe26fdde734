"""How much data a way of fine-tuning wants: rules of thumb, each with what it rests on."""

from __future__ import annotations

import math
import re
from dataclasses import asdict, dataclass
from typing import Any, Literal

from ..errors import RecipeError

__all__ = ["Advice", "Tuning", "Workload", "advise", "parameters_of", "workload"]

Tuning = Literal["lora", "qlora", "full"]
"""Low-rank adapters (Hu et al. 2022), the same on a quantised model (Dettmers et al. 2023), or all
of the parameters."""

_SIZE = re.compile(r"\s*(\d+(?:\.\d+)?)\s*([mMbBtT]?)\s*")
_SCALE = {"": 1e9, "m": 1e6, "b": 1e9, "t": 1e12}
_PER_STRATEGY = {"lora": 1_000, "qlora": 1_000, "full": 3_000}
_GENERAL = {"lora": 0.05, "qlora": 0.05, "full": 0.1}
_EPOCHS = {"lora": 3, "qlora": 3, "full": 2}
_QUALITY = {"lora": 1.0, "qlora": 1.0, "full": 0.5}
_ADAPTER_SHARE = 0.005
_BITS_PER_PARAMETER = 2.0
_PEAK = 989e12
_USED = 0.4
_LEAST = 1_000
_BUDGETS = (
    "1,000 chosen samples taught a 65B model to answer (LIMA, Zhou et al. 2023), 6,000 chosen ones "
    "did as well as ten times as many (DEITA, Liu et al. 2024; a 7B model), 9,000 chosen of 52,000 "
    "did better than all, as GPT-4 judged (AlpaGasus, Chen et al. 2024)"
)
_MORE_PAYS = (
    "from about 100,000 samples of code and mathematics full training learned more than adapters "
    "(Biderman et al. 2024); which of the two is better depends on task and data (Zhang et al. "
    "2024, When scaling meets LLM finetuning)"
)
_FEW_DO = (
    "from about 100,000 samples of code and mathematics adapters learned less than full training "
    "(Biderman et al. 2024); which of the two is better depends on task and data (Zhang et al. "
    "2024, When scaling meets LLM finetuning)"
)


@dataclass(frozen=True, slots=True)
class Advice:
    """What a rule of thumb suggests; nobody has measured it on your data.

    Attributes:
        tuning: the way of fine-tuning.
        parameters: of the model, or None where nobody said.
        strategies: how many kinds of sample there are.
        budget: how many samples.
        general_share: the share of general data to mix in against forgetting, 0 to 1.
        epochs: how often to go through them.
        distance: the least distance (one less the cosine) between two samples.
        quality, diversity, coverage: what counts how much in the choice.
        capacity_tokens: about how many tokens an adapter can take in, or None for all parameters.
        reasons: why, with the sources.
    """

    tuning: Tuning
    parameters: float | None
    strategies: int
    budget: int
    general_share: float
    epochs: int
    distance: float
    quality: float
    diversity: float
    coverage: float
    capacity_tokens: float | None
    reasons: tuple[str, ...]

    def as_dict(self) -> dict[str, Any]:
        """For programs."""
        return {**asdict(self), "reasons": list(self.reasons)}


@dataclass(frozen=True, slots=True)
class Workload:
    """What a training would take.

    Attributes:
        tokens: of all epochs, estimated.
        flops: operations, estimated; None where the model's size is not known.
        gpu_hours: on one H100, at 40% of its 989 TFLOP/s (BF16, dense); None as `flops`.
        cost: US dollars; None where nobody said what an hour costs.
    """

    tokens: float
    flops: float | None
    gpu_hours: float | None
    cost: float | None


def parameters_of(size: str) -> float:
    """The number of parameters that "8B", "500M" or "8" (billions) says.

    Raises:
        RecipeError: it is no size.
    """
    found = _SIZE.fullmatch(size)
    if found is None or not float(found[1]):
        raise RecipeError(f"{size!r} is no model size: write 8B, or 500M")
    return float(found[1]) * _SCALE[found[2].lower()]


def advise(tuning: Tuning, parameters: float | None = None, strategies: int = 1) -> Advice:
    """What to choose for a way of fine-tuning.

    Args:
        tuning: the way.
        parameters: of the model.
        strategies: how many kinds of sample the dataset has.
    """
    per_strategy = _PER_STRATEGY[tuning]
    factor = 1.0
    if parameters is not None and not 4e9 <= parameters <= 20e9:
        factor = 2.0 if parameters < 4e9 else 0.75
    budget = max(_LEAST, round(per_strategy * max(strategies, 1) * factor, -2))
    full = tuning == "full"
    reasons = [
        f"{per_strategy:,} samples for each strategy, of which there are {max(strategies, 1)}: "
        f"{_BUDGETS}; " + (_MORE_PAYS if full else _FEW_DO),
        _about_size(parameters, factor),
        f"{_GENERAL[tuning]:.0%} general data against forgetting: rehearsing 1% of the earlier "
        "tasks' data kept them (Scialom et al. 2022), and here it is more, as nobody has these "
        "data; adapters forget less than full training (Biderman et al. 2024, LoRA learns less and "
        "forgets less)",
        f"{_EPOCHS[tuning]} epochs: up to 4 passes over the same data are about as good as new "
        "data in pre-training (Muennighoff et al. 2023); that adapters, which forget less, get one "
        "more is ours",
        "no two samples nearer than 0.1 (a cosine of 0.9): the figure is ours; DEITA, too, passes "
        "over what is near to what it has chosen",
        f"quality counts {_QUALITY[tuning]:g} to 1 for diversity: "
        + (
            "with more samples, what is covered matters more; the figure is ours"
            if full
            else "fewer and better samples did better than more (AlpaGasus); the figure is ours"
        ),
    ]
    capacity = None
    if not full and parameters is not None:
        capacity = parameters * _ADAPTER_SHARE * _BITS_PER_PARAMETER
        reasons.append(
            "an adapter does as well as full training while it can hold what is in the data "
            "(Schulman et al. 2025, LoRA without regret): one of rank 16 on all layers has about "
            f"0.5% of the parameters, and would hold {capacity / 1e6:,.0f} million tokens at 2 "
            "bits a parameter (Allen-Zhu and Li 2024, Knowledge capacity scaling laws) if a token "
            "took 1 bit, which is a guess"
        )
    return Advice(
        tuning=tuning,
        parameters=parameters,
        strategies=strategies,
        budget=int(budget),
        general_share=_GENERAL[tuning],
        epochs=_EPOCHS[tuning],
        distance=0.1,
        quality=_QUALITY[tuning],
        diversity=1.0,
        coverage=0.5,
        capacity_tokens=capacity,
        reasons=tuple(reason for reason in reasons if reason),
    )


def _about_size(parameters: float | None, factor: float) -> str:
    if parameters is None:
        return ""
    billions = f"{parameters / 1e9:g}B"
    if factor == 1:
        return f"nothing added or taken off for a model of {billions} (from 4B to 20B)"
    more = "twice as many" if factor > 1 else "a quarter fewer"
    return (
        f"{more} for a model of {billions}: 1,000 samples sufficed at 65B (LIMA), 6,000 were taken "
        "at 7B (DEITA)"
    )


def workload(
    advice: Advice, tokens_per_sample: float, samples: int, gpu_hour: float | None = None
) -> Workload:
    """What training on so many samples would take.

    Operations are 6 for each parameter and token in full training (Kaplan et al. 2020), and 4 with
    adapters, which need no gradient of the frozen parameters (about two thirds, as Schulman et al.
    2025 count too).

    Args:
        advice: the way of fine-tuning, and how many epochs.
        tokens_per_sample: on the mean.
        samples: how many.
        gpu_hour: what an hour of one GPU costs, in US dollars.
    """
    tokens = tokens_per_sample * samples * advice.epochs
    if advice.parameters is None:
        return Workload(tokens, None, None, None)
    flops = (6 if advice.tuning == "full" else 4) * advice.parameters * tokens
    hours = flops / (_PEAK * _USED) / 3600
    cost = None if gpu_hour is None or math.isnan(gpu_hour) else hours * gpu_hour
    return Workload(tokens, flops, hours, cost)
