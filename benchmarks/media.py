"""`make bench TASK=media`: sound, stills, waveform, silences and shots, each beside the plain tool for it.

Figures are processor seconds; the ratios are what counts. The peer for shots, `scenedetect`, runs in an environment of its own.
"""

from __future__ import annotations

import argparse
import json
import random
import resource
import subprocess
import tempfile
import time
import tracemalloc
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import av
import imageio_ffmpeg  # type: ignore[import-untyped]
import numpy as np

from benchmarks.filmed import FPS, film, prolong
from benchmarks.peers.environment import ROOT, peer_interpreter
from videomoments.media.probing.probe import probe
from videomoments.media.scenes.shots import exact_shots, fast_shots
from videomoments.media.sound.silences import find_silences
from videomoments.media.sound.speech import extract_speech
from videomoments.media.sound.waveform import WaveformWriter, finest
from videomoments.media.thumbnails import thumbnails
from videomoments.media.types import MediaInfo, ThumbnailRequest

_TOLERANCE = 0.2
_STILLS = 10
# x264's default quality. 20, which is drawn first, is nearer to what a camera records.
_DEFAULT_QUALITY = 23


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="media", description=__doc__)
    parser.add_argument("--folder", type=Path, help="keeps the made recordings here")
    parser.add_argument("--drawn", type=int, default=90, help="seconds of 1080p to draw; a processor second or two for each")
    parser.add_argument("--minutes", type=int, default=30, help="length of the recording that they are repeated to")
    parser.add_argument("--rounds", type=int, default=3, help="the least of so many is given")
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as scratch:
        folder = options.folder or Path(scratch)
        folder.mkdir(parents=True, exist_ok=True)
        drawn, long = folder / f"drawn-{options.drawn}.mp4", folder / f"long-{options.drawn}-{options.minutes}.mp4"
        if not drawn.exists():
            film(drawn, options.drawn)
        if not long.exists():
            prolong(drawn, long, options.minutes * 60)
        info = probe(long, _tick)
        _sound(long, info, Path(scratch), options.rounds)
        _stills(long, info, Path(scratch))
        _waveform(options.rounds)
        _shots(drawn, long, options.drawn, options.rounds)
        kinds: tuple[tuple[str, tuple[int, int]], ...] = (("slim", (3, 12)), ("talk", (90, 90)))
        for name, scenes_of in kinds:
            slim, slim_long = folder / f"{name}-{options.drawn}.mp4", folder / f"{name}-{options.drawn}-{options.minutes}.mp4"
            if not slim.exists():
                film(slim, options.drawn, crf=_DEFAULT_QUALITY, scenes_of=scenes_of)
            if not slim_long.exists():
                prolong(slim, slim_long, options.minutes * 60)
            what = f"x264's default quality, scenes of {scenes_of[0]} to {scenes_of[1]} s"
            _fast_shots(what, slim_long, options.rounds, target=" (at least 400x)")
    return 0


def _tick(_: float | None = None) -> None:
    """Ignores progress."""


def _cpu(work: Callable[[], Any], rounds: int = 1) -> tuple[float, Any]:
    """Returns the least processor seconds of so many rounds, of this process and its children, and the last result."""
    least, result = float("inf"), None
    for _ in range(rounds):
        before = _spent()
        result = work()
        least = min(least, _spent() - before)
    return least, result


def _spent() -> float:
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.process_time() + children.ru_utime + children.ru_stime


def _ffmpeg(*arguments: str | Path) -> Callable[[], Any]:
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-nostdin", "-y", "-v", "error", *map(str, arguments)]
    return lambda: subprocess.run(command, check=True, stdin=subprocess.DEVNULL)


def _sound(source: Path, info: MediaInfo, scratch: Path, rounds: int) -> None:
    def decoded() -> int:
        with av.open(str(source)) as container:
            stream = container.streams.audio[0]
            stream.codec_context.thread_count = 1
            return sum(frame.samples for frame in container.decode(stream))

    alone, _ = _cpu(decoded, rounds)
    bare, _ = _cpu(lambda: extract_speech(source, scratch / "a.wav", None, info, _quiet), rounds)
    whole, _ = _cpu(lambda: extract_speech(source, scratch / "a.wav", scratch / "a.waveform", info, _quiet), rounds)
    theirs, _ = _cpu(_ffmpeg("-i", source, "-vn", "-ac", "1", "-ar", "16000", scratch / "b.wav"), rounds)
    null, _ = _cpu(_ffmpeg("-i", source, "-vn", "-f", "null", "-"), rounds)
    print(f"sound of {info.duration / 60:.0f} min (stereo AAC, 48 kHz)")
    print(f"  decoding alone       {alone:6.2f} s in this process, {null:.2f} s by ffmpeg")
    print(f"  extraction           {bare:6.2f} s = {bare / alone:.2f}x of decoding here, {bare / null:.2f}x of ffmpeg's (at most 1.5x)")
    print(f"  with waveform, LUFS  {whole:6.2f} s = {whole / alone:.2f}x, {whole / null:.2f}x")
    print(f"  ffmpeg -ac 1 -ar 16k {theirs:6.2f} s = {theirs / alone:.2f}x, {theirs / null:.2f}x")


class _Quiet:
    """A progress callback that does nothing."""

    def __call__(self, fraction: float | None = None) -> None:
        pass


