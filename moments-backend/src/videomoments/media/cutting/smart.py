"""Cuts exact clips at nearly the cost of a copy: encodes only the groups of pictures that a cut goes through. Runs only in the child.

H.264 only. The new pictures at both ends have their own parameter sets, under an id that the source does not use; the file's header holds
both. The copied part begins with an IDR picture, so that nothing in it refers to pictures that were cut away.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import chain
from pathlib import Path

from av.codec.context import CodecContext, Flags, ThreadType
from av.packet import Packet
from av.stream import Stream
from av.video.codeccontext import VideoCodecContext
from av.video.frame import PictureType, VideoFrame

from videomoments.core.times import Interval
from videomoments.media.cutting.eligibility import H264_PROFILES
from videomoments.media.cutting.encode import DELIVERED, Encoded, Tick, audio_for, planned
from videomoments.media.cutting.frame_plan import Shown, frames_between
from videomoments.media.cutting.packet_scan import Scanned, packet_scan
from videomoments.media.cutting.writer import ClipWriter, Soundtrack
from videomoments.media.failures import CannotCopy
from videomoments.media.reading.h264 import ParameterSets, carried, is_idr, parameter_sets, sequence, slices_only
from videomoments.media.reading.opening import codec_threads
from videomoments.media.reading.packets import stamp, time_base
from videomoments.media.reading.pictures import Pictures
from videomoments.media.reading.placed_audio import PlacedAudio
from videomoments.media.types import MediaInfo

# With a smaller share to copy, a full encoding costs about the same and is the safer file.
_LEAST_COPIED = 0.25
# As good as `veryfast` at the rate factor 20, in half of the time, with three times the bytes: the pictures are few.
_OPTIONS = {"preset": "ultrafast", "crf": "17", "bf": "0", "g": "600", "sc_threshold": "0"}


@dataclass(frozen=True, slots=True)
class Join:
    """Which pictures of a clip are encoded and which are copied.

    `shown` are all of them, and `ticks` their times in the source. The first `head` and the last `tail` are encoded. `copied` are the
    places (indices of `shown`) of the others, in decoding order.
    """

    shown: Sequence[Shown]
    ticks: Sequence[int]
    head: int
    tail: int
    copied: Sequence[int]

    @property
    def held(self) -> Interval:
        return Interval(self.shown[0].at, self.shown[-1].at + self.shown[-1].duration)


def plan_join(pictures: Pictures, info: MediaInfo, wanted: Interval) -> Join | str:
    """Returns how to cut `wanted`, or the reason why it can't be joined."""
    assert info.video is not None
    sets = _sets(pictures)
    scanned = packet_scan(pictures, wanted, lambda packet: packet.is_keyframe and is_idr(bytes(packet), sets.length_size))
    by_time = {pictures.seconds(entry.ticks): entry.ticks for entry in scanned if not entry.hidden and pictures.is_shown(entry.ticks)}
    shown = frames_between(sorted(by_time), info.duration, wanted.start, wanted.end, info.video.fps)
    if not shown:
        return "no picture of it can be read"
    ticks = [by_time[entry.source] for entry in shown]
    copied = _copied(scanned, ticks, first=0 if shown[0].at == shown[0].source else 1)
    if not copied:
        return "no group of pictures begins inside it"
    if len(copied) < _LEAST_COPIED * len(shown):
        return "most of it lies outside whole groups of pictures"
    return Join(shown, ticks, copied[0], len(shown) - copied[0] - len(copied), copied)


def _copied(scanned: Sequence[Scanned], ticks: Sequence[int], first: int) -> list[int]:
    """Returns the places of the pictures to copy, in decoding order, from the first IDR picture at place `first` or later.

    They are the longest run that decodes by itself and shows every picture up to its last one. A B-picture that refers to a later picture
    outside the clip ends it.
    """
    places = {at: place for place, at in enumerate(ticks)}
    begin = next((number for number, entry in enumerate(scanned) if entry.marked and places.get(entry.ticks, -1) >= first), None)
    if begin is None:
        return []
    head = latest = places[scanned[begin].ticks]
    whole = 0
    taken: list[int] = []
    for entry in scanned[begin:]:
        place = places.get(entry.ticks)
        if place is None or place < head or entry.hidden:
            break
        taken.append(place)
        latest = max(latest, place)
        if latest - head + 1 == len(taken):
            whole = len(taken)
    return taken[:whole]


def write_join(pictures: Pictures, sound: PlacedAudio | None, info: MediaInfo, join: Join, target: Path, tick: Tick) -> Encoded:
    """Writes the clip. Raises CannotCopy where the source turns out not to be joinable."""
    sets = _sets(pictures)
    _decode_first(pictures, join)
    ends = _Ends(pictures, sets)
    writer = ClipWriter(target, DELIVERED)
    writer.with_packets(pictures.stream, sets.joined(ends.sets) if join.head or join.tail else sets.joined(ParameterSets((), (), 4)))
    track = Soundtrack(audio_for(sound, info, join.held, writer), writer)
    times = _Times(pictures, join)
    tail = len(join.shown) - join.tail
    head_packets = ends.packets(join.shown[: join.head], times.shown)
    tail_packets = ends.packets(join.shown[tail:], times.shown[tail:])
    written = 0
    for packet in chain(head_packets, _body(pictures, sets, join), tail_packets):
        times.stamp(packet, written)
        at = join.shown[written].at - join.held.start
        tick(at)
        track.until(at)
        writer.packet(packet)
        written += 1
    track.rest()
    writer.close()
    first, last = ends.first if join.head else None, ends.last if join.tail else None
    return Encoded(join.held, written, first, last, faults=0, join=join.head or None)


