"""The values that are exported: a recording, its transcript and its moments. Seconds are on the source's timeline: 0 is its first video
frame, or its first audio where that begins clearly earlier."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import TypeVar

from videomoments.core.errors import InvalidInput
from videomoments.core.times import Interval
from videomoments.exports.rates import FrameRate
from videomoments.inference.recognition_details import NOTHING_SAID, RecognitionDetails
from videomoments.inference.transcript import Segment, Word

REJECTED = "rejected"
_Said = TypeVar("_Said", Word, Segment)


@dataclass(frozen=True, slots=True)
class ExportedMoment:
    """A moment as it is exported. `clip` is the stretch of its delivered clip, if it has one; `clip_error` is why it can't be cut. `engine`
    is the model that made the moment, or None for a user's own."""

    identifier: str
    title: str
    start: float
    end: float
    score: float | None = None
    reason: str | None = None
    engine: str | None = None
    review: str = "new"
    clip: Interval | None = None
    clip_error: str | None = None
    confidence: float | None = None

    @property
    def remark(self) -> str:
        """Returns the reason, the score and the engine in one line."""
        made_by = f"by {self.engine}" if self.engine else "by hand"
        score = "" if self.score is None else f"score {self.score:.2f}, "
        return " ".join(f"{self.reason or ''} ({score}{made_by})".split())


@dataclass(frozen=True, slots=True)
class Frames:
    """A stretch of the source in whole frames, [first, end), counted from its first frame."""

    first: int
    end: int

    @property
    def count(self) -> int:
        return self.end - self.first


@dataclass(frozen=True, slots=True)
class Recording:
    """A source and what was found in it. `media_url` is where an editor finds the file: a `file:` URL or a bare file name. `rate` is the
    rate in which its frames are counted, `measured_rate` the measured frames per second."""

    identifier: str
    title: str
    source: str
    media_url: str
    duration: float
    rate: FrameRate
    start_timecode: str | None = None
    first_picture: float = 0.0
    varying_rate: bool = False
    measured_rate: float | None = None
    width: int | None = None
    height: int | None = None
    has_video: bool = True
    has_audio: bool = True
    audio_rate: int = 48000
    audio_channels: int = 2
    language: str | None = None
    transcript_engine: str | None = None
    transcript_remarks: tuple[str, ...] = ()
    hearing: RecognitionDetails = NOTHING_SAID
    words: tuple[Word, ...] = ()
    segments: tuple[Segment, ...] = ()
    moments: tuple[ExportedMoment, ...] = ()
    # Why there are no moments, as a sentence.
    nothing: str | None = None

    @property
    def not_rejected(self) -> tuple[ExportedMoment, ...]:
        """Returns the moments that nobody rejected, in time order."""
        return tuple(sorted((moment for moment in self.moments if moment.review != REJECTED), key=lambda moment: moment.start))

    @property
    def first_frame(self) -> int:
        """Returns the number, in the source's own timecode, of the timeline's zero; 0 without a timecode, or with one that does not fit its
        rate. The timecode is that of the first video frame, which may come later than the audio."""
        if not self.start_timecode or not self.timecode_fits:
            return 0
        return max(0, self.rate.frame_of(self.start_timecode) - self.rate.frame(self.first_picture))

    @property
    def timecode_fits(self) -> bool:
        """Returns whether the start timecode is valid at the rate."""
        try:
            self.rate.frame_of(self.start_timecode or "")
        except InvalidInput:
            return False
        return True

    @property
    def frame_count(self) -> int:
        return max(1, self.rate.frame(self.duration))

    def frames(self, moment: ExportedMoment) -> Frames:
        """Returns the moment in whole frames, at least one, within the source."""
        first = min(max(self.rate.frame(moment.start), 0), self.frame_count - 1)
        return Frames(first, min(max(self.rate.frame(moment.end), first + 1), self.frame_count))

    def timecode(self, frame: int) -> str:
        """Returns the source's timecode of a frame."""
        return self.rate.timecode(self.first_frame + frame)

    def rational(self, frame: int) -> Fraction:
        """Returns the time of a frame, in seconds, in the source's own time, which includes its start timecode."""
        return self.rate.seconds(self.first_frame + frame)

    def of_clip(self, moment: ExportedMoment) -> Recording:
        """Returns the moment's clip as a recording of its own, with its transcript in its own time. Frames are not counted anew for its
        file."""
        span = moment.clip or Interval(moment.start, moment.end)
        return replace(
            self,
            title=moment.title,
            duration=span.duration,
            start_timecode=None,
            first_picture=0.0,
            words=tuple(_within(self.words, span)),
            segments=tuple(_within(self.segments, span)),
            hearing=replace(
                self.hearing,
                not_understood=tuple(
                    part.clamped(span.start, span.end).shifted(-span.start)
                    for part in self.hearing.not_understood
                    if part.overlap(span) > 0
                ),
            ),
            moments=(),
        )


def _within(said: Sequence[_Said], span: Interval) -> Iterator[_Said]:
    """Yields the words or segments within the span, shifted to its start. One that an edge cuts belongs to the side that holds its
    middle."""
    for part in said:
        if span.start <= (part.start + part.end) / 2 < span.end:
            inner = Interval(part.start, part.end).clamped(span.start, span.end).shifted(-span.start)
            yield replace(part, start=inner.start, end=inner.end)
