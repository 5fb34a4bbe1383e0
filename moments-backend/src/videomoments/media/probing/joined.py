"""Makes the map of a file's clock: where it starts again, and how its pieces fit together. Runs only in the child."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

from av.container import InputContainer

from videomoments.core.errors import UnsupportedMedia
from videomoments.media.clock import CLOCK_VERSION, LONGEST_GAP, Clock, Piece, Span, offsets
from videomoments.media.probing.flv_tags import Tags, read_tags
from videomoments.media.probing.frame_count import rate_changes
from videomoments.media.probing.measure import measure
from videomoments.media.probing.seams import PICTURES, SOUND, Seam, Stamped, find_seams
from videomoments.media.probing.ts_samples import seems_of_one_clock
from videomoments.media.probing.whole_files import later_files
from videomoments.media.reading.opening import open_source
from videomoments.media.reading.packets import packets_of, stamp, time_base
from videomoments.media.reading.reader import Like, Reader, like

# Containers without an index, whose packets carry their own times. The others can't be concatenated, or count their frames.
_WITH_CLOCKS = ("mpegts", "mpeg", "flv")
LONG = 1200.0
"""Seconds: a longer transport stream is first checked at a few places."""

# So many packets are enough to estimate how long the last one is shown.
_LAST = 300
# A day in pieces of ten seconds.
_MOST_SEAMS = 8640
# Decoders that return only whole frames.
_WHOLE_FRAMES = ("aac", "mp3", "mp3float", "ac3", "eac3")
# Seconds by which containers round times.
_ROUNDING = Fraction(1, 500)

Streams = tuple[int | None, int | None]
Tick = Callable[[], None]


def find_clock(container: InputContainer, path: Path, streams: Streams, tick: Tick) -> Clock:
    """Returns the map for the video and audio streams with these indices. Raises `UnsupportedMedia` where a piece can't be read."""
    name = container.format.name
    if name not in _WITH_CLOCKS:
        later = later_files(path, name, tick) or rate_changes(path, name, tick)
        _check_number(later)
        return _of_files(container, path, streams, later, tick) if later else Clock()
    tags = read_tags(path, tick) if name == "flv" else None
    if tags is not None:
        packets: Sequence[Stamped] = tags.packets
        seams = _with_headers(find_seams(packets), tags)
    else:
        if name == "mpegts" and (container.duration or 0) > LONG * 1e6 and seems_of_one_clock(path, tick):
            return Clock()
        packets = [*_stamped(path, streams, tick)]
        seams = find_seams(packets)
    if not seams:
        return Clock()
    _check_number(seams)
    kinds = [like(container, index) if index is not None else None for index in streams]
    return _clock(path, kinds, packets, seams, tags)


def _check_number(seams: Sequence[object]) -> None:
    """Raises `UnsupportedMedia` where there are more pieces than a recording has, since each piece is opened by itself."""
    if len(seams) > _MOST_SEAMS:
        raise UnsupportedMedia(
            f"The file's clock begins anew more than {_MOST_SEAMS} times inside it.", code="damaged", advice="Export the file again."
        )


def _of_files(container: InputContainer, path: Path, streams: Streams, later: Sequence[int], tick: Tick) -> Clock:
    """Returns the map of concatenated whole files: each is measured by itself, and is a seam of both streams."""
    kinds = [like(container, index) if index is not None else None for index in streams]
    edges = [0, *sorted(later), path.stat().st_size]
    ranges = [((begin, end),) for begin, end in pairwise(edges)]
    pairs = [[_whole(path, kind, each, tick) for kind in kinds] for each in ranges]
    return Clock(CLOCK_VERSION, *_pieces(kinds, [(pair[PICTURES], pair[SOUND]) for pair in pairs], lambda stretch, _: stretch.span.first))


def _whole(path: Path, kind: Like | None, ranges: tuple[tuple[int, int], ...], tick: Tick) -> _Stretch | None:
    if kind is None:
        return None
    reader = Reader(path, 0, ranges=ranges, like=kind)
    measured = measure(reader, tick)
    stretch = None
    if measured is not None:
        first, end = (at * time_base(reader.stream) for at in (measured.first, measured.end))
        stretch = _Stretch(ranges, Span(first, _decoded_end(reader, first, end)), first)
    reader.container.close()
    return stretch


