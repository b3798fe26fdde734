"""The wire: one HTTP exchange with an endpoint, at the least cost in CPU time."""

from __future__ import annotations

import httpx2
import openai

__all__ = ["Wire"]


class Wire(openai.DefaultAioHttpClient):
    """The `openai` package's HTTP client over aiohttp, with a short way for a whole exchange: what
    `send` does beside it (authentication flows, redirects, cookies, hooks, logging) is not needed
    at an endpoint, and takes a quarter of its time. Proxies and certificates are the client's.
    """

    async def exchange(
        self, url: httpx2.URL, headers: httpx2.Headers, content: bytes
    ) -> tuple[httpx2.Response, bytes]:
        """The response to a POST, and its body, read to its end.

        Raises:
            httpx2.HTTPError, aiohttp.ClientError, OSError: there is none.
        """
        # A body given as a stream spares httpx2 the headers that aiohttp adds anyway, and a known
        # encoding spares it the search for one.
        request = httpx2.Request(
            "POST",
            url,
            headers=headers,
            stream=httpx2.ByteStream(content),
            extensions={"timeout": self.timeout.as_dict()},
        )
        request.headers.encoding = headers.encoding
        request.read()
        response = await self._transport_for_url(url).handle_async_request(request)
        try:
            if response.is_success and "content-encoding" not in response.headers:
                assert isinstance(response.stream, httpx2.AsyncByteStream)
                return response, b"".join([part async for part in response.stream])
            return response, await response.aread()
        finally:
            await response.aclose()
