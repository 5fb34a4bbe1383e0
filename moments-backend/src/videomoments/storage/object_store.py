"""Defines what every object store does, and checks keys."""

from __future__ import annotations

import re
from collections.abc import AsyncIterable, AsyncIterator, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Protocol

from videomoments.core.errors import InvalidInput, NotFound
from videomoments.storage.signing import SignedUrl, UrlSigner

# Called on the event loop with (bytes done, total bytes).
OnProgress = Callable[[int, int], None]

CHUNK_BYTES = 1024 * 1024
_MAX_KEY_BYTES = 900
_SEGMENT = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]*")


@dataclass(frozen=True, slots=True)
class StoredObject:
    """An object that is visible in the store. `size` is bytes.

    `etag` changes whenever the bytes do. `sha256` (hex) is set only on the result of a put.
    """

    key: str
    size: int
    etag: str
    content_type: str = "application/octet-stream"
    modified: datetime | None = None
    sha256: str | None = None


class ObjectStore(Protocol):
    """Holds immutable objects under keys of `storage.layout`.

    A put is all or nothing: after any interruption (an error, a cancelled task, a killed process), the key shows what it did before. Every
    method raises `InvalidInput` for a malformed key, `StorageError` (retryable) when the store fails, `OutOfSpace` when it is full, and,
    where an object has to exist, `NotFound` with the code `object_not_found`. Ranges are half-open, [start, end).
    """

    @property
    def signer(self) -> UrlSigner | None:
        """Returns our own signer for this store's URLs; None when the cloud signs them."""

    @property
    def downloads(self) -> UrlSigner:
        """Returns the signer of addresses that name the downloaded file. It is always our own, and the API serves these addresses."""

    async def put_file(self, key: str, path: Path, *, content_type: str, on_progress: OnProgress | None = None) -> StoredObject:
        """Uploads the file. Also raises `StorageError` when the file changes or shrinks meanwhile."""

    async def put_stream(self, key: str, chunks: AsyncIterable[bytes], *, content_type: str, max_bytes: int | None = None) -> StoredObject:
        """Uploads what `chunks` yields. Raises `TooLarge` beyond `max_bytes`, and what `chunks` raises."""

    async def get_to_file(self, key: str, path: Path, *, on_progress: OnProgress | None = None) -> StoredObject:
        """Writes the object to `path` by rename. Treat that file as read-only: a local store may share it instead of copying."""

    async def read_range(self, key: str, start: int, end: int) -> bytes:
        """Returns the bytes [start, end), fewer where the object ends earlier."""

    def stream(self, key: str, start: int = 0, end: int | None = None) -> AsyncIterator[bytes]:
        """Yields the bytes [start, end) in pieces of about 1 MiB."""

    async def head(self, key: str) -> StoredObject:
        """Returns what is stored under the key."""

    async def delete(self, key: str) -> None:
        """Removes the object; a missing one is no error."""

    async def delete_prefix(self, prefix: str) -> int:
        """Removes all objects below `prefix`, which ends in a slash. Returns how many."""

    def list(self, prefix: str) -> AsyncIterator[StoredObject]:
        """Yields all objects below `prefix` (ends in a slash, or empty for all), in no order."""

    async def signed_url(
        self,
        key: str,
        *,
        expires_in: timedelta,
        method: str = "GET",
        content_type: str | None = None,
        download_name: str | None = None,
    ) -> SignedUrl:
        """Returns an address that serves the object, ranges included, until it expires. It is a secret: never logged or stored.

        `download_name` makes a browser save the file under that name. Our own `downloads` signs such an address for every store: the
        client's signing for the clouds cannot name files, and an object's own header would keep the name under which it was stored.
        """

    async def sweep_partial(self, older_than: timedelta) -> int:
        """Removes what interrupted uploads of that age have left. Returns how many."""

    async def check(self) -> None:
        """Raises `StorageError` when the store can't be used."""


def check_key(key: str) -> str:
    """Returns the key. Raises `InvalidInput` unless it is segments of letters, digits, `.`, `_` and `-` that don't begin with a dot or a
    dash."""
    if len(key) > _MAX_KEY_BYTES or not all(_SEGMENT.fullmatch(segment) for segment in key.split("/")):
        raise InvalidInput("That is no object key.", code="invalid_key")
    return key


def check_prefix(prefix: str) -> str:
    """Checks the name of a folder as `check_key` does. It ends in a slash, so that it can't match a neighbour with a longer name."""
    if prefix:
        if not prefix.endswith("/"):
            raise InvalidInput("A prefix ends in a slash.", code="invalid_key")
        check_key(prefix[:-1])
    return prefix


def object_missing(key: str) -> NotFound:
    return NotFound(f"The store has no object {key}.", code="object_not_found", advice="It may have been deleted; run the job again.")
