"""What stages 6 and 7 share: the paths of input clips, and what the clips depend on."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from videomoments.pipeline.stage import StageContext


def clip_path(context: StageContext, moment: str) -> Path:
    """Returns where stage 6 writes a moment's input clip for stage 7. `moment` is its identifier."""
    folder = context.folder / "input"
    folder.mkdir(exist_ok=True)
    return folder / f"{moment}.mp4"


async def clip_inputs(context: StageContext) -> Mapping[str, Any]:
    moments = await context.originals()
    source = (await context.video()).cloud_url
    asked = [[moment.identifier, moment.start_time, moment.end_time] for moment in moments]
    return {"source": source, "moments": asked, **await context.clock_inputs()}
