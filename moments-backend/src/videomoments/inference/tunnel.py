"""Reaches models behind SSH: one connection per server, open while it is used, and one forward per request.

::

    async with Tunnels.of(settings) as tunnels:
        async with tunnels.ssh_tunnel("qwen3_vl_fp8", route) as base_url:   # http://127.0.0.1:6010
            ...

The local port is never probed: it accepts connections whatever the far side does. When a request fails, an SSH channel shows why.
"""

from __future__ import annotations

import asyncio
import errno
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from types import TracebackType
from typing import TYPE_CHECKING, Self

from videomoments.core.config import Settings
from videomoments.core.errors import ModelError
from videomoments.core.tasks import joined
from videomoments.inference.model_registry import Endpoint, SshLogin, SshRoute
from videomoments.inference.ssh import Dialled, SshFiles, SshTimeouts, TunnelError, dial, far_side_error

if TYPE_CHECKING:
    import asyncssh

_LOOPBACK = "127.0.0.1"
_PROBE_SECONDS = 5.0


class _Pooled:
    """The connection to one server, and the number of requests that use it."""

    def __init__(self) -> None:
        self.users = 0
        self.dialled: Dialled | None = None
        self.dialling: asyncio.Task[Dialled] | None = None
        self.idle: asyncio.TimerHandle | None = None


class Tunnels:
    """Holds all SSH connections of one event loop, closed with `aclose` or as a context manager. It is safe for concurrent calls.

    A connection that has not been used for `idle_seconds` is closed.
    """

    def __init__(self, files: SshFiles | None = None, *, idle_seconds: float = 60.0, patience: SshTimeouts | None = None) -> None:
        self._files = files or SshFiles()
        self._idle_seconds = idle_seconds
        self._patience = patience or SshTimeouts()
        self._pool: dict[SshLogin, _Pooled] = {}
        self._closing: set[asyncio.Task[None]] = set()

    @classmethod
    def of(cls, settings: Settings) -> Self:
        """Returns tunnels as the settings configure them."""
        files = SshFiles(settings.ssh_config, settings.ssh_known_hosts, settings.ssh_key)
        return cls(files, idle_seconds=settings.ssh_idle_seconds)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Closes every connection, with whatever still runs over it."""
        pool, self._pool = self._pool, {}
        for pooled in pool.values():
            if pooled.idle is not None:
                pooled.idle.cancel()
            if pooled.dialling is not None:
                pooled.dialling.cancel()
            if pooled.dialled is not None:
                self._close(pooled.dialled)
        while self._closing:
            await asyncio.wait(self._closing)

    @asynccontextmanager
    async def reach(self, endpoint: Endpoint, model_key: str) -> AsyncIterator[Endpoint]:
        """Yields the endpoint as it is reached from here, for one request. Raises TunnelError; see `ssh_tunnel`."""
        if endpoint.route is None:
            yield endpoint
            return
        async with self.ssh_tunnel(model_key, endpoint.route) as base_url:
            yield replace(endpoint, base_url=base_url, route=None)

    @asynccontextmanager
    async def ssh_tunnel(self, model_key: str, route: SshRoute) -> AsyncIterator[str]:
        """Yields the local address of a service, for one request.

        Raises TunnelError when the server can't be reached; also when the body of the context ends in an OSError or in a ModelError
        `model_unreachable`, and the tunnel is the cause. No connection may be reused after the request: its forward is gone.
        """
        pooled = self._pool.setdefault(route.server, _Pooled())
        pooled.users += 1
        if pooled.idle is not None:
            pooled.idle.cancel()
            pooled.idle = None
        try:
            connection = await self._connection(pooled, route.server, model_key)
            async with _forward(connection, route, model_key) as port:
                try:
                    yield f"http://{_LOOPBACK}:{port}"
                except (ModelError, OSError) as error:
                    if isinstance(error, ModelError) and error.code != "model_unreachable":
                        raise
                    if (cause := await _cause(connection, route, model_key)) is None:
                        raise
                    raise cause from None
        finally:
            pooled.users -= 1
            self._rest(pooled, route.server)

    async def _connection(self, pooled: _Pooled, server: SshLogin, model_key: str) -> asyncssh.SSHClientConnection:
        """Returns the server's connection, and makes a new one where it is gone. All callers that wait for it share one login."""
        if pooled.dialled is not None and not pooled.dialled.alive:
            self._close(pooled.dialled)
            pooled.dialled = None
        if pooled.dialled is None:
            if pooled.dialling is None:
                pooled.dialling = asyncio.create_task(dial(server, self._files, self._patience, model_key))
                pooled.dialling.add_done_callback(lambda task: self._dialled(pooled, server, task))
            try:
                # The cancellation of one caller does not cancel the login of the others.
                return (await joined(pooled.dialling)).connection
            except TunnelError as error:
                # The login may have been begun for another model.
                raise error.of(model_key) from None
        return pooled.dialled.connection

    def _dialled(self, pooled: _Pooled, server: SshLogin, task: asyncio.Task[Dialled]) -> None:
        pooled.dialling = None
        if task.cancelled() or task.exception() is not None:
            return
        if self._pool.get(server) is not pooled:
            self._close(task.result())
            return
        pooled.dialled = task.result()
        self._rest(pooled, server)

    def _rest(self, pooled: _Pooled, server: SshLogin) -> None:
        """Starts the timer after which an unused connection is closed."""
        if pooled.users == 0 and pooled.dialling is None and self._pool.get(server) is pooled:
            if pooled.idle is not None:
                pooled.idle.cancel()
            pooled.idle = asyncio.get_running_loop().call_later(self._idle_seconds, self._retire, pooled, server)

    def _retire(self, pooled: _Pooled, server: SshLogin) -> None:
        if pooled.users == 0 and self._pool.get(server) is pooled:
            del self._pool[server]
            if pooled.dialled is not None:
                self._close(pooled.dialled)

    def _close(self, dialled: Dialled) -> None:
        task = asyncio.create_task(dialled.aclose())
        self._closing.add(task)
        task.add_done_callback(self._closing.discard)


