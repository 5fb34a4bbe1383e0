"""The child can be cancelled, limited, killed and orphaned; nothing of it stays."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import psutil
import pytest

from media.makers import Drawn, draw
from support.processes import media_children
from videomoments.core.errors import MomentsError, OutOfSpace
from videomoments.core.names import ClipKind
from videomoments.core.times import Interval
from videomoments.media.engine import MediaEngine
from videomoments.media.sandbox import run_job
from videomoments.media.types import ClipMode, ClipRequest, ClipWay, CutClip, MediaInfo, SandboxLimits

pytestmark = pytest.mark.fault


@pytest.fixture(scope="module")
def heavy(tmp_path_factory: pytest.TempPathFactory) -> Drawn:
    """Eight seconds of 720p: enough work to be interrupted."""
    return draw(tmp_path_factory.mktemp("heavy") / "a.mp4", seconds=8, fps=15, size=(1280, 720), options={"preset": "ultrafast"})


async def child_of_ours() -> psutil.Process:
    for _ in range(2000):
        if found := media_children():
            return found[0]
        await asyncio.sleep(0.002)
    raise AssertionError("no child started")


async def cutting(engine: MediaEngine, made: Drawn, folder: Path) -> tuple[asyncio.Task[None], psutil.Process]:
    """A cut that has begun to write, and its child: known before, for to look for it takes as long as a quick machine needs to cut."""
    info = await MediaEngine().probe(made.path)
    task = asyncio.create_task(cut(engine, made, folder / "a.mp4", info))
    child = await child_of_ours()
    while not list(folder.iterdir()):
        await asyncio.sleep(0.002)
        assert not task.done()
    return task, child


def whole(made: Drawn, target: Path) -> ClipRequest:
    return ClipRequest("a", Interval(0, made.seconds), target, ClipKind.DELIVERED)


async def cut(engine: MediaEngine, made: Drawn, target: Path, info: MediaInfo | None = None) -> None:
    info = info or await MediaEngine().probe(made.path)
    async for _ in engine.cut(made.path, [whole(made, target)], info):
        pass


async def test_f29_cancelled_in_mid_encode_nothing_stays(heavy: Drawn, tmp_path: Path) -> None:
    task, _ = await cutting(MediaEngine(), heavy, tmp_path)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert not list(tmp_path.iterdir())
    assert not media_children()


@pytest.mark.parametrize(("way", "mode"), [("copy", "copy"), ("exact", "smart")])
async def test_f29_cancelled_in_mid_copy_only_whole_clips_stay(way: ClipWay, mode: ClipMode, heavy: Drawn, tmp_path: Path) -> None:
    info = await MediaEngine().probe(heavy.path)
    # More than can be made in the time that a slow machine takes to cancel.
    asked = [ClipRequest(str(n), Interval(0.3, 7.5), tmp_path / f"{n}.mp4", ClipKind.DELIVERED, way=way) for n in range(2000)]
    made: list[CutClip] = []

    async def consume() -> None:
        async for clip in MediaEngine().cut(heavy.path, asked, info):
            made.append(clip)

    task = asyncio.create_task(consume())
    async with asyncio.timeout(300):
        while len(made) < 2:
            await asyncio.sleep(0.005)
            assert not task.done()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert {clip.mode for clip in made} == {mode}
    assert {path.name for path in tmp_path.iterdir()} == {clip.path.name for clip in made}
    assert not media_children()


async def test_a_consumer_that_stops_early_ends_the_child(heavy: Drawn, tmp_path: Path) -> None:
    info = await MediaEngine().probe(heavy.path)
    asked = [ClipRequest(str(n), Interval(n, n + 0.5 + n), tmp_path / f"{n}.mp4", ClipKind.DELIVERED) for n in range(4)]
    clips = MediaEngine().cut(heavy.path, asked, info)
    first = await anext(aiter(clips))
    await clips.aclose()  # type: ignore[attr-defined]
    assert [path.name for path in tmp_path.iterdir()] == [first.path.name]
    assert not media_children()


async def test_f64_a_child_that_hangs_is_ended(heavy: Drawn, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    waits: list[asyncio.Timeout] = []
    real = asyncio.timeout

    def remembered(seconds: float | None) -> asyncio.Timeout:
        waits.append(real(seconds))
        return waits[-1]

    monkeypatch.setattr("videomoments.core.job_process.asyncio.timeout", remembered)
    task, child = await cutting(MediaEngine(), heavy, tmp_path)
    child.suspend()
    while not task.done():
        # The limit is over when the test says so, however slowly the child began. What it wrote before is read first, by other waits.
        if child.status() == psutil.STATUS_STOPPED:
            with suppress(RuntimeError):  # this wait has just ended
                waits[-1].reschedule(0.0)
        await asyncio.sleep(0.02)
    with pytest.raises(MomentsError) as caught:
        await task
    assert (caught.value.code, caught.value.retryable) == ("media_stalled", True)
    assert not list(tmp_path.iterdir())
    assert not media_children()


@pytest.mark.parametrize(
    ("sent", "code", "retryable"),
    [(signal.SIGKILL, "media_killed", True), (signal.SIGSEGV, "media_crash", False), (signal.SIGXCPU, "media_limit", False)],
)
async def test_a_child_that_dies_is_one_clear_error(sent: signal.Signals, code: str, retryable: bool, heavy: Drawn, tmp_path: Path) -> None:
    task, child = await cutting(MediaEngine(), heavy, tmp_path)
    child.send_signal(sent)
    with pytest.raises(MomentsError) as caught:
        await task
    assert (caught.value.code, caught.value.retryable) == (code, retryable)
    assert not list(tmp_path.iterdir())


@pytest.mark.skipif(sys.platform != "linux", reason="macOS does not enforce RLIMIT_AS")
async def test_a_child_that_takes_too_much_memory_is_stopped(heavy: Drawn, tmp_path: Path) -> None:
    engine = MediaEngine(work_limits=SandboxLimits(memory_bytes=230 * 1024**2))
    with pytest.raises(MomentsError) as caught:
        await cut(engine, heavy, tmp_path / "a.mp4")
    assert caught.value.code in ("media_limit", "media_failed", "media_crash")
    assert not list(tmp_path.iterdir())


async def test_a_file_that_grows_too_large_is_stopped(heavy: Drawn, tmp_path: Path) -> None:
    engine = MediaEngine(work_limits=SandboxLimits(file_bytes=15_000))
    with pytest.raises(MomentsError) as caught:
        await cut(engine, heavy, tmp_path / "a.mp4")
    assert caught.value.code == "media_limit"
    assert not list(tmp_path.iterdir())


def test_an_orphan_ends_itself(heavy: Drawn, tmp_path: Path) -> None:
    program = (
        "import asyncio, sys; from pathlib import Path; from videomoments.media.engine import MediaEngine\n"
        "from videomoments.media.types import *; from videomoments.core.names import *; from videomoments.core.times import Interval\n"
        "async def main():\n"
        "    source, target = Path(sys.argv[1]), Path(sys.argv[2])\n"
        "    info = await MediaEngine().probe(source)\n"
        "    async for _ in MediaEngine().cut(source, [ClipRequest('a', Interval(0, 8), target, ClipKind.DELIVERED)], info): pass\n"
        "asyncio.run(main())"
    )
    parent = subprocess.Popen([sys.executable, "-c", program, str(heavy.path), str(tmp_path / "a.mp4")])
    try:
        child = next(_child_when(parent.pid, tmp_path))
        parent.send_signal(signal.SIGKILL)
        parent.wait()
        child.wait(300)
    finally:
        parent.kill()
        parent.wait()


def _child_when(parent: int, folder: Path) -> Iterator[psutil.Process]:
    for _ in range(500):
        if list(folder.iterdir()):
            yield psutil.Process(parent).children()[0]
        time.sleep(0.02)


async def test_the_child_sees_none_of_our_secrets(heavy: Drawn, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "canary-of-a-password")
    task = asyncio.create_task(cut(MediaEngine(), heavy, tmp_path / "a.mp4"))
    child = await child_of_ours()
    assert "canary-of-a-password" not in str(child.environ())
    assert os.getpgid(child.pid) == child.pid
    task.cancel()
    await asyncio.wait({task})


@pytest.mark.skipif(sys.platform != "linux", reason="network namespaces are Linux's")
async def test_the_child_has_no_network(heavy: Drawn, tmp_path: Path) -> None:
    allowed = subprocess.run(["unshare", "-n" if os.geteuid() == 0 else "-rn", "true"], capture_output=True, check=False).returncode == 0
    if not allowed:
        pytest.skip("this machine grants no network namespace")
    task, child = await cutting(MediaEngine(), heavy, tmp_path)
    try:
        assert Path(f"/proc/{child.pid}/ns/net").readlink() != Path("/proc/self/ns/net").readlink()
        interfaces = Path(f"/proc/{child.pid}/net/dev").read_text().splitlines()[2:]
        assert [line.split(":")[0].strip() for line in interfaces] in (["lo"], [])
        assert child.net_connections() == []
    finally:
        task.cancel()
        await asyncio.wait({task})


async def test_f62_a_full_disk_is_one_clear_error(heavy: Drawn) -> None:
    small = Path("/dev/full")
    if not small.exists():
        pytest.skip("no /dev/full")
    info = await MediaEngine().probe(heavy.path)
    job = {"job": "extract_audio", "source": str(heavy.path), "info": info.to_dict(), "target": str(small), "waveform": None}
    with pytest.raises(OutOfSpace):
        async for _ in run_job(job, SandboxLimits()):
            pass


async def test_a_job_that_fills_memory_costs_one_error_and_no_more(tmp_path: Path) -> None:
    made = draw(tmp_path / "a.mkv", video="mjpeg", size=(3840, 2160), seconds=0.3, audio=None)
    before = psutil.Process().memory_info().rss
    with pytest.raises(MomentsError) as caught:
        await MediaEngine(work_limits=SandboxLimits(memory_bytes=200 * 1024**2)).probe(made.path)
    assert not caught.value.retryable or caught.value.code == "media_failed"
    assert psutil.Process().memory_info().rss - before < 50 * 1024**2
    assert (await MediaEngine().probe(made.path)).has_video
