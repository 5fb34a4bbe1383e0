"""What a command line names as a source: a file of this machine, or a URL."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

import typer

if TYPE_CHECKING:
    from videomoments.db.tables import Video
    from videomoments.services.videos import Videos


@dataclass(frozen=True)
class Source:
    """`name` is what the document says: an absolute path or a URL; `label` is short, for messages."""

    name: str
    label: str
    path: Path | None

    async def register(self, videos: Videos) -> tuple[Video, bool]:
        """The source's video, and whether it is new. Raises InvalidInput."""
        return await (videos.register_url(self.name) if self.path is None else videos.register_local(self.path))


def parse_source(text: str) -> Source:
    """The source that `text` names. Whether a file is there and is a video is found out by the run; only what can be neither a path nor
    a URL is wrong usage.

    Raises:
        typer.BadParameter: so it is.
    """
    given = text.strip()
    if not given or given == "-" or "\0" in given:
        raise typer.BadParameter("a source is the path of a file, or a URL.")
    if "://" in given and not given.lower().startswith("file://"):
        return _remote(given)
    path = Path(unquote(urlsplit(given).path)) if given.lower().startswith("file://") else Path(text).expanduser()
    absolute = path.absolute()
    return Source(str(absolute), absolute.name or str(absolute), absolute)


def _remote(url: str) -> Source:
    from videomoments.core.errors import InvalidInput
    from videomoments.services.videos import normalised_source

    try:
        normalised_source(url)
    except InvalidInput as error:
        raise typer.BadParameter(str(error)) from error
    parts = urlsplit(url)
    return Source(url, f"{parts.hostname}{parts.path}", None)
