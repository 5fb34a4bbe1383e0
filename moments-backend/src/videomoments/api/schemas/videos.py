"""Bodies about videos."""

from __future__ import annotations

from typing import Any, Literal
from urllib.parse import unquote, urlsplit

from pydantic import BaseModel, ConfigDict, Field

from videomoments.api.schemas.common import Body, Exact, NothingOut, ObjectUrl, Time, Title
from videomoments.api.versions import video_tag
from videomoments.services.deletion import RESTORE_LIFE
from videomoments.services.source_facts import SourceFacts, TrackSound
from videomoments.services.upload_queries import UPLOAD_SCHEME
from videomoments.services.video_queries import VideoView

VideoStatus = Literal["new", "queued", "processing", "completed", "failed", "cancelled"]


class VideoOut(BaseModel):
    """A video. `status` is its newest run's, `new` without any; `duration` is measured seconds, null until it has been downloaded."""

    identifier: str
    title: str
    source: str = Field(description="The URL; for a file its name.")
    duration: float | None
    resolution: str | None = Field(examples=["1920x1080"])
    size_bytes: int | None
    content_type: str | None
    stored: bool = Field(description="Whether its source is in the store and can be played.")
    status: VideoStatus
    request_id: str | None = Field(description="The newest run.")
    moment_count: int = Field(description="How many moments it shows: those of the newest completed run, and a person's own.")
    nothing: NothingOut | None = Field(description="Why it shows none, once a run has ended; null while it shows some.")
    thumbnail: ObjectUrl | None
    created_at: Time
    updated_at: Time | None
    restorable_until: Time | None = Field(description="Of a deleted video: until then it can be restored.")
    etag: str = Field(description="This version of the title: send it as If-Match with another.")

    @classmethod
    def of(cls, video: VideoView, thumbnail: ObjectUrl | None) -> VideoOut:
        return cls(
            identifier=video.identifier,
            title=video.title,
            source=public_source(video.source_url),
            duration=video.duration,
            resolution=video.resolution,
            size_bytes=video.size_bytes,
            content_type=video.content_type,
            stored=video.cloud_url is not None,
            status="new" if video.status is None else video.status.value,
            request_id=video.request_id,
            moment_count=video.moment_count,
            nothing=NothingOut.of(video.nothing),
            thumbnail=thumbnail,
            created_at=video.created_at,
            updated_at=video.updated_at,
            restorable_until=None if video.deleted_at is None else video.deleted_at + RESTORE_LIFE,
            etag=video_tag(video.identifier, video.title),
        )


class CaptionsOut(BaseModel):
    """Captions that came with a video."""

    language: str
    format: str = Field(examples=["vtt"])


class AudioTrackOut(BaseModel):
    """One of a file's sounds. `sound` is what was heard of it, where one of several had to be chosen."""

    model_config = ConfigDict(from_attributes=True)

    number: int = Field(description="Counted from 1: what `audio_track` names.")
    codec: str
    channels: int
    language: str | None
    title: str | None
    default: bool
    sound: TrackSound


class SourceOut(BaseModel):
    """What is known of where a video came from, and how it is filmed. Null or empty: the source did not say."""

    frame_rate: float | None = Field(description="Pictures a second, measured; null without pictures.")
    uploader: str | None
    published: str | None = Field(description="YYYY-MM-DD", examples=["2026-01-31"])
    page: str | None = Field(description="The page that shows it.")
    captions: list[CaptionsOut]
    audio_tracks: list[AudioTrackOut] = Field(description="All of the file's sounds; empty before it was measured.")
    audio_track: int | None = Field(description="The number of the one that is heard and cut.")
    audio_reason: str | None = Field(description="Why this one of several.")
    remarks: list[str] = Field(description="What of the file is used where there was a choice, and what can't be, with the reasons.")

    @classmethod
    def of(cls, media_info: dict[str, Any] | None, details: dict[str, Any]) -> SourceOut:
        facts = SourceFacts.of(media_info)
        day = str(details.get("published") or "")
        return cls(
            frame_rate=facts.frame_rate,
            uploader=details.get("uploader") or None,
            published=f"{day[:4]}-{day[4:6]}-{day[6:8]}" if len(day) == 8 and day.isdigit() else None,
            page=details.get("page") or None,
            captions=[CaptionsOut(language=one["language"], format=one["format"]) for one in details.get("captions", ())],
            audio_tracks=[AudioTrackOut.model_validate(track) for track in facts.audio_tracks],
            audio_track=facts.audio_track,
            audio_reason=facts.audio_reason,
            remarks=list(facts.remarks),
        )


class RegisterVideo(Body):
    """A video to be downloaded by its first run."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"url": "https://example.com/talk.mp4", "title": "On bread"}]})

    url: Exact = Field(min_length=1, max_length=4096, examples=["https://example.com/talk.mp4"])
    title: Title | None = None


class LookAtSource(Body):
    """An address that may lead to several videos."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"url": "https://example.com/playlist", "max_videos": 10}]})

    url: Exact = Field(min_length=1, max_length=4096, examples=["https://example.com/talk.mp4"])
    max_videos: int = Field(25, ge=1, le=500, description="List at most so many.")


class ListedVideoOut(BaseModel):
    """One of the videos of a list: start a run with its address."""

    url: str
    title: str


class SourceListOut(BaseModel):
    """What an address leads to. Nothing is registered. A single video, or a file, is no list: `videos` is empty."""

    title: str
    videos: list[ListedVideoOut]
    total: int | None = Field(description="How many there are in all; null where the site does not say.")


class EditVideo(Body):
    """What a person may change of a video."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"title": "On bread"}]})

    title: Title


class StreamOut(ObjectUrl):
    """Where the source can be played."""

    content_type: str


class DeletedOut(BaseModel):
    """What became of a deleted video."""

    identifier: str
    purged: bool = Field(description="Whether it is gone for good.")
    restorable_until: Time | None = Field(description="Until when `restore` brings it back; null once it is gone.")


class UploadOut(BaseModel):
    """A file that comes in pieces. Sizes are bytes."""

    identifier: str
    length: int
    received: int
    expires_at: Time = Field(description="When it is forgotten; every piece begins the day anew.")
    video_id: str | None = Field(description="What it became, once it is complete.")


def public_source(source_url: str) -> str:
    """What may be shown of a source: of a file only its name, for the path tells about the machine."""
    if source_url.startswith(UPLOAD_SCHEME):
        return source_url.removeprefix(UPLOAD_SCHEME)
    parts = urlsplit(source_url)
    return unquote(parts.path).rpartition("/")[2] if parts.scheme == "file" else source_url
