"""Reads task blocks: the JSON at the end of a chat request's user message, which these engines read instead of the text before it."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from moments_models.errors import InvalidRequest

_FENCE = re.compile(r"```(?:json)?[ \t]*\n(.*?)\n?[ \t]*```", re.DOTALL)

Model = TypeVar("Model", bound=BaseModel)


class _Block(BaseModel):
    """A part of a task block. Unknown fields are ignored: a newer pipeline may send more than this program knows."""

    model_config = ConfigDict(extra="ignore", frozen=True, allow_inf_nan=False)


class LimitsBlock(_Block):
    """The limits of moments, in seconds. A missing limit does not apply."""

    max_moments: int = Field(default=12, ge=1, le=1000)
    min_duration: float = Field(default=0.0, ge=0.0)
    max_duration: float = Field(default=86_400.0, gt=0.0)


class LineBlock(_Block):
    """A sentence or segment of the transcript, in seconds. Lines of one `turn` are one speaker's turn, or one paragraph.

    `confidence` is the chance that a word of it is right, given where it is low; `unsure` are its words of low confidence.
    """

    n: int
    start: float
    end: float
    text: str
    turn: int | None = None
    speaker: str = ""
    confidence: float | None = None
    unsure: tuple[str, ...] = ()


class ChapterBlock(_Block):
    """A chapter mark of the recording's file."""

    start: float
    title: str = ""


class GenerationTask(_Block):
    """The task `generate_moments`."""

    task: Literal["generate_moments"]
    find: Literal["moments", "chapters"] = "chapters"
    """The few parts worth keeping, or the whole recording divided. Requests that don't say are of pipelines that knew chapters alone."""
    duration: float = Field(gt=0.0)
    limits: LimitsBlock = LimitsBlock()
    prompt: str = ""
    language: str = ""
    lines: tuple[LineBlock, ...] = ()
    chapters: tuple[ChapterBlock, ...] | None = None


class ClipBlock(_Block):
    """The clip of the request: where it starts in the recording, and how much of it lies before and after the moment, in seconds."""

    start: float = 0.0
    duration: float = Field(default=0.0, ge=0.0)
    padding_left: float = 0.0
    padding_right: float = 0.0


class MomentBlock(_Block):
    """The moment to refine, in the task's time base."""

    title: str = ""
    start_time: float
    end_time: float


class RefinementTask(_Block):
    """The task `refine_moment`. All times are in `time_base`: seconds from the clip's first frame, or of the recording."""

    task: Literal["refine_moment"]
    duration: float = Field(gt=0.0)
    time_base: Literal["clip", "absolute"] = "absolute"
    clip: ClipBlock | None = None
    moment: MomentBlock
    limits: LimitsBlock = LimitsBlock()
    lines: tuple[LineBlock, ...] = ()
    words: tuple[tuple[float, float, str], ...] = ()


def find_block(text: str) -> dict[str, Any]:
    """Returns the last JSON object with a `task` in a message, fenced or bare. Raises `InvalidRequest` when there is none."""
    for fenced in reversed(_FENCE.findall(text)):
        block = _parsed(fenced)
        if block is not None:
            return block
    found = _last_bare(text)
    if found is None:
        raise InvalidRequest("the last user message has no task block (a JSON object with a `task`)", code="no_task_block")
    return found


def parse(model: type[Model], block: Mapping[str, Any]) -> Model:
    """Returns the block as a typed task. Raises `InvalidRequest` that names the first wrong field."""
    try:
        return model.model_validate(block)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"]) or "block"
        raise InvalidRequest(f"task block: {where}: {first['msg']}", code="invalid_task_block") from error


def _parsed(text: str) -> dict[str, Any] | None:
    try:
        value = json.loads(text)
    except (json.JSONDecodeError, RecursionError):
        return None
    return value if isinstance(value, dict) and "task" in value else None


def _last_bare(text: str) -> dict[str, Any] | None:
    """Returns the last of the outermost objects that has a `task`, or None. What does not parse is taken for prose."""
    decoder = json.JSONDecoder()
    found: dict[str, Any] | None = None
    at = text.find("{")
    while at >= 0:
        try:
            value, end = decoder.raw_decode(text, at)
        except RecursionError:
            return found  # deeper than any task; looking into every layer of it would take quadratic time
        except json.JSONDecodeError:
            end = at + 1
        else:
            if isinstance(value, dict) and "task" in value:
                found = value
        at = text.find("{", end)
    return found
