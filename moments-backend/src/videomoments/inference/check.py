"""Whether a model service answers, and is the one that its entry names."""

from __future__ import annotations

import socket
import ssl
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import httpx

from videomoments.core.errors import ModelError, MomentsError
from videomoments.inference.base import Endpoint, ModelConfig, ModelKind
from videomoments.inference.failures import failure
from videomoments.inference.listing import chosen_model, listed_models
from videomoments.inference.tunnel import Tunnels

_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class CheckStep:
    """One step of a check; `detail` is one line for people, `milliseconds` is what it took."""

    name: str
    ok: bool
    detail: str
    milliseconds: float


async def check_model(config: ModelConfig, endpoint: Endpoint, tunnels: Tunnels | None = None) -> list[CheckStep]:
    """Steps `way_in` (the login, behind SSH only), `reachable` and `identity`; it ends with the first that fails.

    Costs no inference; takes at most 20 seconds and the time of a login.
    """
    if tunnels is None:
        async with Tunnels() as own:
            return await check_model(config, endpoint, own)

    async def log_in() -> str:
        async with tunnels.reach(endpoint, config.key):
            return "The SSH server lets us in."

    def asked(question: Callable[[httpx.AsyncClient, ModelConfig], Awaitable[str]]) -> Callable[[], Awaitable[str]]:
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


async def timed_step(name: str, step: Callable[[], Awaitable[str]]) -> CheckStep:
    """Runs a step: what it returns, or the error that it raises, becomes the detail."""
    began = time.monotonic()
    try:
        ok, detail = True, await step()
    except MomentsError as error:
        ok, detail = False, str(error)
    return CheckStep(name, ok, " ".join(detail.split()), round((time.monotonic() - began) * 1000, 1))


def _client(endpoint: Endpoint) -> httpx.AsyncClient:
    headers = dict(endpoint.headers)
    if endpoint.api_key:
        headers["Authorization"] = f"Bearer {endpoint.api_key}"
    timeout = httpx.Timeout(_SECONDS, connect=5.0)
    return httpx.AsyncClient(base_url=endpoint.base_url, headers=headers, timeout=timeout, trust_env=not endpoint.loopback)


async def _unbroken(answer: Awaitable[str]) -> str:
    try:
        return await answer
    except httpx.TimeoutException as error:
        code = "model_unreachable" if isinstance(error, httpx.ConnectTimeout) else "model_timeout"
        raise ModelError("It was silent for too long.", code=code) from None
    except httpx.ConnectError as error:
        raise ModelError(_no_connection(error), code="model_unreachable") from None
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise ModelError(f"It broke off the connection ({type(error).__name__}).", code="model_unreachable") from None


def _no_connection(error: httpx.ConnectError) -> str:
    """In words; the error's own name hosts and ports."""
    causes: list[BaseException] = []
    cause: BaseException | None = error
    while cause is not None and cause not in causes:
        causes.append(cause)
        cause = cause.__cause__ or cause.__context__
    if any(isinstance(one, ConnectionRefusedError) for one in causes):
        return "No connection: the port is closed."
    if any(isinstance(one, socket.gaierror) for one in causes):
        return "No connection: there is no such host."
    if any(isinstance(one, ssl.SSLError) for one in causes):
        return "No connection: its certificate is not valid, or it does not speak TLS."
    return "No connection."


async def _reachable(client: httpx.AsyncClient, config: ModelConfig) -> str:
    response = await client.get("/health")
    if response.status_code in (401, 403) or response.status_code >= 500:
        raise failure(config.key, response.status_code, response.text)
    return "It answers." if response.is_success else f"It answers, without a health page ({response.status_code})."


async def _identity(client: httpx.AsyncClient, config: ModelConfig) -> str:
    response = await client.get("/v1/models")
    if response.status_code in (404, 405):
        if config.model_name is None and config.kind is ModelKind.CHAT:
            raise ModelError(
                "It lists no models, and the entry names none.", code="model_unknown", advice="Set model_name to the one that it serves."
            )
        return "It lists no models: taken at its word."
    if not response.is_success:
        raise failure(config.key, response.status_code, response.text)
    names = listed_models(response.text)
    if config.kind is ModelKind.ASR and config.model_name is None:
        return "It is a recogniser without a name of its own."
    return f"It serves {chosen_model(config.key, config.model_name, names)}."
