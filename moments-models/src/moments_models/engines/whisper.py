"""Runs Whisper on CTranslate2, int8: greedy decoding of chunks of speech, with word times."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from moments_models import weights
from moments_models.audio import RATE, wav_duration
from moments_models.cores import cores
from moments_models.engine_contract import EngineKind, EngineSpec, Recognition, Task, Word
from moments_models.errors import InvalidRequest
from moments_models.guards import MAX_COMPRESSION, MAX_NO_SPEECH, MIN_LOG_PROBABILITY
from moments_models.listening import Passage
from moments_models.tongues import Interpreter
from moments_models.vad import PROGRESS_SHARE, Chunk, listen
from moments_models.word_pieces import is_unspaced, written

if TYPE_CHECKING:
    from faster_whisper import WhisperModel  # type: ignore[import-untyped]

_TEMPERATURES = (0.0, 0.4, 0.8)
"""Greedy first; a segment that fails the decoder's own tests is sampled anew."""
_TOKENS, _TOKENS_PER_SECOND = 20, 25
"""What a piece that is heard again may hold: nobody says more, and a decoder without end stops soon."""
_MOST_TOKENS = 440
_KEPT = 4
"""Encoded windows that are remembered, of 4 MB each: the first three chunks are asked for their language before they are decoded."""


class Whisper:
    """A `Transcriber`."""

    def __init__(self, name: str, label: str) -> None:
        self.label = label
        self._model = _model(str(weights.location(name)))

    def transcribe(self, wav: Path, *, language: str | None, task: Task) -> Recognition:
        """Recognises the speech of a recording. Raises `InvalidRequest` for a language that the model does not know."""
        named = self._known(language)
        speech = listen(wav, task)
        if not speech.chunks:
            return Recognition((), named or "")
        total = sum(chunk.length for chunk in speech.chunks)
        duration = wav_duration(wav)
        interpreter = Interpreter(WhisperDecoder(self._model, wav, task), speech, task, named=named)
        done = 0
        for chunk in speech.chunks:
            interpreter.hear(chunk)
            done += chunk.length
            task.report(duration * (PROGRESS_SHARE + (1 - PROGRESS_SHARE) * done / total), duration)
        return Recognition(tuple(_ordered(interpreter.words)), interpreter.main, interpreter.hearing())

    def _known(self, language: str | None) -> str | None:
        if language is None or language in self._model.supported_languages:
            return language if self._model.model.is_multilingual else "en"
        raise InvalidRequest(f"{self.label} does not know the language {language!r}", code="invalid_language")


class WhisperDecoder:
    """A `Decoder` on one recording."""

    def __init__(self, model: WhisperModel, wav: Path, task: Task) -> None:
        self._model = model
        self._wav = wav
        self._task = task

    def decode(self, chunk: Chunk, language: str, *, piece: bool, sampled: bool = False) -> list[Passage]:
        bound = min(_MOST_TOKENS, int(_TOKENS + _TOKENS_PER_SECOND * chunk.length / RATE)) if piece else None
        segments, _ = self._model.transcribe(
            chunk.read(self._wav),
            language=language,
            beam_size=1,
            best_of=1,
            temperature=list(_TEMPERATURES),
            condition_on_previous_text=False,
            word_timestamps=True,
            # Repetition is judged with the audio: sampling again what a speaker really repeats would make it wrong.
            compression_ratio_threshold=MAX_COMPRESSION if sampled else None,
            log_prob_threshold=MIN_LOG_PROBABILITY,
            no_speech_threshold=MAX_NO_SPEECH,
            max_new_tokens=bound,
            vad_filter=False,
        )
        found: list[Passage] = []
        for segment in segments:
            self._task.check()
            words = tuple(_mapped(chunk, segment.words or (), first=not any(part.words for part in found)))
            found.append(Passage(words, segment.avg_logprob, segment.no_speech_prob, segment.end - segment.start))
        return found

    def languages(self, chunk: Chunk) -> dict[str, float]:
        return self._model.languages(chunk.read(self._wav))  # type: ignore[no-any-return]


def _model(folder: str) -> Any:
    """Returns faster-whisper's model with a cache of what it encoded last: asking for the language of a decoded chunk then costs little."""
    from faster_whisper import WhisperModel
    from faster_whisper.audio import pad_or_trim  # type: ignore[import-untyped]

    class Remembering(WhisperModel):  # type: ignore[misc]
        def encode(self, features: Any) -> Any:
            cached: deque[tuple[Any, Any]] = self.__dict__.setdefault("_kept", deque(maxlen=_KEPT))
            for known, encoded in cached:
                if np.array_equal(known, features):
                    return encoded
            cached.append((features, super().encode(features)))
            return cached[-1][1]

        def languages(self, audio: Any) -> dict[str, float]:
            features = self.feature_extractor(audio)
            first = pad_or_trim(features[:, : min(self.feature_extractor.nb_max_frames, features.shape[-1] - 1)])
            return {token[2:-2]: float(probability) for token, probability in self.model.detect_language(self.encode(first))[0]}

    return Remembering(folder, device="cpu", compute_type="int8", cpu_threads=cores(), num_workers=1, local_files_only=True)


def _mapped(chunk: Chunk, words: Iterable[Any], *, first: bool = False) -> Iterable[Word]:
    """Yields the words of a segment at their times in the recording. `first`: no words of the chunk came before it."""
    before = "" if first else None
    for word in words:
        text, space = written(word.word, before)
        if text:
            start, end = chunk.span(float(word.start), float(word.end))
            sure = round(float(min(1.0, max(0.0, word.probability))), 3)
            # The model knows nothing of the word before a chunk: there the script decides.
            yield Word(text, round(start, 3), round(end, 3), sure, space or (before == "" and not is_unspaced(text[0])))
            before = text


def _ordered(words: Iterable[Word]) -> Iterable[Word]:
    """Yields the words with starts that never go back; no word ends after the next one starts."""
    previous: Word | None = None
    for word in words:
        start = word.start if previous is None else max(word.start, previous.start)
        current = replace(word, start=start, end=max(word.end, start))
        if previous is not None:
            yield replace(previous, end=max(previous.start, min(previous.end, current.start)))
        previous = current
    if previous is not None:
        yield previous


def _loader(name: str, label: str) -> Callable[[], Whisper]:
    return lambda: Whisper(name, label)


BASE = EngineSpec("whisper_base", EngineKind.ASR, _loader("whisper_base", "whisper-base-int8"), weights=("whisper_base",))
TINY_EN = EngineSpec("whisper_tiny_en", EngineKind.ASR, _loader("whisper_tiny_en", "whisper-tiny.en-int8"), weights=("whisper_tiny_en",))
