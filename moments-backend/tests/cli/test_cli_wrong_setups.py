"""Wrong set-ups, each against `doctor` and against the first command: one line that names the part, its address and what is wrong."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import asyncpg
import pytest

from support.fakes.fronts import Authority, plain_front, postgres_front, tls_front
from support.fakes.object_server import serving
from support.fakes.s3_server import S3
from support.stack import Stack
from videomoments.cli.app import run
from videomoments.db.database_url import parse_address
from videomoments.db.migrate import HEAD, upgrade
from videomoments.db.session import connect_arguments

SECRET = "never-shown"


@dataclass(frozen=True)
class Fronts:
    """Ports before the stack's real servers, and who may sign in there."""

    postgres: int
    postgres_tls: int
    redis: int
    redis_tls: int
    s3: S3
    password: str
    closed: int = 1

    def good(self, folder: Path) -> dict[str, str]:
        return {
            "DATABASE_URL": f"postgresql://moments:{self.password}@localhost:{self.postgres}/vision_ai",
            "REDIS_URL": f"redis://localhost:{self.redis}/0",
            "STORAGE_URL": (folder / "store").as_uri(),
            "MOMENTS_MODELS_URL": "",
        }


@pytest.fixture
def fronts(stack: Stack, tmp_path: Path) -> Iterator[Fronts]:
    address = parse_address(stack.database_url)
    socket = f"{address.hosts[0][0]}/.s.PGSQL.{address.hosts[0][1]}"
    valkey = urlsplit(stack.redis_url).path
    authority = Authority.made(tmp_path)
    with ExitStack() as on:
        ports = (
            on.enter_context(postgres_front(socket)),
            on.enter_context(postgres_front(socket, authority.server("localhost"), demand=True)),
            on.enter_context(plain_front(valkey)),
            on.enter_context(tls_front(valkey, authority.server("localhost"))),
        )
        s3 = on.enter_context(serving(S3()))
        yield Fronts(*ports, s3, address.password or "")


