"""Stores moments and their clips, and lists them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from videomoments.core.errors import Conflict, NotFound
from videomoments.core.names import ClipKind, RunKind, new_identifier
from videomoments.db.repositories import moments as repository
from videomoments.db.repositories import prompts, run_queries
from videomoments.db.repositories import videos as video_repository
from videomoments.db.session import Database, Session
from videomoments.db.tables import Clip, Moment, Run, Video
from videomoments.services.runs import Claim, Runs
from videomoments.services.videos import StillImage

View = Literal["final", "raw", "refined", "all"]

# Seconds. A bound that differs by less than this from the clip's is the same cut, because clips begin and end on frames.
_SAME_SECONDS = 0.1


@dataclass(frozen=True, slots=True)
class NewMoment:
    """A moment as a model chose it. Times are seconds on the source's timeline."""

    start_time: float
    end_time: float
    title: str
    score: float | None
    reason: str | None
    engine: str
    confidence: float | None = None
    """How surely its words were heard: their mean, None where it is not known."""


@dataclass(frozen=True, slots=True)
class StoredClip:
    """A clip whose object is in the store."""

    moment_id: int
    kind: ClipKind
    cloud_url: str
    start_time: float
    end_time: float
    padding_left: float
    padding_right: float
    mode: str
    size_bytes: int
    content_type: str
    still: StillImage | None = None


@dataclass(frozen=True, slots=True)
class MomentView:
    """A moment with its original (for a refined one) and its delivered clip."""

    moment: Moment
    parent: Moment | None
    clip: Clip | None

    @property
    def current_clip(self) -> Clip | None:
        """Returns the clip while it holds the moment; None once a boundary was moved away from it (F49)."""
        clip, moment = self.clip, self.moment
        if clip is None:
            return None
        # Compares the requested bounds: the clip itself begins and ends on frames, which may be seconds apart.
        start, end = clip.start_time + clip.padding_left, clip.end_time - clip.padding_right
        same = abs(start - moment.start_time) < _SAME_SECONDS and abs(end - moment.end_time) < _SAME_SECONDS
        return clip if same else None

    @property
    def clip_error(self) -> str | None:
        """Returns why the moment's clip could not be cut, or None."""
        return self.moment.clip_error if self.current_clip is None else None


