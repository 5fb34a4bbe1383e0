"""Files on this machine as sources. Only the command line may name them."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path

from videomoments.core.errors import InvalidInput, UnsupportedMedia
from videomoments.sources.fetch_types import FetchedSource
from videomoments.sources.resolve import MAX_LABEL, label, shown
from videomoments.sources.sniff import HEAD_BYTES, refuse_not_media


def inspect(path: Path, *, called: str | None = None) -> FetchedSource:
    """Returns the file as a source, without copying it. `called` is its name in messages; the default is its own name.

    Raises `InvalidInput` (codes `file_missing`, `not_a_file`, `file_unreadable`) or `UnsupportedMedia` (`empty_file`, and `not_media` when
    its first bytes show something else).
    """
    name = called or label(path.name) or "file"
    try:
        status = path.stat()
        if not stat.S_ISREG(status.st_mode):
            kind = "a folder" if stat.S_ISDIR(status.st_mode) else "a pipe, a socket or a device"
            raise InvalidInput(f"{name} is {kind}, not a file.", code="not_a_file", advice="Give a video or audio file.")
        with path.open("rb") as file:
            head = file.read(HEAD_BYTES)
    except (FileNotFoundError, NotADirectoryError) as error:
        if path.is_symlink():
            target = shown(os.fsdecode(path.readlink()), MAX_LABEL)
            raise InvalidInput(
                f"{name} is a link to {target}, which is not there.", code="file_missing", advice="Check the link."
            ) from error
        raise InvalidInput(f"There is no file {name}.", code="file_missing", advice="Check the path.") from error
    except OSError as error:
        reason = os.strerror(error.errno or errno.EIO)
        advice = "Check its permissions." if isinstance(error, PermissionError) else "Check the path."
        raise InvalidInput(f"{name} can't be read: {reason}.", code="file_unreadable", advice=advice) from error
    if status.st_size == 0:
        raise UnsupportedMedia(f"{name} is empty.", code="empty_file", advice="Copy or download the file again.")
    refuse_not_media(head, whole=len(head) == status.st_size, name=name)
    return FetchedSource(path, status.st_size, f"{status.st_mtime_ns:x}-{status.st_size:x}", None, label(path.name) or "file")
