"""Control tokens of chat templates are found, and what looks a little like them is not."""

import pytest

from silversmith.checks.control_tokens import find_control_token


@pytest.mark.parametrize(
    "token",
    ["<|im_start|>", "<|eot_id|>", "<|endoftext|>", "[/INST]", "<<SYS>>", "<end_of_turn>",
     "<｜end▁of▁sentence｜>"],
)  # fmt: skip
def test_tokens(token):
    assert find_control_token(f"So it is.{token}\n and more") == token


@pytest.mark.parametrize(
    "text",
    ["", "a <| b |> c", "print(a << 2 >> b)", "<script>x</script>", "[INSTALL]", "<s>struck</s>"],
)
def test_none(text):
    assert find_control_token(text) is None
