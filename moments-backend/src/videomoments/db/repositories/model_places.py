"""Queries on the addresses where models have answered."""

from __future__ import annotations

from sqlalchemy import text

from videomoments.db.session import Executor

_HAS = text("SELECT 1 FROM model_places WHERE key = :key AND place = :place")
# Adds nothing for an entry that was removed meanwhile: a run uses the entries of its start.
_ADD = text("""
    INSERT INTO model_places (key, place) SELECT key, :place FROM model_configs WHERE key = :key
    ON CONFLICT (key, place) DO UPDATE SET answered_at = now()
""")
_FORGET = text("DELETE FROM model_places WHERE key = :key AND place <> :place")
_BUILT_IN_ANSWERED = text("""
    INSERT INTO model_places (key, place)
    SELECT key, :place FROM model_configs WHERE CAST(config ->> 'builtin' AS boolean)
    ON CONFLICT (key, place) DO NOTHING
""")


async def has(db: Executor, key: str, place: str) -> bool:
    return (await db.execute(_HAS, {"key": key, "place": place})).first() is not None


async def add(db: Executor, key: str, place: str) -> None:
    """Notes that the model has just answered there."""
    await db.execute(_ADD, {"key": key, "place": place})


async def add_built_in(db: Executor, place: str) -> None:
    """Notes that all built-in models have answered there."""
    await db.execute(_BUILT_IN_ANSWERED, {"place": place})


async def forget_others(db: Executor, key: str, place: str) -> None:
    """Removes every other address of the model."""
    await db.execute(_FORGET, {"key": key, "place": place})
