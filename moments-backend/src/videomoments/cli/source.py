"""A source on the command line: a file of this machine, a URL, or standard input."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from videomoments.db.tables import Video
    from videomoments.services.wiring import Services
    from videomoments.storage import ObjectStore

_PIECE = 1024 * 1024


@dataclass(frozen=True)
class Source:
    """One source. `name` is for the document: an absolute path, a URL, or `-`. `label` is short, for messages. At most one of `path` and
    `content` is set; a URL has neither."""

    name: str
    label: str
    path: Path | None = None
    content: BinaryIO | None = None

    @property
    def remote(self) -> bool:
        return self.path is None and self.content is None

    async def register(self, services: Services, store: ObjectStore) -> tuple[Video, bool]:
        """Registers the source. Returns its video, and whether it is new. Raises InvalidInput, and for standard input what storing it
        raises."""
        if self.content is not None:
            from videomoments.services.upload_queries import Uploads

            return await Uploads(services.database).keep(store, _pieces(self.content), file_name=self.label, title=self.label)
        return await (services.videos.register_url(self.name) if self.path is None else services.videos.register_local(self.path))


def label_of(url: str) -> str:
    """Returns host and path of a URL, without the parts that may be secret."""
    parts = urlsplit(url)
    return f"{parts.hostname}{parts.path}"


async def _pieces(content: BinaryIO) -> AsyncIterator[bytes]:
    await asyncio.to_thread(content.seek, 0)
    while piece := await asyncio.to_thread(content.read, _PIECE):
        yield piece
