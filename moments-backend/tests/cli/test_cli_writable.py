"""What a command is to write is looked at before it works."""

from __future__ import annotations

import errno
import json
import os
import tempfile
from pathlib import Path
from typing import Any

import pytest

from evaluation.test_evaluation_asking import ROW
from videomoments.cli.app import run
from videomoments.cli.writable import check_file, check_folder


@pytest.fixture
def here(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MOMENTS_HOME", str(tmp_path / "home"))
    (tmp_path / "file").write_text("mine")
    (tmp_path / "folder").mkdir()
    (tmp_path / "full" / "clips.txt").parent.mkdir()
    (tmp_path / "full" / "clips").write_text("mine")
    (tmp_path / "full" / "report.md").mkdir()
    (tmp_path / "nowhere").symlink_to(tmp_path / "gone")
    (tmp_path / "set.jsonl").write_text(json.dumps(ROW))
    (tmp_path / "found.jsonl").write_text(json.dumps({"id": "talk", "starts": [0, 155]}))
    (tmp_path / "talk.mp4").write_bytes(b"\0\0\0\x18ftypmp42" + bytes(5000))
    return tmp_path


def refused(capsys: pytest.CaptureFixture[str], here: Path, *arguments: str) -> str:
    """Runs what must be wrong usage in one line, and begin nothing."""
    before = sorted(here.rglob("*"))
    assert run(arguments) == 2
    err = capsys.readouterr().err
    assert err.count("\n") == 1
    assert sorted(here.rglob("*")) == before
    return err


EVAL = ("eval", "set.jsonl", "--model", "extractive")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((*EVAL, "--predictions", "gone/found.jsonl"), "there is no folder"),
        ((*EVAL, "--predictions", "file/found.jsonl"), "is a file, not a folder"),
        ((*EVAL, "--predictions", "folder"), "folder"),
        ((*EVAL, "--report", "file/report"), "is a file, not a folder"),
        ((*EVAL, "--report", "full"), "report.md is a folder"),
        ((*EVAL, "--report", "nowhere/report"), "is a file, not a folder"),
        (("generate", "talk.mp4", "--output", "file"), "is a file, not a folder"),
        (("generate", "talk.mp4", "--output", "file/out"), "is a file, not a folder"),
        (("generate", "talk.mp4", "--output", "full"), "clips is a file"),
        (("demo", "--output", "file"), "is a file, not a folder"),
        (("export", "abcd1234", "--output", "file"), "is a file, not a folder"),
        (("export", "abcd1234", "--output", "file/out"), "is a file, not a folder"),
    ],
)
def test_what_can_not_be_written_is_wrong_usage(
    here: Path, capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], said: str
) -> None:
    assert said in refused(capsys, here, *arguments)


def test_the_folder_that_nobody_named_is_looked_at_too(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (here / "moments-output").write_text("mine")
    assert "moments-output is a file" in refused(capsys, here, "generate", "talk.mp4")


@pytest.mark.parametrize(("number", "status"), [(errno.ENOSPC, 1), (errno.EDQUOT, 1), (errno.EROFS, 2), (errno.EACCES, 2)])
@pytest.mark.parametrize(
    "arguments", [(*EVAL, "--predictions", "found.jsonl"), ("generate", "talk.mp4", "-o", "a/b/c"), ("export", "abcd1234", "-o", "folder")]
)
def test_a_disk_that_takes_nothing(
    here: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, number: int, status: int, arguments: tuple[str, ...]
) -> None:
    def full(*_: Any, **__: Any) -> Any:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(tempfile, "TemporaryFile", full)
    assert run(arguments) == status
    err = capsys.readouterr().err
    assert err.count("\n") == 1
    assert "no space is left" in err if status == 1 else os.strerror(number) in err
    assert not (here / "home").exists()
    assert (here / "found.jsonl").read_text().startswith("{")


def test_what_can_be_written_is_left_as_it_is(here: Path) -> None:
    before = sorted(here.rglob("*"))
    check_folder("--output", here / "a" / "b", folders=("clips",))
    check_folder("--output", here / "folder")
    check_file("--predictions", here / "new.jsonl")
    check_file("--predictions", here / "file")
    check_file("--predictions", Path(os.devnull))
    assert sorted(here.rglob("*")) == before
    assert (here / "file").read_text() == "mine"


def test_what_was_found_is_kept_elsewhere_where_its_disk_filled_up_meanwhile(
    here: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(here / "folder"))
    (here / "link.jsonl").symlink_to("/dev/full")
    arguments = ("eval", "set.jsonl", "--from", "found.jsonl", "--no-baselines", "--predictions", "link.jsonl")
    if not Path("/dev/full").exists():
        pytest.skip("this system has no /dev/full")
    assert run(arguments) == 1
    err = capsys.readouterr().err
    (kept,) = (here / "folder").rglob("link.jsonl")
    assert str(kept) in err
    assert json.loads(kept.read_text())["starts"] == [0, 155]
