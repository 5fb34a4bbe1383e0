"""Reads a command's settings, and fills in the addresses of the running parts."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import typer

from videomoments.cli.console import say

if TYPE_CHECKING:
    from videomoments.core.config import Settings
    from videomoments.embedded.ensure import Stack


def read_settings(**changes: object) -> Settings:
    """Returns the environment's settings with `changes`. An invalid variable is wrong usage."""
    from pydantic import ValidationError

    from videomoments.core.config import Settings

    try:
        return Settings().model_copy(update=changes)
    except ValidationError as error:
        first = error.errors()[0]
        name = "_".join(str(part) for part in first["loc"]).upper()
        raise typer.BadParameter(f"the environment variable for {name} is not valid: {first['msg']}.") from error


def with_stack(settings: Settings, stack: Stack) -> Settings:
    """Returns `settings` with the addresses of `stack`."""
    from pydantic import SecretStr

    return settings.model_copy(
        update={
            "database_url": stack.database_url,
            "redis_url": stack.redis_url,
            "storage_url": stack.storage_url,
            "models_url": stack.models_url,
            "models_key": SecretStr(stack.models_key) if stack.models_key else None,
        }
    )


def child_environment(settings: Settings) -> dict[str, str]:
    """Returns the environment variables that give a child process the same parts."""
    values = {
        "DATABASE_URL": settings.database_url,
        "REDIS_URL": settings.redis_url,
        "STORAGE_URL": settings.storage_url,
        # Empty rather than unset, so that the child starts no model service of its own.
        "MOMENTS_MODELS_URL": settings.models_url or "",
        "MOMENTS_MODELS_KEY": settings.models_key.get_secret_value() if settings.models_key else None,
        "MOMENTS_HOME": str(settings.home),
        "MOMENTS_HOST": settings.host,
        "MOMENTS_PORT": str(settings.port),
    }
    return {name: value for name, value in values.items() if value is not None}


def welcome(settings: Settings) -> None:
    """Prints to a first-time user what is being set up, and where."""
    if settings.database_url is None and not (settings.home / "run").exists():
        say(f"First use: setting up a database and a queue in {settings.home} (100 MB). No account, no key; all stays on this machine.")


@contextmanager
def connected(
    settings: Settings,
    *,
    models: bool = True,
    prepared: bool = False,
    examined: bool = False,
    on_progress: Callable[[str], None] | None = None,
) -> Iterator[Settings]:
    """Yields the settings of a running stack whose database has this code's schema and whose registry has its models.

    The embedded database is upgraded; one that `DATABASE_URL` names is checked and never changed. `examined` also checks Redis and the
    store where the environment names them, for commands that use them at once. `prepared`: the process that started this one has done all
    that. Blocking; call it outside any event loop. Raises InvalidInput, ServiceUnavailable, StorageError or OutOfSpace.
    """
    import asyncio

    from videomoments.embedded import running_stack

    # Parts that the environment names are checked first, so that nothing is started when an address is wrong.
    if not prepared:
        asyncio.run(_look_at(settings, examined))
    with running_stack(settings, models=models, on_progress=on_progress or (lambda _: None)) as stack:
        complete = with_stack(settings, stack)
        if not prepared:
            # The embedded service is ready when its address is given, so runs wait for it from now on.
            answered = settings.models_url is None and bool(stack.models_url)
            asyncio.run(_prepare(complete, embedded=settings.database_url is None, answered=answered))
        yield complete


async def _look_at(settings: Settings, examined: bool) -> None:
    from videomoments.coordination.redis import check_redis
    from videomoments.coordination.redis_url import parse_redis
    from videomoments.db.examine import check_database
    from videomoments.storage import check_store

    if settings.database_url:
        await check_database(settings.database_url)
    if settings.redis_url:
        parse_redis(settings.redis_url)
    if examined and settings.redis_url:
        await check_redis(settings.redis_url)
    if examined and settings.storage_url:
        await check_store(settings)


async def _prepare(settings: Settings, *, embedded: bool, answered: bool) -> None:
    from videomoments.db.migrate import upgrade
    from videomoments.services.wiring import build_services

    assert settings.database_url is not None
    if embedded:
        await upgrade(settings.database_url)
    services = build_services(settings, pool_size=1)
    try:
        await services.models.seed()
        if answered:
            await services.model_places.built_in_answered()
    finally:
        await services.close()
