"""Migrations on real PostgreSQL: empty, existing, twice at once; and the tables they leave are the overview's."""

from __future__ import annotations

import asyncio
from pathlib import Path

import asyncpg
import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, bindparam, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.engine import make_url
from sqlalchemy.ext.asyncio import create_async_engine

from support.backend import settings_over
from support.empty_database import at_revision
from support.stack import Stack
from videomoments.core.errors import ServiceUnavailable
from videomoments.core.names import RunStatus
from videomoments.db.migrate import HEAD, current_revision, migrations_folder, upgrade
from videomoments.db.session import connect_arguments
from videomoments.db.tables import Table
from videomoments.services.options import RunOptions
from videomoments.services.wiring import build_services

# The overview's section 5: every column that it draws, by table.
OVERVIEW = {
    "videos": {"id", "identifier", "source_url", "cloud_url", "title", "duration", "resolution"},
    "transcripts": {"id", "video_id", "full_text", "word_timestamps", "segment_timestamps", "language"},
    "prompts": {"id", "user_prompt", "system_prompt", "prompt_hash"},
    "generation_configs": {"id", "prompt_id", "transcript_id", "model", "temperature", "top_p", "top_k", "config_hash"},
    "moments": {"id", "identifier", "video_id", "title", "start_time", "end_time", "is_refined", "parent_id", "gen_config_id"},
    "clips": {"id", "moment_id", "video_id", "cloud_url", "start_time", "end_time", "padding_left", "padding_right"},
    "thumbnails": {"id", "video_id", "clip_id", "cloud_url"},
    "pipeline_history": {
        "id",
        "identifier",
        "video_id",
        "gen_config_id",
        "status",
        "started_at",
        "completed_at",
        "duration_seconds",
        "error_stage",
    },
}


async def test_an_empty_database_is_brought_to_the_newest_revision(empty: str) -> None:
    assert await current_revision(empty) is None
    assert await upgrade(empty) is True
    assert await current_revision(empty) == HEAD


async def test_a_second_upgrade_leaves_the_database_and_its_rows_alone(empty: str) -> None:
    await upgrade(empty)
    connection = await asyncpg.connect(**connect_arguments(empty))
    await connection.execute("INSERT INTO prompts (user_prompt, system_prompt, prompt_hash) VALUES ('u', 's', 'h')")
    assert await upgrade(empty) is False
    assert await connection.fetchval("SELECT count(*) FROM prompts") == 1
    await connection.close()


async def test_upgrades_at_once_queue_and_one_does_the_work(empty: str) -> None:
    assert sorted(await asyncio.gather(*(upgrade(empty) for _ in range(4)))) == [False, False, False, True]


async def test_a_run_of_a_kind_that_is_no_more_is_upgraded_shown_and_ended(empty: str, stack: Stack, tmp_path: Path) -> None:
    """Nothing ever wrote the kind `delete`; a database could hold it, because the column is text."""
    await at_revision(empty, "0008")
    connection = await asyncpg.connect(**connect_arguments(empty))
    await connection.execute("INSERT INTO videos (identifier, source_url, source_key, title) VALUES ('v', 'https://e.com/a', 'k', 'A')")
    await connection.execute(
        "INSERT INTO pipeline_history (identifier, video_id, status, kind, config) SELECT 'r', id, 'queued', 'delete', '{}' FROM videos"
    )
    await connection.close()
    assert await upgrade(empty) is True
    services = build_services(settings_over(stack, tmp_path, database_url=empty))
    try:
        assert [run.kind for run in await services.run_queries.page()] == ["delete"]
        await services.models.seed()
        snapshot = (await services.models.snapshot(RunOptions())).to_json()
        await services.database.execute(_CONFIG, {"config": snapshot})  # the kind alone is what can't be read
        assert await services.runs.claim("r", "worker-a") is None
        run = await services.run_queries.get("r")
    finally:
        await services.close()
    assert run.error is not None
    assert (run.kind, run.status, run.error.code) == ("delete", RunStatus.FAILED, "config_unreadable")


_CONFIG = text("UPDATE pipeline_history SET config = :config").bindparams(bindparam("config", type_=JSONB))


async def test_a_database_newer_than_this_code_is_refused_with_advice(empty: str) -> None:
    await upgrade(empty)
    connection = await asyncpg.connect(**connect_arguments(empty))
    await connection.execute("UPDATE alembic_version SET version_num = '9999'")
    await connection.close()
    with pytest.raises(ServiceUnavailable) as refused:
        await upgrade(empty)
    assert refused.value.code == "database_newer"
    assert refused.value.advice


async def test_a_database_that_is_away_says_so() -> None:
    with pytest.raises(ServiceUnavailable):
        await current_revision("postgresql://nobody@127.0.0.1:1/nothing")


def test_head_names_the_newest_revision() -> None:
    config = Config()
    config.set_main_option("script_location", str(migrations_folder()))
    assert ScriptDirectory.from_config(config).get_current_head() == HEAD


async def test_tables_and_migrations_agree(empty: str) -> None:
    await upgrade(empty)

    def differences(connection: Connection) -> list[object]:
        context = MigrationContext.configure(connection, opts={"compare_type": True, "compare_server_default": True})
        return list(compare_metadata(context, Table.metadata))

    engine = create_async_engine(empty)
    async with engine.connect() as connection:
        assert await connection.run_sync(differences) == []
    await engine.dispose()


async def test_the_eight_tables_have_the_overviews_columns(empty: str) -> None:
    await upgrade(empty)
    engine = create_async_engine(empty)
    async with engine.connect() as connection:
        rows = await connection.execute(
            text("SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = 'public'")
        )
        found: dict[str, set[str]] = {}
        for table, column in rows:
            found.setdefault(table, set()).add(column)
    await engine.dispose()
    assert {table: columns - found.get(table, set()) for table, columns in OVERVIEW.items()} == {table: set() for table in OVERVIEW}


async def test_f71_every_clock_time_is_stored_with_its_zone(empty: str) -> None:
    await upgrade(empty)
    connection = await asyncpg.connect(**connect_arguments(empty))
    naive = await connection.fetch(
        "SELECT table_name, column_name FROM information_schema.columns "
        "WHERE table_schema = 'public' AND data_type = 'timestamp without time zone'"
    )
    await connection.close()
    assert naive == []


async def test_the_databases_name_is_the_overviews(stack: Stack) -> None:
    assert make_url(stack.database_url).database == "vision_ai"
