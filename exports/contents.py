"""What an export holds, counted sample by sample while it is written."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field

from ..records import Sample
from .licences import NOT_STATED

__all__ = ["Contents"]

_PLACE = re.compile(r"(#[\d.]+|:\d+-\d+)$")
_OTHERS = "others"
_MOST_NAMES = 1_000


@dataclass
class Contents:
    """What was written.

    Attributes:
        samples: how many gave a row.
        strategies: samples by strategy.
        models, rejected_models: by the model that wrote the sample, and its rejected half.
        templates: by template and its hash, "instruction 0f3a…".
        sources: by the file that the seed is from, without its folder.
        licences: by the licence of the seed.
        tiers: by what people decided: gold or silver; none where nobody was asked.
        judges: judgements by judge, criterion and model.
        calibrated: those of them with a calibrated probability.
        judged: samples with a judgement.
        verified: samples that a check without a model could tell something of, and none refuted.
        simulated: samples, any part of which a simulated model wrote.
    """

    samples: int = 0
    strategies: Counter[str] = field(default_factory=Counter)
    models: Counter[str] = field(default_factory=Counter)
    rejected_models: Counter[str] = field(default_factory=Counter)
    templates: Counter[str] = field(default_factory=Counter)
    sources: Counter[str] = field(default_factory=Counter)
    licences: Counter[str] = field(default_factory=Counter)
    tiers: Counter[str] = field(default_factory=Counter)
    judges: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    calibrated: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    judged: int = 0
    verified: int = 0
    simulated: int = 0

    def add(self, sample: Sample) -> None:
        """Count one sample."""
        self.samples += 1
        self.strategies[sample.strategy or "none"] += 1
        templates = set()
        for origin, models in (
            (sample.origin, self.models),
            (sample.rejected_origin, self.rejected_models),
        ):
            if origin is not None and origin.model:
                _count(models, origin.model)
            if origin is not None and origin.template:
                templates.add(f"{origin.template} {origin.template_hash}".strip())
        for template in sorted(templates):
            _count(self.templates, template)
        if sample.seed is not None:
            _count(self.licences, sample.seed.licence or NOT_STATED)
            _count(self.sources, _file(sample.seed.source) or NOT_STATED)
        if sample.review is not None:
            self.tiers[sample.review.tier] += 1
        for one in sample.judgements:
            who = (one.judge, one.criterion, one.model)
            self.judges[who] += 1
            self.calibrated[who] += one.probability is not None
        self.judged += bool(sample.judgements)
        self.verified += sample.verified is True
        self.simulated += sample.simulated


def _count(counts: Counter[str], name: str) -> None:
    """Count a name that comes from data: of a great many, those that come late are one."""
    counts[name if name in counts or len(counts) < _MOST_NAMES else _OTHERS] += 1


def _file(source: str) -> str:
    """The name of the file that a seed is from; its folder is nobody else's business."""
    path = _PLACE.sub("", source)
    return path if "://" in path else path.replace("\\", "/").rpartition("/")[2]
