"""Makes a model with random weights, for a vLLM's own interpreter: of 0.3 MB, or larger. Its words
make no sense; in a form it fills strings with a few of them.

    python make_model.py FOLDER TEXT [HIDDEN LAYERS]

Every hidden state has a constant part, by which a token can be given a head start: quotation marks
get one, so that strings end.
"""

import sys
from pathlib import Path

import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

SPECIAL = ["<|pad|>", "<|im_start|>", "<|im_end|>"]
CHAT = (
    "{% for message in messages %}<|im_start|>{{ message.role }}\n{{ message.content }}<|im_end|>\n"
    "{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)
CONSTANT, HEAD_START = 8.0, 4.0
"""The constant part, beside which the others are small, and how far ahead its tokens are (nats)."""


def make(folder: Path, texts: list[str], hidden: int = 64, layers: int = 2) -> None:
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(
        vocab_size=1024, special_tokens=SPECIAL, initial_alphabet=alphabet, show_progress=False
    )
    tokenizer.train_from_iterator(texts, trainer)
    wrapped = PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        pad_token=SPECIAL[0],
        bos_token=SPECIAL[1],
        eos_token=SPECIAL[2],
        chat_template=CHAT,
    )
    wrapped.save_pretrained(folder)
    torch.manual_seed(0)
    config = LlamaConfig(
        vocab_size=len(wrapped),
        hidden_size=hidden,
        intermediate_size=2 * hidden,
        num_hidden_layers=layers,
        num_attention_heads=hidden // 32,
        num_key_value_heads=hidden // 32,
        head_dim=32,
        max_position_embeddings=8192,
        bos_token_id=1,
        eos_token_id=2,
        pad_token_id=0,
    )
    model = LlamaForCausalLM(config)
    with torch.no_grad():
        model.model.embed_tokens.weight[:, 0] = CONSTANT
        model.lm_head.weight[:, 0] = 0.0
        for token in ('"', ".", SPECIAL[2]):
            # The last norm makes the constant part the root of the width.
            model.lm_head.weight[tokenizer.token_to_id(token), 0] = HEAD_START / hidden**0.5
    model.to(torch.bfloat16).save_pretrained(folder)


if __name__ == "__main__":
    lines = Path(sys.argv[2]).read_text(encoding="utf-8").splitlines()
    make(Path(sys.argv[1]), lines, *map(int, sys.argv[3:]))
