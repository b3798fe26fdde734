"""The family of a model is read off its name."""

import pytest

from silversmith.checks.families import family_of


@pytest.mark.parametrize(
    ("model", "family"),
    [
        ("openai/gpt-5-mini", "gpt"),
        ("gpt-4o-2024-08-06", "gpt"),
        ("o3-mini", "gpt"),
        ("chatgpt-4o-latest", "gpt"),
        ("text-davinci-003", "gpt"),
        ("claude-opus-4-1", "claude"),
        ("anthropic/claude-3-5-sonnet:beta", "claude"),
        ("meta-llama/Llama-3.1-8B-Instruct", "llama"),
        ("Qwen/Qwen3-8B", "qwen"),
        ("mistralai/Mixtral-8x7B-Instruct-v0.1", "mistral"),
        ("deepseek-r1-distill-llama-8b", "deepseek"),
        ("falcon-180b", "falcon"),
        ("simulated", "simulated"),
        ("", ""),
        ("7", ""),
    ],
)
def test_family(model, family):
    assert family_of(model) == family
