"""Mutated headers: whatever bytes come, the parent lives, and each job ends with a result or one typed error within its limits.

`make fuzz` runs for 10 minutes (`SLICE=1`: 60 s). `FUZZ_SECONDS` and `FUZZ_SEED` set the time and repeat a run.
"""

from __future__ import annotations

import asyncio
import os
import random
import time
from collections import Counter
from contextlib import aclosing
from itertools import count
from pathlib import Path

import pytest

from media.canaries import listener
from media.format_files import built
from media.format_unwritten import UNWRITTEN
from media.makers import draw
from support.processes import media_children
from videomoments.core.errors import MomentsError
from videomoments.core.names import ClipKind
from videomoments.core.times import Interval
from videomoments.media.engine import MediaEngine
from videomoments.media.types import ClipRequest, MediaInfo, SandboxLimits, ThumbnailRequest

pytestmark = pytest.mark.timeout(1800)
_LIMITS = SandboxLimits(memory_bytes=1024**3, cpu_seconds=30, file_bytes=200 * 1024**2, stall_seconds=60.0)
# A job that goes on for longer has got round every limit.
_LONGEST = 90.0
_AT_ONCE = 2
# Where headers and indexes lie: MP4's boxes, Matroska's elements, RIFF's chunks.
_BOXES = (b"moov", b"stbl", b"trak", b"moof", b"\x1a\x45\xdf\xa3", b"\x16\x54\xae\x6b", b"strl", b"idx1", b"fmt ")
_INTERESTING = (0, 1, 0x7F, 0x80, 0xFF)


def seeds(folder: Path) -> list[bytes]:
    """One small file of every container that we read and can write, some with several codecs, and all of our own builder's."""
    kinds: dict[str, dict[str, object]] = {
        "a.mp4": {"muxing": {"movflags": "faststart"}},
        "f.mp4": {"muxing": {"movflags": "frag_keyframe+empty_moov"}, "b_frames": 0},
        "a.mov": {},
        "a.mkv": {},
        "a.webm": {"video": "libvpx-vp9", "audio": "libopus"},
        "a.ts": {},
        "a.avi": {"video": "mpeg4", "audio": "pcm_s16le", "b_frames": 0},
        "a.m4a": {"video": None},
        "a.wav": {"video": None, "audio": "pcm_s16le"},
    }
    drawn = [draw(folder / name, seconds=1, size=(160, 128), gop=10, **more).path.read_bytes() for name, more in kinds.items()]  # type: ignore[arg-type]
    return drawn + [_written(folder, muxer, video, audio) for muxer, video, audio in _WRITTEN] + [one.build() for one in UNWRITTEN.values()]


# Muxer, pictures and sound, by their decoders, of what `draw` does not make.
_WRITTEN: tuple[tuple[str, str | None, str | None], ...] = (
    ("mov", "mjpeg", "adpcm_ima_qt"),
    ("3gp", "h263", "amrnb"),
    ("matroska", "ffv1", "wavpack"),
    ("mpegts", "mpeg2video", "aac_latm"),
    ("vob", "mpeg2video", "ac3"),
    ("mpeg", "mpeg1video", "mp2"),
    ("avi", "mjpeg", "adpcm_ima_wav"),
    ("avi", "msmpeg4v2", "mp3float"),
    ("avi", "cinepak", "adpcm_ms"),
    ("avi", "utvideo", "pcm_u8"),
    ("asf", "wmv2", "wmav2"),
    ("asf", "wmv1", "wmav1"),
    ("flv", "flv", "nellymoser"),
    ("flv", "flashsv2", "adpcm_swf"),
    ("ogg", "vp8", "vorbis"),
    ("mxf", "mpeg2video", "pcm_s16le"),
    ("dv", "dvvideo", "pcm_s16le"),
    ("rm", "rv20", None),
    ("wtv", "mpeg2video", "mp2"),
    ("nut", "huffyuv", "pcm_f32le"),
    ("ivf", "vp8", None),
    ("mp3", None, "mp3float"),
    ("adts", None, "aac"),
    ("latm", None, "aac_latm"),
    ("ac3", None, "ac3"),
    ("eac3", None, "eac3"),
    ("wav", None, "g726"),
    ("w64", None, "pcm_s24le"),
    ("aiff", None, "pcm_s16be"),
    ("caf", None, "alac"),
    ("au", None, "pcm_mulaw"),
    ("voc", None, "pcm_alaw"),
    ("flac", None, "flac"),
    ("wv", None, "wavpack"),
    ("tta", None, "tta"),
    ("amr", None, "amrnb"),
)


def _written(folder: Path, muxer: str, video: str | None, audio: str | None) -> bytes:
    target = folder / f"{muxer}-{video}-{audio}"
    built(target, muxer, video, audio)
    return target.read_bytes()


