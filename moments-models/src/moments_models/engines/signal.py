"""Boundary refinement by measurement: word edges, silences and shot cuts. It understands nothing of the content and says so."""

from __future__ import annotations

from typing import Any

from moments_models.base import ChatRequest, EngineKind, EngineSpec, Task
from moments_models.errors import InvalidRequest
from moments_models.tasks import RefinementTask, parse

_LEAD = 0.1
"""Seconds left before the first word and after the last."""


class Signal:
    """A `ChatEngine` for `refine_moment`."""

    def answer(self, request: ChatRequest, task: Task) -> dict[str, Any]:
        """New times in the task's time base, and what they were snapped to."""
        if request.block.get("task") != "refine_moment":
            raise InvalidRequest("signal refines moments (task `refine_moment`) and nothing else", code="unsupported_task")
        task.check()
        return refine(parse(RefinementTask, request.block))


def refine(wanted: RefinementTask) -> dict[str, Any]:
    from moments_models.snapping import first_word, last_word

    first, last = first_word(wanted), last_word(wanted)
    start, end = wanted.moment.start_time, wanted.moment.end_time
    found = []
    if first is not None:
        lead = _LEAD if first.before is None else min(_LEAD, max(0.0, first.before) / 2)
        start = max(0.0, first.start - lead)
        found.append("start: the first word of a sentence")
    if last is not None:
        tail = _LEAD if last.after is None else min(_LEAD, max(0.0, last.after) / 2)
        end = last.end + tail
        found.append("end: the last word of a sentence")
    if end <= start or not found:
        return {
            "start_time": wanted.moment.start_time,
            "end_time": wanted.moment.end_time,
            "reason": "unchanged: nothing to snap to was found near the boundaries",
        }
    return {
        "start_time": round(start, 3),
        "end_time": round(end, 3),
        "reason": f"measured: {'; '.join(found)}; no understanding of content",
    }


SPEC = EngineSpec("signal", EngineKind.CHAT, Signal, supports_video=True, parallel=2)
