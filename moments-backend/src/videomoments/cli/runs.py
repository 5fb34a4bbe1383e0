"""`moments runs` lists and shows runs, cancels them, and tries failed ones again."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer

from videomoments.cli.console import tell

if TYPE_CHECKING:
    from videomoments.services.model_calls import KeptCall
    from videomoments.services.run_queries import RunFilter, RunView
    from videomoments.services.wiring import Services

app = typer.Typer(help="The runs: list them, look at one, cancel one, try one again.", no_args_is_help=True)

Limit = Annotated[int, typer.Option("--limit", metavar="N", min=1, max=500, help="At most so many.")]
AsJson = Annotated[bool, typer.Option("--json", metavar="", help="JSON on stdout.")]
RunId = Annotated[str, typer.Argument(metavar="ID", help="A run's request id, or the first characters of it.")]
Dismissed = Annotated[bool, typer.Option("--dismissed", metavar="", help="Those that were dismissed, instead of the others.")]
_T = TypeVar("_T")
_SEARCHED = 500
_SHORTEST = 4


@app.command("list")
def list_runs(
    limit: Limit = 20,
    status: Annotated[
        str | None, typer.Option("--status", metavar="STATUS", help="queued, processing, completed, failed or cancelled.")
    ] = None,
    stalled: Annotated[bool, typer.Option("--stalled", metavar="", help="Only those that are active and that no worker is at.")] = False,
    dismissed: Dismissed = False,
    as_json: AsJson = False,
) -> None:
    """List runs, newest first."""
    from videomoments.core.names import RunStatus
    from videomoments.services.run_queries import RunFilter

    if status is not None and status not in tuple(RunStatus):
        raise typer.BadParameter(f"there is no status {status!r}; there are {', '.join(RunStatus)}.")
    wanted = RunFilter(status=RunStatus(status) if status else None, stalled=True if stalled else None, dismissed=dismissed)
    _list(wanted, limit, as_json, "No such runs." if status or stalled or dismissed else "There are no runs yet.")


@app.command()
def dead(limit: Limit = 20, as_json: AsJson = False) -> None:
    """List dead letters: runs that ended every worker that took them. They are not tried again until you say so."""
    from videomoments.core.names import DEAD_LETTER
    from videomoments.services.run_queries import RunFilter

    if _list(RunFilter(error_code=DEAD_LETTER, dismissed=False), limit, as_json, "There are no dead letters.") and not as_json:
        tell("`moments runs show ID` says more. Once the cause is mended: `moments runs retry ID`, or `moments runs dismiss ID`.")


@app.command()
def show(identifier: RunId, as_json: AsJson = False) -> None:
    """Show one run, stage by stage."""

    view = with_services(lambda services: find_run(services, identifier))
    if as_json:
        _print_json(_as_dict(view))
        return
    _print_one(view)


@app.command()
def calls(
    identifier: RunId,
    as_json: Annotated[bool, typer.Option("--json", metavar="", help="JSON on stdout, with what was asked and answered in full.")] = False,
) -> None:
    """Show what a run asked its chat models, and which answers could not be used and why. Secrets are not kept."""
    from dataclasses import asdict

    from videomoments.cli.model_calls import table_of

    async def ask(services: Services) -> Sequence[KeptCall]:
        return await services.model_calls.of_run((await find_run(services, identifier)).run_id)

    found = with_services(ask)
    if as_json:
        _print_json([asdict(call) for call in found])
    elif found:
        from videomoments.cli.console import results

        results().print(table_of(found))
    else:
        tell("This run has asked no chat model, or has reached none.")


@app.command("cancel")
def cancel_run(identifier: RunId) -> None:
    """Cancel a run that is queued or at work."""

    async def ask(services: Services) -> tuple[RunView, str]:
        view = await find_run(services, identifier)
        return view, (await services.runs.request_cancel(view.request_id)).value

    before, status = with_services(ask)
    ended = f"had ended already ({status})"
    words = {"processing": "will end within seconds", "cancelled": "is cancelled"} if before.status.active else {}
    tell(f"Run {before.request_id} {words.get(status, ended)}.")


@app.command("retry")
def retry_run_again(
    identifiers: Annotated[list[str], typer.Argument(metavar="ID...", help="Request ids, or their first characters.")],
) -> None:
    """Try runs again: where they failed or were cancelled; of a completed one the moments that it could not refine, as a new run."""
    from videomoments.services.retrying import retry_run

    async def ask(services: Services) -> list[tuple[str, str]]:
        found = [await find_run(services, identifier) for identifier in identifiers]
        return [(view.request_id, (await retry_run(services, view.request_id)).request_id) for view in found]

    for old, new in with_services(ask):
        tell(f"Run {old} is queued again." if new == old else f"Run {new} is queued: it refines what run {old} left unrefined.")
    tell("A worker takes it up: `moments worker` or `moments serve` must run.")


@app.command("dismiss")
def dismiss_runs(
    identifiers: Annotated[list[str] | None, typer.Argument(metavar="[ID]...", help="Request ids, or their first characters.")] = None,
    every: Annotated[bool, typer.Option("--all", metavar="", help="Every failed run.")] = False,
    undo: Annotated[bool, typer.Option("--undo", metavar="", help="Show them in the lists again.")] = False,
) -> None:
    """Take runs that failed or were cancelled off the lists. Their videos' histories keep them."""
    if bool(identifiers) == every or (every and undo):
        raise typer.BadParameter("name the runs, or say --all for every failed one; --undo wants names.")

    async def ask(services: Services) -> list[str]:
        if every:
            return await services.dismissal.dismiss_failed()
        found = [(await find_run(services, identifier)).request_id for identifier in identifiers or []]
        for request_id in found:
            await (services.dismissal.bring_back if undo else services.dismissal.dismiss)(request_id)
        return found

    done = with_services(ask)
    if every:
        tell(f"{len(done)} failed run{'' if len(done) == 1 else 's'} dismissed. `moments runs list --dismissed` shows them.")
        return
    for request_id in done:
        tell(f"Run {request_id} is {'listed again' if undo else 'dismissed; --undo brings it back'}.")


