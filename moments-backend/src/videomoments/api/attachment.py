"""Names the file that a browser saves a response as."""

from __future__ import annotations

import re
from urllib.parse import quote


def attachment(name: str) -> str:
    """Returns the Content-Disposition (RFC 6266): the name as it is, and an ASCII name for clients that know no other."""
    plain = re.sub(r"[^A-Za-z0-9 ._-]", "_", name)
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"
