"""The practical limit of one Python process: bare aiohttp and orjson, no client library, no
validation beyond the fields that are used."""

from __future__ import annotations

import asyncio
import sys
from typing import Any

import aiohttp
import orjson
from work import Work, read_work

ATTEMPTS = 8
HEADERS = {"Content-Type": "application/json", "Authorization": "Bearer none"}


async def run(work: Work) -> int:
    """Draft and judge every row; the number of rows that failed."""
    limit = asyncio.Semaphore(work.concurrency)
    url = f"{work.base_url}/chat/completions"
    failed = 0
    session = aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=work.concurrency),
        timeout=aiohttp.ClientTimeout(total=600),
        headers=HEADERS,
    )
    with open(work.out, "ab") as out:
        async with session:

            async def ask(body: dict[str, Any]) -> dict[str, Any]:
                data = orjson.dumps(body)
                for attempt in range(ATTEMPTS):
                    try:
                        async with session.post(url, data=data) as reply:
                            reply.raise_for_status()
                            answer = orjson.loads(await reply.read())
                            text = answer["choices"][0]["message"]["content"]
                            return dict(orjson.loads(text))
                    except (aiohttp.ClientError, TimeoutError, ValueError):
                        if attempt == ATTEMPTS - 1:
                            raise
                        await asyncio.sleep(min(10, 0.5 * 2**attempt))
                raise AssertionError("at least one attempt is made")

            async def one(row: dict[str, Any]) -> None:
                nonlocal failed
                async with limit:
                    try:
                        pair = await ask(work.draft(row))
                        instruction, response = pair["instruction"], pair["response"]
                        verdict = await ask(work.judge(instruction, response))
                        result = work.result(row, instruction, response, verdict)
                    except (aiohttp.ClientError, TimeoutError, ValueError, KeyError) as error:
                        failed += 1
                        print(f"row {row['id']} failed: {error!r}", file=sys.stderr)
                        return
                out.write(orjson.dumps(result, option=orjson.OPT_APPEND_NEWLINE))
                out.flush()

            await asyncio.gather(*(one(row) for row in work.rows))
    return failed


if __name__ == "__main__":
    asyncio.run(run(read_work()))
