"""Bodies of a user's changes."""

from __future__ import annotations

from pydantic import ConfigDict, Field, model_validator

from videomoments.api.schemas.common import Body, Exact, Text, Title
from videomoments.api.schemas.moments import Review

_MOST_WORDS = 500


class CreateMoment(Body):
    """A user's own moment. Times are seconds of the source's timeline."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"title": "Why bread rises", "start_time": 61.5, "end_time": 94.25}]})

    title: Title
    start_time: float = Field(ge=0, le=1e7, allow_inf_nan=False)
    end_time: float = Field(ge=0, le=1e7, allow_inf_nan=False)


class EditMoment(Body):
    """Changes of a moment. Fields that are left out stay unchanged. Times are seconds of the source's timeline."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"end_time": 96.0, "review": "kept"}]})

    title: Title | None = None
    start_time: float | None = Field(None, ge=0, le=1e7, allow_inf_nan=False)
    end_time: float | None = Field(None, ge=0, le=1e7, allow_inf_nan=False)
    review: Review | None = None

    @model_validator(mode="after")
    def _asks_for_something(self) -> EditMoment:
        if not self.model_fields_set:
            raise ValueError("nothing is to be changed")
        return self


class CorrectWord(Body):
    """A new text for the word at `index`. `was` is the text that it replaces."""

    index: int = Field(ge=0, le=10_000_000)
    was: Exact = Field(max_length=300)
    word: Text = Field(max_length=300)


class EditTranscript(Body):
    """Corrections of words. Their times stay unchanged."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"words": [{"index": 1, "was": "word.", "word": "world."}]}]})

    words: list[CorrectWord] = Field(min_length=1, max_length=_MOST_WORDS)
