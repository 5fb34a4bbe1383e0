"""`moments export` writes finished moments as files for other programs."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from videomoments.cli.console import tell
from videomoments.core.terminal import visible

if TYPE_CHECKING:
    from videomoments.services.exporting import Exportable, Written
    from videomoments.services.wiring import Services
    from videomoments.storage import ObjectStore

FORMATS_HELP = "json, csv, srt, vtt, chapters, edl, fcpxml, otio, zip"

Identifier = Annotated[str, typer.Argument(metavar="ID", help="A run's request id or its first characters, or a video's identifier.")]
Formats = Annotated[str, typer.Option("--format", "-f", metavar="FORMAT,…", help=f"What to write: {FORMATS_HELP}.")]
Output = Annotated[str, typer.Option("--output", "-o", metavar="DIR", help="Folder for the files; - writes one format to stdout.")]
Moment = Annotated[str | None, typer.Option("--moment", metavar="ID", help="One moment: srt or vtt of its clip, in the clip's own time.")]
Rate = Annotated[
    str | None,
    typer.Option("--rate", metavar="FPS", help="Frame rate of timelines, else the source's own: 23.976, 24, 25, 29.97, 29.97df, 30, 50, …"),
]


def export(identifier: Identifier, formats: Formats = "json", output: Output = ".", moment: Moment = None, rate: Rate = None) -> None:
    """Write finished moments for editors, players and spreadsheets.

    Example: moments export 3f2a91c0 --format edl,srt --output cut
    """
    from videomoments.cli.runs import with_services
    from videomoments.cli.writable import check_folder
    from videomoments.storage import configured_store

    wanted = parse_formats(formats)
    if output == "-" and (len(wanted) > 1 or wanted == ["zip"]):
        raise typer.BadParameter("only one format of text fits into stdout.")
    if output != "-":
        check_folder("--output", Path(output))

    async def ask(services: Services) -> list[Path] | Written:
        from videomoments.services.exporting import exportable

        video_id, request_id = await _video_of(services, identifier)
        found = await exportable(services, video_id, request_id=request_id, rate=rate, with_path=True)
        if output == "-":
            return found.write(wanted[0], moment_id=moment)
        return await write_exports(found, configured_store(services.settings), wanted, Path(output), moment_id=moment)

    done = with_services(ask)
    if not isinstance(done, list):
        _say(wanted[0], done.notes)
        # A file gets the text unchanged; on a terminal, control characters in titles are removed.
        sys.stdout.write(visible(done.text) if sys.stdout.isatty() else done.text)
        return
    for path in done:
        tell(str(path))


def parse_formats(text: str) -> list[str]:
    """Reads `srt,vtt` as names, each once. Raises BadParameter for an unknown format."""
    from videomoments.exports import FORMATS
    from videomoments.services.exporting import ZIP

    names = list(dict.fromkeys(name.strip().lower() for name in text.split(",") if name.strip()))
    unknown = [name for name in names if name not in FORMATS and name != ZIP]
    if unknown or not names:
        said = f"there is no format {unknown[0]!r}" if unknown else "no format is named"
        raise typer.BadParameter(f"{said}; there are {', '.join((*FORMATS, ZIP))}.")
    return names


async def write_exports(
    found: Exportable, store: ObjectStore, formats: Sequence[str], folder: Path, *, moment_id: str | None = None
) -> list[Path]:
    """Writes one file per format into the folder, each whole or not at all. Returns their paths. Raises what the formats raise, and
    OSError."""
    import asyncio

    from videomoments.cli.output import whole
    from videomoments.exports import FORMATS
    from videomoments.exports.naming import slug
    from videomoments.services.exporting import ZIP, clips_archive

    folder = folder.expanduser().absolute()
    name = slug(found.recording.title) + (f"-{moment_id[:8]}" if moment_id else "")
    written = []
    for wanted in formats:
        target = folder / f"{name}{'.zip' if wanted == ZIP else FORMATS[wanted].extension}"
        with whole(target) as partial:
            if wanted == ZIP:
                with partial.open("wb") as writer:
                    async for chunk in await clips_archive(found, store):
                        await asyncio.to_thread(writer.write, chunk)
            else:
                made = found.write(wanted, moment_id=moment_id)
                partial.write_bytes(made.text.encode())
                _say(wanted, made.notes)
        written.append(target)
    return written


def _say(wanted: str, notes: Sequence[str]) -> None:
    """Prints on stderr what the format could not hold."""
    from videomoments.cli.console import say

    for note in notes:
        say(f"{wanted}: {note}")


async def _video_of(services: Services, identifier: str) -> tuple[str, str | None]:
    """Returns the video, and the run if a run was named. Raises NotFound."""
    from videomoments.cli.runs import find_run
    from videomoments.core.errors import NotFound

    try:
        return (await services.videos.get(identifier)).identifier, None
    except NotFound:
        run = await find_run(services, identifier)
        return run.video_id, run.request_id
