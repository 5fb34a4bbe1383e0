"""Queries on API keys."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select, text

from videomoments.db.session import Session
from videomoments.db.tables import ApiKeyRow

_LIVE = "revoked_at IS NULL AND (expires_at IS NULL OR expires_at > now())"
_REVOKE = text("UPDATE api_keys SET revoked_at = coalesce(revoked_at, now()) WHERE identifier = :id RETURNING *")
_RECOGNISE = text(f"SELECT * FROM api_keys WHERE key_hash = :hash AND {_LIVE}")  # noqa: S608 (constants)
_ANY_LIVE = text(f"SELECT EXISTS (SELECT 1 FROM api_keys WHERE {_LIVE})")  # noqa: S608
_USED = text("""
    UPDATE api_keys SET last_used_at = now()
    WHERE key_hash = :hash AND (last_used_at IS NULL OR last_used_at < now() - interval '1 minute')
""")


async def add(
    session: Session,
    *,
    identifier: str,
    name: str,
    key_hash: str,
    hint: str,
    scope: str,
    requests_per_minute: int | None,
    runs_per_day: int | None,
    expires_at: datetime | None,
) -> ApiKeyRow:
    row = ApiKeyRow(
        identifier=identifier,
        name=name,
        key_hash=key_hash,
        hint=hint,
        scope=scope,
        requests_per_minute=requests_per_minute,
        runs_per_day=runs_per_day,
        expires_at=expires_at,
    )
    session.add(row)
    await session.flush()
    await session.refresh(row)
    return row


async def all_of(session: Session, *, revoked: bool) -> list[ApiKeyRow]:
    """Returns the keys, oldest first; with `revoked`, the revoked ones too."""
    statement = select(ApiKeyRow).order_by(ApiKeyRow.id)
    return list(await session.scalars(statement if revoked else statement.where(ApiKeyRow.revoked_at.is_(None))))


async def revoke(session: Session, identifier: str) -> ApiKeyRow | None:
    found: ApiKeyRow | None = await session.scalar(select(ApiKeyRow).from_statement(_REVOKE), {"id": identifier})
    return found


async def recognise(session: Session, key_hash: str) -> ApiKeyRow | None:
    """Returns the live key of that hash, or None. Stores the time of its use, at most once a minute."""
    row: ApiKeyRow | None = await session.scalar(select(ApiKeyRow).from_statement(_RECOGNISE), {"hash": key_hash})
    if row is not None:
        await session.execute(_USED, {"hash": key_hash})
    return row


async def any_live(session: Session) -> bool:
    return bool(await session.scalar(_ANY_LIVE))
