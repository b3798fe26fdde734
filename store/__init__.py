"""The journal and the run folder: what is on disk while a run goes on and after it."""

from .entries import KeptReply, ReplyKey, Result, Spending, Standing
from .folder import MANIFEST_VERSION, RunFolder
from .journal import Journal
from .numbers import Numbers
from .parquet import ParquetParts
from .recovery import Recovered, recover
from .settled import Settled
from .standings import Standings
from .vectors import VectorStore

__all__ = [
    "MANIFEST_VERSION",
    "Journal",
    "KeptReply",
    "Numbers",
    "ParquetParts",
    "Recovered",
    "ReplyKey",
    "Result",
    "RunFolder",
    "Settled",
    "Spending",
    "Standing",
    "Standings",
    "VectorStore",
    "recover",
]
