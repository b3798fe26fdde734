"""Where servers run, and what is said where a model does not fit; on made-up GPUs."""

import json

import pytest

from silversmith.errors import RecipeError
from silversmith.models.vllm.hardware import GIB, Gpu, read_gpus
from silversmith.models.vllm.need import Need, need_of_files, weights_in, with_options
from silversmith.models.vllm.need import _by_name as by_name
from silversmith.models.vllm.placement import Wish, check_memory, place

# Qwen3-8B: 36 layers, 8 heads of keys and values of 128; 16.4 GB of weights.
EIGHT_B = Need(weights=16_381_470_720, token=2 * 36 * 8 * 128 * 2, heads=32, context=40_960)
# Llama-3.3-70B: 80 layers, 8 heads of keys and values of 128; 141 GB.
SEVENTY_B = Need(weights=141_107_412_992, token=2 * 80 * 8 * 128 * 2, heads=64, context=131_072)


def gpus(count, gib, free=None):
    return [
        Gpu(str(i), "NVIDIA H100", gib * GIB, int((free if free is not None else gib - 0.5) * GIB))
        for i in range(count)
    ]


def test_a_model_that_fits_into_one_gpu_gets_a_server_on_each():
    found = place("m", EIGHT_B, gpus(4, 80), Wish())
    assert found.groups == (("0",), ("1",), ("2",), ("3",))
    assert found.said == (
        "weights of 15.3 GiB: 4 servers, one on each GPU (NVIDIA H100 with 80.0 GiB)"
    )
    assert found.share is None


def test_a_model_that_does_not_fit_into_one_is_spread_over_as_few_as_hold_it():
    found = place("m", SEVENTY_B, gpus(8, 80), Wish())
    assert found.groups == (("0", "1", "2", "3"), ("4", "5", "6", "7"))
    assert "2 servers on 4 GPUs each" in found.said
    assert len(place("m", SEVENTY_B, gpus(8, 141), Wish(length=4096)).groups) == 4
    odd = Need(weights=SEVENTY_B.weights, token=SEVENTY_B.token, heads=40, context=131_072)
    assert len(place("m", odd, gpus(8, 80), Wish()).groups) == 2


def test_gpus_that_are_left_over_are_told():
    found = place("m", SEVENTY_B, gpus(7, 80), Wish())
    assert found.groups == (("0", "1", "2", "3"),)
    assert found.said.endswith("3 of 7 GPUs stay unused")


def test_what_the_recipe_fixes_is_kept():
    assert place("m", EIGHT_B, gpus(4, 80), Wish(replicas=1)).groups == (("0",),)
    assert place("m", EIGHT_B, gpus(4, 80), Wish(together=2)).groups == (("0", "1"), ("2", "3"))
    with pytest.raises(RecipeError, match=r"3 servers on 2 GPUs each are asked for.*: at most 2"):
        place("m", EIGHT_B, gpus(4, 80), Wish(together=2, replicas=3))
    with pytest.raises(RecipeError, match="one server on 8 GPUs is asked for"):
        place("m", EIGHT_B, gpus(4, 80), Wish(together=8))


def test_two_models_of_a_recipe_share_the_gpus():
    assert place("m", EIGHT_B, gpus(4, 80), Wish(models=2)).groups == (("0",), ("1",))
    alone = place("m", EIGHT_B, gpus(1, 80), Wish(models=2))
    assert alone.groups == (("0",),)
    assert alone.share == 0.45


def test_gpus_with_most_room_are_taken():
    mixed = [
        *gpus(1, 80, free=4),
        *(Gpu(str(i), "NVIDIA H100", 80 * GIB, 79 * GIB) for i in (1, 2)),
    ]
    assert place("m", EIGHT_B, mixed, Wish(replicas=1, models=2)).groups == (("1",),)


def test_too_little_memory_says_the_numbers_and_a_shorter_length_that_fits():
    with pytest.raises(RecipeError) as caught:
        place("Qwen/Qwen3-8B", EIGHT_B, gpus(1, 24), Wish())
    assert str(caught.value) == (
        "Qwen/Qwen3-8B: its weights take 15.3 GiB and one sequence of 40,960 tokens 5.6 GiB, with"
        " 2.0 GiB on each GPU to compute in, and 1 GPU (NVIDIA H100, 24.0 GiB) leave 21.6 GiB each;"
        " what would fit: `engine: {max_model_len: 30720}` or 2 such GPUs (tensor parallel)"
    )
    assert place("m", EIGHT_B, gpus(1, 24), Wish(length=30_720)).groups == (("0",),)


