from __future__ import annotations

import asyncio
import os
from pathlib import Path

import pytest

from videomoments.core.errors import InvalidInput, OutOfSpace, TooLarge, UnsupportedMedia
from videomoments.sources import FetchLimits, fetch_local, inspect


async def test_a_file_is_copied_with_progress(tmp_path: Path) -> None:
    source = tmp_path / "My talk.mp4"
    source.write_bytes(b"\0x" * 50_000)
    seen: list[tuple[int, int | None]] = []
    fetched = await fetch_local(source, tmp_path / "t", limits=FetchLimits(), on_progress=lambda done, total: seen.append((done, total)))
    await asyncio.sleep(0)
    assert (fetched.path, fetched.size, fetched.file_name) == (tmp_path / "t", 100_000, "My talk.mp4")
    assert (tmp_path / "t").read_bytes() == source.read_bytes()
    assert seen[-1] == (100_000, 100_000)


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("missing", "file_missing"),
        ("link", "file_missing"),
        ("empty/below", "file_missing"),
        ("folder", "not_a_file"),
        ("pipe", "not_a_file"),
        ("empty", "empty_file"),
        ("text", "not_media"),
    ],
)
def test_what_is_no_file_is_said_in_one_line(tmp_path: Path, name: str, code: str) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "empty").touch()
    (tmp_path / "text").write_text("Some words.")
    (tmp_path / "link").symlink_to("nowhere")
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises((InvalidInput, UnsupportedMedia)) as caught:
        inspect(tmp_path / name)
    assert caught.value.code == code
    assert "\n" not in str(caught.value)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_an_unreadable_file(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("x")
    (tmp_path / "secret").chmod(0)
    with pytest.raises(InvalidInput) as caught:
        inspect(tmp_path / "secret")
    assert caught.value.code == "file_unreadable"


async def test_f62_size_and_space_are_checked_before_copying(tmp_path: Path) -> None:
    (tmp_path / "in").write_bytes(bytes(1000))
    with pytest.raises(TooLarge):
        await fetch_local(tmp_path / "in", tmp_path / "t", limits=FetchLimits(max_bytes=999))
    with pytest.raises(OutOfSpace, match=r"needs 1\.0 KB, and of the .* that are free 1152921\.5 TB are kept in reserve") as full:
        await fetch_local(tmp_path / "in", tmp_path / "t", limits=FetchLimits(min_free_bytes=2**60))
    assert "MOMENTS_MIN_FREE_BYTES" in full.value.advice
    assert [path.name for path in tmp_path.iterdir()] == ["in"]


async def test_f29_a_cancelled_copy_leaves_no_file(tmp_path: Path) -> None:
    with (tmp_path / "in").open("wb") as writer:
        writer.truncate(4 * 1024**3)
    started = asyncio.Event()
    limits = FetchLimits(min_free_bytes=0)
    try:
        limits.check_space(tmp_path, 4 * 1024**3)
    except OutOfSpace:
        pytest.skip("no room for the sparse file's copy")
    task = asyncio.create_task(fetch_local(tmp_path / "in", tmp_path / "t", limits=limits, on_progress=lambda _done, _total: started.set()))
    await started.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert [path.name for path in tmp_path.iterdir()] == ["in"]
