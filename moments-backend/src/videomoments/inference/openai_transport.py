"""The openai SDK as a plain transport: a body goes out, the text of the answer comes back, errors are ours."""

from __future__ import annotations

from typing import Any, cast

import openai

from videomoments.core.errors import ModelError
from videomoments.inference.base import Endpoint, ModelConfig
from videomoments.inference.failures import failure, scrubbed
from videomoments.inference.listing import chosen_model, listed_models
from videomoments.inference.retry import Deadlines
from videomoments.inference.tunnel import Tunnels

MAX_ANSWER_BYTES = 8 * 1024**2
# The SDK insists on one.
_NO_KEY = "none"
_KNOWN = ("model", "messages", "temperature", "max_tokens")


class OpenAITransport:
    """Keeps one connection pool per service. It tries once; what to try again is the caller's to decide."""

    def __init__(self, deadlines: Deadlines, tunnels: Tunnels) -> None:
        self._deadlines = deadlines
        self._tunnels = tunnels
        self._clients: dict[tuple[object, ...], openai.AsyncOpenAI] = {}
        # The names of models whose entries have none.
        self._names: dict[object, str] = {}

    async def aclose(self) -> None:
        for client in self._clients.values():
            await client.close()
        self._clients.clear()

    async def post(self, endpoint: Endpoint, config: ModelConfig, body: dict[str, Any]) -> str:
        """The body of a successful answer, at most 8 MB of it. Raises ModelError."""
        try:
            if endpoint.route is None:
                return await self._post(self._client(endpoint, config), endpoint, config, body)
            async with self._tunnels.reach(endpoint, config.key) as reached, self._made(reached, config, lasting=False) as client:
                return await self._post(client, endpoint, config, body)
        except ModelError as error:
            if error.code == "model_unknown":
                self._names.pop(endpoint.place, None)
            raise

    async def _post(self, client: openai.AsyncOpenAI, endpoint: Endpoint, config: ModelConfig, body: dict[str, Any]) -> str:
        has_key = client.api_key != _NO_KEY
        extra = {name: value for name, value in body.items() if name not in _KNOWN}
        create = cast(Any, client.chat.completions.with_streaming_response.create)
        # A service without a key gets no header.
        headers = None if has_key else {"Authorization": openai.Omit()}
        try:
            if body.get("model") is None:
                body = body | {"model": self._names.get(endpoint.place) or await self._served(client, endpoint, config, headers)}
            async with create(
                **{name: body[name] for name in _KNOWN if name in body}, extra_body=extra or None, extra_headers=headers
            ) as response:
                return await _bounded(response.iter_bytes(), config.key)
        except openai.APIStatusError as error:
            raise _status_error(config.key, error) from None
        except openai.APITimeoutError:
            raise ModelError(f"Model {config.key} was silent for too long.", code="model_timeout") from None
        except openai.APIConnectionError as error:
            cause = type(error.__cause__).__name__ if error.__cause__ else "connection failed"
            raise ModelError(f"Model {config.key} is not reachable ({cause}).", code="model_unreachable") from None
        except openai.OpenAIError as error:
            raise ModelError(f"Model {config.key} failed: {scrubbed(str(error))}") from None
        except Exception as error:
            # The stream's own errors are those of the HTTP library, httpx or httpx2 by the SDK's version.
            if not type(error).__module__.startswith("httpx"):
                raise
            raise _broken_off(config.key, error) from None

    async def _served(self, client: openai.AsyncOpenAI, endpoint: Endpoint, config: ModelConfig, headers: Any) -> str:
        answer = await client.models.with_raw_response.list(extra_headers=headers)
        name = self._names[endpoint.place] = chosen_model(config.key, None, listed_models(answer.http_response.text))
        return name

    def _client(self, endpoint: Endpoint, config: ModelConfig) -> openai.AsyncOpenAI:
        key = (endpoint.base_url, config.endpoint, endpoint.api_key, *sorted(endpoint.headers.items()))
        client = self._clients.get(key)
        if client is None:
            client = self._clients[key] = self._made(endpoint, config)
        return client

    def _made(self, endpoint: Endpoint, config: ModelConfig, *, lasting: bool = True) -> openai.AsyncOpenAI:
        timeout = openai.Timeout(self._deadlines.read, connect=self._deadlines.connect)
        return openai.AsyncOpenAI(
            base_url=endpoint.base_url + config.endpoint.removesuffix("/chat/completions"),
            api_key=endpoint.api_key or _NO_KEY,
            max_retries=0,
            timeout=timeout,
            default_headers=endpoint.headers,
            http_client=openai.DefaultAsyncHttpxClient(
                trust_env=not endpoint.loopback,
                # A redirect would carry the request, with its signed URLs, to somebody else.
                follow_redirects=False,
                timeout=timeout,
                # Through a tunnel there is no TLS of ours; to load certificates for one request costs more than the tunnel.
                verify=lasting,
            ),
        )


def _status_error(name: str, error: openai.APIStatusError) -> ModelError:
    response = error.response
    try:
        body = response.text[:20_000]
    except Exception:  # an error's body that can't be read says nothing
        body = ""
    return failure(name, response.status_code, body, response.headers.get("retry-after"))


def _broken_off(name: str, error: Exception) -> ModelError:
    kind = type(error).__name__
    if "Timeout" in kind:
        return ModelError(f"Model {name} was silent for too long.", code="model_timeout")
    return ModelError(f"Model {name} broke off its answer ({kind}).", code="model_unreachable")


async def _bounded(chunks: Any, name: str) -> str:
    parts, size = [], 0
    async for chunk in chunks:
        parts.append(chunk)
        size += len(chunk)
        if size > MAX_ANSWER_BYTES:
            raise ModelError(f"Model {name} answered more than {MAX_ANSWER_BYTES // 1024**2} MB.", code="model_bad_answer", retryable=False)
    return b"".join(parts).decode("utf-8", "replace")
