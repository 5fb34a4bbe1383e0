"""A transcript: what was said and when. Times are seconds from the start of the audio, which is the media timeline's zero."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from videomoments.inference.mending import NOT_MENDED, Mended
from videomoments.inference.recognition_details import NOTHING_SAID, RecognitionDetails
from videomoments.inference.writing_systems import guessed, unspaced


@dataclass(frozen=True, slots=True)
class Word:
    """One spoken word. `confidence` is 0 to 1, or None where the recogniser gives none.

    `space_before` says whether a space stands between it and the word before; None leaves it to the script (`spacing`).
    """

    start: float
    end: float
    text: str
    confidence: float | None = None
    space_before: bool | None = None


@dataclass(frozen=True, slots=True)
class Segment:
    """A stretch of speech as the recogniser divided it, usually a sentence or two."""

    start: float
    end: float
    text: str


@dataclass(frozen=True, slots=True)
class TimedTranscript:
    """A recognised recording. Words and segments are sorted, monotonic, finite and never negative; both are empty without speech."""

    full_text: str
    words: tuple[Word, ...]
    segments: tuple[Segment, ...]
    language: str | None
    engine: str | None
    processing_time: float | None
    mended: Mended = NOT_MENDED
    hearing: RecognitionDetails = NOTHING_SAID

    @property
    def speech(self) -> bool:
        return bool(self.words or self.segments)


def joined(parts: Sequence[tuple[float, TimedTranscript]]) -> TimedTranscript:
    """Joins the transcripts of consecutive parts of a recording, each with its start in seconds. Language and engine are the first
    known."""
    known = [part for _, part in parts]
    seconds = [part.processing_time for part in known if part.processing_time is not None]
    return TimedTranscript(
        full_text=_text([part.full_text for part in known if part.full_text]),
        words=tuple(word for start, part in parts for word in _words(part.words, start)),
        segments=tuple(_moved(segment, start) for start, part in parts for segment in part.segments),
        language=next((part.language for part in known if part.language), None),
        engine=next((part.engine for part in known if part.engine), None),
        processing_time=sum(seconds) if seconds else None,
        mended=sum((part.mended for part in known), NOT_MENDED),
        hearing=sum((part.hearing.moved(start) for start, part in parts), NOTHING_SAID),
    )


def _text(texts: Sequence[str]) -> str:
    whole = ""
    for text in texts:
        whole += (" " if whole and guessed(whole[-1], text[0]) else "") + text
    return whole


def _words(words: Sequence[Word], start: float) -> Iterator[Word]:
    """Yields the words moved by `start`. At the start of a part the recogniser knew no word before: there the script decides about the
    space."""
    for index, word in enumerate(words):
        moved = _moved(word, start)
        seam = index == 0 and word.space_before is not True and word.text.strip()
        yield replace(moved, space_before=False if unspaced(word.text.strip()[0]) else None) if seam else moved


Timed = TypeVar("Timed", Word, Segment)


def _moved(item: Timed, by: float) -> Timed:
    return replace(item, start=round(item.start + by, 3), end=round(item.end + by, 3))


def words_to_rows(words: Sequence[Word]) -> list[dict[str, Any]]:
    """Returns the JSON of `transcripts.word_timestamps`, in the form of the speech service's answer."""
    return [{"word": word.text, "start": word.start, "end": word.end} | _said(word) for word in words]


def _said(word: Word) -> dict[str, Any]:
    known = {"confidence": word.confidence, "space_before": word.space_before}
    return {name: value for name, value in known.items() if value is not None}


def words_from_rows(rows: Sequence[Mapping[str, Any]]) -> tuple[Word, ...]:
    """Reads what `words_to_rows` wrote."""
    return tuple(
        Word(float(row["start"]), float(row["end"]), str(row["word"]), row.get("confidence"), row.get("space_before")) for row in rows
    )


def segments_to_rows(segments: Sequence[Segment]) -> list[dict[str, Any]]:
    """Returns the JSON of `transcripts.segment_timestamps`."""
    return [{"text": segment.text, "start": segment.start, "end": segment.end} for segment in segments]


def segments_from_rows(rows: Sequence[Mapping[str, Any]]) -> tuple[Segment, ...]:
    """Reads what `segments_to_rows` wrote."""
    return tuple(Segment(float(row["start"]), float(row["end"]), str(row["text"])) for row in rows)
