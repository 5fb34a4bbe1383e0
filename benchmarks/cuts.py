"""`make bench TASK=cuts`: twenty clips out of an hour of 1080p, ours beside one `ffmpeg` per clip: CPU, memory, quality, and four hours.

Figures are processor seconds of the processes that did the work; the ratios are what counts. `ffmpeg` re-encodes only some of the clips
(`--encoded`), and its time is taken per second of video.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import random
import re
import resource
import subprocess
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import imageio_ffmpeg  # type: ignore[import-untyped]

from benchmarks.filmed import FPS, film, prolong
from benchmarks.memory import MIB, PssSampler
from videomoments.core.names import ClipKind
from videomoments.core.times import Interval
from videomoments.media.engine import MediaEngine
from videomoments.media.types import ClipRequest, ClipWay, CutClip

_DRAWN_SECONDS = 60
_MINUTE = 60
_HOUR = 3600


@dataclass(frozen=True, slots=True)
class Cut:
    """One run over several clips. `cpu` is seconds for all of them, `peak` bytes of the media child."""

    clips: list[CutClip]
    cpu: float
    wall: float
    peak: int

    @property
    def seconds(self) -> float:
        return sum(clip.end - clip.start for clip in self.clips)


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="cuts", description=__doc__)
    parser.add_argument("--folder", type=Path, help="keeps the made recordings here")
    parser.add_argument("--clips", type=int, default=20)
    parser.add_argument("--encoded", type=int, default=1, help="clips that ffmpeg re-encodes")
    parser.add_argument("--seed", type=int, default=random.randrange(10**6))
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as scratch:
        folder = options.folder or Path(scratch)
        folder.mkdir(parents=True, exist_ok=True)
        asyncio.run(_measure(folder, Path(scratch), options.clips, options.encoded, options.seed))
    return 0


async def _measure(folder: Path, scratch: Path, count: int, encoded: int, seed: int) -> None:
    print(f"seed {seed}")
    hour = _recording(folder, _HOUR)
    stretches = _stretches(random.Random(seed), count, _HOUR)
    copied = await _cut(hour, stretches, "copy", scratch)
    smart = await _cut(hour, stretches, "exact", scratch)
    plain = sum(_ffmpeg(hour, each, scratch, "-c", "copy") for each in stretches)
    few = stretches[:encoded]
    quality = ("-c:v", "libx264", "-preset", "veryfast", "-crf", "20", "-c:a", "aac")
    spent = sum(_ffmpeg(hour, each, scratch, *quality) for each in few)
    again = spent / sum(each.duration for each in few) * smart.seconds
    print(f"{count} clips, {smart.seconds:.0f} s together, out of 60 min of 1080p")
    for name, run in (("copy", copied), ("smart", smart)):
        modes = sorted({clip.mode for clip in run.clips})
        print(
            f"{name:<6} {run.cpu:8.2f} s CPU   {run.cpu / plain:7.2f} x ffmpeg -c copy ({plain:.2f} s)"
            f"   {again / run.cpu:7.1f} times cheaper than re-encoding ({again:.0f} s)   modes {modes}"
        )
    values = [value for clip in smart.clips[:encoded] for value in _ssim(clip, hour, scratch)]
    if values:
        print(f"SSIM of {len(values)} re-encoded pictures: mean {sum(values) / len(values):.4f}, least {min(values):.4f}")
    short = _recording(folder, 10 * _MINUTE)
    runs: tuple[tuple[ClipWay, Cut], ...] = (("copy", copied), ("exact", smart))
    for way, long in runs:
        few = _stretches(random.Random(seed), 4, 10 * _MINUTE)
        brief = await _cut(short, few, way, scratch)
        print(
            f"peak memory, {way}: {brief.peak / MIB:.0f} MiB of 10 min, {long.peak / MIB:.0f} MiB of 60 min,"
            f" {long.peak / brief.peak:.2f} times"
        )
    await _four_hours(folder, scratch, seed)


async def _four_hours(folder: Path, scratch: Path, seed: int) -> None:
    recording = _recording(folder, 4 * _HOUR)
    started = time.perf_counter()
    await MediaEngine().probe(recording)
    probed = time.perf_counter() - started
    stretches = _stretches(random.Random(seed), 30, 4 * _HOUR)
    run = await _cut(recording, stretches, "copy", scratch)
    print(f"4 hours: probe {probed:.2f} s, 30 clips in copy {run.wall:.2f} s ({run.cpu:.2f} s CPU), {run.peak / MIB:.0f} MiB")


def _recording(folder: Path, seconds: int) -> Path:
    target = folder / f"{seconds}.mp4"
    drawn = folder / "drawn.mp4"
    if not drawn.exists():
        film(drawn, _DRAWN_SECONDS)
    if not target.exists():
        prolong(drawn, target, seconds)
    return target


def _stretches(pick: random.Random, count: int, within: int) -> list[Interval]:
    starts = [pick.uniform(0, within - 61) for _ in range(count)]
    return [Interval(start, start + pick.uniform(30, 60)) for start in starts]


async def _cut(source: Path, stretches: Sequence[Interval], way: ClipWay, scratch: Path) -> Cut:
    engine = MediaEngine()
    info = await engine.probe(source)
    requests = [
        ClipRequest(
            str(number),
            stretch,
            scratch / f"{way}-{number}.mp4",
            ClipKind.DELIVERED,
            way=way,
        )
        for number, stretch in enumerate(stretches)
    ]
    before, started = _children(), time.perf_counter()
    with PssSampler(os.getpid(), interval=0.1) as memory:
        clips = [clip async for clip in engine.cut(source, requests, info)]
    return Cut(
        clips,
        _children() - before,
        time.perf_counter() - started,
        memory.peaks["media child"],
    )


def _ffmpeg(source: Path, stretch: Interval, scratch: Path, *how: str) -> float:
    """Returns the processor seconds of one `ffmpeg` that cuts the stretch."""
    before = _children()
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-nostdin", "-v", "error", "-y"]
    command += [
        "-ss",
        f"{stretch.start:.3f}",
        "-i",
        str(source),
        "-t",
        f"{stretch.duration:.3f}",
    ]
    command += [*how, "-movflags", "+faststart", str(scratch / "plain.mp4")]
    subprocess.run(command, check=True)
    return _children() - before


def _children() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _ssim(clip: CutClip, source: Path, scratch: Path) -> list[float]:
    """Returns the SSIM of each re-encoded frame of the clip against the source's."""
    counts = re.findall(r"(\d+)(?: pictures encoded)? at its", clip.reason)
    head, tail = (int(count) for count in counts) if len(counts) > 1 else (0, 0)
    log = scratch / "ssim.log"
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-nostdin", "-v", "error"]
    command += ["-i", str(clip.path), "-ss", f"{max(0.0, clip.start - 0.25 / FPS):.4f}"]
    command += ["-t", f"{clip.end - clip.start:.3f}", "-i", str(source)]
    command += [
        "-lavfi",
        f"[0:v]setpts=N[a];[1:v]setpts=N[b];[a][b]ssim=stats_file={log}",
    ]
    subprocess.run([*command, "-f", "null", "-"], check=True)
    values = [float(value) for value in re.findall(r"All:([\d.]+)", log.read_text())]
    return [*values[:head], *values[clip.frames - tail : clip.frames]]
