"""One command in an unusual situation: `situation.py HOME`. Starts the stack twice, uses it, kills the database and has it revived,
tells in JSON how it went."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import sys
from pathlib import Path

import asyncpg

from videomoments.core.config import Settings
from videomoments.core.errors import MomentsError
from videomoments.embedded import diagnose, revive, running_stack
from videomoments.embedded.data_folder import Layout
from videomoments.embedded.installation import choose_installation
from videomoments.embedded.postgres import Postgres


async def query(url: str, statement: str) -> object:
    connection = await asyncpg.connect(url.replace("+asyncpg", ""))
    try:
        return await connection.fetchval(statement)
    finally:
        await connection.close()


def ping(url: str) -> bool:
    with socket.socket(socket.AF_UNIX) as connection:
        connection.connect(url.removeprefix("unix://").partition("?")[0])
        connection.sendall(b"PING\r\n")
        return connection.recv(16).startswith(b"+PONG")


def described(layout: Layout) -> dict[str, object]:
    found = choose_installation(layout)
    record = Postgres(layout, lambda: found).live()
    return {
        "way": found.account.way,
        "account": found.account.name,
        "base": str(found.base),
        "pid": record.pid if record else None,
    }


def main() -> None:
    settings = Settings(home=Path(sys.argv[1]), database_url=None, redis_url=None, storage_url=None)
    told: dict[str, object] = {
        "uid": os.geteuid(),
    }
    try:
        for statement in ("create table if not exists kept as select 42 as answer", "select answer from kept"):
            with running_stack(settings, models=False) as stack:
                told["answer"] = asyncio.run(query(stack.database_url, statement))
                told["ping"] = ping(stack.redis_url)
                told |= described(Layout.of(settings))
                os.kill(int(str(told["pid"])), signal.SIGKILL)
                told["revived"] = asyncio.run(query(revive(settings, models=False).database_url, "select answer from kept"))
        told["failed_checks"] = [check.name for check in diagnose(settings) if not check.ok]
    except MomentsError as error:
        told |= {"error": error.message, "advice": error.advice}
    print(json.dumps(told))


main()
