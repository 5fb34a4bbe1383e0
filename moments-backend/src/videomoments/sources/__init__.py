"""Fetches videos: downloads behind an address guard, and files of this machine."""

from __future__ import annotations

from videomoments.sources.admission import admitted
from videomoments.sources.buckets import names_object, object_address
from videomoments.sources.fetch_types import FetchedSource, FetchLimits, SiteDetails
from videomoments.sources.local_files import inspect
from videomoments.sources.remote import fetch, listed, names_file
from videomoments.sources.resolve import MEDIA_ENDINGS, checked_url, label, shown, title_of
from videomoments.sources.sniff import HEAD_BYTES, only_media, refuse_not_media, seems_to_be

__all__ = [
    "HEAD_BYTES",
    "MEDIA_ENDINGS",
    "FetchLimits",
    "FetchedSource",
    "SiteDetails",
    "admitted",
    "checked_url",
    "fetch",
    "inspect",
    "label",
    "listed",
    "names_file",
    "names_object",
    "object_address",
    "only_media",
    "refuse_not_media",
    "seems_to_be",
    "shown",
    "title_of",
]
