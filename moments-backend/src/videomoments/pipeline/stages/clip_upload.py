"""Stage 7 uploads the input clips to the object store, where a model can fetch them."""

from __future__ import annotations

from videomoments.core.names import ClipKind, StageName
from videomoments.db.tables import Clip
from videomoments.pipeline.checkpoints import CutInput, StoredInputs, cut_inputs
from videomoments.pipeline.conditions import no_clips_needed
from videomoments.pipeline.input_clips import clip_inputs, clip_path
from videomoments.pipeline.stage import Outcome, Stage, StageContext
from videomoments.services.moments import StoredClip
from videomoments.storage.layout import clip_key


async def upload_input_clips(context: StageContext) -> Outcome:
    cut = cut_inputs(context.checkpoints)["clips"]
    claim = context.claim
    keys = []
    moments = await context.originals()
    stored = await context.services.moments.clips_of([moment.id for moment in moments], ClipKind.INPUT)
    for number, moment in enumerate(moments, 1):
        fields = cut.get(moment.identifier)
        if fields is None or _holds(stored.get(moment.id), fields):
            continue
        key = clip_key(claim.video_id, moment.identifier, ClipKind.INPUT, claim.request_id, claim.attempt)
        await context.put(key, clip_path(context, moment.identifier), "video/mp4")
        clip = StoredClip(
            moment_id=moment.id,
            kind=ClipKind.INPUT,
            cloud_url=key,
            start_time=fields["start"],
            end_time=fields["end"],
            padding_left=fields["padding_left"],
            padding_right=fields["padding_right"],
            mode=fields["mode"],
            size_bytes=fields["size_bytes"],
            content_type="video/mp4",
        )
        await context.publish(context.services.moments.publish_clip(claim, clip), key)
        keys.append(key)
        context.report(number / len(moments))
    return Outcome(StoredInputs(clips=keys))


def _holds(stored: Clip | None, fields: CutInput) -> bool:
    """Returns whether `stored` is the clip that was cut: the moment may have had other boundaries in an earlier attempt."""
    return stored is not None and (stored.start_time, stored.end_time) == (fields["start"], fields["end"])


CLIP_UPLOAD = Stage(name=StageName.CLIP_UPLOAD, run=upload_input_clips, skip=no_clips_needed, inputs=clip_inputs)