def with_services(ask: Callable[[Services], Awaitable[_T]]) -> _T:
    """Runs `ask` with the services of the running parts, which are started if need be; starts no model service."""
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
    """Returns the run with that id, or the only recent one whose id begins with it. Raises NotFound."""
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


def _list(wanted: RunFilter, limit: int, as_json: bool, none: str) -> int:
    """Prints the runs. Returns how many."""
    found = with_services(lambda services: services.run_queries.page(wanted, limit=limit))
    if as_json:
        _print_json([_as_dict(view) for view in found])
    elif found:
        _print_table(found)
    else:
        tell(none)
    return len(found)


def _as_dict(view: RunView) -> dict[str, Any]:
    from videomoments.cli.document import unrefined
    from videomoments.core.times import isoformat

    error = view.error
    return {
        "request_id": view.request_id,
        "video_id": view.video_id,
        "title": view.title,
        "kind": view.kind,
        "status": view.status.value,
        "current_stage": view.current_stage.value if view.current_stage else None,
        "stalled": view.stalled,
        "waiting_for": view.waiting_for,
        "owner": view.owner,
        "created_at": isoformat(view.created_at),
        "started_at": isoformat(view.started_at),
        "completed_at": isoformat(view.completed_at),
        "duration_seconds": view.duration_seconds,
        "attempt": view.attempt,
        "crashes": view.crashes,
        "note": view.note,
        "refines": view.config.get("refines"),
        "unrefined": unrefined(view),
        "dismissed_at": isoformat(view.dismissed_at),
        "stages": [
            {"name": stage.name.value, "status": stage.status.value, "seconds": stage.seconds, "reason": stage.reason}
            for stage in view.stages
        ],
        "error": None
        if error is None
        else {"stage": error.stage.value if error.stage else None, "code": error.code, "message": error.message, "advice": error.advice},
    }


def _print_json(what: object) -> None:
    from videomoments.cli.console import json_text

    tell(json_text(what))


def _print_table(found: list[RunView]) -> None:
    from rich import box
    from rich.table import Table
    from rich.text import Text

    from videomoments.cli.console import results
    from videomoments.cli.progress_display import part_name
    from videomoments.core.times import short_clock

    table = Table(box=box.SIMPLE_HEAD)
    why = any(_why(view) for view in found)
    for heading in ("Run", "Video", "Kind", "Status", "At", "Took", "Began", *(["Why"] if why else [])):
        table.add_column(heading, no_wrap=heading in ("Run", "Began"))
    for view in found:
        remark = f" (waiting for {part_name(view.waiting_for)})" if view.waiting_for else " (stalled)" if view.stalled else ""
        status = Text(view.status.value + remark)
        took = "" if view.duration_seconds is None else short_clock(view.duration_seconds)
        began = view.created_at.astimezone().strftime("%Y-%m-%d %H:%M")
        reason = [Text(_why(view))] if why else []
        table.add_row(view.request_id[:8], Text(view.title), view.kind, status, view.at or "", took, began, *reason)
    results().print(table)


def _why(view: RunView) -> str:
    """Returns why the run failed; for a completed run, why some moments are unrefined, or its note."""
    if view.error:
        return view.error.message
    return view.unrefined.message if view.unrefined else view.note or ""


def _print_one(view: RunView) -> None:
    from rich.table import Table
    from rich.text import Text

    from videomoments.cli.console import results
    from videomoments.cli.document import unrefined
    from videomoments.cli.progress_display import part_name
    from videomoments.cli.report import unrefined_lines
    from videomoments.core.times import short_clock

    console = results()
    console.print(Text(view.title, style="bold"))
    state = [view.kind, view.status.value, *(["stalled"] if view.stalled else []), f"attempt {view.attempt}"]
    state += [f"waiting for {part_name(view.waiting_for)}"] if view.waiting_for else []
    state += [f"{view.crashes} workers ended"] if view.crashes else []
    state += ["dismissed"] if view.dismissed_at else []
    worker = f"\nworker {view.owner}" if view.owner else ""
    console.print(f"run {view.request_id}\nvideo {view.video_id}\n{', '.join(state)}{worker}", markup=False, soft_wrap=True)
    table = Table.grid(padding=(0, 2))
    for stage in view.stages:
        took = "" if stage.seconds is None else short_clock(stage.seconds)
        remark = f"waiting for {part_name(stage.waiting_for)}" if stage.waiting_for else stage.reason or ""
        table.add_row(stage.name.value, stage.status.value, took, Text(remark))
    console.print(table)
    advice = f"{view.error.message} {view.error.advice or ''}" if view.error else None
    again = f"Try it again from there: moments runs retry {view.request_id[:8]}" if view.error else None
    for line in (view.note, *unrefined_lines(unrefined(view), view.request_id), advice, again):
        if line:
            console.print(line, markup=False)
