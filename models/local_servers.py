"""Model servers on this machine that answer on their usual ports, told apart by what only they
say, and tried out for what they can do.

| server | port | told by |
|---|---|---|
| Ollama | 11434 | GET /api/version (github.com/ollama/ollama, docs/api.md) |
| LM Studio | 1234 | GET /api/v0/models (lmstudio.ai/docs/app/api/endpoints/rest) |
| llama.cpp | 8080 | GET /props (github.com/ggml-org/llama.cpp, tools/server/README.md) |
| TGI | 3000, 8080 | GET /info (huggingface.co/docs/text-generation-inference) |
| SGLang | 30000 | GET /get_model_info (docs.sglang.ai, native APIs) |
| vLLM | 8000 | GET /version, and /v1/models by the owner `vllm` |
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..errors import EndpointError
from .base import SchemaForm
from .spec import ModelSpec

if TYPE_CHECKING:
    import aiohttp

__all__ = ["USUAL_PORTS", "LocalServer", "find_servers", "try_out"]

USUAL_PORTS = (11434, 1234, 8080, 3000, 30000, 8000)

LOOK_SECONDS = 2.0
TRY_SECONDS = 60.0
"""A server may have to load the model first."""

TOKENS = 256
"""Enough for a few words of JSON, even after some thinking."""

_NO_CHAT = ("embed", "rerank", "whisper", "clip")


@dataclass(frozen=True)
class LocalServer:
    """A server that answers.

    Attributes:
        kind: its name, or "OpenAI-compatible" where it is none of those that are known.
        url: its base URL, up to `/v1`.
        version: as it says itself, or "".
        models: the models that it has, the one to try first.
        wants_key: whether it answers nobody without a key.
    """

    kind: str
    url: str
    version: str = ""
    models: tuple[str, ...] = ()
    wants_key: bool = False


@dataclass(frozen=True)
class Abilities:
    """What a model at a server turned out to do.

    Attributes:
        model: the model that was asked.
        form: how it takes a request for structured output; "prompt" where it heeds none.
        alternatives: for how many alternatives of a token it gives log-probabilities; 0 for none.
        several: whether it gives several answers to one request (`n`).
        fault: why it could not be tried, or "".
    """

    model: str
    form: SchemaForm = "prompt"
    alternatives: int = 0
    several: bool = False
    fault: str = ""


async def find_servers(
    ports: Sequence[int] = USUAL_PORTS, host: str = "127.0.0.1"
) -> list[LocalServer]:
    """The servers that answer on these ports of this machine, in their order."""
    import aiohttp

    timeout = aiohttp.ClientTimeout(total=LOOK_SECONDS)
    async with aiohttp.ClientSession(timeout=timeout) as session:
        found = await asyncio.gather(*(_look(session, f"http://{host}:{port}") for port in ports))
    return [one for one in found if one is not None]


async def try_out(server: LocalServer) -> Abilities:
    """What the first model of a server can do, found out by a few tiny requests."""
    from .endpoint import EndpointConnection

    if not server.models:
        return Abilities("", fault="it has no model loaded")
    model = server.models[0]
    spec = ModelSpec(
        model=model,
        base_url=server.url,
        parameters={"max_tokens": TOKENS},
        timeout=TRY_SECONDS,
        retries=0,
    )
    connection = EndpointConnection(spec)
    try:
        await connection.open()
        alternatives = await connection.alternatives()
        several = await _gives_several(server, model)
        return Abilities(model, connection.form, alternatives, several)
    except EndpointError as error:
        return Abilities(model, fault=str(error))
    finally:
        await connection.close()


async def _look(session: aiohttp.ClientSession, root: str) -> LocalServer | None:
    """The server at an address, or None where nothing answers that speaks of models."""
    status, listed = await _get(session, f"{root}/v1/models")
    if status == 0:
        return None
    url = f"{root}/v1"
    if status in (401, 403):
        return LocalServer("OpenAI-compatible", url, wants_key=True)
    models = _ids(listed.get("data"))
    for tell in (_ollama, _lm_studio, _llama_cpp, _tgi, _sglang, _vllm):
        if (found := await tell(session, root, listed, models)) is not None:
            return found
    return LocalServer("OpenAI-compatible", url, models=models) if models else None


async def _ollama(
    session: aiohttp.ClientSession, root: str, listed: Any, models: tuple[str, ...]
) -> LocalServer | None:
    _, said = await _get(session, f"{root}/api/version")
    if not isinstance(said.get("version"), str):
        return None
    _, tags = await _get(session, f"{root}/api/tags")
    _, loaded = await _get(session, f"{root}/api/ps")
    entries = [one for one in _list(tags.get("models")) if isinstance(one, dict)]
    by_size = sorted(entries, key=lambda one: _size(one.get("size")))
    running = [str(one.get("name")) for one in _list(loaded.get("models")) if isinstance(one, dict)]
    names = [*running, *(str(one.get("name")) for one in by_size)]
    return LocalServer("Ollama", f"{root}/v1", said["version"], _chat_first(names or list(models)))


async def _lm_studio(
    session: aiohttp.ClientSession, root: str, listed: Any, models: tuple[str, ...]
) -> LocalServer | None:
    status, said = await _get(session, f"{root}/api/v0/models")
    entries = [one for one in _list(said.get("data")) if isinstance(one, dict)]
    if status != 200 or not all("state" in one and "type" in one for one in entries):
        return None
    if not entries and "data" not in said:
        return None
    chat = [one for one in entries if one.get("type") in ("llm", "vlm")]
    chat.sort(key=lambda one: one.get("state") != "loaded")
    return LocalServer("LM Studio", f"{root}/v1", "", tuple(str(one["id"]) for one in chat))


async def _llama_cpp(
    session: aiohttp.ClientSession, root: str, listed: Any, models: tuple[str, ...]
) -> LocalServer | None:
    _, said = await _get(session, f"{root}/props")
    if "default_generation_settings" not in said:
        return None
    return LocalServer("llama.cpp", f"{root}/v1", str(said.get("build_info") or ""), models)


async def _tgi(
    session: aiohttp.ClientSession, root: str, listed: Any, models: tuple[str, ...]
) -> LocalServer | None:
    _, said = await _get(session, f"{root}/info")
    if not isinstance(said.get("model_id"), str) or "max_total_tokens" not in said:
        return None
    version = str(said.get("version") or "")
    return LocalServer("TGI", f"{root}/v1", version, (said["model_id"],))


async def _sglang(
    session: aiohttp.ClientSession, root: str, listed: Any, models: tuple[str, ...]
) -> LocalServer | None:
    _, said = await _get(session, f"{root}/get_model_info")
    if not isinstance(said.get("model_path"), str):
        return None
    _, more = await _get(session, f"{root}/get_server_info")
    version = str(more.get("version") or "")
    return LocalServer("SGLang", f"{root}/v1", version, models or (said["model_path"],))


async def _vllm(
    session: aiohttp.ClientSession, root: str, listed: Any, models: tuple[str, ...]
) -> LocalServer | None:
    owners = {one.get("owned_by") for one in _list(listed.get("data")) if isinstance(one, dict)}
    _, said = await _get(session, f"{root}/version")
    if "vllm" not in owners or not isinstance(said.get("version"), str):
        return None
    return LocalServer("vLLM", f"{root}/v1", said["version"], models)


async def _gives_several(server: LocalServer, model: str) -> bool:
    """Whether two answers come where two are asked for. Servers that do not know `n` give one."""
    import aiohttp

    body = {
        "model": model,
        "messages": [{"role": "user", "content": "Say a word."}],
        "n": 2,
        "temperature": 1.0,
        "max_tokens": 8,
    }
    timeout = aiohttp.ClientTimeout(total=TRY_SECONDS)
    async with aiohttp.ClientSession(timeout=timeout) as session:
        try:
            async with session.post(f"{server.url}/chat/completions", json=body) as response:
                said = await response.json(content_type=None)
        except (aiohttp.ClientError, TimeoutError, ValueError):
            return False
    return isinstance(said, dict) and len(_list(said.get("choices"))) == 2


async def _get(session: aiohttp.ClientSession, url: str) -> tuple[int, dict[str, Any]]:
    """Status and JSON object of a GET; 0 where nothing answers, {} where it is no object."""
    import aiohttp

    try:
        async with session.get(url) as response:
            try:
                said = await response.json(content_type=None)
            except (ValueError, UnicodeDecodeError):
                said = None
            return response.status, said if isinstance(said, dict) else {}
    except (aiohttp.ClientError, TimeoutError, OSError):
        return 0, {}


def _ids(entries: Any) -> tuple[str, ...]:
    names = [str(one["id"]) for one in _list(entries) if isinstance(one, dict) and "id" in one]
    return _chat_first(names)


def _chat_first(names: Sequence[str]) -> tuple[str, ...]:
    """Models without doublets, those last whose names say that they do not chat."""
    unique = list(dict.fromkeys(names))
    return tuple(sorted(unique, key=lambda name: any(one in name.lower() for one in _NO_CHAT)))


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _size(value: Any) -> int:
    return value if isinstance(value, int) else 0
