"""The journal's log does not grow with the run."""

import asyncio
import os

from silversmith.records import Usage
from silversmith.store import Journal, KeptReply, ReplyKey, journal


async def test_a_writer_that_never_rests_begins_the_log_anew(tmp_path, monkeypatch):
    monkeypatch.setattr(journal, "CHECKPOINT_SECONDS", 0.05)
    monkeypatch.setattr(journal, "LOG_PAGES", 64)
    path = tmp_path / "journal.db"
    written = longest = 0
    with Journal(path) as kept:
        while written < 40_000_000:
            key = ReplyKey("judge rubric", 0, 0, os.urandom(12))
            body = os.urandom(20_000)
            kept.keep(KeptReply(written, key, "critic", Usage(), body))
            written += len(body)
            longest = max(longest, path.with_name("journal.db-wal").stat().st_size)
            await asyncio.sleep(0.001)
        await kept.durable()
    assert longest < written / 2
    assert path.stat().st_size > written