@pytest.fixture(autouse=True)
def _own_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    """Nothing of this machine's, and the signals as they were."""
    for name in [name for name in os.environ if name.startswith(("MOMENTS_", "AWS_", "GOOGLE_", "PG"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("MOMENTS_HOME", str(tmp_path / "home"))
    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


WRONG: dict[str, tuple[dict[str, str], str]] = {
    "a password of PostgreSQL": (
        {"DATABASE_URL": "postgresql://moments:" + SECRET + "@localhost:{postgres}/vision_ai"},
        "PostgreSQL at localhost:{postgres} (user moments, database vision_ai) does not accept the password",
    ),
    "a database that is not there": (
        {"DATABASE_URL": "postgresql://moments:{password}@localhost:{postgres}/other"},
        "(user moments, database other) has no database of that name",
    ),
    "a host of PostgreSQL": (
        {"DATABASE_URL": "postgresql://moments:" + SECRET + "@db.invalid/vision_ai"},
        "PostgreSQL at db.invalid:5432 (user moments, database vision_ai) has a host name that is not found",
    ),
    "a port of PostgreSQL": (
        {"DATABASE_URL": "postgresql://moments:" + SECRET + "@localhost:{closed}/vision_ai"},
        "PostgreSQL at localhost:{closed} (user moments, database vision_ai) refuses connections: nothing listens there",
    ),
    "a server that demands TLS": (
        {"DATABASE_URL": "postgresql://moments:" + SECRET + "@localhost:{postgres_tls}/vision_ai?sslmode=disable"},
        "localhost:{postgres_tls} (user moments, database vision_ai) demands TLS",
    ),
    "an authority that is not known": (
        {"DATABASE_URL": "postgresql://moments:" + SECRET + "@localhost:{postgres_tls}/vision_ai?sslmode=verify-full&sslrootcert=system"},
        "localhost:{postgres_tls} (user moments, database vision_ai) shows a certificate that is not believed",
    ),
    "a parameter": (
        {"DATABASE_URL": "postgresql://moments:" + SECRET + "@localhost/vision_ai?sslmod=require"},
        "DATABASE_URL has a parameter that is not known here: sslmod. Is sslmode meant?",
    ),
    "another kind of database": (
        {"DATABASE_URL": "mysql://moments:" + SECRET + "@localhost/vision_ai"},
        "DATABASE_URL is not the address of a PostgreSQL database",
    ),
    "a port of Redis": (
        {"REDIS_URL": "redis://:" + SECRET + "@localhost:{closed}/0"},
        "Redis at localhost:{closed} refuses connections: nothing listens there",
    ),
    "a user of Redis": (
        {"REDIS_URL": "redis://nobody:" + SECRET + "@localhost:{redis}/0"},
        "Redis at localhost:{redis} (user nobody) does not accept the password",
    ),
    "a certificate of Redis": (
        {"REDIS_URL": "rediss://localhost:{redis_tls}/0"},
        "Redis at localhost:{redis_tls} shows a certificate that is not believed",
    ),
    "Sentinel": ({"REDIS_URL": "redis+sentinel://:" + SECRET + "@localhost:26379/mymaster"}, "Sentinel is not supported"),
    "a bucket": (
        {"STORAGE_URL": "s3://gone", "AWS_ACCESS_KEY_ID": "AKIDTEST", "AWS_SECRET_ACCESS_KEY": "a secret of the tests"},
        "STORAGE_URL (s3://gone): The object store has no such bucket",
    ),
    "a secret of the cloud": (
        {"STORAGE_URL": "s3://bucket", "AWS_ACCESS_KEY_ID": "AKIDTEST", "AWS_SECRET_ACCESS_KEY": SECRET},
        "STORAGE_URL (s3://bucket): The object store does not accept our credentials",
    ),
    "a bucket that may only be read": (
        {"STORAGE_URL": "s3://readonly", "AWS_ACCESS_KEY_ID": "AKIDTEST", "AWS_SECRET_ACCESS_KEY": "a secret of the tests"},
        "STORAGE_URL (s3://readonly): The object store does not allow us that",
    ),
    "a folder that can't be written": (
        {"STORAGE_URL": "file:///etc/hostname/store"},
        "STORAGE_URL (file:///etc/hostname/store): The store's folder can't be used: Not a directory",
    ),
    "a kind of store": ({"STORAGE_URL": "ftp://host/x"}, "STORAGE_URL has no known form"),
}


@pytest.mark.parametrize("what", WRONG)
def test_a_wrong_set_up_is_named_by_doctor_and_by_the_first_command(
    what: str, fronts: Fronts, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    _upgraded(fronts, tmp_path)
    wrong, says = WRONG[what]
    values = {name: getattr(fronts, name) for name in ("postgres", "postgres_tls", "redis", "redis_tls", "password", "closed")}
    fronts.s3.missing.add("gone")
    fronts.s3.read_only.add("readonly")
    endpoint = {"AWS_ENDPOINT_URL": f"http://127.0.0.1:{fronts.s3.port}", "AWS_ALLOW_HTTP": "true", "AWS_REGION": "us-east-1"}
    for name, value in {**fronts.good(tmp_path), **endpoint, **{name: value.format(**values) for name, value in wrong.items()}}.items():
        monkeypatch.setenv(name, value)
    variable = next(name for name in wrong if name.endswith("_URL"))

    assert run(["doctor"]) == 1
    told = capfd.readouterr()
    line = next(line for line in told.out.splitlines() if line.startswith(f"FAIL {variable}"))
    assert says.format(**values) in line
    assert told.err == f"Not well: {variable}.\n"

    (tmp_path / "talk.mp4").write_bytes(bytes(range(1, 200)))
    command = ["generate", str(tmp_path / "talk.mp4"), "--quiet"]
    assert run(command) == 1
    err = capfd.readouterr().err
    assert says.format(**values) in err
    assert len(err.splitlines()) == 1
    assert SECRET not in told.out + told.err + err
    assert fronts.password not in told.out + told.err + err


def test_all_is_well_where_every_part_answers(
    fronts: Fronts, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    _upgraded(fronts, tmp_path)
    for name, value in fronts.good(tmp_path).items():
        monkeypatch.setenv(name, value)
    assert run(["doctor"]) == 0, capfd.readouterr().out
    told = capfd.readouterr().out
    assert f"DATABASE_URL: PostgreSQL 18.6 at localhost:{fronts.postgres}, schema {HEAD}" in told
    assert "REDIS_URL: valkey 9" in told
    assert "STORAGE_URL: writes, reads, lists and removes" in told
    assert list((tmp_path / "store").rglob("probe")) == []


@pytest.mark.parametrize(
    ("revision", "says"),
    [(None, "has no tables of VideoMoments yet. Run moments db upgrade"), ("0003", "Run moments db upgrade"), ("9999", "newer version")],
)
def test_a_database_that_others_share_is_upgraded_by_no_command_but_one(
    revision: str | None,
    says: str,
    fronts: Fronts,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
    stack: Stack,
) -> None:
    async def made(*statements: str, database: str = "vision_ai") -> None:
        connection = await asyncpg.connect(**connect_arguments(stack.database_url) | {"database": database})
        for statement in statements:
            await connection.execute(statement)
        await connection.close()

    asyncio.run(made("DROP DATABASE IF EXISTS shared WITH (FORCE)", "CREATE DATABASE shared"))
    if revision is not None:
        asyncio.run(
            made("CREATE TABLE alembic_version (version_num text)", f"INSERT INTO alembic_version VALUES ('{revision}')", database="shared")
        )
    for name, value in fronts.good(tmp_path).items():
        monkeypatch.setenv(name, value.replace("/vision_ai", "/shared"))
    (tmp_path / "talk.mp4").write_bytes(bytes(range(1, 200)))
    for command in (
        ["generate", str(tmp_path / "talk.mp4"), "--quiet"],
        ["runs", "list"],
        ["models", "list"],
        ["api"],
        ["worker"],
        ["keys", "list"],
    ):
        assert run(command) == 1, command
        err = capfd.readouterr().err
        assert "The database shared at localhost" in err
        assert says in err
        assert len(err.splitlines()) == 1
    assert run(["doctor"]) == 1
    assert says.split(". ")[0] in capfd.readouterr().out
    assert run(["db", "status"]) == 1
    assert says in capfd.readouterr().out
    assert run(["db", "upgrade"]) == (0 if revision is None else 1), capfd.readouterr()
    if revision is None:
        assert run(["db", "status"]) == 0
        assert run(["runs", "list"]) == 0
    asyncio.run(made("DROP DATABASE shared WITH (FORCE)"))


def _upgraded(fronts: Fronts, folder: Path) -> None:
    asyncio.run(upgrade(fronts.good(folder)["DATABASE_URL"]))
