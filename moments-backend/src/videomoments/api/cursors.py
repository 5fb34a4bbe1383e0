"""Encodes where a page of a list ended, as an opaque text."""

from __future__ import annotations

import base64
import binascii
import json
from datetime import datetime

from videomoments.core.errors import InvalidInput

_MAX_ID = 2**63 - 1


def encode(key: str, row_id: int) -> str:
    return base64.urlsafe_b64encode(json.dumps([key, row_id]).encode()).decode().rstrip("=")


def decode(cursor: str) -> tuple[str, int]:
    """Reads a cursor. Raises `InvalidInput` (`bad_cursor`) for a text that `encode` did not make."""
    try:
        key, row_id = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    except (ValueError, TypeError, binascii.Error, RecursionError) as error:
        raise bad_cursor() from error
    if not isinstance(key, str) or "\0" in key or not key.isprintable() or type(row_id) is not int or not 0 <= row_id <= _MAX_ID:
        raise bad_cursor()
    return key, row_id


def decode_time(cursor: str) -> tuple[datetime, int]:
    """Reads a cursor as `decode` does, for lists in order of time."""
    key, row_id = decode(cursor)
    try:
        moment = datetime.fromisoformat(key)
    except ValueError as error:
        raise bad_cursor() from error
    if moment.tzinfo is None:
        raise bad_cursor()
    return moment, row_id


def bad_cursor() -> InvalidInput:
    return InvalidInput("The cursor is not one of this list's.", code="bad_cursor", advice="Begin again without it.")