_quiet: Any = _Quiet()


def _stills(source: Path, info: MediaInfo, scratch: Path) -> None:
    pick = random.Random(3)
    times = [pick.uniform(1, info.duration - 1) for _ in range(_STILLS)]
    # Any keyframe near the time suffices, as for a list of chapters.
    requests = [ThumbnailRequest(str(number), scratch / f"{number}.jpg", at, tolerance=8.0) for number, at in enumerate(times)]
    ours, _ = _cpu(lambda: list(thumbnails(source, requests, info, _quiet)))

    def one_each() -> None:
        for at in times:
            _ffmpeg("-ss", f"{at:.3f}", "-i", source, "-frames:v", "1", "-vf", "scale=640:-2", scratch / "ffmpeg.jpg")()

    theirs, _ = _cpu(one_each)
    print(f"stills, {_STILLS} of them: {ours / _STILLS * 1000:.0f} ms each, ffmpeg {theirs / _STILLS * 1000:.0f} ms each", end="")
    print(f" = {ours / theirs:.3f}x (at most 0.1x)")


def _waveform(rounds: int) -> None:
    rate = 16_000
    chance = np.random.default_rng(1)
    minute = (chance.normal(0, 2000, rate * 60) * (np.arange(rate * 60) // 24_000 % 2)).astype(np.int16)

    def hour() -> int:
        writer = WaveformWriter(rate)
        for _ in range(60):
            for first in range(0, len(minute), rate):
                writer.add(minute[first : first + rate])
        return len(find_silences(finest(writer.finish())))

    spent, silences = _cpu(hour, rounds)
    tracemalloc.start()
    hour()
    peak = tracemalloc.get_traced_memory()[1] / 2**20
    tracemalloc.stop()
    print(f"waveform and silences of 1 h: {spent * 1000:.0f} ms, {peak:.0f} MiB, {silences} silences (at most 100 ms, 200 MB)")


def _fast_shots(what: str, long: Path, rounds: int, *, target: str = "") -> None:
    """Measures the first pass. It costs what decoding its keyframes costs, which grows with their size and number.

    Grainy film has no target: whole keyframes of 200 kB can't be decoded faster than the plain tool decodes them.
    """
    info = probe(long, _tick)
    fast, _ = _cpu(lambda: fast_shots(long, info, _quiet), rounds)
    plain, _ = _cpu(lambda: subprocess.run(_keyframes_only(long), check=True), rounds)
    print(
        f"shots, fast pass over {info.duration / 60:.0f} min of 1080p ({what}): {fast:.2f} s = {info.duration / fast:.0f}x real time"
        f"{target}; ffmpeg that only decodes the keyframes, of {_keyframe_size(long):.0f} kB: "
        f"{plain:.2f} s = {info.duration / plain:.0f}x"
    )


def _shots(drawn: Path, long: Path, seconds: int, rounds: int) -> None:
    _fast_shots("quality 20, scenes of 3 to 12 s", long, rounds)
    short = probe(drawn, _tick)
    truth = _cuts(seconds)
    first, stretches = _cpu(lambda: fast_shots(drawn, short, _quiet))
    second, found = _cpu(lambda: exact_shots(drawn, short, stretches, _quiet))
    score = _f1([shot.latest for shot in found], truth)
    print(f"  {seconds} s with {len(truth)} cuts: F1 (0.2 s) {score:.3f} in {first:.2f} + {second:.2f} s (at least 0.85)")
    told = subprocess.run(
        [peer_interpreter(), "-m", "benchmarks.peers.scenes", str(drawn)], cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True
    )
    peer = json.loads(told.stdout.splitlines()[-1])
    times = peer["seconds"] / (first + second)
    print(f"  scenedetect: F1 {_f1(peer['cuts'], truth):.3f} in {peer['seconds']:.2f} s = {times:.1f}x of our time")


def _keyframes_only(source: Path) -> list[str]:
    """Returns the plain tool's command that decodes the same frames and discards them."""
    reading = ["-discard:v", "nokey", "-skip_frame", "nokey", "-skip_loop_filter", "all", "-i", str(source)]
    return [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", *reading, "-map", "0:v:0", "-fps_mode", "passthrough", "-f", "null", "-"]


def _keyframe_size(source: Path) -> float:
    """Returns the mean size of a keyframe's packet in kB: the cost of decoding grows with it."""
    with av.open(str(source)) as container:
        sizes = [packet.size for packet in container.demux(container.streams.video[0]) if packet.is_keyframe]
    return sum(sizes) / len(sizes) / 1000


def _cuts(seconds: int) -> list[float]:
    """Returns the times, in seconds, at which `benchmarks.filmed` changes its scene."""
    pick, at = random.Random(5), 0
    cuts: list[float] = []
    while True:
        at += pick.randint(3, 12) * FPS
        pick.uniform(0.2, 1.6)
        if at >= seconds * FPS:
            return cuts
        cuts.append(at / FPS)


def _f1(found: Sequence[float], truth: Sequence[float]) -> float:
    """Returns the F1 of found cuts. Each true cut counts once."""
    left = list(found)
    hits = 0
    for cut in truth:
        near = [at for at in left if abs(at - cut) <= _TOLERANCE]
        if near:
            left.remove(near[0])
            hits += 1
    return 2 * hits / (len(found) + len(truth)) if found or truth else 1.0
