"""Copies packets into clips that begin on any picture: an edit list hides what comes before. Runs only in the child.

This is the cheapest cut, for any codec that MP4 can carry. What it hides stays in the file: up to one group of pictures before the start,
and after the end the few pictures that its last B-pictures refer to.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from functools import cached_property
from itertools import chain
from pathlib import Path

import av
import av.error
from av.container import InputContainer, OutputContainer
from av.packet import Packet
from av.stream import Stream

from videomoments.core.times import Interval
from videomoments.media.cutting.boxes import end_track
from videomoments.media.cutting.encode import DELIVERED, Encoded, Tick
from videomoments.media.cutting.frame_plan import Shown, frames_between
from videomoments.media.cutting.packet_scan import begins_anew, frame_times
from videomoments.media.cutting.writer import AAC_RATES, put
from videomoments.media.failures import CannotCopy
from videomoments.media.reading.opening import open_source, url_of
from videomoments.media.reading.packets import only, packets_of, time_base
from videomoments.media.reading.pictures import Pictures
from videomoments.media.reading.placed_audio import PlacedAudio
from videomoments.media.types import MediaInfo

# Codecs that MP4 players know. Audio of other codecs is encoded.
_AUDIO = ("aac", "mp3", "mp3float", "ac3", "eac3")
# A decoder needs this many audio packets before its first correct sample.
_WARM_UP = 2
_MOST_HELD = 16
# So many seconds around a cut are read to find the pictures there.
_AROUND = 0.5
# The muxer gets the packets of so many seconds at once: a call for each would cost as much as reading them.
_TOGETHER = 0.5
# The audio of clips up to so many seconds is read first and held, a megabyte per minute, so that one container serves both.
_GATHERED = 300.0


# Packets with the seconds at which they are decoded.
Timed = Iterator[tuple[float, "Packet[Stream]"]]
OpenAudio = Callable[[], PlacedAudio | None]


class EditListCutter:
    """Copies clips of one source."""

    def __init__(self, source: Path, info: MediaInfo, pictures: Pictures) -> None:
        self._source = source
        self._info = info
        self._pictures = pictures

    @cached_property
    def _apart(self) -> InputContainer:
        """Opens the source a second time, for the audio of long clips. Each open container holds the whole index."""
        return open_source(self._source)

    def cut(self, sound: OpenAudio, wanted: Interval, target: Path, tick: Tick) -> Encoded:
        """Writes the clip. `sound` is called where the audio has to be encoded. Raises CannotCopy where the packets can't be copied."""
        first, last = self._ends(wanted)
        held = Interval(first.at, last.at + last.duration)
        options = {"movflags": "+faststart"}
        with av.open(url_of(target), "w", format="mp4", options=options) as out:
            pictures = _Copied(self._pictures, first.source, last)
            # Copied unchanged: no encoder of that name is needed.
            video = out.add_stream_from_template(self._pictures.stream, opaque=True)
            if self._pictures.stream.codec_context.name == "hevc":
                # The tag that QuickTime's players accept; the other one allows parameter sets between the pictures.
                video.codec_context.codec_tag = "hvc1"
            heard = self._sound(sound, held, out) if self._info.has_audio else iter(())
            for group in _interleaved(pictures.packets(video), heard, tick):
                put(out, group)
        if pictures.beyond:
            end_track(target, b"vide", held.duration)
        return Encoded(held, pictures.shown, None, None, 0)

    def _ends(self, wanted: Interval) -> tuple[Shown, Shown]:
        """Returns the clip's first and last picture. Raises CannotCopy where one picture is shown across its start."""
        assert self._info.video is not None
        head = Interval(wanted.start, min(wanted.end, wanted.start + _AROUND))
        tail = Interval(max(wanted.start, wanted.end - _AROUND), wanted.end)
        times = sorted({*frame_times(self._pictures, head), *frame_times(self._pictures, tail)})
        shown = frames_between(times, self._info.duration, wanted.start, wanted.end, self._info.video.fps)
        if not shown or shown[0].at != shown[0].source:
            raise CannotCopy("a picture rests across its start")
        return shown[0], shown[-1]

    def _sound(self, sound: OpenAudio, held: Interval, out: OutputContainer) -> Timed:
        facts = self._info.audio
        assert facts is not None
        if facts.codec not in _AUDIO:
            rate = facts.sample_rate if facts.sample_rate in AAC_RATES else 48_000
            return _encoded(sound(), held, out, rate, facts.channels)
        if held.duration <= _GATHERED:
            with self._pictures.other(facts.index) as (container, track):
                return iter([*self._copied_audio(container, track, held, out.add_stream_from_template(track))])
        track = self._apart.streams[facts.index]
        only(self._apart, track)
        return self._copied_audio(self._apart, track, held, out.add_stream_from_template(track))

    def _copied_audio(self, container: InputContainer, track: Stream, held: Interval, stream: Stream) -> Timed:
        step = float(time_base(track))
        zero = round((self._info.start_pts + held.start) / step)
        end = zero + round(held.duration / step)
        try:
            container.seek(zero - round(_AROUND / step), stream=track)
        except av.error.FFmpegError as error:
            raise CannotCopy("its sound can't be reached by seeking") from error
        packets = packets_of(container, track)
        before: deque[Packet[Stream]] = deque(maxlen=_WARM_UP + 1)
        for packet in packets:
            before.append(packet)
            if (packet.pts or 0) + (packet.duration or 0) > zero:
                break
        for packet in chain(before, packets):
            at = packet.pts or 0
            if at >= end:
                return
            packet.pts = packet.dts = at - zero
            packet.stream = stream
            yield (at - zero) * step, packet


