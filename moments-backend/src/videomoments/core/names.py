"""Names that are written to PostgreSQL, Redis and JSON."""

from __future__ import annotations

import uuid
from enum import StrEnum


class StageName(StrEnum):
    VIDEO_DOWNLOAD = "VIDEO_DOWNLOAD"
    AUDIO_EXTRACTION = "AUDIO_EXTRACTION"
    AUDIO_UPLOAD = "AUDIO_UPLOAD"
    TRANSCRIPTION = "TRANSCRIPTION"
    MOMENT_GENERATION = "MOMENT_GENERATION"
    CLIP_EXTRACTION = "CLIP_EXTRACTION"
    CLIP_UPLOAD = "CLIP_UPLOAD"
    MOMENT_REFINEMENT = "MOMENT_REFINEMENT"


class RunStatus(StrEnum):
    QUEUED = "queued"
    PROCESSING = "processing"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def active(self) -> bool:
        return self in (RunStatus.QUEUED, RunStatus.PROCESSING)


class StageStatus(StrEnum):
    PENDING = "pending"
    PROCESSING = "processing"
    COMPLETED = "completed"
    SKIPPED = "skipped"
    FAILED = "failed"
    CANCELLED = "cancelled"


class RunKind(StrEnum):
    PIPELINE = "pipeline"
    GENERATE = "generate"
    REFINE = "refine"
    TRANSCRIBE = "transcribe"
    AUDIO = "audio"
    CLIPS = "clips"


# The error code of a run that ended its workers: no worker takes it again until a user retries it.
DEAD_LETTER = "dead_letter"


class ClipKind(StrEnum):
    """`input` is a padded clip for a model to watch; `delivered` is the exact clip for the user."""

    INPUT = "input"
    DELIVERED = "delivered"


def new_identifier() -> str:
    """Returns a public identifier: random, opaque, and safe in paths, keys and URLs."""
    return str(uuid.uuid4())
