"""Stores objects in Google Cloud Storage, S3 and plain memory through `obstore`. A put becomes visible only as a whole, so no temporary
name is needed."""

from __future__ import annotations

import asyncio
import errno
import hashlib
import os
from collections.abc import AsyncIterable, AsyncIterator, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import obstore
from obstore.exceptions import BaseError, NotFoundError
from obstore.store import GCSStore, MemoryStore, S3Store

from videomoments.core.errors import InvalidInput, MomentsError, OutOfSpace, StorageError, TooLarge
from videomoments.core.native_threads import let_native_threads_finish
from videomoments.core.times import now
from videomoments.core.write_behind import WriteBehind
from videomoments.storage.failures import store_failure
from videomoments.storage.layout import content_type_of
from videomoments.storage.object_store import CHUNK_BYTES, OnProgress, StoredObject, check_key, check_prefix, object_missing
from videomoments.storage.signing import SignedUrl, UrlSigner

if TYPE_CHECKING:
    from obstore import ObjectMeta

Backend = GCSStore | S3Store | MemoryStore
_PART_BYTES = 6 * CHUNK_BYTES
# The clouds allow 10,000 parts; larger objects use larger parts.
_MOST_PARTS = 9_000
# Each part is held in memory; three keep the connection busy.
_PARTS_AT_ONCE = 3


class CloudStore:
    """Implements `ObjectStore`. `signer` signs what the backend can't: everything for memory, else only downloads under a name."""

    def __init__(self, backend: Backend, signer: UrlSigner) -> None:
        let_native_threads_finish()
        self._backend = backend
        self._signer = signer

    @property
    def signer(self) -> UrlSigner | None:
        return self._signer if isinstance(self._backend, MemoryStore) else None

    @property
    def downloads(self) -> UrlSigner:
        return self._signer

    async def put_file(self, key: str, path: Path, *, content_type: str, on_progress: OnProgress | None = None) -> StoredObject:
        try:
            total = path.stat().st_size
        except OSError as error:
            raise StorageError("The file to store can't be read.", code="file_unreadable") from error
        stored = await self._put(key, _file_chunks(path, total, on_progress), content_type, part_bytes=_part_bytes(total))
        if stored.size != total:
            await self.delete(key)
            raise StorageError("The file changed while it was being stored.", code="file_changed")
        return stored

    async def put_stream(self, key: str, chunks: AsyncIterable[bytes], *, content_type: str, max_bytes: int | None = None) -> StoredObject:
        return await self._put(key, chunks, content_type, part_bytes=_part_bytes(max_bytes or 0), max_bytes=max_bytes)

    async def _put(
        self, key: str, chunks: AsyncIterable[bytes], content_type: str, *, part_bytes: int, max_bytes: int | None = None
    ) -> StoredObject:
        check_key(key)
        hashed = _HashBehind()
        done = 0
        failure: list[BaseException] = []

        async def parts() -> AsyncIterator[bytes]:
            nonlocal done
            try:
                async for chunk in chunks:
                    done += len(chunk)
                    if max_bytes is not None and done > max_bytes:
                        raise TooLarge(f"The file is larger than the limit of {max_bytes} bytes.", advice="Give a smaller file.")
                    await hashed.add(chunk)
                    yield chunk
            except GeneratorExit:
                raise  # the store has failed first, and reads no more
            except BaseException as error:
                # obstore wraps what a generator raises; the caller gets the original.
                failure.append(error)
                raise

        try:
            with _translated(key):
                await obstore.put_async(
                    self._backend,
                    key,
                    parts(),
                    attributes={"Content-Type": content_type},
                    use_multipart=True,
                    chunk_size=part_bytes,
                    max_concurrency=_PARTS_AT_ONCE,
                )
        except MomentsError as error:
            if failure:
                raise failure[0] from error
            raise
        found = await self.head(key)
        if found.size != done:
            await self.delete(key)
            raise StorageError(f"The store kept {found.size} of {done} bytes.")
        return StoredObject(key, found.size, found.etag, content_type, found.modified, await hashed.hexdigest())

    async def get_to_file(self, key: str, path: Path, *, on_progress: OnProgress | None = None) -> StoredObject:
        found = await self.head(key)
        partial = path.with_name(f"{path.name}.part")
        done = 0
        try:
            async with WriteBehind(partial) as target:
                async for chunk in self.stream(key):
                    await target.write(chunk)
                    done += len(chunk)
                    if on_progress is not None:
                        on_progress(done, found.size)
            if done != found.size:
                raise StorageError(f"The store gave {done} of {found.size} bytes.")
            partial.replace(path)
        except OSError as error:
            if error.errno in (errno.ENOSPC, errno.EDQUOT):
                raise OutOfSpace("The disk filled up while an object was fetched.") from error
            raise StorageError(f"A fetched object can't be written: {os.strerror(error.errno or errno.EIO)}.") from error
        finally:
            partial.unlink(missing_ok=True)
        return found

    async def read_range(self, key: str, start: int, end: int) -> bytes:
        end = min(end, (await self.head(key)).size)
        if start >= end:
            return b""
        with _translated(key):
            return bytes(await obstore.get_range_async(self._backend, key, start=start, end=end))

    async def stream(self, key: str, start: int = 0, end: int | None = None) -> AsyncIterator[bytes]:
        found = await self.head(key)
        stop = found.size if end is None else min(end, found.size)
        if start >= stop:
            return
        with _translated(key):
            answer = await obstore.get_async(self._backend, key, options={"range": (start, stop)})
            async for chunk in answer.stream(min_chunk_size=CHUNK_BYTES):
                yield bytes(chunk)

    async def head(self, key: str) -> StoredObject:
        with _translated(check_key(key)):
            return _described(await obstore.head_async(self._backend, key))

    async def delete(self, key: str) -> None:
        check_key(key)
        try:
            with _translated(key):
                await obstore.delete_async(self._backend, key)
        except MomentsError as error:
            if error.code != "object_not_found":
                raise

    async def delete_prefix(self, prefix: str) -> int:
        if not prefix:
            raise InvalidInput("Everything is never deleted at once.", code="invalid_key")
        keys = [found.key async for found in self.list(prefix)]
        if keys:
            with _translated(prefix):
                await obstore.delete_async(self._backend, keys)
        return len(keys)

    async def list(self, prefix: str) -> AsyncIterator[StoredObject]:
        check_prefix(prefix)
        with _translated(prefix):
            async for batch in obstore.list(self._backend, prefix or None):
                for entry in batch:
                    yield _described(entry)

    async def signed_url(
        self,
        key: str,
        *,
        expires_in: timedelta,
        method: str = "GET",
        content_type: str | None = None,
        download_name: str | None = None,
    ) -> SignedUrl:
        del content_type
        check_key(key)
        if download_name is not None or isinstance(self._backend, MemoryStore):
            return self._signer.sign(key, expires_in=expires_in, method=method, download_name=download_name)
        expires_at = now() + expires_in
        with _translated(key):
            url = await obstore.sign_async(self._backend, "PUT" if method == "PUT" else "GET", key, expires_in)
        return SignedUrl(url, expires_at)

    async def sweep_partial(self, older_than: timedelta) -> int:
        """Removes nothing: the bucket's lifecycle rule removes unfinished multipart uploads."""
        del older_than
        return 0

    async def check(self) -> None:
        with _translated(""):
            async for _ in obstore.list(self._backend, "videos/", chunk_size=1):
                break


