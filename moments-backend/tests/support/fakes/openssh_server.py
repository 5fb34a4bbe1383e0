"""OpenSSH's own server for tests and benchmarks, on a free port of the loopback: no fake, where it is installed.

It takes the account that the tests run as, with a key made for it, and keeps all its files in one folder.
"""

from __future__ import annotations

import asyncio
import getpass
import os
import shutil
import socket
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import asyncssh

from videomoments.inference.model_registry import Endpoint, SshLogin, SshRoute
from videomoments.inference.ssh import SshFiles

_SBIN = f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin"


@dataclass
class OpenSshServer:
    """`folder` gets what `SshServer` puts there, and the server's own files."""

    folder: Path
    alias: str = "gpu"
    port: int = 0

    @staticmethod
    def installed() -> bool:
        return shutil.which("sshd", path=_SBIN) is not None

    async def __aenter__(self) -> Self:
        self.folder.mkdir(parents=True, exist_ok=True)
        host_key, client_key = (asyncssh.generate_private_key("ssh-ed25519") for _ in range(2))
        for name, key in (("host", host_key), ("id", client_key)):
            key.write_private_key(self.folder / name)
            (self.folder / name).chmod(0o600)
        (self.folder / "authorized_keys").write_bytes(client_key.export_public_key())
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        (self.folder / "known_hosts").write_text(f"[127.0.0.1]:{self.port} {host_key.export_public_key().decode()}")
        (self.folder / "config").write_text(
            f"Host {self.alias}\n  HostName 127.0.0.1\n  Port {self.port}\n  User {getpass.getuser()}\n"
            f"  UserKnownHostsFile {self.folder / 'known_hosts'}\n  IdentityFile {self.folder / 'id'}\n"
        )
        self._configure()
        if os.getuid() == 0:
            Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)  # OpenSSH as root asks for it
        program = shutil.which("sshd", path=_SBIN)
        assert program is not None
        log = self.folder / "log"
        self._process = await asyncio.create_subprocess_exec(program, "-D", "-f", str(self.folder / "sshd_config"), "-E", str(log))
        for _ in range(600):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self.port)) == 0:
                    return self
            if self._process.returncode is not None:
                break
            await asyncio.sleep(0.05)
        raise RuntimeError(f"sshd did not start: {log.read_text()}")

    def _configure(self) -> None:
        lines = {
            "Port": self.port,
            "ListenAddress": "127.0.0.1",
            "HostKey": self.folder / "host",
            "AuthorizedKeysFile": self.folder / "authorized_keys",
            "PasswordAuthentication": "no",
            "KbdInteractiveAuthentication": "no",
            "PermitRootLogin": "yes",
            "StrictModes": "no",
            "UsePAM": "no",
            "PidFile": "none",
            "MaxStartups": 100,
            "UseDNS": "no",
        }
        (self.folder / "sshd_config").write_text("".join(f"{name} {value}\n" for name, value in lines.items()))

    async def __aexit__(self, *exc: object) -> None:
        if self._process.returncode is None:
            self._process.terminate()
        await self._process.wait()

    @property
    def files(self) -> SshFiles:
        return SshFiles(self.folder / "config", self.folder / "known_hosts", self.folder / "id")

    @property
    def environment(self) -> dict[str, str]:
        """The same for another process."""
        return {
            "MOMENTS_SSH_CONFIG": str(self.folder / "config"),
            "MOMENTS_SSH_KNOWN_HOSTS": str(self.folder / "known_hosts"),
            "MOMENTS_SSH_KEY": str(self.folder / "id"),
        }

    def route(self, remote_port: int, local_port: int | None = None) -> SshRoute:
        return SshRoute(SshLogin(self.alias), "127.0.0.1", remote_port, local_port)

    def endpoint(self, remote_port: int, api_key: str | None = None) -> Endpoint:
        return Endpoint(f"http://127.0.0.1:{remote_port}", api_key, route=self.route(remote_port))
