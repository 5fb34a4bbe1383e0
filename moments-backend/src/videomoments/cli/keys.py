"""`moments keys` makes, lists and revokes the keys of an API that other machines can reach."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Annotated

import typer

from videomoments.cli.console import tell
from videomoments.cli.runs import with_services

if TYPE_CHECKING:
    from videomoments.services.api_keys import ApiKey

app = typer.Typer(help="API keys: make, list, revoke. On 127.0.0.1 none is needed; any other address asks for one.", no_args_is_help=True)

AsJson = Annotated[bool, typer.Option("--json", metavar="", help="JSON on stdout.")]


@app.command("create")
def create(
    name: Annotated[str, typer.Argument(metavar="NAME", help="Whose key it is.")],
    scope: Annotated[str, typer.Option("--scope", metavar="SCOPE", help="read, write or admin; each includes the one before it.")] = "read",
    requests_per_minute: Annotated[int | None, typer.Option("--requests-per-minute", metavar="N", min=1, help="Quota.")] = None,
    runs_per_day: Annotated[int | None, typer.Option("--runs-per-day", metavar="N", min=1, help="Quota.")] = None,
    days: Annotated[int | None, typer.Option("--days", metavar="N", min=1, max=36500, help="It works so long (else for ever).")] = None,
    as_json: AsJson = False,
) -> None:
    """Make a key. It is printed once, on stdout; only its hash is kept.

    Example: moments keys create "editing desk" --scope write
    """
    from videomoments.cli.console import say
    from videomoments.core.errors import InvalidInput
    from videomoments.services.api_keys import KeyScope, checked_name

    try:
        label = checked_name(name)
    except InvalidInput as error:
        raise typer.BadParameter(str(error)) from error
    if scope not in list(KeyScope):
        raise typer.BadParameter(f"--scope is one of {', '.join(KeyScope)}.")
    until = datetime.now(UTC) + timedelta(days=days) if days else None
    key, secret = with_services(
        lambda services: services.api_keys.create(
            label, KeyScope(scope), requests_per_minute=requests_per_minute, runs_per_day=runs_per_day, expires_at=until
        )
    )
    if as_json:
        _print_json(_fields(key) | {"key": secret})
        return
    tell(secret)
    say(f"This key of {key.name} may {key.scope}. Keep it: it is not shown again. Send it as `Authorization: Bearer {key.hint}…`.")


@app.command("list")
def list_keys(
    revoked: Annotated[bool, typer.Option("--revoked", metavar="", help="The revoked ones too.")] = False, as_json: AsJson = False
) -> None:
    """List the keys, never the keys themselves."""
    from rich import box
    from rich.table import Table

    from videomoments.cli.console import results, say

    found = with_services(lambda services: services.api_keys.list(revoked=revoked))
    if as_json:
        _print_json([_fields(key) for key in found])
        return
    if not found:
        say("There are no keys. moments keys create NAME makes one.")
        return
    table = Table(box=box.SIMPLE_HEAD)
    for heading in ("Key", "Name", "Begins", "May", "Quota", "Last used", "Until"):
        table.add_column(heading, overflow="fold")
    for key in found:
        table.add_row(key.identifier, key.name, key.hint, key.scope, _quota(key), _day(key.last_used_at) or "never", _until(key))
    results().print(table)


@app.command("revoke")
def revoke(key: Annotated[str, typer.Argument(metavar="KEY", help="Identifier, as `moments keys list` shows it.")]) -> None:
    """Revoke a key for good. API processes notice within five seconds."""
    from videomoments.cli.console import say

    ended = with_services(lambda services: services.api_keys.revoke(key))
    say(f"The key of {ended.name} ({ended.hint}…) is revoked.")


def _fields(key: ApiKey) -> dict[str, object]:
    from dataclasses import asdict

    from videomoments.core.times import isoformat

    return {name: isoformat(value) if isinstance(value, datetime) else value for name, value in asdict(key).items()}


def _print_json(what: object) -> None:
    from videomoments.cli.console import json_text

    tell(json_text(what))


def _quota(key: ApiKey) -> str:
    quotas = [
        f"{key.requests_per_minute}/min" if key.requests_per_minute else "",
        f"{key.runs_per_day} runs/day" if key.runs_per_day else "",
    ]
    return ", ".join(filter(None, quotas)) or "none"


def _day(time: datetime | None) -> str:
    return time.astimezone().strftime("%Y-%m-%d %H:%M") if time else ""


def _until(key: ApiKey) -> str:
    return f"revoked {_day(key.revoked_at)}" if key.revoked_at else _day(key.expires_at) or "it is revoked"
