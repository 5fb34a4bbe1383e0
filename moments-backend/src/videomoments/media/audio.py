"""Sound placed on the timeline, gapless and exact to the sample. In the child only."""

from __future__ import annotations

import wave
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

from av.audio.fifo import AudioFifo
from av.audio.frame import AudioFrame
from av.audio.resampler import AudioResampler
from av.audio.stream import AudioStream as AvAudio

from videomoments.core.errors import UnsupportedMedia
from videomoments.media.measure import decode, packets_of, rewind, seek
from videomoments.media.opening import only, open_source, time_base
from videomoments.media.progress import Progress
from videomoments.media.types import AudioStream, MediaInfo

SPEECH_RATE = 16_000
# Decoders need some packets before the first right sample: AAC one (21 ms), Opus 80 ms, MP3 its bit reservoir.
_PREROLL = 0.15
# Timestamps that are off by less are jitter (Matroska counts milliseconds); more is a gap or an overlap, put right at once.
_TOLERANCE = 0.010
# A jump back further than this is a clock that was set anew, not an overlap to drop.
_RESET = 2.0
# Samples handed on at once: a call per decoded frame would cost as much as the decoding.
_BATCH = 32_768


class PlacedAudio:
    """One source's sound, decoded from any point. It has its own container: pictures are read elsewhere, at their own pace.

    `faults` counts packets that did not decode; silence stands in their place.
    """

    def __init__(self, path: Path, facts: AudioStream, start_pts: float) -> None:
        self._container = open_source(path)
        stream = self._container.streams[facts.index]
        assert isinstance(stream, AvAudio)
        self._stream = stream
        self._step = time_base(stream)
        self._zero = Fraction(start_pts).limit_denominator(10**9)
        only(self._container, stream)
        stream.codec_context.thread_count = 1
        self.faults = 0
        self.packets = 0

    def close(self) -> None:
        self._container.close()

    def blocks(self, start: float, end: float, *, pad: bool) -> Iterator[AudioFrame]:
        """Frames in the source's own format, without a gap, from `start` to `end` seconds; silence stands where there is no sound.

        With `pad` the stretch is filled to its very end, else it ends with the sound. A frame's `pts` counts samples after `start`.
        """
        line: _Line | None = None
        for at, frame in self._placed(start):
            if line is None:
                line = _Line(frame, start, end)
            yield from line.put(at, frame)
            if line.full:
                break
        if line is not None:
            yield from line.finish(pad)

    def _placed(self, start: float) -> Iterator[tuple[float, AudioFrame]]:
        """Decoded frames with their times, from a little before `start`."""
        if start > _PREROLL:
            seek(self._container, self._stream, int((self._zero + Fraction(start - _PREROLL)) / self._step))
        else:
            rewind(self._container, self._stream)
        frames = (frame for frame in self._decoded() if frame.samples)
        first = next(frames, None)
        if first is None:
            return
        second = next(frames, None)
        at = self._time(first)
        if second is not None and first.samples < second.samples:
            # It has lost its encoder's padding but kept the uncut time: the second frame tells where it belongs.
            at = self._time(second) - first.samples / first.sample_rate
        yield at, first
        if second is not None:
            yield self._time(second), second
        for frame in frames:
            yield self._time(frame), frame

    def _decoded(self) -> Iterator[AudioFrame]:
        context = self._stream.codec_context
        for packet in packets_of(self._container, self._stream):
            self.packets += 1
            frames = decode(context, packet)
            self.faults += frames is None
            yield from frames or ()
        yield from decode(context, None) or ()

    def _time(self, frame: AudioFrame) -> float:
        at = frame.pts if frame.pts is not None else frame.dts or 0
        return float(at * self._step - self._zero)


