"""What an earlier version left, put back: its tables at its revision with their rows, its keys in Redis, its objects in the store.

`rows_of_{version}.json` was written by `record.py` on that version's code. Its times are moved, so that it was left just now.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import asyncpg
from redis.asyncio import Redis

from support.empty_database import at_revision
from videomoments.coordination import redis_keys
from videomoments.db.session import connect_arguments

_TYPES = "SELECT table_name, column_name, data_type FROM information_schema.columns WHERE table_schema = 'public'"
_FOREIGN = "SELECT conrelid::regclass::text AS child, confrelid::regclass::text AS parent FROM pg_constraint WHERE contype = 'f'"
# The consumer of the worker that was killed.
_DEAD = "worker-gone-1-00000000"


@cache
def _document(version: str) -> dict[str, Any]:
    return dict(json.loads(Path(__file__).with_name(f"rows_of_{version}.json").read_text(encoding="utf-8")))


@dataclass(frozen=True)
class Earlier:
    """The installation of `version`, in one of the states in which it was recorded: `accepted`, after a stage, or `ended`."""

    version: str
    revision: str
    state: str

    def rows(self, table: str) -> list[dict[str, Any]]:
        return [one["row"] for one in _document(self.version)["rows"] if one["table"] == table and self.state in one["states"]]

    @property
    def tables(self) -> list[str]:
        return sorted({str(one["table"]) for one in _document(self.version)["rows"]} - {"redis"})

    @property
    def objects(self) -> list[str]:
        """Keys of the store."""
        return [key for key, states in _document(self.version)["objects"].items() if self.state in states]

    async def fill_database(self, url: str) -> None:
        """Makes the tables of an empty database as that version did, and puts the rows in."""
        await at_revision(url, self.revision)
        connection = await asyncpg.connect(**connect_arguments(url))
        try:
            times = [(table, column) for table, column, kind in await connection.fetch(_TYPES) if kind.startswith("timestamp")]
            for table in await self._parents_first(connection):
                rows = [self._moved(row, {column for owner, column in times if owner == table}) for row in self.rows(table)]
                statement = f"INSERT INTO {table} SELECT * FROM jsonb_populate_recordset(NULL::{table}, $1::jsonb)"
                await connection.execute(statement, json.dumps(rows))
                if rows and "id" in rows[0]:
                    await connection.execute(f"SELECT setval(pg_get_serial_sequence('{table}', 'id'), max(id)) FROM {table}")
        finally:
            await connection.close()

    async def fill_redis(self, redis: Redis) -> None:
        """The keys, and the entry as the worker that was killed held it."""
        for row in self.rows("redis"):
            key, value = row["key"], row["value"]
            if row["type"] == "hash":
                await redis.hset(key, mapping=value)
            elif row["type"] == "string":
                await redis.set(key, value)
            elif row["type"] == "set":
                await redis.sadd(key, *value)
            elif row["type"] == "zset":
                await redis.zadd(key, dict(value))
            else:
                for entry, fields in value:
                    await redis.xadd(key, fields, id=entry)
                await redis.xgroup_create(key, redis_keys.GROUP, id="0", mkstream=True)
                if self.state != "accepted":
                    await redis.xreadgroup(redis_keys.GROUP, _DEAD, {key: ">"})

    async def _parents_first(self, connection: Any) -> list[str]:
        """The tables in an order in which every row finds what it refers to."""
        left, order = set(self.tables), list[str]()
        needs = [(row["child"], row["parent"]) for row in await connection.fetch(_FOREIGN) if row["child"] != row["parent"]]
        while left:
            ready = sorted(table for table in left if not any(child == table and parent in left for child, parent in needs))
            assert ready, f"tables refer to each other in a circle: {left}"
            order += ready
            left -= set(ready)
        return order

    def _moved(self, row: dict[str, Any], columns: set[str]) -> dict[str, Any]:
        return row | {name: self._later(row[name]) for name in columns if row.get(name) is not None}

    def _later(self, written: str) -> str:
        recorded = datetime.fromisoformat(max(run["created_at"] for run in self.rows("pipeline_history")))
        return (datetime.fromisoformat(written) + (datetime.now(UTC) - timedelta(minutes=1) - recorded)).isoformat()
