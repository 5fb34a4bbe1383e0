"""An SSH server for tests: asyncssh's own, on a free port of the loopback, with keys, known hosts and a configuration made for it.

::

    async with SshServer(folder) as server:
        tunnels = Tunnels(server.files)
        endpoint = server.endpoint(port_of_the_service)
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

import asyncssh

from videomoments.inference.model_registry import Endpoint, SshLogin, SshRoute
from videomoments.inference.ssh import SshFiles

USER = "tester"


@dataclass
class SshServer:
    """`connections` counts logins, `open` those that live, `forwards` the channels that were asked for.

    `folder` gets `id` and `id.pub` (the client's key), `known_hosts` and `config`, with this server as the host `gpu`.
    """

    folder: Path
    alias: str = "gpu"
    forbid: bool = False
    port: int = 0
    connections: int = 0
    forwards: int = 0
    open: list[asyncssh.SSHServerConnection] = field(default_factory=list)
    host_key: asyncssh.SSHKey | None = None

    async def __aenter__(self) -> Self:
        self.folder.mkdir(parents=True, exist_ok=True)
        self.host_key = self.host_key or asyncssh.generate_private_key("ssh-ed25519")
        self._client_key()
        await self.start()
        with (self.folder / "known_hosts").open("a") as file:
            file.write(f"[127.0.0.1]:{self.port} {self.public(self.host_key)}\n")
        self.configure(f"Host {self.alias}\n  HostName 127.0.0.1\n  Port {self.port}\n  User {USER}\n")
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self.stop()

    async def start(self) -> None:
        """Listens, on the same port as before if there was one."""
        authorized = str(self.folder / "authorized_keys")
        self._acceptor = await asyncssh.listen(
            "127.0.0.1",
            self.port,
            server_factory=lambda: _Server(self),
            server_host_keys=[self.host_key],
            authorized_client_keys=authorized,
        )
        self.port = self._acceptor.get_port()

    async def stop(self) -> None:
        """Stops listening and ends every connection, as a server that is killed."""
        self._acceptor.close()
        for connection in list(self.open):
            connection.abort()
        await self._acceptor.wait_closed()
        for _ in range(200):
            if not self.open:
                return
            await asyncio.sleep(0.01)

    def configure(self, text: str) -> None:
        """Adds to the configuration."""
        with (self.folder / "config").open("a") as file:
            file.write(text)

    @staticmethod
    def public(key: asyncssh.SSHKey) -> str:
        return key.export_public_key().decode().strip()

    def _client_key(self) -> None:
        private, authorized = self.folder / "id", self.folder / "authorized_keys"
        if not private.exists():
            key = asyncssh.generate_private_key("ssh-ed25519")
            key.write_private_key(private)
            private.chmod(0o600)
            authorized.write_text(self.public(key) + "\n")

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


class _Server(asyncssh.SSHServer):
    def __init__(self, owner: SshServer) -> None:
        self._owner = owner

    def connection_made(self, conn: asyncssh.SSHServerConnection) -> None:
        self._connection = conn
        self._owner.connections += 1
        self._owner.open.append(conn)

    def connection_lost(self, exc: Exception | None) -> None:
        self._owner.open.remove(self._connection)

    def password_auth_supported(self) -> bool:
        return False

    def connection_requested(self, dest_host: str, dest_port: int, orig_host: str, orig_port: int) -> bool:
        self._owner.forwards += 1
        if self._owner.forbid:
            raise asyncssh.ChannelOpenError(asyncssh.OPEN_ADMINISTRATIVELY_PROHIBITED, "forbidden")
        return True
