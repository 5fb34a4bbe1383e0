"""Transcripts: one per video, replaced by a newer one."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from videomoments.db.session import Database
from videomoments.db.tables import Transcript, Video
from videomoments.inference.transcript import Transcript as Recognised
from videomoments.inference.transcript import segments_from_rows, segments_to_rows, words_from_rows, words_to_rows
from videomoments.services.runs import Claim, Runs


class Transcripts:
    """Use-cases on transcripts."""

    def __init__(self, database: Database, runs: Runs) -> None:
        self._database = database
        self._runs = runs

    async def of_video(self, video_id: str) -> Transcript | None:
        """`video_id` is the public identifier."""
        statement = select(Transcript).join(Video, Video.id == Transcript.video_id).where(Video.identifier == video_id)
        async with self._database.transaction() as session:
            return (await session.execute(statement)).scalar_one_or_none()

    async def save(self, claim: Claim, recognised: Recognised, *, language: str | None, input_hash: str) -> int:
        """Stores the transcript of the claim's video; answers its id. Raises StaleAttempt."""
        values = {
            "video_id": claim.video_pk,
            "full_text": recognised.full_text,
            "word_timestamps": words_to_rows(recognised.words),
            "segment_timestamps": segments_to_rows(recognised.segments),
            "language": recognised.language or language,
            "engine": recognised.engine,
            "word_count": len(recognised.words) or len(recognised.full_text.split()),
            "processing_time": recognised.processing_time,
            "input_hash": input_hash,
            "edited_at": None,
        }
        statement = insert(Transcript).values(values)
        changed = {name: statement.excluded[name] for name in values if name != "video_id"}
        statement = statement.on_conflict_do_update(index_elements=["video_id"], set_=changed)
        async with self._runs.fenced(claim) as session:
            return (await session.execute(statement.returning(Transcript.id))).scalar_one()


def recognised_from(row: Transcript) -> Recognised:
    """The stored row as the value that the pure code works on."""
    return Recognised(
        full_text=row.full_text,
        words=words_from_rows(row.word_timestamps),
        segments=segments_from_rows(row.segment_timestamps),
        language=row.language,
        engine=row.engine,
        processing_time=row.processing_time,
    )
