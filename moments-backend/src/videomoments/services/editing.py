"""Changes moments and words for a user: make, change, judge, delete, restore. No run undoes it."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from unicodedata import normalize

from videomoments.core.errors import Conflict, InvalidInput, NotFound
from videomoments.core.names import new_identifier
from videomoments.core.times import now
from videomoments.db.repositories import moments as repository
from videomoments.db.repositories import transcripts
from videomoments.db.repositories import videos as video_repository
from videomoments.db.session import Database, Session
from videomoments.db.tables import Moment, Transcript, Video
from videomoments.inference.certainty import WORD_LEVEL, believed, confidence_of
from videomoments.inference.spacing import running_text
from videomoments.inference.transcript import words_from_rows

RESTORABLE_SECONDS = 600.0
_SHORTEST = 0.1
_KEPT = "kept"


@dataclass(frozen=True, slots=True)
class MomentChange:
    """What is to be changed; None leaves a value as it is."""

    title: str | None = None
    start_time: float | None = None
    end_time: float | None = None
    review: str | None = None


@dataclass(frozen=True, slots=True)
class WordChange:
    """Another text for the word at `index`. `was` is the text that it replaces, so that two users don't overwrite each other."""

    index: int
    was: str
    word: str


class Editing:
    """Edits of one video by a user. `edited_at` marks a moment that a user made, moved, renamed or kept."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def create(self, video_id: str, *, title: str, start_time: float, end_time: float) -> str:
        """Stores a moment that a user made, and returns its identifier. Raises NotFound, InvalidInput (`moment_empty`,
        `moment_outside_video`)."""
        async with self._database.transaction() as session:
            video = await video_repository.get(session, video_id)
            start, end = _within(video, start_time, end_time)
            moment = Moment(
                identifier=new_identifier(),
                video_id=video.id,
                position=0,
                title=title,
                start_time=start,
                end_time=end,
                confidence=await _confidence(session, video, start, end),
                review=_KEPT,
                edited_at=now(),
            )
            session.add(moment)
            return moment.identifier

    async def change(self, video_id: str, moment_id: str, wanted: MomentChange, *, guard: Callable[[Moment], None] | None = None) -> None:
        """Changes a moment. `guard` is called with the locked moment, and may refuse. Raises NotFound (`moment_not_found`), InvalidInput as
        `create` does."""
        async with self._database.transaction() as session:
            video, moment = await _find(session, video_id, moment_id)
            if guard is not None:
                guard(moment)
            start = moment.start_time if wanted.start_time is None else wanted.start_time
            end = moment.end_time if wanted.end_time is None else wanted.end_time
            if (start, end) != (moment.start_time, moment.end_time):
                moment.start_time, moment.end_time = _within(video, start, end)
                moment.edited_at = now()
                moment.clip_error = None  # the error was about other boundaries
                moment.confidence = await _confidence(session, video, moment.start_time, moment.end_time)
            if wanted.title is not None and wanted.title != moment.title:
                moment.title = wanted.title
                moment.edited_at = now()
            if wanted.review is not None and wanted.review != moment.review:
                moment.review = wanted.review
                if wanted.review == _KEPT:
                    moment.edited_at = now()

    async def delete(self, video_id: str, moment_id: str, *, guard: Callable[[Moment], None] | None = None) -> None:
        """Hides the moment with its original and refined forms. `guard` as for `change`. Raises NotFound."""
        async with self._database.transaction() as session:
            _, moment = await _find(session, video_id, moment_id)
            if guard is not None:
                guard(moment)
            await repository.hide_family(session, moment.parent_id or moment.id)

    async def restore(self, video_id: str, moment_id: str) -> None:
        """Restores a deleted moment. Raises NotFound when it was removed for good."""
        async with self._database.transaction() as session:
            _, moment = await _find(session, video_id, moment_id, deleted=True)
            await repository.restore_family(session, moment.parent_id or moment.id)

    async def remove_due(self) -> None:
        """Removes deleted moments that can't be restored any more. The next sweep of unnamed objects removes their clips' objects."""
        await repository.remove_hidden(self._database, RESTORABLE_SECONDS)

    async def correct_words(
        self, video_id: str, changes: Sequence[WordChange], *, guard: Callable[[Transcript], None] | None = None
    ) -> None:
        """Replaces the texts of words; their times stay. `guard` is called with the locked transcript, and may refuse. Raises NotFound
        (`transcript_not_found`), Conflict (`word_changed`), InvalidInput."""
        async with self._database.transaction() as session:
            video = await video_repository.get(session, video_id)
            row = await transcripts.locked(session, video.id)
            if row is None:
                raise NotFound("This video has no transcript yet.", code="transcript_not_found")
            if guard is not None:
                guard(row)
            row.word_timestamps, row.segment_timestamps, row.full_text = corrected(row, changes)
            row.edited_at = now()


def corrected(row: Transcript, changes: Sequence[WordChange]) -> tuple[list[Any], list[Any], str]:
    """Returns words, segments and text of the transcript with those words replaced. Raises as `correct_words` does."""
    words = [dict(word) for word in row.word_timestamps]
    for change in changes:
        if not 0 <= change.index < len(words):
            raise InvalidInput(f"There is no word {change.index}.", code="word_not_found", advice="Load the transcript again.")
        if normalize("NFC", str(words[change.index]["word"])) != normalize("NFC", change.was):
            raise Conflict("This word has been changed meanwhile.", code="word_changed", advice="Load the transcript again.")
        words[change.index]["word"] = change.word
        if (words[change.index].get("confidence") or 0.0) < WORD_LEVEL:
            # A user has confirmed this word; the recogniser's low confidence no longer applies.
            words[change.index].pop("confidence", None)
    touched = {change.index for change in changes}
    segments = [_segment_with(segment, words, touched) for segment in row.segment_timestamps]
    return words, segments, running_text(words_from_rows(words))


async def _confidence(session: Session, video: Video, start: float, end: float) -> float | None:
    """Returns the confidence of the words from `start` to `end` (0 to 1); None where it is unknown."""
    rows = await transcripts.words_of(session, video.id)
    found = confidence_of(believed(words_from_rows(rows)), start, end)
    return None if found is None else round(found, 3)


def _segment_with(segment: Mapping[str, Any], words: Sequence[Mapping[str, Any]], touched: set[int]) -> dict[str, Any]:
    within = [
        index for index, word in enumerate(words) if segment["start"] - 0.01 <= (word["start"] + word["end"]) / 2 <= segment["end"] + 0.01
    ]
    if not touched.intersection(within):
        return dict(segment)
    return {**segment, "text": running_text(words_from_rows([words[index] for index in within]))}


def _within(video: Video, start: float, end: float) -> tuple[float, float]:
    """Returns the bounds in seconds, if they lie inside this video. An end less than 0.1 s past the video's end is clamped."""
    if not (math.isfinite(start) and math.isfinite(end)) or end - start < _SHORTEST:
        raise InvalidInput("A moment ends after it starts, by a tenth of a second or more.", code="moment_empty", advice="Move its end.")
    if video.duration is not None:
        if start < 0 or start >= video.duration or end > video.duration + _SHORTEST:
            raise InvalidInput(
                f"The moment lies outside the video, which is {video.duration:.1f} seconds long.",
                code="moment_outside_video",
                advice="Move it inside.",
            )
        end = min(end, video.duration)
    return start, end


async def _find(session: Session, video_id: str, moment_id: str, *, deleted: bool = False) -> tuple[Video, Moment]:
    video = await video_repository.get(session, video_id)
    moment = await repository.locked(session, video.id, moment_id, deleted=deleted)
    if moment is None:
        raise NotFound("There is no such moment of this video.", code="moment_not_found")
    return video, moment
