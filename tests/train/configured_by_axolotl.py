"""For Axolotl's own interpreter: reads a configuration with Axolotl's schema, and prints it.

python configured_by_axolotl.py FILE
"""

import json
import sys

import yaml
from axolotl.utils.schemas.config import AxolotlInputConfig


def main(file: str) -> None:
    with open(file, encoding="utf-8") as text:
        given = yaml.safe_load(text)
    read = AxolotlInputConfig.model_validate(given)
    unknown = sorted(given.keys() - AxolotlInputConfig.model_fields.keys())
    print(json.dumps({"unknown": unknown, **{name: str(getattr(read, name)) for name in given}}))


if __name__ == "__main__":
    main(*sys.argv[1:])
