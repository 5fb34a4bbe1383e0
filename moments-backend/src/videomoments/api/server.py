"""Runs the API as a process: uvicorn, on loopback, or on any address where there are keys."""

from __future__ import annotations

import socket

import uvicorn

from videomoments.api.access import refuse_unkeyed_bind
from videomoments.api.app import create_app
from videomoments.api.connections import ConnectionLimits, watched
from videomoments.api.deps import ApiDeps, build_deps
from videomoments.core.config import Settings
from videomoments.core.errors import Conflict


def bind(settings: Settings) -> socket.socket:
    """Returns a listening socket at `settings.host` and `port` (0: any free one), so that a taken port is noticed before anything else
    starts.

    Raises `Conflict` (`port_taken`).
    """
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    # When the protocol is named, asyncio turns Nagle's algorithm off; otherwise each response with a body waits 40 ms for an ACK.
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((settings.host.strip("[]"), settings.port))
        listener.listen(2048)
    except OSError as error:
        listener.close()
        raise Conflict(
            f"Port {settings.port} is taken.", code="port_taken", advice="Choose another with MOMENTS_PORT, or end what uses it."
        ) from error
    return listener


def make_server(settings: Settings, deps: ApiDeps | None = None) -> uvicorn.Server:
    """Returns the server, not yet started: `await server.serve(sockets=[bind(settings)])`; `server.should_exit = True` ends it.

    It writes no access log, because signed addresses are secrets. `deps` are closed when it ends.
    """
    config = uvicorn.Config(
        create_app(deps or build_deps(settings)),
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        http=watched(ConnectionLimits(settings.head_seconds, settings.connections_per_address)),
        ws="none",
        timeout_keep_alive=settings.keep_alive_seconds,
        timeout_graceful_shutdown=10,
        lifespan="on",
    )
    return uvicorn.Server(config)


async def serve(settings: Settings) -> None:
    """Runs the API until SIGINT or SIGTERM.

    Raises what `bind` raises, and `InvalidInput` (`bind_needs_keys`) where keys are required and there is none.
    """
    with bind(settings) as listener:
        deps = build_deps(settings)
        try:
            await refuse_unkeyed_bind(settings, deps.services.api_keys)
        except BaseException:
            await deps.services.close()
            raise
        await make_server(settings, deps).serve(sockets=[listener])
