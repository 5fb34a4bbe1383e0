"""Writes `rows_of_{version}.json`: what an older version leaves in PostgreSQL, Redis and the store after each stage of a run.

    cd OLD_CHECKOUT/moments-backend/tests && PYTHONPATH=. ../../.venv/bin/python …/tests/upgrade/record.py VERSION

It runs on the older version's code, environment and test helpers, and is written for those of 1e9270a. The run is one of the sample
video, with built-in models that a scripted server stands in for; the source's download alone is not the real one. The state after a
stage is what a worker leaves that is killed as soon as the stage's checkpoint is committed. Each row is written once for all the states
that show it.
"""

from __future__ import annotations

import asyncio
import json
import socket
import sys
import tempfile
from contextlib import AsyncExitStack, aclosing
from importlib import import_module
from pathlib import Path
from typing import Any

from sqlalchemy import text

SOURCE = "https://example.com/talk.mp4"
MODELS = ("whisper_base", "extractive", "signal")
_WORD_SECONDS = 0.5
_LEFT_OUT = ("alembic_version", "metric_totals")


def spoken() -> list[dict[str, Any]]:
    """A sentence of ten words in every six seconds of the sample's first minute."""
    row = ["Dough", "rises", "because", "yeast", "makes", "gas", "in", "a", "warm", "bowl."]
    return [
        {"word": word, "start": 6.0 * line + _WORD_SECONDS * place, "end": 6.0 * line + _WORD_SECONDS * (place + 1)}
        for line in range(10)
        for place, word in enumerate(row)
    ]


class Recorder:
    """Collects states: rows of all tables, keys of Redis, objects of the store."""

    def __init__(self, services: Any, store: Any) -> None:
        self._services = services
        self._store = store
        self.states: list[str] = []
        self.rows: dict[str, dict[str, Any]] = {}
        self.objects: dict[str, list[str]] = {}

    async def take(self, state: str) -> None:
        self.states.append(state)
        async with self._services.database.transaction() as session:
            tables = sorted(await session.scalars(text("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")))
            for table in tables:
                if table not in _LEFT_OUT:
                    for row in await session.scalars(text(f"SELECT to_jsonb(one) FROM {table} one")):
                        self._add(table, row, state)
        async for kind, key, value in self._redis():
            self._add("redis", {"key": key, "type": kind, "value": value}, state)
        async for found in self._store.list(""):
            self.objects.setdefault(found.key, []).append(state)

    def _add(self, table: str, row: Any, state: str) -> None:
        kept = self.rows.setdefault(json.dumps([table, row], sort_keys=True), {"table": table, "states": [], "row": row})
        kept["states"].append(state)

    async def _redis(self) -> Any:
        redis = self._services.redis
        for key in sorted([key async for key in redis.scan_iter()]):
            kind = await redis.type(key)
            if kind == "hash":
                yield kind, key, await redis.hgetall(key)
            elif kind == "string":
                yield kind, key, await redis.get(key)
            elif kind == "set":
                yield kind, key, sorted(await redis.smembers(key))
            elif kind == "zset":
                yield kind, key, await redis.zrange(key, 0, -1, withscores=True)
            elif kind == "stream":
                yield kind, key, await redis.xrange(key)
            else:
                raise AssertionError(f"{key} is a {kind}")

    def document(self, version: str) -> str:
        """JSON with a row a line, and no name of the machine."""
        head = {"version": version, "states": self.states, "objects": self.objects}
        lines = [f"{json.dumps(name)}: {json.dumps(value)}" for name, value in head.items()]
        rows = ",\n".join(json.dumps(row, separators=(",", ":")) for row in self.rows.values())
        whole = "{\n" + ",\n".join([*lines, f'"rows": [\n{rows}\n]']) + "\n}\n"
        host = socket.gethostname()
        return whole.replace(f"worker-{host}-", "worker-host-").replace(f'"host":"{host}"', '"host":"host"')


async def record(version: str) -> str:
    backend, stacks, workers = import_module("backend"), import_module("stack"), import_module("workers")
    fakes = import_module("fakes.model_server")
    embedded, storage = import_module("videomoments.embedded"), import_module("videomoments.storage")
    records = import_module("videomoments.services.stage_records")
    download = import_module("videomoments.pipeline.stages.video_download")
    sample = import_module("videomoments.demo").sample_path()
    stages = import_module("videomoments.pipeline.stages").STAGES

    async def fetched(*_: Any) -> Any:
        return download._Source(sample, "talk.mp4")

    download._fetch = fetched
    complete = records.StageRecords.complete
    async with AsyncExitStack() as exits:
        folder = Path(exits.enter_context(tempfile.TemporaryDirectory()))
        home = exits.enter_context(stacks.short_home())
        stack = exits.enter_context(embedded.running_stack(stacks.embedded_settings(home), models=False))
        server = await exits.enter_async_context(fakes.ModelServer(models=MODELS, words=spoken()))
        settings = backend.settings_over(stack, folder, models_url=server.url, lease_seconds=3600.0)
        services = await anext(await exits.enter_async_context(aclosing(backend.clean_services(settings))))
        recorder = Recorder(services, storage.configured_store(settings))

        async def completed(self: Any, claim: Any, name: Any, *more: Any, **named: Any) -> None:
            await complete(self, claim, name, *more, **named)
            await recorder.take(name.value)

        records.StageRecords.complete = completed
        run = await backend.accepted(services, SOURCE, max_moments=3, min_duration=10.0, max_duration=20.0)
        await recorder.take("accepted")
        async with workers.working(services, stages=stages):
            done = await workers.end_of(services, run.request_id)
        assert done.status == "completed", done.error
        await recorder.take("ended")
        return recorder.document(version)
    raise AssertionError("it was not recorded")


if __name__ == "__main__":
    target = Path(__file__).with_name(f"rows_of_{sys.argv[1]}.json")
    target.write_text(asyncio.run(record(sys.argv[1])), encoding="utf-8")
