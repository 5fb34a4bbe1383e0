"""Requests through a tunnel, ports, and the error that a refused login must be."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable

import httpx2
import pytest

from support.workers import WATCHDOG_SECONDS
from videomoments.core.errors import ModelError
from videomoments.inference.model_registry import ModelConfig, SshRoute
from videomoments.inference.ssh import TunnelError
from videomoments.inference.tunnel import Tunnels

CHAT = ModelConfig.model_validate({"key": "m", "kind": "chat", "endpoint": "/v1/chat/completions", "model_name": "m"})


async def health(tunnels: Tunnels, route: SshRoute, name: str = "m") -> int:
    """One request through a tunnel; the local port that it took."""
    async with tunnels.ssh_tunnel(name, route) as base_url, httpx2.AsyncClient(verify=False, trust_env=False) as client:
        try:
            response = await client.get(f"{base_url}/health", timeout=WATCHDOG_SECONDS)
        except httpx2.HTTPError as error:
            raise ModelError("no answer", code="model_unreachable") from error
        assert response.json() == {"status": "ok"}
    return int(base_url.rpartition(":")[2])


async def until(condition: Callable[[], bool], seconds: float = WATCHDOG_SECONDS) -> None:
    async with asyncio.timeout(seconds):
        while not condition():
            await asyncio.sleep(0.02)


def listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


async def refused(tunnels: Tunnels, route: SshRoute) -> TunnelError:
    with pytest.raises(TunnelError) as caught:
        await health(tunnels, route, "my_model")
    message = caught.value.message
    assert "my_model" in message
    assert "\n" not in str(caught.value)
    assert "127.0.0.1" not in message
    assert "/" not in message
    assert "\n" not in message
    return caught.value
