"""Reads waveforms of stored audio: a few thousand numbers of any stretch, and where the recording is quiet. Decodes nothing."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from videomoments.core.errors import NotFound
from videomoments.core.times import Interval
from videomoments.media.sound.silences import find_silences
from videomoments.media.sound.waveform import HEAD_BYTES, WaveformHeader, coarser, finest, pairs_in, stretch
from videomoments.storage.layout import waveform_key
from videomoments.storage.object_store import ObjectStore


@dataclass(frozen=True, slots=True)
class WaveformView:
    """A stretch of a waveform: `lows` and `highs` (-1 to 1), evenly from `start` to `end` seconds.

    `loudness` is the whole track's in LUFS, None where it is silent.
    """

    start: float
    end: float
    duration: float
    loudness: float | None
    lows: list[float]
    highs: list[float]


async def read_waveform(store: ObjectStore, audio_url: str | None, *, start: float, end: float | None, points: int) -> WaveformView:
    """Returns at most `points` pairs between `start` and `end` in seconds (None: the end of the recording).

    Reads the header and the bytes of that stretch at the coarsest step that fits. Raises NotFound (`waveform_not_found`).
    """
    if audio_url is None:
        raise NotFound("This video has no waveform.", code="waveform_not_found", advice="It is made when a run extracts the audio.")
    key = waveform_key(audio_url)
    try:
        header = WaveformHeader.parse(await store.read_range(key, 0, HEAD_BYTES))
    except NotFound:
        raise NotFound(
            "This video has no waveform.", code="waveform_not_found", advice="Its audio was extracted by an older version."
        ) from None
    last = min(end, header.duration) if end is not None else header.duration
    first = min(max(0.0, start), last)
    level = header.level_for(last - first, points)
    index, offset, length = stretch(level, first, last)
    pairs = coarser(pairs_in(await store.read_range(key, offset, offset + length)), points) if length else pairs_in(b"")
    shown = Interval(round(index * level.step, 3), round(min(index * level.step + length / 4 * level.step, header.duration), 3))
    scaled = (pairs / 32768).round(4)
    return WaveformView(shown.start, shown.end, header.duration, header.loudness, scaled[:, 0].tolist(), scaled[:, 1].tolist())


async def read_silences(store: ObjectStore, audio_url: str | None) -> list[Interval]:
    """Returns quiet stretches of the stored audio in seconds, exact to 10 ms; none where no waveform is stored."""
    if audio_url is None:
        return []
    try:
        found = await store.head(waveform_key(audio_url))
        data = await store.read_range(found.key, 0, found.size)
    except NotFound:
        return []
    return await asyncio.to_thread(lambda: find_silences(finest(data)))
