"""Asks a model for one moment's exact boundaries, and collects what that needs. The stages that refine share this."""

from __future__ import annotations

import base64
import logging
from collections.abc import Mapping, Sequence
from datetime import timedelta
from functools import partial

from videomoments.core.errors import Conflict, ModelError, NotFound
from videomoments.core.names import ClipKind, StageName
from videomoments.core.times import Interval
from videomoments.db.tables import Clip, Moment
from videomoments.inference.dialect import Message
from videomoments.inference.failures import MediaNotFetched
from videomoments.inference.openai_chat import ChatAnswer
from videomoments.inference.retry import Budget
from videomoments.inference.spacing import whole_words
from videomoments.inference.transcript import TimedTranscript
from videomoments.moments.doubts import Doubts
from videomoments.moments.lines import Line, build_lines, lines_within, words_near
from videomoments.moments.moment_limits import MomentLimits
from videomoments.moments.parsing import AbsoluteRefinement, ClipRefinement, parse_refinement, to_absolute
from videomoments.moments.prompt_texts import REFINEMENT_SCHEMA, ClipView, TimeBase, refinement_messages
from videomoments.moments.snapping import Snapper
from videomoments.pipeline.checkpoints import Refined
from videomoments.pipeline.database_retry import retry_while_database_away
from videomoments.pipeline.delivery import Delivered
from videomoments.pipeline.gather import gather
from videomoments.pipeline.stage import Outcome, StageContext
from videomoments.services.moments import NewMoment
from videomoments.services.transcripts import recognised_from
from videomoments.services.unrefined import Unrefined
from videomoments.services.waveforms import read_silences

log = logging.getLogger(__name__)

# How long the signed URL of an input clip is valid; each call gets a new one (F55).
_URL_LIFE = timedelta(hours=1)
_REACH_SECONDS = 8.0
_TOUCHED = ("moment_edited", "moment_not_found")
# Repeated calls that a run may make beyond one for each moment.
_SPARE_CALLS = 12


class Material:
    """What the refinement of every moment of the run needs."""

    def __init__(
        self,
        moments: list[Moment],
        transcript: TimedTranscript | None,
        duration: float,
        limits: MomentLimits,
        silences: list[Interval],
    ) -> None:
        edges = [0.0, *(moment.end_time for moment in moments[:-1])], [*(moment.start_time for moment in moments[1:]), duration]
        # How far each moment may grow: not into its neighbours.
        self.room = {moment.id: Interval(low, high) for moment, low, high in zip(moments, *edges, strict=True)}
        words = whole_words(transcript.words) if transcript else []
        self.lines: list[Line] = build_lines(words, transcript.segments if transcript else ())
        self.words = words
        self.doubts = Doubts(transcript.words if transcript else (), self.lines, words)
        self.duration = duration
        self.limits = limits
        self.budget = Budget(_SPARE_CALLS + len(moments))
        self.snapper = Snapper(self.lines, words, duration, silences)
        # Sampling fields that were asked for and not sent, because the model's server refuses them.
        self.unsent: dict[str, float] = {}


async def material_of(context: StageContext, moments: list[Moment]) -> Material:
    """Collects the material for `moments`, which are all original moments of one run in time order: none may grow into another."""
    row = await context.services.transcripts.of_video(context.claim.video_id)
    limits = context.options.limits()
    silences = await read_silences(context.adapters.store, (await context.video()).audio_url)
    return Material(moments, recognised_from(row) if row else None, (await context.media_info()).duration, limits, silences)


async def input_clips(context: StageContext, moments: list[Moment]) -> dict[int, Clip]:
    """Returns the stored input clips, by their moments' ids."""
    return await context.services.moments.clips_of([moment.id for moment in moments], ClipKind.INPUT)


async def refine_each(
    context: StageContext, moments: Sequence[Moment], clips: Mapping[int, Clip], material: Material, *, share: float
) -> list[ModelError]:
    """Refines the moments, as many at once as the model takes. Returns the errors of those that keep their boundaries. `share` is the part
    of the stage's progress that this takes. In a run that refines another run's moments, a moment that a user edits or deletes meanwhile is
    skipped."""
    failures: list[ModelError] = []
    finished = 0

    async def one(moment: Moment) -> None:
        nonlocal finished
        try:
            await refine_one(context, moment, clips.get(moment.id), material)
        except ModelError as error:
            log.warning("%s keeps its boundaries: %s", moment.identifier, error.message)
            failures.append(_for_people(error, context.snapshot.refinement.key))
        except (Conflict, NotFound) as error:
            if context.snapshot.refines is None or error.code not in _TOUCHED:
                raise
            log.info("%s is left alone: %s", moment.identifier, error.message)
        finished += 1
        context.report(share * finished / len(moments))

    await gather(one(moment) for moment in moments)
    return failures


