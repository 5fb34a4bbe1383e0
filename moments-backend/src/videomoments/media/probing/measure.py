"""Measures how long a stream really is, from its packets and never from a header. Runs only in the child.

Where the container has an index (MP4, MOV, AVI, Matroska with cues), the index and the packets after its last entry are used. Long
recordings in containers that seek by time are measured at a few places. Otherwise every packet is read.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice, pairwise
from typing import NamedTuple

from av.packet import Packet
from av.stream import Stream

from videomoments.core.errors import UnsupportedMedia
from videomoments.media.probing.frame_count import count_frames
from videomoments.media.reading.packets import stamp, time_base
from videomoments.media.reading.reader import Reader, Track

# So many packets at the head of a stream show how it begins; an edit list may hide some thousands before them.
_HEAD_PACKETS = 16
HIDDEN_PACKETS = 4000


# Recordings longer than this many seconds are measured at so many places, each of so many packets, where the container can seek by time.
# The result of a seek may be this many seconds from its target.
_LONG = 1200.0
# Files that consist only of frames.
_RAW = ("mp3", "aac")
_SEEKABLE = ("mpegts", "ogg", "mov", "flv", "matroska")
_PLACES = 6
_SAMPLED = 150
_TAIL = 10.0
_FAR = 60.0
_MANY = 10_000


@dataclass(frozen=True, slots=True)
class Measured:
    """What was measured of one stream, in ticks of its time base. `frames` and `keyframes` are None where they were not read.

    `missing` is the share of indexed packets beyond the end of the file. `times` are the presentation times of all packets, where all were
    read. `pace` is the number of ticks between two of the first packets, where that was measured.
    """

    first: int
    end: int
    frames: int | None
    keyframes: tuple[int, ...] | None
    vfr: bool
    missing: float
    times: Sequence[int] | None = None
    pace: float | None = None


def measure(reader: Reader | Track, tick: Callable[[], None]) -> Measured | None:
    """Measures one stream. Returns None when no packet can be read. Leaves the reader at any position: seek before you read on."""
    if isinstance(reader, Track):
        return _by_reading(reader, tick)
    container, stream, path = reader.container, reader.stream, reader.path
    size = path.stat().st_size
    entries = _entries(stream, size)
    # IVF counts all its frames, and indexes only the keyframes.
    if entries and 0 < stream.frames <= 2 * len(stream.index_entries):
        return _by_index(reader, entries, size, tick)
    if "matroska" in container.format.name and stream.type == "video" and container.duration:
        found = _by_tail(reader, tick)
        if found is not None:
            return found
    if (container.duration or 0) > _LONG * 1_000_000 and any(part in container.format.name for part in _SEEKABLE):
        found = _by_samples(reader, tick)
        if found is not None:
            return found
    if container.format.name in _RAW and reader.whole:
        found = _by_headers(reader, tick)
        if found is not None:
            return found
    return _by_reading(reader, tick)


def _by_headers(reader: Reader, tick: Callable[[], None]) -> Measured | None:
    """Measures frames of equal length in time, counted after the first packet."""
    first = next(reader.from_start(), None)
    if first is None or first.pos is None or not first.duration:
        return None
    frames = count_frames(reader.path, reader.stream.codec_context.name, first.pos, tick)
    if frames is None:
        return None
    begin = stamp(first) or 0
    return Measured(begin, begin + frames * first.duration, frames, None, False, 0.0)


def _entries(stream: Stream, size: int) -> list[tuple[int, int, int, bool]]:
    """Returns time, position, size and kind of the indexed packets. Audio packets are alike, so only every 16th is returned where all of
    these are there."""
    index = stream.index_entries
    if stream.type == "audio" and len(index) > _MANY:
        chosen = [*range(0, len(index), 16), len(index) - 1]
        sparse = [(entry.timestamp, entry.pos, entry.size, True) for entry in (index[number] for number in chosen)]
        if all(at + length <= size for _, at, length, _ in sparse):
            return sparse
    return [(entry.timestamp, entry.pos, entry.size, entry.is_keyframe) for entry in index]


def _by_index(reader: Reader, entries: Sequence[tuple[int, int, int, bool]], size: int, tick: Callable[[], None]) -> Measured | None:
    present = [entry for entry in entries if entry[1] + entry[2] <= size]
    if not present:
        raise UnsupportedMedia(
            "The file is cut off: nothing of what its index names is there.", code="truncated", advice="Upload it again."
        )
    times = [entry[0] for entry in present]
    # The index has decoding times, so the presentation times of the last frames need the packets themselves.
    tail = _seen_from(reader, times[-1], tick)
    head = _head(reader)
    if tail is None or head is None:
        return None
    # The reordering delay is the same for all decoding times of the index.
    delay = head.stamp - times[0]
    return Measured(
        first=head.first,
        end=tail,
        frames=len(present) - head.hidden,
        keyframes=tuple(entry[0] + delay for entry in present if entry[3]) if reader.stream.type == "video" else None,
        vfr=uneven(times),
        missing=1 - len(present) / len(entries),
    )


def _by_tail(reader: Reader, tick: Callable[[], None]) -> Measured | None:
    """Measures Matroska: the first packets give the rate, and those after the last cue the end."""
    reader.seek(1 << 62)
    cues = tuple(entry.timestamp for entry in reader.stream.index_entries if entry.is_keyframe)
    if len(cues) < 2:
        return None
    end = _seen_from(reader, cues[-1], tick)
    head = [stamp(packet) or 0 for packet in islice(reader.from_start(), 300)]
    if end is None or not head:
        return None
    head.sort()
    return Measured(head[0], end, None, cues, uneven(head), 0.0, pace=_pace(head))


def _pace(times: Sequence[int]) -> float | None:
    """Returns the ticks from one picture to the next, from the first pictures. The last ones read are left out, since others may still come
    between them."""
    seen = times[: max(2, len(times) - _HEAD_PACKETS)]
    return (seen[-1] - seen[0]) / (len(seen) - 1) if len(seen) > 1 and seen[-1] > seen[0] else None


def _by_samples(reader: Reader, tick: Callable[[], None]) -> Measured | None:
    """Measures long recordings from the first packets, some at each of a few places, and all of the last seconds.

    Returns None where the places contradict the container (a clock that was reset, a wrong length): then all is read.
    """
    head = sorted(_stamps(reader.from_start()))
    container, stream = reader.container, reader.stream
    step = float(time_base(stream))
    start, length = (container.start_time or 0) / 1e6, (container.duration or 0) / 1e6
    if not head:
        return None
    uneven_places = uneven(head) if stream.type == "video" else False
    for number in range(1, _PLACES):
        asked = start + length * number / _PLACES
        container.seek(round(asked * 1e6))
        seen = sorted(_stamps(reader.packets()))
        tick()
        if not seen or abs(seen[0] * step - asked) > _FAR:
            return None
        uneven_places |= stream.type == "video" and uneven(seen)
    container.seek(round((start + length - _TAIL) * 1e6))
    tail: list[int] = []
    end = 0
    for packet in reader.packets():
        at = stamp(packet) or 0
        tail.append(at)
        end = max(end, at + (packet.duration or 0))
        tick()
    tail.sort()
    if not tail or abs(tail[-1] * step - start - length) > _FAR:
        return None
    if end <= tail[-1]:
        end = tail[-1] + _usual_step(tail)
    return Measured(head[0], end, None, None, uneven_places, 0.0)


def _stamps(packets: Iterator[Packet[Stream]]) -> list[int]:
    return [stamp(packet) or 0 for packet in islice(packets, _SAMPLED)]


def _by_reading(reader: Reader | Track, tick: Callable[[], None]) -> Measured | None:
    times: list[int] = []
    keyframes: list[int] = []
    end: int | None = None
    for packet in reader.from_start():
        at = stamp(packet)
        assert at is not None
        times.append(at)
        end = max(at if end is None else end, at + (packet.duration or 0))
        if packet.is_keyframe:
            keyframes.append(at)
        tick()
    if end is None:
        return None
    times.sort()
    if end <= times[-1]:
        end = times[-1] + _usual_step(times)
    is_video = reader.stream.type == "video"
    return Measured(times[0], end, len(times), tuple(sorted(keyframes)) if is_video else None, is_video and uneven(times), 0.0, times)


def _usual_step(times: Sequence[int]) -> int:
    steps = sorted(later - earlier for earlier, later in pairwise(times[-300:]))
    return steps[len(steps) // 2] if steps else 0


def _seen_from(reader: Reader, at: int, tick: Callable[[], None]) -> int | None:
    """Returns the end of the last packet at or after `at`, in ticks."""
    packets = reader.packets() if reader.seek(at) else reader.from_start()
    times: list[int] = []
    end = None
    for packet in packets:
        seen = stamp(packet)
        assert seen is not None
        times.append(seen)
        end = max(end or seen, seen + (packet.duration or 0))
        tick()
    times.sort()
    if times and end == times[-1]:
        end += _usual_step(times)
    return end


class _StreamStart(NamedTuple):
    """How a stream begins, in ticks: the first packet, the first packet that is shown, and how many an edit list hides before that."""

    stamp: int
    first: int
    hidden: int


def _head(reader: Reader) -> _StreamStart | None:
    stamps: list[int] = []
    shown: list[int] = []
    # A file that was cut by copying hides up to a whole group of pictures.
    for packet in islice(reader.from_start(), HIDDEN_PACKETS):
        stamps.append(stamp(packet) or 0)
        if not packet.is_discard:
            shown.append(stamps[-1])
            if len(shown) == _HEAD_PACKETS:
                break
    return _StreamStart(stamps[0], min(shown), len(stamps) - len(shown)) if shown else None


def uneven(times: Iterable[int]) -> bool:
    """Returns whether the frame rate is variable: more than 1 % of the steps differ from the most common one by over a quarter.

    A step of one tick is rounding (Matroska counts milliseconds), and one dropped frame does not make a variable rate.
    """
    ordered = list(times)
    steps = Counter(later - earlier for earlier, later in pairwise(ordered))
    total = sum(steps.values())
    if total < 3:
        return False
    usual = steps.most_common(1)[0][0]
    odd = sum(count for step, count in steps.items() if abs(step - usual) > max(usual / 4, 1))
    return odd > max(2, total / 100)
