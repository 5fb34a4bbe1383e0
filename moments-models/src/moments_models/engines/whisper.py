"""Whisper on CTranslate2, int8: greedy decoding of chunks of speech, with word times."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from moments_models import weights
from moments_models.audio import wav_duration
from moments_models.base import EngineKind, EngineSpec, Task, Transcript, Word
from moments_models.cores import cores
from moments_models.errors import InvalidRequest
from moments_models.guards import MAX_COMPRESSION, MAX_NO_SPEECH, MIN_LOG_PROBABILITY, is_invented
from moments_models.vad import PROGRESS_SHARE, Chunk, speech_chunks

if TYPE_CHECKING:
    from faster_whisper import WhisperModel  # type: ignore[import-untyped]
    from numpy.typing import NDArray

_TEMPERATURES = (0.0, 0.4, 0.8)
"""Greedy first; a segment that fails the decoder's own tests is sampled anew."""
_LANGUAGE_CHUNKS = 3


class Whisper:
    """A `Transcriber`."""

    def __init__(self, name: str, label: str) -> None:
        from faster_whisper import WhisperModel

        self.label = label
        self._model: WhisperModel = WhisperModel(
            str(weights.location(name)), device="cpu", compute_type="int8", cpu_threads=cores(), num_workers=1, local_files_only=True
        )

    def transcribe(self, wav: Path, *, language: str | None, task: Task) -> Transcript:
        """Raises `InvalidRequest` for a language the model does not know."""
        spoken = self._known(language)
        chunks = speech_chunks(wav, task)
        if not chunks:
            return Transcript((), spoken or "")
        if spoken is None:
            spoken = self._detect(wav, chunks)
        total = sum(chunk.length for chunk in chunks)
        duration = wav_duration(wav)
        done = 0
        words: list[Word] = []
        for chunk in chunks:
            words.extend(self._words(chunk, chunk.read(wav), spoken, task))
            done += chunk.length
            task.report(duration * (PROGRESS_SHARE + (1 - PROGRESS_SHARE) * done / total), duration)
        return Transcript(tuple(_ordered(words)), spoken)

    def _known(self, language: str | None) -> str | None:
        if language is None or language in self._model.supported_languages:
            return language if self._model.model.is_multilingual else "en"
        raise InvalidRequest(f"{self.label} does not know the language {language!r}", code="invalid_language")

    def _detect(self, wav: Path, chunks: list[Chunk]) -> str:
        """The language of the longest of the first chunks, not of each chunk: a name or a quotation must not switch it."""
        if not self._model.model.is_multilingual:
            return "en"
        longest = max(chunks[:_LANGUAGE_CHUNKS], key=lambda chunk: chunk.length)
        language, _, _ = self._model.detect_language(longest.read(wav))
        return str(language)

    def _words(self, chunk: Chunk, audio: NDArray[np.float32], language: str, task: Task) -> Iterable[Word]:
        segments, _ = self._model.transcribe(
            audio,
            language=language,
            beam_size=1,
            best_of=1,
            temperature=list(_TEMPERATURES),
            condition_on_previous_text=False,
            word_timestamps=True,
            compression_ratio_threshold=MAX_COMPRESSION,
            log_prob_threshold=MIN_LOG_PROBABILITY,
            no_speech_threshold=MAX_NO_SPEECH,
            vad_filter=False,
        )
        for segment in segments:
            task.check()
            seconds = segment.end - segment.start
            if is_invented(segment.text, log_probability=segment.avg_logprob, no_speech=segment.no_speech_prob, seconds=seconds):
                continue
            yield from _mapped(chunk, segment.words or ())


def _mapped(chunk: Chunk, words: Iterable[Any]) -> Iterable[Word]:
    for word in words:
        text = word.word.strip().lstrip("-–—")
        if text:
            start, end = chunk.span(word.start, word.end)
            yield Word(text, round(start, 3), round(end, 3), round(float(min(1.0, max(0.0, word.probability))), 3))


def _ordered(words: Iterable[Word]) -> Iterable[Word]:
    """Starts never go back and no word ends after the next one starts."""
    previous: Word | None = None
    for word in words:
        start = word.start if previous is None else max(word.start, previous.start)
        current = Word(word.word, start, max(word.end, start), word.confidence)
        if previous is not None:
            yield Word(previous.word, previous.start, max(previous.start, min(previous.end, current.start)), previous.confidence)
        previous = current
    if previous is not None:
        yield previous


def _loader(name: str, label: str) -> Callable[[], Whisper]:
    return lambda: Whisper(name, label)


BASE = EngineSpec("whisper_base", EngineKind.ASR, _loader("whisper_base", "whisper-base-int8"), weights=("whisper_base",))
TINY_EN = EngineSpec("whisper_tiny_en", EngineKind.ASR, _loader("whisper_tiny_en", "whisper-tiny.en-int8"), weights=("whisper_tiny_en",))
