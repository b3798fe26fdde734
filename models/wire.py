"""The wire: one HTTP exchange with an endpoint, at the least cost in CPU time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import aiohttp
import httpx2

from .lean_openai import openai

__all__ = ["Answer", "Wire"]

ENCODING = "content-encoding"


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back.

    Attributes:
        url: what was asked.
        status: of HTTP.
        headers: by name, in whatever case.
        body: read to its end, unpacked where it came packed.
    """

    url: httpx2.URL
    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def response(self) -> httpx2.Response:
        """The same as the `openai` package's errors have it."""
        return httpx2.Response(
            self.status,
            headers=[pair for pair in self.headers.items() if pair[0].lower() != ENCODING],
            content=self.body,
            request=httpx2.Request("POST", self.url),
        )


class Wire(openai.DefaultAioHttpClient):
    """The `openai` package's HTTP client over aiohttp, with a short way for a whole exchange: what
    `send` does beside it (authentication flows, redirects, cookies, hooks, logging, requests and
    responses in httpx2's form) is not needed at an endpoint, and takes half of its time. Proxies,
    certificates and connections are the client's.
    """

    async def exchange(self, url: httpx2.URL, headers: Mapping[str, str], content: bytes) -> Answer:
        """The answer to a POST.

        Raises:
            httpx2.HTTPError, aiohttp.ClientError, OSError: there is none.
        """
        session, options = self._road(url)
        try:
            async with session.request(
                "POST",
                str(url),
                headers=headers,
                data=content,
                allow_redirects=False,
                auto_decompress=False,
                **options,
            ) as response:
                body = await response.read()
        except TimeoutError as error:  # not of the answer, for which there is no limit here
            raise httpx2.ConnectTimeout(str(error)) from error
        if (packed := response.headers.get(ENCODING)) is not None:
            body = httpx2.Response(200, headers={ENCODING: packed}, content=body).content
        return Answer(url, response.status, response.headers, body)

    def _road(self, url: httpx2.URL) -> tuple[aiohttp.ClientSession, dict[str, Any]]:
        """The session in which the client's own transport asks a URL, and what else the transport
        hands over to it."""
        roads: dict[httpx2.URL, tuple[aiohttp.ClientSession, dict[str, Any]]]
        roads = self.__dict__.setdefault("_roads", {})
        if url not in roads:
            transport: Any = self._transport_for_url(url)
            if not isinstance(transport.client, aiohttp.ClientSession):
                transport.client = transport.get_client()
            options: dict[str, Any] = {
                "timeout": aiohttp.ClientTimeout(sock_connect=self.timeout.connect)
            }
            if (proxy := transport.proxy) is not None:
                address = proxy.url
                if proxy.auth:
                    address = address.copy_with(username=proxy.auth[0], password=proxy.auth[1])
                options |= {"proxy": str(address), "proxy_headers": proxy.headers}
            roads[url] = transport.client, options
        return roads[url]
