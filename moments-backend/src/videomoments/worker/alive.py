"""`python -m videomoments.worker.alive` checks whether a worker on this machine (in a container: of this container) is alive.

It exits with status 0 when one has given a sign of life within the lease, else with 1. Container health checks call it.
"""

from __future__ import annotations

import asyncio
import platform
import sys

import asyncpg

from videomoments.core.config import Settings
from videomoments.core.errors import MomentsError
from videomoments.db.database_url import parse_address
from videomoments.db.failures import CONNECTING, database_failure
from videomoments.db.repositories import sessions
from videomoments.db.session import connect_arguments

_SECONDS = 5.0


async def alive(settings: Settings, host: str) -> bool:
    """Returns whether a worker of `host` has renewed its row within the lease. Raises OSError or PostgresError where the database can't be
    asked."""
    connection = await asyncpg.connect(**connect_arguments(settings.database_url or ""), timeout=_SECONDS)
    try:
        return await sessions.has_live_worker(connection, host, settings.lease_seconds, seconds=_SECONDS)
    finally:
        await connection.close(timeout=_SECONDS)


def main() -> int:
    settings = Settings()
    try:
        return 0 if asyncio.run(alive(settings, platform.node())) else 1
    except CONNECTING as error:
        print(f"worker.alive: {database_failure(error, parse_address(settings.database_url or ''))}", file=sys.stderr)
    except MomentsError as error:
        print(f"worker.alive: {error}", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
