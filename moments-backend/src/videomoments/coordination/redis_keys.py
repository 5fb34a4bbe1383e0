"""Names of everything kept in Redis: the overview's section 4, to the letter."""

from __future__ import annotations

from datetime import timedelta

STREAM = "pipeline:requests"
GROUP = "pipeline_workers"
MODEL_KEYS = "model:config:_keys"

# The only keys without an end: the queue, and the registry's mirror, which each start writes anew.
LASTING = (STREAM, MODEL_KEYS, "model:config:{key}")

LOCK_TTL = timedelta(minutes=30)
CANCEL_TTL = timedelta(minutes=5)
RUN_TTL = timedelta(hours=24)


def active(video_id: str) -> str:
    """Hash: status of the video's newest run, stage by stage."""
    return f"pipeline:{video_id}:active"


def lock(video_id: str) -> str:
    """String `{request_id}:{attempt}`: who may write `active`."""
    return f"pipeline:{video_id}:lock"


def cancel(video_id: str) -> str:
    """String: the request id that is to be cancelled (F28)."""
    return f"pipeline:{video_id}:cancel"


def history(video_id: str) -> str:
    """Sorted set: request ids by time, trimmed with their hashes."""
    return f"pipeline:{video_id}:history"


def run(request_id: str) -> str:
    """Hash: a finished run's details, for 24 hours."""
    return f"pipeline:run:{request_id}"


def model(key: str) -> str:
    """Hash: a model's configuration, without secrets."""
    return f"model:config:{key}"


def quota(key_id: str, what: str, window: int) -> str:
    """Counter: how often an API key did `what` in a window; it lives as long as the window."""
    return f"api:quota:{key_id}:{what}:{window}"
