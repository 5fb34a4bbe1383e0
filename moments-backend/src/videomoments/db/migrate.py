"""Brings a database to the schema of this code, whether it is empty or older. Safe to call from several processes at once."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import create_async_engine

from videomoments.core.errors import ServiceUnavailable
from videomoments.db.session import normalised_url

# The newest revision in migrations/versions (a test compares). Named here so that a start need not load Alembic to see that all is well.
HEAD = "0008"
_LOCK = 0x766D_6D69  # any constant: all upgraders of one database queue on it


def migrations_folder() -> Path:
    """Where the revisions lie: beside the package in a wheel, in `moments-backend/` in a checkout."""
    packaged = Path(__file__).parents[1] / "migrations"
    return packaged if packaged.is_dir() else Path(__file__).parents[3] / "migrations"


async def current_revision(database_url: str) -> str | None:
    """The revision of the database, None when it is empty."""
    engine = create_async_engine(normalised_url(database_url))
    try:
        async with engine.connect() as connection:
            return await connection.run_sync(_revision)
    except (DBAPIError, OSError) as error:
        raise ServiceUnavailable("PostgreSQL does not answer.", code="database_unavailable") from error
    finally:
        await engine.dispose()


async def upgrade(database_url: str) -> bool:
    """Runs what is missing; True when something was.

    Raises:
        ServiceUnavailable: the database can't be reached, or is newer than this code.
    """
    engine = create_async_engine(normalised_url(database_url))
    try:
        async with engine.connect() as connection:
            if await connection.run_sync(_revision) == HEAD:
                return False
            await connection.rollback()
            await connection.execute(text("SELECT pg_advisory_lock(:key)"), {"key": _LOCK})
            await connection.commit()
            try:
                return await connection.run_sync(_upgrade)
            finally:
                await connection.rollback()
                await connection.execute(text("SELECT pg_advisory_unlock(:key)"), {"key": _LOCK})
                await connection.commit()
    except (DBAPIError, OSError) as error:
        raise ServiceUnavailable(f"The database could not be upgraded: {error.__class__.__name__}.", code="migration_failed") from error
    finally:
        await engine.dispose()


def _revision(connection: Connection) -> str | None:
    if connection.scalar(text("SELECT to_regclass('alembic_version')")) is None:
        return None
    revision: str | None = connection.scalar(text("SELECT version_num FROM alembic_version"))
    return revision


def _upgrade(connection: Connection) -> bool:
    from alembic import command
    from alembic.config import Config
    from alembic.util import CommandError

    if _revision(connection) == HEAD:
        return False
    connection.rollback()
    config = Config()
    config.set_main_option("script_location", str(migrations_folder()))
    config.attributes["connection"] = connection
    try:
        command.upgrade(config, "head")
    except CommandError as error:
        raise ServiceUnavailable(
            "The database was made by a newer version of VideoMoments.",
            code="database_newer",
            advice="Update this checkout, or point DATABASE_URL at another database.",
        ) from error
    connection.commit()
    return True
