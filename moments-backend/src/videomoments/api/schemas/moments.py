"""Bodies about moments, their clips, and the transcript."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, Field

from videomoments.api.schemas.common import ObjectUrl, Time
from videomoments.db.tables import Clip, Moment, Transcript

Review = Literal["new", "kept", "rejected"]


class ClipOut(ObjectUrl):
    """A stored clip. `start_time` and `end_time` are what the file holds, seconds of the source's timeline."""

    identifier: str
    start_time: float
    end_time: float
    duration: float
    content_type: str
    size_bytes: int
    mode: str = Field(description="How it was cut: copy, smart, encode, proxy or audio.")
    download_url: str = Field(description="The same, to be saved under the moment's title.")
    thumbnail: ObjectUrl | None = None

    @classmethod
    def of_clip(cls, clip: Clip, url: ObjectUrl, download: ObjectUrl, thumbnail: ObjectUrl | None) -> ClipOut:
        return cls(
            url=url.url,
            expires_at=url.expires_at,
            identifier=clip.identifier,
            start_time=clip.start_time,
            end_time=clip.end_time,
            duration=clip.end_time - clip.start_time,
            content_type=clip.content_type,
            size_bytes=clip.size_bytes,
            mode=clip.mode,
            download_url=download.url,
            thumbnail=thumbnail,
        )


class ParentOut(BaseModel):
    """The original of a refined moment."""

    identifier: str
    start_time: float
    end_time: float


class MomentOut(BaseModel):
    """A moment: seconds of the source's timeline, 0 = its first frame. `score` is 0 to 1; `engine` is the model that made it."""

    identifier: str
    title: str
    start_time: float
    end_time: float
    score: float | None
    reason: str | None
    engine: str | None
    is_refined: bool
    review: Review
    edited_at: Time | None
    parent: ParentOut | None
    clip: ClipOut | None

    @classmethod
    def of(cls, moment: Moment, parent: Moment | None, clip: ClipOut | None) -> MomentOut:
        original = parent and ParentOut(identifier=parent.identifier, start_time=parent.start_time, end_time=parent.end_time)
        return cls.model_validate(
            {
                "identifier": moment.identifier,
                "title": moment.title,
                "start_time": moment.start_time,
                "end_time": moment.end_time,
                "score": moment.score,
                "reason": moment.reason,
                "engine": moment.engine,
                "is_refined": moment.is_refined,
                "review": moment.review,
                "edited_at": moment.edited_at,
                "parent": original,
                "clip": clip,
            }
        )


class MomentClip(BaseModel):
    """A clip with the moment that it shows."""

    moment_id: str
    title: str
    clip: ClipOut


class ClipAvailability(BaseModel):
    """Whether a final moment has its clip."""

    moment_id: str
    available: bool
    clip: ClipOut | None


class ClipsAvailability(BaseModel):
    """How many of the final moments have their clip."""

    video_id: str
    total: int
    available: int
    items: list[ClipAvailability]


class Word(BaseModel):
    """A word and when it is said, seconds. `confidence` is 0 to 1."""

    word: str
    start: float
    end: float
    confidence: float | None = None


class Segment(BaseModel):
    """A sentence or phrase and when it is said, seconds."""

    text: str
    start: float
    end: float


class TranscriptOut(BaseModel):
    """What is said in a video, and when."""

    video_id: str
    text: str
    language: str | None
    engine: str | None
    word_count: int
    word_timestamps: list[Word]
    segment_timestamps: list[Segment]
    processing_time: float | None
    created_at: Time
    edited_at: Time | None = Field(description="When a person last corrected a word.")

    @classmethod
    def of(cls, video_id: str, row: Transcript) -> TranscriptOut:
        words: list[Any] = row.word_timestamps
        return cls(
            video_id=video_id,
            text=row.full_text,
            language=row.language,
            engine=row.engine,
            word_count=row.word_count,
            word_timestamps=[Word.model_validate(word) for word in words],
            segment_timestamps=[Segment.model_validate(segment) for segment in row.segment_timestamps],
            processing_time=row.processing_time,
            created_at=row.created_at,
            edited_at=row.edited_at,
        )
