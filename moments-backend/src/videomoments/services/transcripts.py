"""Stores transcripts: one per video, replaced by a newer one."""

from __future__ import annotations

from typing import Any

from videomoments.db.repositories import transcripts as repository
from videomoments.db.session import Database
from videomoments.db.tables import Transcript
from videomoments.inference.certainty import certainty_of
from videomoments.inference.mending import Mended
from videomoments.inference.recognition_details import RecognitionDetails
from videomoments.inference.transcript import TimedTranscript as Recognised
from videomoments.inference.transcript import segments_from_rows, segments_to_rows, words_from_rows, words_to_rows
from videomoments.services.runs import Claim, Runs


class Transcripts:
    """Reads and writes transcripts."""

    def __init__(self, database: Database, runs: Runs) -> None:
        self._database = database
        self._runs = runs

    async def of_video(self, video_id: str) -> Transcript | None:
        """Returns the transcript or None. `video_id` is the public identifier."""
        async with self._database.transaction() as session:
            return await repository.of_video(session, video_id)

    async def save(self, claim: Claim, recognised: Recognised, *, language: str | None, input_hash: str) -> int:
        """Stores the transcript of the claim's video. Returns its id. Raises StaleAttempt."""
        values = {
            "video_id": claim.video_pk,
            "full_text": recognised.full_text,
            "word_timestamps": words_to_rows(recognised.words),
            "segment_timestamps": segments_to_rows(recognised.segments),
            "language": recognised.language or language,
            "engine": recognised.engine,
            "word_count": len(recognised.words) or len(recognised.full_text.split()),
            "processing_time": recognised.processing_time,
            "mended": recognised.mended.to_json() or None,
            "hearing": recognised.hearing.to_json() or None,
            "input_hash": input_hash,
            "edited_at": None,
        }
        async with self._runs.fenced(claim) as session:
            return await repository.put(session, values)


def recognised_from(row: Transcript) -> Recognised:
    """Returns the stored row as the value that the pure functions take."""
    return Recognised(
        full_text=row.full_text,
        words=words_from_rows(row.word_timestamps or ()),
        segments=segments_from_rows(row.segment_timestamps or ()),
        language=row.language,
        engine=row.engine,
        processing_time=row.processing_time,
        mended=Mended.from_json(row.mended),
        hearing=RecognitionDetails.from_json(row.hearing),
    )


def heard_beside(row: Transcript) -> dict[str, Any]:
    """Returns `languages`, `not_understood`, `dropped` and `dropped_words` of a transcript as JSON; empty where nothing is known."""
    found = RecognitionDetails.from_json(row.hearing).to_json()
    empty: dict[str, Any] = {"languages": [], "not_understood": [], "dropped": [], "dropped_words": 0}
    return {name: found.get(name, none) for name, none in empty.items()}


def remarks_of(row: Transcript) -> list[str]:
    """Returns what a user should know before relying on the transcript, as sentences without their full stops."""
    return remarks_on(recognised_from(row))


def remarks_on(said: Recognised) -> list[str]:
    """Returns the same for a fresh recognition."""
    untimed = "the recogniser gave no times of words: those of its sentences are used" if said.segments and not said.words else ""
    return [message for message in (certainty_of(said.words).message, untimed, said.mended.message, *said.hearing.remarks) if message]
