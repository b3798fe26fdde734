"""Every field of a sample, as a folder of the library `datasets`.

The layout is that of `DatasetDict.save_to_disk`: https://huggingface.co/docs/datasets/process
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import PurePosixPath
from typing import IO, ClassVar

import orjson

from ..records import sample_schema
from .jsonl import Jsonl
from .sinks import ArrowStream, Sink

__all__ = ["Datasets"]


class Datasets(Jsonl):
    """Every field of the sample, as Arrow files that `datasets.load_from_disk` maps into memory,
    and `datasets.load_dataset` reads too. Without splits all rows are in the split `train`."""

    kind: ClassVar[str] = "datasets"

    def file(self, split: str | None) -> str:
        """The place of the rows of a split, or of all rows."""
        return f"{split or 'train'}/data-00000-of-00001.arrow"

    def sink(self, file: IO[bytes]) -> Sink:
        """An Arrow stream."""
        return ArrowStream(file)

    def beside(self, name: str, files: Mapping[str, str]) -> Mapping[str, bytes]:
        """What says which splits there are, and what their columns are."""
        from datasets import Features

        features = Features.from_arrow_schema(sample_schema()).to_dict()
        written = {"dataset_dict.json": orjson.dumps({"splits": list(files)})}
        for split, file in files.items():
            place = PurePosixPath(file)
            state: dict[str, object] = {
                "_data_files": [{"filename": place.name}],
                # The library then makes one of the file as it is: what it keeps of computations on
                # an earlier export is not taken for this one's.
                "_fingerprint": None,
                "_format_columns": None,
                "_format_kwargs": {},
                "_format_type": None,
                "_output_all_columns": False,
                "_split": split,
            }
            written[f"{place.parent}/state.json"] = orjson.dumps(state)
            written[f"{place.parent}/dataset_info.json"] = orjson.dumps({"features": features})
        return written
