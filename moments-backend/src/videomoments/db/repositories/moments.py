"""Queries on moments and clips. Writes are upserts, so that a stage that runs twice leaves the same rows (F13, F14)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, Delete, delete, func, select, text, tuple_, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import aliased

from videomoments.core.names import ClipKind, RunKind, RunStatus
from videomoments.db.session import Executor, Session
from videomoments.db.tables import Clip, Moment, Run

# The columns that a run writes.
_FOUND = ("title", "start_time", "end_time", "score", "reason", "engine", "confidence", "gen_config_id")
# Below every score: stands for none where scores are compared.
_NO_SCORE = -1.0
_REMOVE_HIDDEN = text("DELETE FROM moments WHERE deleted_at < now() - make_interval(secs => :life)")


async def replace_generated(session: Session, run_id: int, rows: Sequence[dict[str, Any]]) -> list[Moment]:
    """Stores `rows` as the original moments of this run, by position, in one statement. Removes the refined form of a moment that is not
    the same as in an earlier attempt, unless a user edited it. Returns all originals as `originals` does."""
    keep = [row["position"] for row in rows]
    # A moment of an earlier attempt that a user edited stays as it is.
    stale = delete(Moment).where(
        Moment.run_id == run_id, Moment.parent_id.is_(None), Moment.position.not_in(keep), Moment.edited_at.is_(None)
    )
    if not rows:
        await session.execute(stale)
        return await originals(session, run_id)
    statement = insert(Moment).values(list(rows))
    statement = statement.on_conflict_do_update(
        index_elements=["run_id", "position"],
        index_where=Moment.parent_id.is_(None),
        set_={name: statement.excluded[name] for name in _FOUND} | {"clip_error": None},
        where=Moment.edited_at.is_(None),
    )
    await session.execute(statement.add_cte(stale.cte("stale"), _outdated(run_id, rows).cte("outdated")))
    return await originals(session, run_id)


def _outdated(run_id: int, rows: Sequence[dict[str, Any]]) -> Delete:
    """Returns the deletion of refined forms whose original, as it is stored, is none of `rows`. What a user edited is not deleted."""
    original = aliased(Moment)
    bounds = (original.position, original.start_time, original.end_time)
    texts = (original.title, func.coalesce(original.reason, ""), func.coalesce(original.score, _NO_SCORE))
    same = [(*(row[name] for name in ("position", "start_time", "end_time", "title")), row["reason"] or "", _score(row)) for row in rows]
    other = select(original.id).where(original.id == Moment.parent_id, original.edited_at.is_(None), tuple_(*bounds, *texts).not_in(same))
    return delete(Moment).where(Moment.run_id == run_id, Moment.parent_id.is_not(None), Moment.edited_at.is_(None), other.exists())


def _score(row: dict[str, Any]) -> float:
    return _NO_SCORE if row["score"] is None else float(row["score"])


async def originals(session: Session, run_id: int) -> list[Moment]:
    found = await session.scalars(
        select(Moment).where(Moment.run_id == run_id, Moment.parent_id.is_(None)).order_by(Moment.start_time, Moment.id)
    )
    return list(found)


async def unrefined(session: Session, run_id: int) -> list[Moment]:
    """Returns the run's original moments that have no refined form and that no user edited or deleted, in time order."""
    refined = aliased(Moment)
    statement = (
        select(Moment)
        .where(
            Moment.run_id == run_id,
            Moment.parent_id.is_(None),
            Moment.edited_at.is_(None),
            Moment.deleted_at.is_(None),
            ~select(refined.id).where(refined.parent_id == Moment.id).exists(),
        )
        .order_by(Moment.start_time, Moment.id)
    )
    return list(await session.scalars(statement))


async def untouched(session: Session, video_pk: int, identifiers: Sequence[str]) -> list[Moment]:
    """Returns those of these original moments of which no user edited or deleted either form, in time order."""
    refined = aliased(Moment)
    touched = (refined.edited_at.is_not(None)) | (refined.deleted_at.is_not(None))
    statement = (
        select(Moment)
        .where(
            Moment.video_id == video_pk,
            Moment.identifier.in_(identifiers),
            Moment.parent_id.is_(None),
            ~select(refined.id).where((refined.id == Moment.id) | (refined.parent_id == Moment.id), touched).exists(),
        )
        .order_by(Moment.start_time, Moment.id)
    )
    return list(await session.scalars(statement))


