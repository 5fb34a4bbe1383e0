"""Whether a model service answers, and is the one that its entry names."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import httpx

from videomoments.core.errors import ModelError
from videomoments.inference.base import Endpoint, ModelConfig
from videomoments.inference.failures import failure, scrubbed

_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class CheckStep:
    """One step of a check; `detail` is for people, `milliseconds` is what it took."""

    name: str
    ok: bool
    detail: str
    milliseconds: float


async def check_model(config: ModelConfig, endpoint: Endpoint) -> list[CheckStep]:
    """Steps `reachable` and `identity`, the second only when the first is ok. Costs no inference; takes at most 20 seconds."""
    headers = dict(endpoint.headers)
    if endpoint.api_key:
        headers["Authorization"] = f"Bearer {endpoint.api_key}"
    timeout = httpx.Timeout(_SECONDS, connect=5.0)
    async with httpx.AsyncClient(base_url=endpoint.base_url, headers=headers, timeout=timeout, trust_env=not endpoint.loopback) as client:
        reachable = await _timed("reachable", lambda: _reachable(client, config))
        if not reachable.ok:
            return [reachable]
        return [reachable, await _timed("identity", lambda: _identity(client, config))]


async def _timed(name: str, step: Callable[[], Awaitable[str]]) -> CheckStep:
    began = time.monotonic()
    try:
        ok, detail = True, await step()
    except ModelError as error:
        ok, detail = False, str(error)
    except httpx.TimeoutException:
        ok, detail = False, "It was silent for too long."
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        ok, detail = False, f"No connection ({type(error).__name__})."
    return CheckStep(name, ok, detail, round((time.monotonic() - began) * 1000, 1))


async def _reachable(client: httpx.AsyncClient, config: ModelConfig) -> str:
    response = await client.get("/health")
    if response.status_code in (401, 403) or response.status_code >= 500:
        raise failure(config.key, response.status_code, response.text)
    return "It answers." if response.is_success else f"It answers, without a health page ({response.status_code})."


async def _identity(client: httpx.AsyncClient, config: ModelConfig) -> str:
    response = await client.get("/v1/models")
    if response.status_code in (404, 405):
        return "It lists no models: taken at its word."
    if not response.is_success:
        raise failure(config.key, response.status_code, response.text)
    names = _names(response)
    if config.model_name in names:
        return f"It serves {config.model_name}."
    served = scrubbed(", ".join(names[:20])) or "none"
    raise ModelError(f"It does not serve {config.model_name}.", code="model_unknown", advice=f"It lists: {served}.")


def _names(response: httpx.Response) -> list[str]:
    try:
        content: Any = response.json()
    except ValueError:
        raise ModelError("Its list of models is not JSON.", code="model_bad_answer") from None
    rows = content.get("data") if isinstance(content, dict) else None
    return [row["id"] for row in rows if isinstance(row, dict) and isinstance(row.get("id"), str)] if isinstance(rows, list) else []
