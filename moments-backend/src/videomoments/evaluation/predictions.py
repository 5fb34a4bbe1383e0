"""Stores what a system found in a dataset as JSON lines: one line per recording and question.

`{"id", "starts": [seconds], "moments": [{"start_time", "end_time", "title", "score"}]}` for chapters, `{"id", "query", "spans": [[start,
end]]}` for queries, `{"id", "find": "moments", "moments": […]}` for the parts worth keeping; spans and these moments are best first. A row
that failed has an `error` as well, and is scored as an empty answer. `prompt_version`, where known, is the version of the prompts.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from videomoments.core.errors import InvalidInput
from videomoments.core.times import Interval


@dataclass(frozen=True, slots=True)
class PredictedMoment:
    """A moment, in seconds. `score` is 0 to 1, or None where the system gave none that could be read."""

    start: float
    end: float
    title: str = ""
    score: float | None = None


@dataclass(slots=True)
class Predictions:
    """One system's predictions: `starts` and `moments` of chapters by recording, `spans` by recording and query, `chosen` parts by
    recording, best first, and in `errors` what failed and why.

    `prompt_version` is the version of the prompts, or None where a file does not say.
    """

    name: str
    starts: dict[str, list[float]] = field(default_factory=dict)
    moments: dict[str, list[PredictedMoment]] = field(default_factory=dict)
    spans: dict[tuple[str, str], list[Interval]] = field(default_factory=dict)
    chosen: dict[str, list[PredictedMoment]] = field(default_factory=dict)
    errors: dict[str, str] = field(default_factory=dict)
    prompt_version: str | None = None

    @property
    def recordings(self) -> set[str]:
        """Returns the ids of all recordings that a row is about."""
        return {*self.starts, *self.chosen, *(recording for recording, _ in self.spans)}

    def write(self, path: Path) -> None:
        """Writes the predictions as JSON lines. Raises OSError."""
        rows = [*map(self._chapters_row, self.starts), *map(self._query_row, self.spans), *map(self._chosen_row, self.chosen)]
        path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")

    def _chapters_row(self, recording: str) -> dict[str, Any]:
        moments = [_moment_row(one) for one in self.moments.get(recording, [])]
        return {"id": recording, "starts": self.starts[recording], "moments": moments} | self._more(recording)

    def _chosen_row(self, recording: str) -> dict[str, Any]:
        moments = [_moment_row(one) for one in self.chosen[recording]]
        return {"id": recording, "find": "moments", "moments": moments} | self._more(f"{recording}: moments")

    def _query_row(self, key: tuple[str, str]) -> dict[str, Any]:
        recording, query = key
        spans = [[span.start, span.end] for span in self.spans[key]]
        return {"id": recording, "query": query, "spans": spans} | self._more(f"{recording}: {query}")

    def _more(self, key: str) -> dict[str, str]:
        version = {} if self.prompt_version is None else {"prompt_version": self.prompt_version}
        return version | ({"error": self.errors[key]} if key in self.errors else {})


def _moment_row(moment: PredictedMoment) -> dict[str, Any]:
    return {"start_time": moment.start, "end_time": moment.end, "title": moment.title, "score": moment.score}


_Seconds = Annotated[float, Field(allow_inf_nan=False)]


class _Moment(BaseModel):
    start_time: _Seconds
    end_time: _Seconds
    title: str = ""
    score: _Seconds | None = None


class _PredictionRow(BaseModel):
    model_config = ConfigDict(extra="ignore")

    id: str
    find: Literal["moments", "chapters"] = "chapters"
    starts: list[_Seconds] | None = None
    moments: list[_Moment] = []
    query: str | None = None
    spans: list[tuple[_Seconds, _Seconds]] | None = None
    error: str | None = None
    prompt_version: str | None = None

    @model_validator(mode="after")
    def _forward(self) -> _PredictionRow:
        pairs = [*(self.spans or []), *((one.start_time, one.end_time) for one in self.moments)]
        if any(end < start for start, end in pairs):
            raise ValueError("a span ends before it starts")
        return self

    @property
    def key(self) -> str:
        """Returns the row's key in `Predictions.errors`."""
        if self.find == "moments":
            return f"{self.id}: moments"
        return self.id if self.query is None else f"{self.id}: {self.query}"


def read_predictions(path: Path) -> Predictions:
    """Reads a file that `write` or another system wrote. Raises InvalidInput that names the first wrong line."""
    found = Predictions(path.stem)
    try:
        # By line feeds alone: JSON may hold U+2028 and other ends of lines as they are.
        lines = path.read_text(encoding="utf-8").split("\n")
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidInput(f"{path.name} can't be read: {error}") from error
    seen: set[str] = set()
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            row = _PredictionRow.model_validate_json(line)
        except ValidationError as error:
            raise InvalidInput(f"{path.name}, line {number}: {error.errors()[0]['msg']}.") from error
        if row.key in seen:
            raise InvalidInput(f"{path.name}, line {number}: there is a row of {row.key!r} already.")
        seen.add(row.key)
        _take(row, found)
    return found


def _take(row: _PredictionRow, found: Predictions) -> None:
    found.prompt_version = row.prompt_version or found.prompt_version
    if row.error is not None:
        found.errors[row.key] = row.error
    moments = [PredictedMoment(one.start_time, one.end_time, one.title, one.score) for one in row.moments]
    if row.find == "moments":
        found.chosen[row.id] = moments
    elif row.query is not None:
        found.spans[row.id, row.query] = [Interval(start, end) for start, end in row.spans or []]
    else:
        found.moments[row.id] = moments
        found.starts[row.id] = row.starts if row.starts is not None else [one.start for one in moments]
