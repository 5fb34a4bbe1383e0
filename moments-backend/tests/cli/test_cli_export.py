"""`moments export` on a finished run of a real database and store."""

from __future__ import annotations

import asyncio
import json
import zipfile
from pathlib import Path

import pytest

from api.finished import Finished, finished
from support.stack import Stack
from videomoments.api.deps import build_deps
from videomoments.cli.app import run
from videomoments.cli.export import FORMATS_HELP
from videomoments.core.config import Settings
from videomoments.exports import FORMATS


@pytest.fixture
def done(stack: Stack, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Finished:
    values = {"DATABASE_URL": stack.database_url, "REDIS_URL": stack.redis_url, "STORAGE_URL": (tmp_path / "store").as_uri()}
    for name, value in (values | {"MOMENTS_MODELS_URL": "http://127.0.0.1:9", "MOMENTS_HOME": str(tmp_path / "home")}).items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(tmp_path)
    assert run(["db", "upgrade"]) == 0
    assert run(["models", "list"]) == 0  # seeds the registry

    async def make() -> Finished:
        deps = build_deps(Settings())
        try:
            return await finished(deps, f"https://example.com/{tmp_path.name}/My_talk.mp4")
        finally:
            await deps.services.close()

    return asyncio.run(make())


def test_the_help_names_every_format() -> None:
    assert FORMATS_HELP.split(", ") == [*FORMATS, "zip"]


def test_a_finished_run_becomes_files(done: Finished, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    capsys.readouterr()
    assert run(["export", done.request_id[:13], "--format", "edl,VTT,zip", "--output", "cut", "--rate", "29.97df"]) == 0
    files = [tmp_path / "cut" / f"my-talk{ending}" for ending in (".edl", ".vtt", ".zip")]
    assert capsys.readouterr().out.split() == [str(path) for path in files]
    assert "FCM: DROP FRAME" in files[0].read_text()
    assert "Hello world." in files[1].read_text()
    assert "01-first-part.mp4" in zipfile.ZipFile(files[2]).namelist()
    assert sorted((tmp_path / "cut").iterdir()) == sorted(files)  # and nothing half-made


def test_stdout_takes_one_text(done: Finished, capsys: pytest.CaptureFixture[str]) -> None:
    capsys.readouterr()
    assert run(["export", done.video_id, "-o", "-"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert [moment["title"] for moment in document["moments"]] == ["First/part", "Second"]
    moment = document["moments"][0]["identifier"]
    assert run(["export", done.video_id, "-o", "-", "-f", "vtt", "--moment", moment]) == 0
    assert capsys.readouterr().out.startswith("WEBVTT")


@pytest.mark.parametrize(
    ("arguments", "status", "said"),
    [
        (["-f", "doc"], 2, "there is no format 'doc'"),
        (["-f", ""], 2, "no format is named"),
        (["-o", "-", "-f", "zip"], 2, "stdout"),
        (["-o", "-", "-f", "srt,vtt"], 2, "stdout"),
        (["-f", "edl", "--rate", "31"], 1, "frame rate"),
        (["-f", "srt", "--moment", "other"], 1, "no such moment"),
    ],
)
def test_what_can_not_be_exported_is_said(
    done: Finished, capsys: pytest.CaptureFixture[str], arguments: list[str], status: int, said: str
) -> None:
    capsys.readouterr()
    assert run(["export", done.video_id, *arguments]) == status
    assert said in capsys.readouterr().err


def test_an_unknown_id_is_said(done: Finished, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["export", "00000000"]) == 1
    assert "no such" in capsys.readouterr().err.lower()
