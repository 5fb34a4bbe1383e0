"""Writes structured logs, one line per event. A context variable holds run, video, stage and attempt, so that every line carries them."""

from __future__ import annotations

import json
import logging
import re
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from types import MappingProxyType

from videomoments.core.terminal import escaped
from videomoments.core.times import isoformat, now

_context: ContextVar[Mapping[str, object]] = ContextVar("log_context", default=MappingProxyType({}))
# The query of a signed URL is a key to the object, so it must never be logged.
_SIGNED = re.compile(r"(https?://[^\s?\"']+)\?[^\s\"']*")
# The user and password part of a database's or server's address.
_SIGNED_IN = re.compile(r"\b([a-z][a-z0-9+.-]{0,30}://)[^\s/?#@\"']+@", re.IGNORECASE)


@contextmanager
def log_context(**fields: object) -> Iterator[None]:
    """Adds `fields` (request_id, video_id, stage, attempt) to every line logged inside."""
    token = _context.set({**_context.get(), **fields})
    try:
        yield
    finally:
        _context.reset(token)


def redact(text: str) -> str:
    """Returns `text` without the query strings of web addresses, and without user names and passwords in addresses."""
    return _SIGNED_IN.sub(r"\1…@", _SIGNED.sub(r"\1?…", text))


class _Formatter(logging.Formatter):
    def __init__(self, as_json: bool) -> None:
        super().__init__()
        self._json = as_json

    def format(self, record: logging.LogRecord) -> str:
        message = escaped(redact(record.getMessage()))
        if record.exc_info:
            message += "\n" + escaped(redact(self.formatException(record.exc_info)))
        fields = _context.get()
        if self._json:
            line = {"time": isoformat(now()), "level": record.levelname, "logger": record.name, "message": message}
            return json.dumps({**line, **fields}, default=str)
        tail = escaped(" ".join(f"{key}={value}" for key, value in fields.items()))
        return f"{isoformat(now())} {record.levelname:<7} {record.name}: {message}" + (f"  [{tail}]" if tail else "")


def configure_logging(level: str = "INFO", as_json: bool = False) -> None:
    """Sends logs to stderr; stdout is for the command's own result."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_Formatter(as_json))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    # HTTP libraries log each whole address, with its signature: our own, and httpx where another package brings it.
    for noisy in ("httpx", "httpx2", "httpcore2", "asyncio", "aiohttp.access", "uvicorn.access", "alembic"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
