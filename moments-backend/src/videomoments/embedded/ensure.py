"""Runs one stack per data folder, which all commands share and the last one stops."""

from __future__ import annotations

import errno
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache

from videomoments.core.config import Settings
from videomoments.core.errors import OutOfSpace, ServiceUnavailable
from videomoments.embedded.data_folder import Layout
from videomoments.embedded.installation import choose_installation
from videomoments.embedded.locks import FileLock
from videomoments.embedded.model_server import ModelServer
from videomoments.embedded.postgres import Postgres
from videomoments.embedded.process_identity import Record
from videomoments.embedded.supervised_server import Server, bound_logs
from videomoments.embedded.valkey import Valkey

# Longer than any server may take to stop, or to start, under the lock that another command waits for.
_STOP_SECONDS = 60.0
_START_SECONDS = 300.0


@dataclass(frozen=True)
class Stack:
    """The addresses of the parts. The URLs hold secrets: never log them.

    `models_url` has no path (`http://127.0.0.1:PORT`). It is None when no models were asked for and none are configured.
    """

    database_url: str = field(repr=False)
    redis_url: str = field(repr=False)
    storage_url: str
    models_url: str | None
    models_key: str | None = field(repr=False)


def _quiet(_: str) -> None:
    return


@contextmanager
def running_stack(settings: Settings, *, models: bool = True, on_progress: Callable[[str], None] = _quiet) -> Iterator[Stack]:
    """Runs the parts for which no URL is configured while the context lives, and yields their addresses.

    `on_progress` gets short phrases during slow steps. Other commands with the same data folder share the servers; the last one to leave
    stops them. Blocks: inside an event loop, enter it in a thread. Raises ServiceUnavailable or OutOfSpace.
    """
    if not _embeds(settings, models):
        yield _stack(settings, {})
        return
    layout = Layout.of(settings)
    layout.make()
    with FileLock(layout, layout.users_lock) as users:
        users.shared(_STOP_SECONDS, lambda: on_progress("Waiting for another command to stop the servers"))
        try:
            yield _ensure(settings, layout, models, on_progress)
        finally:
            if _last_one(users):
                stop_servers(layout)


def revive(settings: Settings, *, models: bool = True, on_progress: Callable[[str], None] = _quiet) -> Stack:
    """Starts ended servers again, inside a `running_stack` of this process, and limits the servers' logs. Idempotent: call it every few
    seconds. URLs stay the same, except that of the model service when its port was taken. Raises what `running_stack` does."""
    if not _embeds(settings, models):
        return _stack(settings, {})
    return _ensure(settings, Layout.of(settings), models, on_progress)


def ended_servers(settings: Settings, *, models: bool = True) -> list[str]:
    """Returns the names of the servers that `revive` would start again because their processes have ended. It only reads files, so it may
    be called often. Only `revive` notices a server that runs but does not answer."""
    if not _embeds(settings, models):
        return []
    return [server.name for server in _asked_for(settings, Layout.of(settings), models) if server.live() is None]


def stop_servers(layout: Layout) -> None:
    """Stops the running servers in the order models, PostgreSQL, Valkey. The caller holds the users lock exclusively."""
    for server in all_servers(layout):
        server.stop()
    bound_logs(layout)


def all_servers(layout: Layout) -> tuple[ModelServer, Postgres, Valkey]:
    """Returns every server of this data folder, running or not, in the order in which they are stopped."""
    find_installation = cache(lambda: choose_installation(layout))
    return ModelServer(layout), Postgres(layout, find_installation), Valkey(layout, find_installation)


def _last_one(users: FileLock) -> bool:
    # A second try: two commands that leave at once, or `doctor` testing the lock, must not leave the servers running without a user.
    if users.try_exclusive():
        return True
    time.sleep(0.05)
    return users.try_exclusive()


def _embeds(settings: Settings, models: bool) -> bool:
    """Returns whether any part is to be made or started here."""
    return not (settings.database_url and settings.redis_url and settings.storage_url and (settings.models_url is not None or not models))


def _ensure(settings: Settings, layout: Layout, models: bool, on_progress: Callable[[str], None]) -> Stack:
    try:
        with FileLock(layout, layout.start_lock) as lock:
            lock.exclusive(_START_SECONDS, lambda: on_progress("Waiting for another command that starts the servers"))
            bound_logs(layout)
            # All are started before the first wait: the model service takes longest.
            started = [(server, server.start(on_progress)) for server in _asked_for(settings, layout, models)]
            urls = {"storage": (layout.home / "store").as_uri()}
            for server, record in started:
                urls |= _urls(server, server.wait(record))
            return _stack(settings, urls)
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise OutOfSpace("The disk of the data folder is full.") from error
        raise ServiceUnavailable(
            f"The servers can't be started ({error.strerror or error}).", advice="`moments doctor` checks what this machine lacks."
        ) from error


def _asked_for(settings: Settings, layout: Layout, models: bool) -> list[Server]:
    service, postgres, valkey = all_servers(layout)
    wanted: list[tuple[Server, bool]] = [
        (service, models and settings.models_url is None),
        (postgres, not settings.database_url),
        (valkey, not settings.redis_url),
    ]
    return [server for server, asked in wanted if asked]


def _urls(server: Server, record: Record) -> dict[str, str]:
    match server:
        case Postgres():
            return {"database": server.url(record)}
        case Valkey():
            return {"redis": server.url(record)}
        case ModelServer():
            return {"models": server.url(record), "models_key": server.key}
    raise AssertionError(server)


def _stack(settings: Settings, urls: dict[str, str]) -> Stack:
    configured_key = settings.models_key.get_secret_value() if settings.models_key else None
    return Stack(
        database_url=settings.database_url or urls["database"],
        redis_url=settings.redis_url or urls["redis"],
        storage_url=settings.storage_url or urls["storage"],
        models_url=settings.models_url if settings.models_url is not None else urls.get("models"),
        models_key=configured_key if settings.models_url is not None else urls.get("models_key"),
    )