def test_too_little_memory_for_the_weights_says_which_quantisation_fits():
    with pytest.raises(RecipeError, match=r"quantization: fp8, max_model_len: 4096") as caught:
        place("Qwen/Qwen3-8B", EIGHT_B, gpus(1, 16), Wish())
    assert "or 2 such GPUs" in str(caught.value)
    smaller = with_options(EIGHT_B, {"quantization": "fp8"})
    assert place("m", smaller, gpus(1, 16), Wish(length=4096)).groups == (("0",),)


def test_memory_that_another_program_has_is_named():
    with pytest.raises(RecipeError, match=r"70\.0 GiB of GPU 0 are taken"):
        place("m", EIGHT_B, gpus(1, 80, free=10), Wish())


def test_no_gpu():
    with pytest.raises(RecipeError, match=r"no GPU is seen by nvidia-smi.*15\.3 GiB"):
        place("m", EIGHT_B, [], Wish())


def test_a_model_of_unknown_size_gets_a_server_on_each_gpu():
    assert len(place("m", Need(), gpus(2, 80), Wish()).groups) == 2


def test_memory_on_the_cpu():
    assert check_memory("m", EIGHT_B, 64 * GIB, 4096) == 16 * 4096 * EIGHT_B.token
    with pytest.raises(RecipeError) as caught:
        check_memory("m", EIGHT_B, 20 * GIB, None)
    assert str(caught.value) == (
        "m: its weights take 15.3 GiB and one sequence of 40,960 tokens 5.6 GiB, with 2.0 GiB to"
        " compute in, and 20.0 GiB of memory are free; `engine: {max_model_len: 19968}` would fit"
    )
    check_memory("m", EIGHT_B, 20 * GIB, 19_968)


def test_what_a_models_files_say(tmp_path):
    config = {
        "hidden_size": 4096, "num_hidden_layers": 36, "num_attention_heads": 32,
        "num_key_value_heads": 8, "head_dim": 128, "torch_dtype": "bfloat16",
        "max_position_embeddings": 40_960,
    }  # fmt: skip
    (tmp_path / "config.json").write_text(json.dumps(config))
    for name in ("model-00001-of-00002", "model-00002-of-00002", "consolidated.00"):
        (tmp_path / f"{name}.safetensors").write_bytes(bytes(1000))
    (tmp_path / "pytorch_model.bin").write_bytes(bytes(5000))
    assert need_of_files(tmp_path) == Need(2000, EIGHT_B.token, 32, 40_960)
    (tmp_path / "config.json").write_text("not JSON")
    assert need_of_files(tmp_path) == Need(2000)


def test_each_weight_counts_once():
    assert weights_in({"consolidated.safetensors": 7}) == 7
    assert (
        weights_in({"pytorch_model-1.bin": 3, "pytorch_model-2.bin": 4, "training_args.bin": 9})
        == 7
    )
    assert weights_in({"config.json": 9}) == 0


@pytest.mark.parametrize(
    ("name", "billions"),
    [
        ("Qwen/Qwen3-8B", 16), ("meta-llama/Llama-3.1-70B-Instruct", 140), ("org/tiny-0.6B", 1.2),
        ("mistralai/Mixtral-8x7B-v0.1", 112), ("Qwen/Qwen2.5-7B-Instruct-AWQ", 4.2),
        ("google/gemma-2-9b-it", 18), ("RedHatAI/Qwen3-8B-FP8-dynamic", 8.4),
        ("openai/whisper", None), ("Qwen/Qwen3-30B-A3B", 60),
    ],
)  # fmt: skip
def test_what_a_name_says(name, billions):
    assert by_name(name) == (None if billions is None else pytest.approx(billions * 1e9))


def test_gpus_as_nvidia_smi_tells_them():
    text = (
        "0, GPU-aa11, NVIDIA H100 80GB HBM3, 81559, 81008\n"
        "1, GPU-bb22, NVIDIA H100 80GB HBM3, 81559, 1200\n"
        "2, GPU-cc33, NVIDIA GB10, [N/A], [N/A]\n"
    )
    first, second = read_gpus(text, None)
    assert (first.index, first.total, second.free) == ("0", 81559 * 2**20, 1200 * 2**20)
    assert [gpu.index for gpu in read_gpus(text, "1,0")] == ["1", "0"]
    assert [gpu.index for gpu in read_gpus(text, "GPU-bb")] == ["1"]
    assert read_gpus(text, "") == []
    assert [gpu.index for gpu in read_gpus(text, "0,7,1")] == ["0"]