def mutated(original: bytes, chance: random.Random) -> bytes:
    """A few changes, most of them where headers and indexes lie: flipped bits, extreme numbers, pieces moved, repeated or cut off."""
    data = bytearray(original)
    boxes = [
        at
        for name in (b"moov", b"stbl", b"trak", b"moof", b"\x1a\x45\xdf\xa3", b"\x16\x54\xae\x6b", b"strl", b"idx1", b"fmt ")
        if (at := data.find(name)) >= 0
    ]
    for _ in range(chance.choice((1, 1, 2, 4, 16))):
        base = chance.choice([0, *boxes]) if chance.random() < 0.85 else chance.randrange(len(data))
        at = min(base + int(chance.expovariate(1 / 300)), len(data) - 9)
        kind = chance.randrange(6)
        if kind == 0:
            data[at] ^= 1 << chance.randrange(8)
        elif kind == 1:
            data[at] = chance.choice(_INTERESTING)
        elif kind == 2:
            data[at : at + 4] = chance.choice((0, 1, 0x7FFFFFFF, 0xFFFFFFFF, chance.getrandbits(32))).to_bytes(4)
        elif kind == 3:
            data[at : at + 8] = chance.getrandbits(64).to_bytes(8)
        elif kind == 4:
            length = chance.randrange(4, 200)
            piece = bytes(data[at : at + length])
            to = chance.randrange(len(data))
            data[to : to + (0 if chance.random() < 0.5 else length)] = piece
        else:
            del data[at + chance.randrange(1, len(data) - at) :]
            if len(data) < 32:
                return bytes(data)
    return bytes(data)


async def everything(source: Path, folder: Path) -> str:
    """Every job on one file; answers how it ended. Any error but our own is a failure of the parent."""
    engine = MediaEngine(work_limits=_LIMITS)
    try:
        info = await engine.probe(source)
        await _used(engine, source, info, folder)
    except MomentsError as error:
        ended = error
    else:
        return "usable"
    assert ended.message.count("\n") == 0
    assert str(folder) not in ended.message
    return ended.code


async def _used(engine: MediaEngine, source: Path, info: MediaInfo, folder: Path) -> None:
    assert 0 < info.duration < 1e9
    await engine.thumbnails(source, [ThumbnailRequest("t", folder / "t.jpg")], info)
    if info.has_audio:
        await engine.extract_audio(source, folder / "a.wav", info, waveform=folder / "a.waveform")
    await engine.shots(source, info)
    end = min(info.duration, 0.8)
    kinds = (ClipKind.DELIVERED, ClipKind.INPUT) if info.has_video else (ClipKind.DELIVERED,)
    suffix = ".mp4" if info.has_video else ".m4a"
    asked = [ClipRequest(kind.value, Interval(0.1, end), folder / f"{kind.value}{suffix}", kind) for kind in kinds]
    async with aclosing(engine.cut(source, asked if end > 0.2 else [], info)) as clips:
        async for _ in clips:
            pass


async def test_f64_mutated_headers_crash_nothing_and_hang_nothing(tmp_path: Path) -> None:
    seconds = float(os.environ.get("FUZZ_SECONDS", "600"))
    seed = int(os.environ.get("FUZZ_SEED", random.randrange(10**9)))
    print(f"\nFUZZ_SEED={seed}")
    originals = seeds(tmp_path)
    began = time.monotonic()
    ends: Counter[str] = Counter()
    hung: list[str] = []
    numbers = count()
    unexpected: list[int] = []

    async def lane() -> None:
        while time.monotonic() - began < seconds:
            number = next(numbers)
            # The same file by its number, however the lanes take turns.
            chance = random.Random(f"{seed}/{number}")
            folder = tmp_path / str(number)
            folder.mkdir()
            data = mutated(chance.choice(originals), chance)
            source = folder / "source.mp4"
            source.write_bytes(data)
            try:
                ended = await asyncio.wait_for(everything(source, folder), _LONGEST)
                ends[ended] += 1
                if ended == "media_failed":
                    unexpected.append(number)
            except TimeoutError:
                hung.append(str(source))
                ends["hung"] += 1
                continue
            for path in folder.iterdir():
                path.unlink()
            folder.rmdir()

    with listener() as (_, hits):
        await asyncio.gather(*(lane() for _ in range(_AT_ONCE)))
    left = media_children()
    print(f"{sum(ends.values())} files: " + ", ".join(f"{times} {code}" for code, times in ends.most_common()))
    print(f"0 parent crashes, {len(hung)} hangs, {len(left)} children left, {len(hits)} connections, FUZZ_SEED={seed}")
    assert not hung
    assert not left
    assert not hits
    assert not unexpected, f"an error that nobody expected, in the files {unexpected} of FUZZ_SEED={seed}"
