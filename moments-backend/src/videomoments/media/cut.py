"""Cuts clips: chooses the cheapest way that is safe for each, and has it checked. In the child only."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator, Sequence
from functools import cached_property
from pathlib import Path

import av.error

from videomoments.core.errors import InvalidInput, MomentsError
from videomoments.core.names import ClipKind
from videomoments.core.times import Interval
from videomoments.media.audio import PlacedAudio
from videomoments.media.check import check_clip, check_edit_list
from videomoments.media.copying import Copyable, copy_clip, copyable, refusal
from videomoments.media.edit_list import EditListCutter, edit_list_refusal
from videomoments.media.encode import Encoded, encode_exact, encode_proxy, encode_sound
from videomoments.media.pictures import Pictures
from videomoments.media.progress import Progress
from videomoments.media.smart import Join, plan_join, smart_refusal, write_join
from videomoments.media.types import Clip, ClipMode, ClipRequest, MediaInfo

_SHORTEST = 0.02


def cut(source: Path, requests: Sequence[ClipRequest], info: MediaInfo, progress: Progress) -> Iterator[Clip]:
    """Yields each clip when it is written and checked. Raises `InvalidInput` for a stretch outside the source."""
    cutter = _Cutter(source, info)
    whole = sum(_wanted(request, info).duration for request in requests)
    done = 0.0
    for request in requests:
        wanted = _wanted(request, info)

        def tick(at: float, before: float = done) -> None:
            progress(min(1.0, (before + at) / whole))

        yield cutter.cut(request, wanted, tick)
        done += wanted.duration
        progress(min(1.0, done / whole))


def _wanted(request: ClipRequest, info: MediaInfo) -> Interval:
    """The padded stretch inside the source."""
    wanted = request.interval.padded(request.padding_left, request.padding_right).clamped(0.0, info.duration)
    if wanted.duration < _SHORTEST:
        raise InvalidInput(
            f"The clip {request.interval.start:.3f}-{request.interval.end:.3f} s is outside the file, which is {info.duration:.3f} s long."
        )
    return wanted


class _Cutter:
    """One source, opened once for all its clips."""

    def __init__(self, source: Path, info: MediaInfo) -> None:
        self._source = source
        self._info = info
        self._pictures = Pictures(source, info) if info.has_video else None
        self._copier: EditListCutter | None = None
        self._refusal = refusal(info) if info.has_video else ""
        self._unjoinable = smart_refusal(info, self._pictures) if self._pictures is not None else ""

    @cached_property
    def _sound(self) -> PlacedAudio | None:
        """Opened when it is first needed: each open container holds the whole index, 10 MB an hour."""
        return PlacedAudio(self._source, self._info.audio, self._info.start_pts) if self._info.has_audio and self._info.audio else None

    def cut(self, request: ClipRequest, wanted: Interval, tick: Callable[[float], None]) -> Clip:
        if self._pictures is None:
            assert self._sound is not None
            made = encode_sound(self._sound, self._info, wanted, request.target, tick)
            check_clip(request.target, made, sound=True)
            return _clip(request, made.held, 0, "audio", "the source has no pictures")
        if request.kind is ClipKind.DELIVERED:
            return self._delivered(self._pictures, request, wanted, tick)
        return self._input(self._pictures, request, wanted, tick)

    def _delivered(self, pictures: Pictures, request: ClipRequest, wanted: Interval, tick: Callable[[float], None]) -> Clip:
        if request.way == "copy":
            copied = self._behind_edit_list(pictures, request, wanted, tick)
            if isinstance(copied, Clip):
                return copied
            exact = self._delivered(pictures, dataclasses.replace(request, way="exact"), wanted, tick)
            return dataclasses.replace(exact, reason=f"not copied: {copied}; {exact.reason}")
        join = "asked for" if request.way == "encode" else self._unjoinable or plan_join(pictures, self._info, wanted)
        if isinstance(join, Join):
            try:
                made = write_join(pictures, self._sound, self._info, join, request.target, tick)
                check_clip(request.target, made, sound=self._info.has_audio)
            except ValueError as error:
                join = str(error)
            except MomentsError as error:
                join = error.message
            else:
                reason = f"{join.head} pictures encoded at its start, {join.tail} at its end, the others copied"
                return _clip(request, made.held, made.frames, "smart", reason)
        made = encode_exact(pictures, self._sound, self._info, wanted, request.target, tick)
        check_clip(request.target, made, sound=self._info.has_audio)
        return _clip(request, made.held, made.frames, "encode", self._told(join, made))

    def _behind_edit_list(self, pictures: Pictures, request: ClipRequest, wanted: Interval, tick: Callable[[float], None]) -> Clip | str:
        """The clip, or the reason why it can't be copied."""
        reason = edit_list_refusal(self._info)
        if reason:
            return reason
        try:
            if self._copier is None:
                self._copier = EditListCutter(self._source, self._info, pictures)
            made = self._copier.cut(lambda: self._sound, wanted, request.target, tick)
            check_edit_list(request.target, made, sound=self._info.has_audio)
        except ValueError as error:
            return str(error)
        except MomentsError as error:
            return error.message
        return _clip(request, made.held, made.frames, "copy", "copied from the keyframe before it, hidden by an edit list")

    def _input(self, pictures: Pictures, request: ClipRequest, wanted: Interval, tick: Callable[[float], None]) -> Clip:
        chosen = self._refusal or copyable(pictures, self._info, wanted, request.max_bytes)
        if isinstance(chosen, Copyable):
            made = Encoded(chosen.held, len(chosen.packets), None, None, 0)
            try:
                copy_clip(self._source, pictures, self._info, chosen, request.target)
                check_clip(request.target, made, sound=self._info.has_audio, copied=True)
            except av.error.InvalidDataError:
                chosen = "its packets can't be put into another file"
            except MomentsError as error:
                chosen = error.message
            else:
                return _clip(request, made.held, made.frames, "copy", "copied from the keyframe before it")
        made = encode_proxy(pictures, self._sound, self._info, wanted, request.target, request.max_bytes, tick)
        check_clip(request.target, made, sound=self._info.has_audio)
        return _clip(request, made.held, made.frames, "proxy", self._told(chosen, made))

    def _told(self, reason: str, made: Encoded) -> str:
        """The reason for encoding, with what that changed and met."""
        assert self._info.video is not None
        hdr = f"; HDR ({self._info.video.hdr.upper()}) tone-mapped to BT.709" if self._info.video.hdr else ""
        return reason + hdr + (f"; {made.faults} faults in the source" if made.faults else "")


def _clip(request: ClipRequest, held: Interval, frames: int, mode: ClipMode, reason: str) -> Clip:
    return Clip(
        key=request.key,
        path=request.target,
        kind=request.kind,
        start=held.start,
        end=held.end,
        padding_left=request.interval.start - held.start,
        padding_right=held.end - request.interval.end,
        mode=mode,
        frames=frames,
        size_bytes=request.target.stat().st_size,
        reason=reason,
    )
