"""Object storage: a folder, Google Cloud Storage, S3, or memory, behind one protocol.

`configured_store` opens the one that the settings name, `open_store` any by its address.
"""

from __future__ import annotations

import os
from pathlib import Path
from urllib.parse import unquote, urlsplit

from obstore.store import GCSStore, MemoryStore, S3Store

from videomoments.core.config import Settings
from videomoments.core.errors import InvalidInput
from videomoments.storage.base import ObjectStore, StoredObject
from videomoments.storage.cloud import CloudStore
from videomoments.storage.configured import signing_key, storage_url
from videomoments.storage.local import LocalStore
from videomoments.storage.signing import SignedUrl, UrlSigner, Verdict

__all__ = ["ObjectStore", "SignedUrl", "StoredObject", "UrlSigner", "Verdict", "configured_store", "open_store"]


def configured_store(settings: Settings) -> ObjectStore:
    """The store of this installation. API, worker and command line open the same one. Raises `InvalidInput`, `StorageError`."""
    return open_store(storage_url(settings), signing_key=signing_key(settings), public_url=settings.public_url)


def open_store(storage_url: str, *, signing_key: str, public_url: str | None) -> ObjectStore:
    """The store at `gs://bucket[/folder]`, `s3://bucket[/folder]`, `file:///folder` or `memory://`.

    Credentials come from the clouds' usual environment variables. `signing_key` and `public_url` are for what our own API serves: the
    objects of a folder or of memory, and downloads under a name. Without `public_url` their addresses are relative to the API's host.
    Raises `InvalidInput` (code `invalid_storage_url`) for an address of no such form.
    """
    parts = urlsplit(storage_url)
    signer = UrlSigner(signing_key, public_url)
    if parts.scheme == "file" and parts.netloc in ("", "localhost") and parts.path.startswith("/"):
        return LocalStore(Path(unquote(parts.path)), signer)
    if parts.scheme == "memory":
        return CloudStore(MemoryStore(), signer)
    if parts.scheme == "gs" and parts.netloc:
        return CloudStore(GCSStore(parts.netloc, prefix=parts.path.strip("/") or None), signer)
    if parts.scheme == "s3" and parts.netloc:
        return CloudStore(_s3(parts.netloc, parts.path.strip("/") or None), signer)
    raise InvalidInput(
        "STORAGE_URL has no known form.", code="invalid_storage_url", advice="Use gs://bucket, s3://bucket or file:///folder."
    )


def _s3(bucket: str, prefix: str | None) -> S3Store:
    """Over TLS a body is guarded on its way already; hashing it once more for the request's signature costs as much as sending it."""
    named = (os.environ.get(name, "") for name in ("AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL", "AWS_ENDPOINT"))
    if any(endpoint.startswith("http://") for endpoint in named):
        return S3Store(bucket, prefix=prefix)
    return S3Store(bucket, prefix=prefix, unsigned_payload=True)
