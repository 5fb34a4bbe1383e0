"""Tunnels over a real SSH server: one login for many requests, nothing left behind, and an error of its own for each way to fail."""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import asyncssh
import httpx2
import pytest

from fakes.model_server import ModelServer, hang
from fakes.ssh_server import USER, SshServer
from videomoments.core.config import Settings
from videomoments.core.errors import ModelError
from videomoments.inference.base import Endpoint, ModelConfig, SshLogin, SshRoute
from videomoments.inference.openai_chat import ChatClient
from videomoments.inference.retry import Deadlines, RetryPolicy
from videomoments.inference.ssh import Patience, SshFiles, TunnelError
from videomoments.inference.transcribe import transcribe
from videomoments.inference.tunnel import Tunnels

CHAT = ModelConfig.model_validate({"key": "m", "kind": "chat", "endpoint": "/v1/chat/completions", "model_name": "m"})
QUICK = Patience(login=20.0, keepalive=0.2, keepalive_count=2)


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


async def health(tunnels: Tunnels, route: SshRoute, name: str = "m") -> int:
    """One request through a tunnel; the local port that it took."""
    async with tunnels.ssh_tunnel(name, route) as base_url, httpx2.AsyncClient(verify=False, trust_env=False) as client:
        try:
            response = await client.get(f"{base_url}/health", timeout=20)
        except httpx2.HTTPError as error:
            raise ModelError("no answer", code="model_unreachable") from error
        assert response.json() == {"status": "ok"}
    return int(base_url.rpartition(":")[2])


async def until(condition: Callable[[], bool], seconds: float = 20.0) -> None:
    async with asyncio.timeout(seconds):
        while not condition():
            await asyncio.sleep(0.02)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


# What it is for


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


# F37 to F40: ports, overlaps, orphans


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
from videomoments.inference.base import SshLogin, SshRoute
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


# F41: host keys


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


@pytest.mark.parametrize("kind", ["ssh-ed25519", "ecdsa-sha2-nistp256"])
async def test_f41_another_host_key_is_refused(ssh: SshServer, tunnels: Tunnels, service: ModelServer, kind: str) -> None:
    other = asyncssh.generate_private_key(kind)
    (ssh.folder / "known_hosts").write_text(f"[127.0.0.1]:{ssh.port} {ssh.public(other)}\n")
    error = await refused(tunnels, ssh.route(service.port))
    assert (error.code, error.retryable, "another host key" in error.message) == ("tunnel_host_key", False, True)
    assert ssh.forwards == 0
    # The command that stands there does it: what is on record afterwards is nothing.
    command = error.advice.rpartition(": ")[2]
    assert command == f"ssh-keygen -f {ssh.folder}/known_hosts -R '[127.0.0.1]:{ssh.port}'"
    if shutil.which("ssh-keygen"):
        subprocess.run(command, shell=True, check=True, capture_output=True)
        again = await refused(tunnels, ssh.route(service.port))
        assert "not known" in again.message


async def test_f41_the_key_of_a_hop_that_changed_is_the_one_to_forget(ssh: SshServer, service: ModelServer) -> None:
    async with SshServer(ssh.folder, alias="bastion") as bastion:
        ssh.configure(f"Host inner\n  HostName 127.0.0.1\n  Port {ssh.port}\n  User {USER}\n  ProxyJump bastion\n")
        known, other = ssh.folder / "known_hosts", ssh.public(asyncssh.generate_private_key("ssh-ed25519"))
        lines = [line for line in known.read_text().splitlines() if f":{bastion.port} " not in line]
        known.write_text("\n".join([*lines, f"[127.0.0.1]:{bastion.port} {other}", ""]))
        async with Tunnels(ssh.files) as tunnels:
            error = await refused(tunnels, SshRoute(SshLogin("inner"), "127.0.0.1", service.port))
    assert error.advice.endswith(f"-R '[127.0.0.1]:{bastion.port}'")


async def test_a_stale_public_key_is_named_with_what_mends_it(ssh: SshServer, service: ModelServer) -> None:
    other = asyncssh.generate_private_key("ssh-ed25519")
    other.write_public_key(ssh.folder / "id.pub")
    async with Tunnels(ssh.files) as tunnels:
        error = await refused(tunnels, ssh.route(service.port))
        assert (error.code, error.retryable) == ("tunnel_authentication", False)
        assert "id.pub" in error.message
        command = error.advice.rpartition(": ")[2]
        assert command == f"ssh-keygen -y -f {ssh.folder}/id > {ssh.folder}/id.pub"
        if shutil.which("ssh-keygen"):
            subprocess.run(command, shell=True, check=True)
            await health(tunnels, ssh.route(service.port))