class Moments:
    """Use-cases on moments and clips."""

    def __init__(self, database: Database, runs: Runs) -> None:
        self._database = database
        self._runs = runs

    async def save_generated(
        self,
        claim: Claim,
        moments: Sequence[NewMoment],
        *,
        system_prompt: str,
        transcript_id: int | None,
        sampling: dict[str, Any],
        options: dict[str, Any],
        user_prompt: str,
        model: str,
    ) -> list[Moment]:
        """Stores the run's original moments, with the prompt and configuration that made them. Raises StaleAttempt."""
        async with self._runs.fenced(claim) as session:
            prompt = await prompts.prompt_id(session, system_prompt=system_prompt, user_prompt=user_prompt)
            config = await prompts.generation_config_id(
                session, prompt=prompt, transcript=transcript_id, model=model, options=options, **sampling
            )
            await prompts.note_config(session, claim.run_id, config)
            rows = [
                {
                    "identifier": new_identifier(),
                    "video_id": claim.video_pk,
                    "run_id": claim.run_id,
                    "gen_config_id": config,
                    "position": position,
                    "title": moment.title,
                    "start_time": moment.start_time,
                    "end_time": moment.end_time,
                    "score": moment.score,
                    "reason": moment.reason,
                    "engine": moment.engine,
                    "confidence": moment.confidence,
                }
                for position, moment in enumerate(moments, 1)
            ]
            return await repository.replace_generated(session, claim.run_id, rows)

    async def originals(self, run_id: int) -> list[Moment]:
        async with self._database.transaction() as session:
            return await repository.originals(session, run_id)

    async def refinable(self, video_id: str, moment_id: str) -> tuple[Moment, Run]:
        """Returns the original of the moment, and the run that found it. Raises NotFound, and Conflict (`moment_edited`) for one that a
        user made or edited."""
        async with self._database.transaction() as session:
            video = await video_repository.get(session, video_id)
            original = _untouched(await repository.family_of(session, video.id, moment_id))
            run = await session.get(Run, original.run_id)
            if run is None:
                raise _edited()
            return original, run

    async def unrefined(self, request_id: str) -> tuple[str, list[Moment]]:
        """Returns the request id of the run that found the moments, and its original moments without a refined form, except those that a
        user edited or deleted. A refinement run stands for the run whose moments it refined. Raises NotFound."""
        async with self._database.transaction() as session:
            run = await run_queries.row_of(session, request_id)
            if run is None:
                raise NotFound("There is no such run.", code="run_not_found")
            found = await repository.run_refined_by(session, run)
            return found.identifier, await repository.unrefined(session, found.id)

    async def untouched(self, video_id: str, identifiers: Sequence[str]) -> list[Moment]:
        """Returns those of these original moments that no user edited or deleted, in time order. Raises NotFound for the video."""
        async with self._database.transaction() as session:
            video = await video_repository.get(session, video_id)
            return await repository.untouched(session, video.id, identifiers)

    async def save_refined(self, claim: Claim, original: Moment, refined: NewMoment) -> None:
        """Stores the refined form of `original` in place of an earlier one; `parent_id` points to the original. Leaves a moment alone that
        a user has edited or deleted meanwhile. Raises StaleAttempt; in a run of the kind `refine` also Conflict (`moment_edited`) and
        NotFound."""
        row = {
            "identifier": new_identifier(),
            "video_id": claim.video_pk,
            "run_id": original.run_id,
            "parent_id": original.id,
            "gen_config_id": original.gen_config_id,
            "position": original.position,
            "is_refined": True,
            "title": refined.title,
            "start_time": refined.start_time,
            "end_time": refined.end_time,
            "score": refined.score,
            "reason": refined.reason,
            "engine": refined.engine,
            "confidence": refined.confidence,
        }
        async with self._runs.fenced(claim) as session:
            if claim.kind is RunKind.REFINE:
                _untouched(await repository.family_of(session, claim.video_pk, original.identifier))
            await repository.put_refined(session, row)

    async def publish_clip(self, claim: Claim, clip: StoredClip) -> None:
        """Makes a stored object the moment's clip. Raises StaleAttempt."""
        row = {
            "identifier": new_identifier(),
            "moment_id": clip.moment_id,
            "video_id": claim.video_pk,
            "run_id": claim.run_id,
            "kind": clip.kind.value,
            "cloud_url": clip.cloud_url,
            "start_time": clip.start_time,
            "end_time": clip.end_time,
            "padding_left": clip.padding_left,
            "padding_right": clip.padding_right,
            "mode": clip.mode,
            "size_bytes": clip.size_bytes,
            "content_type": clip.content_type,
        }
        async with self._runs.fenced(claim) as session:
            clip_id = await repository.put_clip(session, row)
            if clip.still is not None:
                still = {"video_id": claim.video_pk, "clip_id": clip_id, "cloud_url": clip.still.cloud_url, "time": clip.still.time}
                await video_repository.put_thumbnail(session, still | {"width": clip.still.width, "height": clip.still.height})

    async def publish_uncut(self, claim: Claim, moment_id: int, reason: str) -> None:
        """Stores with the moment why its clip can't be cut. Raises StaleAttempt."""
        async with self._runs.fenced(claim) as session:
            await repository.put_uncut(session, moment_id, reason)

    async def clips_of(self, moment_ids: Sequence[int], kind: ClipKind) -> dict[int, Clip]:
        async with self._database.transaction() as session:
            return await repository.clips_of(session, moment_ids, kind.value)

    async def of_run(self, run_id: int) -> list[MomentView]:
        """Returns the final moments of one run in time order, each with its original and its delivered clip."""
        async with self._database.transaction() as session:
            pairs = await repository.final_of_run(session, run_id)
            clips = await repository.clips_of(session, [moment.id for moment, _ in pairs], ClipKind.DELIVERED.value)
        return [MomentView(moment, parent, clips.get(moment.id)) for moment, parent in pairs]

    async def of_video(self, video_id: str, *, request_id: str | None = None, view: View = "final") -> list[MomentView]:
        """Returns moments of the newest completed run (or of `request_id`), in time order. Without `request_id`, all that a user made or
        edited are added. A run that refined another run's moments shows those.

        The final form of a moment is the refined one, unless a user edited the original and not the refined one.

        Raises:
            NotFound: no such video, or no such run of it.
        """
        async with self._database.transaction() as session:
            video = await video_repository.get(session, video_id)
            run = await self._run(session, video, request_id)
            pairs = await repository.final_of_run(session, run.id) if run is not None else []
            shown = _shown(pairs, view)
            if request_id is None:
                ours = {moment.id for pair in pairs for moment in pair if moment is not None}
                by_hand = await repository.made_by_hand(session, video.id)
                shown += _by_hand([pair for pair in by_hand if pair[0].id not in ours], view)
            clips = await repository.clips_of(session, [moment.id for moment, _ in shown], ClipKind.DELIVERED.value)
        shown.sort(key=lambda pair: (pair[0].start_time, pair[0].id))
        return [MomentView(moment, parent, clips.get(moment.id)) for moment, parent in shown]

    async def one(self, video_id: str, moment_id: str) -> MomentView | None:
        """Returns one moment of any run; None where there is none. Raises NotFound for the video."""
        async with self._database.transaction() as session:
            video = await video_repository.get(session, video_id)
            pair = await repository.one_of(session, video.id, moment_id)
            clips = await repository.clips_of(session, [pair[0].id], ClipKind.DELIVERED.value) if pair else {}
        return MomentView(*pair, clips.get(pair[0].id)) if pair else None

    async def _run(self, session: Session, video: Video, request_id: str | None) -> Run | None:
        if request_id is None:
            return await repository.newest_completed_run(session, video.id)
        run = await run_queries.row_of(session, request_id, video_pk=video.id)
        if run is None:
            raise NotFound("There is no such run of this video.", code="run_not_found")
        return await repository.run_refined_by(session, run)


