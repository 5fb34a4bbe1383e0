"""Stores objects in a folder. Files are published by rename after fsync; unfinished files are in `.partial`, which no listing shows."""

from __future__ import annotations

import asyncio
import errno
import hashlib
import os
import shutil
import threading
import time
import uuid
from collections.abc import AsyncIterable, AsyncIterator, Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import BinaryIO, TypeVar

from videomoments.core.errors import InvalidInput, MomentsError, OutOfSpace, StorageError, TooLarge
from videomoments.core.tasks import in_thread
from videomoments.storage.layout import content_type_of
from videomoments.storage.object_store import CHUNK_BYTES, OnProgress, StoredObject, check_key, check_prefix, object_missing
from videomoments.storage.signing import SignedUrl, UrlSigner

T = TypeVar("T")
_PARTIAL = ".partial"
# How often a folder may vanish under one upload: each time, another deletion emptied it.
_FOLDER_TRIES = 100
_NOT_WRITABLE = (errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOTDIR)


class _Stopped(MomentsError):
    """Ends the thread of a task that was cancelled."""


class LocalStore:
    """Implements `ObjectStore`. The content type of an object follows from its key's extension."""

    def __init__(self, root: Path, signer: UrlSigner) -> None:
        self._signer = signer
        with _translated(""):
            root.mkdir(parents=True, exist_ok=True, mode=0o700)
            self._root = root.resolve()
            self._partial = self._root / _PARTIAL
            self._partial.mkdir(exist_ok=True, mode=0o700)

    @property
    def signer(self) -> UrlSigner | None:
        return self._signer

    @property
    def downloads(self) -> UrlSigner:
        return self._signer

    async def put_file(self, key: str, path: Path, *, content_type: str, on_progress: OnProgress | None = None) -> StoredObject:
        del content_type
        target = self._path(key)
        report = _on_loop(on_progress)

        def copy(stop: threading.Event) -> StoredObject:
            with _opened(path) as source, self._scratch() as partial:
                before = os.fstat(source.fileno())
                if before.st_size > shutil.disk_usage(self._root).free:
                    raise OutOfSpace(f"The store has no room for {before.st_size} bytes.")
                with partial.open("xb") as writer:
                    sha256 = _copy(source, writer, stop, report)
                    after = os.fstat(source.fileno())
                    if writer.tell() != before.st_size or (after.st_size, after.st_mtime_ns) != (before.st_size, before.st_mtime_ns):
                        raise StorageError("The file changed while it was being stored.", code="file_changed")
                    self._publish(writer, partial, target)
            return self._describe(key, target, sha256)

        return await _stoppable(key, copy)

    async def put_stream(self, key: str, chunks: AsyncIterable[bytes], *, content_type: str, max_bytes: int | None = None) -> StoredObject:
        del content_type
        target = self._path(key)
        digest = hashlib.sha256()
        done = 0
        # Only our own writes are translated: the caller handles what `chunks` raises.
        with self._scratch() as partial, partial.open("xb") as writer:
            async for chunk in chunks:
                done += len(chunk)
                if max_bytes is not None and done > max_bytes:
                    raise TooLarge(f"The file is larger than the limit of {max_bytes} bytes.", advice="Give a smaller file.")
                digest.update(chunk)
                with _translated(key):
                    await asyncio.to_thread(writer.write, chunk)
            with _translated(key):
                await asyncio.to_thread(self._publish, writer, partial, target)
        return self._describe(key, target, digest.hexdigest())

    async def get_to_file(self, key: str, path: Path, *, on_progress: OnProgress | None = None) -> StoredObject:
        source_path = self._path(key)
        report = _on_loop(on_progress)

        def fetch(stop: threading.Event) -> StoredObject:
            found = self._describe(key, source_path)
            partial = path.with_name(f"{path.name}.{uuid.uuid4().hex}.part")
            try:
                _link_or_copy(source_path, partial, stop, report)
                if partial.stat().st_size != found.size:
                    raise StorageError("The object came back shorter than it is.")
                partial.replace(path)
            finally:
                partial.unlink(missing_ok=True)
            report(found.size, found.size)
            return found

        return await _stoppable(key, fetch)

    async def read_range(self, key: str, start: int, end: int) -> bytes:
        path = self._path(key)

        def read() -> bytes:
            with _translated(key), path.open("rb") as source:
                source.seek(start)
                return source.read(max(0, end - start))

        return await asyncio.to_thread(read)

    async def stream(self, key: str, start: int = 0, end: int | None = None) -> AsyncIterator[bytes]:
        path = self._path(key)
        with _translated(key):
            # One open file throughout, so that a deletion in between doesn't cut the stream short.
            source = await asyncio.to_thread(path.open, "rb")
            with source:
                left = (os.fstat(source.fileno()).st_size if end is None else end) - start
                source.seek(start)
                while left > 0 and (chunk := await asyncio.to_thread(source.read, min(CHUNK_BYTES, left))):
                    left -= len(chunk)
                    yield chunk

    async def head(self, key: str) -> StoredObject:
        path = self._path(key)
        return await asyncio.to_thread(self._describe, key, path)

    async def delete(self, key: str) -> None:
        path = self._path(key)

        def remove() -> None:
            with _translated(key):
                path.unlink(missing_ok=True)
                self._prune(path.parent)

        await asyncio.to_thread(remove)

    async def delete_prefix(self, prefix: str) -> int:
        if not prefix:
            raise InvalidInput("Everything is never deleted at once.", code="invalid_key")
        folder = self._folder(prefix)

        def remove() -> int:
            count = 0
            with _translated(prefix):
                for path in list(_files(folder, self._partial)):
                    with suppress(FileNotFoundError):
                        path.unlink()
                        count += 1
                    self._prune(path.parent)
            return count

        return await asyncio.to_thread(remove)

    async def list(self, prefix: str) -> AsyncIterator[StoredObject]:
        folder = self._folder(prefix)
        with _translated(prefix):
            paths = await asyncio.to_thread(lambda: [*_files(folder, self._partial)])
        for path in paths:
            with suppress(FileNotFoundError):
                yield self._described(path.relative_to(self._root).as_posix(), path.stat())

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
        return self._signer.sign(check_key(key), expires_in=expires_in, method=method, download_name=download_name)

    async def sweep_partial(self, older_than: timedelta) -> int:
        def sweep() -> int:
            count = 0
            oldest = time.time() - older_than.total_seconds()
            for path in self._partial.iterdir():
                with suppress(FileNotFoundError):
                    if path.stat().st_mtime < oldest:
                        path.unlink()
                        count += 1
            return count

        with _translated(""):
            return await asyncio.to_thread(sweep)

    async def check(self) -> None:
        def probe() -> None:
            with _translated(""):
                path = self._partial / uuid.uuid4().hex
                path.touch()
                path.unlink()

        await asyncio.to_thread(probe)

    def _path(self, key: str) -> Path:
        path = self._root / check_key(key)
        # The pattern of keys can't leave the folder, but a link inside it could.
        if not path.resolve().is_relative_to(self._root):
            raise StorageError("A link in the store leads out of it.", retryable=False)
        return path

    def _folder(self, prefix: str) -> Path:
        return self._path(check_prefix(prefix)[:-1]) if prefix else self._root

    def _describe(self, key: str, path: Path, sha256: str | None = None) -> StoredObject:
        with _translated(key):
            if not path.is_file():
                raise object_missing(key)
            return self._described(key, path.stat(), sha256)

    @staticmethod
    def _described(key: str, status: os.stat_result, sha256: str | None = None) -> StoredObject:
        etag = f"{status.st_mtime_ns:x}-{status.st_size:x}"
        modified = datetime.fromtimestamp(status.st_mtime, UTC)
        return StoredObject(key, status.st_size, etag, content_type_of(key), modified, sha256)

    @contextmanager
    def _scratch(self) -> Iterator[Path]:
        """Yields a name for an unfinished file, and removes the file afterwards unless it was published."""
        partial = self._partial / uuid.uuid4().hex
        try:
            yield partial
        finally:
            partial.unlink(missing_ok=True)

    def _publish(self, writer: BinaryIO, partial: Path, target: Path) -> None:
        writer.flush()
        os.fsync(writer.fileno())
        partial.chmod(0o444)
        self._rename(partial, target)

    def _rename(self, partial: Path, target: Path) -> None:
        for left in reversed(range(_FOLDER_TRIES)):
            try:
                target.parent.mkdir(parents=True, exist_ok=True)
                partial.replace(target)
                break
            except (FileNotFoundError, FileExistsError):
                # Another deletion has just removed an empty folder: before the rename, or between mkdir's finding it and looking at it.
                if not left or not partial.exists():
                    raise
        folder = os.open(target.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)

    def _prune(self, folder: Path) -> None:
        """Removes folders that have become empty, upwards."""
        while folder != self._root and folder.is_relative_to(self._root):
            try:
                folder.rmdir()
            except OSError:
                return
            folder = folder.parent


