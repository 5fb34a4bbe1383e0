"""Checks for `moments doctor` the parts that the environment names. It connects to each; a problem is reported with the variable's name."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from videomoments.core.config import Settings
    from videomoments.embedded import Check

_SECONDS = 5.0


def configured_checks(settings: Settings) -> list[Check]:
    """Returns one check for each variable that is set; all run at once. Raises nothing."""
    looks: list[tuple[str, str | None, Callable[[Settings], Awaitable[str]]]] = [
        ("DATABASE_URL", settings.database_url, _database),
        ("REDIS_URL", settings.redis_url, _redis),
        ("STORAGE_URL", settings.storage_url, _store),
        ("MOMENTS_MODELS_URL", settings.models_url, _models),
    ]

    async def all_at_once() -> list[Check]:
        return await asyncio.gather(*(_check(name, look, settings) for name, value, look in looks if value))

    return asyncio.run(all_at_once())


async def _check(name: str, look: Callable[[Settings], Awaitable[str]], settings: Settings) -> Check:
    from videomoments.core.errors import MomentsError
    from videomoments.embedded import Check

    try:
        return Check(name, True, await look(settings))
    except MomentsError as error:
        return Check(name, False, f"{error.operator_text} ({error.code})", error.advice)


async def _database(settings: Settings) -> str:
    from videomoments.db.examine import check_database

    return await check_database(settings.database_url or "")


async def _redis(settings: Settings) -> str:
    from videomoments.coordination.redis import check_redis

    return await check_redis(settings.redis_url or "")


async def _store(settings: Settings) -> str:
    from videomoments.storage import check_store

    await check_store(settings)
    return "writes, reads, lists and removes"


async def _models(settings: Settings) -> str:
    """Checks whether the service of the built-in models responds and accepts our key."""
    import httpx2

    from videomoments.core.errors import ModelError
    from videomoments.core.reaching import unreached

    key = settings.models_key.get_secret_value() if settings.models_key else ""
    headers = {"Authorization": f"Bearer {key}"} if key else {}
    try:
        async with httpx2.AsyncClient(base_url=settings.models_url or "", headers=headers, timeout=_SECONDS, trust_env=False) as client:
            answer = await client.get("/v1/models")
    except (httpx2.UnsupportedProtocol, httpx2.InvalidURL) as error:
        raise ModelError("MOMENTS_MODELS_URL is no web address.", code="model_unreachable", advice="It begins with http://.") from error
    except httpx2.HTTPError as error:
        way = unreached(error)
        words = way.words if way else "does not answer"
        advice = way.advice if way else "Check MOMENTS_MODELS_URL."
        place = httpx2.URL(settings.models_url or "").netloc.decode()
        raise ModelError(f"The model service at {place} {words}.", code="model_unreachable", advice=advice) from error
    if answer.status_code in (401, 403):
        raise ModelError("The model service does not accept our key.", code="model_refused", advice="Check MOMENTS_MODELS_KEY.")
    if answer.status_code != httpx2.codes.OK:
        raise ModelError(
            f"What answers there is no model service (status {answer.status_code}).",
            code="model_bad_answer",
            advice="Check MOMENTS_MODELS_URL.",
        )
    return "answers"
