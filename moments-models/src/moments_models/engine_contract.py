"""Defines what an engine is. Each engine is one module in `engines/` and one entry in its tuple."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any, NamedTuple, Protocol


class EngineKind(StrEnum):
    """The route that an engine serves."""

    ASR = "asr"  # POST /transcribe
    CHAT = "chat"  # POST /v1/chat/completions


@dataclass(frozen=True, slots=True)
class Word:
    """A spoken word. Times are seconds from the start of the audio; `confidence` is 0 to 1.

    `space_before` says whether the model wrote a space before it. For the first word it counts where text is put before it.
    """

    word: str
    start: float
    end: float
    confidence: float
    space_before: bool = True


@dataclass(frozen=True, slots=True)
class LanguageStretch:
    """A stretch of the recording in one language (ISO 639-1), in seconds. `confidence` is 0 to 1, or None where a user named the
    language."""

    language: str
    start: float
    end: float
    confidence: float | None


@dataclass(frozen=True, slots=True)
class DroppedWords:
    """Words that a recogniser wrote and probably nobody said, in seconds. `reason` is one of `guards.Reason`."""

    text: str
    start: float
    end: float
    reason: str


@dataclass(frozen=True, slots=True)
class RecognitionDetails:
    """Details of a recognition beside its words, in order of time.

    `not_understood` are stretches [start, end), in seconds, where somebody speaks and no words were found.
    """

    languages: tuple[LanguageStretch, ...] = ()
    not_understood: tuple[tuple[float, float], ...] = ()
    dropped: tuple[DroppedWords, ...] = ()


@dataclass(frozen=True, slots=True)
class Recognition:
    """What a recogniser found. Without words nobody speaks, or nothing was understood: `hearing` says which."""

    words: tuple[Word, ...]
    language: str
    hearing: RecognitionDetails = RecognitionDetails()


class Task(Protocol):
    """A piece of work that reports its progress and can be stopped."""

    def report(self, done: float, total: float) -> None:
        """Notes that `done` of `total` seconds of audio are finished. Raises `ClientGone` when the client has gone."""

    def check(self) -> None:
        """Raises `ClientGone` when the client has gone."""


class Transcriber(Protocol):
    """A speech recogniser."""

    label: str
    """Identity for transcripts, such as `whisper-base-int8`."""

    def transcribe(self, wav: Path, *, language: str | None, task: Task) -> Recognition:
        """Recognises the speech of a 16 kHz mono 16-bit WAV file. `language` is an ISO 639-1 code, or None to detect it."""


@dataclass(frozen=True, slots=True)
class ChatRequest:
    """The task block of a chat request, and the URL of the clip sent with it."""

    block: Mapping[str, Any]
    video_url: str | None = None


@dataclass(frozen=True, slots=True)
class ChatPrompt:
    """A chat request for a language model: the messages as received, and the settings that the request names."""

    messages: tuple[Mapping[str, Any], ...]
    settings: Mapping[str, Any]
    """Any of temperature, top_p, top_k, max_tokens, seed, stop, response_format; what is missing is the engine's to choose."""


@dataclass(frozen=True, slots=True)
class Completion:
    """The answer of a language model. `finish_reason` is `stop` or `length`."""

    text: str
    finish_reason: str
    prompt_tokens: int
    completion_tokens: int


class LanguageModel(Protocol):
    """Answers any prompt."""

    def complete(self, prompt: ChatPrompt, task: Task) -> Completion:
        """Returns the model's answer. Raises `InvalidRequest` for a prompt that the model can't read: too long, an unknown schema."""


class ChatEngine(Protocol):
    """Answers task blocks."""

    def answer(self, request: ChatRequest, task: Task) -> Any:
        """Returns the answer as JSON-ready data. Raises `InvalidRequest` for a task that the engine can't do."""


class Library(NamedTuple):
    """A module, and the extra of this package that installs it."""

    module: str
    extra: str

    @property
    def installed(self) -> bool:
        return importlib.util.find_spec(self.module) is not None


@dataclass(frozen=True, slots=True)
class EngineSpec:
    """Describes an engine before anything of it is loaded. `load` does all heavy imports and is called once."""

    name: str
    kind: EngineKind
    load: Callable[[], Any]
    weights: tuple[str, ...] = ()
    supports_video: bool = False
    parallel: int = field(default=1)
    """Requests worked on at once; the rest wait in line."""
    brings_weights: bool = False
    """Its weights are in no package and known by no hash of ours: whoever runs it puts them into its folder."""
    reads_prompts: bool = False
    """A `LanguageModel`, which gets the request as it is; other chat engines get its task block."""
    library: Library | None = None
    """What must be installed beside this program's own dependencies."""
