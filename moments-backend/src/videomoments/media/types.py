"""Types that the media engine takes and returns. Times are seconds on one timeline, whose 0 is the first picture, or the first audio sample
where that is more than 0.1 s earlier."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, Self

from videomoments.core.names import ClipKind
from videomoments.core.times import Interval
from videomoments.media.clock import Clock

ClipMode = Literal["copy", "smart", "encode", "proxy", "audio"]
# How a delivered clip is requested. `exact`: as cheaply as possible with nothing hidden in the file.
ClipWay = Literal["exact", "copy", "encode"]
# The two of ITU-R BT.2100: perceptual quantizer (HDR10, Dolby Vision's base) and hybrid log-gamma.
HdrKind = Literal["pq", "hlg"]
TrackSound = Literal["speech", "other", "silent", "undecodable", "unheard"]


@dataclass(frozen=True, slots=True)
class SandboxLimits:
    """The limits of one child process. `stall_seconds` is how long it may run without reporting any progress."""

    memory_bytes: int = 4 * 1024**3
    cpu_seconds: int = 12 * 3600
    file_bytes: int = 32 * 1024**3
    open_files: int = 64
    stall_seconds: float = 90.0

    def to_dict(self) -> dict[str, Any]:
        return dataclasses.asdict(self)


@dataclass(frozen=True, slots=True)
class VideoStream:
    """The video stream that is used. `width` × `height` are coded pixels; the display size includes the sample aspect and the rotation.

    `rotation` is how many degrees clockwise a player turns the picture (0, 90, 180, 270). With `mirrored`, the player also flips it left to
    right before turning. `start` is the time of its first picture on the timeline, which is also shown before that time; `duration` counts
    from there. `fps` is the measured average. `keyframes` are ascending times, or None where no index lists them. `hdr` is the transfer of
    a high dynamic range; None: standard range. `reason` says why the stream is not `decodable`.
    """

    index: int
    codec: str
    width: int
    height: int
    display_width: int
    display_height: int
    rotation: int
    mirrored: bool
    sample_aspect: float
    fps: float
    vfr: bool
    time_base: tuple[int, int]
    pixel_format: str
    keyframes: tuple[float, ...] | None
    decodable: bool
    duration: float
    hdr: HdrKind | None = None
    reason: str = ""
    start: float = 0.0

    @property
    def end(self) -> float:
        """Returns when its last picture ends, in seconds on the timeline."""
        return self.start + self.duration


@dataclass(frozen=True, slots=True)
class AudioStream:
    """The audio stream that is used. `start` is the time of its first sample on the timeline (negative: it is trimmed, because it is so
    little before the first picture).

    `reason` says why the stream is not `decodable`.
    """

    index: int
    codec: str
    sample_rate: int
    channels: int
    start: float
    duration: float
    decodable: bool
    reason: str = ""


@dataclass(frozen=True, slots=True)
class AudioTrack:
    """One of a file's audio tracks. `number` counts them from 1, as players do; `index` is the stream's.

    `sound` is what was found in it where there are several tracks; `unheard` where no choice was needed.
    """

    number: int
    index: int
    codec: str
    channels: int
    language: str | None
    title: str | None
    default: bool
    sound: TrackSound


@dataclass(frozen=True, slots=True)
class ContainerChapter:
    start: float
    title: str


@dataclass(frozen=True, slots=True)
class Shot:
    """A change of scene. The new scene begins after `earliest` and by `latest` seconds; the two are equal where the frame is known."""

    earliest: float
    latest: float

    @property
    def exact(self) -> bool:
        return self.earliest == self.latest


@dataclass(frozen=True, slots=True)
class MediaInfo:
    """What a file really holds, as measured. Stored in checkpoints: `to_dict` and `from_dict` are inverse and JSON-safe.

    `duration` is seconds from the timeline's 0 to the end of the last frame of the longest stream that decodes. `start_pts` is the time of
    the timeline's 0 on the joined clock, in seconds. `clock` says how the file's own clock is joined (None: measured by an earlier version,
    whose zero is always the first picture). Warnings: `damaged`, `truncated_tail`, `shorter_than_header`, `video_undecodable`,
    `audio_undecodable`, `variable_frame_rate`, `several_audio_streams`, `clock_begins_anew`. `shots` are filled in after the probe, by
    `MediaEngine.shots`. `start_timecode` is the time that a camera's clock gave the first picture (`01:00:00;00`). `audio_tracks` are all
    of the file's audio tracks, and `audio_reason` says why `audio` was chosen among several; `left_out` says in words which video tracks
    are not used. The three are empty in what older versions measured.
    """

    container: str
    size_bytes: int
    duration: float
    start_pts: float
    video: VideoStream | None
    audio: AudioStream | None
    chapters: tuple[ContainerChapter, ...] = ()
    warnings: tuple[str, ...] = ()
    start_timecode: str | None = None
    shots: tuple[Shot, ...] = ()
    audio_tracks: tuple[AudioTrack, ...] = ()
    audio_reason: str = ""
    left_out: tuple[str, ...] = ()
    clock: Clock | None = None

    @property
    def clock_version(self) -> int:
        return self.clock.version if self.clock is not None else 1

    @property
    def audio_number(self) -> int | None:
        """Returns the number of the audio track that is used, from 1; None without audio, or where tracks were not counted."""
        if self.audio is None:
            return None
        return next((track.number for track in self.audio_tracks if track.index == self.audio.index), None)

    def with_audio_of(self, other: MediaInfo) -> MediaInfo:
        """Returns the same with another of the file's audio tracks, on the same timeline: existing clips and transcripts keep their
        times."""
        if other.audio is None or self.audio is None or other.audio.index == self.audio.index:
            return dataclasses.replace(self, audio_tracks=other.audio_tracks, audio_reason=other.audio_reason)
        sound = dataclasses.replace(other.audio, start=other.audio.start + other.start_pts - self.start_pts)
        seen = self.video.end if self.video is not None and self.video.decodable else 0.0
        length = max(seen, sound.start + sound.duration)
        clock = self.clock.with_audio_of(other.clock) if self.clock is not None and other.clock is not None else self.clock
        with_tracks = dataclasses.replace(self, audio_tracks=other.audio_tracks, audio_reason=other.audio_reason)
        return dataclasses.replace(with_tracks, audio=sound, duration=length, clock=clock)

    @property
    def remarks(self) -> tuple[str, ...]:
        """Returns remarks for users: what is used of the file where there was a choice, and what is not used, with reasons."""
        said = []
        if len(self.audio_tracks) > 1 and self.audio_number is not None:
            said.append(f"audio track {self.audio_number} of {len(self.audio_tracks)} is used: {self.audio_reason}")
        if self.clock is not None and (pieces := max(len(self.clock.pictures), len(self.clock.sound))):
            said.append(f"its clock begins anew inside it: {pieces} pieces are put one after the other")
        if self.video is not None and self.video.start > 0:
            said.append(f"its pictures begin {self.video.start:.1f} s after its sound: until then the first one stands")
        if self.video is not None and not self.video.decodable:
            said.append(f"its pictures can't be used: {self.video.reason or self.video.codec}")
        if self.audio is not None and not self.audio.decodable:
            said.append(f"its sound can't be used: {self.audio.reason or self.audio.codec}")
        return (*said, *self.left_out)

    @property
    def has_video(self) -> bool:
        """Whether the file has video that decodes."""
        return self.video is not None and self.video.decodable

    @property
    def has_audio(self) -> bool:
        """Whether the file has audio that decodes."""
        return self.audio is not None and self.audio.decodable

    def to_dict(self) -> dict[str, Any]:
        return dataclasses.asdict(self)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        video, audio = data["video"], data["audio"]
        if video is not None:
            keyframes = video["keyframes"]
            video = VideoStream(
                **{
                    **video,
                    "time_base": tuple(video["time_base"]),
                    "keyframes": None if keyframes is None else tuple(keyframes),
                }
            )
        return cls(
            **{
                **data,
                "video": video,
                "audio": None if audio is None else AudioStream(**audio),
                "chapters": tuple(ContainerChapter(**chapter) for chapter in data["chapters"]),
                "warnings": tuple(data["warnings"]),
                "shots": tuple(Shot(**shot) for shot in data.get("shots", ())),
                "audio_tracks": tuple(AudioTrack(**track) for track in data.get("audio_tracks", ())),
                "left_out": tuple(data.get("left_out", ())),
                "clock": None if data.get("clock") is None else Clock.from_dict(data["clock"]),
            }
        )


@dataclass(frozen=True, slots=True)
class ThumbnailRequest:
    """One JPEG at `time`; None lets the engine choose (the first picture that is not black).

    A keyframe within `tolerance` seconds of `time` is used instead of the exact picture: it costs a tenth.
    """

    key: str
    target: Path
    time: float | None = None
    tolerance: float = 1.0

    def to_dict(self) -> dict[str, Any]:
        return {"key": self.key, "target": str(self.target), "time": self.time, "tolerance": self.tolerance}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        return cls(**{**data, "target": Path(data["target"])})


@dataclass(frozen=True, slots=True)
class ThumbnailImage:
    """A JPEG on disk. `time` is that of the shown frame; sizes are pixels."""

    key: str
    path: Path
    time: float
    width: int
    height: int
    size_bytes: int

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        return cls(**{**data, "path": Path(data["path"])})

    def to_dict(self) -> dict[str, Any]:
        return {**dataclasses.asdict(self), "path": str(self.path)}


@dataclass(frozen=True, slots=True)
class ClipRequest:
    """One clip to cut. `interval` is the moment's; the paddings are the requested seconds on either side, clamped to the source.

    `max_bytes` limits only input clips: a larger copy becomes a proxy, whose bit rate is chosen to fit. `way` is for delivered clips:
    `copy` is the cheapest, with up to one group of pictures hidden before its start; `encode` encodes every picture again.
    """

    key: str
    interval: Interval
    target: Path
    kind: ClipKind
    padding_left: float = 0.0
    padding_right: float = 0.0
    max_bytes: int | None = None
    way: ClipWay = "exact"

    def to_dict(self) -> dict[str, Any]:
        return {**dataclasses.asdict(self), "target": str(self.target), "kind": str(self.kind)}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        return cls(
            **{
                **data,
                "interval": Interval(**data["interval"]),
                "target": Path(data["target"]),
                "kind": ClipKind(data["kind"]),
            }
        )


@dataclass(frozen=True, slots=True)
class Uncut:
    """A clip that can't be cut, and why, in words for users. `detail` is only for the log."""

    key: str
    code: str
    message: str
    advice: str
    detail: str = ""

    @property
    def explanation(self) -> str:
        """Returns the reason and the advice in one line."""
        return f"{self.message} {self.advice}".strip()

    def to_dict(self) -> dict[str, Any]:
        return dataclasses.asdict(self)


@dataclass(frozen=True, slots=True)
class CutClip:
    """A checked clip on disk. `start` and `end` are what the file really holds, on the source's timeline, exact to the frame.

    `padding_left` and `padding_right` are the real ones: `interval.start - start` and `end - interval.end`. `frames` counts pictures (0 for
    audio). `reason` says in words why this mode was used.
    """

    key: str
    path: Path
    kind: ClipKind
    start: float
    end: float
    padding_left: float
    padding_right: float
    mode: ClipMode
    frames: int
    size_bytes: int
    reason: str

    def to_dict(self) -> dict[str, Any]:
        return {**dataclasses.asdict(self), "path": str(self.path), "kind": str(self.kind)}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        return cls(**{**data, "path": Path(data["path"]), "kind": ClipKind(data["kind"])})
