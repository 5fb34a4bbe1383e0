"""Defines the overview's eight tables, and those that durability needs: stages, model calls and transcribed parts of a run, model
configurations, the addresses where they have answered and what their servers accept, uploads, live workers, API keys, totals."""

from videomoments.db.tables.api_keys import ApiKeyRow
from videomoments.db.tables.base import Table
from videomoments.db.tables.clips import Clip
from videomoments.db.tables.generation_configs import GenerationConfig
from videomoments.db.tables.metric_totals import MetricTotal
from videomoments.db.tables.model_calls import ModelCall
from videomoments.db.tables.model_configs import ModelConfigRow
from videomoments.db.tables.model_dialects import ModelDialect
from videomoments.db.tables.model_places import ModelPlace
from videomoments.db.tables.moments import Moment
from videomoments.db.tables.pipeline_history import Run
from videomoments.db.tables.pipeline_stages import RunStage
from videomoments.db.tables.prompts import Prompt
from videomoments.db.tables.thumbnails import Thumbnail
from videomoments.db.tables.transcript_parts import TranscriptPart
from videomoments.db.tables.transcripts import Transcript
from videomoments.db.tables.uploads import UploadRow
from videomoments.db.tables.videos import Video
from videomoments.db.tables.workers import WorkerRow

__all__ = [
    "ApiKeyRow",
    "Clip",
    "GenerationConfig",
    "MetricTotal",
    "ModelCall",
    "ModelConfigRow",
    "ModelDialect",
    "ModelPlace",
    "Moment",
    "Prompt",
    "Run",
    "RunStage",
    "Table",
    "Thumbnail",
    "Transcript",
    "TranscriptPart",
    "UploadRow",
    "Video",
    "WorkerRow",
]
