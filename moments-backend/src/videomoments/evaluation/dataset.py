"""Reads recordings with human annotations: JSON lines, one recording per line, `.gz` or plain.

A row has `id`, `duration`, `segments` (`start`, `end`, `text`, optionally `speaker`), and as annotations `chapters` (`start`, `title`),
`queries` (`query`, `spans`: [start, end] pairs that answer it), or both; optionally `title`. All times are seconds.
"""

from __future__ import annotations

import gzip
import json
import zlib
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from videomoments.core.errors import InvalidInput
from videomoments.core.times import Interval
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


def lines_of(recording: EvaluatedRecording) -> list[Line]:
    """Returns the transcript as models read it: lines of sentences, none across two segments, each with its segment and speaker.

    Where a segment holds several sentences their times are estimates: the segment's time is divided evenly among its words.
    """
    lines: list[Line] = []
    for turn, spoken in enumerate(recording.segments, 1):
        texts = spoken.text.split()
        step = max(spoken.end - spoken.start, 0.01) / max(1, len(texts))
        words = [Word(spoken.start + step * at, spoken.start + step * (at + 1), text, space_before=True) for at, text in enumerate(texts)]
        for line in build_lines(words):
            lines.append(Line(len(lines) + 1, line.start, line.end, line.text, turn=turn, speaker=spoken.speaker))
    return lines
