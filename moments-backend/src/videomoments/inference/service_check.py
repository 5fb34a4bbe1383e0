"""Checks whether a model service answers and serves the model that its entry names."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from http import HTTPStatus
from typing import TypeVar

import httpx2

from videomoments.core.errors import ModelError, MomentsError
from videomoments.inference.connection_failures import broken_way
from videomoments.inference.failures import failure
from videomoments.inference.listing import chosen_model, listed_models
from videomoments.inference.model_registry import Endpoint, ModelConfig, ModelKind
from videomoments.inference.service_client import service_client, whole_body
from videomoments.inference.streaming import MAX_ANSWER_BYTES
from videomoments.inference.tunnel import Tunnels

T = TypeVar("T")

_SECONDS, _CONNECT_SECONDS = 10.0, 5.0
# Statuses of a proxy in front of a service that restarts; a server that still loads its model answers with the second.
_AWAY = (HTTPStatus.BAD_GATEWAY, HTTPStatus.SERVICE_UNAVAILABLE, HTTPStatus.GATEWAY_TIMEOUT)


@dataclass(frozen=True, slots=True)
class CheckStep:
    """One step of a check. `detail` is one line for users, `milliseconds` is how long it took."""

    name: str
    ok: bool
    detail: str
    milliseconds: float


async def check_model(config: ModelConfig, endpoint: Endpoint, tunnels: Tunnels | None = None) -> list[CheckStep]:
    """Runs the steps `way_in` (the login, behind SSH only), `reachable` and `identity`, and stops after the first that fails.

    Costs no inference; takes at most 20 seconds and the time of a login.
    """
    if tunnels is None:
        async with Tunnels() as own:
            return await check_model(config, endpoint, own)

    async def log_in() -> str:
        async with tunnels.reach(endpoint, config.key):
            return "The SSH server lets us in."

    def asked(question: Callable[[httpx2.AsyncClient, ModelConfig], Awaitable[str]]) -> Callable[[], Awaitable[str]]:
        async def ask() -> str:
            async with tunnels.reach(endpoint, config.key) as reached, _client(reached) as client:
                return await _unbroken(question(client, config))

        return ask

    steps = [("reachable", asked(_reachable)), ("identity", asked(_identity))]
    if endpoint.route is not None:
        steps.insert(0, ("way_in", log_in))
    done: list[CheckStep] = []
    for name, step in steps:
        done.append(await timed_step(name, step))
        if not done[-1].ok:
            break
    return done


async def knock(config: ModelConfig, endpoint: Endpoint, tunnels: Tunnels) -> bool:
    """Returns whether the service accepts calls, by one request that costs it nothing. False while the service, or a proxy in front of it,
    answers 502, 503 or 504; any other answer counts, even a refused key.

    Raises ModelError: `model_unreachable` (or a code of the tunnel's) when there is no connection, `model_timeout` when it is silent.
    """
    async with tunnels.reach(endpoint, config.key) as reached, _client(reached) as client:
        response = await _unbroken(client.get("/health"))
    return response.status_code not in _AWAY


async def timed_step(name: str, step: Callable[[], Awaitable[str]]) -> CheckStep:
    """Runs a step. What it returns, or the error that it raises, becomes the detail."""
    began = time.monotonic()
    try:
        ok, detail = True, await step()
    except MomentsError as error:
        ok, detail = False, str(error)
    return CheckStep(name, ok, " ".join(detail.split()), round((time.monotonic() - began) * 1000, 1))


def _client(endpoint: Endpoint) -> httpx2.AsyncClient:
    return service_client(endpoint, connect=_CONNECT_SECONDS, silence=_SECONDS)


async def _unbroken(answer: Awaitable[T]) -> T:
    """Waits at most 10 seconds for the whole answer, even of a service that sends it byte by byte. Raises ModelError."""
    try:
        async with asyncio.timeout(_SECONDS):
            return await answer
    except (TimeoutError, httpx2.TimeoutException) as error:
        code = "model_unreachable" if isinstance(error, httpx2.ConnectTimeout) else "model_timeout"
        raise ModelError("It did not answer in time.", code=code) from None
    except (httpx2.HTTPError, httpx2.InvalidURL) as error:
        raise ModelError(broken_way(error), code="model_unreachable") from None


async def _page(client: httpx2.AsyncClient, path: str, config: ModelConfig) -> tuple[int, str]:
    """Returns status and text of a page. Raises ModelError for one that is too long."""
    async with client.stream("GET", path) as response:
        return response.status_code, (await whole_body(response, config.key, MAX_ANSWER_BYTES)).decode("utf-8", "replace")


async def _reachable(client: httpx2.AsyncClient, config: ModelConfig) -> str:
    status, text = await _page(client, "/health", config)
    if status in (401, 403) or status >= 500:
        raise failure(config.key, status, text)
    return "It answers." if 200 <= status < 300 else f"It answers, without a health page ({status})."


async def _identity(client: httpx2.AsyncClient, config: ModelConfig) -> str:
    status, text = await _page(client, "/v1/models", config)
    if status in (404, 405):
        if config.model_name is None and config.kind is ModelKind.CHAT:
            raise ModelError(
                "It lists no models, and the entry names none.", code="model_unknown", advice="Set model_name to the one that it serves."
            )
        return "It lists no models: taken at its word."
    if not 200 <= status < 300:
        raise failure(config.key, status, text)
    names = listed_models(text)
    if config.kind is ModelKind.ASR and config.model_name is None:
        return "It is a recogniser without a name of its own."
    return f"It serves {chosen_model(config.key, config.model_name, names)}."
