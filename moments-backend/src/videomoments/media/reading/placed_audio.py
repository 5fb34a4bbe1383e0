"""Places audio on the timeline, gapless and exact to the sample. Runs only in the child."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from fractions import Fraction
from itertools import chain, dropwhile
from pathlib import Path

from av.audio.codeccontext import AudioCodecContext
from av.audio.fifo import AudioFifo
from av.audio.frame import AudioFrame
from av.audio.resampler import AudioResampler
from av.audio.stream import AudioStream as AvAudio
from av.packet import Packet
from av.stream import Stream

from videomoments.media.reading.packets import decode, decoder_of, time_base
from videomoments.media.reading.reader import Track
from videomoments.media.types import MediaInfo

# Decoders need some packets before their first correct sample: AAC one (21 ms), Opus 80 ms, MP3 its bit reservoir.
_PREROLL = 0.15
# Packets that are more seconds before that are not decoded, when a seek lands too early or a file was opened again.
_ENOUGH = 2.0
# A smaller deviation of a timestamp is jitter (Matroska counts milliseconds); a larger one is a gap or an overlap, corrected at once.
_TOLERANCE = 0.010
# A longer jump back is a clock that was reset, not an overlap to drop.
_RESET = 2.0
# Samples of a block: a call per decoded frame would cost as much as the decoding.
BLOCK_SAMPLES = 32_768


class PlacedAudio:
    """Decodes one source's audio from any point. It has its own container, because pictures are read elsewhere at their own pace.

    `faults` counts packets that did not decode; silence takes their place.
    """

    def __init__(self, path: Path, info: MediaInfo) -> None:
        assert info.audio is not None
        self._track = Track(path, info.audio.index, info.clock.sound if info.clock else (), _ready)
        self._step = time_base(self._track.stream)
        self._zero = Fraction(info.start_pts).limit_denominator(10**9)
        # For the time of every frame: fractions would cost half as much as decoding it.
        self._tick, self._offset = float(self._step), float(self._zero)
        self.faults = 0
        self.packets = 0

    def close(self) -> None:
        self._track.close()

    def blocks(self, start: float, end: float, *, pad: bool) -> Iterator[AudioFrame]:
        """Yields frames in the source's own format, without a gap, from `start` to `end` seconds, with silence where there is no audio.

        With `pad` the range is filled to its very end; otherwise it ends with the audio. A frame's `pts` counts samples after `start`.
        """
        fifo = AudioFifo()
        given = 0

        def block() -> AudioFrame:
            nonlocal given
            frame = fifo.read(fifo.samples)
            assert frame is not None
            frame.pts, frame.time_base = given, Fraction(1, frame.sample_rate)
            given += frame.samples
            return frame

        for piece in self.pieces(start, end, pad=pad):
            # The times are ours; the queue would compare them with its own count.
            piece.pts = None
            fifo.write(piece)
            if fifo.samples >= BLOCK_SAMPLES:
                yield block()
        if fifo.samples:
            yield block()

    def pieces(self, start: float, end: float, *, pad: bool) -> Iterator[AudioFrame]:
        """Yields the same, frame by frame as they are decoded: for a filter graph, which gathers them at no cost."""
        placed = self._placed(start)
        first = next(placed, None)
        if first is None:
            return
        line = _Line(first[1], start, end)
        yield from line.put(*first)
        for at, frame in placed:
            if line.follows(at, frame):
                yield frame
            elif line.full:
                break
            else:
                yield from line.put(at, frame)
        if pad:
            yield from line.fill()

    def _placed(self, start: float) -> Iterator[tuple[float, AudioFrame]]:
        """Yields decoded frames with their times, from a little before `start`."""
        frames = (frame for frame in self._decoded(self._packets(start)) if frame.samples)
        first = next(frames, None)
        if first is None:
            return
        second = next(frames, None)
        at, last = self._time(first), first
        if second is not None and second.pts is not None and first.samples < second.samples:
            # It has lost its encoder's padding but still has the untrimmed time: the second frame's time shows where it belongs.
            at = self._time(second) - first.samples / first.sample_rate
        yield at, first
        tick, offset = self._tick, self._offset
        for frame in frames if second is None else chain((second,), frames):
            pts = frame.pts
            # Of several frames in a packet (ADPCM, Monkey's Audio) only the first has a time.
            at = pts * tick - offset if pts is not None else at + last.samples / last.sample_rate
            last = frame
            yield at, frame

    def _packets(self, start: float) -> Iterator[Packet[Stream]]:
        """Yields packets from early enough before `start` that the decoder is ready there. Earlier packets are not decoded."""
        if start <= _PREROLL:
            return self._track.from_start()
        wanted = int((self._zero + Fraction(start - _PREROLL)) / self._step)
        enough = round(_ENOUGH / self._step)
        late = round(_PREROLL / self._step)
        found = self._track.packets_from(wanted, by=wanted + late)
        return dropwhile(lambda packet: (packet.pts or 0) < wanted - enough, found)

    def _decoded(self, packets: Iterable[Packet[Stream]]) -> Iterator[AudioFrame]:
        context: AudioCodecContext | None = None
        for packet in packets:
            own: AudioCodecContext = decoder_of(packet)
            if own is not context:
                # Each piece has its own decoder.
                yield from decode(context, None) or () if context is not None else ()
                context = own
                context.flush_buffers()
            self.packets += 1
            frames = decode(context, packet)
            self.faults += frames is None
            yield from frames or ()
        yield from decode(context, None) or () if context is not None else ()

    def _time(self, frame: AudioFrame) -> float:
        at = frame.pts if frame.pts is not None else frame.dts or 0
        return at * self._tick - self._offset


def _ready(stream: AvAudio) -> None:
    stream.codec_context.thread_count = 1


class _Line:
    """Places frames end to end on a grid of samples. `template` gives the format and the rate."""

    def __init__(self, template: AudioFrame, start: float, end: float) -> None:
        self._format = template.format.name
        self._layout = template.layout.name
        self._rate = template.sample_rate
        self._step = template.time_base
        self._start = start
        self._total = max(0, round((end - start) * self._rate))
        self._taken = 0
        self._shift = 0
        self._begun = False
        # When the next frame is due, in seconds, if it continues where the last one ended.
        self._due = start
        self._convert: AudioResampler | None = None

    @property
    def full(self) -> bool:
        return self._taken >= self._total

    def follows(self, at: float, frame: AudioFrame) -> bool:
        """Accepts a frame that continues just where the last one ended, as nearly all do, and sets its position as `pts`. Returns whether
        it did."""
        samples = frame.samples
        if abs(at - self._due) > _TOLERANCE or self._taken + samples > self._total or not self._begun or not self._is_alike(frame):
            return False
        frame.pts = self._taken
        self._taken += samples
        self._due += samples / self._rate
        return True

    def put(self, at: float, frame: AudioFrame) -> Iterator[AudioFrame]:
        for piece in self._alike(frame):
            yield from self._put(at, piece)
            at += piece.samples / self._rate

    def fill(self) -> Iterator[AudioFrame]:
        """Yields silence to the very end."""
        return self._silence(self._total - self._taken)

    def _put(self, at: float, frame: AudioFrame) -> Iterator[AudioFrame]:
        gap = round((at - self._start) * self._rate) + self._shift - self._taken
        if self._begun and gap < -_RESET * self._rate:
            self._shift -= gap
            gap = 0
        if self._begun and abs(gap) <= _TOLERANCE * self._rate:
            gap = 0
        if gap + frame.samples <= 0:
            return
        self._begun = True
        if gap > 0:
            yield from self._silence(min(gap, self._total - self._taken))
        skipped = max(0, -gap)
        kept = min(frame.samples - skipped, self._total - self._taken)
        if kept > 0:
            yield self.counted(frame if kept == frame.samples else _stretch_of(frame, skipped, kept))

    def _silence(self, samples: int) -> Iterator[AudioFrame]:
        while samples > 0:
            frame = AudioFrame(self._format, self._layout, min(samples, BLOCK_SAMPLES))
            frame.sample_rate = self._rate
            level = b"\x80" if self._format.startswith("u8") else b"\0"
            for plane in frame.planes:
                plane.update(level * plane.buffer_size)
            samples -= frame.samples
            yield self.counted(frame)

    def counted(self, frame: AudioFrame) -> AudioFrame:
        """Returns the frame with its position on the grid as `pts`. The time base stays, because setting it costs as much as everything
        else."""
        frame.pts = self._taken
        self._taken += frame.samples
        # Computed again from the count, so that the sum in `follows` does not drift.
        self._due = self._start + (self._taken - self._shift) / self._rate
        return frame

    def _is_alike(self, frame: AudioFrame) -> bool:
        return frame.sample_rate == self._rate and frame.format.name == self._format and frame.layout.name == self._layout

    def _alike(self, frame: AudioFrame) -> list[AudioFrame]:
        """Returns `frame` in the template's format: a stream may change its format."""
        if self._is_alike(frame):
            return [frame]
        frame.pts = None
        try:
            if self._convert is None:
                self._convert = AudioResampler(self._format, self._layout, self._rate)
            converted = self._convert.resample(frame)
        except ValueError:
            self._convert = AudioResampler(self._format, self._layout, self._rate)
            converted = self._convert.resample(frame)
        for piece in converted:
            # A queue of frames takes only one time base.
            piece.time_base = self._step
        return converted


def _stretch_of(frame: AudioFrame, first: int, samples: int) -> AudioFrame:
    """Returns `samples` of the frame, from `first` on."""
    fifo = AudioFifo()
    frame.pts = None
    fifo.write(frame)
    if first:
        fifo.read(first)
    kept = fifo.read(samples)
    assert kept is not None
    return kept
