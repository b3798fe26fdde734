"""`silversmith export`."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from .tuned import check_tune

if TYPE_CHECKING:
    from collections.abc import Callable

    from ..exports.starter import Starter
    from ..exports.token_report import TokenCount
    from ..records import Sample

NAME = "export"


class Reviewed(StrEnum):
    """Which samples, by what people decided about them."""

    all = "all"
    gold = "gold"
    silver = "silver"


def command(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="A run's folder.")],
    format_: Annotated[
        str,
        typer.Option(
            "--format",
            "-f",
            help="trl-sft, trl-sft-turns, trl-dpo, trl-kto, trl-reward, trl-stepwise, trl-grpo,"
            " axolotl, axolotl-dpo, llamafactory, llamafactory-dpo, openai-sft, openai-preference,"
            " sharegpt, alpaca, datasets, jsonl, or one of your own; or the planned samples of a"
            " review for argilla, label-studio, csv or xlsx.",
        ),
    ],
    to: Annotated[
        Path | None,
        typer.Option("--to", help="Where to write.", show_default="DIR/exports/FORMAT"),
    ] = None,
    set_: Annotated[
        list[str] | None,
        typer.Option(
            "--set", help="An option of the format, such as reasoning=think (repeatable)."
        ),
    ] = None,
    split: Annotated[
        str,
        typer.Option(
            "--split",
            metavar="NAME=SHARE,...",
            help="Write a file for each split, such as train=0.9,test=0.1: no seed and no prompt is"
            " in two of them, and each has its share of every strategy.",
        ),
    ] = "",
    split_seed: Annotated[
        int, typer.Option("--split-seed", min=0, help="Another number splits in another way.")
    ] = 0,
    push_to: Annotated[
        str,
        typer.Option(
            "--push-to",
            metavar="USER/NAME",
            help="Put what was written into this dataset repository of the Hugging Face hub too. A"
            " new one is private.",
        ),
    ] = "",
    allow_simulated: Annotated[
        bool, typer.Option("--allow-simulated", help="Export samples of a simulated model too.")
    ] = False,
    reviewed: Annotated[
        Reviewed,
        typer.Option(
            "--reviewed",
            help="gold: what people accepted or mended; silver: what nobody decided about; all:"
            " both. What people rejected or dispute is in none.",
        ),
    ] = Reviewed.all,
    require_certificate: Annotated[
        float | None,
        typer.Option(
            "--require-certificate",
            min=0,
            max=1,
            help="Refuse unless a certificate shows that this share, such as 0.9, is acceptable.",
        ),
    ] = None,
    pairs: Annotated[
        bool,
        typer.Option(
            "--fixes-as-pairs",
            help="Make what people mended a pair: as mended is chosen, as it was is rejected.",
        ),
    ] = False,
    database: Annotated[
        str,
        typer.Option("--database", help="The review's database, where it is not DIR/review.db."),
    ] = "",
    tokenizer: Annotated[
        str,
        typer.Option(
            "--tokenizer",
            help="Count the tokens of each row by a model's own tokenizer and chat template: its"
            " folder, or its id on the hub.",
        ),
    ] = "",
    context: Annotated[
        int | None,
        typer.Option(
            "--context",
            min=1,
            help="The most tokens a row may have; longer ones are left out, since a trainer would"
            " cut them.",
        ),
    ] = None,
    keep_longer: Annotated[
        bool, typer.Option("--keep-longer", help="Write rows longer than --context all the same.")
    ] = False,
    config: Annotated[
        str | None,
        typer.Option(
            "--config",
            help="Write a configuration to start a training with, beside the rows: lora, qlora or"
            " full; needs --model.",
        ),
    ] = None,
    model: Annotated[
        str,
        typer.Option(
            "--model",
            help="The model to train: its folder, or its id on the hub; its tokenizer counts.",
        ),
    ] = "",
    model_size: Annotated[
        str, typer.Option("--model-size", help="How many parameters it has, such as 8B.")
    ] = "",
    allow_licence: Annotated[
        list[str] | None,
        typer.Option(
            "--allow-licence",
            help="Export samples of seeds under this licence although it forbids it, since there is"
            " another permission (repeatable).",
        ),
    ] = None,
) -> None:
    """Write the kept samples in a training format, as people left them."""
    from ..exports import Export, HandOver, Splits, export, hand_over
    from ..exports import require_certificate as require
    from ..exports.hub import check_repository, push
    from ..pipeline.components import component
    from .options import settings

    starter = _starter(config, model, model_size)
    tokenizer = tokenizer or model
    if (context is not None or keep_longer) and not tokenizer:
        raise typer.BadParameter(
            "only counted tokens tell: add --tokenizer", param_hint="--context"
        )
    entry = {format_: settings(set_ or [])}
    chosen = component("exports", (Export, HandOver), entry, "--format")
    splits = Splits.parse(split, split_seed) if split else None
    if require_certificate is not None:
        require(folder, require_certificate)
    if isinstance(chosen, HandOver):
        if splits is not None or push_to:
            raise typer.BadParameter(f"--split and --push-to are for training, not for {format_}")
        if tokenizer or allow_licence:
            raise typer.BadParameter(
                f"--tokenizer, --config and --allow-licence are for training, not for {format_}"
            )
        print(hand_over(folder, chosen, to, reasons=_reasons()))
    elif isinstance(chosen, Export):
        if push_to:
            check_repository(push_to)
        report = export(
            folder, chosen, to, allow_simulated,
            review=_review(folder, database, reviewed, pairs),
            splits=splits,
            tokens=_tokens(tokenizer, context, keep_longer),
            starter=starter,
            allow_licences=allow_licence or (),
        )  # fmt: skip
        print(report)
        if push_to:
            print(push(report, push_to))


def _starter(config: str | None, model: str, model_size: str) -> Starter | None:
    """What writes a configuration; None where none is wanted."""
    tuning = check_tune(config, "--config")
    if tuning is None and (model or model_size):
        raise typer.BadParameter("goes with --config", param_hint="--model")
    if tuning is None:
        return None
    if not model:
        raise typer.BadParameter("say which model is to be trained", param_hint="--model")
    from ..exports.starter import Starter
    from ..measures.tuning import parameters_of

    return Starter(tuning, model, parameters_of(model_size) if model_size else None)


def _tokens(tokenizer: str, context: int | None, keep_longer: bool) -> TokenCount | None:
    """What counts tokens; None where no tokenizer was named."""
    if not tokenizer:
        return None
    from ..exports.model_files import load_chat_template
    from ..exports.token_report import TokenCount

    return TokenCount(load_chat_template(tokenizer), context, keep_longer=keep_longer)


def _review(
    folder: Path, database: str, tier: Reviewed, pairs: bool
) -> Callable[[Sample], Sample | str] | None:
    """What people's verdicts make of each sample; None where nobody was asked."""
    from ..review.where import verdicts_in

    verdicts = verdicts_in(folder, database)
    if tier is Reviewed.all and not verdicts:
        return None
    from ..review.decided import decided, reviewed

    return reviewed(decided(verdicts), tier.value, pairs=pairs)


def _reasons() -> list[str]:
    """The defects that a project begins with."""
    from ..review.store import REASONS

    return list(REASONS)
