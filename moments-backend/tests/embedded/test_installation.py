"""Where things lie: short socket paths below deep folders, and no trust in a folder that someone else made."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest
from embedded_commands import query, queue, server_pids
from sqlalchemy.engine import make_url

from support.stack import embedded_settings, remove_home, short_home
from videomoments.core.config import Settings
from videomoments.core.errors import ServiceUnavailable
from videomoments.embedded import running_stack
from videomoments.embedded.accounts import own_account
from videomoments.embedded.data_folder import Layout, private_to
from videomoments.embedded.installation import MAX_SOCKET_PATH, base_of, socket_folder


async def test_a_deep_data_folder_has_sockets_with_short_paths(home: Path) -> None:
    deep = home
    for number in range(8):
        deep = deep / f"{number} a folder with quite a long name é"
        deep.mkdir(mode=0o711)
    with running_stack(embedded_settings(deep), models=False) as stack:
        assert await query(stack.database_url, "select 1") == 1
        with queue(stack.redis_url) as client:
            assert client.ping()
        sockets = Path(stack.database_url.rpartition("host=")[2])
        assert len(str(sockets / ".s.PGSQL.5432")) < MAX_SOCKET_PATH
        assert sockets.stat().st_mode & 0o077 == 0
    shutil.rmtree(sockets)


async def test_a_data_folder_may_have_any_name(home: Path) -> None:
    odd = home / "a, b 'c' \"d\" %41 #e? é \\n $f"
    odd.mkdir(mode=0o711)
    for attempt in ("create table kept as select 42 as answer", "select answer from kept"):
        with running_stack(embedded_settings(odd), models=False) as stack:
            await query(stack.database_url, attempt)
            with queue(stack.redis_url) as client:
                assert client.config_get("dir")["dir"] == str(base_of(Layout(odd)) / "valkey")
            assert make_url(stack.database_url).query["host"] == Path(stack.redis_url.removeprefix("unix://")).parent.as_posix()
    assert server_pids(odd) == []
    shutil.rmtree(Path(stack.redis_url.removeprefix("unix://")).parent)
    remove_home(odd)


def test_a_socket_folder_that_someone_prepared_is_not_used(home: Path) -> None:
    base = home / ("deep" * 30)
    account = own_account()
    first = socket_folder(base, account)
    assert private_to(first, os.geteuid())
    assert socket_folder(base, account) == first
    first.rmdir()
    elsewhere = home / "elsewhere"
    elsewhere.mkdir(mode=0o700)
    first.symlink_to(elsewhere)
    second = socket_folder(base, account)
    assert second != first
    first.unlink()
    first.mkdir()
    first.chmod(0o777)
    third = socket_folder(base, account)
    assert third == second
    if os.geteuid() == 0:
        first.chmod(0o700)
        os.chown(first, 54321, 54321)
        assert socket_folder(base, account) == second
    first.rmdir()
    second.rmdir()


def test_no_home_folder_is_one_line_of_advice() -> None:
    with pytest.raises(ServiceUnavailable, match="MOMENTS_HOME"):
        Layout.of(Settings(home=Path("~/.local/share/videomoments")))


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives what it makes to a folder's owner")
async def test_root_in_another_account_s_data_folder_leaves_it_usable_for_that_account(fresh_home: Path) -> None:
    os.chown(fresh_home, 65534, 65534)
    with running_stack(embedded_settings(fresh_home), models=False) as stack:
        assert await query(stack.database_url, "select 1") == 1
    owners = {path.stat().st_uid for path in fresh_home.iterdir() if path.name != "runtime"}
    assert owners == {65534}


async def test_a_copy_of_a_running_data_folder_is_another_one(home: Path) -> None:
    with running_stack(embedded_settings(home), models=False) as stack:
        await query(stack.database_url, "create table kept as select 42 as answer")
        with short_home() as copy:
            subprocess.run(["cp", "-a", f"{home}/.", str(copy)], check=True)
            with running_stack(embedded_settings(copy), models=False) as other:
                assert other.database_url != stack.database_url
                assert await query(other.database_url, "select answer from kept") == 42
            assert server_pids(copy) == []
        assert await query(stack.database_url, "select answer from kept") == 42


async def test_a_moved_data_folder_keeps_its_database(home: Path) -> None:
    with running_stack(embedded_settings(home), models=False) as stack:
        await query(stack.database_url, "create table kept as select 42 as answer")
    moved = home.with_name(home.name + "m")
    home.rename(moved)
    try:
        with running_stack(embedded_settings(moved), models=False) as stack:
            assert await query(stack.database_url, "select answer from kept") == 42
    finally:
        moved.rename(home)
