"""Names the parts of a recording that people skip."""

from __future__ import annotations

from enum import StrEnum


class SkipKind(StrEnum):
    """What a skipped line is. The values are stable: they may be stored and sent."""

    GREETING = "greeting"
    HOUSEKEEPING = "housekeeping"
    SPONSOR = "sponsor"
    SCREEN = "screen"
    FILLER = "filler"
    SIGN_OFF = "sign_off"
