"""Bodies about moments, their clips, and the transcript."""

from __future__ import annotations

import json
from functools import cache
from typing import Any, Literal

from pydantic import BaseModel, Field

from videomoments.api.schemas.common import NothingOut, ObjectUrl, Page, Time
from videomoments.api.versions import moment_tag, transcript_tag
from videomoments.db.tables import Clip, Transcript
from videomoments.inference.certainty import certainty_of, is_hard
from videomoments.inference.transcript import words_from_rows
from videomoments.services.moments import MomentView
from videomoments.services.transcripts import heard_beside, remarks_of

Review = Literal["new", "kept", "rejected"]


class ClipOut(ObjectUrl):
    """A stored clip. `start_time` and `end_time` are the file's bounds in seconds of the source's timeline."""

    identifier: str
    start_time: float
    end_time: float
    duration: float
    content_type: str
    size_bytes: int
    mode: str = Field(description="Method of the cut: copy, smart, encode, proxy or audio.")
    download_url: str = Field(description="The same file, as a download that is named by the moment's title.")
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
    """The original of a refined moment. Times are seconds of the source's timeline."""

    identifier: str
    start_time: float
    end_time: float


class MomentOut(BaseModel):
    """A moment. Times are seconds of the source's timeline; `score` is 0 to 1; `engine` is the key of the model that returned it."""

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
    etag: str = Field(description="Tag of this version of title, bounds and review: send it as If-Match with an edit.")
    parent: ParentOut | None
    clip: ClipOut | None
    clip_error: str | None = Field(description="Why no clip could be cut; null where it could, or has not been tried.")
    confidence: float | None = Field(description="Mean confidence of its words, 0 to 1; null where the recogniser gives none.")
    hard_to_hear: bool = Field(description="Whether `confidence` is so low that one word of three is likely wrong.")

    @classmethod
    def of(cls, view: MomentView, clip: ClipOut | None) -> MomentOut:
        moment, parent = view.moment, view.parent
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
                "etag": moment_tag(moment),
                "parent": original,
                "clip": clip,
                "clip_error": view.clip_error,
                "confidence": moment.confidence,
                "hard_to_hear": is_hard(moment.confidence),
            }
        )


class MomentsOut(Page[MomentOut]):
    """A video's moments. `nothing` says why there are none; it is present only if the list is empty and a run has ended."""

    nothing: NothingOut | None = Field(None, exclude_if=lambda why: why is None)


class MomentClip(BaseModel):
    """A clip with its moment."""

    moment_id: str
    title: str
    clip: ClipOut


class ClipAvailability(BaseModel):
    """Whether a final moment has a clip."""

    moment_id: str
    available: bool
    clip: ClipOut | None


class ClipsAvailability(BaseModel):
    """How many of the final moments have a clip."""

    video_id: str
    total: int
    available: int
    items: list[ClipAvailability]


class Word(BaseModel):
    """A word with its times in seconds. `confidence` is 0 to 1."""

    word: str
    start: float
    end: float
    confidence: float | None = None
    space_before: bool | None = Field(
        None,
        exclude_if=lambda said: said is None,
        description="Whether a space stands between this word and the one before. Absent where the recogniser does not say: "
        "then there is one, except between kana and Han characters.",
    )


class Segment(BaseModel):
    """A sentence or phrase with its times in seconds."""

    text: str
    start: float
    end: float


class StretchOut(BaseModel):
    """A stretch of the recording, in seconds, with the mean confidence of its words."""

    start: float
    end: float
    confidence: float


class SpokenLanguage(BaseModel):
    """A stretch in one language, in seconds."""

    language: str
    start: float
    end: float
    confidence: float | None


class Unheard(BaseModel):
    """A stretch in which somebody speaks and no words were recognised, in seconds."""

    start: float
    end: float


class DroppedWords(BaseModel):
    """Words that a recogniser returned and left out, because nobody seems to have said them. Times are seconds."""

    text: str
    start: float
    end: float
    reason: str = Field(description="Our own recognisers give no_voice, unsure, too_fast or loop.")


class TranscriptOut(BaseModel):
    """The transcript of a video. Times are seconds of the video's timeline."""

    video_id: str
    text: str
    language: str | None
    engine: str | None
    word_count: int
    word_timestamps: list[Word]
    segment_timestamps: list[Segment]
    processing_time: float | None
    created_at: Time
    edited_at: Time | None = Field(description="When a user last corrected a word.")
    etag: str = Field("", description="Tag of this version, as in the ETag header: send it as If-Match with corrections.")
    mended: dict[str, int] = Field(description="Counts of corrections to the recogniser's answer; empty where it needed none.")
    confidence: float | None = Field(description="Mean confidence of the words, 0 to 1; null where the recogniser gives none.")
    hard_to_hear: list[StretchOut] = Field(description="Stretches in which one word of three or more is likely wrong.")
    languages: list[SpokenLanguage] = Field(
        description="The languages by stretch; empty where the recogniser gives none. A language that a user named has no confidence."
    )
    not_understood: list[Unheard] = Field(description="Stretches in which somebody speaks and no words were recognised.")
    dropped: list[DroppedWords] = Field(description="Words that the recogniser left out, with the reason; at most 500 rows.")
    dropped_words: int = Field(description="Total number of words that were left out.")
    remarks: list[str] = Field(description="What to know before relying on the transcript, as sentences without their full stops.")

    @classmethod
    def of(cls, video_id: str, row: Transcript) -> TranscriptOut:
        words: list[Any] = row.word_timestamps
        heard = certainty_of(words_from_rows(words))
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
            etag=cls.tag_of(row),
            mended=row.mended or {},
            confidence=None if heard.confidence is None else round(heard.confidence, 3),
            hard_to_hear=[StretchOut(start=one.start, end=one.end, confidence=round(one.confidence, 3)) for one in heard.stretches],
            **heard_beside(row),
            remarks=remarks_of(row),
        )

    @classmethod
    def tag_of(cls, row: Transcript) -> str:
        """Returns the tag of this version. A release that shows other fields gives another tag, so that no 304 leaves a reader with the
        old ones."""
        return transcript_tag(row, _form_of(cls))


@cache
def _form_of(body: type[BaseModel]) -> str:
    return json.dumps(body.model_json_schema())
