"""Downloads objects of Google Cloud Storage and S3 (`gs://bucket/key`, `s3://bucket/key`), from buckets that an operator listed.

The credentials are this installation's own: the clouds' environment variables, or the platform's identity. Without a list nothing is read,
because a user's request must not open what only the operator may read.
"""

from __future__ import annotations

import asyncio
import re
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote, urlsplit

import obstore
from obstore.exceptions import BaseError, NotFoundError, PermissionDeniedError, UnauthenticatedError
from obstore.store import GCSStore, S3Store

from videomoments.core.errors import InvalidInput, NotFound, SourceUnavailable, UnsupportedMedia
from videomoments.core.native_threads import let_native_threads_finish
from videomoments.core.write_behind import WriteBehind
from videomoments.sources.fetch_types import FetchedSource, FetchLimits, OnProgress
from videomoments.sources.resolve import label, shown
from videomoments.sources.whole import Unfinished, attempts, failed_writing, left_behind, whole_file

_PREFIXES = ("gs://", "s3://")
_CHUNK = 1024**2
_MAX_KEY = 1024
# The rules of both clouds; nothing that could become part of a host's name or a path.
_BUCKET = re.compile(r"[a-z0-9][a-z0-9._-]{1,61}[a-z0-9]")


@dataclass(frozen=True, slots=True)
class ObjectAddress:
    scheme: str
    bucket: str
    key: str

    def __str__(self) -> str:
        return f"{self.scheme}://{self.bucket}/{quote(self.key)}"


def names_object(url: str) -> bool:
    """Returns whether `url` is meant as the address of an object, valid or not."""
    return url.strip().startswith(_PREFIXES)


def object_address(url: str) -> ObjectAddress:
    """Returns the object that `url` names. Raises `InvalidInput` (`invalid_url`)."""
    try:
        parts = urlsplit(url.strip())
    except ValueError as error:
        raise InvalidInput("This is no address of an object.", code="invalid_url") from error
    key = unquote(parts.path).lstrip("/")
    if not names_object(url) or not _BUCKET.fullmatch(parts.netloc) or parts.query:
        raise InvalidInput("This is no address of an object.", code="invalid_url", advice="Write gs://bucket/key or s3://bucket/key.")
    if not key or len(key) > _MAX_KEY or shown(key, _MAX_KEY) != key or {"", ".", ".."} & set(key.split("/")):
        raise InvalidInput("The address names no object.", code="invalid_url", advice="Write gs://bucket/key or s3://bucket/key.")
    return ObjectAddress(parts.scheme, parts.netloc, key)


def listed_object(url: str, buckets: str) -> ObjectAddress:
    """Returns the object that `url` names, if its bucket is among `buckets` (comma-separated addresses, or folders in them).

    Raises `InvalidInput` (`invalid_url`, `bucket_refused`).
    """
    found = object_address(url)
    listed = [entry.strip().rstrip("/") + "/" for entry in buckets.split(",") if entry.strip()]
    if not any(f"{found.scheme}://{found.bucket}/{found.key}".startswith(entry) for entry in listed):
        raise InvalidInput(
            "Sources from that bucket are not allowed here.",
            code="bucket_refused",
            advice="Use a signed https URL of the object, or let an operator list the bucket in MOMENTS_SOURCE_BUCKETS.",
        )
    return found


async def fetch_object(
    url: str, target: Path, *, limits: FetchLimits, on_progress: OnProgress | None = None, resumes: bool = False
) -> FetchedSource:
    """Downloads an object to `target`, and resumes after a broken connection as long as the object is unchanged. Leaves a whole file or
    none; `resumes` works as in `http.fetch`.

    Raises `InvalidInput` (see `listed_object`), `NotFound` (`source_not_found`), `SourceUnavailable` (`source_refused`: permanent),
    `TooLarge`, `OutOfSpace`, `UnsupportedMedia` (`empty_file`).
    """
    address = listed_object(url, limits.buckets)
    reading = _Reading(address, _open(address), target, limits, on_progress)
    if resumes and (before := left_behind(target, str(address))) is not None:
        reading.go_on(before)
    async with whole_file(target, limits, reading.left if resumes else lambda: None) as partial:
        reading.partial = partial
        async for attempt in attempts(limits, lambda: reading.fruitless):
            with attempt:
                await reading.attempt()
    return FetchedSource(target, reading.done, reading.etag, None, label(address.key))