def _for_people(error: ModelError, model: str) -> ModelError:
    """Rewords an error for users: errors in an answer are worded for the model, which is asked again with them, so the model's name is
    added."""
    if error.code not in ("model_bad_answer", "model_truncated"):
        return error
    return ModelError(f"Model {model} gave no answer that can be used: {error.message}", code=error.code, advice=error.advice)


def refined(unrefined: Unrefined | None, delivered: Delivered, *, moments: int, remark: str | None = None) -> Outcome:
    """Returns the stage's outcome: counts, how many moments keep their first boundaries or lack their clip and why, and a remark for
    users."""
    checkpoint = Refined(moments=moments, delivered=delivered.clips)
    if delivered.uncut:
        checkpoint["uncut"] = len(delivered.uncut)
    if unrefined is not None:
        checkpoint["unrefined"] = unrefined.to_json()
    said = [said for said in (unrefined.message if unrefined else None, delivered.message, remark) if said]
    return Outcome(checkpoint, " ".join(said) or None)


async def refine_one(context: StageContext, moment: Moment, clip: Clip | None, material: Material) -> None:
    model = context.snapshot.refinement
    interval = Interval(moment.start_time, moment.end_time)
    view = _view(clip) if clip is not None and model.supports_video else None
    base = TimeBase.CLIP if view else TimeBase.ABSOLUTE
    local = interval.shifted(-view.start) if view else interval
    shown = Interval(view.start, view.start + view.duration) if view else interval.padded(_REACH_SECONDS, _REACH_SECONDS)

    def parse(answer: ChatAnswer) -> ClipRefinement | AbsoluteRefinement:
        length = view.duration if view else material.duration
        return parse_refinement(answer.text, time_base=base, length=length, moment=local, finish_reason=answer.finish_reason)

    async def messages() -> list[Message]:
        return refinement_messages(
            moment=interval,
            title=moment.title,
            lines=lines_within(material.lines, shown.start, shown.end),
            words=[word for word in words_near(material.words, (interval.start, interval.end)) if shown.start <= word.start < shown.end],
            duration=material.duration,
            limits=material.limits,
            clip=view,
            clip_url=await _clip_url(context, clip) if clip is not None and view else None,
        )

    ask = partial(
        context.ask,
        StageName.MOMENT_REFINEMENT,
        model,
        messages,
        parse,
        schema=REFINEMENT_SCHEMA,
        budget=material.budget,
        refining=True,
    )
    try:
        asked = await ask()
    except MediaNotFetched:
        if view is None or not material.budget.spend():
            raise
        log.info("%s is asked again with a fresh address of its clip", model.key)
        asked = await ask()
    material.unsent.update(asked.answer.unsent)
    await _save(context, moment, asked.value, view, material)


async def _save(
    context: StageContext, moment: Moment, answer: ClipRefinement | AbsoluteRefinement, view: ClipView | None, material: Material
) -> None:
    """Snaps the answer to words, within the moment's room, and stores it as the refined moment."""
    room = material.room[moment.id]
    found = material.snapper.to_words(to_absolute(answer, view.start if view else None), material.limits).clamped(room.start, room.end)
    if found.duration <= 0:
        raise ModelError("The refined moment is empty.", code="model_bad_answer")
    title = moment.title
    if answer.title and not material.doubts.doubts_title(answer.title, found.start, found.end):
        title = answer.title
    await retry_while_database_away(
        context.services.moments.save_refined,
        context.claim,
        moment,
        NewMoment(
            start_time=found.start,
            end_time=found.end,
            title=title,
            score=moment.score,
            reason=" ".join(part for part in (moment.reason, f"Boundaries: {answer.reason}" if answer.reason else "") if part) or None,
            engine=f"{moment.engine}+{context.snapshot.refinement.key}",
            confidence=material.doubts.confidence(found.start, found.end),
        ),
    )


def _view(clip: Clip) -> ClipView:
    return ClipView(clip.start_time, clip.end_time - clip.start_time, clip.padding_left, clip.padding_right)


async def _clip_url(context: StageContext, clip: Clip) -> str:
    """Returns a signed URL where a model can reach the store, else the clip itself as a data: URL."""
    store = context.adapters.store
    if store.signer is None or context.adapters.settings.reached_from_elsewhere:
        return (await store.signed_url(clip.cloud_url, expires_in=_URL_LIFE)).url
    data = await store.read_range(clip.cloud_url, 0, clip.size_bytes)
    return f"data:{clip.content_type};base64,{base64.b64encode(data).decode()}"
