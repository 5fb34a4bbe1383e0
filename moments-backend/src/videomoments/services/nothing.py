"""Why a video shows no moments: a state with its reason, for every surface alike. Read only."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import text

from videomoments.core.names import RunStatus
from videomoments.db.session import Database


@dataclass(frozen=True, slots=True)
class Nothing:
    """`code` is stable: `nothing_found` (a run completed, and there was nothing), `all_deleted` (by a person), `run_failed`,
    `run_cancelled`. `message` is a sentence for people."""

    code: str
    message: str


# The newest completed run that looks for moments, else the newest that ended; or the one that is asked for.
_DECIDES = text("""
    SELECT run.status, run.note, run.error_message, (SELECT count(*) FROM moments WHERE run_id = run.id) AS found
    FROM pipeline_history AS run JOIN videos ON videos.id = run.video_id
    WHERE videos.identifier = :video_id
      AND CASE WHEN CAST(:request_id AS text) IS NULL THEN run.kind IN ('pipeline', 'generate') ELSE run.identifier = :request_id END
    ORDER BY (run.status = 'completed') DESC, run.completed_at DESC NULLS LAST, run.id DESC LIMIT 1
""")


class WhyNothing:
    """The question, asked where a list of moments is empty."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def of_video(self, video_id: str, *, request_id: str | None = None) -> Nothing | None:
        """None before a run has ended: nobody has looked yet."""
        row = (await self._database.statement(_DECIDES, {"video_id": video_id, "request_id": request_id})).first()
        return None if row is None else reason(row.status, row.note, row.error_message, row.found)


def reason(status: str | None, note: str | None, error: str | None, found: int) -> Nothing | None:
    """From the run that decides: how it ended, what it and its error say, and how many moments it once `found`."""
    if status == RunStatus.COMPLETED:
        if found:
            return Nothing("all_deleted", "All moments that were found have been deleted.")
        return Nothing("nothing_found", sentence(note or "the run found no moments"))
    if status == RunStatus.FAILED:
        return Nothing("run_failed", sentence(f"the run failed: {error}" if error else "the run failed"))
    return Nothing("run_cancelled", "The run was cancelled.") if status == RunStatus.CANCELLED else None


def sentence(words: str) -> str:
    """`words` with a capital and an end."""
    return words[:1].upper() + words[1:] + ("" if words.endswith((".", "!", "?")) else ".")
