"""Queries on transcribed parts of long recordings."""

from __future__ import annotations

from sqlalchemy import text

from videomoments.db.session import Executor

_FIND = text("SELECT answer FROM transcript_parts WHERE run_id = :run_id AND digest = :digest")
_KEEP = text("INSERT INTO transcript_parts (run_id, digest, answer) VALUES (:run_id, :digest, :answer) ON CONFLICT DO NOTHING")
# The end of a run removes its parts. This catches a part that was written at the same time.
_REMOVE_LEFT = text("""
    DELETE FROM transcript_parts AS part USING pipeline_history AS run WHERE run.id = part.run_id AND run.completed_at IS NOT NULL
""")


async def find(db: Executor, run_id: int, digest: str) -> bytes | None:
    row = (await db.execute(_FIND, {"run_id": run_id, "digest": digest})).first()
    return bytes(row.answer) if row is not None else None


async def keep(db: Executor, run_id: int, digest: str, answer: bytes) -> None:
    await db.execute(_KEEP, {"run_id": run_id, "digest": digest, "answer": answer})


async def remove_left(db: Executor) -> None:
    """Removes the parts of runs that have ended."""
    await db.execute(_REMOVE_LEFT)
