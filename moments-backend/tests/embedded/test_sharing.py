"""Commands of one data folder share one stack; the last one stops it, however the others ended."""

from __future__ import annotations

import random
import time
from pathlib import Path

import pytest
from embedded_commands import Command, gone, query, queue, server_pids

from support.stack import embedded_settings
from videomoments.embedded.data_folder import Layout
from videomoments.embedded.installation import base_of


async def test_two_commands_share_one_stack_and_the_last_one_stops_it(home: Path) -> None:
    with Command(home) as first:
        assert set(first.pids) == {"postgres", "valkey"}
        with Command(home) as second:
            assert second.pids == first.pids
            assert second.database_url == first.database_url
            first.leave()
            assert await query(second.database_url, "select 1") == 1
            with queue(second.redis_url) as client:
                assert client.ping()
            assert second.leave() == 0
    assert all(gone(pid) for pid in first.pids.values())
    assert server_pids(home) == []
    assert list((home / "run").glob("*.json")) == []


def test_three_first_starts_at_once_make_one_stack(fresh_home: Path) -> None:
    with Command(fresh_home) as one, Command(fresh_home) as two, Command(fresh_home) as three:
        assert one.pids == two.pids == three.pids
    assert server_pids(fresh_home) == []


def test_three_that_leave_at_once_leave_nothing(home: Path) -> None:
    commands = [Command(home) for _ in range(3)]
    for command in commands:
        assert command.pids
    for command in commands:
        assert command.process.stdin is not None
        command.process.stdin.close()
    for command in commands:
        assert command.process.wait(60) == 0
        assert command.process.stdout is not None
        command.process.stdout.close()
    assert server_pids(home) == []


@pytest.mark.fault
async def test_after_kill_9_of_a_command_the_next_one_uses_its_servers_and_stops_them(home: Path) -> None:
    with Command(home) as killed:
        await query(killed.database_url, "create table kept as select 42 as answer")
        killed.kill()
        with Command(home) as following:
            assert following.pids == killed.pids
            assert await query(following.database_url, "select answer from kept") == 42
    assert server_pids(home) == []


@pytest.mark.fault
async def test_kill_9_at_any_moment_of_a_start_leaves_nothing_in_the_way(fresh_home: Path) -> None:
    seed = random.randrange(1 << 32)
    print(f"seed {seed}")
    moments = random.Random(seed)
    for attempt in range(6):
        # The first starts make the database: about a second of initdb and start.
        with Command(fresh_home) as command:
            time.sleep(moments.uniform(0.2, 1.8) if attempt < 4 else moments.uniform(0.3, 0.7))
            command.kill()
    with Command(fresh_home) as last:
        assert await query(last.database_url, "select count(*) from pg_database where datname = 'vision_ai'") == 1
        with queue(last.redis_url) as client:
            assert client.ping()
        assert set(server_pids(fresh_home)) >= set(last.pids.values())
    assert server_pids(fresh_home) == []
    assert not list((fresh_home / "postgres").glob(".new-*"))


def test_a_second_start_makes_no_new_database(home: Path) -> None:
    clusters = base_of(Layout.of(embedded_settings(home))) / "postgres"

    def made() -> dict[Path, int]:
        return {path: path.stat().st_ino for path in clusters.glob("*/PG_VERSION")}

    with Command(home) as first:
        assert first.pids
        before = made()
    with Command(home) as second:
        assert second.pids
        assert made() == before != {}


def test_a_data_folder_that_can_not_be_made_is_one_line_of_advice(home: Path) -> None:
    (home / "file").write_text("in the way")
    with Command(home / "file" / "data") as command:
        assert "MOMENTS_HOME" in command.said["advice"]
        assert command.process.wait(300) == 1


def test_a_short_key_names_a_data_folder() -> None:
    assert Layout(Path("/a")).key != Layout(Path("/b")).key
    assert len(Layout(Path("/a")).key) == 12
