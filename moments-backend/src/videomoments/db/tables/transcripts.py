from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from videomoments.db.tables.base import Keyed, Table


class Transcript(Keyed, Table):
    """The transcript of a video, at most one per video. Times in the JSON columns are seconds of the video's timeline."""

    __tablename__ = "transcripts"

    video_id: Mapped[int] = mapped_column(ForeignKey("videos.id", ondelete="CASCADE"), unique=True)
    full_text: Mapped[str]
    # [{"word", "start", "end", "confidence", "space_before"}]; the last two only where they are known.
    word_timestamps: Mapped[list[Any]]
    # [{"text", "start", "end"}]
    segment_timestamps: Mapped[list[Any]]
    language: Mapped[str | None]
    engine: Mapped[str | None]
    word_count: Mapped[int]
    processing_time: Mapped[float | None]
    # Hash of the audio and the settings of the transcription: the same input is not transcribed twice.
    input_hash: Mapped[str]
    # Counts of corrections to the recogniser's answer (`inference.mending.Mended`); null where there were none.
    mended: Mapped[dict[str, Any] | None]
    # Languages by stretch, what was not understood and what was dropped (`inference.recognition_details`); null where unknown.
    hearing: Mapped[dict[str, Any] | None]
    # When a user last corrected a word.
    edited_at: Mapped[datetime | None]
