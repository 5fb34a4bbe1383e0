"""The limits of each format: characters, lengths, frame rates, clock. All writers use this one table.

What does not fit is replaced or left out, and reported: a writer collects its remarks in `Notes`, which the API's answer and the command
line show.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from fractions import Fraction

from videomoments.core.text import named, shortened, unwanted
from videomoments.exports.rates import FrameRate
from videomoments.exports.recording import ExportedMoment, Recording

_NTSC = Fraction(1000, 1001)
# Rates with two digits of frames that readers of edit lists accept.
_EDL_RATES = (24 * _NTSC, 24, 25, 30 * _NTSC, 30, 48 * _NTSC, 48, 50, 60 * _NTSC, 60)
# The title of a moment whose own has no character that the format can hold.
UNNAMED = "Moment"
_ANGLES = {"<": "‹", ">": "›"}
# Half of a pair of UTF-16, which no text in UTF-8 can hold.
_HALF = re.compile("[\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class Target:
    """One format's limits; None is no limit.

    `signs` maps characters that mean something else in the format to replacements. `any_sign`: the format's own escapes can hold every
    character of UTF-8. `title` is the most characters of a title, `size` the most bytes of the whole, `events` the most moments. `rates`
    are the rates that its timecode can count.
    """

    name: str
    signs: Mapping[str, str] = field(default_factory=dict)
    any_sign: bool = False
    title: int | None = None
    size: int | None = None
    events: int | None = None
    rates: tuple[Fraction | int, ...] | None = None

    def text(self, value: str, notes: Notes, *, longest: int | None = None) -> str:
        """Returns `value` as this format can hold it: NFC, single spaces, line ends unchanged, at most `longest` characters. Notes what was
        changed."""
        written = self._signs(value, notes)
        if not self.any_sign:
            lines = (" ".join(line.split()) for line in unicodedata.normalize("NFC", written).replace("\r", "\n").split("\n"))
            written = "\n".join(lines)
        if longest is not None and len(written) > longest:
            written = shortened(written, longest - 1).rstrip() + "…"
            notes.cut(longest)
        return written

    def line(self, value: str, notes: Notes, *, longest: int | None = None) -> str:
        """Returns `text` on one line."""
        return self.text(" ".join(value.split()), notes, longest=longest)

    def fitted(self, recording: Recording, notes: Notes) -> Recording:
        """Returns the recording with every title and remark on one line, in characters that this format can hold. An empty title becomes
        `UNNAMED`."""

        def fitting(moment: ExportedMoment) -> ExportedMoment:
            title, reason, engine = (self.line(text or "", notes) for text in (moment.title, moment.reason, moment.engine))
            return replace(moment, title=title or UNNAMED, reason=reason or None, engine=engine or None)

        return replace(recording, title=self.line(recording.title, notes) or UNNAMED, moments=tuple(map(fitting, recording.moments)))

    def counted(self, recording: Recording, notes: Notes) -> Recording:
        """Returns the recording in a rate that this format can count: its own, that of every second, third … frame, or 25."""
        rate = recording.rate.rate
        if self.rates is None or rate in self.rates:
            return recording
        step = next((step for step in range(2, 13) if rate / step in self.rates), None)
        slower = FrameRate(rate / step if step else Fraction(25), drop=recording.rate.drop and step is not None)
        notes.say(f"{self.name} can't count {_rate(rate)} frames a second: it counts {_rate(slower.rate)} here, boundaries to the nearest.")
        first = slower.frame(float(recording.rate.seconds(recording.first_frame)))
        # `first_frame` has subtracted the first picture's time already.
        begin = slower.timecode(first) if recording.start_timecode else None
        return replace(recording, rate=slower, start_timecode=begin, first_picture=0.0)

    def _signs(self, value: str, notes: Notes) -> str:
        if self.any_sign and not self.signs and _HALF.search(value) is None:
            return value  # a transcript of hours is not read sign by sign
        written = []
        for sign in value:
            instead = self.signs.get(sign)
            if instead is None:
                instead = self._replacement(sign)
            if instead != sign:
                notes.swap(sign, instead)
            written.append(instead)
        return "".join(written)

    def _replacement(self, sign: str) -> str:
        if self.any_sign:
            return "\ufffd" if unicodedata.category(sign) == "Cs" else sign
        return sign if sign.isspace() or not unwanted(sign) else ""


class Notes:
    """Collects what a format could not hold, and what is written instead, as sentences for users. Each is said once."""

    def __init__(self) -> None:
        self._swapped: dict[str, str] = {}
        self._cut: set[int] = set()
        self._said: dict[str, None] = {}

    def swap(self, sign: str, instead: str) -> None:
        self._swapped[sign] = instead

    def cut(self, longest: int) -> None:
        self._cut.add(longest)

    def say(self, sentence: str) -> None:
        self._said[sentence] = None

    def __iter__(self) -> Iterator[str]:
        yield from self._said
        shown = [f"{_sign(sign)} by {_sign(instead)}" for sign, instead in sorted(self._swapped.items()) if instead]
        gone = [_sign(sign) for sign, instead in sorted(self._swapped.items()) if not instead]
        if shown:
            yield f"Signs that the format can't hold are replaced: {', '.join(shown)}."
        if gone:
            yield f"Signs that the format can't hold are left out: {', '.join(gone[:10])}{' and others' if len(gone) > 10 else ''}."
        for longest in sorted(self._cut):
            yield f"Texts of more than {longest} characters are cut."


JSON = Target("JSON", any_sign=True)
OTIO = Target("OpenTimelineIO")
CSV = Target("CSV")
# SubRip has no escapes: players take angle brackets and braces for markup, and a backslash before these letters for a line end or a space.
SRT = Target("SubRip", {**_ANGLES, "{": "(", "}": ")"})
VTT = Target("WebVTT")
# YouTube's API: a description has up to 5000 bytes, of any character but angle brackets.
CHAPTERS = Target("A YouTube description", _ANGLES, size=5000)
EDL = Target("An EDL", title=70, events=999, rates=_EDL_RATES)
FCPXML = Target("FCPXML")


def say_what_is_counted(recording: Recording, notes: Notes) -> None:
    """Notes where the frames or the clock differ from the source's own: a rate that no editor has, one that varies, an invalid timecode."""
    rate, measured = recording.rate, recording.measured_rate
    if measured and abs(measured / float(rate.rate) - 1) > 0.02:
        notes.say(f"The source's {measured:.6g} pictures a second are counted as {_rate(rate.rate)}, boundaries to the nearest.")
    if recording.varying_rate:
        notes.say(f"The source's frame rate varies: boundaries are the nearest frames at {_rate(rate.rate)} a second.")
    if recording.start_timecode and not recording.timecode_fits:
        shown = recording.start_timecode[:20]
        notes.say(f"The source's timecode {shown} is none at {_rate(rate.rate)} frames a second: times are counted from 0.")


def _rate(rate: Fraction) -> str:
    return f"{float(rate):.6g}"


def _sign(sign: str) -> str:
    return f"“{sign}”" if sign.isprintable() and not sign.isspace() else named(sign) if len(sign) == 1 else f"“{sign}”"
