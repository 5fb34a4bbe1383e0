"""Reads recordings with human annotations: JSON lines, one recording per line, `.gz` or plain.

A row has `id`, `duration`, `segments` (`start`, `end`, `text`, optionally `speaker`), and as annotations `chapters` (`start`, `title`),
`queries` (`query`, `spans`: [start, end] pairs that answer it), or a `salient` of each segment (the share of it that people marked as
important, 0 to 1), or several of these; optionally `title`. All times are seconds.
"""

from __future__ import annotations

import gzip
import json
import zlib
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from videomoments.core.errors import InvalidInput
from videomoments.core.times import Interval
from videomoments.evaluation.metrics.salience import MarkedTime
from videomoments.inference.transcript import Word
from videomoments.moments.lines import Line, build_lines

Seconds = Annotated[float, Field(ge=0, allow_inf_nan=False)]


class _DatasetRow(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)


class SpeechTurn(_DatasetRow):
    """One speaker's turn, or one paragraph or caption."""

    start: Seconds
    end: Seconds
    text: str
    speaker: str = ""
    salient: Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)] | None = None


class Chapter(_DatasetRow):
    """A chapter that a human annotator began here."""

    start: Seconds
    title: str = ""


class Query(_DatasetRow):
    """A query, and the stretches of the recording that a human annotator found for it."""

    query: str = Field(min_length=1)
    spans: tuple[tuple[Seconds, Seconds], ...] = Field(min_length=1)

    @property
    def intervals(self) -> list[Interval]:
        return [Interval(start, end) for start, end in self.spans]

    @model_validator(mode="after")
    def _forward(self) -> Query:
        if any(end <= start for start, end in self.spans):
            raise ValueError("a span ends before it starts")
        return self


class EvaluatedRecording(_DatasetRow):
    """One row of a dataset."""

    id: str = Field(min_length=1)
    title: str = ""
    duration: Annotated[float, Field(gt=0, allow_inf_nan=False)]
    segments: tuple[SpeechTurn, ...] = Field(min_length=1)
    chapters: tuple[Chapter, ...] = ()
    queries: tuple[Query, ...] = ()

    @property
    def starts(self) -> list[float]:
        """Returns the starts of the human chapters, sorted, in seconds."""
        return sorted(chapter.start for chapter in self.chapters)

    @property
    def marked(self) -> MarkedTime | None:
        """Returns what people marked as important, or None where nothing is marked."""
        parts = [(Interval(one.start, one.end), one.salient) for one in self.segments if one.salient]
        return MarkedTime(parts, self.duration) if any(span.duration > 0 for span, _ in parts) else None

    def for_salience(self) -> EvaluatedRecording:
        """Returns the recording with nothing to measure but salience. Without marks, what answers a query counts as marked."""
        if self.marked is not None:
            return self.model_copy(update={"chapters": (), "queries": ()})
        answers = MarkedTime([(span, 1.0) for span in _united(span for query in self.queries for span in query.intervals)], self.duration)
        segments = tuple(one.model_copy(update={"salient": _share(answers, one)}) for one in self.segments)
        return self.model_copy(update={"segments": segments, "chapters": (), "queries": ()})


def _united(spans: Iterable[Interval]) -> list[Interval]:
    found: list[Interval] = []
    for span in sorted(spans, key=lambda one: one.start):
        if found and span.start <= found[-1].end:
            found[-1] = Interval(found[-1].start, max(found[-1].end, span.end))
        else:
            found.append(span)
    return found


def _share(marked: MarkedTime, turn: SpeechTurn) -> float:
    length = turn.end - turn.start
    return min(1.0, (marked.until(turn.end) - marked.until(turn.start)) / length) if length > 0 else 0.0


def read_dataset(path: Path) -> list[EvaluatedRecording]:
    """Returns all rows. Raises InvalidInput that names the first line that is not a row, or an id that occurs twice."""
    try:
        data = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
        # Split at line feeds only: JSON may contain U+2028 and other line ends.
        lines = data.decode("utf-8").split("\n")
    except (OSError, EOFError, UnicodeDecodeError, zlib.error) as error:
        raise InvalidInput(f"{path.name} can't be read as JSON lines: {error}") from error
    found: dict[str, EvaluatedRecording] = {}
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        row = _parsed(line, f"{path.name}, line {number}")
        if row.id in found:
            raise InvalidInput(f"{path.name}, line {number}: the id {row.id!r} occurs twice.")
        found[row.id] = row
    if not found:
        raise InvalidInput(f"{path.name} holds no recording.")
    return list(found.values())


def _parsed(line: str, where: str) -> EvaluatedRecording:
    try:
        return EvaluatedRecording.model_validate(json.loads(line))
    except json.JSONDecodeError as error:
        raise InvalidInput(f"{where}: not JSON ({error.msg}).") from error
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(str(part) for part in first["loc"]) or "row"
        raise InvalidInput(f"{where}: {field}: {first['msg']}.") from error


def lines_of(recording: EvaluatedRecording, *, speakers: bool = True) -> list[Line]:
    """Returns the transcript as models read it: lines of sentences, none across two segments, each with its segment and speaker. Without
    `speakers` both are left out, as after speech recognition alone.

    Where a segment holds several sentences their times are estimates: the segment's time is divided evenly among its words.
    """
    lines: list[Line] = []
    for turn, spoken in enumerate(recording.segments, 1):
        texts = spoken.text.split()
        step = max(spoken.end - spoken.start, 0.01) / max(1, len(texts))
        words = [Word(spoken.start + step * at, spoken.start + step * (at + 1), text, space_before=True) for at, text in enumerate(texts)]
        known, speaker = (turn, spoken.speaker) if speakers else (None, "")
        for line in build_lines(words):
            lines.append(Line(len(lines) + 1, line.start, line.end, line.text, turn=known, speaker=speaker))
    return lines
