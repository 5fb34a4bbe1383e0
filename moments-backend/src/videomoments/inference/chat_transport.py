"""Sends chat requests: a body goes out, the text of the answer comes back, and errors become ModelError."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import httpx2

from videomoments.core.errors import ModelError
from videomoments.inference.listing import chosen_model, listed_models
from videomoments.inference.model_registry import Endpoint, ModelConfig
from videomoments.inference.retry import Deadlines
from videomoments.inference.service_client import answering, service_client, whole_body
from videomoments.inference.streaming import MAX_ANSWER_BYTES, StreamedAnswer, whole_answer
from videomoments.inference.tunnel import Tunnels


class ChatTransport:
    """Keeps one connection pool per service. Each request is sent once; the caller decides what to try again."""

    def __init__(self, deadlines: Deadlines, tunnels: Tunnels) -> None:
        self._deadlines = deadlines
        self._tunnels = tunnels
        self._clients: dict[tuple[object, ...], httpx2.AsyncClient] = {}
        # The names, as listed by the service, of models whose entries have none.
        self._names: dict[object, str] = {}

    async def aclose(self) -> None:
        clients, self._clients = self._clients, {}
        for client in clients.values():
            await client.aclose()

    async def post(self, endpoint: Endpoint, config: ModelConfig, body: dict[str, Any], on_token: Callable[[], None] | None = None) -> str:
        """Returns the body of a successful answer, at most 8 MB; a streamed one is put together. `on_token` is called whenever there is
        more of it. Raises ModelError."""
        try:
            if endpoint.route is None:
                return await self._post(self._client(endpoint), endpoint, config, body, on_token)
            # A connection through a tunnel ends with it, and its client stays open only until then.
            async with self._tunnels.reach(endpoint, config.key) as reached, self._made(reached) as client:
                return await self._post(client, endpoint, config, body, on_token)
        except ModelError as error:
            if error.code == "model_unknown":
                self._names.pop(endpoint.place, None)
            raise

    async def _post(
        self, client: httpx2.AsyncClient, endpoint: Endpoint, config: ModelConfig, body: dict[str, Any], on_token: Callable[[], None] | None
    ) -> str:
        if body.get("model") is None:
            body = body | {"model": self._names.get(endpoint.place) or await self._served(client, endpoint, config)}
        if body.get("stream"):
            return await self._streamed(client, config, body, on_token)
        async with answering(client, "POST", config.endpoint, config.key, json=body) as response:
            return await _whole(response, config)

    async def _streamed(
        self, client: httpx2.AsyncClient, config: ModelConfig, body: dict[str, Any], on_token: Callable[[], None] | None
    ) -> str:
        """Reads a streamed answer. Raises ModelError `model_timeout` after too long a silence, before the answer begins or within it. A
        comment that keeps the connection open counts as silence. A complete answer is used although the server does not end the stream."""
        first = float(config.first_token_seconds or self._deadlines.first)
        answer = StreamedAnswer(config.key)
        loop = asyncio.get_running_loop()
        try:
            async with (
                asyncio.timeout(first) as patience,
                answering(client, "POST", config.endpoint, config.key, json=body) as response,
            ):
                if "json" in response.headers.get("content-type", ""):
                    return await _whole(response, config)
                async for chunk in response.aiter_bytes():
                    if answer.feed(chunk):
                        patience.reschedule(loop.time() + (self._deadlines.read if answer.begun else first))
                        if on_token is not None:
                            on_token()
                    if answer.done:
                        break
        except TimeoutError:
            if answer.finished:
                return answer.body()
            raise _fell_silent(config.key, answer.begun, first, self._deadlines.read) from None
        return answer.body()

    async def _served(self, client: httpx2.AsyncClient, endpoint: Endpoint, config: ModelConfig) -> str:
        path = config.endpoint.removesuffix("/chat/completions") + "/models"
        async with answering(client, "GET", path, config.key) as response:
            listed = await whole_body(response, config.key, MAX_ANSWER_BYTES)
        name = self._names[endpoint.place] = chosen_model(config.key, None, listed_models(listed.decode("utf-8", "replace")))
        return name

    def _client(self, endpoint: Endpoint) -> httpx2.AsyncClient:
        key = (endpoint.base_url, endpoint.api_key, *sorted(endpoint.headers.items()))
        client = self._clients.get(key)
        if client is None:
            client = self._clients[key] = self._made(endpoint)
        return client

    def _made(self, endpoint: Endpoint) -> httpx2.AsyncClient:
        # The caller limits the whole answer: an unstreamed body may be silent until it is complete.
        return service_client(endpoint, connect=self._deadlines.connect, silence=None)


async def _whole(response: httpx2.Response, config: ModelConfig) -> str:
    return whole_answer(await whole_body(response, config.key, MAX_ANSWER_BYTES), config.key)


def _fell_silent(name: str, begun: bool, first: float, silence: float) -> ModelError:
    if begun:
        return ModelError(
            f"Model {name} fell silent in the middle of its answer, for {silence:.0f} seconds.",
            code="model_timeout",
            advice="If it pauses for so long, set MOMENTS_MODEL_SILENCE_SECONDS.",
        )
    return ModelError(
        f"Model {name} did not begin to answer within {first:.0f} seconds.",
        code="model_timeout",
        advice=f"If it needs longer to read: `moments models edit {name} --first-token-seconds N`.",
    )
