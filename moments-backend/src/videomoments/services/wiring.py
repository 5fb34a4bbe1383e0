"""Builds the services of one process once from its settings, for the API, the worker and the command line."""

from __future__ import annotations

from dataclasses import dataclass

from redis.asyncio import Redis

from videomoments.coordination.history import HistoryMirror
from videomoments.coordination.mirror import ModelMirror
from videomoments.coordination.queue import JobQueue
from videomoments.coordination.redis import connect
from videomoments.coordination.status import StatusMirror
from videomoments.core.config import Settings
from videomoments.core.errors import InvalidInput
from videomoments.db.session import Database
from videomoments.services.api_keys import ApiKeys
from videomoments.services.deletion import Deletion
from videomoments.services.dismissal import Dismissal
from videomoments.services.editing import Editing
from videomoments.services.metric_totals import MetricTotals
from videomoments.services.model_calls import ModelCalls
from videomoments.services.model_dialects import ModelDialects
from videomoments.services.model_places import ModelPlaces
from videomoments.services.models import Models
from videomoments.services.moments import Moments
from videomoments.services.nothing import WhyNothing
from videomoments.services.run_queries import RunQueries
from videomoments.services.runs import Runs
from videomoments.services.transcript_parts import TranscriptParts
from videomoments.services.transcripts import Transcripts
from videomoments.services.videos import Videos
from videomoments.services.waiting import Waits


@dataclass(frozen=True, slots=True)
class Services:
    """Everything above the database and Redis. Call `close()` in the event loop that used it."""

    settings: Settings
    database: Database
    redis: Redis
    queue: JobQueue
    runs: Runs
    run_queries: RunQueries
    videos: Videos
    transcripts: Transcripts
    transcript_parts: TranscriptParts
    moments: Moments
    editing: Editing
    models: Models
    model_places: ModelPlaces
    model_dialects: ModelDialects
    model_calls: ModelCalls
    api_keys: ApiKeys
    deletion: Deletion
    dismissal: Dismissal
    totals: MetricTotals
    waits: Waits
    why_nothing: WhyNothing

    async def close(self) -> None:
        await self.redis.aclose()
        await self.database.close()


def build_services(settings: Settings, *, pool_size: int = 5) -> Services:
    """Builds the services without connecting. Raises InvalidInput when `DATABASE_URL` or `REDIS_URL` is unset and no embedded stack filled
    it in."""
    if settings.database_url is None or settings.redis_url is None:
        raise InvalidInput("DATABASE_URL and REDIS_URL are not set.", advice="Use a command that starts the embedded parts, or set both.")
    database = Database(settings.database_url, pool_size=pool_size)
    redis = connect(settings.redis_url)
    queue = JobQueue(redis)
    places = ModelPlaces(database, settings)
    runs = Runs(database, queue, StatusMirror(redis), HistoryMirror(redis), settings)
    return Services(
        settings=settings,
        database=database,
        redis=redis,
        queue=queue,
        runs=runs,
        run_queries=RunQueries(database, settings),
        videos=Videos(database, runs),
        transcripts=Transcripts(database, runs),
        transcript_parts=TranscriptParts(database, runs),
        moments=Moments(database, runs),
        editing=Editing(database),
        models=Models(database, ModelMirror(redis), settings, places),
        model_places=places,
        model_dialects=ModelDialects(database, places),
        model_calls=ModelCalls(database, runs),
        api_keys=ApiKeys(database),
        deletion=Deletion(database, redis, runs),
        dismissal=Dismissal(database),
        totals=MetricTotals(database, settings),
        waits=Waits(runs),
        why_nothing=WhyNothing(database),
    )
