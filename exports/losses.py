"""Which tokens of a row count in the loss, for each format and its trainer."""

from __future__ import annotations

__all__ = ["learned_from"]

_BOTH = "both answers, and nothing of the prompt, as the log-probabilities that are compared"
_LEARNED = {
    # https://huggingface.co/docs/trl/sft_trainer
    "trl-sft": (
        "the assistant's turns, with `assistant_only_loss: true`, as the starter configuration has"
        " it; TRL's own default learns the prompts too"
    ),
    "trl-sft-turns": "the completion, as is TRL's default for rows with a prompt and a completion",
    "trl-dpo": _BOTH,
    "trl-kto": "the completion, as the log-probability that is raised or lowered by its label",
    "trl-reward": "no token: one score for each whole conversation",
    "trl-stepwise": "no token of the steps: one label after each step",
    "trl-grpo": "what the model itself answers while it is trained; nothing that is in the rows",
    # https://docs.axolotl.ai/docs/dataset-formats/conversation.html
    "axolotl": (
        "the assistant's turns, each with the token that ends it (`roles_to_train: [assistant]`,"
        " `train_on_eos: turn`, which are Axolotl's defaults)"
    ),
    "axolotl-dpo": _BOTH,
    # src/llamafactory/hparams/data_args.py of https://github.com/hiyouga/LLaMA-Factory
    "llamafactory": (
        "every turn of the assistant (`train_on_prompt: false`, `mask_history: false`, which are"
        " LLaMA-Factory's defaults)"
    ),
    "llamafactory-dpo": _BOTH,
    # https://platform.openai.com/docs/guides/supervised-fine-tuning
    "openai-sft": "every message of the assistant but those with `weight` 0",
    "openai-preference": _BOTH,
}


def learned_from(kind: str) -> str:
    """Which tokens of a format's rows its trainer learns, in a sentence without an end; "" for a
    format that several trainers read, or one of your own: its trainer's options say."""
    return _LEARNED.get(kind, "")
