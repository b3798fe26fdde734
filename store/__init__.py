"""The journal and the run folder: what is on disk while a run goes on and after it."""

from .folder import MANIFEST_VERSION, RunFolder
from .journal import Journal, KeptReply, ReplyKey, Result, Spending, Standing
from .parquet import ParquetParts

__all__ = [
    "MANIFEST_VERSION",
    "Journal",
    "KeptReply",
    "ParquetParts",
    "ReplyKey",
    "Result",
    "RunFolder",
    "Spending",
    "Standing",
]
