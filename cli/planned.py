"""A forecast as a table."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table

if TYPE_CHECKING:
    from ..pipeline.forecast import Forecast

__all__ = ["show"]


def show(plan: Forecast) -> None:
    """Print what a run would make and ask for."""
    console = Console(highlight=False, soft_wrap=True)
    table = Table(box=None, pad_edge=False)
    table.add_column("stage")
    table.add_column("model")
    for name in ("samples", "calls", "tokens in", "tokens out", "cost"):
        table.add_column(name, justify="right")
    for stage in plan.stages:
        table.add_row(
            stage.asker,
            stage.model,
            f"{stage.samples:,}",
            f"{stage.calls:,}",
            f"{stage.input_tokens:,}",
            f"{stage.output_tokens:,}",
            _money(stage.cost),
        )
    console.print(table)
    unused = f", {plan.unused_seeds:,} of them suit no generator" if plan.unused_seeds else ""
    console.print(
        f"{plan.seeds:,} seeds{unused}; {plan.samples:,} samples, at least {plan.calls:,} calls,"
        f" cost {_money(plan.cost)}"
    )
    console.print(
        "Tokens are estimated: the real first prompts, simulated replies, 4 characters each."
    )


def _money(cost: float | None) -> str:
    return "unknown" if cost is None else f"${cost:,.4f}"
