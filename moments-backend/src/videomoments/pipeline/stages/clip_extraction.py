"""Stage 6 cuts a padded input clip of each moment, for a refinement model that watches video."""

from __future__ import annotations

from contextlib import aclosing

from videomoments.core.names import ClipKind, StageName
from videomoments.core.times import Interval
from videomoments.media.types import ClipRequest, Uncut
from videomoments.pipeline.checkpoints import Checkpoint, CutInput, CutInputs
from videomoments.pipeline.conditions import no_clips_needed
from videomoments.pipeline.delivery import Delivered
from videomoments.pipeline.input_clips import clip_inputs, clip_path
from videomoments.pipeline.limits import Resource
from videomoments.pipeline.stage import Outcome, Stage, StageContext

PADDING_SECONDS = 3.0
# A clip is sent as base64 in a JSON body where the model can't reach the store.
MAX_INPUT_BYTES = 24 * 1024**2


async def cut_input_clips(context: StageContext) -> Outcome:
    """Writes the clips into the run's folder; the checkpoint says what each really holds. A moment whose clip can't be cut is refined by
    its words alone, and the stage's remark names it."""
    moments = await context.originals()
    folder = context.scratch("cut")
    requests = [
        ClipRequest(
            key=moment.identifier,
            interval=Interval(moment.start_time, moment.end_time),
            target=folder / f"{moment.identifier}.mp4",
            kind=ClipKind.INPUT,
            padding_left=PADDING_SECONDS,
            padding_right=PADDING_SECONDS,
            max_bytes=MAX_INPUT_BYTES,
        )
        for moment in moments
    ]
    clips: dict[str, CutInput] = {}
    uncut: list[Uncut] = []
    info = await context.media_info()
    source = await context.source()
    async with aclosing(context.adapters.media.cut(source, requests, info, on_progress=context.report, on_uncut=uncut.append)) as cut:
        async for clip in cut:
            clip.path.replace(clip_path(context, clip.key))
            clips[clip.key] = CutInput(
                start=clip.start,
                end=clip.end,
                padding_left=clip.padding_left,
                padding_right=clip.padding_right,
                mode=clip.mode,
                size_bytes=clip.size_bytes,
            )
    titles = {moment.identifier: moment.title for moment in moments}
    return Outcome(CutInputs(clips=clips), Delivered(len(clips), tuple((titles[failed.key], failed) for failed in uncut)).message)


async def _checkpoint_valid(context: StageContext, checkpoint: Checkpoint) -> bool:
    """Returns whether the clips are still there. They are local files until stage 7 has stored them."""
    if all(clip_path(context, moment).exists() for moment in checkpoint["clips"]):
        return True
    moments = await context.originals()
    stored = await context.services.moments.clips_of([moment.id for moment in moments], ClipKind.INPUT)
    return len(stored) == len(checkpoint["clips"])


CLIP_EXTRACTION = Stage(
    name=StageName.CLIP_EXTRACTION,
    run=cut_input_clips,
    skip=no_clips_needed,
    inputs=clip_inputs,
    checkpoint_valid=_checkpoint_valid,
    resource=Resource.CLIPS,
)
