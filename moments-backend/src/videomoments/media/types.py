"""What the media engine takes and gives. Times are seconds on one timeline: 0 = the first picture, or the first sound where that begins
more than 0.1 s earlier."""

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
# How a delivered clip is asked for; `exact`: as cheaply as is possible with nothing hidden in the file.
ClipWay = Literal["exact", "copy", "encode"]
# ITU-R BT.2100's two: perceptual quantizer (HDR10, Dolby Vision's base) and hybrid log-gamma.
HdrKind = Literal["pq", "hlg"]
TrackSound = Literal["speech", "other", "silent", "undecodable", "unheard"]


@dataclass(frozen=True, slots=True)
class SandboxLimits:
    """What one child process may take. `stall_seconds` is how long it may go without reporting any progress."""

    memory_bytes: int = 4 * 1024**3
    cpu_seconds: int = 12 * 3600
    file_bytes: int = 32 * 1024**3
    open_files: int = 64
    stall_seconds: float = 90.0

    def to_dict(self) -> dict[str, Any]:
        return dataclasses.asdict(self)


@dataclass(frozen=True, slots=True)
class VideoStream:
    """The picture that is used. `width` × `height` are coded pixels; the display size has the sample aspect and the rotation applied.

    `rotation` is how many degrees clockwise a player turns the picture (0, 90, 180, 270); `mirrored` that it also flips it, left to
    right, before turning. `start` is its first picture on the timeline, which stands before it as well; `duration` runs from there on.
    `fps` is the measured average; `keyframes` are ascending times, or None where no index tells. `hdr` is the transfer of a high dynamic
    range; None: the usual range. `reason` says why they are not `decodable`.
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
        """When its last picture ends, on the timeline."""
        return self.start + self.duration


@dataclass(frozen=True, slots=True)
class AudioStream:
    """The sound that is used. `start` is its first sample on the timeline (negative: so little before the first picture that it is
    trimmed).

    `reason` says why it is not `decodable`.
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
    """One of a file's sounds. `number` counts them from 1, as players do; `index` is the stream's.

    `sound`: what was heard of it where there are several; `unheard` where nothing had to be decided.
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
    """A change of scene: the new one begins after `earliest` and by `latest` seconds; the two are equal where it is known to the frame."""

    earliest: float
    latest: float

    @property
    def exact(self) -> bool:
        return self.earliest == self.latest


@dataclass(frozen=True, slots=True)
class MediaInfo:
    """What a file really holds, measured. Kept in checkpoints: `to_dict` and `from_dict` are inverse and JSON-safe.

    `duration` is seconds from the timeline's 0 to the end of the last frame, of the longest stream that decodes. `start_pts` is the
    joined clock's time of the timeline's 0, in seconds; `clock` how the file's own clock is joined (None: measured by an earlier version,
    whose zero is the first picture always). Warnings: `damaged`, `truncated_tail`, `shorter_than_header`, `video_undecodable`,
    `audio_undecodable`, `variable_frame_rate`, `several_audio_streams`. `shots` are filled in after the probe, by `MediaEngine.shots`.
    `start_timecode` is what a camera's clock called the first picture (`01:00:00;00`). `audio_tracks` are all of the file's sounds,
    `audio_reason` why `audio` is this one of several; `left_out` says in words what pictures are not used. The three are empty in what
    older versions measured.
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
        """Which of the file's audio tracks is used, from 1; None without sound, or where it was not counted."""
        if self.audio is None:
            return None
        return next((track.number for track in self.audio_tracks if track.index == self.audio.index), None)

    def with_audio_of(self, other: MediaInfo) -> MediaInfo:
        """The same with another of the file's sounds, on the same timeline: what was cut and said before keeps its times."""
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
        """For people: what of the file is used where there was a choice, and what is not used, with the reasons."""
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
        """There are pictures, and they decode."""
        return self.video is not None and self.video.decodable

    @property
    def has_audio(self) -> bool:
        """There is sound, and it decodes."""
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
    """One JPEG at `time`; None leaves the choice to us (the first picture that is not black).

    A keyframe within `tolerance` seconds of `time` is taken instead of the exact picture: it costs a tenth.
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
    """A JPEG on disk. `time` is the shown frame's; sizes are pixels."""

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
    """One clip to cut. `interval` is the moment's; paddings are asked seconds on either side, clamped to the source.

    `max_bytes` bounds input clips only: a larger copy becomes a proxy, whose rate is chosen to fit. `way` is for delivered clips:
    `copy` is the cheapest, with up to one group of pictures hidden before its start; `encode` makes every picture anew.
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
    """A clip that can't be cut, and why, in words for people. `detail` is for the log alone."""

    key: str
    code: str
    message: str
    advice: str
    detail: str = ""

    @property
    def explanation(self) -> str:
        """The reason with what to do, in one line."""
        return f"{self.message} {self.advice}".strip()

    def to_dict(self) -> dict[str, Any]:
        return dataclasses.asdict(self)


@dataclass(frozen=True, slots=True)
class CutClip:
    """A clip on disk, checked. `start` and `end` are what the file really holds, on the source's timeline, exact to the frame.

    `padding_left` and `padding_right` are the real ones: `interval.start - start` and `end - interval.end`. `frames` counts
    pictures (0 for sound). `reason` says in words why this mode was taken.
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