async def test_a_stale_public_key_of_the_configuration_is_named_too(ssh: SshServer, service: ModelServer) -> None:
    asyncssh.generate_private_key("ssh-ed25519").write_public_key(ssh.folder / "id.pub")
    ssh.configure(f"  IdentityFile {ssh.folder}/id\n")
    async with Tunnels(SshFiles(ssh.files.config, ssh.files.known_hosts, None)) as tunnels:
        error = await refused(tunnels, ssh.route(service.port))
    assert (error.code, "id.pub" in error.message) == ("tunnel_authentication", True)


async def test_a_recogniser_behind_ssh_is_named_by_its_own_key(ssh: SshServer, tunnels: Tunnels, tmp_path: Path) -> None:
    audio = tmp_path / "audio.wav"
    audio.write_bytes(bytes(32_000))
    with pytest.raises(TunnelError) as caught:
        await transcribe(
            ssh.endpoint(free_port()), audio, model="whisper_base", key="far_whisper", tunnels=tunnels, policy=RetryPolicy(unreachable=0)
        )
    assert caught.value.message.startswith("Model far_whisper is not reachable over SSH")


@pytest.mark.parametrize("line", ["UserKnownHostsFile none", "StrictHostKeyChecking no", "UserKnownHostsFile /nowhere"])
async def test_f41_no_configuration_turns_the_comparison_off(
    ssh: SshServer, service: ModelServer, line: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(ssh.folder))
    ssh.configure(f"  {line}\n")
    async with Tunnels(SshFiles(ssh.files.config, None, ssh.files.key)) as tunnels:
        error = await refused(tunnels, ssh.route(service.port))
    assert (error.code, "not known" in error.message) == ("tunnel_host_key", True)


async def test_f41_a_hop_is_compared_as_well(ssh: SshServer, service: ModelServer, tmp_path: Path) -> None:
    async with SshServer(ssh.folder, alias="bastion") as bastion:
        ssh.configure(f"Host inner\n  HostName 127.0.0.1\n  Port {ssh.port}\n  User {USER}\n  ProxyJump bastion\n")
        known = ssh.folder / "known_hosts"
        known.write_text("".join(line + "\n" for line in known.read_text().splitlines() if f":{bastion.port} " not in line))
        async with Tunnels(ssh.files) as tunnels:
            error = await refused(tunnels, SshRoute(SshLogin("inner"), "127.0.0.1", service.port))
        assert error.code == "tunnel_host_key"
        await until(lambda: not bastion.open)


async def test_through_a_hop_and_back(ssh: SshServer, service: ModelServer) -> None:
    async with SshServer(ssh.folder, alias="bastion") as bastion:
        ssh.configure(f"Host inner\n  HostName 127.0.0.1\n  Port {ssh.port}\n  User {USER}\n  ProxyJump bastion\n")
        async with Tunnels(ssh.files, idle_seconds=0.1) as tunnels:
            await health(tunnels, SshRoute(SshLogin("inner"), "127.0.0.1", service.port))
            assert (ssh.connections, bastion.connections, bastion.forwards) == (1, 1, 1)
            await until(lambda: not ssh.open and not bastion.open)


# Each way to fail


async def test_nobody_listens_there(ssh: SshServer, tunnels: Tunnels) -> None:
    error = await refused(tunnels, SshRoute(SshLogin("127.0.0.1", free_port()), "127.0.0.1", 1))
    assert (error.code, error.retryable) == ("tunnel_refused", True)


async def test_a_server_that_never_speaks(ssh: SshServer) -> None:
    async with await asyncio.start_server(lambda reader, writer: asyncio.sleep(3600), "127.0.0.1", 0) as silent:
        port = silent.sockets[0].getsockname()[1]
        async with Tunnels(ssh.files, patience=Patience(login=0.5)) as tunnels:
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
    error = await refused(tunnels, ssh.route(free_port()))
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
    with pytest.raises(ModelError) as caught:
        async with tunnels.ssh_tunnel("m", ssh.route(free_port())):
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
