"""Runs NVIDIA's Parakeet TDT on onnx-asr: chunks of speech in batches, on a GPU where there is one.

The model gives only the start of each token (in steps of 80 ms), so words are put together here.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

from moments_models import weights
from moments_models.audio import RATE, wav_duration
from moments_models.cores import cores
from moments_models.engine_contract import EngineKind, EngineSpec, Recognition, RecognitionDetails, Task, Word
from moments_models.listening import Passage, Take, judge
from moments_models.vad import PROGRESS_SHARE, Chunk, listen
from moments_models.word_pieces import is_unspaced

NAME = "parakeet"
LONGEST_TOKEN = 0.4
"""Seconds. The decoder steps over at most four frames of 80 ms; what follows a word's last token later than this is a pause."""
_BATCH_ON_GPU, _BATCH_ON_CPU = 16, 2
_GPU = "CUDAExecutionProvider"


class Token(NamedTuple):
    """A piece of text as the model writes it (a leading space begins a word), its start in seconds, and its log-probability."""

    text: str
    start: float
    log_probability: float


class Parakeet:
    """A `Transcriber`. It detects by itself which of its languages is spoken; a requested language is only recorded in the result."""

    def __init__(self, folder: Path) -> None:
        import onnx_asr
        import onnxruntime  # type: ignore[import-untyped]

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = cores()
        providers = [name for name in (_GPU, "CPUExecutionProvider") if name in onnxruntime.get_available_providers()]
        quantization = "int8" if (folder / "encoder-model.int8.onnx").exists() else None
        self._batch = _BATCH_ON_GPU if _GPU in providers else _BATCH_ON_CPU
        self._model: Any = onnx_asr.load_model(
            "nemo-conformer-tdt", folder, quantization=quantization, sess_options=options, providers=providers
        ).with_timestamps()
        self.label = f"parakeet-tdt{f'-{quantization}' if quantization else ''}-{weights.fingerprint(folder)}"

    def transcribe(self, wav: Path, *, language: str | None, task: Task) -> Recognition:
        speech = listen(wav, task)
        chunks = speech.chunks
        total = sum(chunk.length for chunk in chunks)
        duration = wav_duration(wav)
        done = 0
        take = Take()
        for batch in _batches(chunks, self._batch):
            task.check()
            heard = self._model.recognize([chunk.read(wav) for chunk in batch], sample_rate=RATE)
            for chunk, result in zip(batch, heard, strict=True):
                judge(placed(chunk, _tokens(result)), speech, take)
                done += chunk.length
            task.report(duration * (PROGRESS_SHARE + (1 - PROGRESS_SHARE) * done / total), duration)
        spans = [(word.start, word.end) for word in take.words]
        lost = [span for chunk in chunks for span in speech.unexplained(chunk.pieces[0].start / RATE, chunk.end / RATE, spans)]
        return Recognition(tuple(take.words), language or "", RecognitionDetails((), tuple(lost), tuple(take.dropped)))


def _batches(chunks: Sequence[Chunk], size: int) -> Iterator[Sequence[Chunk]]:
    for first in range(0, len(chunks), size):
        yield chunks[first : first + size]


def _tokens(result: Any) -> list[Token]:
    return [Token(*row) for row in zip(result.tokens or (), result.timestamps or (), result.logprobs or (), strict=True)]


def placed(chunk: Chunk, tokens: Sequence[Token]) -> Passage:
    """Returns the words of a chunk at their times in the recording."""
    seconds = chunk.length / RATE
    words = []
    for word in words_of(tokens, seconds):
        start, end = chunk.span(word.start, word.end)
        words.append(replace(word, start=round(start, 3), end=round(end, 3)))
    mean = sum(token.log_probability for token in tokens) / len(tokens) if tokens else 0.0
    return Passage(tuple(words), mean, 0.0, seconds)


def words_of(tokens: Sequence[Token], end: float) -> Iterator[Word]:
    """Yields words in chunk time: from a token that begins with a space to the start of the next such token, at most `LONGEST_TOKEN` after
    the last token's start. `end` is the chunk's length in seconds. Confidence is the geometric mean of the tokens' probabilities."""
    begins = [index for index, token in enumerate(tokens) if index == 0 or token.text.startswith(" ")]
    for first, last in pairwise([*begins, len(tokens)]):
        group = tokens[first:last]
        text = "".join(token.text for token in group).strip()
        if text:
            following = tokens[last].start if last < len(tokens) else end
            stop = max(group[0].start, min(following, group[-1].start + LONGEST_TOKEN, end))
            mean = sum(token.log_probability for token in group) / len(group)
            # The model knows nothing before a chunk: before its first word the script decides.
            space = group[0].text.startswith(" ") or not is_unspaced(text[0])
            yield Word(text, group[0].start, stop, round(min(1.0, math.exp(mean)), 3), space)


SPEC = EngineSpec(NAME, EngineKind.ASR, lambda: Parakeet(weights.brought(NAME)), brings_weights=True)
