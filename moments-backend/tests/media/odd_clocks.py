"""Sources as people really have them, drawn at random: joined clocks, late cameras, late sound, indexes without flags, cover tracks."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import av
import numpy as np

from media import judge
from media.makers import Drawn, draw, joined

_SIZES = ((160, 96), (192, 320), (322, 194))


def odd_source(pick: random.Random, folder: Path) -> tuple[Drawn, list[Any]]:
    """The truth about a source, and its pictures."""
    made = pick.choice((_joined, _late_camera, _late_sound, _unflagged, _cover))(pick, folder)
    parts = sorted(folder.glob("part*")) or [made.path]
    return made, [luma for part in parts for luma in judge.lumas(part)]


def _common(pick: random.Random) -> dict[str, Any]:
    return {
        "size": pick.choice(_SIZES),
        "gop": pick.choice([1, 12, 48, 250]),
        "fps": pick.choice([24, 25, 30, 50]),
        "b_frames": 0,
        "channels": pick.choice([1, 2]),
        "grain": pick.choice([0, 40]),
    }


def _joined(pick: random.Random, folder: Path) -> Drawn:
    suffix = pick.choice([".ts", ".flv"])
    told = _common(pick) | {"b_frames": pick.choice([0, 2])}
    told["b_frames"] = 0 if told["gop"] == 1 else told["b_frames"]
    clocks = pick.choice([(10.0, 10.0), (10.0, 3610.0), (3700.0, 100.0), (5.0, 5.0, 5.0), (400.0, 2.0, 90.0)])
    lengths = [pick.choice([3.6, 4.6, 5.6]) for _ in clocks]
    return joined(folder / f"joined{suffix}", [told | {"start": at, "seconds": length} for at, length in zip(clocks, lengths, strict=True)])


def _late_camera(pick: random.Random, folder: Path) -> Drawn:
    suffix = pick.choice([".mp4", ".mkv", ".ts", ".mov"])
    late = round(pick.uniform(0.3, 6.0), 2)
    return draw(folder / f"late{suffix}", seconds=7.0, start=late + 1.0, audio_delay=-late, **_common(pick))


def _late_sound(pick: random.Random, folder: Path) -> Drawn:
    suffix = pick.choice([".mp4", ".mkv", ".ts", ".flv"])
    return draw(folder / f"late{suffix}", seconds=9.0, audio_delay=round(pick.uniform(0.2, 4.0), 2), **_common(pick))


def _unflagged(pick: random.Random, folder: Path) -> Drawn:
    told = _common(pick) | {"video": "mpeg4", "audio": pick.choice(["pcm_s16le", "ac3"]), "rate": 44_100}
    made = draw(folder / "camera.avi", seconds=9.0, **told)
    unflag(made.path, every=pick.choice([0, 40]))
    # Its muxer leaves a hole after the first picture at some rates.
    return replace(made, times=tuple(judge.times(made.path)))


def unflag(path: Path, *, every: int = 0) -> None:
    """Takes from an AVI's index what marks its sound as a place to begin; with `every` some entries keep it, but for the first hundred."""
    data = bytearray(path.read_bytes())
    at = data.rfind(b"idx1")
    count = int.from_bytes(data[at + 4 : at + 8], "little") // 16
    sounds = 0
    for number in range(count):
        entry = at + 8 + 16 * number
        if data[entry : entry + 4] == b"01wb":
            sounds += 1
            if not every or sounds < 100 or sounds % every:
                data[entry + 4 : entry + 8] = bytes(4)
    assert sounds
    path.write_bytes(data)


def _cover(pick: random.Random, folder: Path) -> Drawn:
    """A cover that is kept as a plain track of one picture, before or after the real one."""
    made = draw(folder / "part.mkv", seconds=9.0, **_common(pick))
    target = folder / "covered.mkv"
    first = pick.random() < 0.5
    with av.open(str(made.path)) as given, av.open(str(target), "w") as out:
        make: list[Callable[[], Any]] = [
            lambda: out.add_stream_from_template(given.streams.video[0]),
            lambda: out.add_stream("mjpeg", rate=1, options={"q": "3"}),
        ]
        kept, cover = (make[1](), make[0]())[::-1] if first else (make[0](), make[1]())
        sound = out.add_stream_from_template(given.streams.audio[0])
        cover.width, cover.height, cover.pix_fmt = 64, 64, "yuvj420p"
        frame = av.VideoFrame.from_ndarray(np.full((64, 64, 3), 90, np.uint8), format="rgb24").reformat(format="yuvj420p")
        frame.pts = 0
        for packet in [*cover.encode(frame), *cover.encode(None)]:
            out.mux(packet)
        for packet in (packet for packet in given.demux() if packet.size):
            packet.stream = kept if packet.stream.type == "video" else sound
            out.mux(packet)
    return replace(made, path=target)