def _decoded_end(reader: Reader, first: Fraction, end: Fraction) -> Fraction:
    """Returns when decoded audio ends: decoders return whole frames, even where the container says that the last one is partly shown."""
    context = getattr(reader.stream, "codec_context", None)
    samples, rate = getattr(context, "frame_size", 0) or 0, getattr(context, "sample_rate", 0) or 0
    if getattr(context, "name", "") not in _WHOLE_FRAMES or not samples or not rate:
        return end
    frame = Fraction(samples, rate)
    return first + -(-(end - first - _ROUNDING) // frame) * frame


def _stamped(path: Path, streams: Streams, tick: Tick) -> Iterator[Stamped]:
    """Yields all packets of both streams, in the file's order."""
    # Opened again: where the clock starts again, a seek to its beginning may lead anywhere.
    container = open_source(path)
    read = [container.streams[index] for index in streams if index is not None]
    lanes = {stream.index: (streams.index(stream.index), float(time_base(stream))) for stream in read}
    place = 0
    for packet in packets_of(container, *read):
        lane, step = lanes[packet.stream_index]
        # Frames after the first of one PES packet have no position.
        place = packet.pos if packet.pos is not None and packet.pos >= 0 else place
        shown = stamp(packet) or 0
        decoded = packet.dts if packet.dts is not None else shown
        # The last picture before a seam may be due when the first one after it is decoded.
        shown = shown if abs(shown - decoded) * step < LONGEST_GAP else decoded
        yield Stamped(lane, place, decoded * step, (packet.duration or 0) * step, shown * step)
        tick()


def _with_headers(seams: Sequence[Seam], tags: Tags) -> list[Seam]:
    """Adds the headers of other files as seams of both streams, whatever their clocks do there. A header comes before the packets that it
    describes."""
    places: list[list[int]] = [[packet.place for packet in tags.packets if packet.lane == lane] for lane in (PICTURES, SOUND)]

    def other(lane: int, place: int | None) -> int | None:
        """Returns the place, unless a header is between that packet and the one before."""
        if place is None:
            return None
        number = bisect_left(places[lane], place)
        before = places[lane][number - 1] if number else 0
        return None if any(before < header < place for header in tags.headers) else place

    without_headers = [Seam(other(PICTURES, seam.pictures), other(SOUND, seam.sound)) for seam in seams]
    headers = [Seam(header if places[PICTURES] else None, header if places[SOUND] else None) for header in tags.headers]
    return sorted([*(seam for seam in without_headers if seam.first is not None), *headers], key=lambda seam: seam.first or 0)


@dataclass(frozen=True, slots=True)
class _Stretch:
    """One stream's packets from a seam to its next: the bytes, the span of time, and the time of the first packet."""

    ranges: tuple[tuple[int, int], ...]
    span: Span
    first_time: Fraction


def _clock(path: Path, kinds: Sequence[Like | None], packets: Sequence[Stamped], seams: Sequence[Seam], tags: Tags | None) -> Clock:
    stretches = [
        _stretches([packet for packet in packets if packet.lane == lane], [seam.of(lane) for seam in seams], path.stat().st_size, tags)
        if kinds[lane] is not None
        else [None] * (len(seams) + 1)
        for lane in (PICTURES, SOUND)
    ]
    pairs = [*zip(*stretches, strict=True)]
    return Clock(CLOCK_VERSION, *_pieces(kinds, pairs, lambda stretch, kind: _first_of(path, kind, stretch.ranges)))


def _pieces(
    kinds: Sequence[Like | None], pairs: Sequence[tuple[_Stretch | None, _Stretch | None]], first: Callable[[_Stretch, Like], Fraction]
) -> tuple[tuple[Piece, ...], tuple[Piece, ...]]:
    """Returns the pieces of both streams on the joined clock. `first` returns a piece's first time when it is read by itself."""
    by = offsets([(_span(pictures), _span(sound)) for pictures, sound in pairs])
    pieces: tuple[list[Piece], list[Piece]] = ([], [])
    for pair, both in zip(pairs, by, strict=True):
        for lane, (stretch, offset) in enumerate(zip(pair, both, strict=True)):
            kind = kinds[lane]
            if stretch is None or kind is None:
                continue
            lacks = stretch.first_time - first(stretch, kind)
            start, end = float(stretch.span.first + offset), float(stretch.span.end + offset)
            pieces[lane].append(Piece(stretch.ranges, start, end, float(offset + lacks)))
    return tuple(pieces[PICTURES]), tuple(pieces[SOUND])


def _span(stretch: _Stretch | None) -> Span | None:
    return stretch.span if stretch is not None else None


def _stretches(packets: Sequence[Stamped], begins: Sequence[int | None], size: int, tags: Tags | None) -> list[_Stretch | None]:
    """Returns one stream's stretches: the first, and for each seam the one that begins there. None where none begins, or it is empty."""
    places = [packet.place for packet in packets]
    edges = [0, *begins]
    found: list[_Stretch | None] = []
    for number, begin in enumerate(edges):
        if begin is None:
            found.append(None)
            continue
        end = next((later for later in edges[number + 1 :] if later is not None), size)
        inside = packets[bisect_left(places, begin) : bisect_left(places, end)]
        ranges = tags.ranges(begin, end) if tags is not None else ((begin, end),)
        found.append(_Stretch(ranges, _span_of(inside), _exact(inside[0].shown)) if inside else None)
    return found


def _span_of(packets: Sequence[Stamped]) -> Span:
    shown = sorted(packet.shown for packet in packets)
    steps = sorted(later - earlier for earlier, later in pairwise(shown[-_LAST:]))
    usual = steps[len(steps) // 2] if steps else 0.0
    return Span(_exact(shown[0]), _exact(max(packet.shown + (packet.lasts or usual) for packet in packets)))


def _first_of(path: Path, kind: Like, ranges: tuple[tuple[int, int], ...]) -> Fraction:
    """Returns the time of a piece's first packet when it is read by itself: a demuxer corrects turns of the clock by what it read first."""
    reader = Reader(path, 0, ranges=ranges, like=kind)
    packet = next(reader.packets(), None)
    first = (stamp(packet) or 0) * time_base(reader.stream) if packet is not None else Fraction(0)
    reader.container.close()
    return first


def _exact(seconds: float) -> Fraction:
    return Fraction(seconds).limit_denominator(10**6)
