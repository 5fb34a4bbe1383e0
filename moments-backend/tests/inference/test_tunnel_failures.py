"""Tunnels that fail: an error of its own for each way."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path

import asyncssh
import pytest

from support.fakes.model_server import ModelServer, hang
from support.fakes.ssh_server import USER, SshServer
from support.ports import closed_port
from support.tunnelling import CHAT, health, refused, until
from videomoments.core.errors import ModelError
from videomoments.inference.model_registry import Endpoint, SshLogin, SshRoute
from videomoments.inference.openai_chat import ChatClient
from videomoments.inference.retry import Deadlines, RetryPolicy
from videomoments.inference.ssh import SshFiles, SshTimeouts, TunnelError
from videomoments.inference.transcribe import transcribe
from videomoments.inference.tunnel import Tunnels

QUICK = SshTimeouts(login=20.0, keepalive=0.2, keepalive_count=2)


async def test_a_recogniser_behind_ssh_is_named_by_its_own_key(ssh: SshServer, tunnels: Tunnels, tmp_path: Path) -> None:
    audio = tmp_path / "audio.wav"
    audio.write_bytes(bytes(32_000))
    with closed_port() as port, pytest.raises(TunnelError) as caught:
        await transcribe(
            ssh.endpoint(port), audio, model="whisper_base", key="far_whisper", tunnels=tunnels, policy=RetryPolicy(unreachable=0)
        )
    assert caught.value.message.startswith("Model far_whisper is not reachable over SSH")


async def test_nobody_listens_there(ssh: SshServer, tunnels: Tunnels) -> None:
    with closed_port() as port:
        error = await refused(tunnels, SshRoute(SshLogin("127.0.0.1", port), "127.0.0.1", 1))
    assert (error.code, error.retryable) == ("tunnel_refused", True)


async def test_a_server_that_never_speaks(ssh: SshServer) -> None:
    async with await asyncio.start_server(lambda reader, writer: asyncio.sleep(3600), "127.0.0.1", 0) as silent:
        port = silent.sockets[0].getsockname()[1]
        async with Tunnels(ssh.files, patience=SshTimeouts(login=0.5)) as tunnels:
            error = await refused(tunnels, SshRoute(SshLogin("127.0.0.1", port), "127.0.0.1", 1))
    assert (error.code, error.retryable) == ("tunnel_timeout", True)


async def test_something_else_listens_there(ssh: SshServer, tunnels: Tunnels, service: ModelServer) -> None:
    error = await refused(tunnels, SshRoute(SshLogin("127.0.0.1", service.port), "127.0.0.1", 1))
    assert error.code == "tunnel_lost"


async def test_no_such_host(ssh: SshServer, tunnels: Tunnels) -> None:
    error = await refused(tunnels, SshRoute(SshLogin("no-such-host.invalid"), "127.0.0.1", 1))
    assert (error.code, error.retryable) == ("tunnel_no_host", False)


@pytest.mark.parametrize("key", ["another", "none", "garbage", "encrypted"])
async def test_the_wrong_key(ssh: SshServer, service: ModelServer, key: str) -> None:
    path = ssh.folder / "wrong"
    made = asyncssh.generate_private_key("ssh-ed25519")
    if key == "another":
        made.write_private_key(path)
    elif key == "garbage":
        path.write_text("no key\n")
    elif key == "encrypted":
        path.write_bytes(made.export_private_key(passphrase="p-1", cipher_name="aes256-cbc", format_name="pkcs8-pem", pbe_version=2))
    async with Tunnels(SshFiles(ssh.files.config, ssh.files.known_hosts, path)) as tunnels:
        error = await refused(tunnels, ssh.route(service.port))
    assert (error.code, error.retryable) == ("tunnel_authentication", False)


async def test_a_refused_login_is_said_each_time(ssh: SshServer, service: ModelServer) -> None:
    asyncssh.generate_private_key("ssh-ed25519").write_private_key(ssh.folder / "id")
    async with Tunnels(ssh.files) as tunnels, ChatClient(tunnels=tunnels) as client:
        for number in range(1, 6):
            with pytest.raises(TunnelError) as caught:
                await client.complete(ssh.endpoint(service.port), CHAT, [{"role": "user", "content": "x"}])
            assert (caught.value.code, ssh.connections) == ("tunnel_authentication", number)


async def test_a_shared_login_that_fails_is_told_to_each_in_its_own_name(ssh: SshServer, service: ModelServer) -> None:
    asyncssh.generate_private_key("ssh-ed25519").write_private_key(ssh.folder / "id")
    async with Tunnels(ssh.files) as tunnels:
        calls = (health(tunnels, ssh.route(service.port), name) for name in ("one", "two"))
        errors = await asyncio.gather(*calls, return_exceptions=True)
    assert [str(error).split()[1] for error in errors] == ["one", "two"]
    assert ssh.connections == 1


async def test_the_port_behind_is_closed(ssh: SshServer, tunnels: Tunnels, service: ModelServer) -> None:
    with closed_port() as port:
        error = await refused(tunnels, ssh.route(port))
    assert (error.code, error.retryable) == ("tunnel_closed_port", True)
    await health(tunnels, ssh.route(service.port))
    assert ssh.connections == 1


async def test_the_server_forbids_forwarding(ssh: SshServer, tunnels: Tunnels, service: ModelServer) -> None:
    ssh.forbid = True
    error = await refused(tunnels, ssh.route(service.port))
    assert (error.code, error.retryable) == ("tunnel_forbidden", False)


@pytest.mark.parametrize("line", ["Port many", "ProxyJump gpu"])
async def test_a_configuration_that_makes_no_sense(ssh: SshServer, service: ModelServer, line: str) -> None:
    config = ssh.folder / "config"
    config.write_text(f"Host gpu\n  {line}\n" + config.read_text())
    async with Tunnels(ssh.files) as tunnels:
        error = await refused(tunnels, ssh.route(service.port))
    assert (error.code, error.retryable) == ("tunnel_config", False)


async def test_a_service_that_breaks_off_is_not_the_tunnels_fault(ssh: SshServer, tunnels: Tunnels, service: ModelServer) -> None:
    with pytest.raises(ModelError) as caught:
        async with tunnels.ssh_tunnel("m", ssh.route(service.port)):
            raise ModelError("broke off", code="model_unreachable")
    assert not isinstance(caught.value, TunnelError)
    with closed_port() as port, pytest.raises(ModelError) as caught:
        async with tunnels.ssh_tunnel("m", ssh.route(port)):
            raise ModelError("nonsense", code="model_bad_answer")
    assert caught.value.code == "model_bad_answer"


async def test_a_connection_that_breaks_is_noticed_and_made_anew(ssh: SshServer, service: ModelServer) -> None:
    service.script.append(hang())
    body = '{"task": "generate_moments", "lines": [], "limits": {"min_duration": 1, "max_duration": 9, "max_moments": 3}}'
    once = RetryPolicy(unreachable=0)
    async with Tunnels(ssh.files) as tunnels, ChatClient(tunnels=tunnels, policy=once) as strict, ChatClient(tunnels=tunnels) as client:
        call = asyncio.create_task(strict.complete(ssh.endpoint(service.port), CHAT, [{"role": "user", "content": body}]))
        await until(lambda: bool(service.requests))
        await ssh.stop()
        with pytest.raises(TunnelError) as caught:
            await call
        assert (caught.value.code, caught.value.retryable) == ("tunnel_lost", True)
        await ssh.start()
        assert (await client.complete(ssh.endpoint(service.port), CHAT, [{"role": "user", "content": body}])).text == "[]"


@contextlib.asynccontextmanager
async def freezable(port: int) -> AsyncIterator[tuple[int, asyncio.Event]]:
    """A way to `port` that passes on nothing more once the event is cleared, and keeps its connections open."""
    flowing = asyncio.Event()
    flowing.set()

    async def pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            while data := await reader.read(65536):
                await flowing.wait()
                writer.write(data)

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        far_reader, far_writer = await asyncio.open_connection("127.0.0.1", port)
        try:
            await asyncio.gather(pump(reader, far_writer), pump(far_reader, writer))
        finally:
            writer.close()
            far_writer.close()

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
        yield server.sockets[0].getsockname()[1], flowing


async def test_a_frozen_peer_is_noticed(ssh: SshServer, service: ModelServer) -> None:
    service.script.append(hang())
    async with freezable(ssh.port) as (port, flowing):
        ssh.configure(f"Host frozen\n  HostName 127.0.0.1\n  Port {port}\n  User {USER}\n  HostKeyAlias gpu-1\n")
        with (ssh.folder / "known_hosts").open("a") as file:
            file.write(f"gpu-1,[gpu-1]:{port} {ssh.public(ssh.host_key)}\n")  # type: ignore[arg-type]
        policy, deadlines = RetryPolicy(unreachable=0), Deadlines(total=60.0)
        async with Tunnels(ssh.files, patience=QUICK) as tunnels, ChatClient(tunnels=tunnels, policy=policy, deadlines=deadlines) as client:
            endpoint = Endpoint("http://127.0.0.1", route=SshRoute(SshLogin("frozen"), "127.0.0.1", service.port))
            call = asyncio.create_task(client.complete(endpoint, CHAT, [{"role": "user", "content": "x"}]))
            await until(lambda: bool(service.requests))
            flowing.clear()
            with pytest.raises(TunnelError) as caught:
                await call
            assert caught.value.code == "tunnel_lost"