def _untouched(family: Sequence[Moment]) -> Moment:
    """Returns the original of a family that runs may change. Raises NotFound, or Conflict when a user edited one of it."""
    if not family or family[0].parent_id is not None:
        raise NotFound("There is no such moment of this video.", code="moment_not_found")
    if any(moment.edited_at is not None for moment in family):
        raise _edited()
    return family[0]


def _edited() -> Conflict:
    return Conflict(
        "A person made or edited this moment, and no run changes that.",
        code="moment_edited",
        advice="Move its boundaries by hand, or delete it and look for moments again.",
    )


def _shown(pairs: Sequence[tuple[Moment, Moment | None]], view: View) -> list[tuple[Moment, Moment | None]]:
    if view == "final":
        return [(parent, None) if parent and parent.edited_at and not moment.edited_at else (moment, parent) for moment, parent in pairs]
    if view == "refined":
        return [pair for pair in pairs if pair[1] is not None]
    raw: list[tuple[Moment, Moment | None]] = [(parent or moment, None) for moment, parent in pairs]
    if view == "raw":
        return raw
    return raw + [pair for pair in pairs if pair[1] is not None]


def _by_hand(pairs: Sequence[tuple[Moment, Moment | None]], view: View) -> list[tuple[Moment, Moment | None]]:
    """Returns what a user made or edited apart from the shown run's own moments."""
    if view == "raw":
        return [pair for pair in pairs if not pair[0].is_refined]
    if view == "refined":
        return [pair for pair in pairs if pair[0].is_refined]
    replaced = {moment.parent_id for moment, _ in pairs} if view == "final" else set()
    return [pair for pair in pairs if pair[0].id not in replaced]
