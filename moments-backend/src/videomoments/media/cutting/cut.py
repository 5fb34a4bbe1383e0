"""Cuts clips: chooses the cheapest safe method for each, and has it checked. Runs only in the child."""

from __future__ import annotations

import dataclasses
import traceback
from collections.abc import Callable, Iterator, Sequence
from functools import cached_property
from pathlib import Path

import av.error

from videomoments.core.errors import InvalidInput, MomentsError
from videomoments.core.names import ClipKind
from videomoments.core.times import Interval
from videomoments.media.cutting.check import check_clip, check_edit_list
from videomoments.media.cutting.edit_list import EditListCutter
from videomoments.media.cutting.eligibility import edit_list_refusal, input_copy_refusal, smart_refusal
from videomoments.media.cutting.encode import Encoded, encode_audio, encode_exact, encode_proxy
from videomoments.media.cutting.input_copy import Copyable, copy_clip, copyable
from videomoments.media.cutting.smart import Join, plan_join, write_join
from videomoments.media.failures import CannotCopy, ends_the_job, explained
from videomoments.media.progress import Progress
from videomoments.media.reading.pictures import Pictures
from videomoments.media.reading.placed_audio import PlacedAudio
from videomoments.media.types import ClipMode, ClipRequest, CutClip, MediaInfo, Uncut

_SHORTEST = 0.02
# Characters of a traceback that are logged.
_DETAIL = 2000
# After these errors a clip is encoded: what FFmpeg calls invalid is in the source. Any other error is ours, and no encoding must hide it.
_NOT_COPIED = (CannotCopy, MomentsError, av.error.InvalidDataError, av.error.ArgumentError)


def cut(
    source: Path, requests: Sequence[ClipRequest], info: MediaInfo, progress: Progress, *, each: bool = False
) -> Iterator[CutClip | Uncut]:
    """Yields each clip when it is written and checked. With `each`, it also yields the reason for a clip that can't be cut, and continues
    with the others.

    Without `each` it raises instead: `InvalidInput` for a range outside the source, `MomentsError`, or what a library raised.
    """
    cutter = _Cutter(source, info)
    whole = max(sum(request.interval.duration for request in requests), _SHORTEST)
    done = 0.0
    for request in requests:

        def tick(at: float, before: float = done) -> None:
            progress(min(1.0, (before + at) / whole))

        try:
            made: CutClip | Uncut = cutter.cut(request, _wanted(request, info), tick)
        except Exception as error:
            if not each or ends_the_job(error):
                raise
            request.target.unlink(missing_ok=True)
            made = _uncut(request, error)
        yield made
        done += request.interval.duration
        progress(min(1.0, done / whole))


def _uncut(request: ClipRequest, error: Exception) -> Uncut:
    known = explained(error)
    detail = "" if known is error else "".join(traceback.format_exception(error))[-_DETAIL:]
    return Uncut(request.key, known.code, known.message, known.advice, detail)


def _wanted(request: ClipRequest, info: MediaInfo) -> Interval:
    """Returns the padded range, clamped to the source. Raises `InvalidInput` where nothing of it is inside."""
    wanted = request.interval.padded(request.padding_left, request.padding_right).clamped(0.0, info.duration)
    if wanted.duration < _SHORTEST:
        raise InvalidInput(
            f"The clip {request.interval.start:.3f}-{request.interval.end:.3f} s is outside the file, which is {info.duration:.3f} s long."
        )
    return wanted


