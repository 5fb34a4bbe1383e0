"""Rows and views as a finished run leaves them, for tests of what is made out of them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from videomoments.core.names import RunStatus, StageName, StageStatus
from videomoments.db.tables import Clip, Moment, Transcript, Video
from videomoments.services.moments import MomentView
from videomoments.services.run_queries import RunError, RunView, StageView

BEGAN = datetime(2026, 2, 18, 10, 0, tzinfo=UTC)


def video(**fields: Any) -> Video:
    return Video(**{"id": 1, "identifier": "video-1", "title": "A Talk", "duration": 61, "resolution": "640x360"} | fields)


def stage(
    name: StageName = StageName.TRANSCRIPTION,
    status: StageStatus = StageStatus.COMPLETED,
    *,
    seconds: float | None = 2.0,
    reason: str | None = None,
    progress: float | None = None,
) -> StageView:
    ended = status not in (StageStatus.PENDING, StageStatus.PROCESSING) and seconds is not None
    return StageView(
        name=name,
        status=status,
        started_at=BEGAN if status is not StageStatus.PENDING else None,
        completed_at=BEGAN + timedelta(seconds=seconds or 0.0) if ended else None,
        reason=reason,
        progress=progress,
        executions=1,
    )


def run(
    *stages: StageView,
    status: RunStatus = RunStatus.COMPLETED,
    error: RunError | None = None,
    note: str | None = None,
    stalled: bool = False,
    request_id: str = "0123456789ab-run",
    kind: str = "pipeline",
    config: dict[str, Any] | None = None,
) -> RunView:
    return RunView(
        run_id=7,
        request_id=request_id,
        video_id="video-1",
        title="A Talk",
        kind=kind,
        status=status,
        current_stage=next((view.name for view in stages if view.status is StageStatus.PROCESSING), None),
        stalled=stalled,
        stages=stages or tuple(stage(name) for name in StageName),
        error=error,
        note=note,
        created_at=BEGAN,
        started_at=BEGAN,
        completed_at=BEGAN + timedelta(seconds=16),
        duration_seconds=16,
        attempt=1,
        crashes=0,
        config=config or {},
    )


def transcript(text: str = "Hello there.") -> Transcript:
    return Transcript(full_text=text, language="en", engine="whisper-base-int8", word_count=len(text.split()))


def moment(number: int = 1, *, refined: bool = True, clip: bool = True) -> MomentView:
    """The moment's times are whole numbers, as a database may give them back."""
    original = Moment(id=number, identifier=f"original-{number}", start_time=number * 10, end_time=number * 10 + 8, is_refined=False)
    own = Moment(
        id=100 + number,
        identifier=f"moment-{number}",
        title=f"Moment {number}",
        start_time=number * 10 + 1,
        end_time=number * 10 + 8,
        score=1,
        reason="It stands out.",
        engine="extractive",
        is_refined=refined,
    )
    cut = (
        Clip(
            id=200 + number,
            cloud_url=f"clips/{number}.mp4",
            start_time=own.start_time,
            end_time=own.end_time,
            padding_left=0.0,
            padding_right=0.0,
        )
        if clip
        else None
    )
    return MomentView(own, original if refined else None, cut)
