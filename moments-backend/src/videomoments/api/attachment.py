"""Answers that a browser saves under a name."""

from __future__ import annotations

import re
from urllib.parse import quote


def attachment(name: str) -> str:
    """The Content-Disposition (RFC 6266): the name as it is, and a plain one for clients that know no other."""
    plain = re.sub(r"[^A-Za-z0-9 ._-]", "_", name)
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"
