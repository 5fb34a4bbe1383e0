"""Holds what routes work with: the services, the store, and the queries. Built once per process."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated

from fastapi import Depends, Path, Query, Request
from starlette.datastructures import State

from videomoments.api.recent_statuses import RecentStatuses
from videomoments.core.config import Settings
from videomoments.services.run_queries import RunQueries
from videomoments.services.upload_queries import Uploads
from videomoments.services.video_queries import VideoQueries
from videomoments.services.wiring import Services, build_services
from videomoments.storage import ObjectStore, SignedUrl, configured_store

# Long enough to watch for an evening without a refresh, short enough that a leaked address expires the same day.
URL_LIFETIME = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class ApiDeps:
    """The parts of one process. `settings.signing_key` and `public_url` must be the same in every process of an installation."""

    services: Services
    store: ObjectStore
    videos: VideoQueries
    runs: RunQueries
    uploads: Uploads
    statuses: RecentStatuses

    @property
    def settings(self) -> Settings:
        return self.services.settings

    async def signed(self, key: str, *, download_name: str | None = None) -> SignedUrl:
        """Returns an address of the object for a browser."""
        return await self.store.signed_url(key, expires_in=URL_LIFETIME, download_name=download_name)


def build_deps(settings: Settings) -> ApiDeps:
    """Builds the parts without connecting. Raises `InvalidInput` where a needed address is unset or malformed."""
    services = build_services(settings)
    database = services.database
    return ApiDeps(
        services,
        configured_store(settings),
        VideoQueries(database),
        RunQueries(database, settings),
        Uploads(database),
        RecentStatuses(),
    )


async def _deps(request: Request) -> ApiDeps:
    # A coroutine, though it awaits nothing: FastAPI would run a plain function in a thread for each request.
    state: State = request.app.state
    found: ApiDeps = state.deps
    return found


Deps = Annotated[ApiDeps, Depends(_deps)]

# The pattern of identifiers of videos, moments, runs, uploads and keys.
IDENTIFIER = r"^[A-Za-z0-9_-]{1,64}$"
VideoId = Annotated[str, Path(pattern=IDENTIFIER, description="The video's identifier.")]
MomentId = Annotated[str, Path(pattern=IDENTIFIER, description="The moment's identifier.")]
RequestId = Annotated[str, Path(pattern=IDENTIFIER, description="The run's identifier.")]
OtherRun = Annotated[str | None, Query(pattern=IDENTIFIER, description="A run other than the newest completed one.")]
