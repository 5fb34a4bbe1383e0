"""`moments api` and `moments worker` run the two production processes, any number of each."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from videomoments.core.config import Settings

Host = Annotated[str | None, typer.Option("--host", metavar="ADDRESS", help="Address to listen on (else 127.0.0.1).")]
Port = Annotated[int | None, typer.Option("--port", "-p", metavar="PORT", min=1, max=65535, help="Port to listen on (else 7005).")]
WithParent = Annotated[bool, typer.Option("--until-stdin-closes", hidden=True)]


def api(host: Host = None, port: Port = None, until_stdin_closes: WithParent = False) -> None:
    """Run one API process."""
    import asyncio

    from videomoments.cli.children import end_with_parent
    from videomoments.cli.interrupts import end_if_signalled, end_well_on_sigterm
    from videomoments.cli.settings import connected
    from videomoments.core.logging import configure_logging

    settings = listening(host, port)
    configure_logging(settings.log_level, settings.log_json)
    if until_stdin_closes:
        end_with_parent()
    end_well_on_sigterm()
    with connected(settings, prepared=until_stdin_closes) as running:
        from videomoments.api.server import serve

        end_if_signalled()
        asyncio.run(serve(running))


def worker(until_stdin_closes: WithParent = False) -> None:
    """Run one worker process: takes queued runs and carries them out."""
    import asyncio

    from videomoments.cli.children import end_with_parent
    from videomoments.cli.interrupts import end_if_signalled, end_well_on_sigterm
    from videomoments.cli.settings import connected, read_settings
    from videomoments.core.logging import configure_logging

    settings = read_settings()
    configure_logging(settings.log_level, settings.log_json)
    if until_stdin_closes:
        end_with_parent()
    end_well_on_sigterm()
    with connected(settings, prepared=until_stdin_closes) as running:
        from videomoments.worker.app import run_worker

        end_if_signalled()
        asyncio.run(run_worker(running))


def listening(host: str | None, port: int | None) -> Settings:
    """Returns the settings with the address to listen on. Any address but loopback needs an API key, or the API refuses to start."""
    from videomoments.cli.settings import read_settings

    settings = read_settings()
    return settings.model_copy(update={"host": host or settings.host, "port": port or settings.port})
