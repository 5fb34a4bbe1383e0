"""The baseline: the models of a run called directly, and one plain ffmpeg pass. No queue, no database, no HTTP, no checks."""

from __future__ import annotations

import subprocess
import time
import wave
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import imageio_ffmpeg  # type: ignore[import-untyped]

from moments_models.embedding import MiniLM
from moments_models.engines import ENGINES
from videomoments.inference.transcript import Word
from videomoments.media.cutting.encode import DELIVERED
from videomoments.moments.lines import build_lines

Span = tuple[float, float]


class _Unwatched:
    """A task for models that ignores progress."""

    def report(self, done: float, total: float) -> None:
        pass

    def check(self) -> None:
        pass


@dataclass(frozen=True, slots=True)
class BareRun:
    """The wall seconds of one run, part by part."""

    ffmpeg: float
    recognition: float
    embeddings: float
    words: int

    @property
    def total(self) -> float:
        return self.ffmpeg + self.recognition + self.embeddings


class Bare:
    """Runs voice activity detection with Whisper base, and MiniLM, loaded once: what the model service holds, in this process."""

    def __init__(self) -> None:
        self._recogniser: Any = ENGINES["whisper_base"].load()
        self._embedder = MiniLM()

    def run(self, video: Path, clips: Sequence[Span], folder: Path) -> BareRun:
        """Runs one whole job on `video`. `clips` are the stretches to encode, in seconds."""
        started = time.perf_counter()
        wav = plain_pass(video, clips, folder)
        passed = time.perf_counter()
        heard = self._recogniser.transcribe(wav, language=None, task=_Unwatched())
        recognised = time.perf_counter()
        words = [Word(word.start, word.end, word.word, word.confidence, word.space_before) for word in heard.words]
        self._embedder.encode([line.text for line in build_lines(words)])
        done = time.perf_counter()
        return BareRun(passed - started, recognised - passed, done - recognised, len(words))


def plain_pass(video: Path, clips: Sequence[Span], folder: Path) -> Path:
    """Runs one ffmpeg command: writes the audio as 16 kHz mono WAV, and encodes each clip as delivered clips are. Returns the WAV."""
    wav = folder / "bare.wav"
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-nostdin", "-y", "-v", "error", "-i", str(video)]
    for start, end in clips:
        command += ["-ss", f"{start:.3f}", "-t", f"{end - start:.3f}", "-i", str(video)]
    command += ["-map", "0:a:0", "-ac", "1", "-ar", "16000", "-c:a", "pcm_s16le", str(wav)]
    for number, _ in enumerate(clips, 1):
        command += ["-map", f"{number}:v:0", "-map", f"{number}:a:0", "-c:v", "libx264", "-pix_fmt", "yuv420p"]
        command += [part for name, value in DELIVERED.options for part in (f"-{name}", value)]
        command += ["-force_key_frames", f"expr:gte(t,n_forced*{DELIVERED.keyframe_seconds})", "-c:a", "aac"]
        command += ["-b:a", str(DELIVERED.audio_rate), "-movflags", "+faststart", str(folder / f"bare-{number}.mp4")]
    subprocess.run(command, check=True)
    with wave.open(str(wav)) as sound:
        assert sound.getframerate() == 16_000
    return wav
