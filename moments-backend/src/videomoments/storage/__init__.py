"""Object storage: a folder, Google Cloud Storage, S3, or memory, behind one protocol.

`configured_store` opens the store that the settings name, `open_store` any by its address.
"""

from __future__ import annotations

import os
import secrets
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

from obstore.exceptions import BaseError
from obstore.store import GCSStore, MemoryStore, S3Store

from videomoments.core.config import Settings
from videomoments.core.errors import InvalidInput, StorageError
from videomoments.storage.cloud import CloudStore
from videomoments.storage.configured import signing_key, storage_url
from videomoments.storage.examine import examine_store
from videomoments.storage.failures import store_failure
from videomoments.storage.local import LocalStore
from videomoments.storage.object_store import ObjectStore, StoredObject
from videomoments.storage.signing import SignedUrl, UrlSigner, Verdict

if TYPE_CHECKING:
    from obstore.store import RetryConfig

__all__ = ["ObjectStore", "SignedUrl", "StoredObject", "UrlSigner", "Verdict", "check_store", "configured_store", "open_store"]

# For a check before the work: the client itself would retry for minutes.
_ONCE_MORE: RetryConfig = {"max_retries": 1, "retry_timeout": timedelta(seconds=5)}


def configured_store(settings: Settings) -> ObjectStore:
    """Returns the store of this installation. API, worker and command line open the same one. Raises `InvalidInput`, `StorageError`."""
    return open_store(storage_url(settings), signing_key=signing_key(settings), public_url=settings.public_url)


async def check_store(settings: Settings) -> None:
    """Checks the configured store: writes, reads and removes an object. Raises InvalidInput, StorageError, OutOfSpace."""
    address = storage_url(settings)
    # A random key suffices: the check hands out no signed address.
    await examine_store(lambda: open_store(address, signing_key=secrets.token_hex(16), public_url=None, patient=False), address)


def open_store(storage_url: str, *, signing_key: str, public_url: str | None, patient: bool = True) -> ObjectStore:
    """Opens the store at `gs://bucket[/folder]`, `s3://bucket[/folder]`, `file:///folder` or `memory://`.

    Credentials come from the clouds' usual environment variables. `signing_key` and `public_url` are for what our own API serves: the
    objects of a folder or of memory, and downloads under a name. Without `public_url`, their addresses are relative to the API's host.
    `patient`: requests to a failing cloud are retried for minutes. Raises `InvalidInput` (`invalid_storage_url`) for an address of no such
    form, `StorageError` where its credentials or folder can't be used.
    """
    parts = urlsplit(storage_url)
    signer = UrlSigner(signing_key, public_url)
    if parts.scheme == "file" and parts.netloc in ("", "localhost") and parts.path.startswith("/"):
        return LocalStore(Path(unquote(parts.path)), signer)
    if parts.scheme == "memory":
        return CloudStore(MemoryStore(), signer)
    if parts.scheme in ("gs", "s3") and parts.netloc:
        return CloudStore(_bucket(parts.scheme, parts.netloc, parts.path.strip("/") or None, patient=patient), signer)
    raise InvalidInput(
        "STORAGE_URL has no known form.", code="invalid_storage_url", advice="Use gs://bucket, s3://bucket or file:///folder."
    )


def _bucket(scheme: str, name: str, prefix: str | None, *, patient: bool) -> GCSStore | S3Store:
    # Options passed to the client would replace those of the environment (a proxy, for example), so none are passed.
    limits: dict[str, Any] = {} if patient else {"retry_config": _ONCE_MORE}
    try:
        if scheme == "gs":
            return GCSStore(name, prefix=prefix, **limits)
        # TLS already protects the body; hashing it again for the request's signature costs as much as sending it.
        named = (os.environ.get(each, "") for each in ("AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL", "AWS_ENDPOINT"))
        plain = any(endpoint.startswith("http://") for endpoint in named)
        return S3Store(name, prefix=prefix, **limits) if plain else S3Store(name, prefix=prefix, unsigned_payload=True, **limits)
    except (BaseError, OSError, ValueError) as error:  # the credentials file is missing or invalid
        found = store_failure(error)
        if found.code != "storage_error":
            raise found from error
        raise StorageError(
            "The object store's credentials can't be read.",
            code="store_credentials",
            advice="Check the file that GOOGLE_APPLICATION_CREDENTIALS names, and the AWS_ variables.",
        ) from error