class _Times:
    """Times at which the clip's pictures are decoded and shown, in ticks after its start.

    Decoding times are the presentation times in ascending order, earlier by the reordering delay. That is correct for any source, even if
    its container has no decoding times.
    """

    def __init__(self, pictures: Pictures, join: Join) -> None:
        first = join.shown[0]
        zero = join.ticks[0] if first.at == first.source else pictures.ticks(first.at)
        self.shown = [max(0, at - zero) for at in join.ticks]
        if first.at != first.source:
            # It is shown across the clip's start, or the source's first picture comes later.
            self.shown[0] = 0
        self._order = [*range(join.head), *join.copied, *range(len(self.shown) - join.tail, len(self.shown))]
        self._delay = max(self.shown[place] - self.shown[shown] for place, shown in enumerate(self._order))
        self._step = Fraction(pictures.stream.time_base or 0)
        self._durations = [round(Fraction(entry.duration) / self._step) for entry in join.shown]

    def stamp(self, packet: Packet[Stream], number: int) -> None:
        """Sets the times of the packet, which is the clip's `number`-th in decoding order."""
        place = self._order[number]
        packet.pts, packet.dts = self.shown[place], self.shown[number] - self._delay
        packet.time_base, packet.duration = self._step, self._durations[place]


def _body(pictures: Pictures, sets: ParameterSets, join: Join) -> Iterator[Packet[Stream]]:
    """Yields the packets to copy, and checks each against the plan. Raises CannotCopy where they differ."""
    due = iter([join.ticks[place] for place in join.copied])
    wanted = next(due)
    for packet in pictures.packets_from(join.shown[join.copied[0]].source):
        if stamp(packet) != wanted:
            if wanted != join.ticks[join.copied[0]]:
                raise CannotCopy("its packets do not come in the same order twice")
            continue
        yield _carried(packet, sets)
        following = next(due, None)
        if following is None:
            return
        wanted = following
    raise CannotCopy("its packets end too soon")


def _carried(packet: Packet[Stream], sets: ParameterSets) -> Packet[Stream]:
    if packet.is_corrupt:
        raise CannotCopy("the source is damaged there")
    data = bytes(packet)
    # A seek may only land where decoding can begin, which an open group's keyframe does not allow.
    key = packet.is_keyframe and is_idr(data, sets.length_size)
    changed = carried(data, sets)
    if changed is not None:
        packet = Packet(changed)
    packet.is_keyframe = key
    return packet


class _Ends:
    """Encodes the pictures at both ends, as similar to the source as possible. `first` and `last` are the first and the last one of
    them."""

    def __init__(self, pictures: Pictures, sets: ParameterSets) -> None:
        self._pictures = pictures
        self._number = sets.free_number
        self._like = sequence(sets.sps[0])
        self.sets = parameter_sets(self._encoder().extradata)
        self.first: VideoFrame | None = None
        self.last: VideoFrame | None = None

    def packets(self, shown: Sequence[Shown], times: Sequence[int]) -> Iterator[Packet[Stream]]:
        """Yields these pictures, encoded, with these times. Raises CannotCopy where they do not decode or change their shape."""
        if not shown:
            return
        context = self._encoder()
        if parameter_sets(context.extradata) != self.sets:
            raise CannotCopy("the encoder's parameter sets differ")
        for (frame, _), at in zip(planned(self._pictures, shown), times, strict=False):
            if self._pictures.faults or frame.interlaced_frame:
                raise CannotCopy("the source is damaged or interlaced there")
            if (frame.width, frame.height, frame.format.name) != (context.width, context.height, context.pix_fmt):
                raise CannotCopy("the picture changes its shape")
            self.first, self.last = self.first or frame, frame
            # The encoder would take the decoder's picture types as orders.
            frame.pict_type = PictureType.NONE
            frame.pts, frame.time_base = at, context.time_base
            yield from self._packets(context.encode(frame))
        yield from self._packets(context.encode(None))

    @staticmethod
    def _packets(encoded: list[Packet[Stream]]) -> Iterator[Packet[Stream]]:
        for packet in encoded:
            made: Packet[Stream] = Packet(slices_only(bytes(packet)))
            made.is_keyframe = packet.is_keyframe
            yield made

    def _encoder(self) -> VideoCodecContext:
        source = self._pictures.stream
        like = source.codec_context
        context = CodecContext.create("libx264", "w")
        assert isinstance(context, VideoCodecContext)
        context.width, context.height, context.pix_fmt = like.width, like.height, like.pix_fmt
        context.time_base = time_base(source)
        context.framerate = source.average_rate or Fraction(25)
        context.colorspace, context.color_primaries, context.color_trc = like.colorspace, like.color_primaries, like.color_trc
        context.color_range = like.color_range
        context.thread_count, context.thread_type = codec_threads(context.width * context.height), ThreadType.FRAME
        # Parameter sets go into the header, not before every keyframe.
        context.flags |= Flags.global_header
        level = f"{self._like.level // 10}.{self._like.level % 10}"
        tuning = f"sps-id={self._number}:sync-lookahead=0:rc-lookahead=5"
        context.options = {**_OPTIONS, "profile": H264_PROFILES[self._like.profile], "level": level, "x264-params": tuning}
        context.open()
        return context


def _decode_first(pictures: Pictures, join: Join) -> None:
    """Makes the decoder know the pictures' form. Where the first picture comes late, FFmpeg has not reached one on opening the file.
    Raises CannotCopy where none decodes."""
    context = pictures.stream.codec_context
    if context.pix_fmt is None:
        next(pictures.frames_from(join.shown[0].source), None)
    if context.pix_fmt is None:
        raise CannotCopy("no picture of it decodes")


def _sets(pictures: Pictures) -> ParameterSets:
    return parameter_sets(pictures.stream.codec_context.extradata)
