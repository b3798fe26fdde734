"""What a careful user writes by hand: `AsyncOpenAI`, tenacity, pydantic, a semaphore, and an
append-only JSONL file that a second run goes on from."""

from __future__ import annotations

import asyncio
import json
import sys
from typing import Any

import openai
from openai import AsyncOpenAI
from pydantic import BaseModel, TypeAdapter, ValidationError
from tenacity import retry, retry_if_exception_type, stop_after_attempt, wait_random_exponential
from work import Work, read_work


class Pair(BaseModel):
    """A drafted pair."""

    instruction: str
    response: str


class Opinion(BaseModel):
    """What the judge says under one criterion."""

    rationale: str
    score: int


VERDICT = TypeAdapter(dict[str, Opinion])

again = retry(
    stop=stop_after_attempt(8),
    wait=wait_random_exponential(multiplier=0.5, max=10),
    retry=retry_if_exception_type((openai.APIError, ValidationError)),
    reraise=True,
)


async def run(work: Work) -> int:
    """Draft and judge every row; the number of rows that failed."""
    limit = asyncio.Semaphore(work.concurrency)
    failed = 0
    with open(work.out, "a", encoding="utf-8", buffering=1) as out:
        async with AsyncOpenAI(base_url=work.base_url, api_key="none", max_retries=2) as client:

            async def ask(body: dict[str, Any]) -> str:
                reply = await client.chat.completions.create(**body)
                return reply.choices[0].message.content or ""

            @again
            async def draft(row: dict[str, Any]) -> Pair:
                return Pair.model_validate_json(await ask(work.draft(row)))

            @again
            async def judge(pair: Pair) -> dict[str, Opinion]:
                return VERDICT.validate_json(await ask(work.judge(pair.instruction, pair.response)))

            async def one(row: dict[str, Any]) -> None:
                nonlocal failed
                async with limit:
                    try:
                        pair = await draft(row)
                        verdict = await judge(pair)
                    except (openai.APIError, ValidationError) as error:
                        failed += 1
                        print(f"row {row['id']} failed: {error}", file=sys.stderr)
                        return
                opinions = {name: opinion.model_dump() for name, opinion in verdict.items()}
                result = work.result(row, pair.instruction, pair.response, opinions)
                out.write(json.dumps(result, ensure_ascii=False) + "\n")

            await asyncio.gather(*(one(row) for row in work.rows))
    return failed


if __name__ == "__main__":
    asyncio.run(run(read_work()))
