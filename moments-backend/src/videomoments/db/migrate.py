"""Upgrades a database, empty or older, to the schema of this code. Safe to call from several processes at once."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import Connection, text

from videomoments.core.errors import MomentsError, ServiceUnavailable
from videomoments.db.database_url import Address, parse_address
from videomoments.db.failures import CONNECTING, database_failure
from videomoments.db.session import open_engine

# The newest revision in migrations/versions (a test compares). It stands here so that a start need not load Alembic.
HEAD = "0015"
_LOCK = 0x766D_6D69  # any constant: all upgraders of one database wait for it
_UPGRADE = "Run moments db upgrade once."


def migrations_folder() -> Path:
    """Returns the folder of the revisions: beside the package in a wheel, in `moments-backend/` in a checkout."""
    packaged = Path(__file__).parents[1] / "migrations"
    return packaged if packaged.is_dir() else Path(__file__).parents[3] / "migrations"


async def current_revision(database_url: str) -> str | None:
    """Returns the database's revision; None when it is empty. Raises ServiceUnavailable (`database_…`), InvalidInput for a wrong
    address."""
    address = parse_address(database_url)
    engine = open_engine(address)
    try:
        async with engine.connect() as connection:
            return await connection.run_sync(_revision)
    except CONNECTING as error:
        raise database_failure(error, address) from error
    finally:
        await engine.dispose()


def schema_problem(revision: str | None, address: Address) -> ServiceUnavailable | None:
    """Returns the problem of a database of that revision, with advice; None when it is this version's."""
    where = f"The database {address.database or ''} at {address}".replace("  ", " ")
    if revision is None:
        said = "has no tables of VideoMoments yet"
        return ServiceUnavailable(f"The database {said}.", code="database_empty", operator=f"{where} {said}.", advice=_UPGRADE)
    if revision > HEAD:
        return _newer(where, revision)
    if revision < HEAD:
        said = f"has the schema of an older version ({revision}; this one's is {HEAD})"
        return ServiceUnavailable(f"The database {said}.", code="database_old", operator=f"{where} {said}.", advice=_UPGRADE)
    return None


def _newer(where: str, revision: str) -> ServiceUnavailable:
    said = f"was made by a newer version of VideoMoments (schema {revision}; this one's is {HEAD})"
    advice = "Update this checkout, or point DATABASE_URL at another database."
    return ServiceUnavailable(f"The database {said}.", code="database_newer", operator=f"{where} {said}.", advice=advice)


async def upgrade(database_url: str) -> bool:
    """Runs the missing migrations. Returns True when there were any.

    Raises:
        ServiceUnavailable: the database can't be reached or changed (`database_…`, `migration_failed`), or is newer than this code.
    """
    address = parse_address(database_url)
    engine = open_engine(address)
    try:
        async with engine.connect() as connection:
            revision = await connection.run_sync(_revision)
            if revision == HEAD:
                return False
            if revision is not None and revision > HEAD:
                raise _newer(f"The database at {address}", revision)
            await connection.rollback()
            await connection.execute(text("SELECT pg_advisory_lock(:key)"), {"key": _LOCK})
            await connection.commit()
            try:
                return await connection.run_sync(_upgrade)
            finally:
                await connection.rollback()
                await connection.execute(text("SELECT pg_advisory_unlock(:key)"), {"key": _LOCK})
                await connection.commit()
    except CONNECTING as error:
        raise _not_upgraded(error, address) from error
    finally:
        await engine.dispose()


def _not_upgraded(error: BaseException, address: Address) -> MomentsError:
    known = database_failure(error, address)
    if known.code != "database_unavailable":
        return known
    return ServiceUnavailable(
        "The database could not be upgraded.",
        code="migration_failed",
        operator=f"The database could not be upgraded: {known.operator_text}",
        advice=known.advice,
    )


def _revision(connection: Connection) -> str | None:
    if connection.scalar(text("SELECT to_regclass('alembic_version')")) is None:
        return None
    revision: str | None = connection.scalar(text("SELECT version_num FROM alembic_version"))
    return revision


def _upgrade(connection: Connection) -> bool:
    from alembic import command
    from alembic.config import Config
    from alembic.util import CommandError

    revision = _revision(connection)
    if revision == HEAD:
        return False
    connection.rollback()
    config = Config()
    config.set_main_option("script_location", str(migrations_folder()))
    config.attributes["connection"] = connection
    try:
        command.upgrade(config, "head")
    except CommandError as error:  # the schema is another program's, or a newer version upgraded it meanwhile
        raise _newer("The database", str(revision)) from error
    connection.commit()
    return True
