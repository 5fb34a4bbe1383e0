"""The overview's eight stages, in order."""

from videomoments.pipeline.stage import Stage
from videomoments.pipeline.stages.audio_extraction import AUDIO_EXTRACTION
from videomoments.pipeline.stages.audio_upload import AUDIO_UPLOAD
from videomoments.pipeline.stages.clip_extraction import CLIP_EXTRACTION
from videomoments.pipeline.stages.clip_upload import CLIP_UPLOAD
from videomoments.pipeline.stages.moment_generation import MOMENT_GENERATION
from videomoments.pipeline.stages.moment_refinement import MOMENT_REFINEMENT
from videomoments.pipeline.stages.transcription import TRANSCRIPTION
from videomoments.pipeline.stages.video_download import VIDEO_DOWNLOAD

STAGES: tuple[Stage, ...] = (
    VIDEO_DOWNLOAD,
    AUDIO_EXTRACTION,
    AUDIO_UPLOAD,
    TRANSCRIPTION,
    MOMENT_GENERATION,
    CLIP_EXTRACTION,
    CLIP_UPLOAD,
    MOMENT_REFINEMENT,
)