async def family_of(session: Session, video_pk: int, identifier: str) -> list[Moment]:
    """Returns the original of the moment and then its refined form, if any, whichever of them `identifier` names; nothing where there is
    none. Both are locked against a user's changes until the transaction ends."""
    meant = select(func.coalesce(Moment.parent_id, Moment.id)).where(Moment.video_id == video_pk, Moment.identifier == identifier)
    head = meant.scalar_subquery()
    statement = (
        select(Moment)
        .where((Moment.id == head) | (Moment.parent_id == head), Moment.deleted_at.is_(None))
        .order_by(Moment.id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    return list(await session.scalars(statement))


async def put_refined(session: Session, row: dict[str, Any]) -> None:
    """Stores the refined form of one moment in one run."""
    statement = insert(Moment).values(row)
    changed = {name: statement.excluded[name] for name in _FOUND} | {"clip_error": None}
    not_edited = Moment.edited_at.is_(None)
    await session.execute(statement.on_conflict_do_update(index_elements=["parent_id", "run_id"], set_=changed, where=not_edited))


async def final_of_run(session: Session, run_id: int) -> list[tuple[Moment, Moment | None]]:
    """Returns pairs (final moment, its original or None) in time order. The final moment is the refined one where it exists."""
    refined = aliased(Moment)
    statement = (
        select(Moment, refined)
        .outerjoin(refined, (refined.parent_id == Moment.id) & (refined.run_id == run_id))
        .where(Moment.run_id == run_id, Moment.parent_id.is_(None), Moment.deleted_at.is_(None))
        .execution_options(populate_existing=True)
    )
    pairs: list[tuple[Moment, Moment | None]] = [
        (better, original) if better is not None else (original, None) for original, better in (await session.execute(statement)).all()
    ]
    return sorted(pairs, key=lambda pair: (pair[0].start_time, pair[0].id))


async def run_refined_by(session: Session, run: Run) -> Run:
    """Returns the run whose moments a run of the kind `refine` changes; any other run itself."""
    if run.kind != RunKind.REFINE.value:
        return run
    found = select(Moment.run_id).where(Moment.video_id == run.video_id, Moment.identifier == run.config.get("moment")).scalar_subquery()
    statement = select(Run).where(Run.video_id == run.video_id, (Run.identifier == run.config.get("refines")) | (Run.id == found))
    return (await session.scalar(statement)) or run


async def newest_completed_run(session: Session, video_pk: int) -> Run | None:
    statement = (
        select(Run)
        .where(Run.video_id == video_pk, Run.status == RunStatus.COMPLETED.value, Run.kind.in_(("pipeline", "generate")))
        .order_by(Run.completed_at.desc(), Run.id.desc())
        .limit(1)
    )
    return await session.scalar(statement)


async def made_by_hand(session: Session, video_pk: int) -> list[tuple[Moment, Moment | None]]:
    """Returns moments that a user made or edited, of any run, each with its original or None."""
    parent = aliased(Moment)
    statement = (
        select(Moment, parent)
        .outerjoin(parent, parent.id == Moment.parent_id)
        .where(
            Moment.video_id == video_pk,
            Moment.deleted_at.is_(None),
            (Moment.run_id.is_(None)) | (Moment.edited_at.is_not(None)),
        )
        .order_by(Moment.start_time, Moment.id)
    )
    return [(moment, original) for moment, original in (await session.execute(statement)).all()]


async def one_of(session: Session, video_pk: int, identifier: str) -> tuple[Moment, Moment | None] | None:
    """Returns a moment with its original or None."""
    parent = aliased(Moment)
    statement = (
        select(Moment, parent)
        .outerjoin(parent, parent.id == Moment.parent_id)
        .where(Moment.video_id == video_pk, Moment.identifier == identifier, Moment.deleted_at.is_(None))
    )
    row = (await session.execute(statement)).one_or_none()
    return (row[0], row[1]) if row else None


async def put_clip(session: Session, row: dict[str, Any]) -> int:
    """Stores a clip, so that its row names the object. Returns its id."""
    statement = insert(Clip).values(row)
    names = ("run_id", "cloud_url", "start_time", "end_time", "padding_left", "padding_right", "mode", "size_bytes", "content_type")
    changed = {name: statement.excluded[name] for name in names}
    statement = statement.on_conflict_do_update(index_elements=["moment_id", "kind"], set_=changed)
    if row["kind"] == ClipKind.DELIVERED.value:
        await session.execute(update(Moment).where(Moment.id == row["moment_id"]).values(clip_error=None))
    return (await session.execute(statement.returning(Clip.id))).scalar_one()


async def put_uncut(session: Session, moment_id: int, reason: str) -> None:
    """Stores why the moment's delivered clip can't be cut."""
    await session.execute(update(Moment).where(Moment.id == moment_id).values(clip_error=reason))


async def clips_of(session: Session, moment_ids: Sequence[int], kind: str | None = None) -> dict[int, Clip]:
    """Returns clips by moment id."""
    statement = select(Clip).where(Clip.moment_id.in_(moment_ids))
    if kind is not None:
        statement = statement.where(Clip.kind == kind)
    return {clip.moment_id: clip for clip in await session.scalars(statement)}


async def remove_clips(session: Session, video_pk: int) -> None:
    """Removes the rows of all clips of the video."""
    await session.execute(delete(Clip).where(Clip.video_id == video_pk))


async def locked(session: Session, video_pk: int, identifier: str, *, deleted: bool) -> Moment | None:
    """Returns the video's moment, locked until the transaction ends. With `deleted`, looks only among deleted moments, else only among the
    others."""
    state = Moment.deleted_at.is_not(None) if deleted else Moment.deleted_at.is_(None)
    return await session.scalar(select(Moment).where(Moment.identifier == identifier, Moment.video_id == video_pk, state).with_for_update())


async def hide_family(session: Session, original: int) -> None:
    """Marks the original moment and its refined forms as deleted."""
    await session.execute(update(Moment).where(_family(original)).values(deleted_at=func.now()))


async def restore_family(session: Session, original: int) -> None:
    await session.execute(update(Moment).where(_family(original)).values(deleted_at=None))


async def remove_hidden(db: Executor, seconds: float) -> None:
    """Removes for good the moments that were deleted longer ago than `seconds`."""
    await db.execute(_REMOVE_HIDDEN, {"life": seconds})


def _family(original: int) -> ColumnElement[bool]:
    return (Moment.id == original) | (Moment.parent_id == original)
