"""Finds where somebody speaks, with Silero's voice activity model, and makes the chunks of speech that a recogniser gets.

The ONNX file is the one in faster-whisper's package (MIT). It is read as data; the package is not imported for it.
"""

from __future__ import annotations

import importlib.util
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from moments_models.audio import RATE, samples, wav_duration
from moments_models.engine_contract import Task

if TYPE_CHECKING:
    from numpy.typing import NDArray

WINDOW = 512
"""Samples of one decision (32 ms)."""
_CONTEXT = 64
_BLOCK = 1875  # windows: one minute

_SPEECH, _SILENCE = 0.5, 0.35
"""A region begins above the first probability and ends below the second one."""
_MIN_SPEECH = 0.25
_MIN_PEAK = 0.7
"""A region whose best window is less certain than this is noise that resembles speech."""
_MIN_PAUSE = 0.2
_LONG_GAP = 2.0
"""Seconds without speech that are listened to a second time."""
_PAD = 0.2
"""Seconds of sound added on either side of a region."""
_KEPT_PAUSE = 1.0
"""A longer pause inside a chunk is shortened to this; recognisers invent words in silence."""
_SLACK = 0.3
"""Seconds by which the times that a recogniser gives a word may miss its sound."""
_NEAR = 0.6
"""Stretches of speech without words that lie nearer than this are one."""
LOOKED_INTO, TOLD = 0.6, 1.0
"""Seconds of speech without words from which on it is played again, and reported as not understood: less is a breath, a laugh, an "uh"."""
PROGRESS_SHARE = 0.04
"""Part of the whole work of recognition that finding the speech takes, for progress bars."""
LONGEST_CHUNK = 28.0
"""Seconds; Whisper's window is 30, and a chunk should never be cut by it."""


@dataclass(frozen=True, slots=True)
class SpeechPiece:
    """A stretch of the recording inside a chunk, in samples: `start` in the recording, `offset` in the chunk."""

    start: int
    offset: int
    length: int


@dataclass(frozen=True, slots=True)
class Chunk:
    """Speech of at most 28 s, made of pieces of the recording."""

    pieces: tuple[SpeechPiece, ...]

    @property
    def length(self) -> int:
        last = self.pieces[-1]
        return last.offset + last.length

    @property
    def end(self) -> int:
        """Returns the last sample in the recording, exclusive."""
        last = self.pieces[-1]
        return last.start + last.length

    def part(self, start: int, end: int) -> Chunk:
        """Returns what the chunk holds of a stretch of the recording, in samples: the long pauses that it leaves out stay left out. The
        stretch must overlap with the chunk."""
        pieces: list[SpeechPiece] = []
        for piece in self.pieces:
            first, last = max(start, piece.start), min(end, piece.start + piece.length)
            if first < last:
                offset = pieces[-1].offset + pieces[-1].length if pieces else 0
                pieces.append(SpeechPiece(first, offset, last - first))
        return Chunk(tuple(pieces))

    def read(self, wav: Path) -> NDArray[np.float32]:
        """Returns the chunk's samples."""
        return np.concatenate([samples(wav, piece.start, piece.length) for piece in self.pieces])

    def span(self, start: float, end: float) -> tuple[float, float]:
        """Returns times in the chunk as times in the recording, in seconds. A span over a seam belongs to the piece that holds more of
        it."""
        first, last = start * RATE, max(end, start) * RATE

        def shared(piece: SpeechPiece) -> float:
            return min(last, piece.offset + piece.length) - max(first, piece.offset)

        piece = max(self.pieces, key=shared)
        low, high = piece.offset, piece.offset + piece.length
        shift = piece.start - piece.offset
        return (min(max(first, low), high) + shift) / RATE, (min(max(last, low), high) + shift) / RATE


