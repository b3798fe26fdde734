"""For LLaMA-Factory's own interpreter: reads a configuration as its command line does, and prints
what became of it.

    python configured_by_llamafactory.py FILE
"""

import importlib.machinery
import json
import os
import sys
import types

# They are imported for audio, and for files of its own command line; neither is used here.
for name in ("torchaudio", "omegaconf"):
    module = types.ModuleType(name)
    module.__spec__ = importlib.machinery.ModuleSpec(name, None)
    module.OmegaConf = None
    sys.modules[name] = module

# It runs on the transformers of TRL's environment, a newer one than it asks for.
os.environ["DISABLE_VERSION_CHECK"] = "1"

import yaml  # noqa: E402
from llamafactory.hparams import get_train_args  # noqa: E402


def main(file: str) -> None:
    with open(file, encoding="utf-8") as text:
        given = yaml.safe_load(text)
    # Without a GPU there is no BF16, and training is not what is tried.
    found = get_train_args({**given, "bf16": False, "use_cpu": True})
    read = {}
    for arguments in found:
        read |= {name: str(getattr(arguments, name)) for name in given if hasattr(arguments, name)}
    print(json.dumps({"unknown": sorted(given.keys() - read.keys()), **read}))


if __name__ == "__main__":
    main(*sys.argv[1:])
