"""The measurements of a video's file, for those who show them. The API opens no media and imports only these types of its package."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

from videomoments.media.types import AudioTrack, MediaInfo, TrackSound

__all__ = ["AudioTrack", "SourceFacts", "TrackSound"]


@dataclass(frozen=True, slots=True)
class SourceFacts:
    """The measured facts. For a file that has not been measured, all are None or empty. `remarks` as in `MediaInfo`."""

    frame_rate: float | None = None
    audio_tracks: tuple[AudioTrack, ...] = ()
    audio_track: int | None = None
    audio_reason: str | None = None
    remarks: tuple[str, ...] = ()

    @classmethod
    def of(cls, media_info: Mapping[str, Any] | None) -> Self:
        """Reads the facts from the column of the video's row."""
        if media_info is None:
            return cls()
        rate = (media_info.get("video") or {}).get("fps")
        # Another version of this program may have stored fewer fields.
        if not {"video", "audio"} <= media_info.keys():
            return cls(rate)
        info = MediaInfo.from_dict(media_info)
        return cls(rate, info.audio_tracks, info.audio_number, info.audio_reason or None, info.remarks)
