"""Writes FCPXML 1.8, which Final Cut Pro, DaVinci Resolve and others read: the moments one after another, each with a marker.

OpenTimelineIO's adapter is not used: it leaves the frame duration empty and knows no drop-frame, no audio and no notes. All times are
multiples of the frame's duration, as Final Cut requires.
"""

from __future__ import annotations

from fractions import Fraction
from xml.etree import ElementTree as Xml

from videomoments.exports.recording import ExportedMoment, Recording
from videomoments.exports.targets import FCPXML, Notes, say_what_is_counted

VERSION = "1.8"
_SEQUENCE, _MEDIA = "r1", "r2"
_AUDIO_RATES = {32000: "32k", 44100: "44.1k", 48000: "48k", 88200: "88.2k", 96000: "96k", 176400: "176.4k", 192000: "192k"}


def write(recording: Recording, notes: Notes | None = None) -> str:
    """Writes a library with one event, one project and one sequence of the moments that nobody rejected."""
    notes = Notes() if notes is None else notes
    say_what_is_counted(recording, notes)
    recording = FCPXML.fitted(recording, notes)
    root = Xml.Element("fcpxml", version=VERSION)
    _resources(Xml.SubElement(root, "resources"), recording)
    event = Xml.SubElement(Xml.SubElement(root, "library"), "event", name="VideoMoments")
    project = Xml.SubElement(event, "project", name=recording.title)
    total = sum(recording.frames(moment).count for moment in recording.not_rejected)
    sequence = Xml.SubElement(
        project,
        "sequence",
        format=_SEQUENCE,
        duration=_time(recording.rate.seconds(total)),
        tcStart="0s",
        tcFormat=_timecode_format(recording),
        audioLayout="mono" if recording.audio_channels == 1 else "stereo",
        audioRate=_AUDIO_RATES.get(recording.audio_rate, "48k"),
    )
    spine = Xml.SubElement(sequence, "spine")
    offset = 0
    for moment in recording.not_rejected:
        _clip(spine, recording, moment, offset)
        offset += recording.frames(moment).count
    Xml.indent(root, space="    ")
    return f'<?xml version="1.0" encoding="UTF-8"?>\n<!DOCTYPE fcpxml>\n{Xml.tostring(root, encoding="unicode")}\n'


def _resources(resources: Xml.Element, recording: Recording) -> None:
    frame = {"id": _SEQUENCE, "frameDuration": _fraction(1 / recording.rate.rate)}
    if recording.width and recording.height:
        frame |= {"width": str(recording.width), "height": str(recording.height)}
    Xml.SubElement(resources, "format", frame)
    media = {
        "id": _MEDIA,
        "name": recording.title,
        "src": recording.media_url,
        "start": _time(recording.rational(0)),
        "duration": _time(recording.rate.seconds(recording.frame_count)),
    }
    if recording.has_video:
        media |= {"hasVideo": "1", "format": _SEQUENCE}
    if recording.has_audio:
        media |= {
            "hasAudio": "1",
            "audioSources": "1",
            "audioChannels": str(recording.audio_channels),
            "audioRate": str(recording.audio_rate),
        }
    Xml.SubElement(resources, "asset", media)


def _clip(spine: Xml.Element, recording: Recording, moment: ExportedMoment, offset: int) -> None:
    frames = recording.frames(moment)
    start, duration = _time(recording.rational(frames.first)), _time(recording.rate.seconds(frames.count))
    clip = Xml.SubElement(
        spine,
        "asset-clip",
        ref=_MEDIA,
        name=moment.title,
        offset=_time(recording.rate.seconds(offset)),
        start=start,
        duration=duration,
        tcFormat=_timecode_format(recording),
    )
    Xml.SubElement(clip, "note").text = moment.remark
    one_frame = _time(recording.rate.seconds(1))
    Xml.SubElement(clip, "marker", start=start, duration=one_frame, value=moment.title, note=moment.remark)


def _timecode_format(recording: Recording) -> str:
    return "DF" if recording.rate.drop else "NDF"


def _time(seconds: Fraction) -> str:
    return f"{seconds}s"


def _fraction(seconds: Fraction) -> str:
    """Returns a time like `_time`, always with a denominator, and the usual one: `100/2500s`, `1001/30000s`."""
    scale = 1 if seconds.numerator > 1 else 100
    return f"{seconds.numerator * scale}/{seconds.denominator * scale}s"
