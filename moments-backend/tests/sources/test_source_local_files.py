from __future__ import annotations

import os
from pathlib import Path

import pytest

from videomoments.core.errors import InvalidInput, UnsupportedMedia
from videomoments.sources import inspect


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("missing", "file_missing"),
        ("link", "file_missing"),
        ("empty/below", "file_missing"),
        ("folder", "not_a_file"),
        ("pipe", "not_a_file"),
        ("empty", "empty_file"),
        ("text", "not_media"),
    ],
)
def test_what_is_no_file_is_said_in_one_line(tmp_path: Path, name: str, code: str) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "empty").touch()
    (tmp_path / "text").write_text("Some words.")
    (tmp_path / "link").symlink_to("nowhere")
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises((InvalidInput, UnsupportedMedia)) as caught:
        inspect(tmp_path / name)
    assert caught.value.code == code
    assert "\n" not in str(caught.value)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_an_unreadable_file(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("x")
    (tmp_path / "secret").chmod(0)
    with pytest.raises(InvalidInput) as caught:
        inspect(tmp_path / "secret")
    assert caught.value.code == "file_unreadable"