@asynccontextmanager
async def reaching(tunnels: Tunnels | None, endpoint: Endpoint, model_key: str) -> AsyncIterator[Endpoint]:
    """Yields the endpoint of `tunnels.reach`; without `tunnels`, over a connection of its own."""
    if tunnels is not None:
        async with tunnels.reach(endpoint, model_key) as reached:
            yield reached
        return
    async with Tunnels() as own, own.reach(endpoint, model_key) as reached:
        yield reached


@asynccontextmanager
async def _forward(connection: asyncssh.SSHClientConnection, route: SshRoute, model_key: str) -> AsyncIterator[int]:
    listener = await _listen(connection, route, model_key)
    try:
        yield listener.get_port()
    finally:
        listener.close()


async def _listen(connection: asyncssh.SSHClientConnection, route: SshRoute, model_key: str) -> asyncssh.SSHListener:
    for port in [route.local_port, 0] if route.local_port else [0]:
        try:
            return await connection.forward_local_port(_LOOPBACK, port, route.remote_host, route.remote_port)
        except OSError as error:
            # The port is in use by another request or another process.
            if port and error.errno in (errno.EADDRINUSE, errno.EACCES, errno.EADDRNOTAVAIL):
                continue
            raise TunnelError("tunnel_config", model_key, f"no local port can be had ({type(error).__name__})") from None
    raise AssertionError("any free port is found or refused")


async def _cause(connection: asyncssh.SSHClientConnection, route: SshRoute, model_key: str) -> TunnelError | None:
    """Returns why a request over this connection got no answer, or None where the way is open, so that the service itself is at fault."""
    lost = TunnelError("tunnel_lost", model_key, "the connection to its SSH server broke off")
    if connection.is_closed():
        return lost
    try:
        async with asyncio.timeout(_PROBE_SECONDS):
            _, writer = await connection.open_connection(route.remote_host, route.remote_port)
    except Exception as error:
        # A connection that has ended meanwhile refuses channels too.
        return lost if connection.is_closed() else far_side_error(error, model_key)
    writer.close()
    with suppress(Exception):
        await writer.wait_closed()
    return None
