"""What dies is started again, with its data; what is left of it never stands in the way."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import asyncpg
import psutil
import pytest
from embedded_commands import Command, gone, query, queue, server_pids

from support.stack import embedded_settings
from videomoments.embedded import Stack, revive, running_stack
from videomoments.embedded.data_folder import Layout
from videomoments.embedded.installation import base_of
from videomoments.embedded.process_identity import Record

pytestmark = pytest.mark.fault


def record_of(home: Path, name: str) -> Record:
    record = Record.load(Layout.of(embedded_settings(home)), name)
    assert record is not None
    return record


def kill(pid: int) -> None:
    os.kill(pid, signal.SIGKILL)
    assert gone(pid)


@contextmanager
def held(home: Path) -> Iterator[Stack]:
    with running_stack(embedded_settings(home), models=False) as stack:
        yield stack
    assert server_pids(home) == []


@pytest.mark.parametrize("killed", [("postgres",), ("valkey",), ("postgres", "valkey")])
async def test_revive_after_kill_9_of_a_server_keeps_urls_and_data(home: Path, killed: tuple[str, ...]) -> None:
    with held(home) as stack:
        await query(stack.database_url, "create table kept as select 42 as answer")
        with queue(stack.redis_url) as client:
            client.set("kept", "42")
        before = {name: record_of(home, name).pid for name in ("postgres", "valkey")}
        for name in killed:
            kill(before[name])
        revived = revive(embedded_settings(home), models=False)
        assert revived == stack
        assert await query(stack.database_url, "select answer from kept") == 42
        with queue(stack.redis_url) as client:
            assert client.get("kept") == b"42"
        after = {name: record_of(home, name).pid for name in before}
        assert {name for name in before if after[name] != before[name]} == set(killed)
        assert revive(embedded_settings(home), models=False) == stack
        assert {name: record_of(home, name).pid for name in before} == after


async def test_everything_killed_at_once_the_command_too(home: Path) -> None:
    with Command(home) as command:
        await query(command.database_url, "create table kept as select 42 as answer")
        for pid in (command.process.pid, *command.pids.values()):
            os.kill(pid, signal.SIGKILL)
        command.process.wait(300)
    with held(home) as stack:
        assert await query(stack.database_url, "select answer from kept") == 42


async def test_a_busy_child_of_a_killed_postgres_does_not_block_the_next(home: Path) -> None:
    with held(home) as stack:
        connection = await asyncpg.connect(stack.database_url.replace("+asyncpg", ""))
        busy = int(await connection.fetchval("select pg_backend_pid()"))
        # One long function call: it looks neither for signals to wait for nor for its parent's death.
        work = asyncio.create_task(connection.execute("select count(*) from generate_series(1, 1000000000000)"))
        while await query(stack.database_url, f"select state from pg_stat_activity where pid = {busy}") != "active":
            await asyncio.sleep(0.02)
        kill(record_of(home, "postgres").pid)
        assert psutil.pid_exists(busy)
        revive(embedded_settings(home), models=False)
        assert gone(busy)
        assert await query(stack.database_url, "select 1") == 1
        with contextlib.suppress(asyncpg.PostgresError, OSError, asyncpg.InterfaceError):
            await work
        connection.terminate()


@contextmanager
def bystander() -> Iterator[int]:
    """A live process that has nothing to do with us, whose pid a crash left in our files."""
    process = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(120)"])
    try:
        yield process.pid
        assert process.poll() is None, "a bystander was hurt"
    finally:
        process.kill()
        process.wait()


async def test_a_pid_file_whose_pid_was_used_again(home: Path) -> None:
    with held(home) as stack, bystander() as other:
        await query(stack.database_url, "create table kept as select 42 as answer")
        for name in ("postgres", "valkey"):
            record = record_of(home, name)
            kill(record.pid)
            Record(other, record.mark, record.program, record.more).save(Layout.of(embedded_settings(home)), name)
        pid_file = base_of(Layout.of(embedded_settings(home))) / "postgres" / "18" / "postmaster.pid"
        lines = pid_file.read_text().splitlines()
        pid_file.write_text("\n".join([str(other), *lines[1:]]) + "\n")
        revive(embedded_settings(home), models=False)
        assert await query(stack.database_url, "select answer from kept") == 42


async def test_records_that_are_torn_or_gone_leave_no_second_server(home: Path) -> None:
    with held(home) as stack:
        (home / "run" / "postgres.json").write_text('{"pid": 1')
        (home / "run" / "valkey.json").unlink()
        assert revive(embedded_settings(home), models=False) == stack
        assert await query(stack.database_url, "select 1") == 1
        names = [psutil.Process(pid).name() for pid in server_pids(home) if psutil.Process(pid).ppid() not in server_pids(home)]
        assert sorted(names) == ["postgres", "valkey-server"]


async def test_a_crash_between_initdb_and_rename_is_made_good(home: Path) -> None:
    with held(home):
        pass
    layout = Layout.of(embedded_settings(home))
    cluster = base_of(layout) / "postgres" / "18"
    cluster.rename(cluster.with_name(".new-12345678"))
    cluster.with_name(".new-12345678.password").write_text("half")
    with held(home) as stack:
        assert await query(stack.database_url, "select 1") == 1
    assert sorted(path.name for path in cluster.parent.iterdir()) == ["18"]


async def test_a_lost_password_is_set_anew(home: Path) -> None:
    with held(home) as stack:
        await query(stack.database_url, "create table kept as select 42 as answer")
    (home / "secrets" / "postgres").unlink()
    with held(home) as again:
        assert again.database_url != stack.database_url
        assert await query(again.database_url, "select answer from kept") == 42


async def test_sockets_that_a_cleaner_removed_come_back(home: Path) -> None:
    with held(home) as stack:
        for path in Path(record_of(home, "postgres").more["sockets"]).iterdir():
            path.unlink()
        assert revive(embedded_settings(home), models=False) == stack
        assert await query(stack.database_url, "select 1") == 1
        with queue(stack.redis_url) as client:
            assert client.ping()


def test_a_forked_child_does_not_keep_the_servers(home: Path) -> None:
    with held(home):
        reader, writer = os.pipe()
        child = os.fork()
        if child == 0:
            os.close(writer)
            os.read(reader, 1)
            os._exit(0)
    # `held` has seen that the servers are stopped, though the child still lives.
    os.close(writer)
    os.close(reader)
    os.waitpid(child, 0)


async def test_long_logs_are_cut(home: Path) -> None:
    with held(home) as stack:
        log = home / "logs" / "postgres.log"
        with log.open("ab") as file:
            file.write(b"x" * 5_000_000)
        revive(embedded_settings(home), models=False)
        assert log.stat().st_size < 1_000_000
        assert (home / "logs" / "postgres.log.1").stat().st_size <= 2 * 1024 * 1024
        with pytest.raises(asyncpg.PostgresError):
            await query(stack.database_url, "select no_such_column")
        assert "no_such_column" in log.read_text()


def test_records_are_readable_by_their_owner_alone(home: Path) -> None:
    with held(home):
        for path in [*(home / "run").glob("*.json"), *(home / "secrets").iterdir()]:
            assert path.stat().st_mode & 0o077 == 0
            if path.suffix == ".json":
                assert json.loads(path.read_text())["pid"] > 1
