"""Keys of hosts and users: a host that is not the known one is refused (F41), and the error says what mends it."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import asyncssh
import pytest

from support.fakes.model_server import ModelServer
from support.fakes.ssh_server import USER, SshServer
from support.tunnelling import health, refused, until
from videomoments.inference.model_registry import SshLogin, SshRoute
from videomoments.inference.ssh import SshFiles
from videomoments.inference.tunnel import Tunnels


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
