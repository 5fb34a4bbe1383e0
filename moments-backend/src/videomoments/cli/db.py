"""`moments db`: the database's schema."""

from __future__ import annotations

import typer

app = typer.Typer(help="The database: upgrade it, see where it stands.", no_args_is_help=True)


@app.command()
def upgrade() -> None:
    """Bring the database to this version's schema."""
    changed = _run("upgrade")
    typer.echo("The database was upgraded." if changed else "The database is up to date.")


@app.command()
def status() -> None:
    """Show the database's revision, and whether it is this version's. Exit status 1 when it is not."""
    from videomoments.db.migrate import HEAD

    revision = _run("current_revision")
    if revision == HEAD:
        typer.echo(f"revision {revision}, up to date")
        return
    typer.echo(f"revision {revision or 'none'}, this version's is {HEAD}: run moments db upgrade")
    raise typer.Exit(1)


def _run(what: str) -> object:
    import asyncio

    from videomoments.cli.console import quiet_logs, say
    from videomoments.cli.settings import read_settings
    from videomoments.db import migrate
    from videomoments.embedded import running_stack

    quiet_logs()
    with running_stack(read_settings(), models=False, on_progress=say) as stack:
        return asyncio.run(getattr(migrate, what)(stack.database_url))
