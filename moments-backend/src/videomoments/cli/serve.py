"""`moments serve` runs API and workers together on one machine."""

from __future__ import annotations

from typing import Annotated

import typer

from videomoments.cli.processes import Host, Port, listening

Workers = Annotated[int, typer.Option("--workers", metavar="N", min=1, max=32, help="Worker processes.")]


Page = Annotated[bool, typer.Option("--page/--no-page", help="The web page; it is built when it is missing.")]


def serve(host: Host = None, port: Port = None, workers: Workers = 1, page: Page = True) -> None:
    """Serve the web page and the API, with workers, until Ctrl-C. Everything they need starts with them."""
    settings = listening(host, port)

    from videomoments.cli.supervise import serve_until_signalled

    raise typer.Exit(serve_until_signalled(settings, workers, webui=page))
