"""Refines boundaries by measurement: word edges, silences and shot cuts. It understands nothing of the content, and its reasons say so."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from moments_models.engine_contract import ChatRequest, EngineKind, EngineSpec, Task
from moments_models.errors import InvalidRequest
from moments_models.task_blocks import RefinementTask, parse

if TYPE_CHECKING:
    from moments_models.clip_measurement import ClipMeasurement
    from moments_models.edges import SnappedBoundary

_AROUND = 2.0
"""Seconds of picture looked at on either side of a boundary."""


class Signal:
    """A `ChatEngine` for `refine_moment`."""

    def answer(self, request: ChatRequest, task: Task) -> dict[str, Any]:
        """Returns new times in the task's time base, and a reason that says what they were snapped to.

        Raises `InvalidRequest` for other tasks, `VideoUnavailable` and `UnreadableMedia` for a clip that can't be used.
        """
        if request.block.get("task") != "refine_moment":
            raise InvalidRequest("signal refines moments (task `refine_moment`) and nothing else", code="unsupported_task")
        wanted = parse(RefinementTask, request.block)
        if request.video_url is None or wanted.time_base != "clip":
            return refine(wanted, None)
        return refine(wanted, _look(wanted, request.video_url, task))


def _look(wanted: RefinementTask, url: str, task: Task) -> ClipMeasurement:
    from moments_models.clip_download import fetch
    from moments_models.clip_measurement import measure
    from moments_models.edge_words import first_word, last_word

    first, last = first_word(wanted), last_word(wanted)
    start = first.start if first else wanted.moment.start_time
    end = last.end if last else wanted.moment.end_time
    with tempfile.TemporaryDirectory(prefix="moments-clip-") as folder:
        clip = fetch(url, Path(folder) / "clip", task)
        return measure(clip, [(start - _AROUND, start + _AROUND), (end - _AROUND, end + _AROUND)], task)


def refine(wanted: RefinementTask, measured: ClipMeasurement | None) -> dict[str, Any]:
    """Returns the answer, from words alone when nothing was measured."""
    from moments_models.edge_words import first_word, last_word
    from moments_models.edges import find_end, find_start

    silences = measured.silences if measured else None
    cuts = measured.cuts if measured else []
    moment = wanted.moment
    start = find_start(moment.start_time, first_word(wanted), silences, cuts)
    end = find_end(moment.end_time, last_word(wanted), silences, cuts)
    start, end = _allowed(wanted, start, end)
    basis = "measured" if measured else "measured on word times, without the clip"
    if start is None and end is None:
        times = moment.start_time, moment.end_time
        reason = f"{basis}: unchanged, nothing better is near the boundaries; no understanding of content"
    else:
        times = ((start.at if start else moment.start_time), (end.at if end else moment.end_time))
        reason = f"{basis}: {start.why if start else 'start unchanged'}; {end.why if end else 'end unchanged'}; no understanding of content"
    return {"start_time": round(times[0], 3), "end_time": round(times[1], 3), "reason": reason}


def _allowed(
    wanted: RefinementTask, start: SnappedBoundary | None, end: SnappedBoundary | None
) -> tuple[SnappedBoundary | None, SnappedBoundary | None]:
    """Returns the boundaries that can be used: inside the clip or recording, in order, and not breaking a limit that the moment kept."""
    moment, limits = wanted.moment, wanted.limits
    whole = wanted.clip.duration if wanted.time_base == "clip" and wanted.clip and wanted.clip.duration else wanted.duration
    if end is not None and end.at > whole:
        end = type(end)(whole, end.why)

    def broken(first: float, last: float) -> bool:
        return not limits.min_duration - 1e-6 <= last - first <= limits.max_duration + 1e-6 or last <= first

    if broken(moment.start_time, moment.end_time):
        return (start, end) if start is None or end is None or end.at > start.at else (None, None)
    for option in ((start, end), (start, None), (None, end)):
        if not broken(option[0].at if option[0] else moment.start_time, option[1].at if option[1] else moment.end_time):
            return option
    return None, None


SPEC = EngineSpec("signal", EngineKind.CHAT, Signal, supports_video=True, parallel=2)