def _part_bytes(size: int) -> int:
    """Returns the size of a part for an object of at most `size` bytes."""
    return max(_PART_BYTES, -(-size // _MOST_PARTS))


class _HashBehind:
    """Computes the SHA-256 of chunks while they are sent: a thread hashes one while the next is read and sent."""

    def __init__(self) -> None:
        self._digest = hashlib.sha256()
        self._hashing: asyncio.Future[None] | None = None

    async def add(self, chunk: bytes) -> None:
        await self._settle()
        self._hashing = asyncio.get_running_loop().run_in_executor(None, self._digest.update, chunk)

    async def hexdigest(self) -> str:
        await self._settle()
        return self._digest.hexdigest()

    async def _settle(self) -> None:
        if self._hashing is not None:
            await self._hashing


async def _file_chunks(path: Path, total: int, on_progress: OnProgress | None) -> AsyncIterator[bytes]:
    done = 0
    with path.open("rb", buffering=0) as source:
        while chunk := await asyncio.to_thread(source.read, CHUNK_BYTES):
            yield chunk
            done += len(chunk)
            if on_progress is not None:
                on_progress(done, total)


def _described(meta: ObjectMeta) -> StoredObject:
    key = meta["path"]
    modified = meta["last_modified"]
    return StoredObject(key, meta["size"], meta["e_tag"] or modified.isoformat(), content_type_of(key), modified)


@contextmanager
def _translated(key: str) -> Iterator[None]:
    try:
        yield
    except (NotFoundError, FileNotFoundError) as error:
        if not key or "NoSuchBucket" in str(error):
            raise store_failure(error) from error
        raise object_missing(key) from error
    except BaseError as error:
        raise store_failure(error) from error