def _files(folder: Path, hidden: Path) -> Iterator[Path]:
    for parent, folders, names in os.walk(folder):
        if Path(parent) == hidden.parent and hidden.name in folders:
            folders.remove(hidden.name)
        yield from (Path(parent) / name for name in names)


def _copy(source: BinaryIO, target: BinaryIO, stop: threading.Event, report: OnProgress) -> str:
    """Copies all of `source`. Returns its SHA-256 (hex)."""
    size = os.fstat(source.fileno()).st_size
    digest = hashlib.sha256()
    while chunk := source.read(CHUNK_BYTES):
        if stop.is_set():
            raise _Stopped("The copy was stopped.")
        target.write(chunk)
        digest.update(chunk)
        report(target.tell(), size)
    return digest.hexdigest()


def _link_or_copy(source_path: Path, target: Path, stop: threading.Event, report: OnProgress) -> None:
    """Links or copies the object. Objects never change, so a second name for the same bytes costs nothing; across file systems it is
    copied."""
    try:
        target.hardlink_to(source_path)
    except FileNotFoundError:
        raise
    except OSError:
        with source_path.open("rb") as source, target.open("xb") as copy:
            _copy(source, copy, stop, report)


def _opened(path: Path) -> BinaryIO:
    try:
        return path.open("rb")
    except OSError as error:
        raise StorageError(f"The file to store can't be read: {os.strerror(error.errno or 0)}.", code="file_unreadable") from error


def _on_loop(on_progress: OnProgress | None) -> OnProgress:
    """Returns the callback in a form that a thread may call."""
    if on_progress is None:
        return lambda _done, _total: None
    loop = asyncio.get_running_loop()

    def report(done: int, total: int) -> None:
        loop.call_soon_threadsafe(on_progress, done, total)

    return report


async def _stoppable(key: str, work: Callable[[threading.Event], T]) -> T:
    """Runs `work` in a thread. A cancelled caller waits until the thread has stopped and cleaned up."""
    with _translated(key):
        return await in_thread(work)


@contextmanager
def _translated(key: str) -> Iterator[None]:
    try:
        yield
    except MomentsError:
        raise
    except FileNotFoundError as error:
        raise object_missing(key) from error
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise OutOfSpace("The store's disk is full.") from error
        # Never the path: it is internal, and users see this text.
        why = os.strerror(error.errno or 0)
        if error.errno in _NOT_WRITABLE:
            advice = "Let this user write the folder that STORAGE_URL names, or name another."
            raise StorageError(f"The store's folder can't be used: {why}.", code="store_not_writable", advice=advice) from error
        raise StorageError(f"The store failed: {why}.") from error
