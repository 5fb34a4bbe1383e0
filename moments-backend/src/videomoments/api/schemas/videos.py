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
    """A video. `status` is that of its newest run, or `new` without a run. `duration` is measured, in seconds; null before the download."""

    identifier: str
    title: str
    source: str = Field(description="The URL, or the name of a file.")
    duration: float | None
    resolution: str | None = Field(examples=["1920x1080"])
    size_bytes: int | None
    content_type: str | None
    stored: bool = Field(description="Whether the source is stored and can be played.")
    status: VideoStatus
    request_id: str | None = Field(description="The request id of the newest run.")
    moment_count: int = Field(description="How many moments are shown: those of the newest completed run, and the user's own.")
    nothing: NothingOut | None = Field(description="Why no moments are shown, once a run has ended; null where some are shown.")
    thumbnail: ObjectUrl | None
    created_at: Time
    updated_at: Time | None
    restorable_until: Time | None = Field(description="Until when a deleted video can be restored.")
    etag: str = Field(description="Tag of this version of the title: send it as If-Match with a new title.")

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
    """One of a file's audio tracks. `sound` is what was found in it; `unheard` where no choice between tracks was needed."""

    model_config = ConfigDict(from_attributes=True)

    number: int = Field(description="Number of the track, counted from 1, for the option `audio_track`.")
    codec: str
    channels: int
    language: str | None
    title: str | None
    default: bool
    sound: TrackSound


class SourceOut(BaseModel):
    """What is known about a video's source and its file. Null or empty means that the source did not say."""

    frame_rate: float | None = Field(description="Measured frames per second; null without video.")
    uploader: str | None
    published: str | None = Field(description="YYYY-MM-DD", examples=["2026-01-31"])
    page: str | None = Field(description="Address of the page that shows the video.")
    captions: list[CaptionsOut]
    audio_tracks: list[AudioTrackOut] = Field(description="All of the file's audio tracks; empty before the file was measured.")
    audio_track: int | None = Field(description="Number of the track that is transcribed and cut.")
    audio_reason: str | None = Field(description="Why this track was chosen, where there are several.")
    remarks: list[str] = Field(description="What is used of the file where there was a choice, and what can't be used, with the reasons.")

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
    """A URL to be registered as a video. The first run downloads it."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"url": "https://example.com/talk.mp4", "title": "On bread"}]})

    url: Exact = Field(min_length=1, max_length=4096, examples=["https://example.com/talk.mp4"])
    title: Title | None = None


class LookAtSource(Body):
    """An address of a playlist or channel, whose videos are to be listed."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"url": "https://example.com/playlist", "max_videos": 10}]})

    url: Exact = Field(min_length=1, max_length=4096, examples=["https://example.com/talk.mp4"])
    max_videos: int = Field(25, ge=1, le=500, description="Maximum number of videos in the list.")


class ListedVideoOut(BaseModel):
    """One of the videos of a list. Its `url` can be registered as a video."""

    url: str
    title: str


class SourceListOut(BaseModel):
    """The videos behind an address. None of them is registered. `videos` is empty where the address is a single video or a file."""

    title: str
    videos: list[ListedVideoOut]
    total: int | None = Field(description="Total number of videos; null where the site does not say.")


class EditVideo(Body):
    """Changes of a video."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"title": "On bread"}]})

    title: Title


class StreamOut(ObjectUrl):
    """A signed address at which the source can be played."""

    content_type: str


class DeletedOut(BaseModel):
    """The state of a deleted video."""

    identifier: str
    purged: bool = Field(description="Whether it was removed for good.")
    restorable_until: Time | None = Field(description="Until when `restore` can bring it back; null if it was removed for good.")


class UploadOut(BaseModel):
    """An upload in pieces. `length` and `received` are bytes."""

    identifier: str
    length: int
    received: int
    expires_at: Time = Field(description="When the upload is deleted: one day after its last piece.")
    video_id: str | None = Field(description="The video that was made of it, once it is complete.")


def public_source(source_url: str) -> str:
    """Returns the part of a source that may be shown. For a file it is only the name, because a path tells about the machine."""
    if source_url.startswith(UPLOAD_SCHEME):
        return source_url.removeprefix(UPLOAD_SCHEME)
    parts = urlsplit(source_url)
    return unquote(parts.path).rpartition("/")[2] if parts.scheme == "file" else source_url
