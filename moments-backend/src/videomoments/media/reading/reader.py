"""Reads one stream of a file from any position. Runs only in the child.

Containers can't always go back: an AVI whose index marks no audio packet as a start refuses every seek. Positions that no seek can reach
are reached by opening the file again, and no file is refused for it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import chain
from pathlib import Path
from typing import Any

import av.error
from av.container import InputContainer
from av.packet import Packet
from av.stream import Stream

from videomoments.core.errors import UnsupportedMedia
from videomoments.media.clock import Piece, piece_at
from videomoments.media.reading.opening import open_ranges, open_source
from videomoments.media.reading.packets import only, packets_of, stamp, time_base

# A stream's first packet may be this many seconds after the beginning that the container states.
_LATE = 0.5
# How many seconds to go back where a seek landed after its target.
STEPS_BACK = (0.0, 1.0, 5.0, 20.0, 80.0)


# A stream's kind, and its position among the streams of that kind.
Like = tuple[str, int]


def like(container: InputContainer, index: int) -> Like:
    """Returns what identifies the stream in a part of the file."""
    stream = container.streams[index]
    return stream.type, [other.index for other in container.streams if other.type == stream.type].index(index)


class Reader:
    """Reads a stream of one open container. `ranges` are the bytes that are read (none: the whole file). The stream may have another index
    in them: `like` is then its kind and its position among that kind. `ready` is called with the stream each time it is opened.

    Raises `UnsupportedMedia` where there is no such stream.
    """

    def __init__(
        self,
        path: Path,
        index: int,
        *,
        ranges: Sequence[tuple[int, int]] = (),
        like: Like | None = None,
        container: InputContainer | None = None,
        ready: Callable[[Any], None] | None = None,
    ) -> None:
        self.path = path
        self.index = index
        self._ranges = ranges
        self._like = like
        self._ready = ready
        self.container = container or self._open()
        self._prepare()

    @property
    def whole(self) -> bool:
        """Returns whether the whole file is read, so that places in it are those of the packets."""
        return not self._ranges

    def _open(self) -> InputContainer:
        return open_ranges(self.path, self._ranges) if self._ranges else open_source(self.path)

    def _prepare(self) -> None:
        self.stream: Any = self.container.streams[self.index] if self._like is None else self._found(*self._like)
        only(self.container, self.stream)
        if self._ready is not None:
            self._ready(self.stream)

    def _found(self, kind: str, place: int) -> Stream:
        streams = [stream for stream in self.container.streams if stream.type == kind]
        if place >= len(streams):
            raise UnsupportedMedia(
                "The file's clock begins anew inside it, and what follows has other streams.",
                code="damaged",
                advice="Export the file again.",
            )
        return streams[place]

    def reopen(self) -> None:
        """Goes to the beginning, whatever the container can do."""
        self.container = self._open()
        self._prepare()

    def seek(self, at: int) -> bool:
        """Goes to the keyframe at or before `at` ticks, or to the next one. Returns False, and stays, where the container refuses."""
        only(self.container, self.stream)
        for backward in (True, False):
            try:
                self.container.seek(at, stream=self.stream, backward=backward)
            except av.error.FFmpegError:
                continue
            return True
        return False

    def packets(self) -> Iterator[Packet[Stream]]:
        """Yields packets from the current position."""
        return packets_of(self.container, self.stream)

    def from_start(self) -> Iterator[Packet[Stream]]:
        """Yields all packets from the stream's first on."""
        begin = self.stream.start_time
        if self.seek(min(begin or 0, 0) - round(10 / time_base(self.stream))):
            packets = self.packets()
            first = next(packets, None)
            late = round(_LATE / time_base(self.stream))
            if first is not None and (begin is None or (stamp(first) or 0) <= begin + late):
                return chain((first,), packets)
        self.reopen()
        return self.packets()


class Track:
    """A stream on the joined clock, whose packets' times continue through every seam. `stream` is that of its first piece."""

    def __init__(self, path: Path, index: int, pieces: Sequence[Piece] = (), ready: Callable[[Any], None] | None = None) -> None:
        self._path = path
        self._index = index
        self._pieces = pieces
        self._ready = ready
        self._like: Like | None = None
        self._first = self._reader(0)
        self._like = like(self._first.container, index) if pieces else None
        self._last: tuple[int, Reader] = (0, self._first)

    @property
    def stream(self) -> Any:
        return self._first.stream

    @property
    def container(self) -> InputContainer:
        return self._first.container

    def close(self) -> None:
        self._first.container.close()

    def from_start(self) -> Iterator[Packet[Stream]]:
        """Yields all packets from the first on."""
        return self._on(0, self._piece(0).from_start())

    def packets_from(self, at: int, *, by: int) -> Iterator[Packet[Stream]]:
        """Yields packets from one at or before `by` ticks on: from where a seek to `at` lands, or further back where that is after `by`."""
        for back in STEPS_BACK:
            packets = self.around(at - round(back / time_base(self.stream)))
            first = next(packets, None)
            if first is not None and (stamp(first) or 0) <= by:
                return chain((first,), packets)
        return self.from_start()

    def around(self, at: int) -> Iterator[Packet[Stream]]:
        """Yields packets from where a seek to `at` ticks lands (before it if the container can), or from the beginning where it can't seek
        at all."""
        if not self._pieces:
            return self._first.packets() if self._first.seek(at) else self.from_start()
        number = piece_at(self._pieces, float(at * time_base(self.stream)))
        reader = self._piece(number)
        own = round((at * time_base(self.stream) - self._offset(number)) / time_base(reader.stream))
        return self._on(number, reader.packets() if reader.seek(own) else reader.from_start())

    def _on(self, number: int, packets: Iterator[Packet[Stream]]) -> Iterator[Packet[Stream]]:
        """Yields the packets of that piece, and of all that follow it."""
        if not self._pieces:
            return packets
        rest = (self._joined(later, self._piece(later).from_start()) for later in range(number + 1, len(self._pieces)))
        return chain(self._joined(number, packets), chain.from_iterable(rest))

    def _joined(self, number: int, packets: Iterator[Packet[Stream]]) -> Iterator[Packet[Stream]]:
        """Yields the packets with times of the joined clock, in ticks of `stream`."""
        step, offset = time_base(self.stream), self._offset(number)
        for packet in packets:
            own = packet.time_base
            scale, by = own / step, round(offset / step)
            packet.pts = None if packet.pts is None else round(packet.pts * scale) + by
            packet.dts = None if packet.dts is None else round(packet.dts * scale) + by
            if scale != 1:
                packet.duration = round((packet.duration or 0) * scale)
                packet.time_base = step
            yield packet

    def _offset(self, number: int) -> Any:
        from fractions import Fraction

        return Fraction(self._pieces[number].offset).limit_denominator(10**9)

    def _piece(self, number: int) -> Reader:
        """Returns a piece's reader. Only the last one stays open, because each holds buffers and a decoder."""
        if number == 0 or not self._pieces:
            return self._first
        if self._last[0] != number:
            self._last = (number, self._reader(number))
        return self._last[1]

    def _reader(self, number: int) -> Reader:
        ranges = self._pieces[number].ranges if self._pieces else ()
        return Reader(self._path, self._index, ranges=ranges, like=self._like, ready=self._ready)
