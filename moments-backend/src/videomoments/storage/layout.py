"""Builds the keys of all objects: everything of a video is below `videos/{video_id}/`, the pieces of an unfinished upload below
`uploads/{upload_id}/`.

Objects can't be fenced like rows. So each attempt of a run writes under its own name, the fenced row names the one that counts, and a
sweeper removes what no row names. An upload belongs to no run: its own identifier takes the place of the request's, with attempt 0.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import PurePosixPath

from videomoments.core.names import ClipKind
from videomoments.storage.object_store import check_key

# The store serves a file by its extension; any other extension becomes `.bin`.
CONTENT_TYPES = {
    ".mp4": "video/mp4",
    ".m4v": "video/mp4",
    ".mov": "video/quicktime",
    ".mkv": "video/x-matroska",
    ".webm": "video/webm",
    ".avi": "video/x-msvideo",
    ".ts": "video/mp2t",
    ".mts": "video/mp2t",
    ".m2ts": "video/mp2t",
    ".mpg": "video/mpeg",
    ".mpeg": "video/mpeg",
    ".flv": "video/x-flv",
    ".ogv": "video/ogg",
    ".3gp": "video/3gpp",
    ".3g2": "video/3gpp2",
    ".vob": "video/mpeg",
    ".wmv": "video/x-ms-wmv",
    ".asf": "video/x-ms-asf",
    ".dv": "video/x-dv",
    ".mxf": "application/mxf",
    ".mp3": "audio/mpeg",
    ".m4a": "audio/mp4",
    ".aac": "audio/aac",
    ".wav": "audio/wav",
    ".flac": "audio/flac",
    ".ogg": "audio/ogg",
    ".oga": "audio/ogg",
    ".opus": "audio/ogg",
    ".m4b": "audio/mp4",
    ".mka": "audio/x-matroska",
    ".wma": "audio/x-ms-wma",
    ".aif": "audio/aiff",
    ".aiff": "audio/aiff",
    ".aifc": "audio/aiff",
    ".caf": "audio/x-caf",
    ".amr": "audio/amr",
    ".au": "audio/basic",
    ".ac3": "audio/ac3",
    ".jpg": "image/jpeg",
    ".json": "application/json",
}
UNKNOWN_TYPE = "application/octet-stream"
_OWNED = re.compile(r"videos/(?P<video>[^/]+)/(?P<rest>.+)")
_STEM = re.compile(r"(?:.*-)?(?P<request>[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})-(?P<attempt>\d+)")


@dataclass(frozen=True, slots=True)
class ObjectOwner:
    """Which run or upload wrote an object. For an upload, `attempt` is 0 and `request_id` names the upload."""

    video_id: str
    request_id: str
    attempt: int


def video_prefix(video_id: str) -> str:
    """Returns the prefix of all objects of the video, for listing and deleting."""
    return check_key(f"videos/{video_id}") + "/"


def source_key(video_id: str, request_id: str, attempt: int, extension: str) -> str:
    return check_key(f"videos/{video_id}/source/{request_id}-{attempt}{safe_extension(extension)}")


def upload_key(video_id: str, upload_id: str, extension: str) -> str:
    """Returns the key of a source that a user uploaded, before any run."""
    return source_key(video_id, upload_id, 0, extension)


def parts_prefix(upload_id: str) -> str:
    """Returns the prefix of the pieces of an incomplete upload."""
    return check_key(f"uploads/{upload_id}") + "/"


def part_key(upload_id: str, offset: int, name: str) -> str:
    """Returns the key of a piece that begins at byte `offset`. `name` tells apart two requests that send the same piece."""
    return check_key(f"uploads/{upload_id}/{offset}-{name}.bin")


def audio_key(video_id: str, request_id: str, attempt: int) -> str:
    return check_key(f"videos/{video_id}/audio/{request_id}-{attempt}.wav")


def is_audio(key: str) -> bool:
    """Returns whether it is extracted audio, rather than its waveform or an audio-only source."""
    parts = key.split("/")
    return len(parts) == 4 and (parts[0], parts[2]) == ("videos", "audio") and key.endswith(".wav")


def waveform_key(audio_url: str) -> str:
    """Returns the key of the waveform of an audio object. A row that names the audio counts as naming the waveform, too."""
    return check_key(audio_url.removesuffix(".wav") + ".waveform")


def clip_key(video_id: str, moment_id: str, kind: ClipKind, request_id: str, attempt: int, *, extension: str = ".mp4") -> str:
    return check_key(f"videos/{video_id}/clips/{moment_id}/{kind}-{request_id}-{attempt}{safe_extension(extension)}")


def thumbnail_key(video_id: str, name: str, request_id: str, attempt: int) -> str:
    """Returns the key of a thumbnail. `name` is ours: `video`, or the moment's identifier."""
    return check_key(f"videos/{video_id}/thumbnails/{name}-{request_id}-{attempt}.jpg")


def safe_extension(name: str) -> str:
    """Returns the extension of a file name (or an extension itself) in lower case if we know it, else `.bin`."""
    suffix = PurePosixPath("x" + name if name.startswith(".") else name).suffix.lower()
    return suffix if suffix in CONTENT_TYPES else ".bin"


def content_type_of(key: str) -> str:
    """Returns the media type of a key's extension."""
    return CONTENT_TYPES.get(PurePosixPath(key).suffix, UNKNOWN_TYPE)


def owner_of(key: str) -> ObjectOwner | None:
    """Returns which run's attempt (or upload) wrote the key; None for a key outside this layout."""
    owned = _OWNED.fullmatch(key)
    stem = _STEM.fullmatch(PurePosixPath(key).stem)
    if owned is None or stem is None:
        return None
    return ObjectOwner(owned["video"], stem["request"], int(stem["attempt"]))