@dataclass(frozen=True, slots=True)
class Speech:
    """The speech in a recording: `probabilities` of each 32 ms window, and the chunks that a recogniser gets."""

    probabilities: NDArray[np.float32]
    chunks: tuple[Chunk, ...]
    spoken: NDArray[np.bool_]
    """Which windows lie in a region of speech."""

    def voice(self, spans: Sequence[tuple[float, float]]) -> float:
        """Returns how surely somebody speaks in spans (seconds), 0 to 1: the 75th percentile of their windows, because words contain
        pauses."""
        last = max(0, len(self.probabilities) - 1)
        parts = [
            self.probabilities[min(int(start * RATE / WINDOW), last) : max(int(start * RATE / WINDOW) + 1, math.ceil(end * RATE / WINDOW))]
            for start, end in spans
        ]
        return float(np.percentile(np.concatenate(parts), 75)) if parts and len(self.probabilities) else 0.0

    def unexplained(
        self, start: float, end: float, explained: Sequence[tuple[float, float]], shortest: float = TOLD
    ) -> list[tuple[float, float]]:
        """Returns stretches between two times, in seconds, with at least `shortest` seconds of speech that no span of `explained`
        covers."""
        first, last = int(start * RATE / WINDOW), math.ceil(end * RATE / WINDOW)
        open_ = self.spoken[first:last].copy()
        for begin, stop in explained:
            low, high = int((begin - _SLACK) * RATE / WINDOW) - first, math.ceil((stop + _SLACK) * RATE / WINDOW) - first
            open_[max(0, low) : max(0, high)] = False
        edges = np.flatnonzero(np.diff(np.concatenate([[False], open_, [False]]).astype(np.int8)))
        spans = [(_seconds(first + a), _seconds(first + b)) for a, b in zip(edges[::2], edges[1::2], strict=True)]
        return [(a, b) for a, b in _merged(spans, _NEAR) if self._spoken_seconds(a, b) >= shortest]

    def _spoken_seconds(self, start: float, end: float) -> float:
        return float(self.spoken[int(start * RATE / WINDOW) : math.ceil(end * RATE / WINDOW)].sum()) * WINDOW / RATE

    def phrases(self, start: float, end: float, shortest: float, longest: float) -> list[tuple[float, float]]:
        """Returns the phrases of speech between two times (seconds). They are cut at pauses, and without a pause where it is least like
        speech. Each lasts at most `longest`, and at least `shortest` where there is so much speech."""
        first, last = int(start * RATE / WINDOW), math.ceil(end * RATE / WINDOW)
        edges = np.flatnonzero(np.diff(np.concatenate([[False], self.spoken[first:last], [False]]).astype(np.int8)))
        found: list[tuple[float, float]] = []
        for a, b in zip(edges[::2], edges[1::2], strict=True):
            low, high = _seconds(first + a), _seconds(first + b)
            if found and (found[-1][1] - found[-1][0] < shortest or high - low < shortest) and high - found[-1][0] <= longest:
                found[-1] = (found[-1][0], high)
            else:
                found.append((low, high))
        return [part for low, high in found for part in self._short(low, high, longest)]

    def _short(self, start: float, end: float, longest: float) -> Iterator[tuple[float, float]]:
        if end - start <= longest:
            yield start, end
            return
        for half in self.halves(self.piece(start, end), middle=0.6):
            yield from self._short(half.pieces[0].start / RATE, half.end / RATE, longest)

    def piece(self, start: float, end: float) -> Chunk:
        """Returns a stretch of the recording (seconds) as a chunk of its own."""
        total = len(self.probabilities) * WINDOW
        first = max(0, min(int(start * RATE), total - WINDOW))
        return Chunk((SpeechPiece(first, 0, max(WINDOW, min(int(end * RATE), total) - first)),))

    def halves(self, chunk: Chunk, middle: float = 0.05) -> tuple[Chunk, Chunk]:
        """Returns the two halves of a chunk, cut where its middle half is least like speech. `middle` is the cost of the edges, a
        probability."""
        low, high = chunk.length // 4, chunk.length - chunk.length // 4
        windows = np.concatenate([_windows(piece, low, high) for piece in chunk.pieces])
        smooth = _smoothed(self.probabilities[windows])
        cut = int(windows[(smooth + middle * np.abs(np.linspace(-1, 1, len(smooth)))).argmin()]) * WINDOW
        return chunk.part(chunk.pieces[0].start, cut), chunk.part(cut, chunk.end)


