"""Requests go through the proxy that the environment names, and packed answers are unpacked."""

import asyncio
import base64
import gzip
import zlib

import pytest

from silversmith.models import ModelSpec, Request, connect

COMPLETION = b'{"model": "m", "choices": [{"message": {"content": "H\xc3\xa9llo."}}]}'


@pytest.fixture
async def proxy():
    """A proxy that answers itself: its port, what it was asked, and how it packs its answers."""
    asked, packing = [], {}

    async def serve(reader, writer):
        while head := await reader.readuntil(b"\r\n\r\n"):
            lines = head.decode().split("\r\n")
            headers = dict(line.lower().split(": ", 1) for line in lines[1:] if line)
            await reader.readexactly(int(headers["content-length"]))
            asked.append((lines[0], headers))
            name, pack = packing.get("by", ("", bytes))
            body = pack(COMPLETION)
            said = f"Content-Encoding: {name}\r\n" if name else ""
            start = f"HTTP/1.1 200 OK\r\n{said}Content-Length: {len(body)}\r\n\r\n"
            writer.write(start.encode() + body)

    async def quietly(reader, writer):
        try:
            await serve(reader, writer)
        except asyncio.IncompleteReadError:
            writer.close()

    server = await asyncio.start_server(quietly, "127.0.0.1", 0)
    async with server:
        yield server.sockets[0].getsockname()[1], asked, packing


async def ask(spec):
    connection = connect(spec, "writer")
    await connection.open("prompt")
    try:
        return await connection.send(Request([{"role": "user", "content": "Say hello."}]))
    finally:
        await connection.close()


@pytest.fixture
def model():
    return ModelSpec(model="m", base_url="http://models.invalid/v1", api_key_env="MODELS_KEY")


@pytest.fixture(autouse=True)
def key(monkeypatch):
    monkeypatch.setenv("MODELS_KEY", "the-key-of-the-endpoint")


async def test_a_proxy_with_a_password(proxy, model, monkeypatch):
    port, asked, _ = proxy
    monkeypatch.setenv("HTTP_PROXY", f"http://ann:secret@127.0.0.1:{port}")
    assert (await ask(model)).text == "Héllo."
    for line, headers in asked:
        assert line == "POST http://models.invalid/v1/chat/completions HTTP/1.1"
        assert headers["authorization"] == "bearer the-key-of-the-endpoint"
        told = headers["proxy-authorization"].removeprefix("basic ")
        assert told == base64.b64encode(b"ann:secret").decode().lower()
    assert len(asked) == 2


@pytest.mark.parametrize(("name", "pack"), [("gzip", gzip.compress), ("deflate", zlib.compress)])
async def test_packed_answers(proxy, model, monkeypatch, name, pack):
    port, asked, packing = proxy
    monkeypatch.setenv("HTTP_PROXY", f"http://127.0.0.1:{port}")
    packing["by"] = name, pack
    reply = await ask(model)
    assert reply.text == "Héllo."
    assert reply.body == COMPLETION
    assert name in asked[-1][1]["accept-encoding"]
