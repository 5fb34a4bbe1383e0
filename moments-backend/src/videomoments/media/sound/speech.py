"""Makes the speech track: 16 kHz mono, with its waveform and its loudness, in one pass over the audio. Runs only in the child."""

from __future__ import annotations

import wave
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

from av.audio.frame import AudioFrame
from av.filter import Graph
from av.filter.context import FilterContext

from videomoments.core.errors import UnsupportedMedia
from videomoments.media.progress import Progress
from videomoments.media.reading.placed_audio import BLOCK_SAMPLES, PlacedAudio
from videomoments.media.sound.loudness import LoudnessMeter
from videomoments.media.sound.waveform import WaveformWriter
from videomoments.media.types import MediaInfo

SPEECH_RATE = 16_000
# How many decoded frames go into the graph before its result is fetched: each fetch costs as much as decoding a frame.
_PUSHES = 32
# Samples of an output piece: large enough to make the work per piece negligible, small enough for the processor's cache.
_PIECE = 4 * SPEECH_RATE


def extract_speech(source: Path, target: Path, waveform: Path | None, info: MediaInfo, progress: Progress) -> None:
    """Writes 16 kHz mono s16 WAV whose sample 0 is at the timeline's 0, and its waveform where `waveform` is given.

    Raises `UnsupportedMedia` where most of the audio does not decode.
    """
    assert info.audio is not None
    sound = PlacedAudio(source, info)
    peaks = WaveformWriter(SPEECH_RATE) if waveform is not None else None
    loudness = LoudnessMeter(SPEECH_RATE) if waveform is not None else None
    written = 0
    with wave.open(str(target), "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(SPEECH_RATE)
        for piece in _pieces(sound.pieces(0.0, info.duration, pad=False)):
            samples = memoryview(piece.planes[0])[: piece.samples * 2]
            out.writeframesraw(samples)
            if peaks is not None and loudness is not None:
                peaks.add(samples)
                loudness.add(samples)
            written += piece.samples
            progress(min(1.0, written / SPEECH_RATE / info.duration))
    sound.close()
    if not written or sound.faults * 2 > sound.packets:
        raise UnsupportedMedia("Most of the sound does not decode.", code="unsupported_codec", advice="Convert it to MP4 (H.264, AAC).")
    if waveform is not None and peaks is not None and loudness is not None:
        waveform.write_bytes(peaks.finish(loudness=loudness.integrated()))


def _pieces(sound: Iterator[AudioFrame]) -> Iterator[AudioFrame]:
    """Yields the audio as 16 kHz mono s16, four seconds at a time; the last piece may be shorter."""
    first = next(sound, None)
    if first is None:
        return
    # The graph is referenced until the end, because its filters do not keep it alive.
    graph, source, sink = _graph(first)
    source.push(first)
    for number, piece in enumerate(sound):
        source.push(piece)
        if number % _PUSHES == 0:
            yield from _pulled(sink)
    source.push(None)
    yield from _pulled(sink)
    del graph


def _graph(first: AudioFrame) -> tuple[Graph, FilterContext, FilterContext]:
    """Returns the filter graph, its entry and its exit."""
    graph = Graph()
    nodes = [
        graph.add_abuffer(
            sample_rate=first.sample_rate, format=first.format, layout=first.layout, time_base=Fraction(1, first.sample_rate)
        ),
        # Gathered before and after: conversion has a cost per frame.
        graph.add("asetnsamples", f"n={BLOCK_SAMPLES}:p=0"),
        # Mixed down first, in floats: changing the rate, the slow part, is then done once and not per channel, and faster than in integers.
        graph.add("aresample", "ochl=mono:osf=fltp:rematrix_maxval=1"),
        graph.add("aformat", f"sample_fmts=s16:channel_layouts=mono:sample_rates={SPEECH_RATE}"),
        graph.add("asetnsamples", f"n={_PIECE}:p=0"),
        graph.add("abuffersink"),
    ]
    graph.link_nodes(*nodes).configure()
    return graph, nodes[0], nodes[-1]


def _pulled(sink: FilterContext) -> Iterator[AudioFrame]:
    while True:
        try:
            frame = sink.pull()
        except (BlockingIOError, EOFError):
            return
        assert isinstance(frame, AudioFrame)
        yield frame
