"""`moments db` upgrades the database's schema and shows its state."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

import typer

from videomoments.cli.console import tell

T = TypeVar("T")

app = typer.Typer(help="The database: upgrade it, see where it stands.", no_args_is_help=True)


@app.command()
def upgrade() -> None:
    """Bring the database to this version's schema."""
    from videomoments.db import migrate

    changed = _run(migrate.upgrade)
    tell("The database was upgraded." if changed else "The database is up to date.")


@app.command()
def status() -> None:
    """Show the database's revision, and whether it is this version's. Exit status 1 when it is not."""
    from videomoments.cli.endings import one_line
    from videomoments.db.database_url import parse_address
    from videomoments.db.migrate import current_revision, schema_problem

    async def look(database_url: str) -> tuple[str | None, str]:
        revision = await current_revision(database_url)
        problem = schema_problem(revision, parse_address(database_url))
        return revision, one_line(str(problem)) if problem else ""

    revision, problem = _run(look)
    if problem:
        tell(f"revision {revision or 'none'}: {problem}")
        raise typer.Exit(1)
    tell(f"revision {revision}, up to date")


def _run(work: Callable[[str], Coroutine[Any, Any, T]]) -> T:
    """Runs `work` on the configured database, else on the embedded one, which is started for it."""
    import asyncio

    from videomoments.cli.console import quiet_logs, say
    from videomoments.cli.settings import read_settings
    from videomoments.embedded import running_stack

    quiet_logs()
    settings = read_settings()
    if settings.database_url:
        return asyncio.run(work(settings.database_url))
    with running_stack(settings, models=False, on_progress=say) as stack:
        return asyncio.run(work(stack.database_url))
