"""Creates, lists, revokes and recognises API keys. The secret itself exists once, in the response that creates it."""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from videomoments.core.errors import InvalidInput, NotFound
from videomoments.core.names import new_identifier
from videomoments.core.text import checked_line
from videomoments.core.times import now
from videomoments.db.repositories import api_keys as repository
from videomoments.db.session import Database
from videomoments.db.tables import ApiKeyRow

PREFIX = "vm_"
_SECRET_BYTES = 32
_HINT_LENGTH = 8
_LONGEST_NAME = 100


class KeyScope(StrEnum):
    """What a key may do. Each scope includes those before it: read, write, admin."""

    READ = "read"
    WRITE = "write"
    ADMIN = "admin"

    def allows(self, needed: KeyScope) -> bool:
        order = list(KeyScope)
        return order.index(self) >= order.index(needed)


@dataclass(frozen=True, slots=True)
class ApiKey:
    """A key as it is shown, without its secret. A quota of None has no limit."""

    identifier: str
    name: str
    hint: str
    scope: KeyScope
    requests_per_minute: int | None
    runs_per_day: int | None
    created_at: datetime
    expires_at: datetime | None
    last_used_at: datetime | None
    revoked_at: datetime | None


class ApiKeys:
    """The keys of one installation."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def create(
        self,
        name: str,
        scope: KeyScope,
        *,
        requests_per_minute: int | None = None,
        runs_per_day: int | None = None,
        expires_at: datetime | None = None,
    ) -> tuple[ApiKey, str]:
        """Creates a key. Returns it with the secret that the caller sends from now on.

        Raises InvalidInput: a name that is not one line of 1 to 100 characters (`bad_key_name`), or an end that has passed (`expiry_past`).
        """
        name = checked_name(name)
        if expires_at is not None and expires_at <= now():
            raise InvalidInput(
                "The key would have expired already.",
                code="expiry_past",
                advice="Give a time to come, or none: keys can be revoked.",
            )
        secret = PREFIX + secrets.token_urlsafe(_SECRET_BYTES)
        async with self._database.transaction() as session:
            row = await repository.add(
                session,
                identifier=new_identifier(),
                name=name,
                key_hash=hash_of(secret),
                hint=secret[:_HINT_LENGTH],
                scope=scope.value,
                requests_per_minute=requests_per_minute,
                runs_per_day=runs_per_day,
                expires_at=expires_at,
            )
        return _key(row), secret

    async def list(self, *, revoked: bool = False) -> list[ApiKey]:
        """Returns the keys, oldest first; with `revoked`, the revoked ones too."""
        async with self._database.transaction() as session:
            return [_key(row) for row in await repository.all_of(session, revoked=revoked)]

    async def revoke(self, identifier: str) -> ApiKey:
        """Revokes a key for good. Raises NotFound (`key_not_found`)."""
        async with self._database.transaction() as session:
            row = await repository.revoke(session, identifier)
        if row is None:
            raise NotFound("There is no such key.", code="key_not_found")
        return _key(row)

    async def recognise(self, secret: str) -> ApiKey | None:
        """Returns the live key of `secret`, or None. Stores the time of its use, at most once a minute."""
        async with self._database.transaction() as session:
            row = await repository.recognise(session, hash_of(secret))
        return _key(row) if row is not None else None

    async def any_live(self) -> bool:
        """Returns whether any key could sign in."""
        async with self._database.transaction() as session:
            return await repository.any_live(session)


def checked_name(name: str) -> str:
    """Returns the name as it is stored: NFC, single spaces. Raises InvalidInput (`bad_key_name`)."""
    try:
        if "\n" in name or "\r" in name:
            raise ValueError("it has several lines")
        line = checked_line(name)
        if len(line) > _LONGEST_NAME:
            raise ValueError(f"it has {len(line)}")
    except ValueError as error:
        raise InvalidInput(
            f"A key's name is one line of 1 to {_LONGEST_NAME} characters: {error}.",
            code="bad_key_name",
            advice="Say whose it is, for people.",
        ) from error
    return line


def hash_of(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()


def _key(row: ApiKeyRow) -> ApiKey:
    return ApiKey(
        identifier=row.identifier,
        name=row.name,
        hint=row.hint,
        scope=KeyScope(row.scope),
        requests_per_minute=row.requests_per_minute,
        runs_per_day=row.runs_per_day,
        created_at=row.created_at,
        expires_at=row.expires_at,
        last_used_at=row.last_used_at,
        revoked_at=row.revoked_at,
    )
