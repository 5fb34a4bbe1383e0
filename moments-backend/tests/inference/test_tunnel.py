"""Tunnels over a real SSH server: one login for many requests, and nothing left behind (F37 to F40)."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import sys
from pathlib import Path

import httpx2
import pytest

from support.fakes.model_server import ModelServer
from support.fakes.ssh_server import SshServer
from support.ports import free_port
from support.tunnelling import CHAT, health, listens, refused, until
from videomoments.core.config import Settings
from videomoments.inference.model_registry import Endpoint
from videomoments.inference.openai_chat import ChatClient
from videomoments.inference.ssh import SshFiles
from videomoments.inference.transcribe import transcribe
from videomoments.inference.tunnel import Tunnels


async def test_requests_share_one_login(tunnels: Tunnels, ssh: SshServer, service: ModelServer) -> None:
    await asyncio.gather(*(health(tunnels, ssh.route(service.port)) for _ in range(5)))
    await health(tunnels, ssh.route(service.port))
    assert (ssh.connections, ssh.forwards) == (1, 6)


async def test_chat_and_transcription_go_through(ssh: SshServer, tunnels: Tunnels, tmp_path: Path) -> None:
    audio = tmp_path / "a.wav"
    audio.write_bytes(bytes(32_044))
    async with ModelServer(models=("m",), key="s3cret-key") as service, ChatClient(tunnels=tunnels) as client:
        endpoint = ssh.endpoint(service.port, "s3cret-key")
        body = '{"task": "generate_moments", "lines": [], "limits": {"min_duration": 1, "max_duration": 9, "max_moments": 3}}'
        answer = await client.complete(endpoint, CHAT, [{"role": "user", "content": body}])
        heard = await transcribe(endpoint, audio, model="m", duration=1.0, tunnels=tunnels)
    assert (answer.text, heard.full_text, ssh.connections) == ("[]", "Hello world.", 1)
    assert {request.headers["Authorization"] for request in service.requests} == {"Bearer s3cret-key"}


async def test_a_process_finds_its_way_by_its_settings(ssh: SshServer, service: ModelServer, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in ssh.environment.items():
        monkeypatch.setenv(name, value)
    async with Tunnels.of(Settings()) as tunnels:
        await health(tunnels, ssh.route(service.port))
    assert ssh.connections == 1


async def test_the_users_own_configuration_is_read(ssh: SshServer, service: ModelServer, monkeypatch: pytest.MonkeyPatch) -> None:
    (ssh.folder.parent / ".ssh").symlink_to(ssh.folder)
    ssh.configure(f"  IdentityFile {ssh.folder / 'id'}\n")
    monkeypatch.setenv("HOME", str(ssh.folder.parent))
    async with Tunnels() as tunnels:
        await health(tunnels, ssh.route(service.port))
    assert ssh.connections == 1


async def test_a_key_in_the_agent_is_enough(ssh: SshServer, service: ModelServer, monkeypatch: pytest.MonkeyPatch) -> None:
    programs = [shutil.which(name) for name in ("ssh-agent", "ssh-add")]
    if None in programs:
        pytest.skip("OpenSSH's agent is not installed")
    path = str(ssh.folder / "agent")
    agent = await asyncio.create_subprocess_exec(str(programs[0]), "-D", "-a", path, stdout=asyncio.subprocess.DEVNULL)
    try:
        await until(lambda: Path(path).exists())
        monkeypatch.setenv("SSH_AUTH_SOCK", path)
        monkeypatch.setenv("HOME", str(ssh.folder / "nobody"))
        files = SshFiles(ssh.files.config, ssh.files.known_hosts, None)
        async with Tunnels(files) as tunnels:
            assert (await refused(tunnels, ssh.route(service.port))).code == "tunnel_authentication"
            adding = await asyncio.create_subprocess_exec(str(programs[1]), "-q", str(ssh.folder / "id"))
            assert await adding.wait() == 0
            await health(tunnels, ssh.route(service.port))
    finally:
        agent.terminate()
        await agent.wait()


async def test_f37_calls_at_once_never_collide(ssh: SshServer, tunnels: Tunnels, service: ModelServer) -> None:
    wished = free_port()
    service.delay = 0.05
    async with ModelServer() as other:
        routes = [ssh.route(one.port, wished) for one in (service, other) for _ in range(2)] * 4
        ports = await asyncio.gather(*(health(tunnels, route, f"m{number % 4}") for number, route in enumerate(routes)))
    assert wished in ports
    assert await health(tunnels, ssh.route(service.port, wished)) == wished
    assert ssh.connections == 1


async def test_f38_the_end_of_one_call_is_not_the_end_of_another(ssh: SshServer, service: ModelServer) -> None:
    async with (
        Tunnels(ssh.files, idle_seconds=0.0) as tunnels,
        tunnels.ssh_tunnel("m", ssh.route(service.port)) as base_url,
        httpx2.AsyncClient(trust_env=False) as client,
    ):
        before = await client.get(f"{base_url}/health")
        for _ in range(3):
            await health(tunnels, ssh.route(service.port))
            await asyncio.sleep(0.05)
        assert (await client.get(f"{base_url}/health")).json() == before.json()
    assert ssh.connections == 1


async def test_f39_a_squatter_on_the_port_is_never_asked(ssh: SshServer, tunnels: Tunnels, service: ModelServer) -> None:
    async with ModelServer(models=("squatter",)) as squatter, ChatClient(tunnels=tunnels) as client:
        route = ssh.route(service.port, squatter.port)
        body = '{"task": "generate_moments", "lines": [], "limits": {"min_duration": 1, "max_duration": 9, "max_moments": 3}}'
        await client.complete(Endpoint("http://127.0.0.1", route=route), CHAT, [{"role": "user", "content": body}])
    assert (len(service.requests), len(squatter.requests)) == (1, 0)


_VICTIMS = """
import asyncio, os, sys
import asyncssh  # once for all of them
from videomoments.core.config import Settings
from videomoments.inference.model_registry import SshLogin, SshRoute
from videomoments.inference.tunnel import Tunnels

