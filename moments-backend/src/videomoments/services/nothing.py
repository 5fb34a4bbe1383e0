"""Finds the reason why a video shows no moments, the same for every surface. Reads only."""

from __future__ import annotations

from dataclasses import dataclass

from videomoments.core.names import RunStatus
from videomoments.db.repositories import nothing as repository
from videomoments.db.session import Database


@dataclass(frozen=True, slots=True)
class Nothing:
    """The reason. `code` is stable: `nothing_found` (a run completed, and there was nothing), `all_deleted` (by a user), `run_failed`,
    `run_cancelled`. `message` is a sentence for users."""

    code: str
    message: str


class WhyNothing:
    """Looks up the reason where a list of moments is empty."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def of_video(self, video_id: str, *, request_id: str | None = None) -> Nothing | None:
        """Returns the reason, or None before a run has ended."""
        run = await repository.deciding_run(self._database, video_id, request_id)
        return None if run is None else reason(run.status, run.note, run.error_message, run.found)


def reason(status: str | None, note: str | None, error: str | None, found: int) -> Nothing | None:
    """Returns the reason from the deciding run: how it ended, its note and error, and how many moments it once `found`."""
    if status == RunStatus.COMPLETED:
        if found:
            return Nothing("all_deleted", "All moments that were found have been deleted.")
        return Nothing("nothing_found", sentence(note or "the run found no moments"))
    if status == RunStatus.FAILED:
        return Nothing("run_failed", sentence(f"the run failed: {error}" if error else "the run failed"))
    return Nothing("run_cancelled", "The run was cancelled.") if status == RunStatus.CANCELLED else None


def sentence(words: str) -> str:
    """Returns `words` with a capital first letter and a full stop."""
    return words[:1].upper() + words[1:] + ("" if words.endswith((".", "!", "?")) else ".")
