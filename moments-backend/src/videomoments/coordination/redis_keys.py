"""Builds the names of all keys in Redis, exactly as in section 4 of the overview."""

from __future__ import annotations

from datetime import timedelta

STREAM = "pipeline:requests"
GROUP = "pipeline_workers"
MODEL_KEYS = "model:config:_keys"

# The only keys that never expire: the queue, and the registry's mirror, which each start writes anew.
LASTING = (STREAM, MODEL_KEYS, "model:config:{key}")

LOCK_TTL = timedelta(minutes=30)
CANCEL_TTL = timedelta(minutes=5)
RUN_TTL = timedelta(hours=24)


def active(video_id: str) -> str:
    """Returns the key of a hash: status of the video's newest run, stage by stage."""
    return f"pipeline:{video_id}:active"


def lock(video_id: str) -> str:
    """Returns the key of a string `{request_id}:{attempt}`: which attempt may write `active`."""
    return f"pipeline:{video_id}:lock"


def cancel(video_id: str) -> str:
    """Returns the key of a string: the request id that is to be cancelled (F28)."""
    return f"pipeline:{video_id}:cancel"


def history(video_id: str) -> str:
    """Returns the key of a sorted set: request ids by time, trimmed with their hashes."""
    return f"pipeline:{video_id}:history"


def run(request_id: str) -> str:
    """Returns the key of a hash: a finished run's details, for 24 hours."""
    return f"pipeline:run:{request_id}"


def model(key: str) -> str:
    """Returns the key of a hash: a model's configuration, without secrets."""
    return f"model:config:{key}"


def quota(key_id: str, what: str, window: int) -> str:
    """Returns the key of a counter: how often an API key did `what` in a window. It expires with the window."""
    return f"api:quota:{key_id}:{what}:{window}"
