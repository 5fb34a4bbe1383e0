"""A model server, a chat client, and an SSH server with tunnels to it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from support.chat_asking import DEADLINES, FAST
from support.fakes.model_server import ModelServer
from support.fakes.ssh_server import SshServer
from videomoments.inference.dialect import OwnMemory
from videomoments.inference.openai_chat import ChatClient
from videomoments.inference.tunnel import Tunnels


@pytest.fixture
async def server() -> AsyncIterator[ModelServer]:
    async with ModelServer() as running:
        yield running


@pytest.fixture
def memory() -> OwnMemory:
    return OwnMemory()


@pytest.fixture
async def client(memory: OwnMemory) -> AsyncIterator[ChatClient]:
    async with ChatClient(deadlines=DEADLINES, policy=FAST, memory=memory) as made:
        yield made


@pytest.fixture
async def service() -> AsyncIterator[ModelServer]:
    async with ModelServer(models=("m",)) as server:
        yield server


@pytest.fixture
async def ssh(tmp_path: Path) -> AsyncIterator[SshServer]:
    async with SshServer(tmp_path / "ssh") as server:
        yield server


@pytest.fixture
async def tunnels(ssh: SshServer) -> AsyncIterator[Tunnels]:
    async with Tunnels(ssh.files) as made:
        yield made