async def main():
    async with Tunnels.of(Settings()) as tunnels:
        async with tunnels.ssh_tunnel("m", SshRoute(SshLogin("gpu"), "127.0.0.1", int(sys.argv[1]))) as base_url:
            print(os.getpid(), base_url.rpartition(":")[2], flush=True)
            await asyncio.sleep(3600)

for line in sys.stdin:
    child = os.fork()
    if child == 0:
        asyncio.run(main())
    os.waitpid(child, 0)
"""


@pytest.mark.fault
async def test_f40_killed_processes_leave_no_tunnel(ssh: SshServer, service: ModelServer) -> None:
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", _VICTIMS, str(service.port)), stdin=pipe, stdout=pipe, env=os.environ | ssh.environment
    )
    assert process.stdin is not None
    assert process.stdout is not None
    for _ in range(20):
        process.stdin.write(b"next\n")
        pid, port = (int(word) for word in (await process.stdout.readline()).split())
        assert listens(port)
        os.kill(pid, signal.SIGKILL)
        await until(lambda port=port: not listens(port))  # type: ignore[misc]
    process.stdin.close()
    assert await process.wait() == 0
    assert ssh.connections == 20
    await until(lambda: not ssh.open)


async def test_an_unused_connection_is_closed(ssh: SshServer, service: ModelServer) -> None:
    async with Tunnels(ssh.files, idle_seconds=0.1) as tunnels:
        port = await health(tunnels, ssh.route(service.port))
        assert len(ssh.open) == 1
        await until(lambda: not ssh.open)
        assert not listens(port)
        await health(tunnels, ssh.route(service.port))
    assert ssh.connections == 2


async def test_who_gives_up_waiting_does_not_end_the_others_login(ssh: SshServer, tunnels: Tunnels, service: ModelServer) -> None:
    first = asyncio.create_task(health(tunnels, ssh.route(service.port)))
    second = asyncio.create_task(health(tunnels, ssh.route(service.port)))
    await asyncio.sleep(0)
    first.cancel()
    await second
    with pytest.raises(asyncio.CancelledError):
        await first
    assert ssh.connections == 1


async def test_a_login_that_nobody_waits_for_any_more_is_closed_too(ssh: SshServer, service: ModelServer) -> None:
    async with Tunnels(ssh.files, idle_seconds=0.0) as tunnels:
        task = asyncio.create_task(health(tunnels, ssh.route(service.port)))
        await asyncio.sleep(0)
        task.cancel()
        await until(lambda: ssh.connections == 1)
        await until(lambda: not ssh.open)
