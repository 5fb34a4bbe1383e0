"""A server that answers as sloppily as a test wants."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from support.sloppy_server import Server


@pytest.fixture
async def server() -> AsyncIterator[Server]:
    server = Server()
    listening = await asyncio.start_server(server.serve, "127.0.0.1", 0)
    host, port = listening.sockets[0].getsockname()
    server.url = f"http://{host}:{port}"
    yield server
    listening.close()