class _Cutter:
    """Cuts the clips of one source, which is opened once for all of them."""

    def __init__(self, source: Path, info: MediaInfo) -> None:
        self._source = source
        self._info = info
        self._pictures = Pictures(source, info) if info.has_video else None
        self._copier: EditListCutter | None = None
        self._refusal = input_copy_refusal(info) if info.has_video else ""
        self._unjoinable = smart_refusal(info, self._pictures) if self._pictures is not None else ""

    @cached_property
    def _sound(self) -> PlacedAudio | None:
        """Opened on first use: each open container holds the whole index, 10 MB per hour."""
        return PlacedAudio(self._source, self._info) if self._info.has_audio else None

    def cut(self, request: ClipRequest, wanted: Interval, tick: Callable[[float], None]) -> CutClip:
        if self._pictures is None:
            assert self._sound is not None
            made = encode_audio(self._sound, self._info, wanted, request.target, tick)
            check_clip(request.target, made, sound=True)
            return _clip(request, made.held, 0, "audio", "the source has no pictures")
        if request.kind is ClipKind.DELIVERED:
            return self._delivered(self._pictures, request, wanted, tick)
        return self._input(self._pictures, request, wanted, tick)

    def _delivered(self, pictures: Pictures, request: ClipRequest, wanted: Interval, tick: Callable[[float], None]) -> CutClip:
        if request.way == "copy":
            copied = self._behind_edit_list(pictures, request, wanted, tick)
            if isinstance(copied, CutClip):
                return copied
            exact = self._delivered(pictures, dataclasses.replace(request, way="exact"), wanted, tick)
            return dataclasses.replace(exact, reason=f"not copied: {copied}; {exact.reason}")
        join = "asked for" if request.way == "encode" else self._unjoinable or plan_join(pictures, self._info, wanted)
        if isinstance(join, Join):
            try:
                made = write_join(pictures, self._sound, self._info, join, request.target, tick)
                check_clip(request.target, made, sound=self._info.has_audio)
            except _NOT_COPIED as error:
                join = _reason(error)
            else:
                reason = f"{join.head} pictures encoded at its start, {join.tail} at its end, the others copied"
                return _clip(request, made.held, made.frames, "smart", reason)
        made = encode_exact(pictures, self._sound, self._info, wanted, request.target, tick)
        check_clip(request.target, made, sound=self._info.has_audio)
        return _clip(request, made.held, made.frames, "encode", self._encoding_reason(join, made))

    def _behind_edit_list(self, pictures: Pictures, request: ClipRequest, wanted: Interval, tick: Callable[[float], None]) -> CutClip | str:
        """Returns the clip, or the reason why it can't be copied."""
        reason = edit_list_refusal(self._info)
        if reason:
            return reason
        try:
            if self._copier is None:
                self._copier = EditListCutter(self._source, self._info, pictures)
            made = self._copier.cut(lambda: self._sound, wanted, request.target, tick)
            check_edit_list(request.target, made, sound=self._info.has_audio)
        except _NOT_COPIED as error:
            return _reason(error)
        return _clip(request, made.held, made.frames, "copy", "copied from the keyframe before it, hidden by an edit list")

    def _input(self, pictures: Pictures, request: ClipRequest, wanted: Interval, tick: Callable[[float], None]) -> CutClip:
        chosen = self._refusal or copyable(pictures, self._info, wanted, request.max_bytes)
        if isinstance(chosen, Copyable):
            made = Encoded(chosen.held, len(chosen.packets), None, None, 0)
            try:
                copy_clip(self._source, pictures, self._info, chosen, request.target)
                check_clip(request.target, made, sound=self._info.has_audio, copied=True)
            except _NOT_COPIED as error:
                chosen = _reason(error)
            else:
                return _clip(request, made.held, made.frames, "copy", "copied from the keyframe before it")
        made = encode_proxy(pictures, self._sound, self._info, wanted, request.target, request.max_bytes, tick)
        check_clip(request.target, made, sound=self._info.has_audio)
        return _clip(request, made.held, made.frames, "proxy", self._encoding_reason(chosen, made))

    def _encoding_reason(self, reason: str, made: Encoded) -> str:
        """Returns the reason for encoding, with what encoding changed and the faults that it met."""
        assert self._info.video is not None
        hdr = f"; HDR ({self._info.video.hdr.upper()}) tone-mapped to BT.709" if self._info.video.hdr else ""
        return reason + hdr + (f"; {made.faults} faults in the source" if made.faults else "")


def _reason(error: Exception) -> str:
    """Returns why a clip was not copied. FFmpeg's own text may name the file, so it is not used."""
    if isinstance(error, av.error.FFmpegError):
        return "its packets can't be put into another file"
    return error.message if isinstance(error, MomentsError) else str(error)


def _clip(request: ClipRequest, held: Interval, frames: int, mode: ClipMode, reason: str) -> CutClip:
    return CutClip(
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
