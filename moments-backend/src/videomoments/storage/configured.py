"""Finds the store that a process's settings name, and the key that signs its addresses."""

from __future__ import annotations

import os
import secrets
import uuid
from pathlib import Path

from videomoments.core.config import Settings
from videomoments.core.errors import StorageError

_KEY_FILE = "signing.key"


def signing_key(settings: Settings) -> str:
    """Returns the configured key; else the data folder's own, which the first process creates and all others read.

    Raises `StorageError` when the folder can't be written.
    """
    if settings.signing_key is not None:
        return settings.signing_key.get_secret_value()
    path = settings.home / _KEY_FILE
    try:
        if not path.exists():
            _make(path)
        return path.read_text().strip()
    except OSError as error:
        raise StorageError(
            "The data folder can't be written.", advice="Set MOMENTS_HOME to a folder of yours, or MOMENTS_SIGNING_KEY to a secret."
        ) from error


def storage_url(settings: Settings) -> str:
    """Returns `STORAGE_URL`, else the folder below the data folder."""
    return settings.storage_url or settings.store_folder.absolute().as_uri()


def _make(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_name(f".{path.name}.{uuid.uuid4().hex}")
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as writer:
        writer.write(secrets.token_urlsafe(32))
        if os.geteuid() == 0:
            # Root may work in another user's data folder: its owner must be able to read the key later.
            owner = path.parent.stat()
            os.fchown(writer.fileno(), owner.st_uid, owner.st_gid)
    try:
        # A link, not a rename: the first of two processes wins, and both read the same key.
        path.hardlink_to(fresh)
    except FileExistsError:
        pass
    finally:
        fresh.unlink()
