"""Bodies of the probes."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel

State = Literal["ok", "unavailable"]


class HealthOut(BaseModel):
    """Whether Redis and PostgreSQL answer the API."""

    status: State
    redis: State
    postgresql: State


class ReadyOut(BaseModel):
    """Whether runs that are started now will be processed. `oldest_queued_seconds`: how long the oldest queued run has waited."""

    ready: bool
    migrated: bool
    workers: int
    queued: int
    oldest_queued_seconds: float
    redis: State
    storage: State
