"""Checks a finished clip before a user or a model gets it. Runs only in the child.

It reads every packet's time, but decodes only the first picture, those where copied packets follow encoded ones, and the last group of
pictures. That costs a hundredth of the encoding.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

import av
import av.error
from av.container import InputContainer
from av.packet import Packet
from av.stream import Stream
from av.video.frame import VideoFrame
from av.video.stream import VideoStream as AvVideo

from videomoments.core.errors import MomentsError
from videomoments.media.cutting.encode import Encoded
from videomoments.media.reading.opening import UNDECODED, url_of

# How many pictures after a join are decoded: enough for its first P- and B-pictures.
_AFTER_JOIN = 8
# More pictures than any codec reorders.
_REORDERED = 20
_AUDIO_OFFSET = 0.010
# One AAC frame at 16 kHz.
_AUDIO_LENGTH = 0.065
_SIZE = (32, 18)
# The mean difference of coarse luma, of 255: encoding at CRF 20 stays below 2; another frame of the same scene is often above 10.
_DIFFERENCE = 8.0


def check_clip(path: Path, made: Encoded, *, sound: bool, copied: bool = False) -> None:
    """Raises `MomentsError` (`clip_check_failed`) unless the file holds what it should.

    Of `copied` packets only the times are checked: they decode as well as the source does, and the source's audio may end earlier.
    """
    with _read_back(path) as container:
        streams: list[Stream] = [*container.streams.video, *container.streams.audio]
        seen = {stream.index: _Seen(made.join if stream.type == "video" else None) for stream in streams}
        for packet in container.demux(*streams):
            if packet.size and packet.pts is not None:
                seen[packet.stream_index].add(packet)
        if made.frames:
            _check_video(container.streams.video[0], seen[container.streams.video[0].index], made, copied=copied)
        if sound:
            _require(len(container.streams.audio) == 1, "the sound is missing")
            _check_audio(container.streams.audio[0], seen[container.streams.audio[0].index], None if copied else made)


def check_edit_list(path: Path, made: Encoded, *, sound: bool) -> None:
    """Checks a clip whose packets were copied behind an edit list: its first shown picture and its length. Reads one group. Raises as
    `check_clip` does."""
    with _read_back(path) as container:
        stream = container.streams.video[0]
        _require(stream.frames >= made.frames, f"{stream.frames} pictures instead of {made.frames}")
        shown = (packet.pts or 0 for packet in container.demux(stream) if packet.size and not packet.is_discard)
        _require(min(islice(shown, _REORDERED), default=None) == 0, "the first picture is late")
        length = float((stream.duration or 0) * (stream.time_base or 0))
        _require(abs(length - made.held.duration) < 0.010, "the length is wrong")
        _require(len(container.streams.audio) == int(sound), "the sound is missing")


@contextmanager
def _read_back(path: Path) -> Iterator[InputContainer]:
    """Opens the finished clip. A file that the libraries can't read fails the check like any other."""
    try:
        with av.open(url_of(path), "r", options=UNDECODED) as container:
            yield container
    except av.error.MemoryError:
        raise
    except av.error.FFmpegError:
        raise _failed("it can't be read back") from None


@dataclass(slots=True)
class _Seen:
    """What the check needs of a stream's packets: their times, and the data of those that are decoded."""

    join: int | None = None
    count: int = 0
    begin: int | None = None
    end: int = 0
    first: Packet[Stream] | None = None
    joined: list[Packet[Stream]] = field(default_factory=list)
    last_group: list[Packet[Stream]] = field(default_factory=list)

    def add(self, packet: Packet[Stream]) -> None:
        at = packet.pts or 0
        if self.join is not None and self.join <= self.count < self.join + _AFTER_JOIN:
            self.joined.append(packet)
        self.count += 1
        self.end = max(self.end, at + (packet.duration or 0))
        if not packet.is_discard:
            self.begin = at if self.begin is None else min(self.begin, at)
        self.first = self.first or packet
        if packet.is_keyframe:
            self.last_group.clear()
        self.last_group.append(packet)


def _check_video(stream: AvVideo, seen: _Seen, made: Encoded, *, copied: bool) -> None:
    step = stream.time_base or 0
    _require(seen.count == made.frames, f"{seen.count} pictures instead of {made.frames}")
    _require(seen.begin is not None and abs(float(seen.begin * step)) < 0.002, "the first picture is late")
    _require(abs(float(seen.end * step) - made.held.duration) < 0.010, "the length is wrong")
    _require(seen.first is not None and seen.first.is_keyframe, "it does not begin with a keyframe")
    if copied or seen.first is None:
        return
    before = [seen.first, *seen.joined] if seen.last_group[0] is not seen.first else []
    # A copied last group decodes as well as the source does.
    group = seen.last_group if made.join is None or made.last is not None else []
    chosen = [*(packet for packet in before if packet not in group), *group]
    count, first, last = _decoded(stream, chosen)
    _require(count == len(chosen), "not every picture decodes")
    for mine, theirs in ((first, made.first), (last, made.last)):
        if theirs is not None and mine is not None:
            _require(_difference(mine, theirs) < _DIFFERENCE, "a picture differs from the source")


def _decoded(stream: AvVideo, packets: list[Packet[Stream]]) -> tuple[int, VideoFrame | None, VideoFrame | None]:
    """Returns how many pictures decode cleanly, and the first and the last of them. Decodes them one by one: a group of 1080p pictures
    takes 400 MB."""
    context = stream.codec_context
    count = 0
    first = last = None
    try:
        for packet in (*packets, None):
            for frame in context.decode(packet):
                if frame.is_corrupt:
                    continue
                count += 1
                first, last = first or frame, frame
    except av.error.FFmpegError:
        raise _failed("a picture does not decode") from None
    return count, first, last


def _check_audio(stream: Stream, seen: _Seen, made: Encoded | None) -> None:
    step = stream.time_base or 0
    # Priming may come before 0, hidden by the container; nothing may begin after it.
    _require(seen.begin is not None and float(seen.begin * step) <= _AUDIO_OFFSET, "the sound is late or empty")
    _require(made is None or abs(float(seen.end * step) - made.held.duration) < _AUDIO_LENGTH, "the sound has another length")


def _difference(one: VideoFrame, other: VideoFrame) -> float:
    mine, theirs = _coarse(one), _coarse(other)
    return sum(abs(a - b) for a, b in zip(mine, theirs, strict=True)) / len(mine)


def _coarse(frame: VideoFrame) -> bytes:
    plane = frame.reformat(width=_SIZE[0], height=_SIZE[1], format="gray", interpolation="AREA").planes[0]
    rows = bytes(plane)
    return b"".join(rows[row * plane.line_size : row * plane.line_size + _SIZE[0]] for row in range(_SIZE[1]))


def _require(condition: bool, what: str) -> None:
    if not condition:
        raise _failed(what)


def _failed(what: str) -> MomentsError:
    return MomentsError(f"The clip did not pass its check: {what}.", code="clip_check_failed")
