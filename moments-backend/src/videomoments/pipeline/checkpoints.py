"""What each stage leaves for later stages and later attempts: the JSON of its row. Never local paths.

Rows of older versions are read too: what these did not write is `NotRequired`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NotRequired, TypedDict, cast

from videomoments.core.names import StageName

Checkpoint = Mapping[str, Any]
"""Any stage's, as it is stored."""


class StoredSource(TypedDict):
    """Of VIDEO_DOWNLOAD: the source's object key."""

    cloud_url: str


class StoredAudio(TypedDict):
    """Of AUDIO_UPLOAD: the object key of the extracted audio."""

    audio_url: str


class Transcribed(TypedDict):
    """Of TRANSCRIPTION. `words` is how many there are; `not_understood`: speech was heard, and no words."""

    transcript_id: int
    words: int
    not_understood: NotRequired[bool]
    input_hash: str


class Generated(TypedDict):
    """Of MOMENT_GENERATION: how many moments, why there is none (`note`), and what of the model's answers was left out (`unused`)."""

    moments: int
    note: NotRequired[str | None]
    unused: NotRequired[str | None]


class CutInput(TypedDict):
    """What an input clip holds: seconds on the source's timeline, and how far it reaches beyond its moment."""

    start: float
    end: float
    padding_left: float
    padding_right: float
    mode: str
    size_bytes: int


class CutInputs(TypedDict):
    """Of CLIP_EXTRACTION: the input clips by their moments' identifiers."""

    clips: dict[str, CutInput]


class StoredInputs(TypedDict):
    """Of CLIP_UPLOAD: the object keys of the clips that this attempt stored."""

    clips: list[str]


class Recut(TypedDict):
    """Of CLIP_EXTRACTION in a run that cuts clips anew: how many."""

    delivered: int


class Refined(TypedDict):
    """Of MOMENT_REFINEMENT: how many moments and delivered clips there are, how many clips can't be cut, and what was left unrefined."""

    moments: int
    delivered: int
    uncut: NotRequired[int]
    unrefined: NotRequired[dict[str, Any]]


def transcribed(checkpoints: Mapping[StageName, Checkpoint]) -> Transcribed:
    return cast("Transcribed", checkpoints[StageName.TRANSCRIPTION])


def generated(checkpoints: Mapping[StageName, Checkpoint]) -> Generated | None:
    """None where the stage was skipped, or is no part of the run."""
    return cast("Generated | None", checkpoints.get(StageName.MOMENT_GENERATION))


def cut_inputs(checkpoints: Mapping[StageName, Checkpoint]) -> CutInputs:
    return cast("CutInputs", checkpoints[StageName.CLIP_EXTRACTION])
