"""CMX 3600 edit decision lists: the moments one after another, as an editor conforms them."""

from __future__ import annotations

from urllib.parse import unquote

from videomoments.exports.recording import Moment, Recording

# Programmes begin at one hour, so that there is room for a leader.
_RECORD_HOUR = "01:00:00:00"
_MAX_EVENTS = 999
# Timecode starts again at 24 hours; an event across that point is one that readers refuse.
_RECORD_END = "23:59:59:00"


def write(recording: Recording) -> str:
    """The kept moments as cuts, in time order. Each names the file, and says in comments what it is, why it was chosen and by which engine.

    The format has room for 999 events, its clock for 23 hours of them; further moments are left out, and a comment says so.
    """
    rate = recording.rate
    lines = [f"TITLE: {_plain(recording.title)[:70]}", f"FCM: {'DROP FRAME' if rate.drop else 'NON-DROP FRAME'}", ""]
    record, written = rate.frame_of(_RECORD_HOUR), 0
    for number, moment in enumerate(recording.kept[:_MAX_EVENTS], 1):
        frames = recording.frames(moment)
        if record + frames.count > rate.frame_of(_RECORD_END):
            break
        written = number
        source = f"{recording.timecode(frames.first)} {recording.timecode(frames.end)}"
        target = f"{rate.timecode(record)} {rate.timecode(record + frames.count)}"
        lines.append(f"{number:03d}  AX       {_channels(recording)}  C        {source} {target}")
        lines += _comments(recording, moment, rate.timecode(record))
        record += frames.count
    if len(recording.kept) > written:
        lines.append(f"* COMMENT: {len(recording.kept) - written} FURTHER MOMENTS ARE LEFT OUT")
    return "\n".join(lines) + "\n"


def _channels(recording: Recording) -> str:
    if not recording.has_video:
        return "AA  "
    return "AA/V" if recording.has_audio else "V   "


def _comments(recording: Recording, moment: Moment, at: str) -> list[str]:
    name = unquote(recording.media_url.rpartition("/")[2])
    found = [
        f"* FROM CLIP NAME: {_plain(name)}",
        f"* LOC: {at} GREEN   {_plain(moment.title)}",
        f"* COMMENT: {_plain(moment.title)}: {_plain(moment.remark)}",
    ]
    if recording.varying_rate:
        found.append(f"* COMMENT: VARIABLE FRAME RATE SOURCE, NEAREST FRAMES AT {float(recording.rate.rate):.3f}")
    return found


def _plain(text: str) -> str:
    """One line without control characters."""
    return " ".join("".join(character if character.isprintable() else " " for character in text).split())
