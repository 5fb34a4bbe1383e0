"""Starts PostgreSQL and Valkey for a benchmark, in the same way as the embedded ones."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from videomoments.embedded import running_stack

TESTS = Path(__file__).resolve().parent.parent / "moments-backend" / "tests"


@dataclass(frozen=True, slots=True)
class Servers:
    """The addresses of the servers."""

    home: Path
    database_url: str = field(repr=False)
    redis_url: str = field(repr=False)

    @property
    def environment(self) -> dict[str, str]:
        """Returns the variables by which the processes of VideoMoments and of the peers find them."""
        return {
            "MOMENTS_HOME": str(self.home),
            "DATABASE_URL": self.database_url,
            "REDIS_URL": self.redis_url,
            "STORAGE_URL": (self.home / "store").as_uri(),
            "MOMENTS_MODELS_URL": "http://127.0.0.1:1",
            "MOMENTS_SIGNING_KEY": "bench",
            "MOMENTS_QUEUE_CAP": "1000000",
            "BENCH_POSTGRES": self.database_url.replace("postgresql+asyncpg://", "postgresql://"),
            "BENCH_REDIS": self.redis_url.removeprefix("unix://").partition("?")[0],
        }


@contextmanager
def running_servers() -> Iterator[Servers]:
    """Yields fresh servers in their own folder, stopped and removed at the end."""
    if str(TESTS) not in sys.path:
        sys.path.insert(0, str(TESTS))
    from support.stack import embedded_settings, short_home  # type: ignore[import-not-found]

    with short_home() as home, running_stack(embedded_settings(home), models=False) as stack:
        yield Servers(home, stack.database_url, stack.redis_url)
