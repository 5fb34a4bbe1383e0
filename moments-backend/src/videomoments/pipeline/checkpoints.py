"""Types of the checkpoints: what each stage stores, as the JSON of its row, for later stages and attempts. They never hold local paths.

Rows of older versions are read too, so keys that those did not write are `NotRequired`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NotRequired, TypedDict, cast

from videomoments.core.names import StageName

Checkpoint = Mapping[str, Any]
"""A checkpoint of any stage, as it is stored."""


class StoredSource(TypedDict):
    """Of VIDEO_DOWNLOAD. `cloud_url` is the source's object key."""

    cloud_url: str


class StoredAudio(TypedDict):
    """Of AUDIO_UPLOAD. `audio_url` is the object key of the extracted audio."""

    audio_url: str


class Transcribed(TypedDict):
    """Of TRANSCRIPTION. `words` is their number. `not_understood` says that there was speech, but no words were recognised."""

    transcript_id: int
    words: int
    not_understood: NotRequired[bool]
    input_hash: str


class Generated(TypedDict):
    """Of MOMENT_GENERATION: the number of moments, why there is none (`note`), and what could not be used of the model's answers
    (`unused`)."""

    moments: int
    note: NotRequired[str | None]
    unused: NotRequired[str | None]


class CutInput(TypedDict):
    """An input clip: `start` and `end` in seconds on the source's timeline; the paddings are seconds beyond its moment."""

    start: float
    end: float
    padding_left: float
    padding_right: float
    mode: str
    size_bytes: int


class CutInputs(TypedDict):
    """Of CLIP_EXTRACTION: the input clips, by the identifiers of their moments."""

    clips: dict[str, CutInput]


class StoredInputs(TypedDict):
    """Of CLIP_UPLOAD: the object keys of the clips that this attempt stored."""

    clips: list[str]


class Recut(TypedDict):
    """Of CLIP_EXTRACTION in a run that cuts clips again: the number of clips."""

    delivered: int


class Refined(TypedDict):
    """Of MOMENT_REFINEMENT: how many moments and delivered clips there are, how many clips can't be cut, and what stayed unrefined."""

    moments: int
    delivered: int
    uncut: NotRequired[int]
    unrefined: NotRequired[dict[str, Any]]


def transcribed(checkpoints: Mapping[StageName, Checkpoint]) -> Transcribed:
    return cast("Transcribed", checkpoints[StageName.TRANSCRIPTION])


def generated(checkpoints: Mapping[StageName, Checkpoint]) -> Generated | None:
    """Returns None where the stage was skipped, or is not part of the run."""
    return cast("Generated | None", checkpoints.get(StageName.MOMENT_GENERATION))


def cut_inputs(checkpoints: Mapping[StageName, Checkpoint]) -> CutInputs:
    return cast("CutInputs", checkpoints[StageName.CLIP_EXTRACTION])
