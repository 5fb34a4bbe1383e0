"""Decides whether a URL may be registered, from its text alone, before a run connects to anything."""

from __future__ import annotations

from videomoments.core.config import Settings
from videomoments.sources.address_guard import AddressGuard
from videomoments.sources.buckets import listed_object, names_object
from videomoments.sources.resolve import checked_url


def admitted(url: str, settings: Settings) -> str:
    """Returns the URL in its normal form, which is the same for all spellings of one address.

    Raises `InvalidInput` (`invalid_url`, `url_has_credentials`, `bucket_refused`) and, for a host that is written as a number or is not
    public, `AddressRefused`. A name is resolved and checked only when a run connects.
    """
    if names_object(url):
        return str(listed_object(url, settings.source_buckets))
    checked = checked_url(url)
    AddressGuard(settings.allow_private).check_literal(checked.raw_host or "")
    return str(checked)