class _Line:
    """Lays frames end to end on a grid of samples; `template` gives the format and the rate."""

    def __init__(self, template: AudioFrame, start: float, end: float) -> None:
        self._format = template.format.name
        self._layout = template.layout.name
        self._rate = template.sample_rate
        self._start = start
        self._total = max(0, round((end - start) * self._rate))
        self._fifo = AudioFifo()
        self._taken = 0
        self._given = 0
        self._shift = 0
        self._begun = False
        self._convert: AudioResampler | None = None

    @property
    def full(self) -> bool:
        return self._taken >= self._total

    def put(self, at: float, frame: AudioFrame) -> Iterator[AudioFrame]:
        for piece in self._alike(frame):
            yield from self._put(at, piece)
            at += piece.samples / self._rate

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
        if gap < 0:
            # The head is cut off by reading it away, so everything before it has to leave first.
            yield from self._give(self._fifo.samples)
        self._write(frame)
        if gap < 0:
            self._fifo.read(-gap)
            self._taken += gap
        if self._fifo.samples >= _BATCH:
            yield from self._give(self._fifo.samples)

    def finish(self, pad: bool) -> Iterator[AudioFrame]:
        if pad:
            yield from self._silence(self._total - self._taken)
        yield from self._give(self._fifo.samples)

    def _silence(self, samples: int) -> Iterator[AudioFrame]:
        while samples > 0:
            frame = AudioFrame(self._format, self._layout, min(samples, _BATCH))
            frame.sample_rate = self._rate
            level = b"\x80" if self._format.startswith("u8") else b"\0"
            for plane in frame.planes:
                plane.update(level * plane.buffer_size)
            samples -= frame.samples
            self._write(frame)
            yield from self._give(self._fifo.samples)

    def _write(self, frame: AudioFrame) -> None:
        # Times are ours from here on; the queue would compare them with its own count.
        frame.pts = None
        self._fifo.write(frame)
        self._taken += frame.samples

    def _give(self, samples: int) -> Iterator[AudioFrame]:
        samples = min(samples, self._total - self._given)
        if samples <= 0:
            return
        frame = self._fifo.read(samples)
        if frame is None:
            return
        frame.pts = self._given
        frame.time_base = Fraction(1, self._rate)
        self._given += frame.samples
        yield frame

    def _alike(self, frame: AudioFrame) -> list[AudioFrame]:
        """`frame` in the template's format: a stream may change it half way."""
        if (frame.format.name, frame.layout.name, frame.sample_rate) == (self._format, self._layout, self._rate):
            return [frame]
        frame.pts = None
        try:
            if self._convert is None:
                self._convert = AudioResampler(self._format, self._layout, self._rate)
            return self._convert.resample(frame)
        except ValueError:
            self._convert = AudioResampler(self._format, self._layout, self._rate)
            return self._convert.resample(frame)


def extract_audio(source: Path, target: Path, info: MediaInfo, progress: Progress) -> None:
    """Writes 16 kHz mono s16 WAV whose sample 0 lies at the timeline's 0. Raises `UnsupportedMedia` where most does not decode."""
    assert info.audio is not None
    sound = PlacedAudio(source, info.audio, info.start_pts)
    resampler = AudioResampler("s16", "mono", SPEECH_RATE)
    written = 0
    with wave.open(str(target), "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(SPEECH_RATE)
        for block in sound.blocks(0.0, info.duration, pad=False):
            written += _write(out, resampler.resample(block))
            progress(min(1.0, written / SPEECH_RATE / info.duration))
        written += _write(out, resampler.resample(None))
    sound.close()
    if not written or sound.faults * 2 > sound.packets:
        raise UnsupportedMedia("Most of the sound does not decode.", code="unsupported_codec", advice="Convert it to MP4 (H.264, AAC).")


def _write(out: wave.Wave_write, frames: list[AudioFrame]) -> int:
    samples = 0
    for frame in frames:
        out.writeframesraw(memoryview(frame.planes[0])[: frame.samples * 2])
        samples += frame.samples
    return samples
