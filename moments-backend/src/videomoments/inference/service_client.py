"""The HTTP client of model services, for chat, transcription and checks. It sends a request once; failures become ModelError."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any

import httpx2

from videomoments.core.errors import ModelError
from videomoments.inference.connection_failures import broken_way
from videomoments.inference.failures import failure
from videomoments.inference.model_registry import Endpoint
from videomoments.inference.streaming import too_long

# At most this many characters of an error's body are used.
_MOST_SAID = 20_000


def service_client(endpoint: Endpoint, *, connect: float, silence: float | None) -> httpx2.AsyncClient:
    """Returns a client for the service at `endpoint`, which has no route any more. The caller closes it.

    `connect` and `silence` are seconds: until there is a connection, and between two pieces of an answer (None: the caller sets a limit).
    Each request carries the endpoint's headers and its key, if it has one, and nothing about this machine.
    """
    headers = {"User-Agent": "videomoments", **endpoint.headers}
    if endpoint.api_key:
        headers["Authorization"] = f"Bearer {endpoint.api_key}"
    return httpx2.AsyncClient(
        base_url=endpoint.base_url,
        headers=headers,
        timeout=httpx2.Timeout(silence, connect=connect),
        # The registry limits how many calls run at the same time.
        limits=httpx2.Limits(max_connections=None, max_keepalive_connections=20),
        trust_env=not endpoint.loopback,
        # A redirect would send the request, with its signed URLs, to another server.
        follow_redirects=False,
        # Loading certificates takes longer than many requests, and without TLS they are not used.
        verify=httpx2.URL(endpoint.base_url).scheme != "http",
    )


@asynccontextmanager
async def answering(client: httpx2.AsyncClient, method: str, path: str, name: str, **content: Any) -> AsyncIterator[httpx2.Response]:
    """Yields the answer of model `name` to one request, while it arrives. `content` are arguments of the request in httpx2.

    Raises ModelError for every status but success, and for a connection that breaks, before the answer or within it.
    """
    begun = False
    try:
        async with client.stream(method, path, **content) as response:
            begun = True
            if not response.is_success:
                raise failure(name, response.status_code, await _said(response), response.headers.get("retry-after"))
            yield response
    except httpx2.ConnectTimeout:
        raise ModelError(f"Model {name} is not reachable: there was no connection in time.", code="model_unreachable") from None
    except httpx2.TimeoutException:
        raise ModelError(f"Model {name} was silent for too long.", code="model_timeout") from None
    except (httpx2.HTTPError, httpx2.InvalidURL) as error:
        said = f"Model {name} broke off its answer." if begun else f"Model {name} is not reachable. {broken_way(error)}"
        raise ModelError(said, code="model_unreachable") from None


async def whole_body(response: httpx2.Response, name: str, most: int) -> bytes:
    """Returns the whole body of an answer, at most `most` bytes. Raises ModelError `model_bad_answer` for a longer one."""
    body = bytearray()
    async for chunk in response.aiter_bytes():
        body += chunk
        if len(body) > most:
            raise too_long(name, most)
    return bytes(body)


async def _said(response: httpx2.Response) -> str:
    """Returns the start of an error's body. Where the body breaks off, the status still counts."""
    body = bytearray()
    with suppress(httpx2.HTTPError):
        async for chunk in response.aiter_bytes():
            body += chunk
            if len(body) >= 4 * _MOST_SAID:
                break
    return body.decode(response.encoding or "utf-8", "replace")[:_MOST_SAID]
