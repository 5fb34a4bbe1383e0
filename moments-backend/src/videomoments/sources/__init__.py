"""Where a video comes from: downloads behind an address guard, and files of this machine."""

from __future__ import annotations

from videomoments.sources.base import FetchedSource, FetchLimits
from videomoments.sources.local import fetch_local, inspect
from videomoments.sources.remote import fetch, listed
from videomoments.sources.resolve import SourceKind, checked_url, classify, label, title_of

__all__ = [
    "FetchLimits",
    "FetchedSource",
    "SourceKind",
    "checked_url",
    "classify",
    "fetch",
    "fetch_local",
    "inspect",
    "label",
    "listed",
    "title_of",
]
