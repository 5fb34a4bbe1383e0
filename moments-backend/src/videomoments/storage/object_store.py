"""What an object store does, whatever is behind it, and how a configured address becomes one."""

from __future__ import annotations

import re
from collections.abc import AsyncIterable, AsyncIterator, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Protocol

from videomoments.core.errors import InvalidInput, NotFound
from videomoments.storage.signing import SignedUrl, UrlSigner

# Called on the event loop with (bytes done, bytes in all).
OnProgress = Callable[[int, int], None]

CHUNK_BYTES = 1024 * 1024
_MAX_KEY_BYTES = 900
_SEGMENT = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]*")


@dataclass(frozen=True, slots=True)
class StoredObject:
    """An object that is visible in the store. `size` is bytes.

    `etag` changes whenever the bytes do. `sha256` (hex) is known only to who has just put the object.
    """

    key: str
    size: int
    etag: str
    content_type: str = "application/octet-stream"
    modified: datetime | None = None
    sha256: str | None = None


class ObjectStore(Protocol):
    """Immutable objects under keys of `storage.layout`.

    A put is all or nothing: whatever interrupts it (an error, a cancelled task, a killed process), the key then shows what it did before.
    Every method raises `InvalidInput` for a malformed key, `StorageError` (retryable) when the store fails, `OutOfSpace` when it is full,
    and, where an object has to exist, `NotFound` with the code `object_not_found`. Ranges are half-open, [start, end).
    """

    @property
    def signer(self) -> UrlSigner | None:
        """Who signs this store's URLs when it is us; None when the cloud does."""

    @property
    def downloads(self) -> UrlSigner:
        """Who signs addresses that name the file they are saved as: always us, and the API serves what they lead to."""

    async def put_file(self, key: str, path: Path, *, content_type: str, on_progress: OnProgress | None = None) -> StoredObject:
        """Uploads the file. Raises `StorageError` too when the file changes or shrinks meanwhile."""

    async def put_stream(self, key: str, chunks: AsyncIterable[bytes], *, content_type: str, max_bytes: int | None = None) -> StoredObject:
        """Uploads what `chunks` yields. Raises `TooLarge` beyond `max_bytes`, and what `chunks` raises."""

    async def get_to_file(self, key: str, path: Path, *, on_progress: OnProgress | None = None) -> StoredObject:
        """Puts the object at `path` by rename. Treat that file as read-only: a local store may share it instead of copying."""

    async def read_range(self, key: str, start: int, end: int) -> bytes:
        """The bytes [start, end), fewer where the object ends earlier."""

    def stream(self, key: str, start: int = 0, end: int | None = None) -> AsyncIterator[bytes]:
        """The bytes [start, end) in pieces of at most 1 MiB or so."""

    async def head(self, key: str) -> StoredObject:
        """What is stored under the key."""

    async def delete(self, key: str) -> None:
        """Removes the object; one that is not there is no error."""

    async def delete_prefix(self, prefix: str) -> int:
        """Removes all below `prefix`, which ends in a slash; answers how many there were."""

    def list(self, prefix: str) -> AsyncIterator[StoredObject]:
        """All below `prefix` (ends in a slash, or empty for all), in no order."""

    async def copy(self, source: str, target: str) -> StoredObject:
        """A second object with the same bytes."""

    async def signed_url(
        self,
        key: str,
        *,
        expires_in: timedelta,
        method: str = "GET",
        content_type: str | None = None,
        download_name: str | None = None,
    ) -> SignedUrl:
        """An address that serves the object, ranges included, until it expires. It is a secret: never logged or stored.

        `download_name` makes a browser save the file under that name. Such an address is ours (`downloads`), whatever the store: what
        signs for the clouds here cannot name files, and an object's own header would keep the name that it was stored under.
        """

    async def sweep_partial(self, older_than: timedelta) -> int:
        """Removes what interrupted uploads of that age have left behind; answers how many."""

    async def check(self) -> None:
        """Raises `StorageError` when the store can't be used."""


def check_key(key: str) -> str:
    """The key itself, or `InvalidInput`: segments of letters, digits, `.`, `_` and `-` that don't begin with a dot or a dash."""
    if len(key) > _MAX_KEY_BYTES or not all(_SEGMENT.fullmatch(segment) for segment in key.split("/")):
        raise InvalidInput("That is no object key.", code="invalid_key")
    return key


def check_prefix(prefix: str) -> str:
    """As `check_key`, for the name of a folder: it ends in a slash, so that no neighbour with a longer name is meant as well."""
    if prefix:
        if not prefix.endswith("/"):
            raise InvalidInput("A prefix ends in a slash.", code="invalid_key")
        check_key(prefix[:-1])
    return prefix


def object_missing(key: str) -> NotFound:
    return NotFound(f"The store has no object {key}.", code="object_not_found", advice="It may have been deleted; run the job again.")
