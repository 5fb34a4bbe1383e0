"""Checks before the work whether the configured store takes, returns and removes objects."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator, Callable
from urllib.parse import urlsplit

from videomoments.core.errors import InvalidInput, MomentsError, NotFound, StorageError
from videomoments.storage.object_store import ObjectStore

_BODY = b"VideoMoments asks whether this store works.\n"
_SECONDS = 20.0


async def examine_store(opened: Callable[[], ObjectStore], storage_url: str) -> None:
    """Opens the store, lists, writes an object, reads and removes it. The object lies among unfinished uploads, so a sweep removes it if it
    stays.

    Raises InvalidInput for an address of no known form, StorageError (`store_…`), OutOfSpace; their operator text names the store.
    """
    key = f"uploads/doctor-{uuid.uuid4().hex}/probe"
    try:
        await asyncio.wait_for(_all_ways(opened(), key), _SECONDS)
    except InvalidInput:
        raise
    except TimeoutError as error:
        raise _named(StorageError("The object store does not answer in time.", code="store_unreachable"), storage_url) from error
    except MomentsError as error:
        raise _named(error, storage_url) from error


async def _all_ways(store: ObjectStore, key: str) -> None:
    await store.check()
    try:
        await store.put_stream(key, _once(), content_type="text/plain")
        if await store.read_range(key, 0, len(_BODY)) != _BODY:
            raise StorageError("The object store gives other bytes than it was given.")
    except NotFound as error:
        raise StorageError("The object store does not show what it was given.") from error
    finally:
        await store.delete(key)


async def _once() -> AsyncIterator[bytes]:
    yield _BODY


def _named(error: MomentsError, storage_url: str) -> MomentsError:
    """Returns the same error with the store named for the operator. A bucket's address holds no secret; what follows a `?` might."""
    parts = urlsplit(storage_url)
    host = parts.netloc.rpartition("@")[2]
    operator_text = f"STORAGE_URL ({parts.scheme}://{host}{parts.path}): {error.message}"
    return type(error)(error.message, code=error.code, advice=error.advice or "Check STORAGE_URL.", operator=operator_text)