class _Copied:
    """The packets of the pictures from `first` seconds to `last`, and of those that they need. `shown` and `beyond` count them."""

    def __init__(self, pictures: Pictures, first: float, last: Shown) -> None:
        self._pictures = pictures
        self._first, self._last = first, last
        self.shown = 0
        self.beyond = 0

    def packets(self, stream: Stream) -> Timed:
        source = self._pictures
        step = float(time_base(source.stream))
        zero = round(self._first / step) - round(source.seconds(0) / step)
        last = round(self._last.source / step) - round(source.seconds(0) / step)
        held: list[tuple[Packet[Stream], int]] = []
        for packet, decoded in _decoding_times(_clean(source, source.packets_from(self._first))):
            if decoded > last:
                return
            held.append((packet, decoded))
            if (packet.pts or 0) > last:
                # It is copied only if a picture of the clip comes after it, since that one may refer to it.
                if len(held) > _MOST_HELD:
                    raise CannotCopy("the pictures at its end do not form a whole group")
                continue
            for each, at in held:
                shown = each.pts or 0
                self.shown += zero <= shown <= last
                self.beyond += shown > last
                each.pts, each.dts = shown - zero, at - zero
                if shown == last:
                    # Transport streams give half of the duration, or none.
                    each.duration = round(self._last.duration / step)
                each.stream = stream
                yield (at - zero) * step, each
            held.clear()


def _clean(pictures: Pictures, packets: Iterator[Packet[Stream]]) -> Iterator[Packet[Stream]]:
    """Yields the same packets. Raises CannotCopy where decoding can't begin with the first without an error."""
    first = next(packets, None)
    if first is None:
        return
    if pictures.stream.codec_context.name == "h264" and not begins_anew(pictures, first):
        raise CannotCopy("the keyframe before it refers to earlier pictures")
    yield first
    yield from packets


def _decoding_times(packets: Iterator[Packet[Stream]]) -> Iterator[tuple[Packet[Stream], int]]:
    """Yields packets with their decoding times. Matroska omits the first ones: they are one packet apart before the first known time."""
    waiting: list[Packet[Stream]] = []
    known: int | None = None
    for packet in packets:
        if packet.dts is None and known is None and len(waiting) < _MOST_HELD:
            waiting.append(packet)
            continue
        known = packet.dts if packet.dts is not None else (known or 0) + 1
        step = packet.duration or 1
        for back, earlier in enumerate(waiting):
            yield earlier, known - (len(waiting) - back) * step
        waiting.clear()
        yield packet, known
    yield from ((packet, packet.pts or 0) for packet in waiting)


def _encoded(sound: PlacedAudio | None, held: Interval, out: OutputContainer, rate: int, channels: int) -> Timed:
    """Encodes audio that MP4 players don't know as AAC."""
    stream = out.add_stream("aac", rate=rate, options={"aac_coder": "fast"})
    stream.codec_context.layout = "stereo" if channels > 1 else "mono"
    stream.codec_context.bit_rate = DELIVERED.audio_rate * min(channels, 2)

    def packets() -> Timed:
        blocks = sound.blocks(held.start, held.end, pad=True) if sound else ()
        for block in chain(blocks, (None,)):
            for packet in stream.encode(block):
                yield float((packet.dts or 0) * packet.time_base), packet

    return packets()


def _interleaved(pictures: Timed, sound: Timed, tick: Tick) -> Iterator[list[Packet[Stream]]]:
    """Yields packets in groups of about half a second; the muxer puts them in order."""
    group: list[Packet[Stream]] = []
    until = 0.0
    for at, packet in pictures:
        if at >= until:
            tick(max(0.0, at))
            until = at + _TOGETHER
            for heard_at, heard in sound:
                group.append(heard)
                if heard_at >= until:
                    break
            yield group
            group = []
        group.append(packet)
    yield group
    yield [packet for _, packet in sound]
