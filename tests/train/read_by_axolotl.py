"""For Axolotl's own interpreter: reads an export with Axolotl's code, and prints what is learned.

python read_by_axolotl.py TYPE_OF_DATASET FILE MODEL OPTIONS_OF_THE_DATASET
"""

import json
import sys

from axolotl.prompt_strategies import load
from axolotl.prompt_strategies.dpo import load as load_dpo
from axolotl.utils.dict import DictDefault
from axolotl.utils.schemas.config import AxolotlInputConfig
from transformers import AutoTokenizer

PAIRS, STEPS = "chat_template.default", "stepwise_supervised"


def main(kind: str, file: str, model: str, options: str) -> None:
    dataset = {"path": file, "ds_type": "json", "type": kind, "split": "train"}
    dataset |= json.loads(options)
    config = {
        "base_model": model,
        "datasets": [dataset],
        "micro_batch_size": 1,
        "gradient_accumulation_steps": 1,
        "num_epochs": 1,
        "learning_rate": 1e-4,
        "sequence_len": 16384,
        "chat_template": "tokenizer_default",
        **({"rl": "dpo"} if kind == PAIRS else {}),
        **({"process_reward_model": True} if kind == STEPS else {}),
    }
    AxolotlInputConfig.model_validate(config)  # what Axolotl makes of its YAML
    tokenizer = AutoTokenizer.from_pretrained(model)
    cfg = DictDefault({**config, "train_on_inputs": False})
    with open(file, encoding="utf-8") as lines:
        rows = [json.loads(line) for line in lines]
    if kind == PAIRS:
        transform, _ = load_dpo(kind, cfg, dataset_idx=0)
        for row in rows:
            print("read", json.dumps(transform(row, tokenizer=tokenizer)))
        return
    strategy = load(kind, tokenizer, cfg, DictDefault(dataset))
    for row in rows:
        made = strategy.tokenize_prompt(row)
        learned = [token for token in made["labels"] if token != -100]
        whole = tokenizer.decode(made["input_ids"])
        told = learned if kind == STEPS else tokenizer.decode(learned)
        print("read", json.dumps([whole, told]))


if __name__ == "__main__":
    main(*sys.argv[1:])
