"""For LLaMA-Factory's own interpreter: reads an export with LLaMA-Factory's code, and prints what
is learned.

    python read_by_llamafactory.py FOLDER NAME MODEL TEMPLATE
"""

import importlib.machinery
import json
import sys
import types
from types import SimpleNamespace

# It is imported for audio, which no row has.
audio = types.ModuleType("torchaudio")
audio.__spec__ = importlib.machinery.ModuleSpec("torchaudio", None)
sys.modules["torchaudio"] = audio

from datasets import load_dataset  # noqa: E402
from llamafactory.data.converter import align_dataset  # noqa: E402
from llamafactory.data.parser import get_dataset_list  # noqa: E402
from llamafactory.data.processor.pairwise import PairwiseDatasetProcessor  # noqa: E402
from llamafactory.data.processor.supervised import SupervisedDatasetProcessor  # noqa: E402
from llamafactory.data.template import get_template_and_fix_tokenizer  # noqa: E402
from transformers import AutoTokenizer  # noqa: E402


def main(folder: str, name: str, model: str, template: str) -> None:
    (described,) = get_dataset_list([name], folder)
    options = SimpleNamespace(
        cutoff_len=16384,
        default_system=None,
        enable_thinking=True,
        mask_history=False,
        media_dir=folder,
        overwrite_cache=True,
        preprocessing_num_workers=1,
        preserve_thinking=False,
        streaming=False,
        template=template,
        tool_format=None,
        train_on_prompt=False,
    )
    rows = load_dataset("json", data_files=f"{folder}/{described.dataset_name}", split="train")
    aligned = align_dataset(rows, described, options, SimpleNamespace(local_process_index=0))
    tokenizer = AutoTokenizer.from_pretrained(model)
    kind = PairwiseDatasetProcessor if described.ranking else SupervisedDatasetProcessor
    processor = kind(get_template_and_fix_tokenizer(tokenizer, options), tokenizer, None, options)
    made = processor.preprocess_dataset(aligned[:])
    halves = ("chosen_labels", "rejected_labels") if described.ranking else ("labels",)
    for learned in zip(*(made[half] for half in halves), strict=True):
        texts = [tokenizer.decode([t for t in one if t != -100]) for one in learned]
        print("read", json.dumps(texts))


if __name__ == "__main__":
    main(*sys.argv[1:])
