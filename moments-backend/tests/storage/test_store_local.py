from __future__ import annotations

import asyncio
import errno
import os
import resource
import signal
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest

from videomoments.core.errors import InvalidInput, OutOfSpace, StorageError
from videomoments.storage import open_store
from videomoments.storage.local import LocalStore, _translated
from videomoments.storage.signing import UrlSigner

KEY = "videos/v1/source/a-1.mp4"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "store"


@pytest.fixture
def store(root: Path) -> LocalStore:
    return LocalStore(root, UrlSigner("k"))


def files(root: Path) -> list[str]:
    return sorted(path.relative_to(root).as_posix() for path in root.rglob("*") if path.is_file())


async def test_f59_a_cancelled_upload_leaves_no_file(store: LocalStore, root: Path, tmp_path: Path) -> None:
    big = tmp_path / "big"
    with big.open("wb") as writer:
        writer.truncate(2 * 1024**3)
    started = asyncio.Event()
    task = asyncio.create_task(store.put_file(KEY, big, content_type="video/mp4", on_progress=lambda _done, _total: started.set()))
    await started.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert files(root) == []


async def test_f59_a_killed_upload_is_invisible_and_swept(store: LocalStore, root: Path, tmp_path: Path) -> None:
    script = f"""
import asyncio, os, signal
from videomoments.storage import open_store
async def main():
    store = open_store("file://{root}", signing_key="k", public_url=None)
    async def chunks():
        yield b"x" * 100_000
        yield b"x"
        os.kill(os.getpid(), signal.SIGKILL)
    await store.put_stream("{KEY}", chunks(), content_type="video/mp4")
asyncio.run(main())
"""
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == -signal.SIGKILL
    assert [found async for found in store.list("")] == []
    assert len(files(root)) == 1
    assert await store.sweep_partial(timedelta(hours=1)) == 0
    assert await store.sweep_partial(timedelta(seconds=-1)) == 1
    assert files(root) == []


async def test_a_file_that_changes_meanwhile_is_refused(store: LocalStore, root: Path, tmp_path: Path) -> None:
    path = tmp_path / "growing"
    with path.open("wb") as writer:
        writer.truncate(256 * 1024**2)

        def grow(_done: int, _total: int) -> None:
            writer.seek(0, os.SEEK_END)
            writer.write(b"x")
            writer.flush()

        with pytest.raises(StorageError) as caught:
            await store.put_file(KEY, path, content_type="video/mp4", on_progress=grow)
    assert caught.value.code == "file_changed"
    assert files(root) == []


async def test_f62_a_full_disk_is_out_of_space_and_leaves_nothing(store: LocalStore, root: Path, tmp_path: Path) -> None:
    for number in (errno.ENOSPC, errno.EDQUOT):
        with pytest.raises(OutOfSpace) as caught, _translated(KEY):
            raise OSError(number, "full", str(root))
        assert caught.value.retryable
    sparse = tmp_path / "sparse"
    with sparse.open("wb") as writer:
        writer.truncate(2**43)
    with pytest.raises(OutOfSpace):
        await store.put_file(KEY, sparse, content_type="video/mp4")
    assert files(root) == []


async def test_f62_a_write_that_fails_half_way_leaves_nothing(store: LocalStore, root: Path, tmp_path: Path) -> None:
    path = tmp_path / "in"
    path.write_bytes(bytes(3_000_000))
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    before = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (2_000_000, hard))
    try:
        with pytest.raises(StorageError) as caught:
            await store.put_file(KEY, path, content_type="video/mp4")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        signal.signal(signal.SIGXFSZ, before)
    assert str(root) not in str(caught.value)
    assert files(root) == []


async def test_f80_a_link_out_of_the_folder_is_refused(store: LocalStore, root: Path, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("secret")
    (root / "videos").mkdir()
    (root / "videos" / "v1").symlink_to(tmp_path)
    with pytest.raises(StorageError):
        await store.read_range("videos/v1/secret", 0, 10)


async def test_objects_are_read_only_and_folders_go_with_the_last(store: LocalStore, root: Path, tmp_path: Path) -> None:
    (tmp_path / "in").write_bytes(b"x")
    await store.put_file(KEY, tmp_path / "in", content_type="video/mp4")
    assert (root / KEY).stat().st_mode & 0o222 == 0
    await store.delete(KEY)
    assert [path.name for path in root.iterdir()] == [".partial"]


async def test_uploads_and_deletions_side_by_side_lose_nothing(store: LocalStore, tmp_path: Path) -> None:
    (tmp_path / "in").write_bytes(b"x" * 1000)

    async def one(number: int) -> None:
        for _ in range(60):
            key = f"videos/v1/source/{number}-1.mp4"
            await store.put_file(key, tmp_path / "in", content_type="video/mp4")
            assert (await store.head(key)).size == 1000
            await store.delete(key)

    await asyncio.gather(*(one(number) for number in range(8)))


async def test_reading_goes_on_while_the_object_is_deleted(store: LocalStore, tmp_path: Path) -> None:
    (tmp_path / "in").write_bytes(bytes(3_000_000))
    await store.put_file(KEY, tmp_path / "in", content_type="video/mp4")
    stream = store.stream(KEY)
    size = len(await anext(stream))
    await store.delete(KEY)
    async for chunk in stream:
        size += len(chunk)
    assert size == 3_000_000


@pytest.mark.parametrize("url", ["", "folder", "file://host/folder", "ftp://x", "gs://", "http://bucket"])
def test_an_unknown_address_is_refused(url: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        open_store(url, signing_key="k", public_url=None)
    assert caught.value.code == "invalid_storage_url"
