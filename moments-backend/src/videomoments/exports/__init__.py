"""Writes a recording and its moments in the formats that other programs read. One module per format; all are pure functions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from videomoments.exports import chapters, csv_table, edl, fcpxml, json_document, otio, srt, vtt
from videomoments.exports.recording import Recording
from videomoments.exports.targets import Notes

__all__ = ["FORMATS", "Format", "Notes", "Recording"]


class Writer(Protocol):
    """Writes a recording as text. Notes what the format could not hold and what is written instead."""

    def __call__(self, recording: Recording, notes: Notes | None = None) -> str: ...


@dataclass(frozen=True, slots=True)
class Format:
    """One export format. `of_clip` says that it can also be written for the clip of a single moment, in that clip's own time."""

    name: str
    extension: str
    media_type: str
    write: Writer
    of_clip: bool = False


FORMATS: dict[str, Format] = {
    found.name: found
    for found in (
        Format("json", ".json", "application/json", json_document.write),
        Format("csv", ".csv", "text/csv; charset=utf-8", csv_table.write),
        Format("srt", ".srt", "application/x-subrip; charset=utf-8", srt.write, of_clip=True),
        Format("vtt", ".vtt", "text/vtt; charset=utf-8", vtt.write, of_clip=True),
        Format("chapters", ".chapters.txt", "text/plain; charset=utf-8", chapters.write),
        Format("edl", ".edl", "text/plain; charset=utf-8", edl.write),
        Format("fcpxml", ".fcpxml", "application/xml; charset=utf-8", fcpxml.write),
        Format("otio", ".otio", "application/json", otio.write),
    )
}
