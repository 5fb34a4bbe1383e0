"""Retries small steps that fail only while the database restarts."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

import tenacity

from videomoments.core.errors import ServiceUnavailable

T = TypeVar("T")

_PATIENCE_SECONDS = 120.0


async def retry_while_database_away(call: Callable[..., Awaitable[T]], *arguments: Any, **named: Any) -> T:
    """Calls again while the database restarts. A run that waits too long loses its lease first and is stopped by that. Raises
    ServiceUnavailable after two minutes."""
    retrying = tenacity.AsyncRetrying(
        retry=tenacity.retry_if_exception_type(ServiceUnavailable),
        wait=tenacity.wait_random_exponential(multiplier=0.2, max=3),
        stop=tenacity.stop_after_delay(_PATIENCE_SECONDS),
        reraise=True,
    )

    async def tried() -> T:
        return await call(*arguments, **named)

    return await retrying(tried)
