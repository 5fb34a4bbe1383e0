"""Counts the frames of MP3 and raw AAC files from their headers alone, and finds where their rate changes. Runs only in the child.

Such files have no index. For the length of a recording of four hours, half a million packets would have to be read, which takes seconds of
processor time. A header gives the length of its frame, so the next one is found without the parser.
"""

from __future__ import annotations

import mmap
from collections.abc import Callable
from functools import cache
from pathlib import Path

_TICKS_EVERY = 1 << 16
# What may follow the last frame, besides tags that state their size: lyrics, the end of an ID3v2 tag.
_TO_THE_END = (b"LYRICSBEGIN", b"3DI")
_ID3V1_BYTES = 128
_FEWEST = 8
"""Frames in a row that are believed to be of another file: about 0.2 s."""
# Kilobits per second of layer III by index (ISO/IEC 11172-3, 2.4.2.3 and 13818-3, 2.4.2.3), samples per second by index.
_RATES_1 = (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 0)
_RATES_2 = (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160, 0)
_SAMPLE_RATES = (44_100, 48_000, 32_000)
_LAYER_3 = 0b01
_MPEG_1, _MPEG_2 = 0b11, 0b10


def count_frames(path: Path, codec: str, first: int, tick: Callable[[], None]) -> int | None:
    """Returns how many whole frames of one kind, all equally long in time, follow each other from the byte `first` on.

    Returns None where anything else is between them, or their kind changes: then packets must be read.
    """
    walk = {"mp3": _mp3, "mp3float": _mp3, "aac": _adts}.get(codec)
    if walk is None or first < 0:
        return None
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        if first + 8 > len(data):
            return None
        frames, after = walk(data, first, tick)
        # A truncated frame begins like the others. Otherwise only tags may follow, and after them another file.
        after = _after_tags(data, after)
        whole = after >= len(data) or not data[after : after + 16].strip(b"\0")
    return frames if whole and frames else None


def rate_changes(path: Path, container: str, tick: Callable[[], None]) -> list[int]:
    """Returns the bytes at which frames of another sample rate begin, in a file that FFmpeg's demuxer `container` opens: of files that were
    concatenated the demuxer gives all frames the length in time of the first."""
    walk, rate_of = {"mp3": (_mp3, _mp3_rate), "aac": (_adts, _adts_rate)}.get(container, (None, None))
    if walk is None or rate_of is None or path.stat().st_size == 0:
        return []
    found: list[int] = []
    current: int | None = None
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        at = data.find(b"\xff", _after_tags(data, 0))
        while 0 <= at < len(data) - 7:
            frames, after = walk(data, at, tick)
            # Fewer are a damaged header, or bytes that look like one.
            if frames >= _FEWEST and (rate := rate_of(data, at)) != current:
                found += [at] if current is not None else []
                current = rate
            at = data.find(b"\xff", _after_tags(data, max(after, at + 1)))
            tick()
    return found


def _mp3_rate(data: mmap.mmap, at: int) -> int:
    return data[at + 1] & 0x18 | data[at + 2] >> 2 & 3


def _adts_rate(data: mmap.mmap, at: int) -> int:
    return data[at + 2] >> 2 & 15


def _after_tags(data: mmap.mmap, at: int) -> int:
    """Returns where the tags end that begin at `at`."""
    while at < len(data):
        head = data[at : at + 32]
        if head.startswith(b"TAG"):
            at += _ID3V1_BYTES
        elif head.startswith(b"ID3") and len(head) >= 10:
            at += 10 + (head[6] << 21 | head[7] << 14 | head[8] << 7 | head[9])
        elif head.startswith(b"APETAGEX") and len(head) >= 16:
            # The size covers items and footer, but not the header, which this is.
            at += 32 + int.from_bytes(head[12:16], "little")
        elif head.startswith(_TO_THE_END):
            return len(data)
        else:
            break
    return at


def _mp3(data: mmap.mmap, at: int, tick: Callable[[], None]) -> tuple[int, int]:
    """Returns the number of frames and where they end."""
    kind, third = data[at + 1] | 1, data[at + 2]
    lengths = _mp3_lengths(kind, third >> 2 & 3)
    end, frames = len(data), 0
    while at + 4 <= end and data[at] == 0xFF and data[at + 1] | 1 == kind:
        length = lengths[data[at + 2]]
        if not length or at + length > end:
            return frames, end if length else at
        at += length
        frames += 1
        if not frames % _TICKS_EVERY:
            tick()
    return frames, at


@cache
def _mp3_lengths(second: int, rate_index: int) -> tuple[int, ...]:
    """Returns a frame's length in bytes for each value of the header's third byte (0: not of this kind). `second` is the header's second
    byte."""
    version, layer = second >> 3 & 3, second >> 1 & 3
    if second & 0xE0 != 0xE0 or layer != _LAYER_3 or rate_index >= len(_SAMPLE_RATES) or version == 1:
        return (0,) * 256
    first_kind = version == _MPEG_1
    rate = _SAMPLE_RATES[rate_index] // (1 if first_kind else 2 if version == _MPEG_2 else 4)
    samples = 1152 if first_kind else 576
    lengths = []
    for third in range(256):
        bits = (_RATES_1 if first_kind else _RATES_2)[third >> 4] * 1000
        known = bits and third >> 2 & 3 == rate_index
        lengths.append(samples // 8 * bits // rate + (third >> 1 & 1) if known else 0)
    return tuple(lengths)


def _adts(data: mmap.mmap, at: int, tick: Callable[[], None]) -> tuple[int, int]:
    """Returns the number of AAC frames and where they end (ISO/IEC 13818-7, 6.2.1): one block of 1024 samples in each frame."""
    kind, third = data[at + 1], data[at + 2] & 0xFC
    end, frames = len(data), 0
    while at + 7 <= end and data[at] == 0xFF and data[at + 1] == kind and data[at + 2] & 0xFC == third:
        length = (data[at + 3] & 3) << 11 | data[at + 4] << 3 | data[at + 5] >> 5
        if length <= 7 or data[at + 6] & 3:
            break
        if at + length > end:
            return frames, end
        at += length
        frames += 1
        if not frames % _TICKS_EVERY:
            tick()
    return frames, at