def _windows(piece: SpeechPiece, low: int, high: int) -> NDArray[np.int64]:
    """Returns the windows of the recording that a piece holds of its chunk's samples [low, high)."""
    first, last = max(low, piece.offset), min(high, piece.offset + piece.length)
    shift = piece.start - piece.offset
    return np.arange((first + shift) // WINDOW, max((first + shift) // WINDOW + 1, (last + shift) // WINDOW) if first < last else 0)


def _smoothed(probabilities: NDArray[np.float32]) -> NDArray[np.float64]:
    """Returns running means of three. The edges are repeated, because padding with zeros would make them less like speech."""
    return np.convolve(np.pad(probabilities, 1, mode="edge"), np.ones(3) / 3, mode="valid")


def _seconds(window: int) -> float:
    return round(int(window) * WINDOW / RATE, 3)


def _merged(spans: Sequence[tuple[float, float]], near: float) -> list[tuple[float, float]]:
    found: list[tuple[float, float]] = []
    for start, end in spans:
        if found and start - found[-1][1] <= near:
            found[-1] = (found[-1][0], end)
        else:
            found.append((start, end))
    return found


def listen(wav: Path, task: Task) -> Speech:
    """Finds the speech in a 16 kHz mono WAV file."""
    total = -(-int(wav_duration(wav) * RATE) // WINDOW)
    probabilities = _listened(wav, 0, total, task)
    for first, last in _gaps(_regions(probabilities), len(probabilities)):
        # The model has a state: after a loud voice it can take a quiet one for noise, for minutes. With a fresh state it finds it.
        anew = _listened(wav, first, last, task, silent=True)
        probabilities[first:last] = np.maximum(probabilities[first:last], anew)
    regions = list(_regions(probabilities))
    spoken = np.zeros(len(probabilities), bool)
    for first, last in regions:
        spoken[first:last] = True
    return Speech(probabilities, tuple(plan_chunks(probabilities, iter(regions))), spoken)


def _gaps(regions: Iterator[tuple[int, int]], total: int) -> Iterator[tuple[int, int]]:
    """Yields the windows [first, last) of the long stretches outside of the regions."""
    heard_to = 0
    for first, last in [*regions, (total, total)]:
        if (first - heard_to) * WINDOW >= _LONG_GAP * RATE:
            yield heard_to, first
        heard_to = last


def _listened(wav: Path, first: int, last: int, task: Task, *, silent: bool = False) -> NDArray[np.float32]:
    """Returns the speech probability of the 32 ms windows [first, last), from a fresh state of the model. `silent`: progress is not
    reported."""
    model = _load()
    found: list[NDArray[np.float32]] = [np.zeros(0, np.float32)]
    h = c = np.zeros((1, 1, 128), np.float32)
    tail = np.zeros(_CONTEXT, np.float32)
    for at in range(first, last, _BLOCK):
        count = min(_BLOCK, last - at)
        if silent:
            task.check()
        else:
            task.report(PROGRESS_SHARE * at * WINDOW / RATE, last * WINDOW / RATE)
        block = samples(wav, at * WINDOW, count * WINDOW)
        windows = np.pad(block, (0, count * WINDOW - len(block))).reshape(-1, WINDOW)
        context = np.vstack([tail[None], windows[:-1, -_CONTEXT:]])
        tail = windows[-1, -_CONTEXT:]
        output, h, c = model.run(None, {"input": np.hstack([context, windows]), "h": h, "c": c})
        found.append(np.asarray(output, np.float32).reshape(-1))
    return np.concatenate(found)


@lru_cache(maxsize=1)
def _load() -> Any:
    import onnxruntime  # type: ignore[import-untyped]

    package = importlib.util.find_spec("faster_whisper")
    assert package is not None
    assert package.origin is not None
    options = onnxruntime.SessionOptions()
    options.inter_op_num_threads = options.intra_op_num_threads = 1
    options.enable_cpu_mem_arena = False
    options.log_severity_level = 4
    path = Path(package.origin).parent / "assets" / "silero_vad_v6.onnx"
    return onnxruntime.InferenceSession(str(path), sess_options=options, providers=["CPUExecutionProvider"])


def _regions(probabilities: NDArray[np.float32]) -> Iterator[tuple[int, int]]:
    """Yields the windows [first, last) in which somebody speaks; pauses under 0.2 s are included."""
    pause = int(_MIN_PAUSE * RATE / WINDOW)
    first: int | None = None
    quiet = 0
    for index, probability in enumerate(np.append(probabilities, np.zeros(pause + 1, np.float32))):
        if first is None:
            if probability >= _SPEECH:
                first, quiet = index, 0
            continue
        quiet = quiet + 1 if probability < _SILENCE else 0
        if quiet > pause:
            last = index - quiet + 1
            if (last - first) * WINDOW >= _MIN_SPEECH * RATE and probabilities[first:last].max() >= _MIN_PEAK:
                yield first, last
            first = None


def plan_chunks(probabilities: NDArray[np.float32], regions: Iterator[tuple[int, int]]) -> list[Chunk]:
    """Packs regions (in windows) into chunks. A region that is longer than a chunk is cut at its least speech-like window."""
    limit = int(LONGEST_CHUNK * RATE)
    total = len(probabilities) * WINDOW
    chunks: list[Chunk] = []
    pieces: list[SpeechPiece] = []
    for start, end in _padded(regions, probabilities, total):
        if pieces:
            joined = _join(pieces, start, end)
            if joined[-1].offset + joined[-1].length <= limit:
                pieces = joined
                continue
            chunks.append(Chunk(tuple(pieces)))
        pieces = [SpeechPiece(start, 0, end - start)]
    if pieces:
        chunks.append(Chunk(tuple(pieces)))
    return chunks


def _join(pieces: list[SpeechPiece], start: int, end: int) -> list[SpeechPiece]:
    last = pieces[-1]
    pause = start - (last.start + last.length)
    pause_samples = int(_KEPT_PAUSE * RATE)
    if pause <= pause_samples:
        return [*pieces[:-1], SpeechPiece(last.start, last.offset, end - last.start)]
    half = pause_samples // 2
    extended = SpeechPiece(last.start, last.offset, last.length + half)
    return [*pieces[:-1], extended, SpeechPiece(start - half, extended.offset + extended.length, end - start + half)]


def _padded(regions: Iterator[tuple[int, int]], probabilities: NDArray[np.float32], total: int) -> Iterator[tuple[int, int]]:
    """Yields regions in samples with their padding. None overlap, and none is longer than a chunk."""
    pad = int(_PAD * RATE)
    limit = int(LONGEST_CHUNK * RATE) - 2 * pad
    found = list(regions)
    for index, (first, last) in enumerate(found):
        # Each neighbour gets half of a short pause.
        before = (found[index - 1][1] + first) // 2 if index else 0
        after = (found[index + 1][0] + last) // 2 if index + 1 < len(found) else total // WINDOW
        edges = [first * WINDOW, *(cut * WINDOW for cut in _cuts(probabilities, first, last, limit // WINDOW)), last * WINDOW]
        edges[0] = max(edges[0] - pad, before * WINDOW)
        edges[-1] = min(edges[-1] + pad, after * WINDOW)
        yield from pairwise(edges)


def _cuts(probabilities: NDArray[np.float32], first: int, last: int, limit: int) -> Iterator[int]:
    """Yields where a region longer than `limit` windows is cut: at the window least like speech in the last 40 % of each stretch."""
    while last - first > limit:
        low = first + int(limit * 0.6)
        first = low + int(_smoothed(probabilities[low : first + limit]).argmin())
        yield first
