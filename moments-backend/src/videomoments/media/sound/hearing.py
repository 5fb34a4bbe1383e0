"""Decides whether an audio track has speech, from cheap signs and without a model, to choose among the tracks of a file. Runs only in the
child.

Speech consists of syllables: its loudness swings (by far more than music's), and its spectrum moves between vowels and consonants, which no
tone, signal or hiss does. That is enough to distinguish a microphone from a silent or a humming track. It is never used to find speech.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from av.audio.codeccontext import AudioCodecContext
from av.audio.resampler import AudioResampler
from av.audio.stream import AudioStream as AvAudio
from av.packet import Packet
from av.stream import Stream

from videomoments.media.reading.packets import decode, decoder_of, time_base
from videomoments.media.reading.reader import Reader

Samples = npt.NDArray[np.int16]

_RATE = 8_000
# Pieces of 2 s, each judged by itself. Of a long recording, so many stretches of two pieces, evenly spread.
_PIECE = 2 * _RATE
_STRETCH = 2 * _PIECE
_STRETCHES = 45
_WINDOW, _HOP = 256, 128
# Bins of the spectrum from 125 to 3,750 Hz, the range of speech.
_BAND = slice(4, 120)
_BIN_HERTZ = _RATE / _WINDOW
# Peaks below this (-66 dBFS) are silence, as in `silences`.
_SILENT_PEAK = 16
# A piece whose loudest moment is below -60 dBFS is not judged as speech.
_FAINT = 70.0
# dB below the loudest moment of a piece: how far its level is followed, and what still counts as sounding.
_DEPTH, _SOUNDING = 40.0, 25.0
# At least so much swing of the level in dB, movement of the spectrum's centre in Hz, and share of 2 to 8 Hz in the envelope. Measured:
# speech 12 dB, 270 to 790 Hz, 0.16 to 0.45; a piano with drums 2.6 dB; beeps 10 Hz; noise 0.6 dB.
_LEAST_SWING, _LEAST_MOVEMENT, _LEAST_SYLLABLES = 4.5, 120.0, 0.06


@dataclass(frozen=True, slots=True)
class Heard:
    """What was measured of a track. `peak` is the highest sample (16 bit; 0 also where nothing decodes), `pieces` the number of pieces of 2
    s that were analysed, and `speech` the share of them that sounds like speech."""

    peak: int
    speech: float
    pieces: int

    @property
    def silent(self) -> bool:
        return self.peak <= _SILENT_PEAK


def hear(path: Path, index: int, tick: Callable[[], None]) -> Heard:
    """Analyses the stream `index`: all of a file of up to three minutes, else as much of it, evenly spread."""
    peak, speaking, pieces = 0, 0, 0
    reader = Reader(path, index, ready=_one_thread)
    for samples in _stretches(reader):
        tick()
        peak = max(peak, int(np.abs(samples.astype(np.int32)).max(initial=0)))
        for first in range(0, max(1, len(samples) - _PIECE // 2), _PIECE):
            pieces += 1
            speaking += sounds_like_speech(samples[first : first + _PIECE])
    reader.container.close()
    return Heard(peak, speaking / pieces if pieces else 0.0, pieces)


def _one_thread(stream: AvAudio) -> None:
    stream.codec_context.thread_count = 1


def _stretches(reader: Reader) -> Iterator[Samples]:
    """Yields mono samples at 8 kHz, from places all over the file, or from its beginning where it can't seek."""
    length = (reader.container.duration or 0) / 1e6
    if length * _RATE <= _STRETCHES * _STRETCH:
        yield from _blocks(reader.from_start(), _STRETCHES)
        return
    step = time_base(reader.stream)
    start = (reader.container.start_time or 0) / 1e6
    for number in range(_STRETCHES):
        if not reader.seek(round((start + length * (number + 0.5) / _STRETCHES) / step)):
            yield from _blocks(reader.from_start(), _STRETCHES)
            return
        reader.stream.codec_context.flush_buffers()
        yield from _blocks(reader.packets(), 1)


def _blocks(packets: Iterator[Packet[Stream]], most: int) -> Iterator[Samples]:
    """Yields at most `most` stretches of these packets. What does not decode is left out."""
    resampler = AudioResampler("s16", "mono", _RATE)
    held: list[Samples] = []
    count = 0
    for packet in packets:
        context: AudioCodecContext = decoder_of(packet)
        for frame in decode(context, packet) or ():
            frame.pts = None
            try:
                held += [np.frombuffer(memoryview(made.planes[0]), np.int16)[: made.samples].copy() for made in resampler.resample(frame)]
            except ValueError:  # the stream has changed its format
                resampler = AudioResampler("s16", "mono", _RATE)
        if sum(map(len, held)) >= _STRETCH:
            whole = np.concatenate(held)
            yield whole[:_STRETCH]
            held = [whole[_STRETCH:]]
            count += 1
            if count == most:
                return
    if held and sum(map(len, held)):
        yield np.concatenate(held)


def sounds_like_speech(samples: Samples) -> bool:
    """Returns whether the level and the spectrum of a piece of 8 kHz mono audio vary as those of speech do. False below half a second."""
    if len(samples) < _RATE // 2:
        return False
    framed = np.lib.stride_tricks.sliding_window_view(samples.astype(np.float32), _WINDOW)[::_HOP]
    power = np.abs(np.fft.rfft(framed * np.hanning(_WINDOW), axis=1))[:, _BAND] ** 2
    whole = power.sum(axis=1)
    level = 10 * np.log10(whole + 1.0)
    top = level.max()
    if top < _FAINT:
        return False
    level = np.maximum(level, top - _DEPTH)
    hertz = np.arange(_BAND.start, _BAND.stop) * _BIN_HERTZ
    centre = (power @ hertz) / (whole + 1.0)
    envelope = 10 ** (level / 20)
    envelope /= envelope.mean()
    swings = np.abs(np.fft.rfft(envelope - envelope.mean())) ** 2 / len(envelope) ** 2
    rates = np.fft.rfftfreq(len(envelope), _HOP / _RATE)
    return bool(
        level.std() >= _LEAST_SWING
        and centre[level > top - _SOUNDING].std() >= _LEAST_MOVEMENT
        and swings[(rates >= 2) & (rates <= 8)].sum() >= _LEAST_SYLLABLES
    )