def _open(address: ObjectAddress) -> GCSStore | S3Store:
    let_native_threads_finish()
    # Our own attempts resume in the middle; the client's retries would start again, for minutes.
    patience: Any = {"max_retries": 1, "retry_timeout": timedelta(seconds=10)}
    if address.scheme == "gs":
        return GCSStore(address.bucket, retry_config=patience)
    return S3Store(address.bucket, retry_config=patience)


@dataclass(slots=True)
class _Reading:
    """The state of one object over all attempts."""

    address: ObjectAddress
    store: GCSStore | S3Store
    partial: Path
    limits: FetchLimits
    on_progress: OnProgress | None
    done: int = 0
    size: int = -1
    etag: str | None = None
    fruitless: int = 0

    def go_on(self, before: Unfinished) -> None:
        """Continues from what an earlier download left, if the object is still the same."""
        self.done, self.size, self.etag = before.done, before.total or -1, before.validator

    def left(self) -> Unfinished | None:
        """Returns the state from which another download can continue, or None."""
        return Unfinished(str(self.address), self.done, self.size, self.etag) if self.done and self.etag else None

    async def attempt(self) -> None:
        before = self.done
        try:
            # The store's answers have no deadline of their own, but each piece has one.
            async with asyncio.timeout(self.limits.connect_timeout):
                found = await obstore.head_async(self.store, self.address.key)
            self._begin(found["size"], found["e_tag"])
            await self._read()
        except (NotFoundError, FileNotFoundError) as error:
            raise NotFound("There is no such object.", code="source_not_found", advice="Check the address.") from error
        except (PermissionDeniedError, UnauthenticatedError) as error:
            raise SourceUnavailable(
                "The bucket refuses access.",
                code="source_refused",
                advice="Give this installation's identity the right to read it.",
                retryable=False,
            ) from error
        except (BaseError, TimeoutError) as error:
            # The error's text may name hosts and signed addresses, so it is not shown.
            raise SourceUnavailable("The bucket's store failed.", advice="Try again later.") from error
        except OSError as error:
            raise failed_writing(error) from error
        finally:
            self.fruitless = 0 if self.done > before else self.fruitless + 1

    def _begin(self, size: int, etag: str | None) -> None:
        if (size, etag) != (self.size, self.etag):
            self.size, self.etag, self.done = size, etag, 0
        if size == 0:
            raise UnsupportedMedia("The object is empty.", code="empty_file", advice="Check the address.")
        self.limits.check_size(size)
        self.limits.check_space(self.partial.parent, size - self.done)

    async def _read(self) -> None:
        options: Any = {"range": (self.done, self.size)}
        if self.etag is not None:
            options["if_match"] = self.etag
        async with asyncio.timeout(self.limits.connect_timeout + self.limits.read_timeout):
            answer = await obstore.get_async(self.store, self.address.key, options=options)
        pieces = aiter(answer.stream(min_chunk_size=_CHUNK))
        begin = self.done
        writer = WriteBehind(self.partial, at=begin)
        try:
            async with writer:
                while True:
                    async with asyncio.timeout(self.limits.read_timeout):
                        piece = await anext(pieces, None)
                    if piece is None:
                        break
                    await writer.write(memoryview(piece))
                    self.done += len(piece)
                    if self.on_progress is not None:
                        self.on_progress(self.done, self.size)
        finally:
            self.done = begin + writer.written
        if self.done != self.size:
            raise SourceUnavailable(f"The store sent {self.done} of {self.size} bytes.", advice="Try again later.")
