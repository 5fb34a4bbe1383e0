"""Writes CMX 3600 edit decision lists: the moments one after another, as an editor conforms them."""

from __future__ import annotations

from dataclasses import replace
from urllib.parse import unquote

from videomoments.exports.recording import ExportedMoment, Frames, Recording
from videomoments.exports.targets import EDL, UNNAMED, Notes, say_what_is_counted

# Programmes begin at one hour, so that there is room for a leader.
_RECORD_HOUR = "01:00:00:00"
# Timecode starts again at 24 hours, and readers refuse an event across that point.
_RECORD_END = "23:59:59:00"


def write(recording: Recording, notes: Notes | None = None) -> str:
    """Writes the moments that nobody rejected as cuts, in time order. Each names the file; comments give its title, the reason and the
    engine.

    The format has room for 999 events within 23 hours; further moments are left out, and a comment says so. Where a moment crosses midnight
    on the source's timecode, all source times count from its first frame instead, because readers refuse an event that ends before it
    begins. A rate that the format's timecode can't count is divided by a small number, or becomes 25.
    """
    notes = Notes() if notes is None else notes
    say_what_is_counted(recording, notes)
    recording = EDL.counted(recording, notes)
    rate = recording.rate
    title = EDL.line(recording.title, notes, longest=EDL.title)
    lines = [f"TITLE: {title}", f"FCM: {'DROP FRAME' if rate.drop else 'NON-DROP FRAME'}", ""]
    remark = None
    if any(_over_midnight(recording, recording.frames(moment)) for moment in recording.not_rejected):
        remark = f"* COMMENT: SOURCE TIMECODE {recording.start_timecode} PASSES MIDNIGHT, SOURCE TIMES COUNT FROM 00:00:00:00"
        notes.say(
            f"The source's timecode ({recording.start_timecode}) passes midnight: its times are counted from its first picture, at 0."
        )
        recording = replace(recording, start_timecode=None)
    record, written = rate.frame_of(_RECORD_HOUR), 0
    for number, moment in enumerate(recording.not_rejected[: EDL.events], 1):
        frames = recording.frames(moment)
        if record + frames.count > rate.frame_of(_RECORD_END):
            break
        written = number
        source = f"{recording.timecode(frames.first)} {recording.timecode(frames.end)}"
        target = f"{rate.timecode(record)} {rate.timecode(record + frames.count)}"
        lines.append(f"{number:03d}  AX       {_channels(recording)}  C        {source} {target}")
        lines += [*_comments(recording, moment, rate.timecode(record), notes), *([remark] if remark else [])]
        record += frames.count
    if len(recording.not_rejected) > written:
        lines.append(f"* COMMENT: {len(recording.not_rejected) - written} FURTHER MOMENTS ARE LEFT OUT")
        notes.say(f"An edit list has room for {EDL.events} moments within 23 hours: {len(recording.not_rejected) - written} are left out.")
    return "\n".join(lines) + "\n"


def _channels(recording: Recording) -> str:
    if not recording.has_video:
        return "AA  "
    return "AA/V" if recording.has_audio else "V   "


def _over_midnight(recording: Recording, frames: Frames) -> bool:
    first, day = recording.first_frame, recording.rate.day
    return (first + frames.first) // day != (first + frames.end) // day


def _comments(recording: Recording, moment: ExportedMoment, at: str, notes: Notes) -> list[str]:
    name, title = unquote(recording.media_url.rpartition("/")[2]), EDL.line(moment.title, notes) or UNNAMED
    found = [
        f"* FROM CLIP NAME: {EDL.line(name, notes)}",
        f"* LOC: {at} GREEN   {title}",
        f"* COMMENT: {title}: {EDL.line(moment.remark, notes)}",
    ]
    if recording.varying_rate:
        found.append(f"* COMMENT: VARIABLE FRAME RATE SOURCE, NEAREST FRAMES AT {float(recording.rate.rate):.3f}")
    return found
