"""Copies packets into input clips: no encoding, no edit list, and every frame in the file is shown. Runs only in the child."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from heapq import merge
from itertools import chain
from pathlib import Path

import av
from av.container import OutputContainer
from av.packet import Packet
from av.stream import Stream

from videomoments.core.times import Interval
from videomoments.media.cutting.eligibility import COPIED_CONTAINERS
from videomoments.media.cutting.packet_scan import begins_anew
from videomoments.media.cutting.writer import AAC_RATES, put
from videomoments.media.reading.opening import url_of
from videomoments.media.reading.packets import stamp, time_base
from videomoments.media.reading.pictures import Pictures
from videomoments.media.reading.placed_audio import PlacedAudio
from videomoments.media.reading.reader import Track
from videomoments.media.types import MediaInfo

# More pre-roll than this share of the clip would waste the model's attention.
MOST_PREROLL = 0.30
# B-frames from before the end come after later frames; so many more packets are copied to complete the last group.
_MOST_EXTRA = 16
# The packets of one clip are held in memory until it is decided.
_LARGEST = 128 * 1024**2


@dataclass(frozen=True, slots=True)
class Copyable:
    """Packets of a range that can be copied: complete, from an IDR picture on, at a constant rate."""

    packets: list[Packet[Stream]]
    held: Interval
    size: int


def copyable(pictures: Pictures, info: MediaInfo, wanted: Interval, max_bytes: int | None) -> Copyable | str:
    """Returns the packets to copy, or the reason why they can't be copied."""
    assert info.video is not None
    step = 1 / info.video.fps
    packets: list[Packet[Stream]] = []
    size = 0
    extra = 0
    latest = 0.0
    for packet in pictures.packets_from(wanted.start):
        at = pictures.seconds(stamp(packet) or 0)
        if not packets:
            first = latest = at
            if first > wanted.start + step / 2 or not begins_anew(pictures, packet):
                return "no clean keyframe before it"
            if wanted.start - first > MOST_PREROLL * (wanted.end - first):
                return "the keyframe before it is too far away"
        span = round((latest - first) / step) + 1
        if latest >= wanted.end - 1.5 * step and span == len(packets):
            break
        extra += at >= wanted.end
        if extra > _MOST_EXTRA:
            return "the frames at its end do not form a whole group"
        packets.append(packet)
        latest = max(latest, at)
        size += packet.size
        if size > min(_LARGEST, _LARGEST if max_bytes is None else max_bytes * 0.9):
            return "a copy would be too large"
    if not packets or round((latest - first) / step) + 1 != len(packets):
        return "its frames are not evenly spaced"
    return Copyable(packets, Interval(first, latest + step), size)


def copy_clip(source: Path, pictures: Pictures, info: MediaInfo, chosen: Copyable, target: Path) -> None:
    """Writes the packets, shifted so that the first picture is at 0, and the audio. AAC that begins with them is copied; other audio is
    encoded."""
    options = {"movflags": "+faststart+negative_cts_offsets", "use_editlist": "0"}
    with av.open(url_of(target), "w", format="mp4", options=options) as out:
        video = out.add_stream_from_template(pictures.stream)
        streams: list[Iterator[Packet[Stream]]] = [_shifted(chosen.packets, video)]
        if info.has_audio:
            streams.append(_copied_audio(source, info, chosen.held, out) or _encoded_audio(source, info, chosen.held, out))
        for packet in merge(*streams, key=_decoding_time):
            put(out, packet)


def _decoding_time(packet: Packet[Stream]) -> Fraction:
    return (packet.dts if packet.dts is not None else packet.pts or 0) * packet.time_base


def _shifted(packets: list[Packet[Stream]], stream: Stream) -> Iterator[Packet[Stream]]:
    by = min(stamp(packet) or 0 for packet in packets)
    for packet, decoded in zip(packets, _decoding_times(packets), strict=True):
        packet.pts, packet.dts = (packet.pts or 0) - by, decoded - by
        packet.stream = stream
        yield packet


def _decoding_times(packets: list[Packet[Stream]]) -> list[int]:
    """Returns each packet's decoding time. Matroska omits the first ones: they are one packet apart before the first known time."""
    times = [packet.dts for packet in packets]
    first = next((number for number, at in enumerate(times) if at is not None), None)
    if first is None:
        return [packet.pts or 0 for packet in packets]
    step = next((packet.duration for packet in packets if packet.duration), 1) or 1
    known = times[first] or 0
    return [known - (first - number) * step if number < first else at if at is not None else known for number, at in enumerate(times)]


def _copied_audio(source: Path, info: MediaInfo, held: Interval, out: OutputContainer) -> Iterator[Packet[Stream]] | None:
    """Returns AAC packets of the range, the first one at 0 (at most half a packet, 11 ms, from its true time), or None."""
    assert info.audio is not None
    if info.audio.codec != "aac" or info.container not in COPIED_CONTAINERS:
        return None
    sound = Track(source, info.audio.index)
    track = sound.stream
    step = time_base(track)
    zero = Fraction(info.start_pts).limit_denominator(10**9)
    begin, end = round((zero + Fraction(held.start)) / step), round((zero + Fraction(held.end)) / step)
    half = round(Fraction(512, info.audio.sample_rate) / step) + 1
    packets = []
    for packet in sound.packets_from(begin - 8 * half, by=begin):
        at = stamp(packet) or 0
        if at >= end:
            break
        if at >= begin - half and not packet.is_discard:
            packets.append(packet)
    if not packets or (stamp(packets[0]) or 0) > begin + half:
        return None
    return _shifted(packets, out.add_stream_from_template(track))


def _encoded_audio(source: Path, info: MediaInfo, held: Interval, out: OutputContainer) -> Iterator[Packet[Stream]]:
    """Encodes the same range as mono AAC, without the encoder's priming packet, which no edit list could hide."""
    assert info.audio is not None
    rate = info.audio.sample_rate if info.audio.sample_rate in AAC_RATES else 48_000
    stream = out.add_stream("aac", rate=rate)
    stream.codec_context.layout = "mono"
    stream.codec_context.bit_rate = 64_000
    sound = PlacedAudio(source, info)

    def encoded() -> Iterator[Packet[Stream]]:
        blocks = chain(sound.blocks(held.start, held.end, pad=True), (None,))
        for block in blocks:
            for packet in stream.encode(block):
                if packet.pts is not None and packet.pts >= 0:
                    yield packet

    return encoded()
