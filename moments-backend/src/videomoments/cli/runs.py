"""`moments runs`: what has run, what runs, and ending it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer

if TYPE_CHECKING:
    from videomoments.services.run_queries import RunView
    from videomoments.services.wiring import Services

app = typer.Typer(help="The runs: list them, look at one, cancel one.", no_args_is_help=True)

AsJson = Annotated[bool, typer.Option("--json", metavar="", help="JSON on stdout.")]
RunId = Annotated[str, typer.Argument(metavar="ID", help="A run's request id, or the first characters of it.")]
_T = TypeVar("_T")
_SEARCHED = 500
_SHORTEST = 4


@app.command("list")
def list_runs(
    limit: Annotated[int, typer.Option("--limit", metavar="N", min=1, max=500, help="At most so many.")] = 20,
    status: Annotated[
        str | None, typer.Option("--status", metavar="STATUS", help="queued, processing, completed, failed or cancelled.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """List runs, newest first."""
    from videomoments.core.names import RunStatus

    if status is not None and status not in tuple(RunStatus):
        raise typer.BadParameter(f"there is no status {status!r}; there are {', '.join(RunStatus)}.")

    async def ask(services: Services) -> list[tuple[RunView, str]]:
        views = await services.run_queries.page(status=status, limit=limit)
        return [(view, (await services.videos.get(view.video_id)).title) for view in views]

    found = with_services(ask)
    if as_json:
        _print_json([_as_dict(view, title) for view, title in found])
        return
    _print_table(found)


@app.command()
def show(identifier: RunId, as_json: AsJson = False) -> None:
    """Show one run, stage by stage."""

    async def ask(services: Services) -> tuple[RunView, str]:
        view = await find_run(services, identifier)
        return view, (await services.videos.get(view.video_id)).title

    view, title = with_services(ask)
    if as_json:
        _print_json(_as_dict(view, title))
        return
    _print_one(view, title)


@app.command("cancel")
def cancel_run(identifier: RunId) -> None:
    """Cancel a run that is queued or at work."""

    async def ask(services: Services) -> tuple[RunView, str]:
        view = await find_run(services, identifier)
        return view, (await services.runs.request_cancel(view.request_id)).value

    before, status = with_services(ask)
    ended = f"had ended already ({status})"
    words = {"processing": "will end within seconds", "cancelled": "is cancelled"} if before.status.active else {}
    typer.echo(f"Run {before.request_id} {words.get(status, ended)}.")


def with_services(ask: Callable[[Services], Awaitable[_T]]) -> _T:
    """Asks the running parts, started if need be; no model services."""
    import asyncio

    from videomoments.cli.console import quiet_logs, say
    from videomoments.cli.settings import connected, read_settings
    from videomoments.services.wiring import build_services

    quiet_logs()
    with connected(read_settings(), models=False, on_progress=say) as settings:

        async def run() -> _T:
            services = build_services(settings, pool_size=1)
            try:
                return await ask(services)
            finally:
                await services.close()

        return asyncio.run(run())


async def find_run(services: Services, identifier: str) -> RunView:
    """The run with that id, or the only recent one whose id begins so. Raises NotFound."""
    from videomoments.core.errors import NotFound

    try:
        return await services.run_queries.get(identifier)
    except NotFound:
        if len(identifier) < _SHORTEST:
            raise
        recent = await services.run_queries.page(limit=_SEARCHED)
        found = [view for view in recent if view.request_id.startswith(identifier.lower())]
        if len(found) != 1:
            raise
        return found[0]


def _as_dict(view: RunView, title: str) -> dict[str, Any]:
    from videomoments.core.times import isoformat

    error = view.error
    return {
        "request_id": view.request_id,
        "video_id": view.video_id,
        "title": title,
        "kind": view.kind,
        "status": view.status.value,
        "current_stage": view.current_stage.value if view.current_stage else None,
        "stalled": view.stalled,
        "created_at": isoformat(view.created_at),
        "started_at": isoformat(view.started_at),
        "completed_at": isoformat(view.completed_at),
        "duration_seconds": view.duration_seconds,
        "attempt": view.attempt,
        "note": view.note,
        "stages": [
            {"name": stage.name.value, "status": stage.status.value, "seconds": stage.seconds, "reason": stage.reason}
            for stage in view.stages
        ],
        "error": None
        if error is None
        else {"stage": error.stage.value if error.stage else None, "code": error.code, "message": error.message, "advice": error.advice},
    }


def _print_json(what: object) -> None:
    import json

    typer.echo(json.dumps(what, ensure_ascii=False, indent=2))


def _print_table(found: list[tuple[RunView, str]]) -> None:
    from rich import box
    from rich.table import Table
    from rich.text import Text

    from videomoments.cli.console import results, short_clock

    if not found:
        typer.echo("There are no runs yet.")
        return
    table = Table(box=box.SIMPLE_HEAD)
    for heading in ("Run", "Video", "Kind", "Status", "At", "Took", "Began"):
        table.add_column(heading, no_wrap=heading in ("Run", "Began"))
    for view, title in found:
        at = view.current_stage or (view.error.stage if view.error else None)
        status = f"{view.status.value}{' (stalled)' if view.stalled else ''}"
        took = "" if view.duration_seconds is None else short_clock(view.duration_seconds)
        began = view.created_at.astimezone().strftime("%Y-%m-%d %H:%M")
        table.add_row(view.request_id[:8], Text(title), view.kind, status, at.value if at else "", took, began)
    results().print(table)


def _print_one(view: RunView, title: str) -> None:
    from rich.table import Table
    from rich.text import Text

    from videomoments.cli.console import results, short_clock

    console = results()
    console.print(Text(title, style="bold"))
    console.print(
        f"run {view.request_id}\nvideo {view.video_id}\n{view.kind}, {view.status.value}{', stalled' if view.stalled else ''}", markup=False
    )
    table = Table.grid(padding=(0, 2))
    for stage in view.stages:
        took = "" if stage.seconds is None else short_clock(stage.seconds)
        table.add_row(stage.name.value, stage.status.value, took, Text(stage.reason or ""))
    console.print(table)
    for line in (view.note, f"{view.error.message} {view.error.advice or ''}" if view.error else None):
        if line:
            console.print(line, markup=False)
