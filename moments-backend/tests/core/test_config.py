"""What follows from the settings."""

from __future__ import annotations

from pathlib import Path

import pytest

from videomoments.core.config import Settings


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        (None, False),
        ("http://localhost:8080", False),
        ("http://127.0.0.1:7005", False),
        ("http://[::1]:7005", False),
        ("https://moments.example.com", True),
        ("http://10.1.2.3:8080", True),
    ],
)
def test_a_model_in_another_container_is_sent_no_address_of_this_one(url: str | None, expected: bool) -> None:
    assert Settings(public_url=url).reached_from_elsewhere is expected


def test_a_file_of_the_working_folder_chooses_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("DATABASE_URL", "MOMENTS_PORT"):
        monkeypatch.delenv(name, raising=False)
    (tmp_path / ".env").write_text("DATABASE_URL=postgresql://theirs@example.com/d\nMOMENTS_PORT=1\n")
    monkeypatch.chdir(tmp_path)
    assert (Settings().database_url, Settings().port) == (None, 7005)
