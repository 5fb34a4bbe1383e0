"""Files that trip up media software, each made of our own by patching what a good encoder wrote, and how each has to end.

`ODD_FILES` is the table: a maker that writes `target`, the code of the refusal (None: it is usable), the warnings that must be said, and
the true length in seconds.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from media.makers import draw

_CENC = {
    "encryption_scheme": "cenc-aes-ctr",
    "encryption_key": "76a6c65c5ea762046bd749a2e632ccbb",
    "encryption_kid": "a7e61c373e219033c21091fa607bf3b8",
}


@dataclass(frozen=True, slots=True)
class OddFile:
    """`code` is the permanent error's, or None for a file that can be used."""

    name: str
    make: Callable[[Path], None]
    code: str | None = None
    warnings: frozenset[str] = frozenset()
    seconds: float = 0.0
    video: bool = True
    audio: bool = True


def _text(content: str) -> Callable[[Path], None]:
    return lambda target: target.write_text(content) and None


def _small(target: Path, **options: object) -> bytearray:
    """A plain little video's bytes, its index in front."""
    settings: dict[str, object] = {"seconds": 3, "size": (160, 96), "gop": 25, "muxing": {"movflags": "faststart"}} | options
    return bytearray(draw(target, **settings).path.read_bytes())  # type: ignore[arg-type]


def _patched(kind: bytes, offset: int, value: bytes, *, nth: int = 0, **options: object) -> Callable[[Path], None]:
    """Overwrites bytes behind the nth box of that kind (`offset` counts from the end of its name)."""

    def make(target: Path) -> None:
        data = _small(target, **options)
        at = -1
        for _ in range(nth + 1):
            at = data.index(kind, at + 1)
        data[at + 4 + offset : at + 4 + offset + len(value)] = value
        target.write_bytes(data)

    return make


def _renamed(*names: tuple[bytes, bytes], **options: object) -> Callable[[Path], None]:
    def make(target: Path) -> None:
        data = bytes(_small(target, **options))
        for old, new in names:
            data = data.replace(old, new)
        target.write_bytes(data)

    return make


def _cut_off(share: float, **options: object) -> Callable[[Path], None]:
    def make(target: Path) -> None:
        data = _small(target, **options)
        target.write_bytes(data[: round(len(data) * share)])

    return make


def _no_length(target: Path) -> None:
    """Matroska whose Duration element became a Void of the same size."""
    data = _small(target, muxing={}, video="libvpx-vp9", audio="libopus")
    at = data.index(b"\x44\x89\x88")
    data[at : at + 11] = b"\xec\x89" + bytes(9)
    target.write_bytes(data)


def _lying_length(target: Path) -> None:
    data = _small(target)
    at = data.index(b"mvhd") + 4 + 16
    data[at : at + 4] = struct.pack(">I", 143_165_600)
    for _ in range(2):
        at = data.index(b"tkhd", at) + 4 + 20
        data[at : at + 4] = struct.pack(">I", 143_165_600)
    target.write_bytes(data)


def _damaged(target: Path) -> None:
    data = _small(target, audio=None)
    start = data.index(b"mdat") + 600
    for at in range(start, len(data) - 200, 211):
        data[at] ^= 0xFF
    target.write_bytes(data)


def _drawn(**options: object) -> Callable[[Path], None]:
    return lambda target: _small(target, **options) and None


_COUNTS_AT_90_KHZ = [0.0, 1 / 90_000, 2 / 90_000, *(number / 25 for number in range(1, 75))]

ODD_FILES = (
    OddFile("empty.mp4", lambda target: target.write_bytes(b"") and None, "empty_file"),
    OddFile("page.mp4", _text("<html><head><title>502 Bad Gateway</title></head><body>nginx</body></html>"), "not_media"),
    OddFile("hls.mp4", _text("#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\nhttp://127.0.0.1:{port}/a.ts\n#EXT-X-ENDLIST\n"), "not_media"),
    OddFile("concat.mp4", _text("ffconcat version 1.0\nfile 'canary.ts'\n"), "not_media"),
    OddFile("dash.mp4", _text('<?xml version="1.0"?><MPD><BaseURL>http://127.0.0.1:{port}/</BaseURL></MPD>'), "not_media"),
    OddFile("noise.mp4", lambda target: target.write_bytes(bytes(range(1, 256)) * 300) and None, "not_media"),
    OddFile("no index.mp4", _cut_off(0.6, muxing={}), "truncated"),
    OddFile("half.mp4", _cut_off(0.5), "truncated"),
    OddFile("half.mkv", _cut_off(0.5, muxing={}), "truncated"),
    OddFile("no chunks.mp4", _patched(b"stsc", 4, bytes(4), audio=None), "not_media"),
    OddFile("chunks beyond the end.mp4", _patched(b"stco", 8, b"\x7f\xff\xff\xff" * 3, audio=None), "truncated"),
    OddFile("no samples.mp4", _patched(b"stsz", 8, bytes(4), audio=None), "not_media"),
    OddFile("stopped clock.mp4", _patched(b"mdhd", 12, bytes(4), audio=None), "not_media"),
    OddFile("encrypted.mp4", _drawn(muxing=_CENC, audio=None), "encrypted"),
    OddFile("unknown video.mp4", _renamed((b"avc1", b"xyzw"), (b"avcC", b"xvcC"), audio=None), "unsupported_codec"),
    OddFile("one picture.mp4", _drawn(seconds=0.04, audio=None), "too_short"),
    OddFile("large.mkv", _drawn(size=(5248, 3200), video="mjpeg", seconds=0.08, audio=None, muxing={}), "too_many_pixels"),
    OddFile(
        "unknown sound.mp4", _renamed((b"mp4a", b"xyzw"), (b"esds", b"xsds")), None, frozenset(["audio_undecodable"]), 3.0, audio=False
    ),
    OddFile(
        "unknown pictures.mp4", _renamed((b"avc1", b"xyzw"), (b"avcC", b"xvcC")), None, frozenset(["video_undecodable"]), 3.0, video=False
    ),
    OddFile("lying length.mp4", _lying_length, None, frozenset(), 3.0),
    OddFile("no length.webm", _no_length, None, frozenset(), 3.0),
    OddFile("damaged.mp4", _damaged, None, frozenset(["damaged"]), 3.0, audio=False),
    OddFile("90000 per second.mp4", _drawn(times=_COUNTS_AT_90_KHZ, audio=None), None, frozenset(), 3.0, audio=False),
    OddFile("sound ends early.mp4", _drawn(audio_gap=(1.0, 99.0)), None, frozenset(), 3.0),
    OddFile("starts at ten.mp4", _drawn(start=10.0, audio=None, muxing={}), None, frozenset(), 3.0, audio=False),
    OddFile("no sound.mp4", _drawn(audio=None), None, frozenset(), 3.0, audio=False),
    OddFile("sound alone.mp4", _drawn(video=None), None, frozenset(), 3.0, video=False),
    OddFile("odd size.mp4", _drawn(size=(202, 118)), None, frozenset(), 3.0),
)
